/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc/<pid>, in Linux's formats: proc(5).
 *
 * What stands in a process's own memory (its words and environment) is read by borrowing its address space for a
 * moment. A process that is ending has none any more: its files are empty then, and it is shown in brackets by ps as
 * on Linux.
 */
#include "kernel/path.h"
#include "kernel/proc_internal.h"
#include "kernel/tty.h"
#include "mm/uaccess.h"
#include "vdso/vdso.h"

/* stat names the controlling terminal by its device number, major << 8 | minor. */
#define CONSOLE_DEVICE	(5u << 8 | 1)		/* /dev/console */
#define NAME_COLUMN	49u			/* of maps */

/* Of a process that is ending: the kernel's, in which every number about a user's is 0. */
static struct mm *mm_of(const struct text *t)
{
	struct mm *mm = process_mm(t->process);

	return mm ? mm : &init_mm;
}

/*
 * [start, end) of the process's memory, in which we are for a moment: the kernel is not preempted, so nobody sees that.
 * Nothing, if it is not all there.
 */
static void add_memory(struct text *t, struct mm *mm, uint32_t start, uint32_t end)
{
	char *to = text_room(t, end - start);
	struct mm *own = mm_use(mm);

	if (to && !copy_from_user(to, (const void *)start, end - start))
		t->len += end - start;
	mm_use(own);
}

/* The words as they stand on the stack, each with its NUL: a program that overwrites them shows other ones. */
static void show_cmdline(struct text *t) { add_memory(t, mm_of(t), mm_of(t)->arg_start, mm_of(t)->arg_end); }

/* As exec has put it on the stack; later changes by setenv are in the program's heap. */
static void show_environ(struct text *t) { add_memory(t, mm_of(t), mm_of(t)->env_start, mm_of(t)->env_end); }

/* The name that exec or prctl has given. */
static void show_comm(struct text *t) { text_add(t, "%s\n", process_task(t->process)->comm); }

/* Without one (the process is ending) the text stays empty, and an empty link is -ENOENT to who follows it. */
static void show_cwd(struct text *t)
{
	const struct fs *fs = process_task(t->process)->fsinfo;
	char *path = fs ? text_room(t, PATH_MAX) : NULL;

	if (!path)
		return;
	inode_path(fs->cwd, path, PATH_MAX);
	t->len += strlen(path);
}

/* A line in Linux's columns: the name starts at column 49. */
static void add_vma(struct text *t, const struct vma *v)
{
	const struct inode *inode = v->file ? v->file->inode : NULL;
	size_t start = t->len;

	text_add(t, "%08x-%08x %c%c%c%c %08llx 00:%02x %u ", v->start, v->end, v->flags & VM_READ ? 'r' : '-',
		 v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p',
		 v->file ? (unsigned long long)v->pgoff << PAGE_SHIFT : 0, inode ? inode->mount->dev : 0, inode ? inode->ino : 0);
	if (v->name || v->file)
		text_add(t, "%*s%s", (int)MAX(start + NAME_COLUMN, t->len) - (int)t->len, "", v->name ? v->name : "");
	if (v->file && !v->name)
		text_add_path(t, v->file);
	text_add(t, "\n");
}

/*
 * One line for each VMA, low addresses first. The compat page and its data page lie in kernel space, where no VMA is;
 * everybody sees them (T15).
 */
static void show_maps(struct text *t)
{
	uint32_t gate = vdso_compat_base();
	const struct vma compat[] = {
		{ .start = gate - PAGE_SIZE, .end = gate, .flags = VM_READ, .name = "[vvar]" },
		{ .start = gate, .end = gate + PAGE_SIZE, .flags = VM_READ | VM_EXEC, .name = "[vdso]" },
	};

	if (mm_of(t) == &init_mm)
		return;
	for (const struct vma *v = mm_of(t)->first; v; v = v->next)
		add_vma(t, v);
	for (unsigned i = 0; gate && i < ARRAY_SIZE(compat); i++)
		add_vma(t, &compat[i]);
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
	const struct mm *mm = mm_of(t);

	text_add(t, "%d (%s) %c %d %d %d ", p->pid, task->comm, *state_of(p), p->parent ? p->parent->pid : 0, p->pgid, p->sid);
	text_add(t, "%u %d 0 0 0 0 0 ", p->ctty ? CONSOLE_DEVICE : 0, tty_foreground(p->ctty));
	text_add(t, "%u 0 %u 0 ", ns_to_ticks(p->utime_ns), ns_to_ticks(p->cutime_ns));
	text_add(t, "%d %d %u 0 %u ", 20 + p->nice, p->nice, p->threads, ns_to_ticks(p->start_ns));
	text_add(t, "%u %u 4294967295 0 0 0 0 0 ", mm->total_vm * PAGE_SIZE, mm_resident(mm));
	text_add(t, "%u %u %u %u ", (uint32_t)task->pending.set, (uint32_t)task->blocked, (uint32_t)handled(task, false),
		 (uint32_t)handled(task, true));
	text_add(t, "0 0 0 %d 0 0 0 0 0 0 0 0 0 ", p->exit_signal);
	text_add(t, "%u %u %u %u %d\n", mm->arg_start, mm->arg_end, mm->env_start, mm->env_end, p->exit_code);
}

/* In pages: all, and what is in memory; what is shared, text, or data is not told apart. */
static void show_statm(struct text *t)
{
	text_add(t, "%u %u 0 0 0 0 0\n", mm_of(t)->total_vm, mm_resident(mm_of(t)));
}

/* Everybody is root. */
static void show_status(struct text *t)
{
	const struct process *p = t->process;
	const struct task *task = process_task(p);
	const struct mm *mm = mm_of(t);

	text_add(t, "Name:\t%s\nState:\t%s\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", task->comm, state_of(p), p->pid, p->pid,
		 p->parent ? p->parent->pid : 0);
	text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	if (mm != &init_mm)
		text_add(t, "VmSize:\t%8u kB\nVmRSS:\t%8u kB\n", mm->total_vm * 4, mm_resident(mm) * 4);
	text_add(t, "Threads:\t%u\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", p->threads, task->pending.set, p->pending.set);
	text_add(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", task->blocked, handled(task, false), handled(task, true));
}

/* exe, and what stands in fd/, are open files: proc.c goes to them. There is one root for all. */
const struct proc_row proc_process_rows[] = {
	{ "cmdline", PROC_TEXT, show_cmdline, NULL },
	{ "comm", PROC_TEXT, show_comm, NULL },
	{ "cwd", PROC_LINK, show_cwd, NULL },
	{ "environ", PROC_TEXT, show_environ, NULL },
	{ "exe", PROC_LINK, NULL, NULL },
	{ "fd", PROC_FOLDER, NULL, NULL },
	{ "maps", PROC_TEXT, show_maps, NULL },
	{ "mountinfo", PROC_TEXT, show_mountinfo, NULL },
	{ "mounts", PROC_TEXT, show_mounts, NULL },
	{ "root", PROC_LINK, NULL, "/" },
	{ "stat", PROC_TEXT, show_stat, NULL },
	{ "statm", PROC_TEXT, show_statm, NULL },
	{ "status", PROC_TEXT, show_status, NULL },
	{ NULL, 0, NULL, NULL },
};
