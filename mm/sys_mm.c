/* SPDX-License-Identifier: MIT */
/*
 * The system calls about memory: arguments checked as Linux does, in its order where a program
 * could tell; the work is mmap.c's and mremap.c's.
 *
 * PROT_* bits are VM_* bits. Memory that is shared and anonymous is a mapping of an unlinked file
 * of its own, so that it stays shared over fork also where nobody has touched it yet. MAP_POPULATE,
 * MAP_LOCKED and the like are allowed and do nothing: there is no swap, and pages come at the first
 * touch. The advice that is taken is MADV_DONTNEED and MADV_FREE; the harmless kinds are accepted.
 */
#include "abi/mman.h"
#include "kernel/fd.h"
#include "kernel/syscall.h"
#include "mm/internal.h"

/* Flags that make an mmap anything else than what malloc asks for. */
#define USUAL_MASK	(MAP_TYPE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN)

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC, "protections are VM flags");

/* Can this file be mapped so? 0 or what mmap says. */
static int check_file(const struct file *f, uint32_t vm)
{
	uint32_t access = f->flags & O_ACCMODE;

	if (access == O_WRONLY || ((vm & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE) && access != O_RDWR))
		return -EACCES;
	return file_mappable(f) ? 0 : -ENODEV;
}

/* VM_* flags of a mapping, or a negative errno. */
static int vm_flags(const struct file *f, uint32_t prot, uint32_t flags)
{
	uint32_t vm = prot & VM_ACCESS, type = flags & MAP_TYPE;
	int error;

	if (type == MAP_SHARED || (f && type == MAP_SHARED_VALIDATE))
		vm |= VM_SHARED;
	else if (type != MAP_PRIVATE)
		return -EINVAL;
	if (flags & MAP_GROWSDOWN && (f || vm & VM_SHARED))
		return -EINVAL;
	if (flags & MAP_GROWSDOWN)
		vm |= VM_GROWSDOWN;
	error = f ? check_file(f, vm) : 0;
	return error ? error : (int)vm;
}

/* Of a fixed mapping. */
static int check_place(struct mm *mm, uint32_t addr, uint32_t len, uint32_t flags)
{
	const struct vma *v;

	if (addr > USER_END - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	v = flags & MAP_FIXED_NOREPLACE ? vma_find(mm, addr) : NULL;
	return v && v->start < addr + len ? -EEXIST : 0;
}

/*
 * Whatever is not private memory without a wish for its place. Shared memory gets its file here.
 * MAP_GROWSDOWN makes a stack like the first, but without its name.
 */
static __attribute__((noinline)) uint32_t map_any(struct mm *mm, uint32_t addr, uint32_t len, uint32_t prot, uint32_t flags,
						 struct file *f, uint32_t pgoff)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE), unnamed = false;
	int error = fixed ? check_place(mm, addr, len, flags) : 0, vm;
	uint32_t at;

	if (error)
		return error;
	vm = vm_flags(f, prot, flags);
	if (vm < 0)
		return vm;
	if (!fixed && addr)
		addr = MAX(addr & PAGE_MASK, MMAP_MIN_ADDR);
	if (!f && vm & VM_SHARED) {
		f = file_anonymous();
		if (!f)
			return -ENOMEM;
		unnamed = true;
		pgoff = 0;
	}
	at = mm_map(mm, addr, len, vm, fixed, f, pgoff);
	if (unnamed)
		file_put(f);
	if (vm & VM_GROWSDOWN && !IS_ERR_VALUE(at))
		vma_find(mm, at)->name = NULL;
	return at;
}

/* fd is looked at before the rest, as Linux does. */
long sys_mmap2(uint32_t addr, uint32_t len, uint32_t prot, uint32_t flags, int fd, uint32_t pgoff)
{
	struct file *f = flags & MAP_ANONYMOUS ? NULL : fd_usable(fd);
	struct mm *mm = current->mm;

	if (!f && !(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (!len)
		return -EINVAL;
	len = PAGE_ALIGN_UP(len);
	if (!len || len > USER_END || !mm_within_limit(mm, len >> PAGE_SHIFT))
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (!addr && (flags & USUAL_MASK) == (MAP_PRIVATE | MAP_ANONYMOUS))
		return mm_map_private(mm, len, prot & VM_ACCESS);
	return map_any(mm, addr, len, prot, flags, f, pgoff);
}

long sys_old_mmap(const struct mmap_arg_struct *args)
{
	struct mmap_arg_struct a;

	if (copy_from_user(&a, args, sizeof(a)))
		return -EFAULT;
	if (a.offset & ~PAGE_MASK)
		return -EINVAL;
	return sys_mmap2(a.addr, a.len, a.prot, a.flags, a.fd, a.offset >> PAGE_SHIFT);
}

long sys_munmap(uint32_t addr, uint32_t len)
{
	if (addr & ~PAGE_MASK || addr > USER_END || len > USER_END - addr || !len)
		return -EINVAL;
	return mm_unmap(current->mm, addr, PAGE_ALIGN_UP(len));
}

/* True when [addr, end) is mapped without a gap. */
static bool all_mapped(struct mm *mm, uint32_t addr, uint32_t end)
{
	while (addr < end) {
		struct vma *v = vma_find(mm, addr);
		if (!v || v->start > addr)
			return false;
		addr = v->end;
	}
	return true;
}

/* [addr, *end) of whole pages: 0, -EINVAL, or `wraps` if it reaches beyond the address space. */
static int check_range(uint32_t addr, uint32_t len, uint32_t *end, int wraps)
{
	*end = addr + PAGE_ALIGN_UP(len);
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	return *end < addr || (len && !PAGE_ALIGN_UP(len)) ? wraps : 0;
}

/* A mapping shows the file's own frames, so there is nothing to write back. */
long sys_msync(uint32_t addr, uint32_t len, int flags)
{
	uint32_t end;
	int error = check_range(addr, PAGE_ALIGN_UP(len), &end, -ENOMEM);	/* nearly 4 GiB become none, as on Linux */

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	return error ? error : all_mapped(current->mm, addr, end) ? 0 : -ENOMEM;
}

/* Gives the pages of a range back; the mappings stay. What is not mapped is skipped. */
static int drop(struct mm *mm, uint32_t addr, uint32_t end, bool anonymous_only)
{
	for (struct vma *v = vma_find(mm, addr); v && v->start < end; v = v->next) {
		if (v->flags & VM_SPECIAL || (anonymous_only && v->file))
			return -EINVAL;
		vma_zap(mm, v, MAX(v->start, addr), MIN(v->end, end));
	}
	return 0;
}

/*
 * As on Linux the advice is taken for what is mapped, and -ENOMEM returned if something was not.
 * Kinds 0 to 3 are about reading ahead.
 */
long sys_madvise(uint32_t addr, uint32_t len, int advice)
{
	bool drops = advice == MADV_DONTNEED || advice == MADV_FREE;
	uint32_t end;
	int error = check_range(addr, len, &end, -EINVAL);

	if (!drops && (advice < MADV_NORMAL || advice > MADV_WILLNEED))
		return -EINVAL;
	if (!error && drops)
		error = drop(current->mm, addr, end, advice == MADV_FREE);
	return error ? error : all_mapped(current->mm, addr, end) ? 0 : -ENOMEM;
}
