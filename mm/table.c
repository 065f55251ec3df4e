/* SPDX-License-Identifier: MIT */
/*
 * Page tables of user address spaces: made on demand, emptied, copied, changed and moved for a range of addresses.
 *
 * A table counts its non-zero entries and is given back the moment that count reaches zero, so freed tables are clean; a few
 * are kept for whoever needs one next. A table is announced before it is hooked in and released after it is unhooked. Ranges are walked table by
 * table, and within a table no further than its count says, so untouched memory costs next to nothing.
 *
 * Lazy mode encloses the loops over the entries of one table, never the hooking of tables. Flushes are done only when the address space is loaded:
 * one by one for a few pages, else the whole user part once. What PROT_NONE hides is parked beside the table (see internal.h).
 * What may be mapped where is not decided here but in fault.c and mmap.c.
 */
#include "abi/errno.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "mm/internal.h"
#include "pv/pv_ops.h"

#define CACHE_SIZE	16
#define FLUSH_SINGLY	8	/* pages; more than that: everything at once */

static pfn_t cache[CACHE_SIZE];	/* clean tables, count 1, level PAGE_DATA */
static unsigned cached;

static inline unsigned pmd_index(uint32_t va) { return va >> 21 & (PTRS_PER_TABLE - 1); }
static inline uint32_t table_end(uint32_t va, uint32_t end) { return MIN(end, (va | (LARGE_SIZE - 1)) + 1); }

/* ---- tables ---- */

/* A clean, announced table that is not hooked in yet; 0: out of memory. */
static pfn_t table_new(struct mm *mm, enum page_level level)
{
	pfn_t pfn = likely(cached) ? cache[--cached] : page_alloc_zeroed();

	if (likely(pfn)) {
		page_of(pfn)->level = level;
		pv_alloc_table(mm, pfn, (enum pv_level)level);
	}
	return pfn;
}

/* Takes back a table that is unhooked and all zero, with its parking. */
static void table_free(pfn_t pfn)
{
	struct page *page = page_of(pfn);

	pv_release_table(pfn, (enum pv_level)page->level);
	page->level = PAGE_DATA;
	if (page->link)
		page_put(page->link);
	page->link = 0;
	if (cached < CACHE_SIZE)
		cache[cached++] = pfn;
	else
		page_put(pfn);
}

uint32_t table_cache_pages(void)
{
	return cached;
}

void table_cache_drop(void)
{
	while (cached)
		page_put(cache[--cached]);
}

/* Where the page table of an address is hooked in; NULL: there isn't even a PMD page. */
static pmd_t *pmd_slot(const struct mm *mm, uint32_t va)
{
	uint64_t entry = pv_pgd_val(mm->pgd[va >> 30]);

	return entry ? (pmd_t *)phys_to_virt(entry & PAGE_MASK) + pmd_index(va) : NULL;
}

static pte_t *pt_of(pmd_t entry)
{
	return phys_to_virt(pv_pmd_val(entry) & PAGE_MASK);
}

/* The same, making the PMD page if it is missing; NULL: out of memory. */
static pmd_t *pmd_make(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_slot(mm, va);
	pfn_t pfn;

	if (likely(slot))
		return slot;
	pfn = table_new(mm, PAGE_PMD);
	if (!pfn)
		return NULL;
	pv_set_pgd(mm, va >> 30, pv_make_pgd((uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT));
	return (pmd_t *)pfn_to_virt(pfn) + pmd_index(va);
}

/* Takes a PMD page away if nothing is hooked in it. */
static void pmd_prune(struct mm *mm, uint32_t va)
{
	pfn_t pfn = pv_pgd_val(mm->pgd[va >> 30]) >> PAGE_SHIFT;

	if (page_of(pfn)->used)
		return;
	pv_set_pgd(mm, va >> 30, (pgd_t){ 0 });
	table_free(pfn);
}

/* Takes away an empty page table, and the PMD page when that was its last. */
static void table_unhook(struct mm *mm, uint32_t va, pte_t *pt)
{
	pmd_t *slot = pmd_slot(mm, va);

	if (mm->pt == pt)
		mm->pt_base = PT_NONE;
	pv_set_pmd(mm, va & ~(LARGE_SIZE - 1), slot, (pmd_t){ 0 });
	page_of(virt_to_pfn(slot))->used--;
	table_free(virt_to_pfn(pt));
	pmd_prune(mm, va);
}

/* Neighbouring addresses come one after the other, so the table is kept in mm: pte_find and the loops below look there first. */
static pte_t *remember(struct mm *mm, uint32_t va, pte_t *pt)
{
	mm->pt_base = va & ~(LARGE_SIZE - 1);
	mm->pt = pt;
	mm->pt_page = table_of(pt);
	return &pt[pt_index(va)];
}

pte_t *pte_find_slow(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_slot(mm, va);

	return slot && slot->raw ? remember(mm, va, pt_of(*slot)) : NULL;
}

pte_t *pte_make(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_make(mm, va);
	pfn_t pfn;

	if (unlikely(!slot))
		return NULL;
	if (likely(slot->raw))
		return remember(mm, va, pt_of(*slot));
	pfn = table_new(mm, PAGE_PT);
	if (!pfn) {
		pmd_prune(mm, va);
		return NULL;
	}
	pv_set_pmd(mm, va & ~(LARGE_SIZE - 1), slot, pv_make_pmd((uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED));
	page_of(virt_to_pfn(slot))->used++;
	return remember(mm, va, pfn_to_virt(pfn));
}

/* The same as pt_next when the table used last is not the one. */
static pte_t *pt_next_slow(struct mm *mm, uint32_t *at, uint32_t end)
{
	for (uint32_t va = *at; va < end; ) {
		pmd_t *slot = pmd_slot(mm, va);
		if (slot && (uint32_t)slot->raw) {
			*at = va;
			remember(mm, va, pt_of(*slot));
			return mm->pt;
		}
		va = (va | (slot ? LARGE_SIZE - 1 : PGD_SPAN - 1)) + 1;
	}
	return NULL;
}

/* The first table of [*va, end), which is not empty, with *va moved to the first address in it; NULL: there is none. It is remembered. */
static inline pte_t *pt_next(struct mm *mm, uint32_t *va, uint32_t end)
{
	if (likely((*va ^ mm->pt_base) < LARGE_SIZE))
		return mm->pt;
	return pt_next_slow(mm, va, end);
}

/* What an entry of the table remembered maps. */
static inline uint32_t address_of(const struct mm *mm, const pte_t *slot)
{
	return mm->pt_base + (((uint32_t)slot & (PAGE_SIZE - 1)) << 9);
}

/* ---- parking ---- */

/* The array of frames parked for a table (internal.h), or NULL if it has none. */
static uint32_t *parking(const struct page *table)
{
	return table->link ? pfn_to_virt(table->link) : NULL;
}

/* It stays as long as the table does: what was hidden once is likely to be hidden again. NULL: out of memory. */
static uint32_t *parking_make(struct page *table)
{
	if (!table->link)
		table->link = page_alloc_zeroed();
	return parking(table);
}

/* ---- emptying ---- */

/* What was changed in [start, end); an address space that is not loaded has nothing in the TLB. */
static void flush_range(const struct mm *mm, uint32_t start, uint32_t end)
{
	if (mm != mm_loaded)
		return;
	if (end - start > FLUSH_SINGLY * PAGE_SIZE)
		pv_flush_tlb_user();
	else
		for (; start < end; start += PAGE_SIZE)
			pv_flush_tlb_one(start);
}

/*
 * Empties the entries [slot, stop) of the table remembered; returns how many were not empty. `left` counts what is left in the whole
 * table: at zero the rest need not be looked at. The frame is given back after the entry is gone, by the value read before.
 */
static uint32_t zap_entries(struct mm *mm, pte_t *slot, const pte_t *stop, bool counted)
{
	uint32_t before = mm->pt_page->used, left = before;

	for (; slot < stop; slot++) {
		pte_t entry = *slot;
		if (!(uint32_t)entry.raw)
			continue;
		pv_set_pte(mm, address_of(mm, slot), slot, (pte_t){ 0 });
		if (counted)
			page_release((uint32_t)pv_pte_val(entry) >> PAGE_SHIFT);
		if (!--left)
			break;
	}
	mm->pt_page->used = left;
	return before - left;
}

/* The same for parked frames. */
static uint32_t zap_parked(struct page *table, uint32_t va, uint32_t end, bool counted)
{
	uint32_t *parked = parking(table), before = table->used;

	for (; va < end; va += PAGE_SIZE) {
		pfn_t pfn = parked[pt_index(va)];
		if (!pfn)
			continue;
		parked[pt_index(va)] = 0;
		table->used--;
		if (counted)
			page_put(pfn);
	}
	return before - table->used;
}

/*
 * Flushing comes last, after frames and tables were freed: with one processor nobody uses a stale translation before that, since user mode
 * doesn't run and the kernel doesn't touch these addresses. Flushing any address also drops what the processor remembers of upper
 * levels (Intel SDM volume 3, section 4.10.4.1), so tables that are gone need no more than that.
 */
void table_zap(struct mm *mm, uint32_t start, uint32_t end, bool counted)
{
	bool changed = false;
	uint32_t stop;

	for (uint32_t va = start; va < end && pt_next(mm, &va, end); va = stop) {
		stop = table_end(va, end);
		pv_mmu_lazy_enter();
		uint32_t gone = zap_entries(mm, &mm->pt[pt_index(va)], &mm->pt[pt_index(va)] + ((stop - va) >> PAGE_SHIFT), counted);
		pv_mmu_lazy_leave();
		if (unlikely(mm->pt_page->link))
			gone += zap_parked(mm->pt_page, va, stop, counted);
		if (counted)
			mm->rss -= gone;
		changed |= gone;
		if (!mm->pt_page->used) {
			table_unhook(mm, va, mm->pt);
			changed = true;
		}
	}
	if (changed)
		flush_range(mm, start, end);
}

/* ---- copying ---- */

/* Parked frames of a table, for the child as well: 0 or -ENOMEM. */
static int copy_parked(struct mm *to, struct mm *from, uint32_t va, uint32_t end, bool counted)
{
	uint32_t *src = parking(from->pt_page), *dst = parking_make(to->pt_page);

	if (!dst)
		return -ENOMEM;
	for (; va < end; va += PAGE_SIZE) {
		pfn_t pfn = src[pt_index(va)];
		if (!pfn)
			continue;
		dst[pt_index(va)] = pfn;
		to->pt_page->used++;
		if (counted) {
			page_get(pfn);
			to->rss++;
		}
	}
	return 0;
}

/*
 * Takes the write bit from the entries [slot, stop) of the table remembered, so that the next write to each, by whichever side, comes
 * to the fault handler. It is a pass of its own because an entry written in lazy mode may not be read back in the same stretch.
 */
static void hide_writes(struct mm *mm, pte_t *slot, const pte_t *stop)
{
	for (; slot < stop; slot++) {
		if (!(uint32_t)slot->raw)
			continue;
		uint64_t entry = pv_pte_val(*slot);
		if ((uint32_t)entry & (uint32_t)PTE_WRITE)
			pv_set_pte(mm, address_of(mm, slot), slot, pv_make_pte(entry & ~PTE_WRITE));
	}
}

/* Copies the entries [src, stop) to the table that `to` remembers, which maps the same addresses; how many there were. left: at most so many. */
static uint32_t copy_entries(struct mm *to, const pte_t *src, const pte_t *stop, uint32_t left, bool counted)
{
	uint32_t before = left;

	for (; src < stop; src++) {
		pte_t entry = *src;
		if (!(uint32_t)entry.raw)
			continue;
		pv_set_pte(to, address_of(to, src), &to->pt[((uint32_t)src & (PAGE_SIZE - 1)) / sizeof(*src)], entry);
		if (counted)
			page_get((uint32_t)pv_pte_val(entry) >> PAGE_SHIFT);
		if (!--left)
			break;
	}
	return before - left;
}

/* [va, end) lies in one table, which both sides remember. */
static int copy_table(struct mm *to, struct mm *from, const struct vma *v, uint32_t va, uint32_t end)
{
	pte_t *src = &from->pt[pt_index(va)], *stop = src + ((end - va) >> PAGE_SHIFT);
	bool counted = !(v->flags & VM_SPECIAL);
	uint32_t copied;

	if (v->flags & VM_COPY) {
		pv_mmu_lazy_enter();
		hide_writes(from, src, stop);
		pv_mmu_lazy_leave();
	}
	pv_mmu_lazy_enter();
	copied = copy_entries(to, src, stop, from->pt_page->used, counted);
	pv_mmu_lazy_leave();
	to->pt_page->used += copied;
	if (counted)
		to->rss += copied;
	return unlikely(from->pt_page->link) ? copy_parked(to, from, va, end, counted) : 0;
}

int table_copy(struct mm *to, struct mm *from, const struct vma *v)
{
	int error = 0;
	uint32_t stop;

	for (uint32_t va = v->start; !error && va < v->end && pt_next(from, &va, v->end); va = stop) {
		if ((va ^ to->pt_base) >= LARGE_SIZE && !pte_make(to, va))
			return -ENOMEM;
		stop = table_end(va, v->end);
		error = copy_table(to, from, v, va, stop);
	}
	return error;
}

/* ---- changing rights ---- */

/* An entry under new rights: what was copy-on-write stays so, the fault handler gives the write bit back. */
static uint64_t with_rights(uint64_t entry, uint32_t flags)
{
	entry &= PTE_FRAME | PTE_DIRTY | (flags & VM_WRITE ? PTE_WRITE : 0);
	entry |= PTE_PRESENT | PTE_USER | PTE_ACCESSED;
	return flags & VM_EXEC ? entry : entry | (pte_mask & PTE_NX);
}

/* One table's part of table_protect. Whatever NONE takes from the entries goes into the parking, and comes back with the first right. */
static void protect_table(struct mm *mm, pte_t *pt, uint32_t va, uint32_t end, uint32_t flags)
{
	uint32_t *parked = parking(table_of(pt));
	bool none = !(flags & VM_ACCESS);

	pv_mmu_lazy_enter();
	for (; va < end; va += PAGE_SIZE) {
		unsigned i = pt_index(va);
		uint64_t entry = pt[i].raw ? pv_pte_val(pt[i]) : 0;
		if (entry && none) {
			parked[i] = (uint32_t)entry >> PAGE_SHIFT;
			pv_set_pte(mm, va, &pt[i], (pte_t){ 0 });
		} else if (entry) {
			pv_set_pte(mm, va, &pt[i], pv_make_pte(with_rights(entry, flags)));
		} else if (!none && parked && parked[i]) {
			pv_set_pte(mm, va, &pt[i], pv_make_pte(with_rights((uint64_t)parked[i] << PAGE_SHIFT, flags)));
			parked[i] = 0;
		}
	}
	pv_mmu_lazy_leave();
}

static bool any_entry(const pte_t *pt, uint32_t va, uint32_t end)
{
	for (; va < end; va += PAGE_SIZE)
		if (pt[pt_index(va)].raw)
			return true;
	return false;
}

int table_protect(struct mm *mm, uint32_t start, uint32_t end, uint32_t flags)
{
	uint32_t stop;
	pte_t *pt;
	int error = 0;

	for (uint32_t va = start; va < end && (pt = pt_next(mm, &va, end)); va = stop) {
		stop = table_end(va, end);
		if (!(flags & VM_ACCESS) && any_entry(pt, va, stop) && !parking_make(table_of(pt))) {
			error = -ENOMEM;
			break;
		}
		protect_table(mm, pt, va, stop, flags);
	}
	flush_range(mm, start, end);
	return error;
}

/* ---- moving ---- */

/* Tables and parking for wherever something is to be moved to, so that moving can't fail. */
static int make_room(struct mm *mm, uint32_t from, uint32_t to, uint32_t len)
{
	uint32_t stop;
	pte_t *pt;

	for (uint32_t va = from; va < from + len && (pt = pt_next(mm, &va, from + len)); va = stop) {
		stop = table_end(va, from + len);
		uint32_t ends[2] = { va - from + to, stop - PAGE_SIZE - from + to };
		for (unsigned i = 0; i < 2; i++) {
			pte_t *slot = pte_make(mm, ends[i]);
			if (!slot || (parking(table_of(pt)) && !parking_make(table_of(slot))))
				return -ENOMEM;
		}
	}
	return 0;
}

/* Moves one page, mapped or parked, with its reference. */
static void move_entry(struct mm *mm, uint32_t from, uint32_t to)
{
	pte_t *src = pte_find(mm, from), *dst;
	uint32_t *parked;

	if (!src)
		return;
	parked = parking(table_of(src));
	if (!src->raw && !(parked && parked[pt_index(from)]))
		return;
	dst = pte_find(mm, to);
	if (src->raw) {
		pv_set_pte(mm, to, dst, *src);
		pv_set_pte(mm, from, src, (pte_t){ 0 });
	} else {
		parking(table_of(dst))[pt_index(to)] = parked[pt_index(from)];
		parked[pt_index(from)] = 0;
	}
	table_of(dst)->used++;
	table_of(src)->used--;
}

int table_move(struct mm *mm, uint32_t from, uint32_t to, uint32_t len)
{
	int error = make_room(mm, from, to, len);
	uint32_t stop;

	for (uint32_t va = from; !error && va < from + len && pt_next(mm, &va, from + len); va = stop)
		for (stop = table_end(va, from + len); va < stop; va += PAGE_SIZE)
			move_entry(mm, va, va - from + to);
	flush_range(mm, from, from + len);
	table_zap(mm, error ? to : from, (error ? to : from) + len, true);	/* only prunes tables that are empty now */
	return error;
}
