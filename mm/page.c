/* SPDX-License-Identifier: MIT */
/*
 * Physical page frames: a list of free ones, and ranges that have never been touched.
 *
 * Boot only notes the ranges of usable RAM. A frame comes from the free list or, when that is
 * empty, from the next range's front; its record in the frame table is written at that moment and
 * not before. The table itself (12 bytes a frame) lies in the first range with room for it.
 *
 * In front of the list stand a few *hot* frames whose records are ready for use. Interrupt handlers
 * never touch those: what they may need, slabs for kmalloc, comes from the list, which is only
 * touched with interrupts off. What the other allocators of mm/ keep for reuse (clean page tables,
 * kernel stacks, empty slabs) counts as free and is taken back before page_alloc gives up. There is
 * no allocation of contiguous frames.
 */
#include "boot/boot_info.h"
#include "mm/fixmap.h"
#include "mm/internal.h"

#define VMALLOC_RESERVE	(128u << 20)	/* address space behind the direct map, what a hypervisor takes not counted */
#define RANGES		(BOOT_MAX_RAM + 8)
#define BATCH		16u		/* frames that go from a range to the free list at a time */

struct range { uint32_t start, end; };	/* physical, whole pages */

struct page *page_table_of_frames;
pfn_t max_low_pfn, zero_pfn;

static struct range fresh[RANGES];	/* never handed out; fresh[fresh_at] is the one being used up */
static unsigned fresh_count, fresh_at;
static pfn_t free_list;
static uint32_t free_count, total_count;	/* free_count: on the list and in the ranges */
pfn_t page_hot[PAGE_HOT_MAX];
uint32_t page_hot_count;

/* What page_init must leave alone: the image, the initrd. */
static struct range taken[2];

/* The part below the direct map's end, without frame 0. */
static struct range clip(const struct mem_range *r, uint32_t limit)
{
	struct range clipped = { MIN(r->start, limit), MIN(r->end, limit) };

	clipped.start = MAX(clipped.start, PAGE_SIZE);
	clipped.end = MAX(clipped.end, clipped.start);
	return clipped;
}

/* Whole pages that nobody uses. Counted as free from now on, touched when they are needed. */
static void add_fresh(uint32_t start, uint32_t end)
{
	BUG_ON(fresh_count == RANGES);
	fresh[fresh_count++] = (struct range){ start, end };
	free_count += (end - start) >> PAGE_SHIFT;
	total_count += (end - start) >> PAGE_SHIFT;
}

/* Adds a range but for what is taken from the k-th on. */
static void add_untaken(uint32_t start, uint32_t end, unsigned k)
{
	if (start >= end)
		return;
	if (k == ARRAY_SIZE(taken)) {
		add_fresh(start, end);
	} else if (taken[k].end <= start || taken[k].start >= end) {
		add_untaken(start, end, k + 1);
	} else {
		add_untaken(start, MIN(end, taken[k].start), k + 1);
		add_untaken(MAX(start, taken[k].end), end, k + 1);
	}
}

/* The frame table's place: the front of the first range with room, whose frames are never handed out then. */
static uint32_t carve(uint32_t bytes)
{
	for (struct range *r = fresh; r < fresh + fresh_count; r++) {
		if (r->end - r->start < bytes)
			continue;
		r->start += bytes;
		free_count -= bytes >> PAGE_SHIFT;
		total_count -= bytes >> PAGE_SHIFT;
		return r->start - bytes;
	}
	refuse("memory: no room for the table of %u frames", max_low_pfn);
}

/*
 * Takes over the ranges and says what the machine has and how much of it can be used; tests and
 * people look for the word "unused".
 */
void page_init(const struct boot_info *bi)
{
	uint32_t limit = 0u - KERNEL_BASE - VMALLOC_RESERVE - reserved_top;
	struct mem_range initrd = { PAGE_ALIGN_DOWN(bi->initrd.start), (bi->initrd.end + PAGE_SIZE - 1) & ~0xFFFull };
	uint64_t all = 0, direct = 0;

	taken[0] = clip(&bi->kernel, limit);
	if (bi->initrd.start < limit && bi->initrd.start < bi->initrd.end)
		taken[1] = clip(&initrd, limit);
	for (uint32_t i = 0; i < bi->ram_count; i++) {
		struct range r = clip(&bi->ram[i], limit);
		max_low_pfn = MAX(max_low_pfn, r.end >> PAGE_SHIFT);
		add_untaken(r.start, r.end, 0);
		all += bi->ram[i].end - bi->ram[i].start;
		direct += r.end - r.start;
	}
	page_table_of_frames = phys_to_virt(carve(PAGE_ALIGN_UP(max_low_pfn * sizeof(struct page))));
	klog("memory: %u MiB in the direct map, %u KiB free\n", (uint32_t)((direct + (1 << 19)) >> 20), free_count * 4);
	if (all - direct >= 1 << 20)
		klog("memory: %u MiB beyond the direct map unused\n", (uint32_t)((all - direct) >> 20));
	zero_pfn = page_alloc_zeroed();
	if (!zero_pfn)
		refuse("memory: no frame is free");
}

/*
 * The initrd's range is not taken any more, but its first and last page may be shared with the
 * image.
 */
void page_free_range(uint32_t start, uint32_t end)
{
	IRQ_GUARD;

	taken[1] = (struct range){ 0, 0 };
	add_untaken(MAX(start, PAGE_SIZE), MIN(end, max_low_pfn << PAGE_SHIFT), 0);
}

/* Moves a few frames from the ranges to the free list, in ascending order. */
static void refill_list(void)
{
	while (fresh_at < fresh_count && fresh[fresh_at].start == fresh[fresh_at].end)
		fresh_at++;
	if (fresh_at == fresh_count)
		return;
	struct range *r = &fresh[fresh_at];
	uint32_t first = r->start;
	r->start += MIN(r->end - first, BATCH * PAGE_SIZE);
	for (uint32_t at = r->start; at > first; ) {
		at -= PAGE_SIZE;
		page_of(at >> PAGE_SHIFT)->link = free_list;
		free_list = at >> PAGE_SHIFT;
	}
}

/*
 * The next frame of the list, its record made fresh, and back to it. Slabs use these two: they may
 * run in an interrupt handler, so they keep away from the hot frames and from what others keep.
 */
pfn_t page_alloc_any(void)
{
	IRQ_GUARD;
	pfn_t pfn;

	if (!free_list)
		refill_list();
	pfn = free_list;
	if (pfn) {
		free_list = page_of(pfn)->link;
		free_count--;
		*page_of(pfn) = (struct page){ .count = 1 };
	}
	return pfn;
}

void page_free_any(pfn_t pfn)
{
	IRQ_GUARD;

	page_of(pfn)->link = free_list;
	free_list = pfn;
	free_count++;
}

/* Makes half of the hot places full again. */
static void refill_hot(void)
{
	pfn_t pfn;

	while (page_hot_count < PAGE_HOT_MAX / 2 && (pfn = page_alloc_any()))
		page_hot[page_hot_count++] = pfn;
}

/*
 * No hot frame is left. When the list is empty too, whatever is kept for reuse goes; each of these
 * gives its frames back to us.
 */
pfn_t page_alloc_slow(void)
{
	refill_hot();
	if (!page_hot_count) {
		table_cache_drop();
		kstack_cache_drop();
		vma_kept_drop();
		heap_spare_drop();
		refill_hot();
	}
	return page_hot_count ? page_take() : 0;
}

pfn_t page_alloc(void) { return page_take(); }

pfn_t page_alloc_zeroed(void)
{
	pfn_t pfn = page_take();

	if (likely(pfn))
		page_clear(pfn);
	return pfn;
}

/* A frame goes back to where it is at hand, with its record ready; the list takes the surplus. */
void page_put(pfn_t pfn)
{
	struct page *page = page_of(pfn);

	if (page->count > 1) {
		page->count--;
		return;
	}
	if (unlikely(!page->count))
		panic("frame %05x is freed but not in use", pfn);
	if (likely(page_hot_count < PAGE_HOT_MAX)) {
		*page = (struct page){ .count = 1 };
		page_hot[page_hot_count++] = pfn;
	} else {
		page->count = 0;
		page_free_any(pfn);
	}
}

uint32_t pages_free(void)
{
	return free_count + page_hot_count + table_cache_pages() + kstack_cache_pages() + heap_spare_pages();
}

uint32_t pages_total(void) { return total_count; }
