/* SPDX-License-Identifier: MIT */
/*
 * Addresses known at compile time, save for how much a hypervisor has taken of the top of the
 * address space.
 *
 * The fixmap grows down from fixaddr_top = -reserve - PAGE_SIZE. Slot 0, at fixaddr_top itself,
 * stays a hole; slot 1 is the VDSO and slot 2 its data page: with no reserve they are 0xFFFFE000
 * and 0xFFFFD000, with 4 MiB 0xFFBFE000 and 0xFFBFD000. Only these two are ever user-accessible,
 * and only in compat mode. reserve_top_address() must come before the first use of a slot.
 */
#ifndef MM_FIXMAP_H
#define MM_FIXMAP_H

#include <stdint.h>
#include "pv/pv_types.h"

enum fixmap_slot {
	FIX_HOLE,
	FIX_VDSO,
	FIX_VDSO_DATA,
	FIX_BACKEND_0,		/* four pages for the platform's backend (shared info, clock page, ...) */
	FIX_BACKEND_1,
	FIX_BACKEND_2,
	FIX_BACKEND_3,
	FIX_SLOTS
};

extern uint32_t fixaddr_top;	/* 0xFFFFF000 until something reserves the top */
extern uint32_t reserved_top;	/* bytes taken at the top of the address space; 0 to 256 MiB */

/*
 * Moves the fixmap below the top `bytes` (rounded up to whole pages; 0 to 256 MiB) and lets the
 * vmalloc reserve grow by as much. Logs "Reserving virtual address space above 0x...". Panics after
 * the first use of the fixmap.
 */
void reserve_top_address(uint32_t bytes);

static inline uint32_t fix_to_virt(enum fixmap_slot slot) { return fixaddr_top - ((uint32_t)slot << 12); }

/*
 * Maps a frame (pseudo-physical address) at a slot; flags are PTE_* bits. The page table beneath
 * exists since boot.
 */
void fixmap_set(enum fixmap_slot slot, uint32_t phys, uint64_t flags);
void fixmap_clear(enum fixmap_slot slot);	/* the page is unmapped and flushed when it returns */

#endif
