/* SPDX-License-Identifier: MIT */
/*
 * The vmalloc range: buffers of several pages, device memory, kernel stacks.
 *
 * Address space is given out in units of four pages from a bitmap, next fit; a second bitmap marks
 * the last unit of each area, so that an area's address is enough to free it. A buffer ends with a
 * page that is never mapped. A stack is one unit: an unused page, the guard page, and two of stack,
 * so stacks are aligned to their size. Freed stacks are kept mapped for the next task, a few of
 * them.
 *
 * All page tables exist since boot, so only entries change; what is unmapped is flushed at once.
 * Not for interrupt handlers. What is mapped here is never executable.
 */
#include "mm/internal.h"

#define UNIT_PAGES	4u
#define UNIT_SIZE	(UNIT_PAGES * PAGE_SIZE)
#define MAX_UNITS	(VMALLOC_MAX / UNIT_SIZE)
#define STACK_OFFSET	(2 * PAGE_SIZE)		/* of a stack in its unit */
#define STACKS_KEPT	16

#define DATA_FLAGS	(PTE_PRESENT | PTE_WRITE | PTE_NX)
#define DEVICE_FLAGS	(DATA_FLAGS | PTE_PCD | PTE_PWT)

static uint32_t taken[MAX_UNITS / 32], last[MAX_UNITS / 32];
static uint32_t units, search_from;
static void *kept[STACKS_KEPT];
static unsigned kept_count;

static inline bool bit(const uint32_t *map, uint32_t i) { return map[i / 32] >> (i % 32) & 1; }
static inline void bit_flip(uint32_t *map, uint32_t i) { map[i / 32] ^= 1u << (i % 32); }

void vmalloc_init(void)
{
	units = (vmalloc_end - vmalloc_start) / UNIT_SIZE;
	BUG_ON(units > MAX_UNITS);
}

/* ---- areas ---- */

/* The first of n free units in a row in [at, end); end: there are none. */
static uint32_t find_run(uint32_t at, uint32_t end, uint32_t n)
{
	for (uint32_t run = 0; at < end; at++) {
		run = bit(taken, at) ? 0 : run + 1;
		if (run == n)
			return at + 1 - n;
		if (taken[at / 32] == 0xFFFFFFFFu)
			at |= 31;
	}
	return end;
}

/*
 * Address space for an area; 0: there is none. Next fit spreads areas, so that a stale pointer hits
 * nothing.
 */
static uint32_t area_new(uint32_t pages)
{
	uint32_t n = (pages + UNIT_PAGES - 1) / UNIT_PAGES, at = find_run(search_from, units, n);

	if (at == units)
		at = find_run(0, units, n);
	if (at == units)
		return 0;
	search_from = at + n;
	for (uint32_t i = at; i < at + n; i++)
		bit_flip(taken, i);
	bit_flip(last, at + n - 1);
	return vmalloc_start + at * UNIT_SIZE;
}

/* Unmaps and frees the area that begins in the unit of `area`, and its frames, but for those of a device. */
static void area_free(const void *area)
{
	uint32_t at = ((uint32_t)area - vmalloc_start) / UNIT_SIZE, va = vmalloc_start + at * UNIT_SIZE;
	bool more = true;

	for (; more; at++) {
		BUG_ON(at >= units || !bit(taken, at));
		for (unsigned i = 0; i < UNIT_PAGES; i++, va += PAGE_SIZE) {
			uint64_t entry = pv_pte_val(*kernel_pte(va));
			if (!entry)
				continue;
			kernel_map(va, 0, 0);
			if (!(entry & PTE_PCD))
				page_put(entry >> PAGE_SHIFT);
		}
		more = !bit(last, at);
		bit_flip(taken, at);
	}
	bit_flip(last, at - 1);
}

/*
 * Maps new pages at offset bytes from the start of a new area of so many pages; NULL: out of memory
 * or address space.
 */
static void *area_backed(uint32_t pages, uint32_t offset, uint32_t bytes, pfn_t (*alloc)(void))
{
	uint32_t area = area_new(pages);

	for (uint32_t va = area + offset; area && va < area + offset + bytes; va += PAGE_SIZE) {
		pfn_t pfn = alloc();
		if (!pfn) {
			area_free((void *)area);
			return NULL;
		}
		kernel_map(va, (uint64_t)pfn << PAGE_SHIFT, DATA_FLAGS);
	}
	return area ? (void *)(area + offset) : NULL;
}

/* ---- buffers and devices ---- */

void *vmalloc(size_t bytes)
{
	uint32_t len = bytes <= VMALLOC_MAX ? PAGE_ALIGN_UP(bytes) : 0;

	return len ? area_backed((len >> PAGE_SHIFT) + 1, 0, len, page_alloc_zeroed) : NULL;
}

void vfree(void *area)
{
	if (area)
		area_free(area);
}

/* phys and bytes need not be whole pages: the address returned has the same offset in its page. */
void *ioremap(uint64_t phys, size_t bytes)
{
	uint32_t offset = phys & ~PAGE_MASK, pages = bytes <= VMALLOC_MAX ? PAGE_ALIGN_UP(bytes + offset) >> PAGE_SHIFT : 0;
	uint32_t area = bytes && pages ? area_new(pages + 1) : 0;

	for (uint32_t i = 0; area && i < pages; i++)
		kernel_map(area + (i << PAGE_SHIFT), phys - offset + ((uint64_t)i << PAGE_SHIFT), DEVICE_FLAGS);
	return area ? (void *)(area + offset) : NULL;
}

/* ---- stacks ---- */

/*
 * The contents are undefined. What is behind a stack is the next unit: a stack's unused page, or a
 * buffer, which nobody reaches by pushing.
 */
void *kstack_alloc(void)
{
	return likely(kept_count) ? kept[--kept_count] : area_backed(UNIT_PAGES, STACK_OFFSET, KSTACK_SIZE, page_alloc);
}

void kstack_free(void *stack)
{
	if (likely(kept_count < STACKS_KEPT))
		kept[kept_count++] = stack;
	else
		area_free(stack);
}

uint32_t kstack_cache_pages(void) { return kept_count * (KSTACK_SIZE / PAGE_SIZE); }

void kstack_cache_drop(void)
{
	while (kept_count)
		area_free(kept[--kept_count]);
}

/*
 * Only a stack has an unused page before its guard page: an area of another kind begins with a
 * mapped one.
 */
int kstack_is_guard(uint32_t addr)
{
	uint32_t unit = (addr - vmalloc_start) / UNIT_SIZE, va = vmalloc_start + unit * UNIT_SIZE;

	return addr >= vmalloc_start && addr < vmalloc_end && bit(taken, unit) && addr - va < STACK_OFFSET &&
	       addr - va >= STACK_OFFSET - PAGE_SIZE && !kernel_pte(va)->raw && kernel_pte(va + STACK_OFFSET)->raw;
}
