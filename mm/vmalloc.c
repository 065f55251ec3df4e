/* SPDX-License-Identifier: MIT */
/*
 * The vmalloc range: buffers of several pages, device memory, kernel stacks.
 *
 * Address space is given out by the page from a bitmap, next fit; a second bitmap marks the last page of each area, so that an area's address is
 * enough to free it. Every area ends with a page that is never mapped. A stack takes four pages of address space, aligned: one unused, the guard page,
 * and two of stack, so stacks are aligned to their size. Freed stacks are kept mapped for the next task, a few of them.
 *
 * All page tables exist since boot, so only entries change; what is unmapped is flushed at once. Not for interrupt handlers. What is mapped
 * here is never executable.
 */
#include "kernel/lib.h"
#include "kernel/log.h"
#include "mm/internal.h"
#include "mm/vmalloc.h"
#include "pv/pv_ops.h"

#define MAX_PAGES	(VMALLOC_MAX >> PAGE_SHIFT)
#define NOWHERE		0xFFFFFFFFu
#define STACK_PAGES	4u		/* of address space */
#define STACK_FIRST	2u		/* of these, the first of the stack itself */
#define STACKS_KEPT	16

#define DATA_FLAGS	(PTE_PRESENT | PTE_WRITE | PTE_NX)
#define DEVICE_FLAGS	(DATA_FLAGS | PTE_PCD | PTE_PWT)

static uint32_t taken[MAX_PAGES / 32], last[MAX_PAGES / 32];
static uint32_t page_count, search_from;
static void *kept[STACKS_KEPT];
static unsigned kept_count;

static inline bool bit(const uint32_t *map, uint32_t i) { return map[i / 32] >> (i % 32) & 1; }
static inline void bit_set(uint32_t *map, uint32_t i) { map[i / 32] |= 1u << (i % 32); }
static inline void bit_clear(uint32_t *map, uint32_t i) { map[i / 32] &= ~(1u << (i % 32)); }
static inline uint32_t address(uint32_t i) { return vmalloc_start + (i << PAGE_SHIFT); }
static inline uint32_t index_of(const void *at) { return ((uint32_t)at - vmalloc_start) >> PAGE_SHIFT; }

void vmalloc_init(void)
{
	page_count = (vmalloc_end - vmalloc_start) >> PAGE_SHIFT;
	BUG_ON(page_count > MAX_PAGES);
}

/* ---- address space ---- */

/* The first run of free pages in [at, end); align: a power of two up to 32. */
static uint32_t find_run(uint32_t at, uint32_t end, uint32_t pages, uint32_t align)
{
	for (at = ROUND_UP(at, align); at + pages <= end; at += align) {
		uint32_t run = 0;
		if (taken[at / 32] == 0xFFFFFFFFu) {
			at = (at | 31) + 1 - align;
			continue;
		}
		while (run < pages && !bit(taken, at + run))
			run++;
		if (run == pages)
			return at;
		at += run & ~(align - 1);
	}
	return NOWHERE;
}

/* Address space for an area, its first page's index; NOWHERE: there is none. Next fit spreads areas, so that a stale pointer hits nothing. */
static uint32_t area_new(uint32_t pages, uint32_t align)
{
	uint32_t at;

	if (pages > page_count)
		return NOWHERE;
	at = find_run(search_from, page_count, pages, align);
	if (at == NOWHERE)
		at = find_run(0, page_count, pages, align);
	if (at == NOWHERE)
		return NOWHERE;
	search_from = at + pages;
	for (uint32_t i = at; i < at + pages; i++)
		bit_set(taken, i);
	bit_set(last, at + pages - 1);
	return at;
}

/* Unmaps and frees an area; owned: its frames too. */
static void area_free(uint32_t at, bool owned)
{
	bool more = true;

	for (; more; at++) {
		BUG_ON(at >= page_count || !bit(taken, at));
		uint64_t entry = pv_pte_val(*kernel_pte(address(at)));
		if (entry) {
			pfn_t pfn = entry >> PAGE_SHIFT;
			kernel_map(address(at), 0, 0);
			if (owned)
				page_put(pfn);
		}
		more = !bit(last, at);
		bit_clear(taken, at);
		bit_clear(last, at);
	}
}

/* Maps n new pages from page `at` on; false: out of memory, what is mapped stays for area_free. */
static bool back(uint32_t at, uint32_t n, bool zeroed)
{
	for (; n; n--, at++) {
		pfn_t pfn = zeroed ? page_alloc_zeroed() : page_alloc();
		if (!pfn)
			return false;
		kernel_map(address(at), (uint64_t)pfn << PAGE_SHIFT, DATA_FLAGS);
	}
	return true;
}

/* ---- buffers and devices ---- */

void *vmalloc(size_t bytes)
{
	uint32_t pages = (bytes >> PAGE_SHIFT) + !!(bytes & ~PAGE_MASK), at;

	if (!pages)
		return NULL;
	at = area_new(pages + 1, 1);
	if (at == NOWHERE)
		return NULL;
	if (!back(at, pages, true)) {
		area_free(at, true);
		return NULL;
	}
	return (void *)address(at);
}

void vfree(void *area)
{
	if (area)
		area_free(index_of(area), true);
}

/* phys and bytes need not be whole pages: the address returned has the same offset in its page. */
void *ioremap(uint64_t phys, size_t bytes)
{
	uint32_t offset = phys & ~PAGE_MASK, pages = (bytes >> PAGE_SHIFT) + (((bytes & ~PAGE_MASK) + offset + PAGE_SIZE - 1) >> PAGE_SHIFT);
	uint32_t at = bytes ? area_new(pages + 1, 1) : NOWHERE;

	if (at == NOWHERE)
		return NULL;
	for (uint32_t i = 0; i < pages; i++)
		kernel_map(address(at + i), phys - offset + ((uint64_t)i << PAGE_SHIFT), DEVICE_FLAGS);
	return (void *)(address(at) + offset);
}

void iounmap(void *area)
{
	if (area)
		area_free(index_of(area), false);
}

/* ---- stacks ---- */

static void stack_release(void *stack)
{
	area_free(index_of(stack) - STACK_FIRST, true);
}

void *kstack_alloc(void)
{
	uint32_t at;

	if (likely(kept_count))
		return kept[--kept_count];
	at = area_new(STACK_PAGES, STACK_PAGES);
	if (at == NOWHERE)
		return NULL;
	if (!back(at + STACK_FIRST, KSTACK_SIZE / PAGE_SIZE, false)) {
		area_free(at, true);
		return NULL;
	}
	return (void *)address(at + STACK_FIRST);
}

void kstack_free(void *stack)
{
	if (likely(kept_count < STACKS_KEPT))
		kept[kept_count++] = stack;
	else
		stack_release(stack);
}

uint32_t kstack_cache_pages(void)
{
	return kept_count * (KSTACK_SIZE / PAGE_SIZE);
}

void kstack_cache_drop(void)
{
	while (kept_count)
		stack_release(kept[--kept_count]);
}

/* Only a stack has an unused page before its guard page: the guard page of a buffer follows a mapped one. */
int kstack_is_guard(uint32_t addr)
{
	uint32_t at = (addr - vmalloc_start) >> PAGE_SHIFT;

	if (addr < vmalloc_start || addr >= vmalloc_end || at % STACK_PAGES != STACK_FIRST - 1 || !bit(taken, at))
		return 0;
	return !kernel_pte(address(at - 1))->raw && !kernel_pte(address(at))->raw && kernel_pte(address(at + 1))->raw;
}
