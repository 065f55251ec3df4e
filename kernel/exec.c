/* SPDX-License-Identifier: MIT */
/*
 * execve: a new program for the current process.
 *
 * Everything that can fail happens first: the strings are copied into the kernel, the file is found (through scripts to their
 * interpreters), a new address space is built beside the
 * old one, the program and its interpreter are mapped in it and its stack is written. While it is
 * being written it is loaded and is current->mm, so that user copies and page faults work on it; if
 * anything goes wrong the old one is loaded again and nothing has changed. Then commit() makes the
 * change, which can't fail any more.
 *
 * The address space: program where it says (or at PIE_BASE), brk behind it, mappings from mmap_top
 * down, the stack, and above the stack the VDSO in the same 2 MiB, so that one page table serves
 * both. Everything but ET_EXEC programs is moved by random pages unless norandmaps is given. What
 * is left to the interpreter or the C library: relocation, TLS, RELRO. There are no set-user-id
 * programs.
 */
#include "abi/auxv.h"
#include "abi/resource.h"
#include "arch/x86/cpu.h"
#include "arch/x86/task_switch.h"
#include "boot/cmdline.h"
#include "kernel/elf.h"
#include "kernel/syscall.h"
#include "vdso/vdso.h"

#define PATH_BYTES	4096u		/* of the program's path, with the NUL: Linux's PATH_MAX */
#define STRINGS_FIRST	PAGE_SIZE	/* room for strings that is tried first: enough for most */
#define STRINGS_MOST	0x20000u	/* strings, their pointers and the auxiliary vector together; more is -E2BIG */
#define WORDS_ROOM	(SCRIPT_DEPTH * SCRIPT_LINE)	/* where scripts' words grow down from the path */
#define HEAD_BYTES	512u		/* of a file, read at once; nearly always enough for the program headers */
#define SLOT_BYTES	0x200000u	/* the stack's top and the VDSO are in one of the highest 32 */
#define SLOT_STACK	64u		/* pages from the slot's start to the lowest top of a stack */
#define STACK_SPARE	0x20000u	/* mapped below the initial stack from the start */
#define PIE_BASE	0x56555000u	/* Linux's: two thirds of user space, so that brk has the same room there */
#define MIN_GAP		0x800000u	/* left for the stack, whatever its limit says */
#define MAX_GAP		0x40000000u

union head { Elf32_Ehdr eh; char text[HEAD_BYTES + 1]; };	/* the last byte is for script_parse */

/* One ELF file: the program, or its interpreter. */
struct program {
	struct file *file;		/* referenced, or NULL */
	uint32_t have;			/* bytes of head that are there */
	union head *head;
	void *more;			/* program headers that head has no room for */
	const void *phdrs;
	struct elf_plan plan;
	uint32_t bias;			/* what is added to the addresses in the file */
};

/* How many pages, and for the top how many slots, things are moved by. */
struct layout {
	uint32_t stack : 8, vdso : 7, slot : 5, brk : 10;
	uint32_t mappings : 12, program : 12;
};

/*
 * All strings stand in one buffer: scripts' words (from first on, growing down), the path at
 * WORDS_ROOM, arguments, environment, platform. Each has its NUL. For a script the words and the
 * path are the first arguments: they stand in front of the others, of which the first goes. Later the buffer's
 * end also takes the image of the words that the stack begins with. Nobody knows beforehand how much
 * that will be: what finds no room says -E2BIG, and exec() begins anew with twice the room.
 */
struct exec {
	struct program program, interp;
	bool user;			/* path and vectors are the user's; else the kernel's */
	char *strings;
	uint32_t size, used, first;	/* offsets in strings, as the next three */
	uint32_t args_at, env_at, platform_at;
	uint32_t argc, envc;
	uint32_t stack_top, base, esp;	/* user addresses; base + offset is where a string will be */
	struct { uint32_t seed[4]; struct layout move; } random;	/* seed: AT_RANDOM */
	union head heads[2];		/* last: the only part that does not begin as zeros */
};

/* ---- strings ---- */

/* most: bytes that it may have with its NUL. */
static int add_string(struct exec *x, bool user, const char *from, uint32_t most)
{
	char *to = x->strings + x->used;
	uint32_t room = MIN(x->size - x->used, most);
	int n = user ? strncpy_from_user(to, from, room) : (int)strlcpy(to, from, room);

	if (n == -ENAMETOOLONG || n >= (int)room)
		return room == most ? -ENAMETOOLONG : -E2BIG;
	if (n >= 0)
		x->used += n + 1;
	return MIN(n, 0);
}

/* The strings of a vector; *count is how many. A NULL vector is an empty one, as on Linux. */
static int add_vector(struct exec *x, const uint32_t *vector, uint32_t *count)
{
	uint32_t string;
	int err = 0;

	for (; vector && !err; ++*count) {
		if (!x->user)
			string = vector[*count];
		else if (get_user_u32(&string, vector + *count))
			return -EFAULT;
		if (!string)
			break;
		err = add_string(x, x->user, (const char *)string, STRINGS_MOST);
	}
	return err;
}

/* The path and what follows it. A program always has an argv[0], be it empty. */
static int add_strings(struct exec *x, const char *path, const uint32_t *argv, const uint32_t *envp)
{
	int err = add_string(x, x->user, path, PATH_BYTES);

	x->args_at = x->used;
	err = err ?: add_vector(x, argv, &x->argc);
	if (!err && !x->argc) {
		err = add_string(x, false, "", STRINGS_MOST);
		x->argc = 1;
	}
	x->env_at = x->used;
	err = err ?: add_vector(x, envp, &x->envc);
	x->platform_at = x->used;
	return err ?: add_string(x, false, "i686", STRINGS_MOST);
}

/* ---- files ---- */

/* After an error the file may be open: exec() closes whatever is. */
static int program_open(struct program *p, const char *path)
{
	struct file *f = file_open_exec(path);

	if (IS_ERR_VALUE(f))
		return (int)f;
	p->file = f;
	int n = file_read_kernel(f, p->head->text, HEAD_BYTES, 0);
	p->have = MAX(n, 0);
	return MIN(n, 0);
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
	int err = p->have < sizeof(*eh) ? -ENOEXEC : elf_check(eh);

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

/*
 * In front of all words. There is room: two words of a line are shorter than the line with its "#!"
 * and newline.
 */
static void prepend_word(struct exec *x, const char *word)
{
	uint32_t bytes = strlen(word) + 1;

	x->first -= bytes;
	memcpy(x->strings + x->first, word, bytes);
	x->argc++;
}

/* A script's path stands where its argv[0] was. */
static void drop_first_argument(struct exec *x)
{
	char *first = x->strings + x->args_at;
	uint32_t bytes = strlen(first) + 1;

	x->used -= bytes;
	x->env_at -= bytes;
	x->platform_at -= bytes;
	memmove(first, first + bytes, x->used - x->args_at);
}

/*
 * A script: its interpreter is what is run, with its argument and the script's path as first
 * arguments.
 */
static int enter_script(struct exec *x)
{
	char *interp, *arg;
	int err = script_parse(x->program.head->text, x->program.have, &interp, &arg);

	if (err)
		return err;
	if (x->first == WORDS_ROOM)
		drop_first_argument(x);
	if (arg)
		prepend_word(x, arg);
	prepend_word(x, interp);
	x->args_at = x->first;
	return 0;
}

/*
 * Which of its words is to be run is always the first: the path, or the interpreter of the script
 * found last.
 */
static int find_program(struct exec *x)
{
	struct program *p = &x->program;

	for (int depth = 0;; depth++) {
		int err = program_open(p, x->strings + x->first);

		if (err)
			return err;
		if (p->have < 2 || p->head->text[0] != '#' || p->head->text[1] != '!')
			return program_survey(p);
		err = depth < SCRIPT_DEPTH ? enter_script(x) : -ELOOP;
		if (err)
			return err;
		program_close(p);
	}
}

/*
 * The name stands in the file, with its NUL (gABI, chapter 5, "Program Interpreter"); it is read to
 * where strings will be. The interpreter is an ELF file, whose own interpreter, should it name one,
 * is not looked for; a script is refused by the check of its header.
 */
static int find_interpreter(struct exec *x)
{
	uint32_t bytes = x->program.plan.interp_size;
	char *name = x->strings + x->used;

	if (!bytes)
		return 0;
	if (bytes > x->size - x->used)
		return -E2BIG;
	if (file_read_kernel(x->program.file, name, bytes, x->program.plan.interp_offset) != (int)bytes || name[bytes - 1])
		return -ENOEXEC;
	return program_open(&x->interp, name) ?: program_survey(&x->interp);
}

/* ---- the new address space ---- */

/* elf_survey has checked the numbers, and the caller that bias moves them to no worse a place. */
static int load_segment(struct mm *mm, const struct program *p, const Elf32_Phdr *ph)
{
	uint32_t flags = (ph->p_flags & PF_R ? VM_READ : 0) | (ph->p_flags & PF_W ? VM_WRITE : 0) | (ph->p_flags & PF_X ? VM_EXEC : 0);
	uint32_t at = ph->p_vaddr + p->bias, start = PAGE_ALIGN_DOWN(at), file_end = at + ph->p_filesz;
	uint32_t end = PAGE_ALIGN_UP(at + ph->p_memsz), zero_from = ph->p_filesz ? PAGE_ALIGN_UP(file_end) : start, got = 0;

	if (ph->p_filesz)
		got = mm_map(mm, start, zero_from - start, flags, true, p->file, ph->p_offset >> PAGE_SHIFT);
	if (!IS_ERR_VALUE(got) && end > zero_from)
		got = mm_map(mm, zero_from, end - zero_from, flags, true, NULL, 0);
	if (IS_ERR_VALUE(got))
		return (int)got;
	/*
	 * The rest of the last page of file contents belongs to .bss: gABI, chapter 5, "Program
	 * Header".
	 */
	if (ph->p_memsz > ph->p_filesz && ph->p_filesz && flags & VM_WRITE)
		return clear_user((void *)file_end, zero_from - file_end) ? -ENOEXEC : 0;
	return 0;
}

/* Later segments win where they overlap. */
static int load(struct mm *mm, const struct program *p)
{
	int err = 0;

	for (unsigned i = 0; i < p->head->eh.e_phnum && !err; i++) {
		Elf32_Phdr ph = elf_phdr(p->phdrs, i);
		if (ph.p_type == PT_LOAD && ph.p_memsz)
			err = load_segment(mm, p, &ph);
	}
	return err;
}

/* brk starts behind the program, moved only where that leaves it below the mappings. */
static int load_program(struct exec *x, struct mm *mm)
{
	struct program *p = &x->program;
	uint32_t bytes = p->plan.high - p->plan.low;

	if (p->plan.relocatable)
		p->bias = PIE_BASE + x->random.move.program * PAGE_SIZE - p->plan.low;
	if (bytes > mm->mmap_top || p->plan.low + p->bias > mm->mmap_top - bytes)
		return -ENOMEM;
	mm->brk_start = PAGE_ALIGN_UP(p->plan.end + p->bias) + x->random.move.brk * PAGE_SIZE;
	if (mm->brk_start > mm->mmap_top)
		mm->brk_start = PAGE_ALIGN_UP(p->plan.end + p->bias);
	mm->brk = mm->brk_start;
	mm->exe = file_get(p->file);
	mm->exe->writes = -1;
	mm->exe->inode->writers--;
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

/*
 * Stack, VDSO above it, and where mappings go: below the lowest address that the stack may reach by
 * its limit, and another 2 MiB lower, so that the two never share a page table. The stack's mapping
 * holds all that will be written to it, with a page for the vectors' ends and the alignment, and
 * the spare part, whose pages come when they are touched.
 */
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

#define AUXV_WORDS	44u

/*
 * In Linux's order (abi linux-i386.md section 6). Without a gate the first two pairs are left out. Returns what comes after.
 */
static uint32_t *put_auxv(const struct exec *x, uint32_t *to, const struct mm *mm, uint32_t random)
{
	const struct program *p = &x->program;
	const uint32_t words[] = {
		AT_SYSINFO, mm->vdso_base ? vdso_sysinfo(mm) : 0,
		AT_SYSINFO_EHDR, mm->vdso_base,
		AT_MINSIGSTKSZ, MINSIGSTKSZ,
		AT_HWCAP, cpu_info.words[CPU_1_EDX],
		AT_PAGESZ, PAGE_SIZE,
		AT_CLKTCK, 100,
		AT_PHDR, p->plan.phdr ? p->plan.phdr + p->bias : 0,
		AT_PHENT, sizeof(Elf32_Phdr),
		AT_PHNUM, p->head->eh.e_phnum,
		AT_BASE, x->interp.bias,
		AT_FLAGS, 0,
		AT_ENTRY, p->head->eh.e_entry + p->bias,
		AT_UID, 0, AT_EUID, 0, AT_GID, 0, AT_EGID, 0, AT_SECURE, 0,
		AT_RANDOM, random,
		AT_HWCAP2, 0,
		AT_EXECFN, x->base + WORDS_ROOM,
		AT_PLATFORM, x->base + x->platform_at,
		AT_NULL, 0,
	};
	uint32_t skip = mm->vdso_base ? 0 : 4;

	_Static_assert(ARRAY_SIZE(words) == AUXV_WORDS, "write_stack makes room for them");
	memcpy(to, words + skip, sizeof(words) - 4 * skip);
	return to + AUXV_WORDS - skip;
}

/* Pointers to `count` strings from *offset on, and a NULL. Returns what comes after. */
static uint32_t *put_pointers(const struct exec *x, uint32_t *to, uint32_t *offset, uint32_t count)
{
	for (; count; count--) {
		*to++ = x->base + *offset;
		*offset += strlen(x->strings + *offset) + 1;
	}
	*to = 0;
	return to + 1;
}

/*
 * From the top down: a word of zeros, the strings, and 16-byte aligned at esp the image: argc, argv,
 * envp and the auxiliary vector, each vector with its end (System V ABI for i386, "Process
 * Initialization"), and behind it the bytes of AT_RANDOM. The image is put together in the buffer
 * behind the strings, so that user memory is written twice and no more. A stack that can't be
 * written here is one that memory is missing for.
 */
static int write_stack(struct exec *x, struct mm *mm)
{
	uint32_t words = x->argc + x->envc + 3 + AUXV_WORDS - (mm->vdso_base ? 0 : 4);
	uint32_t bytes = 4 * words + sizeof(x->random.seed), at = ROUND_UP(x->used, 4u), offset = x->args_at, *to;

	if (at + bytes > x->size)
		return -E2BIG;
	x->base = x->stack_top - 4 - x->used;
	x->esp = (x->base + x->first - bytes) & ~15u;
	mm->arg_start = x->base + x->args_at;
	mm->arg_end = mm->env_start = x->base + x->env_at;
	mm->env_end = x->base + x->platform_at;
	to = (uint32_t *)(x->strings + at);
	*to++ = x->argc;
	to = put_pointers(x, to, &offset, x->argc);
	to = put_pointers(x, to, &offset, x->envc);
	to = put_auxv(x, to, mm, x->esp + 4 * words);
	memcpy(to, x->random.seed, sizeof(x->random.seed));
	return copy_to_user((void *)(x->base + x->first), x->strings + x->first, x->used - x->first) ||
	       copy_to_user((void *)x->esp, x->strings + at, bytes) ? -ENOMEM : 0;
}

/* ---- putting it together ---- */

/* Whoever shares the old address space sees this task leave it, as if it had exited. */
static void leave_mm(struct mm *old, struct mm *new)
{
	if (old && old->users > 1)
		mm_use(old);
	else
		current->clear_child_tid = 0;
	exec_done();
	mm_use(new);
	if (old)
		mm_put(old);
}

/*
 * From here on the old program is gone. The new one starts with clean registers, without TLS and
 * with a fresh FPU (linux-i386.md section 9), in the interpreter if it has one. It is named after
 * the path that was given: for a script that is the script, as on Linux. A child made by clone with
 * another exit signal sends SIGCHLD from now on, because its parent can't know the new program.
 */
static void start_program(const struct exec *x)
{
	const struct program *first = x->interp.file ? &x->interp : &x->program;
	const char *name = x->strings + WORDS_ROOM;
	struct task *t = current;

	for (const char *p = name; *p; p++)
		if (*p == '/')
			name = p + 1;
	strlcpy(t->comm, name, sizeof(t->comm));
	t->process->execed = true;
	t->process->exit_signal = SIGCHLD;
	t->landing_pad = t->mm->landing_pad;
	regs_start_program(task_user_regs(t), first->head->eh.e_entry + first->bias, x->esp);
	memset(t->tls, 0, sizeof(t->tls));
	t->tls_used = false;
	pv_load_tls(t->tls);
	fpu_reset(t->fpu);
	fpu_restore(t->fpu);
}

/*
 * The other threads go last of what can fail: -EINTR only if this one is being killed itself, which
 * then never sees the old program again.
 */
static int commit(struct exec *x, struct mm *old)
{
	int err = exec_reset_signals() ?: exec_kill_other_threads();

	if (err)
		return err;
	leave_mm(old, current->mm);
	files_close_on_exec();
	start_program(x);
	return 0;
}

/*
 * Order: the stack's place decides where mappings may go, and where all that is decides what the
 * stack says.
 */
static int replace(struct exec *x)
{
	struct mm *new = mm_create();

	if (!new)
		return -ENOMEM;
	struct mm *old = mm_use(new);
	int err = lay_out(x, new) ?: load_program(x, new) ?: load_interpreter(x, new) ?: write_stack(x, new) ?: commit(x, old);
	if (err) {
		mm_use(old);
		mm_put(new);
	}
	return err;
}

/*
 * One try, with this much room for strings; nothing has changed when it fails. The heads are not cleared: what counts of them
 * is read from the file. norandmaps moves nothing.
 */
static int exec_once(bool user, uint32_t size, const char *path, const uint32_t *argv, const uint32_t *envp)
{
	struct exec *x AUTO_FREE = kmalloc(sizeof(*x));
	char *strings AUTO_FREE = kmalloc(size);

	if (!x || !strings)
		return -ENOMEM;
	memset(x, 0, offsetof(struct exec, heads));
	x->user = user;
	x->program.head = &x->heads[0];
	x->interp.head = &x->heads[1];
	x->strings = strings;
	x->size = size;
	x->first = x->used = WORDS_ROOM;
	random_bytes(&x->random, sizeof(x->random));
	if (option("norandmaps"))
		x->random.move = (struct layout){ 0 };
	int err = add_strings(x, path, argv, envp) ?: find_program(x) ?: find_interpreter(x) ?: replace(x);
	program_close(&x->program);
	program_close(&x->interp);
	return err;
}

static int exec(bool user, const char *path, const uint32_t *argv, const uint32_t *envp)
{
	int err = -E2BIG;

	for (uint32_t size = STRINGS_FIRST; err == -E2BIG && size <= STRINGS_MOST; size *= 2)
		err = exec_once(user, size, path, argv, envp);
	return err;
}

long sys_execve(const char *path, const uint32_t *argv, const uint32_t *envp) { return exec(true, path, argv, envp); }

int exec_kernel(const char *path, const char *const argv[], const char *const envp[])
{
	return exec(false, path, (const uint32_t *)argv, (const uint32_t *)envp);
}
