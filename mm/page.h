/* SPDX-License-Identifier: MIT */
/*
 * Physical page frames.
 *
 * Every frame of RAM that the direct map covers has one `struct page`. The table is never
 * initialised as a whole: frames above a frontier have never been handed out, and their records
 * hold rubbish until the frontier passes them, so that boot does not grow with RAM. Only single
 * frames are allocated; what needs more than a page of contiguous addresses uses vmalloc. A frame
 * is shared by counting references: copy-on-write pages, page-cache pages of ramfs files and the
 * zero page all live by that count.
 *
 * pfn = guest-physical (on Xen: pseudo-physical) frame number. Frame 0 is never handed out, so pfn
 * 0 means "none".
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096u
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define KERNEL_BASE	0xC0000000u		/* first kernel address; also the start of the direct map */
#define USER_END	KERNEL_BASE		/* first address that is not the user's */

#define PAGE_ALIGN_UP(x)	(((uint32_t)(x) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGN_DOWN(x)	((uint32_t)(x) & PAGE_MASK)

typedef uint32_t pfn_t;

struct boot_info;

/* What a page-table page is: 0 = an ordinary page, else the level whose entries it holds. */
enum page_level { PAGE_DATA = 0, PAGE_PT = 1, PAGE_PMD = 2, PAGE_PGD = 3 };

struct page {
	uint32_t count;		/* references; 0 = free (and free frames that are kept at hand have 1) */
	uint32_t link;		/* free: pfn of the next free frame; in a slab: the slab; else the owner's */
	uint8_t level;		/* enum page_level: announced to the hypervisor as such */
	uint8_t flags;		/* owner's */
	uint16_t used;		/* page-table page: number of non-zero entries */
};

extern struct page *page_table_of_frames;	/* indexed by pfn; see page_of() */

static inline struct page *page_of(pfn_t pfn) { return &page_table_of_frames[pfn]; }

/* The direct map: valid for every frame below max_low_pfn and for nothing else. */
static inline void *phys_to_virt(uint32_t phys) { return (void *)(phys + KERNEL_BASE); }
static inline uint32_t virt_to_phys(const void *virt) { return (uint32_t)virt - KERNEL_BASE; }
static inline void *pfn_to_virt(pfn_t pfn) { return phys_to_virt(pfn << PAGE_SHIFT); }
static inline pfn_t virt_to_pfn(const void *virt) { return virt_to_phys(virt) >> PAGE_SHIFT; }

extern pfn_t max_low_pfn;	/* first frame above the direct map */

/*
 * Finds a place for the frame table and takes over all usable RAM of the direct map but the kernel
 * image, the initrd and frame 0. Logs what there is and what lies beyond; refuses to boot when
 * there is too little. After reserve_top_address.
 */
void page_init(const struct boot_info *bi);
/*
 * Gives physical memory that page_init left out (the initrd) to the allocator: whole pages below
 * the direct map's end. O(1).
 */
void page_free_range(uint32_t start, uint32_t end);

/*
 * One frame with count 1 and undefined contents, or 0 when memory is used up: what other allocators
 * keep for reuse is taken back before. These functions and page_put are not for interrupt handlers
 * (kmalloc is).
 */
pfn_t page_alloc(void);
/* The same, filled with zeros. */
pfn_t page_alloc_zeroed(void);
/* Another reference to an allocated frame. */
static inline void page_get(pfn_t pfn) { page_of(pfn)->count++; }
/* Drops a reference; the last one frees the frame. */
void page_put(pfn_t pfn);
/*
 * Frames that can still be handed out, those kept for reuse included; and all frames that the
 * allocator ever had.
 */
uint32_t pages_free(void);
uint32_t pages_total(void);

/*
 * The frame of zeros behind untouched anonymous memory that is only read; never freed, never
 * written.
 */
extern pfn_t zero_pfn;

#endif
