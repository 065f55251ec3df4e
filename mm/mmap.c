/* SPDX-License-Identifier: MIT */
/*
 * Mapping, unmapping, changing rights, and the break: what the system calls and exec do to the list
 * of VMAs and to the tables below it.
 *
 * A new mapping that continues a neighbour becomes part of it, so that a heap grown in small steps
 * stays one VMA. Unmapping and changing rights cut VMAs where needed. Nothing is allocated for the
 * pages themselves: they come at the first touch (fault.c).
 *
 * Most arguments from user space are checked in sys_mm.c; here addresses and lengths are page multiples
 * already, but ranges may still be anything. Memory is overcommitted: what counts is address space,
 * and RLIMIT_AS and RLIMIT_DATA of the caller.
 */
#include "kernel/syscall.h"
#include "mm/internal.h"
#include "vdso/vdso.h"

#define PROT_SEM	0x8u
#define PROT_GROWSDOWN	0x01000000u	/* mprotect: from the start of the stack's mapping on */

static const char heap_name[] = "[heap]", stack_name[] = "[stack]";

/* ---- unmapping ---- */

/* Empties a part of a VMA, telling the gate if its page goes. */
static inline void empty(struct mm *mm, const struct vma *v, uint32_t start, uint32_t end)
{
	vma_zap(mm, v, start, end);
	if (unlikely(v->flags & VM_SPECIAL))
		vdso_moved(mm, start, 0);
}

/* These two shorten a VMA whose part has been emptied. */
static void cut_front(struct mm *mm, struct vma *v, uint32_t start)
{
	uint32_t gone = (start - v->start) >> PAGE_SHIFT;

	if (v->file)
		v->pgoff += gone;
	mm->total_vm -= gone;
	v->start = start;
}

static void cut_end(struct mm *mm, struct vma *v, uint32_t end)
{
	mm->total_vm -= (v->end - end) >> PAGE_SHIFT;
	v->end = end;
}

/*
 * A hole that ends at `next` has come into being or has grown: if that is above hole_top, what was
 * known of the holes there is wrong.
 */
static inline void note_hole(struct mm *mm, uint32_t end, const struct vma *next)
{
	if (end > mm->hole_top && mm->hole_top)
		mm->hole_top = MAX(mm->hole_top, MIN(next ? next->start : USER_END, mm->mmap_top));
}

/* The part of [addr, end) from v on, whatever lies there. */
static __attribute__((noinline)) int unmap_parts(struct mm *mm, struct vma *v, uint32_t addr, uint32_t end)
{
	struct vma *next;

	if (v->start < addr && v->end > end && vma_split(mm, v, end))
		return -ENOMEM;
	for (; v && v->start < end; v = next) {
		empty(mm, v, MAX(v->start, addr), MIN(v->end, end));
		next = v->next;
		if (v->start < addr)
			cut_end(mm, v, addr);
		else if (v->end > end)
			cut_front(mm, next = v, end);
		else
			vma_remove(mm, v);
	}
	note_hole(mm, end, v);
	return 0;
}

/* Unmapping one whole mapping, often the one used last, is the common case and needs no cutting. */
int mm_unmap(struct mm *mm, uint32_t addr, uint32_t len)
{
	struct vma *v = mm->hint;
	uint32_t end = addr + len;

	if (v->start != addr || v->end != end) {
		v = vma_find(mm, addr);
		if (!v || v->start >= end)
			return 0;
		if (v->start != addr || v->end != end)
			return unmap_parts(mm, v, addr, end);
	}
	empty(mm, v, addr, end);
	note_hole(mm, end, vma_remove(mm, v));
	return 0;
}

/* Private copies go as well, as on Linux. */
void mm_cut_file(const struct inode *inode, uint32_t first)
{
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1)) {
		struct mm *mm = process_mm(p);
		for (struct vma *v = mm ? mm->first : NULL; v; v = v->next) {
			uint32_t skip = first > v->pgoff ? first - v->pgoff : 0;
			if (v->file && v->file->inode == inode && skip < (v->end - v->start) >> PAGE_SHIFT)
				vma_zap(mm, v, v->start + (skip << PAGE_SHIFT), v->end);
		}
	}
}

/* ---- mapping ---- */

/*
 * Makes a VMA of [addr, addr + len), which is free and has `next` behind it, or makes it part of
 * one.
 */
static inline uint32_t map_at(struct mm *mm, uint32_t addr, uint32_t len, struct vma *next, uint32_t flags, struct file *file,
			      uint32_t pgoff, const char *name)
{
	struct vma *v = mm->vmas < VMA_MAX ? vma_alloc() : NULL;

	if (unlikely(!v))
		return -ENOMEM;
	v->start = addr;
	v->end = addr + len;
	v->file = file ? file_get(file) : NULL;
	v->pgoff = file ? pgoff : 0;
	v->name = name;
	v->touched = false;
	vma_set_flags(v, file ? flags : flags | VM_ANON);
	vma_link(mm, v, next);
	vma_merge(mm, v);
	return addr;
}

/* What malloc asks for: no wish, no file, nothing to replace. */
uint32_t mm_map_private(struct mm *mm, uint32_t len, uint32_t flags)
{
	struct vma *next;
	uint32_t addr = vma_find_hole(mm, len, &next);

	return unlikely(IS_ERR_VALUE(addr)) ? addr : map_at(mm, addr, len, next, flags, NULL, 0, NULL);
}

/* Makes a place free for a fixed mapping: 0 or what mmap says. */
static int clear_place(struct mm *mm, uint32_t addr, uint32_t len)
{
	if (addr > USER_END - len)
		return -ENOMEM;
	return addr < MMAP_MIN_ADDR ? -EPERM : mm_unmap(mm, addr, len);
}

uint32_t mm_map(struct mm *mm, uint32_t addr, uint32_t len, uint32_t flags, bool fixed, struct file *file, uint32_t pgoff)
{
	struct vma *next;

	if (unlikely(!len || len > USER_END))
		return len ? -ENOMEM : -EINVAL;
	if (fixed) {
		int error = clear_place(mm, addr, len);
		if (error)
			return error;
		next = vma_find(mm, addr);
	} else if (addr && vma_hole(mm, addr, len)) {
		next = vma_find(mm, addr);
	} else {
		addr = vma_find_hole(mm, len, &next);
		if (unlikely(IS_ERR_VALUE(addr)))
			return addr;
	}
	return map_at(mm, addr, len, next, flags, file, pgoff, flags & VM_GROWSDOWN ? stack_name : NULL);
}

uint32_t mm_map_special(struct mm *mm, uint32_t addr, pfn_t frame, uint32_t flags, const char *name)
{
	struct vma like = { .name = name, .special = frame }, *v;

	addr = MAX(addr, MMAP_MIN_ADDR);
	for (v = vma_find(mm, addr); v && v->start < addr + PAGE_SIZE; v = v->next)
		addr = v->end;
	vma_set_flags(&like, flags | VM_SPECIAL);
	v = addr < USER_END ? vma_copy(&like, addr, addr + PAGE_SIZE) : NULL;
	if (!v)
		return -ENOMEM;
	vma_link(mm, v, vma_find(mm, addr));
	return addr;
}

/* ---- rights ---- */

/*
 * A mapping may become writable unless it is the kernel's, or shared with a file that is only open
 * for reading.
 */
static bool may_have(const struct vma *v, uint32_t flags)
{
	if (!(flags & VM_WRITE))
		return true;
	if (v->flags & VM_SPECIAL)
		return false;
	return !(v->flags & VM_SHARED) || !v->file || (v->file->flags & O_ACCMODE) == O_RDWR;
}

/* New rights for the part of v in [start, end); *v becomes the VMA of that part. */
static int protect_part(struct mm *mm, struct vma **v, uint32_t start, uint32_t end, uint32_t flags)
{
	uint32_t merged = ((*v)->flags & ~(VM_ACCESS | VM_COPY)) | flags;
	int error;

	if (!((merged ^ (*v)->flags) & VM_ACCESS))
		return 0;
	if ((*v)->start < start) {
		error = vma_split(mm, *v, start);
		if (error)
			return error;
		*v = (*v)->next;
	}
	if ((*v)->end > end && (error = vma_split(mm, *v, end)))
		return error;
	error = (*v)->touched ? table_protect(mm, *v, flags) : 0;
	if (!error)
		vma_set_flags(*v, merged);
	return error;
}

/*
 * Rights beyond READ, WRITE and EXEC are refused; PROT_SEM is what some ancient library asks for
 * and means nothing on x86. As on Linux, what lies before a hole or a mapping that refuses has got
 * its new rights when the error is returned.
 */
long sys_mprotect(uint32_t addr, uint32_t len, uint32_t prot)
{
	struct mm *mm = current->mm;
	uint32_t end = addr + PAGE_ALIGN_UP(len), at = addr;
	struct vma *v = vma_find(mm, addr);
	int error = 0;

	if (prot & ~(VM_ACCESS | PROT_SEM | PROT_GROWSDOWN) || addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN && v && v->start < end) {
		if (!(v->flags & VM_GROWSDOWN))
			return -EINVAL;
		at = v->start;
	}
	while (!error && at < end) {
		if (!v || v->start > at)
			return -ENOMEM;
		error = may_have(v, prot) ? protect_part(mm, &v, at, end, prot & VM_ACCESS) : -EACCES;
		at = v->end;
		if (!error && v->prev)
			vma_merge(mm, v->prev);
		v = vma_find(mm, at);
	}
	if ((v = vma_find(mm, at - 1)))
		vma_merge(mm, v);
	return error;
}

/* ---- the break ---- */

/* A page above the heap stays free as well. */
static bool grow_heap(struct mm *mm, uint32_t from, uint32_t to)
{
	uint32_t len = to - from;

	return to - mm->brk_start <= current->process->rlimits[RLIMIT_DATA][0] && mm_within_limit(mm, len >> PAGE_SHIFT) &&
	       vma_hole(mm, from, len + PAGE_SIZE) &&
	       !IS_ERR_VALUE(map_at(mm, from, len, vma_find(mm, from), VM_READ | VM_WRITE, NULL, 0, heap_name));
}

/*
 * The break has byte precision, the mapping below it whole pages. A wish that can't be met returns
 * the break as it is.
 */
uint32_t mm_brk(struct mm *mm, uint32_t addr)
{
	uint32_t from = PAGE_ALIGN_UP(mm->brk), to = PAGE_ALIGN_UP(addr);

	if (addr < mm->brk_start || addr > USER_END - PAGE_SIZE)
		return mm->brk;
	if (to < from && mm_unmap(mm, to, from - to))
		return mm->brk;
	if (to > from && !grow_heap(mm, from, to))
		return mm->brk;
	mm->brk = addr;
	return addr;
}
