/* SPDX-License-Identifier: MIT */
/*
 * Putting a loader's words in order: the memory map, the command line, the initrd.
 *
 * Maps may overlap, be unsorted, or wrap; what any entry calls not usable is not used. What comes out is sorted,
 * disjoint, page aligned, and holds the kernel and the initrd, or the machine is not started. No hooks, no log: this
 * also runs in host-side tests.
 */
#include "boot/window.h"
#include "kernel/lib.h"

#define PAGE		4096ull
#define PHYS_LIMIT	(1ull << 52)	/* no x86 CPU has more physical address bits */

/* In the bss: the door fills it before there is an allocator. */
struct boot_info boot_info;

/* For the boot line and for refusals. */
const char *boot_door_name(enum boot_door door)
{
	static const char *const names[] = {
		[DOOR_MULTIBOOT1] = "multiboot 1", [DOOR_MULTIBOOT2] = "multiboot 2", [DOOR_PVH] = "PVH",
		[DOOR_LGUEST] = "lguest", [DOOR_XEN] = "Xen PV",
	};

	return names[door];
}

/* Each list is kept in the order of the starts; a map has few entries. */
void boot_map_add(struct boot_map *map, uint64_t start, uint64_t size, uint32_t type)
{
	bool usable = type == BOOT_TYPE_RAM;
	uint32_t *count = usable ? &map->usable_count : &map->hole_count;
	struct mem_range *r = usable ? map->usable : map->holes;

	if (!size || start >= PHYS_LIMIT)
		return;
	if (*count >= BOOT_MAX_RAM) {
		map->hole_lost |= !usable;
		return;
	}
	uint32_t k = (*count)++;
	for (; k > 0 && r[k - 1].start > start; k--)
		r[k] = r[k - 1];
	r[k] = (struct mem_range){ start, start + MIN(size, PHYS_LIMIT - start) };
}

/* Ranges come in the order of their starts. What is adjacent or overlaps becomes one. */
static void add_pages(struct boot_info *bi, uint64_t start, uint64_t end)
{
	struct mem_range *last = bi->ram + bi->ram_count - 1;

	start = (start + PAGE - 1) & ~(PAGE - 1);
	end &= ~(PAGE - 1);
	if (start >= end)
		return;
	if (bi->ram_count && start <= last->end)
		last->end = MAX(last->end, end);
	else if (bi->ram_count < BOOT_MAX_RAM)
		bi->ram[bi->ram_count++] = (struct mem_range){ start, end };
}

/* A usable range without the holes, which are sorted by their starts and may overlap each other. */
static void add_without_holes(struct boot_info *bi, struct mem_range r, const struct boot_map *map)
{
	for (uint32_t i = 0; i < map->hole_count && r.start < r.end; i++) {
		const struct mem_range *hole = &map->holes[i];
		if (hole->end <= r.start || hole->start >= r.end)
			continue;
		add_pages(bi, r.start, MIN(hole->start, r.end));
		r.start = MAX(r.start, hole->end);
	}
	if (r.start < r.end)
		add_pages(bi, r.start, r.end);
}

/* Ranges of RAM never touch each other, so one must hold it all. */
static bool in_ram(const struct boot_info *bi, const struct mem_range *r)
{
	for (uint32_t i = 0; i < bi->ram_count; i++)
		if (r->start >= bi->ram[i].start && r->end <= bi->ram[i].end)
			return true;
	return false;
}

/* Refuses what can't be true, in the words of the one line that the user sees. */
const char *boot_info_finish(struct boot_info *bi, const struct boot_map *map)
{
	struct mem_range initrd = { bi->initrd.start & ~(PAGE - 1), (bi->initrd.end + PAGE - 1) & ~(PAGE - 1) };

	if (map->hole_lost)
		return "the memory map has more than 64 reserved ranges";
	bi->ram_count = 0;
	for (uint32_t i = 0; i < map->usable_count; i++)
		add_without_holes(bi, map->usable[i], map);
	if (!bi->ram_count)
		return "the memory map has no usable RAM";
	if (!in_ram(bi, &bi->kernel))
		return "by the memory map the kernel does not lie in RAM";
	if (bi->initrd.start == bi->initrd.end)
		return NULL;
	if (bi->initrd.start > bi->initrd.end)
		return "the initrd ends before it starts";
	if (initrd.start < bi->kernel.end && bi->kernel.start < initrd.end)
		return "the initrd overlaps the kernel";
	if (!in_ram(bi, &initrd))
		return "the initrd does not lie in RAM";
	return NULL;
}

/* Byte by byte: where it ends is known only when it has been read. */
const char *boot_copy_cmdline(const struct boot_window *w, uint64_t phys, struct boot_info *bi)
{
	for (uint32_t i = 0; i < CMDLINE_SIZE; i++) {
		const char *c = window_at(w, phys + i, 1);
		if (!c)
			return "the command line lies outside of memory";
		bi->cmdline[i] = *c;
		if (!*c)
			return NULL;
	}
	bi->cmdline[CMDLINE_SIZE - 1] = 0;
	return "the command line is longer than 2047 characters";
}

/* Only for the log, so what is unreadable just ends it. */
void boot_copy_loader(const struct boot_window *w, uint64_t phys, struct boot_info *bi)
{
	const char *c;
	uint32_t i = 0;

	while (i + 1 < sizeof(bi->loader) && (c = window_at(w, phys + i, 1)) && *c >= ' ' && *c < 127)
		bi->loader[i++] = *c;
	bi->loader[i] = 0;
}

/*
 * QEMU always puts the file's name first, whatever it looks like; GRUB legacy and others a path, "/boot/postern.elf" or
 * "(hd0,0)/boot/postern.elf"; GRUB 2 nothing. No option begins with a slash or a parenthesis.
 */
void boot_strip_name(struct boot_info *bi)
{
	char *text = bi->cmdline;

	if (strcmp(bi->loader, "qemu") && *text != '/' && *text != '(')
		return;
	while (*text && *text != ' ')
		text++;
	while (*text == ' ')
		text++;
	memmove(bi->cmdline, text, strlen(text) + 1);
}

/* Only the first module counts; one without bytes is none. */
void boot_set_initrd(struct boot_info *bi, uint64_t start, uint64_t end)
{
	if (bi->initrd.start == bi->initrd.end)
		bi->initrd = (struct mem_range){ start, end };
}
