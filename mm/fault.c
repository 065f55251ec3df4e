/* SPDX-License-Identifier: MIT */
/*
 * Page faults of user addresses: what the VMA allows is made to happen, everything else is a
 * signal.
 *
 *	entry	access	mapping			what happens
 *	none	read	anonymous		the page of zeros, read-only
 *	none	write	anonymous		a new page of zeros
 *	none	read	file, private		the file's page, read-only
 *	none	write	file, private		a copy of the file's page
 *	none	any	file, shared		the file's page, writable if the mapping is
 *	none	any	VM_SPECIAL		the kernel's frame, read-only
 *	present	write	private			a copy, unless this is the page's last owner: then it may write
 *	present	write	shared			it may write
 *	present	else				nothing: the TLB was behind
 *
 * A stack grows when the address is below it, within its limit, and a page stays free beneath. When
 * memory is used up oom_kill makes some, or condemns the faulting process itself, which then dies
 * on its way back to user mode.
 */
#include "kernel/file.h"
#include "mm/internal.h"

#define FAULT_WRITE	2u	/* error code: Intel SDM volume 3, section 4.7 */
#define FAULT_USER	4u
#define FAULT_FETCH	16u

#define WRITABLE	(PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

/* The bits of an entry that may be read and, if the VMA says so, executed. */
static uint64_t rights(const struct vma *v)
{
	return (uint64_t)v->entry_high << 32 | PTE_PRESENT | PTE_USER | PTE_ACCESSED;
}

static void set_entry(struct mm *mm, uint32_t addr, pte_t *slot, pfn_t pfn, uint64_t bits)
{
	pv_set_pte(mm, addr, slot, pv_make_pte((uint64_t)pfn << PAGE_SHIFT | bits));
}

/* Fills an empty entry; the frame's reference becomes the entry's. */
static int fill(struct mm *mm, struct vma *v, uint32_t addr, pte_t *slot, pfn_t pfn, uint64_t extra)
{
	if (unlikely(!pfn))
		return -ENOMEM;
	table_of(slot)->used++;
	mm->rss++;
	set_entry(mm, addr, slot, pfn, rights(v) | extra);
	return 0;
}

/* A new frame with the same contents; 0: out of memory. */
static pfn_t copy_of(pfn_t from)
{
	pfn_t pfn;

	if (from == zero_pfn)
		return page_alloc_zeroed();
	pfn = page_alloc();
	if (likely(pfn))
		page_copy(pfn, from);
	return pfn;
}

/* A hole of a file reads as zeros; only a shared mapping makes it a page of the file. */
static int missing_file(struct mm *mm, struct vma *v, uint32_t addr, pte_t *slot, bool write)
{
	bool shared = v->flags & VM_SHARED;
	int error = 0;
	pfn_t pfn = file_page(v->file, v->pgoff + ((addr - v->start) >> PAGE_SHIFT), shared, &error);

	if (!pfn)
		return error;
	if (write && !shared)
		return fill(mm, v, addr, slot, copy_of(pfn), PTE_WRITE | PTE_DIRTY);
	page_get(pfn);
	return fill(mm, v, addr, slot, pfn, shared && v->flags & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0);
}

/* The kernel's own frames (VM_SPECIAL) have no count and are not part of rss. */
static int missing(struct mm *mm, struct vma *v, uint32_t addr, pte_t *slot, bool write)
{
	if (v->flags & VM_SPECIAL) {
		mm->rss--;
		return fill(mm, v, addr, slot, v->special, 0);
	}
	if (v->file)
		return missing_file(mm, v, addr, slot, write);
	if (write)
		return fill(mm, v, addr, slot, page_alloc_zeroed(), PTE_WRITE | PTE_DIRTY);
	page_get(zero_pfn);
	return fill(mm, v, addr, slot, zero_pfn, 0);
}

/* A write to a page that is there but read-only. */
static int unshare(struct mm *mm, struct vma *v, uint32_t addr, pte_t *slot)
{
	pfn_t old = (uint32_t)pv_pte_val(*slot) >> PAGE_SHIFT, pfn = old;

	if (!(v->flags & VM_SHARED) && (page_of(old)->count > 1 || old == zero_pfn)) {
		pfn = copy_of(old);
		if (!pfn)
			return -ENOMEM;
	}
	set_entry(mm, addr, slot, pfn, rights(v) | PTE_WRITE | PTE_DIRTY);
	pv_flush_tlb_one(addr);
	if (pfn != old)
		page_put(old);
	return 0;
}

/*
 * Makes an access possible that the VMA allows: 0, -ENOMEM, or -EFAULT (there is nothing behind the
 * end of a file).
 */
static int resolve(struct mm *mm, struct vma *v, uint32_t addr, bool write)
{
	pte_t *slot = pte_find(mm, addr);
	uint64_t entry;

	v->touched = true;
	if (unlikely(!slot) && !(slot = pte_make(mm, addr)))
		return -ENOMEM;
	if (!slot->raw)
		return missing(mm, v, addr, slot, write);
	entry = pv_pte_val(*slot);
	if (write && !(entry & PTE_WRITE))
		return unshare(mm, v, addr, slot);
	pv_flush_tlb_one(addr);
	return 0;
}

/* The VMA of an address; a stack just above it grows down to it. */
static struct vma *vma_at(struct mm *mm, uint32_t addr)
{
	struct vma *v = addr < USER_END ? vma_find(mm, addr) : NULL;
	uint32_t start = addr & PAGE_MASK;

	if (!v || v->start <= addr)
		return v;
	if (!(v->flags & VM_GROWSDOWN) || v->end - start > mm->stack_limit || start < MMAP_MIN_ADDR)
		return NULL;
	if (v->prev && start - v->prev->end < STACK_GAP)
		return NULL;
	mm->total_vm += (v->start - start) >> PAGE_SHIFT;
	v->start = start;
	return v;
}

/*
 * Every case. A process that oom_kill has condemned goes back to user mode with nothing done: it
 * finds SIGKILL on the way. In kernel mode the access has to fail instead, and whoever was copying
 * gets -EFAULT.
 */
int mm_fault(struct mm *mm, uint32_t addr, uint32_t error, uint32_t user_esp, int *si_code)
{
	uint32_t needed = error & FAULT_WRITE ? VM_WRITE : error & FAULT_FETCH ? VM_EXEC : VM_ACCESS;
	struct vma *v = mm ? vma_at(mm, addr) : NULL;
	int result, again = 1;

	*si_code = v ? SEGV_ACCERR : SEGV_MAPERR;
	if (!v || !(v->flags & needed))
		return SIGSEGV;
	do
		result = resolve(mm, v, addr & PAGE_MASK, error & FAULT_WRITE);
	while (result == -ENOMEM && (again = oom_kill()) > 0);
	if (!result || (again == 0 && error & FAULT_USER))
		return 0;
	*si_code = BUS_ADRERR;
	return SIGBUS;
}

/*
 * What is tested here and no more: each instruction counts (PERFORMANCE rows 8 and 9). The flush
 * comes after the change.
 */
bool mm_fault_quick(struct mm *mm, uint32_t addr)
{
	struct vma *v = mm->hint;
	uint32_t entry;
	pte_t *slot;
	pfn_t pfn;

	if ((addr ^ mm->pt_base) >= LARGE_SIZE || addr < v->start || addr >= v->end || !(v->flags & VM_COPY))
		return false;
	slot = &mm->pt[pt_index(addr)];
	entry = pv_pte_val(*slot);
	if (entry) {
		struct page *old = page_of(entry >> PAGE_SHIFT);
		if (entry & (uint32_t)PTE_WRITE || old->count == 1 || !(pfn = page_take()))
			return false;
		old->count--;
		page_copy(pfn, entry >> PAGE_SHIFT);
	} else {
		if (!(v->flags & VM_ANON) || !(pfn = page_take()))
			return false;
		v->touched = true;
		mm->pt_page->used++;
		mm->rss++;
		page_clear(pfn);
	}
	pv_set_pte(mm, addr & PAGE_MASK, slot, pv_make_pte((uint64_t)v->entry_high << 32 | pfn << PAGE_SHIFT | WRITABLE));
	if (entry)
		pv_flush_tlb_one(addr);
	return true;
}

void mm_reap(struct mm *mm)
{
	for (struct vma *v = mm->first; v; v = v->next)
		vma_zap(mm, v, v->start, v->end);
}
