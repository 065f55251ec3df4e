/* SPDX-License-Identifier: MIT */
/*
 * What the files of mm/ share among themselves and with nobody else.
 *
 * User page tables: every change goes through the pv operations. struct page.used of a page table
 * or PMD page counts its non-zero entries; a table whose count reaches zero is unhooked and freed at
 * once, so whatever is freed is all zero. A page that lies under a PROT_NONE mapping cannot stay in
 * its entry (a non-present entry is all zero): it is *hidden*, that is, its entry stands at the same
 * address in the page tables of mm->hidden, an address space without mappings that is never loaded.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include "abi/errno.h"
#include "abi/resource.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"

#define LARGE_SIZE	0x200000u	/* what one page table maps */
#define PGD_SPAN	0x40000000u	/* what one PMD maps */
#define VMALLOC_MAX	(64u << 20)	/* bytes of the vmalloc range, at most */
#define MMAP_MIN_ADDR	0x10000u	/* nothing is mapped below, as Linux has it by default */
#define STACK_GAP	PAGE_SIZE	/* stays free below a VM_GROWSDOWN area */
#define VMA_MAX		65530u		/* VMAs of one address space, as on Linux */
#define PT_NONE		0xFFFFFFFFu	/* mm.pt_base when no page table is remembered */
#define VM_ACCESS	(VM_READ | VM_WRITE | VM_EXEC)

/* The kernel's top level and its one PMD page (boot/start.asm). */
extern pgd_t kernel_pgd[PTRS_PER_PGD];
extern pmd_t kernel_pmd[PTRS_PER_TABLE];

/*
 * page.c. Taking a frame is the most frequent thing that happens here, so it is done in line from a
 * small array of free frames whose records are ready: count 1, all else 0. Not for interrupt
 * handlers, which use the two functions below it.
 */
#define PAGE_HOT_MAX	32u
extern pfn_t page_hot[PAGE_HOT_MAX];
extern uint32_t page_hot_count;
pfn_t page_alloc_slow(void);
/* page_alloc in line. */
static inline pfn_t page_take(void)
{
	uint32_t n = page_hot_count;

	if (__builtin_expect(!n, 0))
		return page_alloc_slow();
	page_hot_count = n - 1;
	return page_hot[n - 1];
}
/* page_put in line: for emptying page tables. */
static inline void page_release(pfn_t pfn)
{
	struct page *page = page_of(pfn);

	if (page->count > 1)
		page->count--;
	else
		page_put(pfn);
}
/* A frame in any context, and giving it back; what is kept for reuse is left alone. */
pfn_t page_alloc_any(void);
void page_free_any(pfn_t pfn);

/* Whole pages; the compiler makes rep stosd and rep movsd of these. */
static inline void page_clear(pfn_t pfn)
{
	__builtin_memset(__builtin_assume_aligned(pfn_to_virt(pfn), PAGE_SIZE), 0, PAGE_SIZE);
}

static inline void page_copy(pfn_t to, pfn_t from)
{
	__builtin_memcpy(__builtin_assume_aligned(pfn_to_virt(to), PAGE_SIZE),
			 __builtin_assume_aligned(pfn_to_virt(from), PAGE_SIZE), PAGE_SIZE);
}

/* pgtable.c */
extern uint64_t pte_mask;			/* entry bits that this machine has: without PTE_NX, PTE_GLOBAL where they don't exist */
extern uint32_t vmalloc_start, vmalloc_end;	/* page tables exist for all of it */
pte_t *kernel_pte(uint32_t va);			/* of an address in the vmalloc range, the fixmap, or the kernel image */
/*
 * Sets a kernel entry to phys | flags (GLOBAL, ACCESSED and DIRTY are added) or, with flags 0, to
 * nothing; flushes what was there.
 */
void kernel_map(uint32_t va, uint64_t phys, uint64_t flags);

/* table.c */
extern struct mm *mm_loaded;			/* whose page tables the processor uses */
pte_t *pte_find_slow(struct mm *mm, uint32_t va);
static inline unsigned pt_index(uint32_t va) { return va >> PAGE_SHIFT & (PTRS_PER_TABLE - 1); }
/*
 * The entry of a user address, or NULL if it has no page table. The table is remembered in mm.pt
 * for the next time.
 */
static inline pte_t *pte_find(struct mm *mm, uint32_t va)
{
	if (__builtin_expect((va ^ mm->pt_base) < LARGE_SIZE, 1))
		return &mm->pt[pt_index(va)];
	return pte_find_slow(mm, va);
}
pte_t *pte_make(struct mm *mm, uint32_t va);	/* makes the tables that are missing; NULL: out of memory */
/* The table that an entry stands in. */
static inline struct page *table_of(const pte_t *slot) { return page_of(virt_to_pfn(slot)); }
/*
 * These work on a part of a VMA. counted: its frames hold references and count as rss (not
 * VM_SPECIAL).
 */
void table_zap(struct mm *mm, uint32_t start, uint32_t end, bool counted);
/* Whose tables hold the pages of v: a VMA is hidden as a whole. NULL: hidden, but there are none. */
static inline struct mm *vma_home(struct mm *mm, const struct vma *v) { return v->flags & VM_ACCESS ? mm : mm->hidden; }
/* The same for a part of v that may never have been touched. */
static inline void vma_zap(struct mm *mm, const struct vma *v, uint32_t start, uint32_t end)
{
	if (v->touched && vma_home(mm, v))
		table_zap(vma_home(mm, v), start, end, !(v->flags & VM_SPECIAL));
}
int table_copy(struct mm *to, struct mm *from, const struct vma *v);	/* the caller flushes from */
/* All of v gets new VM_* rights. -ENOMEM: nothing has changed. */
int table_protect(struct mm *mm, const struct vma *v, uint32_t flags);
/* Without overlap; private or file pages only. -ENOMEM: nothing has changed. */
int table_move(struct mm *from, uint32_t at, struct mm *to, uint32_t to_at, uint32_t len);

/*
 * What allocators keep for reuse: page.c counts it as free and takes it back when memory is used
 * up.
 */
uint32_t table_cache_pages(void);
void table_cache_drop(void);
uint32_t kstack_cache_pages(void);
void kstack_cache_drop(void);
uint32_t heap_spare_pages(void);
void heap_spare_drop(void);

/*
 * vma.c. Records of VMAs come and go with every mmap, fork and exit, so a few are kept. mm.hint is
 * never NULL: it is &vma_none, which covers nothing, as long as there are no VMAs.
 */
extern struct vma vma_none;
#define VMA_KEPT_MAX	16u
extern struct vma *vma_kept;			/* records at hand, linked by next */
extern uint32_t vma_kept_count;
void vma_kept_drop(void);
/* An uninitialised record; NULL: out of memory. */
static inline struct vma *vma_alloc(void)
{
	struct vma *v = vma_kept;

	if (__builtin_expect(!v, 0))
		return kmalloc(sizeof(*v));
	vma_kept = v->next;
	vma_kept_count--;
	return v;
}
/* Sets what belongs to the rights. */
static inline void vma_set_flags(struct vma *v, uint32_t flags)
{
	v->flags = (flags & ~VM_COPY) | ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? VM_COPY : 0);
	v->entry_high = flags & VM_EXEC ? 0 : (pte_mask & PTE_NX) >> 32;
}
/*
 * A copy of *like at [start, end), touched or not, with its own reference to the file; not linked.
 * NULL: out of memory.
 */
struct vma *vma_copy(const struct vma *like, uint32_t start, uint32_t end);
void vma_free_slow(struct vma *v);
/* Drops the file and keeps the record. */
static inline void vma_free(struct vma *v)
{
	if (v->file || vma_kept_count >= VMA_KEPT_MAX) {
		vma_free_slow(v);
		return;
	}
	v->next = vma_kept;
	vma_kept = v;
	vma_kept_count++;
}
/* Puts v before next; NULL: at the end. */
static inline void vma_link(struct mm *mm, struct vma *v, struct vma *next)
{
	struct vma *prev = next ? next->prev : mm->last;

	v->prev = prev;
	v->next = next;
	*(prev ? &prev->next : &mm->first) = v;
	*(next ? &next->prev : &mm->last) = v;
	mm->hint = v;
	mm->vmas++;
	mm->total_vm += (v->end - v->start) >> PAGE_SHIFT;
}
/* Unlinks and frees v, whose pages are gone already. Returns what was behind it. */
static inline struct vma *vma_remove(struct mm *mm, struct vma *v)
{
	struct vma *prev = v->prev, *next = v->next;

	*(prev ? &prev->next : &mm->first) = next;
	*(next ? &next->prev : &mm->last) = prev;
	if (mm->hint == v)
		mm->hint = next ? next : prev ? prev : &vma_none;
	mm->vmas--;
	mm->total_vm -= (v->end - v->start) >> PAGE_SHIFT;
	vma_free(v);
	return next;
}
int vma_split(struct mm *mm, struct vma *v, uint32_t at);	/* v keeps the lower part; 0 or -ENOMEM */
void vma_merge(struct mm *mm, struct vma *v);			/* joins v with its neighbours where they are alike; v may be gone after */
bool vma_hole(struct mm *mm, uint32_t addr, uint32_t len);	/* is [addr, addr + len) free, and user space? */
/*
 * The highest hole of len bytes below mmap_top, else above it, with *next = the VMA behind it or
 * NULL; or -ENOMEM.
 */
uint32_t vma_find_hole(struct mm *mm, uint32_t len, struct vma **next);

/* mmap.c */
/* Does RLIMIT_AS of current allow this? */
static inline bool mm_within_limit(const struct mm *mm, uint32_t more_pages)
{
	return mm->total_vm + more_pages <= current->process->rlimits[RLIMIT_AS][0] >> PAGE_SHIFT;
}
/* mm_map of anonymous memory anywhere; flags: VM_READ, VM_WRITE, VM_EXEC. */
uint32_t mm_map_private(struct mm *mm, uint32_t len, uint32_t flags);
/* fault.c: what oom_kill does to its victim: all pages and page tables go, the VMAs stay. */
void mm_reap(struct mm *mm);

#endif
