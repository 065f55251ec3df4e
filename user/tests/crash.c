/* SPDX-License-Identifier: MIT */
/*
 * crash KIND: dies of one fault: null (read of address 0), write (to its own code), exec (of data), div, ud, int3,
 * kernel (read of kernel space), stack (endless recursion), priv (cli), abort.
 */
#include "user/libc/libc.h"

static volatile int zero;
static volatile uint8_t data[4] = { 0xc3 };

static void die_null(void)
{
	*(volatile int *)PTR(zero);
}

static void die_write(void)
{
	*(volatile int *)PTR(ADDR(&die_null)) = 0;
}

static void die_exec(void)
{
	((void (*)(void))PTR(ADDR(&data)))();
}

static void die_div(void)
{
	__asm__ volatile("divl %0" : : "m"(zero), "a"(1), "d"(0));
}

static void die_ud(void)
{
	__asm__ volatile("ud2");
}

static void die_int3(void)
{
	__asm__ volatile("int3");
}

static void die_kernel(void)
{
	*(volatile int *)PTR(0xc0100000u);
}

static int deeper(int n)
{
	volatile char frame[4096];

	frame[0] = n;
	return zero ? 0 : deeper(n + 1) + frame[0];
}

static void die_stack(void)
{
	deeper(0);
}

static void die_priv(void)
{
	__asm__ volatile("cli");
}

static const struct {
	const char *kind;
	void (*die)(void);
} kinds[] = {
	{ "null", die_null }, { "write", die_write }, { "exec", die_exec }, { "div", die_div }, { "ud", die_ud },
	{ "int3", die_int3 }, { "kernel", die_kernel }, { "stack", die_stack }, { "priv", die_priv }, { "abort", abort },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].kind, argv[1]))
			kinds[i].die();
	fail("usage: crash null|write|exec|div|ud|int3|kernel|stack|priv|abort");
}
