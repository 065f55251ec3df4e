/* SPDX-License-Identifier: MIT */
/*
 * The reader of lguest's boot_params (abi/lguest.h; lguest.md 4.1): a part of Linux's, at physical address 0.
 *
 * There is no magic number; that we are in ring 1 and asked to start with all registers zero has brought us here. Memory is all RAM, from 0 on. The
 * window is what the door has mapped, and no more than there is RAM: a look beyond its end would be our last.
 */
#include "abi/lguest.h"
#include "boot/window.h"
#include "kernel/lib.h"

#define E820_MAX	128u	/* entries that there is room for in boot_params */

static uint64_t ram_from_0(const struct boot_map *map)
{
	for (uint32_t i = 0; i < map->usable_count; i++)
		if (!map->usable[i].start)
			return map->usable[i].end;
	return 0;
}

const char *lguest_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map)
{
	const struct lguest_boot_params *b = window_at(w, info, sizeof(*b));
	struct boot_window mapped = *w;

	if (!b || b->hardware_subarch != LGUEST_SUBARCH)
		return "boot_params don't say that this is lguest";
	if (b->version < LGUEST_BOOT_VERSION)
		return "boot_params are of a version before 2.07";
	if (b->e820_entries > E820_MAX)
		return "the memory map is malformed";
	const struct lguest_e820 *e = (const struct lguest_e820 *)((const char *)b + offsetof(struct lguest_boot_params, e820));
	for (uint32_t i = 0; i < b->e820_entries; i++)
		boot_map_add(map, e[i].address, e[i].size, e[i].type);
	mapped.end = MIN(MIN(mapped.end, BOOT_LGUEST_MAPPED), ram_from_0(map));
	if (b->ramdisk_size)
		boot_set_initrd(bi, b->ramdisk_image, (uint64_t)b->ramdisk_image + b->ramdisk_size);
	return b->cmd_line_ptr ? boot_copy_cmdline(&mapped, b->cmd_line_ptr, bi) : NULL;
}
