/* SPDX-License-Identifier: MIT */
/*
 * The end of tasks and processes, and waiting for them.
 *
 * A task drops its memory, files and handlers in its own context, leaves its process, and is buried (stack, FPU area) by the next task that runs.
 * The last task turns the process into a zombie: a record with status and times, moved to the front of its parent's children, so that wait4 finds it
 * without a search. A parent that ignores SIGCHLD gets no zombies. Children of the dead become children of process 1.
 *
 * Process groups that nobody can continue any more get SIGHUP and SIGCONT if a member is stopped (POSIX.1-2017, _Exit).
 */
#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/wait.h"
#include "kernel/init.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/file.h"
#include "kernel/pid.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_internal.h"
#include "kernel/tty.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "pv/pv_ops.h"

struct task *task_corpse;
static bool corpse_reaps;		/* its process goes with it: nobody will wait */

/* ---- burial ---- */

static void process_free(struct process *p)
{
	pid_detach_process(p);
	kfree(p->leader);
	kfree(p);
}

void task_bury_now(void)
{
	struct task *t = task_corpse;
	bool leader;

	task_corpse = NULL;
	leader = t->process->leader == t;
	kstack_free(t->stack);
	kfree(t->fpu);
	t->stack = NULL;
	t->fpu = NULL;
	if (corpse_reaps)
		process_free(t->process);
	if (!leader)
		kfree(t);
}

/* ---- telling the parent ---- */

static struct task *first_task(const struct process *p)
{
	return container_of(p->tasks.next, struct task, group_node);
}

static void send_child_signal(struct process *p, int sig, int code, int status)
{
	struct siginfo_head info = { .signo = sig, .code = code, .value = { p->pid, 0, status } };

	if (sig)
		send_signal_head(p->parent, NULL, &info);
	wake_all(&p->parent->child_wait);
}

static const struct k_sigaction *child_action(const struct process *parent)
{
	static const struct k_sigaction ignore = { .handler = SIG_IGN };

	return parent->threads ? &first_task(parent)->sighand->action[SIGCHLD - 1] : &ignore;
}

void notify_parent_of_stop(struct process *p, int code, int sig)
{
	const struct k_sigaction *action;

	if (!p->parent)
		return;
	action = child_action(p->parent);
	send_child_signal(p, action->flags & SA_NOCLDSTOP ? 0 : SIGCHLD, code, sig);
}

/* The process is complete as a zombie. True when nobody will wait for it. */
static bool notify_parent_of_end(struct process *p)
{
	const struct k_sigaction *action = child_action(p->parent);
	bool ignored = p->exit_signal == SIGCHLD && (action->handler == SIG_IGN || action->flags & SA_NOCLDWAIT);
	int code = p->exit_code;

	list_del(&p->sibling);
	if (!ignored)
		list_add(&p->sibling, &p->parent->children);
	send_child_signal(p, p->exit_signal, WIFEXITED(code) ? CLD_EXITED : CLD_KILLED, WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code));
	return ignored;
}

/* ---- those left behind ---- */

static void find_stopped(struct process *p, void *found)
{
	if (p->stopped)
		*(bool *)found = true;
}

/* A group of p's session that loses p: if that was its last tie and a member is stopped, it is told and continued. */
static void orphan_group(const struct process *p, int pgid)
{
	bool stopped = false;

	if (!pgrp_orphaned(pgid, p))
		return;
	pgrp_for_each(pgid, find_stopped, &stopped);
	if (!stopped)
		return;
	send_signal_pgrp(pgid, SIGHUP, NULL);
	send_signal_pgrp(pgid, SIGCONT, NULL);
}

/* The new parent is known to all before any group is looked at. */
static void reparent_children(struct process *p)
{
	struct process *init = find_process(1), *c, *next;

	list_for_each(c, &p->children, sibling)
		c->parent = init;
	list_for_each(c, &p->children, sibling)
		if (c->sid == p->sid && c->pgid != p->pgid)
			orphan_group(p, c->pgid);
	list_for_each_safe(c, next, &p->children, sibling) {
		c->exit_signal = SIGCHLD;
		if (c->threads) {
			list_del(&c->sibling);
			list_add_tail(&c->sibling, &init->children);
		} else if (notify_parent_of_end(c)) {
			process_free(c);
		}
	}
}

static bool process_ended(struct process *p)
{
	const struct process *parent = p->parent;

	timer_cancel(&p->itimer_real);
	sigqueue_flush(p, &p->pending, ~0ull);
	p->stopped = false;
	if (p->sid == p->pid)
		tty_hangup_session(p->sid);
	p->ctty = NULL;
	reparent_children(p);
	if (parent->sid == p->sid && parent->pgid != p->pgid)
		orphan_group(p, p->pgid);
	process_account(p);
	return notify_parent_of_end(p);
}

static void thread_ended(struct process *p)
{
	signals_retarget(~0ull);
	signals_check_stopped(p);
	wake_all(&p->thread_wait);
}

/* ---- the end ---- */

static void drop_resources(struct task *t)
{
	struct files *files = t->files;
	struct fs *fs = t->fsinfo;
	struct mm *mm = t->mm;

	if (!mm || mm->users == 1)
		t->clear_child_tid = 0;
	exec_done();
	t->files = NULL;
	t->fsinfo = NULL;
	files_put(files);
	fs_put(fs);
	if (!mm)
		return;
	t->mm = NULL;
	t->landing_pad = 0;
	mm_activate(mm, &init_mm);
	mm_put(mm);
}

static void __attribute__((noreturn)) die(struct task *t)
{
	struct process *p = t->process;
	struct sighand *handlers = t->sighand;

	drop_resources(t);
	task_bury();
	process_remove_task(p, t);
	t->sighand = NULL;		/* the mark of one that takes no signals any more */
	sighand_put(handlers);
	pid_detach_task(t);
	corpse_reaps = false;
	if (p->threads)
		thread_ended(p);
	else
		corpse_reaps = process_ended(p);
	irq_disable();
	t->state = TASK_ZOMBIE;
	task_corpse = t;
	schedule();
	panic("a dead task runs");
}

void process_kill(struct process *p, int status)
{
	irq_flags_t flags = irq_save();
	struct task *t;

	if (!p->exiting) {
		p->exiting = true;
		p->urgent = true;
		p->exit_code = status;
		list_for_each(t, &p->tasks, group_node) {
			t->work |= WORK_SIGNAL;
			wake_stopped(t);
		}
	}
	irq_restore(flags);
}

void exit_task(int status)
{
	struct task *t = current;
	struct process *p = t->process;

	if (!p->exiting && t == p->leader)
		p->exit_code = status;
	if (p->pid != 1 || p->threads > 1)
		die(t);
	p->exiting = false;
	process_update_urgent(p);
	process1_died(p->exit_code);
	p->exit_code = 0;		/* it has got another program */
	t->forced.sig = 0;
	sigqueue_flush(p, &t->pending, ~0ull);
	sigqueue_flush(p, &p->pending, ~0ull);
	recalc_sigpending(t);
}

void exit_process(int status)
{
	process_kill(current->process, status);
	exit_task(status);
}

long sys_exit(int code)
{
	exit_task(W_EXITCODE(code & 0xFF, 0));
	return 0;
}

long sys_exit_group(int code)
{
	exit_process(W_EXITCODE(code & 0xFF, 0));
	return 0;
}

/* ---- waiting ---- */

struct wait_for {
	int pid, pgid, options;		/* one child, or one group, or both 0: any */
	int status;
	uint64_t utime_ns, stime_ns;
};

static bool eligible(const struct process *p, const struct wait_for *w)
{
	if (w->pgid && p->pgid != w->pgid)
		return false;
	return w->options & __WALL || (p->exit_signal != SIGCHLD) == !!((uint32_t)w->options & __WCLONE);
}

static int reap(struct process *p, struct wait_for *w)
{
	struct process *me = current->process;
	int pid = p->pid;

	w->status = p->exit_code;
	w->utime_ns = p->utime_ns + p->cutime_ns;
	w->stime_ns = p->stime_ns + p->cstime_ns;
	me->cutime_ns += w->utime_ns;
	me->cstime_ns += w->stime_ns;
	list_del(&p->sibling);
	process_free(p);
	return pid;
}

/* What this child has to report: its pid, or 0. */
static int report(struct process *p, struct wait_for *w)
{
	if (!p->threads)
		return reap(p, w);
	if (p->stopped && w->options & WUNTRACED && !p->stop_reported) {
		p->stop_reported = true;
		w->status = W_STOPCODE(p->stop_signal);
	} else if (p->continued && w->options & WCONTINUED) {
		p->continued = false;
		w->status = W_CONTINUED;
	} else {
		return 0;
	}
	process_account(p);
	w->utime_ns = p->utime_ns;
	w->stime_ns = p->stime_ns;
	return p->pid;
}

/* Zombies stand first, so a search that only wants zombies ends at the first child that lives. */
static int look_for_child(struct wait_for *w)
{
	struct process *me = current->process, *p, *next;
	int pid, result = -ECHILD;

	task_bury();			/* so that its stack and process, if nobody is to wait for that, are gone */
	if (w->pid) {
		p = find_process(w->pid);
		return p && p->parent == me && eligible(p, w) ? report(p, w) : -ECHILD;
	}
	list_for_each_safe(p, next, &me->children, sibling) {
		if (!eligible(p, w))
			continue;
		result = 0;
		pid = report(p, w);
		if (pid)
			return pid;
		if (!(w->options & (WUNTRACED | WCONTINUED)))
			break;
	}
	return result;
}

static int wait_for_child(struct wait_for *w)
{
	struct waiter waiter;
	int result;

	waitq_add(&current->process->child_wait, &waiter);
	for (;;) {
		set_state(TASK_INTERRUPTIBLE);
		result = look_for_child(w);
		if (result || w->options & WNOHANG)
			break;
		if (signal_pending()) {
			result = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	set_state(TASK_RUNNING);
	waitq_remove(&waiter);
	return result;
}

long sys_wait4(int pid, int *status, int options, struct rusage *usage)
{
	struct wait_for w = { .pid = MAX(pid, 0), .pgid = pid < -1 ? -pid : 0, .options = options };
	struct rusage ru;
	int result;

	if ((uint32_t)options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (!pid)
		w.pgid = current->process->pgid;
	result = wait_for_child(&w);
	if (result <= 0)
		return result;
	if (status && put_user_u32(status, w.status))
		return -EFAULT;
	if (!usage)
		return result;
	memset(&ru, 0, sizeof(ru));
	ru.ru_utime = ns_to_timeval(w.utime_ns);
	ru.ru_stime = ns_to_timeval(w.stime_ns);
	return copy_to_user(usage, &ru, sizeof(ru)) ? -EFAULT : result;
}

long sys_waitpid(int pid, int *status, int options)
{
	return sys_wait4(pid, status, options, NULL);
}
