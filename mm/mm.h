/* SPDX-License-Identifier: MIT */
/*
 * User address spaces: the page tables of a process, its mappings (VMAs), demand paging and
 * copy-on-write.
 *
 * VMAs are sorted by address and never overlap. Pages appear at the first touch: zeroed for
 * anonymous memory, the file's page for file mappings. fork shares all private pages read-only and
 * counts references; the first write copies, unless the writer is the last one. A page table is
 * announced before it is hooked in and released before reuse. Freed page-table pages are all zero,
 * a few of them are kept for the next process. Everything runs on the one CPU without preemption in
 * the kernel.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "mm/page.h"
#include "pv/pv_types.h"

struct file;
struct inode;
struct regs;

#define VM_READ		0x01u
#define VM_WRITE	0x02u
#define VM_EXEC		0x04u
#define VM_SHARED	0x08u
#define VM_GROWSDOWN	0x10u	/* a stack: grows towards lower addresses, one page stays free below it */
#define VM_SPECIAL	0x20u	/* pages are the kernel's own (VDSO): never counted, never copied on write, not writable */
/* Set by mm/ itself: */
#define VM_ANON		0x40u	/* private memory without a file */
#define VM_COPY		0x80u	/* private and writable: the first write to a page makes or copies it */

struct vma {
	struct vma *next, *prev;
	uint32_t start, end;	/* page aligned, end exclusive */
	uint32_t flags;		/* VM_* */
	uint32_t entry_high;	/* upper half of the page-table entries: PTE_NX or nothing */
	uint32_t pgoff;		/* file offset of start, in pages; without a file 0 */
	struct file *file;	/* referenced; NULL = anonymous */
	const char *name;	/* "[vdso]", "[stack]", "[heap]", or NULL; a string constant */
	pfn_t special;		/* VM_SPECIAL: the frame; such a VMA is one page long, so it is never cut */
	bool touched;		/* there may be pages; false: there are none */
};

struct mm {
	pgd_t *pgd;		/* 4 entries, 32-byte aligned, in the direct map */
	struct vma *first, *last;
	struct vma *hint;	/* where to look first: the VMA found last; never NULL, but it may be one that covers nothing */
	uint32_t pt_base;	/* first address of the page table used last; 0xFFFFFFFF: none */
	pte_t *pt;		/* that page table, */
	struct page *pt_page;	/* and its record */
	uint32_t hole_top;	/* every hole between hole_top and mmap_top is smaller than hole_size bytes */
	uint32_t hole_size;
	uint32_t users;		/* tasks that run in it */
	uint32_t vmas;		/* how many */
	uint32_t total_vm;	/* pages mapped by VMAs */
	uint32_t rss;		/* user pages present */
	uint32_t brk_start, brk;
	uint32_t mmap_top;	/* mappings without an address go below this, downwards */
	uint32_t stack_limit;	/* bytes a VM_GROWSDOWN area may grow to: RLIMIT_STACK */
	uint32_t vdso_base;	/* where this process sees the VDSO page; 0 = none. mremap moves it */
	uint32_t landing_pad;	/* address that SYSENTER returns to; 0 = this process has no gate */
	uint32_t arg_start, arg_end, env_start, env_end;
	struct file *exe;	/* referenced */
	uint64_t *ldt;		/* from kmalloc, NULL: none */
	uint32_t ldt_entries;
	struct mm *hidden;	/* holds the pages of PROT_NONE mappings; NULL: there never were any */
};

/* User pages present, hidden ones too. */
static inline uint32_t mm_resident(const struct mm *mm) { return mm->rss + (mm->hidden ? mm->hidden->rss : 0); }
extern struct mm init_mm;	/* the kernel's own page tables; no VMAs */

/*
 * The kernel's final page tables, those of vmalloc and the fixmap included. After page_init; the
 * text stays writable until mm_protect_kernel.
 */
void mm_init(void);
/*
 * Makes text, read-only data and .data.ro_after_init what their names say, and takes the identity
 * map of boot away.
 */
void mm_protect_kernel(void);
struct mm *mm_create(void);			/* users = 1, empty user half; NULL: out of memory */
struct mm *mm_fork(struct mm *from);		/* a copy-on-write copy; NULL: out of memory */
void mm_put(struct mm *mm);			/* drops a user; the last one tears everything down */
void mm_activate(struct mm *mm);		/* loads its page tables, unless they are loaded */
/* The current task goes over to another address space; NULL: to none, as a kernel task. Returns what it had. */
struct mm *mm_use(struct mm *mm);

/* Sets a descriptor of the current task's LDT, 0 to LDT_ENTRIES - 1, which grows to hold it; or -ENOMEM. */
int mm_set_ldt(uint32_t index, uint64_t descriptor);

struct vma *vma_find(struct mm *mm, uint32_t addr);	/* first VMA with end > addr, or NULL */

/*
 * mmap for the kernel and for sys_mmap. addr and len are page multiples; flags are
 * VM_READ|VM_WRITE|VM_EXEC, plus VM_SHARED / VM_GROWSDOWN (named "[stack]"). fixed: replace what is
 * there, else addr is a wish, or 0. file may be NULL (anonymous, never shared); the new mapping
 * takes its own reference. Returns the address or a negative errno (addresses are below 0xC0000000
 * and errnos above 0xFFFFF000, so tell them apart by IS_ERR_VALUE).
 */
uint32_t mm_map(struct mm *mm, uint32_t addr, uint32_t len, uint32_t flags, bool fixed, struct file *file, uint32_t pgoff);
int mm_unmap(struct mm *mm, uint32_t addr, uint32_t len);
/* brk: the new break, or the old one if that can't be. */
uint32_t mm_brk(struct mm *mm, uint32_t addr);
/*
 * A file loses its pages from number `first` on: takes them out of every process's mappings of it.
 */
void mm_cut_file(const struct inode *inode, uint32_t first);
/*
 * A mapping of one frame of the kernel's own (VDSO code or data), at addr if that is free, else at
 * the first page above it that is. flags: VM_READ or VM_READ | VM_EXEC; name: a string constant.
 * Returns the address, or -ENOMEM.
 */
uint32_t mm_map_special(struct mm *mm, uint32_t addr, pfn_t frame, uint32_t flags, const char *name);

#define IS_ERR_VALUE(x)	((uint32_t)(x) >= 0xFFFFF001u)

/*
 * A page fault, called by the trap code with interrupts as the interrupted code had them. error:
 * the CPU's bits (1 protection, 2 write, 4 user, 16 fetch). Returns 0 when handled, else the signal
 * number to raise (SIGSEGV, SIGBUS) with *si_code set (SEGV_MAPERR 1, SEGV_ACCERR 2, BUS_ADRERR 2).
 * For faults in kernel mode on user addresses 0 or non-zero; the caller then tries the fixup table.
 */
int mm_fault(struct mm *mm, uint32_t addr, uint32_t error, uint32_t user_esp, int *si_code);
/*
 * The two commonest cases, for a fault that is a write: the first to a page of anonymous memory, or
 * to a page shared since fork, where VMA and page table are those used last. False: something else,
 * nothing has happened, and mm_fault is to be asked. mm is not NULL. entry.asm calls it first.
 */
bool mm_fault_quick(struct mm *mm, uint32_t addr);

/*
 * Frees memory by killing: called when page_alloc fails on behalf of a user task. The biggest
 * process but process 1 gets SIGKILL and loses its pages at once. 1: try again. 0: current itself
 * is the victim. -1: there is none.
 */
int oom_kill(void);

#endif
