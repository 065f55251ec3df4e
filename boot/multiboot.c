/* SPDX-License-Identifier: MIT */
/*
 * The readers of multiboot 1 and 2 boot information.
 *
 * Layouts: Multiboot Specification 0.6.96, section 3.3, and Multiboot2 Specification 2.0, section 3.6. Every pointer and
 * size is the loader's word and checked against the window before it is followed. Whether map, kernel and initrd fit
 * together is boot_info_finish's business. Flags and tags that are not named here are passed over.
 */
#include "boot/window.h"

/* As far as we read it. What the flags don't announce must not be looked at. */
struct multiboot1_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name;
};
_Static_assert(offsetof(struct multiboot1_info, mmap_length) == 44, "multiboot 1 information");
_Static_assert(offsetof(struct multiboot1_info, boot_loader_name) == 64, "multiboot 1 information");

/* flags: which members are there */
enum { MB1_MEMORY = 0x001, MB1_CMDLINE = 0x004, MB1_MODULES = 0x008, MB1_MMAP = 0x040, MB1_LOADER = 0x200 };

/* The mmap's entries are not aligned; modules' strings are their command lines, which nobody reads. */
struct multiboot1_mmap { uint32_t size; uint64_t addr, len; uint32_t type; } __attribute__((packed));
struct multiboot1_module { uint32_t start, end, string, reserved; };

/* What each tag begins with: size counts these eight bytes, but not the padding to the next tag. */
struct multiboot2_tag { uint32_t type, size; };
enum { MB2_END = 0, MB2_CMDLINE = 1, MB2_LOADER = 2, MB2_MODULE = 3, MB2_MMAP = 6, MB2_RSDP1 = 14, MB2_RSDP2 = 15 };
struct multiboot2_mmap { struct multiboot2_tag tag; uint32_t entry_size, entry_version; };
struct multiboot2_entry { uint64_t addr, len; uint32_t type, reserved; };
struct multiboot2_module { struct multiboot2_tag tag; uint32_t start, end; };

/* `size` of an entry does not count itself; entries may be longer than we know. */
static const char *read_mmap1(const struct boot_window *w, uint32_t addr, uint32_t length, struct boot_map *map)
{
	uint64_t at = addr, end = at + length;

	while (at < end) {
		const struct multiboot1_mmap *e = window_at(w, at, sizeof(*e));
		if (!e || e->size < sizeof(*e) - 4 || e->size > 4096 || at + sizeof(*e) > end)
			return "the memory map is malformed";
		boot_map_add(map, e->addr, e->len, e->type);
		at += e->size + 4;
	}
	return NULL;
}

/* A loader without a memory map (MB1_MEMORY alone) knows conventional memory and what is above 1 MiB, in KiB. */
const char *multiboot1_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map)
{
	const struct multiboot1_info *mbi = window_at(w, info, sizeof(*mbi));
	const char *wrong = NULL;

	if (!mbi)
		return "the multiboot information lies outside of memory";
	if (mbi->flags & MB1_LOADER)
		boot_copy_loader(w, mbi->boot_loader_name, bi);
	if (mbi->flags & MB1_CMDLINE)
		wrong = boot_copy_cmdline(w, mbi->cmdline, bi);
	if (wrong)
		return wrong;
	boot_strip_name(bi);
	if (mbi->flags & MB1_MODULES && mbi->mods_count) {
		const struct multiboot1_module *m = window_at(w, mbi->mods_addr, sizeof(*m));
		if (!m)
			return "the list of modules lies outside of memory";
		boot_set_initrd(bi, m->start, m->end);
	}
	if (mbi->flags & MB1_MMAP)
		return read_mmap1(w, mbi->mmap_addr, mbi->mmap_length, map);
	if (!(mbi->flags & MB1_MEMORY))
		return "the loader gives no memory map";
	boot_map_add(map, 0, mbi->mem_lower * 1024ull, BOOT_TYPE_RAM);
	boot_map_add(map, 0x100000, mbi->mem_upper * 1024ull, BOOT_TYPE_RAM);
	return NULL;
}

/* Entries may be longer than we know: entry_size is the step. */
static const char *read_mmap2(const struct multiboot2_mmap *t, struct boot_map *map)
{
	uint32_t step = t->entry_size;

	if (t->tag.size < sizeof(*t) || step < sizeof(struct multiboot2_entry) || step > 4096)
		return "the memory map is malformed";
	for (uint32_t at = sizeof(*t); at + step <= t->tag.size; at += step) {
		const struct multiboot2_entry *e = (const void *)((const uint8_t *)t + at);
		boot_map_add(map, e->addr, e->len, e->type);
	}
	return NULL;
}

/*
 * One tag, whose `size` bytes are readable at physical address `at`. Strings are read through a window of the tag alone,
 * so that one without a NUL ends at the tag's end.
 */
static const char *read_tag(const struct multiboot2_tag *tag, uint32_t at, struct boot_info *bi, struct boot_map *map)
{
	const struct multiboot2_module *m = (const void *)tag;
	struct boot_window inside = { (const uint8_t *)tag, at, at + tag->size };

	switch (tag->type) {
	case MB2_CMDLINE:
		return boot_copy_cmdline(&inside, at + sizeof(*tag), bi);
	case MB2_LOADER:
		boot_copy_loader(&inside, at + sizeof(*tag), bi);
		return NULL;
	case MB2_MODULE:
		if (tag->size < sizeof(*m))
			return "the module's tag is malformed";
		boot_set_initrd(bi, m->start, m->end);
		return NULL;
	case MB2_MMAP:
		return read_mmap2((const void *)tag, map);
	case MB2_RSDP1:
	case MB2_RSDP2:
		bi->acpi_root = at + sizeof(*tag);
		return NULL;
	default:
		return NULL;
	}
}

/* Tags stand at multiples of 8 bytes from the header on; the end tag is a must. */
const char *multiboot2_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map)
{
	const uint32_t *total = window_at(w, info, 8);
	uint64_t at = (uint64_t)info + 8;

	if (!total || *total < 16 || info % 8 || !window_at(w, info, *total))
		return "the multiboot 2 information is malformed or lies outside of memory";
	while (at + sizeof(struct multiboot2_tag) <= (uint64_t)info + *total) {
		const struct multiboot2_tag *tag = window_at(w, at, sizeof(*tag));
		if (tag->type == MB2_END) {
			boot_strip_name(bi);
			return NULL;
		}
		if (tag->size < sizeof(*tag) || at + tag->size > (uint64_t)info + *total)
			break;
		const char *wrong = read_tag(tag, at, bi, map);
		if (wrong)
			return wrong;
		at += (tag->size + 7ull) & ~7ull;
	}
	return "the multiboot 2 tags do not end";
}
