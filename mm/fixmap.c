/* SPDX-License-Identifier: MIT */
/*
 * The fixmap: a few pages whose addresses are known at compile time, save for how much of the top
 * is reserved.
 *
 * The page table beneath is made by mm_init, for where the fixmap is then; so reserve_top_address
 * comes before mm_init, and before any use of a slot or of an address computed from fixaddr_top. A
 * late call is a bug of ours and panics. There is no allocation of slots: each has one owner, named
 * in fixmap.h.
 */
#include "mm/fixmap.h"
#include "mm/internal.h"

#define RESERVE_MAX	(256u << 20)

uint32_t fixaddr_top = 0xFFFFF000u;
uint32_t reserved_top;

static bool fixmap_used;

void reserve_top_address(uint32_t bytes)
{
	BUG_ON(fixmap_used);
	if (bytes > RESERVE_MAX)
		refuse("%u MiB at the top are reserved, more than %u", bytes >> 20, RESERVE_MAX >> 20);
	reserved_top = PAGE_ALIGN_UP(bytes);
	fixaddr_top = 0u - reserved_top - PAGE_SIZE;
	klog("Reserving virtual address space above 0x%08x\n", 0u - reserved_top);
}

void fixmap_set(enum fixmap_slot slot, uint32_t phys, uint64_t flags)
{
	BUG_ON(slot <= FIX_HOLE || slot >= FIX_SLOTS);
	fixmap_used = true;
	kernel_map(fix_to_virt(slot), phys, flags | PTE_PRESENT);
}

void fixmap_clear(enum fixmap_slot slot)
{
	BUG_ON(slot <= FIX_HOLE || slot >= FIX_SLOTS);
	kernel_map(fix_to_virt(slot), 0, 0);
}
