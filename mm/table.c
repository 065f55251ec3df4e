/* SPDX-License-Identifier: MIT */
/*
 * Page tables of user address spaces: made on demand, emptied, copied, changed and moved for a
 * range of addresses.
 *
 * A table counts its non-zero entries and is given back the moment that count reaches zero, so
 * freed tables are clean; a few are kept for whoever needs one next. A table is announced before it
 * is hooked in and released after it is unhooked. Ranges are walked table by table, and within a
 * table no further than its count says, so untouched memory costs next to nothing.
 *
 * Lazy mode encloses the loops over the entries of one table, never the hooking of tables: the walk
 * reads upper levels, and what was written in lazy mode can't be read back. Within a loop each
 * entry is read before it is written, and once. Flushes are done only when the address space is
 * loaded: one by one for a few pages, else the whole user part once. What PROT_NONE hides moves to
 * the tables of mm.hidden (see internal.h). What may be mapped where is not decided here but in
 * fault.c and mmap.c.
 */
#include "mm/internal.h"

#define CACHE_SIZE	16
#define FLUSH_SINGLY	8	/* pages; more than that: everything at once */

static pfn_t cache[CACHE_SIZE];	/* clean tables, count 1, level PAGE_DATA */
static unsigned cached;

static inline unsigned pmd_index(uint32_t va) { return va >> 21 & (PTRS_PER_TABLE - 1); }

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

/* Takes back a table that is unhooked and all zero. */
static void table_free(pfn_t pfn)
{
	struct page *page = page_of(pfn);

	pv_release_table(pfn, (enum pv_level)page->level);
	page->level = PAGE_DATA;
	if (cached < CACHE_SIZE)
		cache[cached++] = pfn;
	else
		page_put(pfn);
}

uint32_t table_cache_pages(void) { return cached; }

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

/* Takes a PMD page away if nothing is hooked in it. */
static void pmd_prune(struct mm *mm, uint32_t va)
{
	pfn_t pfn = pv_pgd_val(mm->pgd[va >> 30]) >> PAGE_SHIFT;

	if (page_of(pfn)->used)
		return;
	pv_set_pgd(mm, va >> 30, (pgd_t){ 0 });
	table_free(pfn);
}

/* Takes away the table remembered, which is empty, and the PMD page when that was its last. */
static void table_unhook(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_slot(mm, va);

	mm->pt_base = PT_NONE;
	pv_set_pmd(mm, va & ~(LARGE_SIZE - 1), slot, (pmd_t){ 0 });
	page_of(virt_to_pfn(slot))->used--;
	table_free(virt_to_pfn(mm->pt));
	pmd_prune(mm, va);
}

/*
 * Neighbouring addresses come one after the other, so the table is kept in mm: pte_find and the
 * loops below look there first.
 */
static pte_t *remember(struct mm *mm, uint32_t va, pte_t *pt)
{
	mm->pt_base = va & ~(LARGE_SIZE - 1);
	mm->pt = pt;
	mm->pt_page = table_of(pt);
	return &pt[pt_index(va)];
}

static pte_t *remember_slot(struct mm *mm, uint32_t va, const pmd_t *slot)
{
	return remember(mm, va, phys_to_virt(pv_pmd_val(*slot) & PAGE_MASK));
}

pte_t *pte_find_slow(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_slot(mm, va);

	return slot && slot->raw ? remember_slot(mm, va, slot) : NULL;
}

/*
 * A PDPT entry may have no bit but PRESENT: the others are reserved (Intel SDM volume 3, table
 * 4-8), and lguest kills a guest for them. Rights are given by the page-table entries alone.
 */
pte_t *pte_make(struct mm *mm, uint32_t va)
{
	pmd_t *slot = pmd_slot(mm, va);
	pfn_t pfn;

	if (!slot) {
		pfn = table_new(mm, PAGE_PMD);
		if (!pfn)
			return NULL;
		pv_set_pgd(mm, va >> 30, pv_make_pgd((uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT));
		slot = (pmd_t *)pfn_to_virt(pfn) + pmd_index(va);
	}
	if (slot->raw)
		return remember_slot(mm, va, slot);
	pfn = table_new(mm, PAGE_PT);
	if (!pfn) {
		pmd_prune(mm, va);
		return NULL;
	}
	pv_set_pmd(mm, va & ~(LARGE_SIZE - 1), slot,
		   pv_make_pmd((uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED));
	page_of(virt_to_pfn(slot))->used++;
	return remember(mm, va, pfn_to_virt(pfn));
}

/* pt_next, without its end, when the table used last is not the one. */
static pte_t *pt_next_slow(struct mm *mm, uint32_t *at, uint32_t end)
{
	for (uint32_t va = *at; va < end; ) {
		pmd_t *slot = pmd_slot(mm, va);
		if (slot && (uint32_t)slot->raw) {
			*at = va;
			remember_slot(mm, va, slot);
			return mm->pt;
		}
		va = (va | (slot ? LARGE_SIZE - 1 : PGD_SPAN - 1)) + 1;
	}
	return NULL;
}

/*
 * A step of a walk over [*va, end): the first table there, which is remembered; *va moves to the
 * first address in it, *stop to where its part of the range ends. NULL: there is none.
 */
static inline pte_t *pt_next(struct mm *mm, uint32_t *va, uint32_t end, uint32_t *stop)
{
	pte_t *pt = mm->pt;

	if (*va >= end)
		return NULL;
	if (unlikely((*va ^ mm->pt_base) >= LARGE_SIZE))
		pt = pt_next_slow(mm, va, end);
	*stop = MIN(end, (*va | (LARGE_SIZE - 1)) + 1);
	return pt;
}

/*
 * An entry of 8 bytes maps 4096, so all over a table an address and its slot's, shifted by 9, differ
 * by one number. The loops below keep that number, the base, instead of asking mm for each entry.
 */
static inline uint32_t base_of(uint32_t va, const pte_t *slot) { return va - ((uint32_t)slot << 9); }
static inline uint32_t address_of(uint32_t base, const pte_t *slot) { return base + ((uint32_t)slot << 9); }

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
 * Empties the entries [slot, stop) of the table remembered; returns how many were not empty. `left`
 * counts what is left in the whole table: at zero the rest need not be looked at. Most of what such
 * a loop sees is empty, so that case is kept short.
 */
static uint32_t zap_entries(struct mm *mm, uint32_t va, pte_t *slot, const pte_t *stop, bool counted)
{
	uint32_t before = mm->pt_page->used, left = before, base = base_of(va, slot);

	for (; slot < stop; slot++) {
		pte_t entry = *slot;
		if (!(uint32_t)entry.raw)
			continue;
		pv_set_pte(mm, address_of(base, slot), slot, (pte_t){ 0 });
		if (counted)
			page_release((uint32_t)pv_pte_val(entry) >> PAGE_SHIFT);
		if (!--left)
			break;
	}
	mm->pt_page->used = left;
	return before - left;
}

/*
 * Flushing comes last, after frames and tables were freed: with one processor nobody uses a stale
 * translation before that, since user mode doesn't run and the kernel doesn't touch these
 * addresses. Flushing any address also drops what the processor remembers of upper levels (Intel
 * SDM volume 3, section 4.10.4.1), so tables that are gone need no more than that.
 */
void table_zap(struct mm *mm, uint32_t start, uint32_t end, bool counted)
{
	bool changed = false;
	uint32_t stop;
	pte_t *pt;

	for (uint32_t va = start; (pt = pt_next(mm, &va, end, &stop)); va = stop) {
		pte_t *slot = &pt[pt_index(va)];
		pv_mmu_lazy_enter();
		uint32_t gone = zap_entries(mm, va, slot, slot + ((stop - va) >> PAGE_SHIFT), counted);
		pv_mmu_lazy_leave();
		if (counted)
			mm->rss -= gone;
		changed |= gone || !mm->pt_page->used;
		if (!mm->pt_page->used)
			table_unhook(mm, va);
	}
	if (changed)
		flush_range(mm, start, end);
}

/* ---- copying ---- */

/*
 * Copies the entries [src, stop) of the table that `from` remembers to the one that `to` remembers,
 * which maps the same addresses; how many there were. Where the first write is to copy, both sides
 * lose the write bit, so that it comes to the fault handler, whoever writes.
 */
static uint32_t copy_entries(struct mm *to, struct mm *from, uint32_t va, pte_t *src, const pte_t *stop, uint32_t vm_flags)
{
	uint32_t before = from->pt_page->used, left = before, base = base_of(va, src);
	uint32_t distance = (uint32_t)to->pt - (uint32_t)from->pt;

	for (; src < stop; src++) {
		pte_t entry = *src;
		if (!(uint32_t)entry.raw)
			continue;
		uint64_t value = pv_pte_val(entry);
		if ((uint32_t)value & (uint32_t)PTE_WRITE && !(vm_flags & VM_SHARED)) {
			entry = pv_make_pte(value & ~PTE_WRITE);
			pv_set_pte(from, address_of(base, src), src, entry);
		}
		pv_set_pte(to, address_of(base, src), (pte_t *)((uint32_t)src + distance), entry);
		if (!(vm_flags & VM_SPECIAL))
			page_get((uint32_t)value >> PAGE_SHIFT);
		if (!--left)
			break;
	}
	return before - left;
}

int table_copy(struct mm *to, struct mm *from, const struct vma *v)
{
	uint32_t stop, copied;
	pte_t *pt;

	for (uint32_t va = v->start; (pt = pt_next(from, &va, v->end, &stop)); va = stop) {
		pte_t *src = &pt[pt_index(va)];
		if ((va ^ to->pt_base) >= LARGE_SIZE && !pte_make(to, va))
			return -ENOMEM;
		pv_mmu_lazy_enter();
		copied = copy_entries(to, from, va, src, src + ((stop - va) >> PAGE_SHIFT), v->flags);
		pv_mmu_lazy_leave();
		to->pt_page->used += copied;
		if (!(v->flags & VM_SPECIAL))
			to->rss += copied;
	}
	return 0;
}

/* ---- moving ---- */

/*
 * Moves entries with their references, within an address space or to another, until there is no room
 * for a table; how many bytes of [at, at + len) it got through. A table's part may come to lie in
 * two tables.
 */
static uint32_t move_entries(struct mm *from, uint32_t at, struct mm *to, uint32_t to_at, uint32_t len)
{
	uint32_t stop, distance = to_at - at;
	pte_t *pt;

	for (uint32_t va = at; (pt = pt_next(from, &va, at + len, &stop)); ) {
		if (!pte_make(to, va + distance) || !pte_make(to, stop - 1 + distance))
			return va - at;
		pv_mmu_lazy_enter();
		for (; va < stop; va += PAGE_SIZE) {
			pte_t *src = &pt[pt_index(va)], *dst = pte_find(to, va + distance), entry = *src;
			if (!(uint32_t)entry.raw)
				continue;
			pv_set_pte(from, va, src, (pte_t){ 0 });
			pv_set_pte(to, va + distance, dst, entry);
			table_of(src)->used--;
			table_of(dst)->used++;
			from->rss--;
			to->rss++;
		}
		pv_mmu_lazy_leave();
	}
	return len;
}

/*
 * Moving back can't fail: tables that have become empty are only taken away at the end, by
 * table_zap, which has nothing else to do then.
 */
int table_move(struct mm *from, uint32_t at, struct mm *to, uint32_t to_at, uint32_t len)
{
	uint32_t done = move_entries(from, at, to, to_at, len);
	bool failed = done < len;

	if (failed)
		move_entries(to, to_at, from, at, done);
	flush_range(from, at, at + len);
	table_zap(failed ? to : from, failed ? to_at : at, (failed ? to_at : at) + len, true);
	return failed ? -ENOMEM : 0;
}

/* ---- changing rights ---- */

/*
 * What was copy-on-write stays so: the fault handler gives the write bit back. Dirty and accessed
 * stay as well, for nobody looks.
 */
static void change_rights(struct mm *mm, uint32_t start, uint32_t end, uint32_t flags)
{
	uint64_t keep = PTE_FRAME | PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY | (flags & VM_WRITE ? PTE_WRITE : 0);
	uint32_t stop;
	pte_t *pt;

	for (uint32_t va = start; (pt = pt_next(mm, &va, end, &stop)); ) {
		pv_mmu_lazy_enter();
		for (; va < stop; va += PAGE_SIZE) {
			pte_t *slot = &pt[pt_index(va)];
			uint64_t nx = flags & VM_EXEC ? 0 : pte_mask & PTE_NX;
			if (slot->raw)
				pv_set_pte(mm, va, slot, pv_make_pte((pv_pte_val(*slot) & keep) | nx));
		}
		pv_mmu_lazy_leave();
	}
	flush_range(mm, start, end);
}

/* The gate's page simply goes: the next fault brings it back with its new rights. */
int table_protect(struct mm *mm, const struct vma *v, uint32_t flags)
{
	bool shown = v->flags & VM_ACCESS, show = flags & VM_ACCESS;

	if (v->flags & VM_SPECIAL) {
		table_zap(mm, v->start, v->end, false);
		return 0;
	}
	if (!mm->hidden && !show && !(mm->hidden = mm_create()))
		return -ENOMEM;
	if (shown != show && mm->hidden &&
	    table_move(shown ? mm : mm->hidden, v->start, show ? mm : mm->hidden, v->start, v->end - v->start))
		return -ENOMEM;
	if (show)
		change_rights(mm, v->start, v->end, flags);
	return 0;
}
