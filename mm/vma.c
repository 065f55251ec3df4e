/* SPDX-License-Identifier: MIT */
/*
 * The list of a process's mappings (VMAs): finding, linking, splitting, merging, and finding room
 * between them.
 *
 * The list is sorted by address, without overlaps. Searches start at the VMA found last, in
 * whichever direction the address lies: the few mappings of an ordinary program are found in a
 * handful of steps, and so are the neighbours of thousands.
 *
 * Room is sought from mmap_top downwards. So that a program with many mappings doesn't walk them
 * all each time, mm->hole_top remembers how far down every hole is known to be smaller than
 * mm->hole_size; unmapping moves it up again. Pages and page tables are table.c's business: whoever
 * shortens or removes a VMA here has emptied that range before.
 */
#include "kernel/file.h"
#include "mm/internal.h"

struct vma vma_none;
struct vma *vma_kept;
uint32_t vma_kept_count;

/*
 * Also the VMA that covers addr, if one does: its end is above and everything before it ends below.
 */
struct vma *vma_find(struct mm *mm, uint32_t addr)
{
	struct vma *v = mm->hint;

	if (v->end > addr)
		while (v->prev && v->prev->end > addr)
			v = v->prev;
	else
		while (v && v->end <= addr)
			v = v->next;
	if (v)
		mm->hint = v;
	return v;
}

/*
 * Field by field: the compiler would make a rep movs of an assignment, which costs fork three times
 * as much.
 */
struct vma *vma_copy(const struct vma *like, uint32_t start, uint32_t end)
{
	struct vma *v = vma_alloc();

	if (unlikely(!v))
		return NULL;
	v->start = start;
	v->end = end;
	v->flags = like->flags;
	v->entry_high = like->entry_high;
	v->pgoff = like->pgoff;
	v->file = like->file ? file_get(like->file) : NULL;
	v->name = like->name;
	v->special = like->special;
	v->touched = like->touched;
	return v;
}

/* With a file to drop, or when enough records are kept. */
void vma_free_slow(struct vma *v)
{
	if (v->file)
		file_put(v->file);
	v->file = NULL;
	if (vma_kept_count < VMA_KEPT_MAX)
		vma_free(v);
	else
		kfree(v);
}

void vma_kept_drop(void)
{
	while (vma_kept)
		kfree(vma_alloc());
}

static uint32_t pages(const struct vma *v) { return (v->end - v->start) >> PAGE_SHIFT; }

/* The upper part is the new record, so pointers to v stay good for the lower one. */
int vma_split(struct mm *mm, struct vma *v, uint32_t at)
{
	struct vma *high = mm->vmas < VMA_MAX ? vma_copy(v, at, v->end) : NULL;

	if (!high)
		return -ENOMEM;
	if (v->file)
		high->pgoff += (at - v->start) >> PAGE_SHIFT;
	mm->total_vm -= (v->end - at) >> PAGE_SHIFT;
	v->end = at;
	vma_link(mm, high, v->next);
	return 0;
}

/* Do the two touch, and could they be one? */
static inline bool alike(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->flags == high->flags && low->file == high->file && low->name == high->name &&
	       !(low->flags & (VM_SPECIAL | VM_GROWSDOWN)) && (!low->file || low->pgoff + pages(low) == high->pgoff);
}

/* Makes low swallow the one behind it. */
static void join(struct mm *mm, struct vma *low, struct vma *high)
{
	uint32_t end = high->end;

	low->touched |= high->touched;
	vma_remove(mm, high);
	mm->total_vm += (end - low->end) >> PAGE_SHIFT;
	low->end = end;
}

/*
 * The upper of two is swallowed, so v survives merging with what is behind it, but not with what is
 * before it.
 */
void vma_merge(struct mm *mm, struct vma *v)
{
	if (v->next && alike(v, v->next))
		join(mm, v, v->next);
	if (v->prev && alike(v->prev, v))
		join(mm, v->prev, v);
}

/* Where the room below a VMA ends. */
static uint32_t room_end(const struct vma *v) { return v->flags & VM_GROWSDOWN ? v->start - STACK_GAP : v->start; }

/* A stack behind the hole keeps its gap. */
bool vma_hole(struct mm *mm, uint32_t addr, uint32_t len)
{
	struct vma *v;

	if (addr < MMAP_MIN_ADDR || addr >= USER_END || len > USER_END - addr)
		return false;
	v = vma_find(mm, addr);
	return !v || room_end(v) >= addr + len;
}

/*
 * The highest hole of len bytes below top, or 0; *next = the VMA above it; *skipped: the biggest
 * hole that was too small, if bigger.
 */
static inline uint32_t search_down(struct mm *mm, uint32_t top, uint32_t len, struct vma **next, uint32_t *skipped)
{
	struct vma *above = vma_find(mm, top), *below = above ? above->prev : mm->last;

	if (above)
		top = MIN(top, room_end(above));
	for (;; above = below, below = below->prev, top = room_end(above)) {
		uint32_t low = below ? below->end : MMAP_MIN_ADDR;
		if (top > low && top - low >= len) {
			*next = above;
			return top - len;
		}
		if (top > low)
			*skipped = MAX(*skipped, top - low);
		if (!below)
			return 0;
	}
}

/* Holes above mmap_top are only used when there is no other; they are not remembered. */
static __attribute__((noinline)) uint32_t find_hole_above(struct mm *mm, uint32_t len, struct vma **next)
{
	uint32_t skipped = 0, addr = search_down(mm, USER_END, len, next, &skipped);

	mm->hole_top = MMAP_MIN_ADDR;
	return addr ? addr : (uint32_t)-ENOMEM;
}

/*
 * hole_top and hole_size: every hole between hole_top and mmap_top is smaller than hole_size, so a
 * search for that much or more starts at hole_top and finds the same place as one from the top. A
 * search for less starts over.
 */
uint32_t vma_find_hole(struct mm *mm, uint32_t len, struct vma **next)
{
	uint32_t skipped = 0, addr;

	if (len < mm->hole_size || !mm->hole_top) {
		mm->hole_top = mm->mmap_top;
		mm->hole_size = 0;
	}
	addr = search_down(mm, mm->hole_top, len, next, &skipped);
	if (unlikely(skipped >= mm->hole_size))
		mm->hole_size = skipped + 1;
	if (unlikely(!addr))
		return find_hole_above(mm, len, next);
	mm->hole_top = addr;
	return addr;
}
