/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc/<pid>, in Linux's formats: proc(5).
 *
 * What stands in a process's own memory (its words and environment) is read by borrowing its address space for a
 * moment. A process that is ending has none any more: its files are empty then, and it is shown in brackets by ps as
 * on Linux.
 */
#include "kernel/inode.h"
#include "kernel/proc_internal.h"
#include "kernel/tty.h"
#include "mm/uaccess.h"
#include "vdso/vdso.h"

/* stat names the controlling terminal by its device number, major << 8 | minor. */
#define CONSOLE_DEVICE	(5u << 8 | 1)		/* /dev/console */

/* Threads end one by one: the leader may be a zombie while others live on, and must not make the process look dead. */
struct task *process_task(const struct process *p)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (t->mm)
			return t;
	return p->leader;
}

/*
 * Copies from the memory of mm, which need not be current's. 0 or -EFAULT. The kernel is not preempted, so nobody
 * sees the change.
 */
static int copy_from_mm(struct mm *mm, void *to, uint32_t from, size_t n)
{
	struct mm *own = current->mm;

	if (mm != own) {
		current->mm = mm;
		mm_activate(own, mm);
	}
	int error = copy_from_user(to, (const void *)from, n);
	if (mm != own) {
		current->mm = own;
		mm_activate(mm, own);
	}
	return error;
}

/* Stops quietly at what the process has unmapped. */
static void add_memory(struct text *t, struct mm *mm, uint32_t start, uint32_t end)
{
	char chunk[256];

	for (uint32_t n; start < end; start += n) {
		n = MIN(end - start, sizeof(chunk));
		if (copy_from_mm(mm, chunk, start, n))
			break;
		text_add_bytes(t, chunk, n);
	}
}

/* The words as they stand on the stack, each with its NUL: a program that overwrites them shows other ones. */
static void show_cmdline(struct text *t)
{
	struct mm *mm = process_mm(t->process);

	if (mm)
		add_memory(t, mm, mm->arg_start, mm->arg_end);
}

/* As exec has put it on the stack; later changes by setenv are in the program's heap. */
static void show_environ(struct text *t)
{
	struct mm *mm = process_mm(t->process);

	if (mm)
		add_memory(t, mm, mm->env_start, mm->env_end);
}

/* Binary, as exec has put it on the stack. */
static void show_auxv(struct text *t)
{
	const struct mm *mm = process_mm(t->process);

	if (mm)
		text_add_bytes(t, mm->auxv, mm->auxv_len * sizeof(mm->auxv[0]));
}

/* The name that exec or prctl has given. */
static void show_comm(struct text *t) { text_add(t, "%s\n", process_task(t->process)->comm); }

/* Without one (the process is ending) the text stays empty, and an empty link is -ENOENT to who follows it. */
static void show_cwd(struct text *t)
{
	const struct fs *fs = process_task(t->process)->fsinfo;
	char *path = fs ? text_room(t, PATH_MAX) : NULL;

	if (path)
		t->len += strlen(fs_cwd_path(fs, path, PATH_MAX));
}

/*
 * One line for each VMA, low addresses first. The compat page and its data page lie in kernel space, where no VMA is;
 * everybody sees them (T15).
 */
static void show_maps(struct text *t)
{
	const struct mm *mm = process_mm(t->process);
	uint32_t compat = vdso_compat_base();
	char line[640];

	if (!mm)
		return;
	for (const struct vma *vma = mm->first; vma; vma = vma->next) {
		mm_maps_line(vma, line, sizeof(line));
		text_add(t, "%s", line);
	}
	if (compat) {
		text_add(t, "%08x-%08x r--p 00000000 00:00 0                                  [vvar]\n", compat - PAGE_SIZE, compat);
		text_add(t, "%08x-%08x r-xp 00000000 00:00 0                                  [vdso]\n", compat, compat + PAGE_SIZE);
	}
}

/* ---- stat and status ---- */

/* What ps prints of a process: its liveliest thread's state, as a letter and a word. */
static const char *state_of(const struct process *p)
{
	static const char *const names[] = { "Z (zombie)", "S (sleeping)", "T (stopped)", "D (disk sleep)", "R (running)" };
	static const uint8_t rank[] = {
		[TASK_INTERRUPTIBLE] = 1, [TASK_STOPPED] = 2, [TASK_UNINTERRUPTIBLE] = 3, [TASK_RUNNING] = 4, [TASK_ZOMBIE] = 0,
	};
	const struct task *t;
	unsigned best = 0;

	list_for_each(t, &p->tasks, group_node)
		best = MAX(best, rank[t->state]);
	return names[best];
}

/* Signals that are ignored (SigIgn), or caught (SigCgt); the rest does what POSIX says by default. */
static sigset_t handled(const struct task *t, bool caught)
{
	sigset_t set = 0;

	for (int i = 0; t->sighand && i < NSIG; i++) {
		uint32_t handler = t->sighand->action[i].handler;
		if (caught ? handler != SIG_DFL && handler != SIG_IGN : handler == SIG_IGN)
			set |= SIGMASK(i + 1);
	}
	return set;
}

/* Linux's 52 fields in order; what Postern doesn't know (faults, priorities, addresses) is 0. */
static void show_stat(struct text *t)
{
	const struct process *p = process_account(t->process);
	const struct task *task = process_task(p);
	const struct mm *mm = task->mm;

	text_add(t, "%d (%s) %c %d %d %d ", p->pid, task->comm, *state_of(p), p->parent ? p->parent->pid : 0, p->pgid, p->sid);
	text_add(t, "%u %d 0 0 0 0 0 ", p->ctty ? CONSOLE_DEVICE : 0, tty_foreground(p->ctty));
	text_add(t, "%u 0 %u 0 ", ns_to_ticks(p->utime_ns), ns_to_ticks(p->cutime_ns));
	text_add(t, "20 0 %u 0 %u ", p->threads, ns_to_ticks(p->start_ns));
	text_add(t, "%u %u 4294967295 0 0 0 0 0 ", mm ? mm->total_vm * PAGE_SIZE : 0, mm ? mm->rss : 0);
	text_add(t, "%u %u %u %u ", (uint32_t)task->pending.set, (uint32_t)task->blocked, (uint32_t)handled(task, false),
		 (uint32_t)handled(task, true));
	text_add(t, "0 0 0 %d 0 0 0 0 0 0 0 0 0 ", p->exit_signal);
	text_add(t, "%u %u %u %u %d\n", mm ? mm->arg_start : 0, mm ? mm->arg_end : 0, mm ? mm->env_start : 0, mm ? mm->env_end : 0,
		 p->exit_code);
}

/* Everybody is root. */
static void show_status(struct text *t)
{
	const struct process *p = t->process;
	const struct task *task = process_task(p);
	const struct mm *mm = task->mm;

	text_add(t, "Name:\t%s\nState:\t%s\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", task->comm, state_of(p), p->pid, p->pid,
		 p->parent ? p->parent->pid : 0);
	text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	if (mm)
		text_add(t, "VmSize:\t%8u kB\nVmRSS:\t%8u kB\n", mm->total_vm * 4, mm->rss * 4);
	text_add(t, "Threads:\t%u\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", p->threads, task->pending.set, p->pending.set);
	text_add(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", task->blocked, handled(task, false), handled(task, true));
}

/* exe, and what stands in fd/, are open files: proc.c goes to them. There is one root for all. */
const struct proc_row proc_process_rows[] = {
	{ "auxv", PROC_TEXT, show_auxv, NULL },
	{ "cmdline", PROC_TEXT, show_cmdline, NULL },
	{ "comm", PROC_TEXT, show_comm, NULL },
	{ "cwd", PROC_LINK, show_cwd, NULL },
	{ "environ", PROC_TEXT, show_environ, NULL },
	{ "exe", PROC_LINK, NULL, NULL },
	{ "fd", PROC_FOLDER, NULL, NULL },
	{ "maps", PROC_TEXT, show_maps, NULL },
	{ "mountinfo", PROC_TEXT, NULL, "1 0 0:1 / / rw - ramfs rootfs rw\n2 1 0:3 / /proc rw - proc proc rw\n" },
	{ "mounts", PROC_TEXT, NULL, "rootfs / ramfs rw 0 0\nproc /proc proc rw 0 0\n" },
	{ "root", PROC_LINK, NULL, "/" },
	{ "stat", PROC_TEXT, show_stat, NULL },
	{ "status", PROC_TEXT, show_status, NULL },
	{ NULL, 0, NULL, NULL },
};
