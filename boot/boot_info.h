/* SPDX-License-Identifier: MIT */
/*
 * What every door hands over: the only thing that the rest of the kernel knows about how it was loaded.
 *
 * A door fills the one `boot_info` from its loader's structures, after checking them; boot_info_finish() then sorts the memory map, cuts
 * overlaps and unaligned ends away, and refuses what can't be true. All addresses are guest-physical (on Xen pseudo-physical).
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stdint.h>

#define BOOT_MAX_RAM	64
#define CMDLINE_SIZE	2048	/* with the NUL; a longer command line is refused */

enum boot_door { DOOR_MULTIBOOT1, DOOR_MULTIBOOT2, DOOR_PVH, DOOR_LGUEST, DOOR_XEN };

struct mem_range { uint64_t start, end; };	/* end exclusive */

struct boot_info {
	enum boot_door door;
	uint32_t ram_count;
	struct mem_range ram[BOOT_MAX_RAM];	/* usable RAM: whole pages, sorted, disjoint; the kernel image and the initrd lie in it */
	struct mem_range kernel;		/* the loaded image with its bss, whole pages */
	struct mem_range initrd;		/* exact bytes; empty: none. May lie above the direct map */
	uint64_t acpi_root;			/* physical address of the RSDP, 0: unknown */
	const void *platform;			/* the backend's own, e.g. Xen's start_info */
	char loader[64];			/* its name, may be empty */
	char cmdline[CMDLINE_SIZE];		/* without the image's own name */
};

extern struct boot_info boot_info;
/* Called by every door on the boot stack, with boot page tables, the platform's table installed and interrupts off. */
void kernel_main(struct boot_info *bi) __attribute__((noreturn));
const char *boot_door_name(enum boot_door door);	/* "multiboot 1", "multiboot 2", "PVH", ... */

#endif
