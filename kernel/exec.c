/* SPDX-License-Identifier: MIT */
/*
 * execve: a new program for the current process.
 *
 * Everything that can fail happens first: the file is found (through scripts to their interpreters), strings are copied
 * into kernel pages, a new address space is built beside the old one, the program and its interpreter are mapped in it
 * and its stack is written. While it is being written it is loaded and is current->mm, so that user copies and page
 * faults work on it; if anything goes wrong the old one is loaded again and nothing has changed. Then commit() makes the
 * change, which can't fail any more.
 *
 * The address space: program where it says (or at PIE_BASE), brk behind it, mappings from mmap_top down, the stack, and
 * above the stack the VDSO in the same 2 MiB, so that one page table serves both. Everything but ET_EXEC programs is
 * moved by random pages unless norandmaps is given. What is left to the interpreter or the C library: relocation, TLS,
 * RELRO. There are no set-user-id programs.
 */
#include "kernel/exec.h"

#include "abi/auxv.h"
#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "arch/x86/cpu.h"
#include "arch/x86/fpu.h"
#include "arch/x86/task_switch.h"
#include "boot/cmdline.h"
#include "kernel/elf.h"
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/random.h"
#include "kernel/script.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "pv/pv_ops.h"
#include "vdso/vdso.h"

#define ARG_PAGES	32u		/* strings and their pointers together: 128 KiB */
#define HEAD_BYTES	512u		/* of a file, read at once; nearly always enough for the program headers */
#define SLOT_BYTES	0x200000u	/* the stack's top and the VDSO are in one of the highest 32 */
#define SLOT_STACK	64u		/* pages from the slot's start to the lowest top of a stack */
#define STACK_SPARE	0x20000u	/* mapped below the initial stack from the start */
#define PIE_BASE	0x56555000u
#define MIN_GAP		0x800000u	/* left for the stack, whatever its limit says */
#define MAX_GAP		0x40000000u

union head { Elf32_Ehdr eh; char text[HEAD_BYTES + 1]; };

/* One ELF file: the program, or its interpreter. */
struct program {
	struct file *file;		/* referenced, or NULL */
	uint32_t have;			/* bytes of head that are there */
	union head *head;
	void *more;			/* program headers that head has no room for */
	const void *phdrs;
	struct elf_plan plan;
	uint32_t bias;
};

/* Where strings come from: the vectors of a system call, or of the kernel. */
struct source { bool user; uint32_t argv, envp; };

/* How many pages, and for the top how many slots, things are moved by. */
struct layout {
	uint32_t stack : 8, vdso : 7, slot : 5, brk : 10;
	uint32_t mappings : 12, program : 12;
};

struct exec {
	struct program program, interp;
	char *page[ARG_PAGES];		/* of kmalloc: path, arguments, environment, platform, each with its NUL */
	uint32_t used;			/* bytes of strings */
	uint32_t args_at, env_at, platform_at;	/* offsets among them */
	uint32_t argc, envc;
	const char *word[2 * SCRIPT_DEPTH + 1];	/* a script's words: what takes the place of argv[0]; the last is the path */
	unsigned words;
	uint32_t stack_top, strings, esp;	/* user addresses */
	struct { uint32_t seed[4]; struct layout move; } random;	/* seed: AT_RANDOM */
	union head heads[2];		/* last: the only part that does not begin as zeros */
};

/* ---- strings ---- */

/* Room at the end of the strings: its address, and how much of it is in one piece. */
static int make_room(struct exec *x, char **at, uint32_t *room)
{
	uint32_t n = x->used / PAGE_SIZE;

	if (n >= ARG_PAGES)
		return -E2BIG;
	if (!x->page[n] && !(x->page[n] = kmalloc(PAGE_SIZE)))
		return -ENOMEM;
	*at = x->page[n] + x->used % PAGE_SIZE;
	*room = PAGE_SIZE - x->used % PAGE_SIZE;
	return 0;
}

static int add_user(struct exec *x, uint32_t from)
{
	for (;;) {
		uint32_t room;
		char *at;
		int n = make_room(x, &at, &room);

		if (n)
			return n;
		n = strncpy_from_user(at, (const char *)from, room);
		if (n >= 0) {
			x->used += n + 1;
			return 0;
		}
		if (n != -ENAMETOOLONG)
			return n;
		x->used += room;
		from += room;
	}
}

/* The path comes first of all strings, so it is in one piece: page[0]. */
static int add_path(struct exec *x, uint32_t path)
{
	uint32_t room;
	char *at;
	int n = make_room(x, &at, &room);

	if (!n)
		n = strncpy_from_user(at, (const char *)path, room);
	if (n < 0)
		return n;
	x->used = n + 1;
	return 0;
}

static int add_kernel(struct exec *x, const char *from)
{
	for (uint32_t left = strlen(from) + 1, room; left; left -= room, from += room, x->used += room) {
		char *at;
		int err = make_room(x, &at, &room);

		if (err)
			return err;
		room = MIN(room, left);
		memcpy(at, from, room);
	}
	return 0;
}

/* The strings of a vector but the first `skip` ones; their number is added to *count. */
static int add_vector(struct exec *x, bool user, uint32_t vector, unsigned skip, uint32_t *count)
{
	for (; vector; vector += 4) {
		uint32_t string;
		int err = 0;

		if (user)
			err = get_user_u32(&string, (const void *)vector);
		else
			string = *(const uint32_t *)vector;
		if (err || !string)
			return err;
		if (skip) {
			skip--;
			continue;
		}
		err = user ? add_user(x, string) : add_kernel(x, (const char *)string);
		if (err)
			return err;
		++*count;
		if (4 * (x->argc + x->envc) + x->used > ARG_PAGES * PAGE_SIZE)
			return -E2BIG;
	}
	return 0;
}

/* The path stands in the strings already. A program always has an argv[0], be it empty. */
static int add_strings(struct exec *x, const struct source *from)
{
	bool script = x->words > 1;
	int err = 0;

	x->args_at = x->used;
	for (unsigned i = 0; script && i < x->words && !err; i++, x->argc++)
		err = add_kernel(x, x->word[i]);
	if (!err)
		err = add_vector(x, from->user, from->argv, script, &x->argc);
	if (!err && !x->argc) {
		err = add_kernel(x, "");
		x->argc = 1;
	}
	x->env_at = x->used;
	if (!err)
		err = add_vector(x, from->user, from->envp, 0, &x->envc);
	x->platform_at = x->used;
	return err ? err : add_kernel(x, "i686");
}

/* ---- files ---- */

static int program_open(struct program *p, const char *path)
{
	struct file *f = file_open_exec(path);

	if (IS_ERR_VALUE(f))
		return (int)f;
	int n = file_read_kernel(f, p->head->text, HEAD_BYTES, 0);
	if (n < 0) {
		file_put(f);
		return n;
	}
	p->file = f;
	p->have = n;
	return 0;
}

static void program_close(struct program *p)
{
	if (p->file)
		file_put(p->file);
	kfree(p->more);
	p->file = NULL;
	p->more = NULL;
}

/* Checks everything about the file that can be known before it is mapped. */
static int program_survey(struct program *p)
{
	const Elf32_Ehdr *eh = &p->head->eh;
	uint32_t bytes;
	int err;

	if (p->have < sizeof(*eh))
		return -ENOEXEC;
	err = elf_check(eh);
	if (err)
		return err;
	bytes = eh->e_phnum * sizeof(Elf32_Phdr);
	p->phdrs = p->head->text + eh->e_phoff;
	if (eh->e_phoff > p->have || bytes > p->have - eh->e_phoff) {
		p->phdrs = p->more = kmalloc(bytes);
		if (!p->more)
			return -ENOMEM;
		if (file_read_kernel(p->file, p->more, bytes, eh->e_phoff) != (int)bytes)
			return -ENOEXEC;
	}
	return elf_survey(eh, p->phdrs, &p->plan);
}

/* A script: its interpreter and argument go in front of the words, the first of which so far is the script's own path. */
static int push_script_words(struct exec *x, char *head, uint32_t have)
{
	char *interp, *arg, *copy[2] = { NULL, NULL };
	int err = script_parse(head, have, &interp, &arg);

	if (err)
		return err;
	copy[0] = kstrdup(interp);
	copy[1] = arg ? kstrdup(arg) : NULL;
	if (!copy[0] || (arg && !copy[1])) {
		kfree(copy[0]);
		kfree(copy[1]);
		return -ENOMEM;
	}
	unsigned n = arg ? 2 : 1;
	memmove(x->word + n, x->word, x->words * sizeof(x->word[0]));
	memcpy(x->word, copy, n * sizeof(copy[0]));
	x->words += n;
	return 0;
}

static int find_program(struct exec *x)
{
	struct program *p = &x->program;

	for (int depth = 0;; depth++) {
		int err = program_open(p, x->word[0]);

		if (err)
			return err;
		if (p->have < 2 || p->head->text[0] != '#' || p->head->text[1] != '!')
			return program_survey(p);
		err = depth < SCRIPT_DEPTH ? push_script_words(x, p->head->text, p->have) : -ELOOP;
		if (err)
			return err;
		program_close(p);
	}
}

static int find_interpreter(struct exec *x)
{
	const struct elf_plan *plan = &x->program.plan;
	char *name;
	int err;

	if (!plan->interp_size)
		return 0;
	name = kmalloc(plan->interp_size);
	if (!name)
		return -ENOMEM;
	err = file_read_kernel(x->program.file, name, plan->interp_size, plan->interp_offset);
	err = err == (int)plan->interp_size && !name[plan->interp_size - 1] ? program_open(&x->interp, name) : -ENOEXEC;
	kfree(name);
	return err ? err : program_survey(&x->interp);
}

/* ---- the new address space ---- */

static uint32_t segment_flags(uint32_t p_flags)
{
	return (p_flags & PF_R ? VM_READ : 0) | (p_flags & PF_W ? VM_WRITE : 0) | (p_flags & PF_X ? VM_EXEC : 0);
}

/* elf_survey has checked the numbers, and the caller that bias moves them to no worse a place. */
static int load_segment(struct mm *mm, const struct program *p, const Elf32_Phdr *ph)
{
	uint32_t flags = segment_flags(ph->p_flags), at = ph->p_vaddr + p->bias;
	uint32_t start = PAGE_ALIGN_DOWN(at), file_end = at + ph->p_filesz, end = PAGE_ALIGN_UP(at + ph->p_memsz);
	uint32_t zero_from = ph->p_filesz ? PAGE_ALIGN_UP(file_end) : start, got = 0;

	if (ph->p_filesz)
		got = mm_map(mm, start, zero_from - start, flags, true, p->file, ph->p_offset >> PAGE_SHIFT);
	if (!IS_ERR_VALUE(got) && end > zero_from)
		got = mm_map(mm, zero_from, end - zero_from, flags, true, NULL, 0);
	if (IS_ERR_VALUE(got))
		return (int)got;
	/* The rest of the last page of file contents belongs to .bss. */
	if (ph->p_memsz > ph->p_filesz && ph->p_filesz && flags & VM_WRITE)
		return clear_user((void *)file_end, zero_from - file_end) ? -ENOEXEC : 0;
	return 0;
}

static int load(struct mm *mm, const struct program *p)
{
	for (unsigned i = 0; i < p->head->eh.e_phnum; i++) {
		Elf32_Phdr ph = elf_phdr(p->phdrs, i);
		int err = ph.p_type == PT_LOAD && ph.p_memsz ? load_segment(mm, p, &ph) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int load_program(struct exec *x, struct mm *mm)
{
	struct program *p = &x->program;

	if (p->plan.relocatable)
		p->bias = PIE_BASE + x->random.move.program * PAGE_SIZE - p->plan.low;
	if (p->plan.high - p->plan.low > mm->mmap_top || p->plan.low + p->bias > mm->mmap_top - (p->plan.high - p->plan.low))
		return -ENOMEM;
	mm->brk_start = PAGE_ALIGN_UP(p->plan.end + p->bias) + x->random.move.brk * PAGE_SIZE;
	if (mm->brk_start > mm->mmap_top)
		mm->brk_start = PAGE_ALIGN_UP(p->plan.end + p->bias);
	mm->brk = mm->brk_start;
	mm->exe = file_get(p->file);
	return load(mm, p);
}

/* Wherever there is room: found by mapping nothing there and taking that away again. */
static int load_interpreter(struct exec *x, struct mm *mm)
{
	struct program *p = &x->interp;
	uint32_t bytes = p->plan.high - p->plan.low, at;

	if (!p->file)
		return 0;
	if (p->plan.relocatable) {
		at = mm_map(mm, 0, bytes, 0, false, NULL, 0);
		if (IS_ERR_VALUE(at))
			return (int)at;
		mm_unmap(mm, at, bytes);
		p->bias = at - p->plan.low;
	} else if (p->plan.high > mm->mmap_top) {
		return -ENOMEM;
	}
	return load(mm, p);
}

/* Stack, VDSO above it, and where mappings go. */
static int lay_out(struct exec *x, struct mm *mm)
{
	const struct layout *move = &x->random.move;
	uint32_t limit = current->process->rlimits[RLIMIT_STACK][0], gap = MIN(MAX(limit, MIN_GAP), MAX_GAP);
	uint32_t flags = VM_READ | VM_WRITE | VM_GROWSDOWN | (x->program.plan.exec_stack ? VM_EXEC : 0);
	uint32_t bytes = PAGE_ALIGN_UP(x->used + 4 * (x->argc + x->envc) + PAGE_SIZE) + PAGE_ALIGN_DOWN(MIN(limit, STACK_SPARE)), got;

	x->stack_top = USER_END - (move->slot + 1) * SLOT_BYTES + (SLOT_STACK + move->stack) * PAGE_SIZE;
	mm->stack_limit = limit;
	mm->mmap_top = PAGE_ALIGN_DOWN(x->stack_top - gap) - SLOT_BYTES - move->mappings * PAGE_SIZE;
	got = mm_map(mm, x->stack_top - bytes, bytes, flags, true, NULL, 0);
	if (IS_ERR_VALUE(got))
		return (int)got;
	return vdso_map(mm, x->stack_top + (1 + move->vdso) * PAGE_SIZE);
}

/* ---- the initial stack ---- */

static void aux(struct mm *mm, uint32_t type, uint32_t value)
{
	mm->auxv[mm->auxv_len++] = type;
	mm->auxv[mm->auxv_len++] = value;
}

/* In Linux's order (abi linux-i386.md section 6). */
static void fill_auxv(const struct exec *x, struct mm *mm, uint32_t random)
{
	const struct program *p = &x->program;

	if (mm->vdso_base) {
		aux(mm, AT_SYSINFO, vdso_sysinfo(mm));
		aux(mm, AT_SYSINFO_EHDR, mm->vdso_base);
	}
	aux(mm, AT_MINSIGSTKSZ, MINSIGSTKSZ);
	aux(mm, AT_HWCAP, cpu_info.words[CPU_1_EDX]);
	aux(mm, AT_PAGESZ, PAGE_SIZE);
	aux(mm, AT_CLKTCK, 100);
	aux(mm, AT_PHDR, p->plan.phdr ? p->plan.phdr + p->bias : 0);
	aux(mm, AT_PHENT, sizeof(Elf32_Phdr));
	aux(mm, AT_PHNUM, p->head->eh.e_phnum);
	aux(mm, AT_BASE, x->interp.bias);
	aux(mm, AT_FLAGS, 0);
	aux(mm, AT_ENTRY, p->head->eh.e_entry + p->bias);
	aux(mm, AT_UID, 0);
	aux(mm, AT_EUID, 0);
	aux(mm, AT_GID, 0);
	aux(mm, AT_EGID, 0);
	aux(mm, AT_SECURE, 0);
	aux(mm, AT_RANDOM, random);
	aux(mm, AT_HWCAP2, 0);
	aux(mm, AT_EXECFN, x->strings);
	aux(mm, AT_PLATFORM, x->strings + x->platform_at);
	aux(mm, AT_NULL, 0);
}
_Static_assert(sizeof(((struct mm *)0)->auxv) == 22 * sizeof(struct auxv), "fill_auxv");

static int copy_strings(const struct exec *x)
{
	for (uint32_t done = 0; done < x->used; done += PAGE_SIZE)
		if (copy_to_user((void *)(x->strings + done), x->page[done / PAGE_SIZE], MIN(x->used - done, PAGE_SIZE)))
			return -ENOMEM;
	return 0;
}

/* Offset behind the string at this offset; strings may cross pages. */
static uint32_t skip_string(const struct exec *x, uint32_t offset)
{
	for (;;) {
		uint32_t room = PAGE_SIZE - offset % PAGE_SIZE;
		uint32_t n = strnlen(x->page[offset / PAGE_SIZE] + offset % PAGE_SIZE, room);

		offset += n;
		if (n < room)
			return offset + 1;
	}
}

/* Pointers to count strings from *offset on, and a NULL, to *at. */
static int put_pointers(const struct exec *x, uint32_t *at, uint32_t *offset, uint32_t count)
{
	int err = 0;

	for (; count && !err; count--, *at += 4, *offset = skip_string(x, *offset))
		err = put_user_u32((void *)*at, x->strings + *offset);
	*at += 4;
	return err ? err : put_user_u32((void *)(*at - 4), 0);
}

/* From the top down: a word of zeros, the strings, 16 random bytes, then what esp points at: argc, argv, envp, auxiliary vector. */
static int write_stack(struct exec *x, struct mm *mm)
{
	uint32_t random, at, offset = x->args_at;
	int err;

	x->strings = x->stack_top - 4 - x->used;
	random = (x->strings & ~15u) - sizeof(x->random.seed);
	fill_auxv(x, mm, random);
	x->esp = (random - 4 * (x->argc + x->envc + 3 + mm->auxv_len)) & ~15u;
	mm->arg_start = x->strings + x->args_at;
	mm->arg_end = mm->env_start = x->strings + x->env_at;
	mm->env_end = x->strings + x->platform_at;

	at = x->esp + 4;
	err = copy_strings(x);
	if (!err)
		err = copy_to_user((void *)random, x->random.seed, sizeof(x->random.seed));
	if (!err)
		err = put_user_u32((void *)x->esp, x->argc);
	if (!err)
		err = put_pointers(x, &at, &offset, x->argc);
	if (!err)
		err = put_pointers(x, &at, &offset, x->envc);
	if (!err)
		err = copy_to_user((void *)at, mm->auxv, 4 * mm->auxv_len);
	return err ? -ENOMEM : 0;
}

/* ---- putting it together ---- */

/* Loads an address space and makes it the current task's. NULL: none, as a kernel task. */
static void use_mm(struct mm *mm)
{
	struct mm *old = current->mm;

	current->mm = mm;
	mm_activate(old ? old : &init_mm, mm ? mm : &init_mm);
}

static int build(struct exec *x, struct mm *mm)
{
	int err = lay_out(x, mm);

	if (!err)
		err = load_program(x, mm);
	if (!err)
		err = load_interpreter(x, mm);
	if (!err)
		err = write_stack(x, mm);
	return err;
}

/* Whoever shares the old address space sees this task leave it, as if it had exited. */
static void leave_mm(struct mm *old, struct mm *new)
{
	if (old && old->users > 1) {
		use_mm(old);
		exec_done();
		use_mm(new);
	} else {
		current->clear_child_tid = current->robust_list = 0;
		exec_done();
	}
	if (old)
		mm_put(old);
}

static void start_program(const struct exec *x)
{
	const struct program *first = x->interp.file ? &x->interp : &x->program;
	const char *name = x->word[x->words - 1];

	for (const char *p = name; *p; p++)
		if (*p == '/')
			name = p + 1;
	strlcpy(current->comm, name, sizeof(current->comm));
	current->process->execed = true;
	current->process->exit_signal = SIGCHLD;
	current->landing_pad = current->mm->landing_pad;
	regs_start_program(task_user_regs(current), first->head->eh.e_entry + first->bias, x->esp);
	memset(current->tls, 0, sizeof(current->tls));
	pv_load_tls(current->tls);
	fpu_reset(current->fpu);
	fpu_restore(current->fpu);
}

static int commit(struct exec *x, struct mm *old)
{
	int err = 0;

	if (!current->fpu && !(current->fpu = kmalloc(sizeof(*current->fpu))))
		return -ENOMEM;
	err = exec_reset_signals();
	if (!err)
		err = exec_kill_other_threads();
	if (err)
		return err;
	leave_mm(old, current->mm);
	files_close_on_exec();
	start_program(x);
	return 0;
}

static int replace(struct exec *x)
{
	struct mm *old = current->mm, *new = mm_create();
	int err;

	if (!new)
		return -ENOMEM;
	use_mm(new);
	err = build(x, new);
	if (!err)
		err = commit(x, old);
	if (err) {
		use_mm(old);
		mm_put(new);
	}
	return err;
}

static void release(struct exec *x)
{
	program_close(&x->program);
	program_close(&x->interp);
	for (unsigned i = 0; i + 1 < x->words; i++)
		kfree((void *)x->word[i]);
	for (unsigned i = 0; i < ARG_PAGES && x->page[i]; i++)
		kfree(x->page[i]);
	kfree(x);
}

static struct exec *prepare(void)
{
	struct exec *x = kmalloc(sizeof(*x));

	if (!x)
		return NULL;
	memset(x, 0, offsetof(struct exec, heads));
	x->program.head = &x->heads[0];
	x->interp.head = &x->heads[1];
	random_bytes(&x->random, sizeof(x->random));
	if (option("norandmaps"))
		x->random.move = (struct layout){ 0 };
	return x;
}

static int exec(uint32_t path, const struct source *from)
{
	struct exec *x = prepare();
	int err;

	if (!x)
		return -ENOMEM;
	err = from->user ? add_path(x, path) : add_kernel(x, (const char *)path);
	if (!err) {
		x->word[x->words++] = x->page[0];
		err = find_program(x);
	}
	if (!err)
		err = find_interpreter(x);
	if (!err)
		err = add_strings(x, from);
	if (!err)
		err = replace(x);
	release(x);
	return err;
}

long sys_execve(const char *path, const uint32_t *argv, const uint32_t *envp)
{
	return exec((uint32_t)path, &(struct source){ true, (uint32_t)argv, (uint32_t)envp });
}

int exec_kernel(const char *path, const char *const argv[], const char *const envp[])
{
	return exec((uint32_t)path, &(struct source){ false, (uint32_t)argv, (uint32_t)envp });
}
