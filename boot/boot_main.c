/* SPDX-License-Identifier: MIT */
/*
 * From a door to kernel_main: installs the platform's table, lets the door's reader fill boot_info, refuses what it finds wrong.
 *
 * The boot page tables show the first GiB of physical memory at KERNEL_BASE (under lguest less: its reader knows): that is the readers' window. Whatever lies above it
 * (an initrd may) is only measured here.
 */
#include "boot/window.h"
#include "kernel/log.h"
#include "mm/page.h"
#include "pv/pv.h"

extern const char __image_start[], __image_end[];

typedef const char *(*reader_fn)(const struct boot_window *, uint32_t, struct boot_info *, struct boot_map *);

static const reader_fn readers[] = {
	[DOOR_MULTIBOOT1] = multiboot1_read, [DOOR_MULTIBOOT2] = multiboot2_read, [DOOR_PVH] = pvh_read,
	[DOOR_LGUEST] = lguest_read,
};

void boot_main(uint32_t door, uint32_t info)
{
	static struct boot_map map;
	const struct boot_window window = { phys_to_virt(0), 0, -KERNEL_BASE };
	struct boot_info *bi = &boot_info;

	bi->door = door;
	bi->kernel = (struct mem_range){ virt_to_phys(__image_start), virt_to_phys(__image_end) };
	pv_install(bi);
	const char *wrong = readers[door](&window, info, bi, &map);
	if (!wrong)
		wrong = boot_info_finish(bi, &map);
	if (wrong)
		refuse("boot: %s (%s)", wrong, boot_door_name(door));
	kernel_main(bi);
}
