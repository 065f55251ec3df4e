/* SPDX-License-Identifier: MIT */
/*
 * How the doors read physical memory, and how they fill boot_info: private to boot/.
 *
 * A window is the part of physical memory that can be read now; window_at refuses everything else, so that no lie of a loader leads a
 * reader astray. The readers are pure functions of a window and return NULL, or what is wrong in words for the one line of refusal.
 */
#ifndef BOOT_WINDOW_H
#define BOOT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include "boot/boot_info.h"

struct boot_window {
	const uint8_t *bytes;		/* of physical address start */
	uint32_t start, end;
};

/* n readable bytes at a physical address, or NULL. n = 0 gives a pointer that must not be followed. */
static inline const void *window_at(const struct boot_window *w, uint64_t phys, uint64_t n)
{
	if (phys < w->start || phys > w->end || n > w->end - phys)
		return NULL;
	return w->bytes + (phys - w->start);
}

/* What a memory map says, before it is put in order. Holes are ranges that are certainly not RAM. */
struct boot_map {
	uint32_t usable_count, hole_count;
	bool hole_lost;			/* there were more holes than places for them: the map can't be trusted */
	struct mem_range usable[BOOT_MAX_RAM], holes[BOOT_MAX_RAM];
};

#define BOOT_LGUEST_MAPPED	0x800000u	/* bytes of memory that the tables of the lguest door map (boot/start.asm) */
#define BOOT_TYPE_RAM	1u	/* the type of usable RAM in the maps of BIOS, multiboot and PVH */

/* One entry of a loader's map. RAM beyond the last slot is dropped, and empty entries; a hole that has no slot makes boot_info_finish refuse. */
void boot_map_add(struct boot_map *map, uint64_t start, uint64_t size, uint32_t type);
/* Sorts the map into bi->ram and checks kernel and initrd against it: NULL, or what is wrong. */
const char *boot_info_finish(struct boot_info *bi, const struct boot_map *map);
/* Copies a loader's string; what names the string in the refusal. NULL, or what is wrong. */
const char *boot_copy_cmdline(const struct boot_window *w, uint64_t phys, struct boot_info *bi);
/* Drops the image's own name from the front of the command line, if the loader has put it there. */
void boot_strip_name(struct boot_info *bi);
/* The same as snprintf(%s) into bi->loader, from a string that may be unreadable. */
void boot_copy_loader(const struct boot_window *w, uint64_t phys, struct boot_info *bi);
void boot_set_initrd(struct boot_info *bi, uint64_t start, uint64_t end);

/*
 * The one C function that the doors' assembly calls. door: enum boot_door; info: physical address of the loader's structure.
 * Boot page tables, boot stack, interrupts off. Does not return.
 */
void boot_main(uint32_t door, uint32_t info);

/* The readers: boot_info's door and kernel range are set already. */
const char *multiboot1_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map);
const char *multiboot2_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map);
const char *lguest_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map);
const char *pvh_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map);

#endif
