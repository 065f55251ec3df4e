/* SPDX-License-Identifier: MIT */
/*
 * Address spaces as a whole: made, loaded, copied for fork, torn down.
 *
 * Which page tables the processor has loaded is remembered here, so that tasks of one process and
 * kernel tasks cost no reload. An address space that loses its last user is unloaded first; then
 * its VMAs are emptied one by one, which frees the page tables under them as well.
 *
 * fork copies the VMAs and, for each, the entries that are present; private pages become read-only
 * on both sides and are copied by whoever writes first. It refuses while there is still some memory
 * left, because each page of the child may need a copy soon.
 */
#include "arch/x86/desc.h"
#include "kernel/file.h"
#include "mm/internal.h"

#define DEFAULT_MMAP_TOP	0xB0000000u	/* until exec chooses */
#define DEFAULT_STACK_LIMIT	(8u << 20)
#define FORK_RESERVE		64u		/* frames that fork leaves free, or a 32nd of all where that is less */

static __attribute__((noinline)) void activate_with_ldt(struct mm *prev, struct mm *next)
{
	ldt_load(next->ldt, next->ldt_entries);
	pv_activate(prev, next);
}

void mm_activate(struct mm *next)
{
	struct mm *prev = mm_loaded;

	if (next == prev)
		return;
	mm_loaded = next;
	if (unlikely((uint32_t)prev->ldt | (uint32_t)next->ldt))
		activate_with_ldt(prev, next);
	else
		pv_activate(prev, next);
}

struct mm *mm_use(struct mm *mm)
{
	struct mm *old = current->mm;

	current->mm = mm;
	mm_activate(mm ? mm : &init_mm);
	return old;
}

/* mm gets an LDT of so many entries, the first of which are from's. False: out of memory. */
static bool give_ldt(struct mm *mm, const struct mm *from, uint32_t entries)
{
	uint64_t *ldt = kzalloc(entries * sizeof(*ldt));

	if (!ldt)
		return false;
	memcpy(ldt, from->ldt, from->ldt_entries * sizeof(*ldt));
	mm->ldt = ldt;
	mm->ldt_entries = entries;
	return true;
}

/* It grows by pages. */
int mm_set_ldt(uint32_t index, uint64_t descriptor)
{
	struct mm *mm = current->mm;
	uint64_t *old = mm->ldt;

	if (index >= mm->ldt_entries) {
		if (!give_ldt(mm, mm, (index | (PAGE_SIZE / sizeof(*old) - 1)) + 1))
			return -ENOMEM;
		ldt_load(mm->ldt, mm->ldt_entries);
		kfree(old);
	}
	mm->ldt[index] = descriptor;
	return 0;
}

/* A new address space with the values of another, but without mappings; NULL: out of memory. */
static struct mm *mm_new(const struct mm *like)
{
	struct mm *mm = kmalloc(sizeof(*mm));

	if (!mm)
		return NULL;
	memcpy(mm, like, sizeof(*mm));
	mm->hidden = NULL;
	mm->ldt = NULL;
	mm->first = mm->last = NULL;
	mm->hint = &vma_none;
	mm->pt_base = PT_NONE;
	mm->vmas = mm->total_vm = mm->rss = 0;
	mm->users = 1;
	mm->pgd = pv_pgd_alloc(mm);
	if (!mm->pgd) {
		kfree(mm);
		return NULL;
	}
	if (mm->exe)
		file_get(mm->exe);
	return mm;
}

/* Everything else is exec's to fill in. */
struct mm *mm_create(void)
{
	static const struct mm fresh = { .mmap_top = DEFAULT_MMAP_TOP, .stack_limit = DEFAULT_STACK_LIMIT };

	return mm_new(&fresh);
}

/* Appends a copy of v. False: out of memory; what was copied so far goes with the child. */
static bool copy_vma(struct mm *to, struct mm *from, const struct vma *v)
{
	struct vma *copy = vma_copy(v, v->start, v->end);

	if (!copy)
		return false;
	vma_link(to, copy, NULL);
	if (!v->touched || !vma_home(from, v))
		return true;
	if (likely(v->flags & VM_ACCESS))
		return table_copy(to, from, copy) == 0;
	return (to->hidden || (to->hidden = mm_create())) && table_copy(to->hidden, from->hidden, copy) == 0;
}

/*
 * The parent's entries may have become read-only whether it works or not, so its TLB is flushed in
 * any case, once.
 */
struct mm *mm_fork(struct mm *from)
{
	struct mm *mm = pages_free() > MIN(FORK_RESERVE, pages_total() / 32) ? mm_new(from) : NULL;
	const struct vma *v;

	if (!mm)
		return NULL;
	for (v = from->first; v && copy_vma(mm, from, v); v = v->next)
		;
	if (from == mm_loaded)
		pv_flush_tlb_user();
	if (!v && (!from->ldt || give_ldt(mm, from, from->ldt_entries)))
		return mm;
	mm_put(mm);
	return NULL;
}

/* VMAs are not unlinked one by one: nobody looks at the list any more. */
void mm_put(struct mm *mm)
{
	if (--mm->users)
		return;
	if (mm == mm_loaded)
		mm_activate(&init_mm);
	for (struct vma *v = mm->first, *next; v; v = next) {
		next = v->next;
		vma_zap(mm, v, v->start, v->end);
		vma_free(v);
	}
	if (mm->hidden)
		mm_put(mm->hidden);
	if (mm->exe)
		file_put(mm->exe);
	pv_pgd_free(mm, mm->pgd);
	kfree(mm->ldt);
	kfree(mm);
}
