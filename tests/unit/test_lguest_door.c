// SPDX-License-Identifier: MIT
// The reader of lguest's boot_params: what a real host leaves is understood, each lie is refused, and rubbish never makes it leave what is mapped.
// sources: boot/boot_info.c boot/lguest.c kernel/string.c
// flags: -fno-builtin -fno-sanitize=alignment
#include "abi/lguest.h"
#include "boot/window.h"
#include "kernel/lib.h"

int printf(const char *fmt, ...);
void *malloc(size_t n);
void free(void *p);

#define RAM	0x2000u			/* boot_params and the page of the command line: its end is the end of our memory */
#define MIB64	0x4000000u

static int failed;

static void check(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed |= !good;
}

/* What the launcher of 3.11 leaves (lguest.md 4.1). */
static struct lguest_boot_params *fresh(void)
{
	struct lguest_boot_params *b = malloc(RAM);

	memset(b, 0, RAM);
	b->e820_entries = 1;
	b->e820[0] = (struct lguest_e820){ 0, MIB64, 1 };
	b->version = LGUEST_BOOT_VERSION;
	b->hardware_subarch = LGUEST_SUBARCH;
	b->cmd_line_ptr = LGUEST_CMDLINE;
	memcpy((char *)b + LGUEST_CMDLINE, "a=b c", 6);
	return b;
}

static const char *read_it(struct lguest_boot_params *b, struct boot_info *bi)
{
	struct boot_window w = { (const uint8_t *)b, 0, RAM };
	struct boot_map map = { 0 };
	const char *wrong;

	*bi = (struct boot_info){ .kernel = { 0x100000, 0x200000 } };
	wrong = lguest_read(&w, 0, bi, &map);
	if (!wrong)
		wrong = boot_info_finish(bi, &map);
	free(b);
	return wrong;
}

static void test_good(void)
{
	struct lguest_boot_params *b = fresh();
	struct boot_info bi;

	check("as a real host leaves it", !read_it(b, &bi) && bi.ram_count == 1 && bi.ram[0].end == MIB64);
	check("its command line", !strcmp(bi.cmdline, "a=b c"));
	b = fresh();
	b->ramdisk_image = MIB64 - 0x1000;
	b->ramdisk_size = 0x1000;
	check("an initrd at the end of RAM", !read_it(b, &bi) && bi.initrd.start == MIB64 - 0x1000 && bi.initrd.end == MIB64);
}

#define LIE(name, change) do { struct lguest_boot_params *b = fresh(); struct boot_info bi; change; \
	check(name, read_it(b, &bi) != NULL); } while (0)

static void test_lies(void)
{
	LIE("not lguest", b->hardware_subarch = 2);
	LIE("an old version", b->version = 0x206);
	LIE("no memory", b->e820_entries = 0);
	LIE("too many entries", b->e820_entries = 129);
	LIE("memory too small for the kernel", b->e820[0].size = 0x100000);
	LIE("a command line behind what is mapped", b->cmd_line_ptr = 0xFFFFFFF0);
	LIE("a command line without an end", memset((char *)b + LGUEST_CMDLINE, 'x', 0x1000));
	LIE("an initrd outside of RAM", b->ramdisk_image = MIB64; b->ramdisk_size = 1);
	LIE("an initrd in the kernel", b->ramdisk_image = 0x180000; b->ramdisk_size = 1);
	LIE("an initrd that wraps", b->ramdisk_image = 0xFFFFF000; b->ramdisk_size = 0xFFFFF000);
}

/* A command line at the end of a RAM that is smaller than the window. */
static void test_small_ram(void)
{
	struct lguest_boot_params *b = fresh();
	struct boot_info bi;

	b->e820[0].size = 0x1000;
	check("a command line behind the end of RAM", read_it(b, &bi) != NULL && !*bi.cmdline);
}

static void test_rubbish(void)
{
	uint32_t seed = 1;
	struct boot_info bi;

	for (unsigned round = 0; round < 20000; round++) {
		struct lguest_boot_params *b = fresh();
		for (unsigned i = 0; i < 3; i++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)b)[0x1E8 + (seed >> 8) % 0x200] = seed >> 24;
		}
		read_it(b, &bi);
	}
	check("20,000 times rubbish: no look outside", true);
}

int main(void)
{
	test_good();
	test_lies();
	test_small_ram();
	test_rubbish();
	return failed;
}
