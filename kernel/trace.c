/* SPDX-License-Identifier: MIT */
/*
 * The option trace=, and the trace of system calls: with it every entry of their table is one function, which records the call around the real one.
 */
#include "pv/trace.h"
#include "boot/cmdline.h"
#include "kernel/syscall.h"

/* By class. */
static const char *const words[] = { "ops", "hypercalls", "traps", "syscalls", "switches", "flushes", "irq" };
_Static_assert(ARRAY_SIZE(words) == TRACE_IRQ + 1, "as enum trace_class");

static syscall_fn *real_calls;

/* The frame says which call it is, but only before the call. */
static long traced_call(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	uint32_t number = task_user_regs(current)->orig_eax;

	trace_add(TRACE_SYSCALL, TRACE_BEGIN, number, (const uint32_t[4]){ a, b, c, d });
	long result = real_calls[number](a, b, c, d, e, f);
	trace_add(TRACE_SYSCALL, TRACE_END, number, (const uint32_t[4]){ result });
	return result;
}

static void replace_calls(void)
{
	real_calls = kmalloc(sizeof(syscall_table));
	if (!real_calls)
		refuse("trace: there is no memory for the table of system calls");
	memcpy(real_calls, syscall_table, sizeof(syscall_table));
	for (unsigned i = 0; i < SYSCALL_MAX; i++)
		syscall_table[i] = traced_call;
}

/* Adds the classes of a list; false: some word is none. */
static bool parse(const char *list, uint32_t *classes)
{
	const char *comma = strchr(list, ',');
	size_t n = comma ? (size_t)(comma - list) : strlen(list);
	unsigned i = 0;

	while (i < ARRAY_SIZE(words) && (strlen(words[i]) != n || memcmp(words[i], list, n)))
		i++;
	*classes |= TRACE_BIT(i);
	return i < ARRAY_SIZE(words) && (!comma || parse(comma + 1, classes));
}

/* The ends of what traps, calls and interrupts begin are seen with them. */
void trace_start(void)
{
	uint32_t classes = option_is("trace", "on") ? ~0u : 0;

	if (!option("trace"))
		return;
	if (!classes && !parse(option("trace"), &classes)) {
		option_bad("trace");
		return;
	}
	if (classes & (TRACE_BIT(TRACE_TRAP) | TRACE_BIT(TRACE_SYSCALL) | TRACE_BIT(TRACE_IRQ)))
		classes |= TRACE_BIT(TRACE_RETURN);
	trace_install(classes);
	if (classes & TRACE_BIT(TRACE_SYSCALL))
		replace_calls();
}
