/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc/<pid>, in Linux's formats: proc(5).
 *
 * What stands in a process's own memory (its words and environment) is read by borrowing its address space for a
 * moment. A process that is ending has none any more: its files are empty then, and it is shown in brackets by ps as
 * on Linux.
 */
#include "abi/errno.h"
#include "kernel/inode.h"
#include "kernel/pid.h"
#include "kernel/proc_internal.h"
#include "kernel/task.h"
#include "kernel/tty.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "vdso/vdso.h"

#define CONSOLE_DEVICE	(5u << 8 | 1)		/* /dev/console */

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
static int add_memory(struct text *t, struct mm *mm, uint32_t start, uint32_t end)
{
	char chunk[256];

	for (uint32_t n; start < end; start += n) {
		n = MIN(end - start, sizeof(chunk));
		if (copy_from_mm(mm, chunk, start, n))
			break;
		text_add_bytes(t, chunk, n);
	}
	return 0;
}

int show_process_cmdline(struct text *t, struct process *p)
{
	struct mm *mm = process_mm(p);

	return mm ? add_memory(t, mm, mm->arg_start, mm->arg_end) : 0;
}

int show_process_environ(struct text *t, struct process *p)
{
	struct mm *mm = process_mm(p);

	return mm ? add_memory(t, mm, mm->env_start, mm->env_end) : 0;
}

/* Binary, as it stood on the stack. */
int show_process_auxv(struct text *t, struct process *p)
{
	const struct mm *mm = process_mm(p);

	if (mm)
		text_add_bytes(t, mm->auxv, mm->auxv_len * sizeof(mm->auxv[0]));
	return 0;
}

/* The name that exec or prctl has given. */
int show_process_comm(struct text *t, struct process *p)
{
	text_add(t, "%s\n", process_task(p)->comm);
	return 0;
}

int show_process_root(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "/");
	return 0;
}

int show_process_cwd(struct text *t, struct process *p)
{
	const struct fs *fs = process_task(p)->fsinfo;
	char *path = fs ? kmalloc(PATH_MAX) : NULL;

	if (!path)
		return fs ? -ENOMEM : -ENOENT;
	text_add(t, "%s", fs_cwd_path(fs, path, PATH_MAX));
	kfree(path);
	return 0;
}

/* The compat page lies in kernel space, where no VMA is; everybody sees it (T15). */
int show_process_maps(struct text *t, struct process *p)
{
	const struct mm *mm = process_mm(p);
	uint32_t compat = vdso_compat_base();
	char line[640];

	if (!mm)
		return 0;
	for (const struct vma *vma = mm->first; vma; vma = vma->next) {
		mm_maps_line(vma, line, sizeof(line));
		text_add(t, "%s", line);
	}
	if (compat) {
		text_add(t, "%08x-%08x r--p 00000000 00:00 0                                  [vvar]\n", compat - PAGE_SIZE, compat);
		text_add(t, "%08x-%08x r-xp 00000000 00:00 0                                  [vdso]\n", compat, compat + PAGE_SIZE);
	}
	return 0;
}

/* ---- stat and status ---- */

/* The liveliest state among the threads. */
static char state_letter(const struct process *p)
{
	const struct task *t;
	char best = 'Z';

	list_for_each(t, &p->tasks, group_node) {
		if (t->state == TASK_RUNNING)
			return 'R';
		if (t->state == TASK_UNINTERRUPTIBLE)
			best = 'D';
		else if (t->state == TASK_STOPPED && best != 'D')
			best = 'T';
		else if (t->state == TASK_INTERRUPTIBLE && best == 'Z')
			best = 'S';
	}
	return best;
}

static const char *state_name(char letter)
{
	return letter == 'R' ? "running" : letter == 'S' ? "sleeping" : letter == 'D' ? "disk sleep" : letter == 'T' ? "stopped" : "zombie";
}

static int parent_pid(const struct process *p)
{
	return p->parent ? p->parent->pid : 0;
}

/* Signals that are ignored, or caught. */
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
int show_process_stat(struct text *t, struct process *p)
{
	const struct task *task = process_task(p);
	const struct mm *mm = task->mm;

	process_account(p);
	text_add(t, "%d (%s) %c %d %d %d ", p->pid, task->comm, state_letter(p), parent_pid(p), p->pgid, p->sid);
	text_add(t, "%u %d 0 0 0 0 0 ", p->ctty ? CONSOLE_DEVICE : 0, tty_foreground(p->ctty));
	text_add(t, "%u %u %u %u ", clock_ticks(p->utime_ns), clock_ticks(p->stime_ns), clock_ticks(p->cutime_ns), clock_ticks(p->cstime_ns));
	text_add(t, "20 0 %u 0 %u ", p->threads, clock_ticks(p->start_ns));
	text_add(t, "%u %u 4294967295 0 0 0 0 0 ", mm ? mm->total_vm * PAGE_SIZE : 0, mm ? mm->rss : 0);
	text_add(t, "%u %u %u %u ", (uint32_t)task->pending.set, (uint32_t)task->blocked, (uint32_t)handled(task, false),
		 (uint32_t)handled(task, true));
	text_add(t, "0 0 0 %d 0 0 0 0 0 0 0 0 0 ", p->exit_signal);
	text_add(t, "%u %u %u %u %d\n", mm ? mm->arg_start : 0, mm ? mm->arg_end : 0, mm ? mm->env_start : 0, mm ? mm->env_end : 0,
		 p->exit_code);
	return 0;
}

/* Everybody is root. */
int show_process_status(struct text *t, struct process *p)
{
	const struct task *task = process_task(p);
	const struct mm *mm = task->mm;
	char state = state_letter(p);

	text_add(t, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", task->comm, state, state_name(state), p->pid, p->pid,
		 parent_pid(p));
	text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	if (mm)
		text_add(t, "VmSize:\t%8u kB\nVmRSS:\t%8u kB\n", mm->total_vm * 4, mm->rss * 4);
	text_add(t, "Threads:\t%u\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", p->threads, task->pending.set, p->pending.set);
	text_add(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", task->blocked, handled(task, false), handled(task, true));
	return 0;
}
