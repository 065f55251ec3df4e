// SPDX-License-Identifier: MIT
// Boot data: memory maps are put in order, and no loader's lie, in multiboot 1, 2 or PVH, makes a reader leave the window or accept nonsense.
// sources: boot/boot_info.c boot/multiboot.c boot/pvh.c kernel/string.c
// flags: -fno-builtin -fno-sanitize=alignment
// also: long
#include "boot/boot_info.h"
#include "boot/window.h"
#include "kernel/lib.h"

int printf(const char *fmt, ...);
void *malloc(size_t n);
void free(void *p);

#define PAGE	4096ull
#define WINDOW	8192u
#define BASE	0x10000u		/* physical address of the window */

static int failed;
static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void check(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed |= !good;
}

static bool same(const char *got, const char *expected)
{
	if (!got || !expected)
		return got == expected;
	return !strcmp(got, expected);
}

/* ---- the memory map ---- */

static bool covers(const struct mem_range *r, uint32_t n, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < n; i++)
		if (r[i].start <= start && r[i].end >= end)
			return true;
	return false;
}

static bool touches(const struct mem_range *r, uint32_t n, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < n; i++)
		if (r[i].start < end && r[i].end > start)
			return true;
	return false;
}

static bool in_order(const struct boot_info *bi)
{
	for (uint32_t i = 0; i < bi->ram_count; i++) {
		const struct mem_range *r = &bi->ram[i];
		if (r->start >= r->end || r->start % PAGE || r->end % PAGE || (i && r->start <= r[-1].end))
			return false;
	}
	return bi->ram_count <= BOOT_MAX_RAM;
}

/* Random maps of the first 64 pages at a grain of 1 KiB: every page must be in or out for the right reason. */
static bool one_map(void)
{
	static struct boot_info bi;
	struct boot_map map = { .usable_count = 0 };
	bool good = true;

	memset(&bi, 0, sizeof(bi));
	for (int n = 1 + rnd(10); n > 0; n--)
		boot_map_add(&map, rnd(200) * 1024ull, rnd(120) * 1024ull, rnd(3) ? BOOT_TYPE_RAM : 2 + rnd(5));
	bi.kernel = (struct mem_range){ rnd(40) * PAGE, 0 };
	bi.kernel.end = bi.kernel.start + (1 + rnd(4)) * PAGE;
	bi.initrd.start = rnd(160) * 1000ull;
	bi.initrd.end = rnd(2) ? bi.initrd.start : bi.initrd.start + rnd(20000);
	const char *wrong = boot_info_finish(&bi, &map);
	for (uint64_t at = 0; at < 400 * 1024; at += PAGE) {
		bool in = covers(bi.ram, bi.ram_count, at, at + PAGE);
		bool whole = covers(map.usable, map.usable_count, at, at + PAGE);
		bool any = touches(map.usable, map.usable_count, at, at + 1) && touches(map.usable, map.usable_count, at + PAGE - 1, at + PAGE);
		bool hole = touches(map.holes, map.hole_count, at, at + PAGE);
		good &= in ? any && !hole : !whole || hole;
	}
	bool kernel = covers(bi.ram, bi.ram_count, bi.kernel.start, bi.kernel.end);
	bool none = bi.initrd.start == bi.initrd.end, apart = bi.initrd.end <= bi.kernel.start || bi.initrd.start >= bi.kernel.end;
	good &= in_order(&bi) && (wrong || (kernel && (none || (apart && covers(bi.ram, bi.ram_count, bi.initrd.start, bi.initrd.end)))));
	return good && (kernel || wrong);
}

static bool huge_maps(void)
{
	static struct boot_info bi;
	struct boot_map map = { .usable_count = 0 };

	boot_map_add(&map, 0, 640 << 10, BOOT_TYPE_RAM);
	boot_map_add(&map, 0x100000, ~0ull, BOOT_TYPE_RAM);
	boot_map_add(&map, 1ull << 60, 4096, BOOT_TYPE_RAM);
	boot_map_add(&map, ~0ull, ~0ull, 2);
	boot_map_add(&map, 0xa0000, 0x60000, 2);
	boot_map_add(&map, 5, 0, BOOT_TYPE_RAM);
	bi.kernel = (struct mem_range){ 0x100000, 0x200000 };
	return !boot_info_finish(&bi, &map) && in_order(&bi) && bi.ram_count == 2 && bi.ram[1].end == 1ull << 52;
}

/* A reserved range that is forgotten would be used as RAM: refuse. */
static bool too_many_holes(void)
{
	static struct boot_info bi;
	struct boot_map map = { .usable_count = 0 };

	boot_map_add(&map, 0, 64 << 20, BOOT_TYPE_RAM);
	bi.kernel = (struct mem_range){ 0x100000, 0x200000 };
	for (uint32_t i = 0; i < BOOT_MAX_RAM; i++)
		boot_map_add(&map, (4ull << 20) + i * 8192, 4096, 2);
	bool good = !boot_info_finish(&bi, &map);
	boot_map_add(&map, 32 << 20, 4096, 2);
	return good && boot_info_finish(&bi, &map);
}

/* ---- readers ---- */

static uint8_t *bytes;
static struct boot_info info;
static struct boot_map map;

static uint32_t get(uint32_t at)
{
	uint32_t v;

	memcpy(&v, bytes + at, 4);
	return v;
}

static void put(uint32_t at, uint32_t v)
{
	memcpy(bytes + at, &v, 4);
}

static void put64(uint32_t at, uint64_t v)
{
	put(at, v), put(at + 4, v >> 32);
}

static void text(uint32_t at, const char *s)
{
	memcpy(bytes + at, s, strlen(s) + 1);
}

/* Good information of each kind, at the window's start: 128 MiB less the hole, a command line, an initrd. */
static void make_multiboot1(void)
{
	put(0, 0x24d), put(4, 639), put(8, 130048), put(16, BASE + 256), put(20, 1), put(24, BASE + 320);
	put(44, 48), put(48, BASE + 400), put(64, BASE + 300);
	text(256, "/boot/postern vdso=on -- x"), text(300, "GRUB 2");
	put(320, 0x400000), put(324, 0x400123);
	put(400, 20), put64(404, 0), put64(412, 0x9fc00), put(420, 1);
	put(424, 20), put64(428, 0x100000), put64(436, 0x7f00000), put(444, 1);
}

static void make_multiboot2(void)
{
	uint32_t at = 8;

	put(at, 1), put(at + 4, 8 + 27), text(at + 8, "/boot/postern vdso=on -- x"), at += 40;
	put(at, 2), put(at + 4, 15), text(at + 8, "GRUB 2"), at += 16;
	put(at, 3), put(at + 4, 17), put(at + 8, 0x400000), put(at + 12, 0x400123), at += 24;
	put(at, 6), put(at + 4, 64), put(at + 8, 24), put(at + 12, 0);
	put64(at + 16, 0), put64(at + 24, 0x9fc00), put(at + 32, 1);
	put64(at + 40, 0x100000), put64(at + 48, 0x7f00000), put(at + 56, 1), at += 64;
	put(at, 15), put(at + 4, 44), at += 48;
	put(at, 0), put(at + 4, 8), at += 8;
	put(0, at);
}

static void make_pvh(void)
{
	put(0, 0x336EC578), put(4, 1), put(12, 1), put64(16, BASE + 320), put64(24, BASE + 256), put64(32, 0xf5000);
	put64(40, BASE + 400), put(48, 2);
	text(256, "vdso=on -- x");
	put64(320, 0x400000), put64(328, 0x123);
	put64(400, 0), put64(408, 0x9fc00), put(416, 1);
	put64(424, 0x100000), put64(432, 0x7f00000), put(440, 1);
}

static const struct kind {
	const char *name;
	void (*make)(void);
	const char *(*read)(const struct boot_window *, uint32_t, struct boot_info *, struct boot_map *);
} kinds[] = {
	{ "multiboot 1", make_multiboot1, multiboot1_read },
	{ "multiboot 2", make_multiboot2, multiboot2_read },
	{ "PVH", make_pvh, pvh_read },
};

static void fresh(const struct kind *k)
{
	memset(bytes, 0, WINDOW);
	k->make();
	memset(&info, 0, sizeof(info));
	memset(&map, 0, sizeof(map));
	info.kernel = (struct mem_range){ 0x100000, 0x180000 };
}

static const char *take(const struct kind *k, uint32_t at, uint32_t end)
{
	struct boot_window w = { bytes, BASE, end };
	const char *wrong = k->read(&w, at, &info, &map);

	return wrong ? wrong : boot_info_finish(&info, &map);
}

static void test_good(const struct kind *k)
{
	char name[64];

	fresh(k);
	const char *wrong = take(k, BASE, BASE + WINDOW);
	bool good = !wrong && info.ram_count == 2 && info.ram[0].end == 0x9f000 && info.ram[1].start == 0x100000 &&
		info.ram[1].end == 0x8000000 && info.initrd.start == 0x400000 && info.initrd.end == 0x400123;
	strlcpy(name, k->name, sizeof(name));
	strlcpy(name + strlen(name), ": good information", 40);
	check(name, good && same(info.cmdline, "vdso=on -- x"));
}

/* Every cut of the window: an error, or all is well; the sanitizer watches the bytes behind it. */
static void test_cut(const struct kind *k)
{
	uint8_t *all = bytes;
	bool good = true;

	for (uint32_t size = 0; size <= 600; size++) {
		bytes = all;
		fresh(k);
		bytes = memcpy(malloc(size + !size), all, size);
		const char *wrong = take(k, BASE, BASE + size);
		good &= wrong || in_order(&info);
		free(bytes);
	}
	bytes = all;
	printf("%s %s: every length of memory\n", good ? "ok" : "not ok", k->name);
	failed |= !good;
}

/* One word changed, each time to something that must be refused. */
static void test_refused(void)
{
	static const struct {
		uint8_t kind;
		uint16_t at;
		uint32_t value;
	} t[] = {
		{ 0, 400, 0 }, { 0, 400, 19 }, { 0, 400, 0xfffffffc }, { 0, 400, 5000 }, { 0, 44, 30 }, { 0, 0, 4 }, { 0, 320, 0x400124 },
		{ 0, 324, 0x9000000 }, { 0, 320, 0x170000 }, { 0, 48, BASE + WINDOW }, { 0, 24, 0 }, { 0, 16, 0x20000000 },
		{ 1, 96, 0 }, { 1, 96, 23 }, { 1, 96, 0xffffffff }, { 1, 96, 0x1001 }, { 1, 0, 12 }, { 1, 0, WINDOW + 8 }, { 1, 0, 200 },
		{ 1, 12, 7 }, { 1, 12, 0xfffffff0 }, { 1, 12, 20 }, { 1, 72, 0x400124 }, { 1, 68, 15 },
		{ 2, 0, 0 }, { 2, 4, 0 }, { 2, 48, 5000 }, { 2, 44, 1 }, { 2, 28, 1 }, { 2, 20, 1 }, { 2, 332, 0xffffffff }, { 2, 48, 0 },
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		fresh(&kinds[t[i].kind]);
		put(t[i].at, t[i].value);
		if (!take(&kinds[t[i].kind], BASE, BASE + WINDOW)) {
			printf("# accepted: %s, %#x at %u\n", kinds[t[i].kind].name, t[i].value, t[i].at);
			good = false;
		}
	}
	check("words that must be refused", good);
}

static uint32_t odd_word(void)
{
	static const uint32_t odd[] = { 0, 1, 7, 8, 16, 0xff, 0x1000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, BASE, BASE + WINDOW,
					BASE + WINDOW - 1, BASE + WINDOW - 8, BASE - 1 };

	return rnd(3) ? odd[rnd(ARRAY_SIZE(odd))] : rnd(1 << 24) << rnd(9);
}

static bool one_damage(const struct kind *k)
{
	fresh(k);
	for (int n = 1 + rnd(4); n > 0; n--) {
		uint32_t at = rnd(460);
		if (rnd(2))
			bytes[at] ^= 1 << rnd(8);
		else
			put(at & ~3u, rnd(2) ? odd_word() : get(at & ~3u) + rnd(33) - 16);
	}
	if (rnd(20) == 0)
		memset(bytes + 256, 'x', WINDOW - 256);
	const char *wrong = take(k, rnd(20) ? BASE : odd_word(), BASE + WINDOW);
	if (strnlen(info.cmdline, CMDLINE_SIZE) == CMDLINE_SIZE || strnlen(info.loader, 64) == 64)
		return false;
	if (wrong)
		return true;
	return in_order(&info) && covers(info.ram, info.ram_count, info.kernel.start, info.kernel.end) &&
		(info.initrd.start == info.initrd.end || covers(info.ram, info.ram_count, info.initrd.start, info.initrd.end));
}

static void repeat(const char *name, const char *what, bool (*map_fn)(void), const struct kind *k, int times)
{
	bool good = true;

	for (int i = 0; i < times && good; i++)
		good = k ? one_damage(k) : map_fn();
	printf("%s %s%s\n", good ? "ok" : "not ok", name, what);
	failed |= !good;
}

static void test_strip(void)
{
	static const struct {
		const char *loader, *text, *left;
	} t[] = {
		{ "qemu", "postern.elf a=b  c", "a=b  c" }, { "qemu", "postern.elf", "" }, { "qemu", "", "" }, { "GRUB 2.06", "a=b", "a=b" },
		{ "GRUB 0.97", "/boot/x   a", "a" }, { "", "(hd0)/x a", "a" }, { "", "a /x", "a /x" },
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		strlcpy(info.loader, t[i].loader, 64);
		strlcpy(info.cmdline, t[i].text, 64);
		boot_strip_name(&info);
		good &= same(info.cmdline, t[i].left);
	}
	check("the image's own name is dropped where loaders put it", good);
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? 2000000 : 50000;

	(void)argv;
	bytes = malloc(WINDOW);
	repeat("random memory maps", "", one_map, NULL, times);
	check("maps beyond all memory", huge_maps());
	check("more reserved ranges than places are refused", too_many_holes());
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		test_good(&kinds[i]);
		test_cut(&kinds[i]);
		repeat(kinds[i].name, ": damaged information", NULL, &kinds[i], times);
	}
	test_refused();
	test_strip();
	free(bytes);
	return failed;
}
