/* SPDX-License-Identifier: MIT */
/*
 * mremap: shrinking, growing in place, and moving a part of one mapping, pages and all.
 *
 * A move makes the new VMA first, then the tables for it, and only then moves the entries, so that
 * nothing has changed when memory runs out. The old part is unmapped last, when it is empty. Moving
 * the gate's page is ordinary but for telling the gate (vdso_moved), which keeps the process's
 * landing pad right.
 *
 * Growing never crosses into another mapping: without MREMAP_MAYMOVE it fails. An old length of 0
 * makes a second view of shared memory.
 */
#include "abi/mman.h"
#include "kernel/syscall.h"
#include "mm/internal.h"
#include "vdso/vdso.h"

/* The VMA of all of [addr, addr + len), or NULL. */
static struct vma *covering(struct mm *mm, uint32_t addr, uint32_t len)
{
	struct vma *v = vma_find(mm, addr);

	return v && v->start <= addr && len <= v->end - addr ? v : NULL;
}

/* The next `more` bytes are free: v simply becomes longer. */
static bool grow_in_place(struct mm *mm, struct vma *v, uint32_t more)
{
	if (!vma_hole(mm, v->end, more) || !mm_within_limit(mm, more >> PAGE_SHIFT))
		return false;
	v->end += more;
	mm->total_vm += more >> PAGE_SHIFT;
	vma_merge(mm, v);
	return true;
}

/* Cuts [from, from + len) out of v as a VMA of its own; NULL: out of memory. */
static struct vma *isolate(struct mm *mm, struct vma *v, uint32_t from, uint32_t len)
{
	if (v->start < from) {
		if (vma_split(mm, v, from))
			return NULL;
		v = v->next;
	}
	return v->end > from + len && vma_split(mm, v, from + len) ? NULL : v;
}

/*
 * The old part ends up as a VMA of its own, so that unmapping it can't fail. Then the new VMA, then
 * the pages: when memory runs out before they have moved, the new VMA goes and the pieces grow
 * together again.
 */
static uint32_t move(struct mm *mm, struct vma *v, uint32_t from, uint32_t old_len, uint32_t to, uint32_t new_len)
{
	struct vma *piece = isolate(mm, v, from, old_len);
	struct vma *moved = piece && mm->vmas < VMA_MAX ? vma_copy(piece, to, to + new_len) : NULL;
	struct mm *home = piece ? vma_home(mm, piece) : NULL;

	if (moved) {
		moved->flags &= ~VM_GROWSDOWN;
		moved->touched = true;
		vma_link(mm, moved, vma_find(mm, to));
	}
	if (!moved || (home && table_move(home, from, home, to, MIN(old_len, new_len)))) {
		if (moved)
			vma_remove(mm, moved);
		vma_merge(mm, vma_find(mm, from));
		return -ENOMEM;
	}
	if (moved->flags & VM_SPECIAL)
		vdso_moved(mm, from, to);
	mm_unmap(mm, from, old_len);
	vma_merge(mm, moved);
	return to;
}

/*
 * An old length of 0: maps once more what v, which is shared, shows from addr on, at `to`, which is
 * free if it isn't 0.
 */
static uint32_t second_view(struct mm *mm, const struct vma *v, uint32_t addr, uint32_t len, uint32_t to)
{
	uint32_t pgoff = v->pgoff + ((addr - v->start) >> PAGE_SHIFT);

	if (!(v->flags & VM_SHARED))
		return -EINVAL;
	if (!mm_within_limit(mm, len >> PAGE_SHIFT))
		return -ENOMEM;
	return mm_map(mm, to, len, v->flags & (VM_ACCESS | VM_SHARED), to, v->file, pgoff);
}

/*
 * MREMAP_FIXED: what is at new_addr goes first, then what is cut off the old end, as on Linux, even
 * if the move fails after that.
 */
static uint32_t move_fixed(struct mm *mm, uint32_t addr, uint32_t old_len, uint32_t new_len, uint32_t new_addr)
{
	int error = 0;
	struct vma *v;

	if (new_addr & ~PAGE_MASK || new_len > USER_END || new_addr > USER_END - new_len)
		return -EINVAL;
	if (addr + old_len > new_addr && new_addr + new_len > addr)
		return -EINVAL;
	if (new_addr < MMAP_MIN_ADDR)
		return -EPERM;
	error = mm_unmap(mm, new_addr, new_len);
	if (!error && old_len > new_len) {
		error = mm_unmap(mm, addr + new_len, old_len - new_len);
		old_len = new_len;
	}
	if (error)
		return error;
	v = covering(mm, addr, old_len);
	if (v && !old_len)
		return second_view(mm, v, addr, new_len, new_addr);
	if (!v || (v->flags & VM_SPECIAL && new_len != old_len))
		return -EFAULT;
	if (new_len > old_len && !mm_within_limit(mm, (new_len - old_len) >> PAGE_SHIFT))
		return -ENOMEM;
	return move(mm, v, addr, old_len, new_addr, new_len);
}

/*
 * Shrinking may cover several mappings; everything else concerns one. MREMAP_DONTUNMAP (Linux 5.7)
 * is not known here.
 */
long sys_mremap(uint32_t addr, uint32_t old_len, uint32_t new_len, uint32_t flags, uint32_t new_addr)
{
	struct mm *mm = current->mm;
	struct vma *v, *next;
	uint32_t to;

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) || (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)) || addr & ~PAGE_MASK)
		return -EINVAL;
	old_len = PAGE_ALIGN_UP(old_len);
	new_len = PAGE_ALIGN_UP(new_len);
	if (!new_len)
		return -EINVAL;
	if (addr >= USER_END || old_len > USER_END - addr)
		return new_len < old_len && !(flags & MREMAP_FIXED) ? -EINVAL : -EFAULT;
	if (flags & MREMAP_FIXED)
		return move_fixed(mm, addr, old_len, new_len, new_addr);
	v = vma_find(mm, addr);
	if (new_len <= old_len)
		return !v || v->start > addr ? -EFAULT : (old_len - new_len ? mm_unmap(mm, addr + new_len, old_len - new_len) : 0) ?: (long)addr;
	v = covering(mm, addr, old_len);
	if (v && !old_len)
		return flags & MREMAP_MAYMOVE || !(v->flags & VM_SHARED) ? second_view(mm, v, addr, new_len, 0) : (uint32_t)-ENOMEM;
	if (!v || v->flags & VM_SPECIAL)
		return -EFAULT;
	if (v->end == addr + old_len && grow_in_place(mm, v, new_len - old_len))
		return addr;
	if (!(flags & MREMAP_MAYMOVE) || !mm_within_limit(mm, (new_len - old_len) >> PAGE_SHIFT))
		return -ENOMEM;
	to = vma_find_hole(mm, new_len, &next);
	return IS_ERR_VALUE(to) ? to : move(mm, v, addr, old_len, to, new_len);
}
