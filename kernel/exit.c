/* SPDX-License-Identifier: MIT */
/*
 * The end of tasks and processes, and waiting for them.
 *
 * A task drops its memory, files and handlers in its own context, leaves its process, and is buried
 * (stack, FPU area) by the next task that runs. The last task turns the process into a zombie: a
 * record with status and times, moved to the front of its parent's children, so that wait4 finds it
 * without a search. A parent that ignores SIGCHLD gets no zombies. Children of the dead become
 * children of process 1.
 *
 * Process groups that nobody can continue any more get SIGHUP and SIGCONT if a member is stopped
 * (POSIX.1-2017, _Exit).
 */
#include "kernel/syscall.h"
#include "kernel/tty.h"

struct task *task_corpse;
static bool corpse_reaps;		/* its process goes with it: nobody will wait */

/* ---- burial ---- */

/* Its number is free now, unless a group or session bears it. */
static void process_free(struct process *p)
{
	pid_detach_process(p);
	kfree(p->leader);
	kfree(p);
}

/* A leader's record stays for its process, whose name it holds; process_free or exec drops it. */
void task_bury_now(void)
{
	struct task *t = task_corpse;
	bool leader = t->process->leader == t;

	task_corpse = NULL;
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

/* What a siginfo_t tells of a child, by its status word. */
static struct siginfo_head child_info(int pid, int status)
{
	int code = status == W_CONTINUED ? CLD_CONTINUED : WIFSTOPPED(status) ? CLD_STOPPED : WIFEXITED(status) ? CLD_EXITED : CLD_KILLED;
	int value = code == CLD_CONTINUED ? SIGCONT : code == CLD_KILLED ? WTERMSIG(status) : WEXITSTATUS(status);

	return (struct siginfo_head) { .signo = SIGCHLD, .code = code, .value = { pid, 0, value } };
}

/* wait4 is woken in any case: it may be asleep with SIGCHLD ignored or blocked. */
static void send_child_signal(struct process *p, int sig, int status)
{
	struct siginfo_head info = child_info(p->pid, status);

	info.signo = sig;
	if (sig)
		send_signal_head(p->parent, NULL, &info);
	wake_all(&p->parent->child_wait);
}

/* What the parent does about SIGCHLD. One that is ending itself will not wait. */
static const struct k_sigaction *child_action(const struct process *parent)
{
	static const struct k_sigaction ignore = { .handler = SIG_IGN };

	return parent->threads ? &container_of(parent->tasks.next, struct task, group_node)->sighand->action[SIGCHLD - 1] : &ignore;
}

void notify_parent_of_stop(struct process *p, int status)
{
	if (p->parent)
		send_child_signal(p, child_action(p->parent)->flags & SA_NOCLDSTOP ? 0 : SIGCHLD, status);
}

/* The process is complete as a zombie. True when nobody will wait for it. */
static bool notify_parent_of_end(struct process *p)
{
	const struct k_sigaction *action = child_action(p->parent);
	bool ignored = p->exit_signal == SIGCHLD && (action->handler == SIG_IGN || action->flags & SA_NOCLDWAIT);

	list_del(&p->sibling);
	if (!ignored)
		list_add(&p->sibling, &p->parent->children);
	send_child_signal(p, p->exit_signal, p->exit_code);
	return ignored;
}

/* ---- those left behind ---- */

/*
 * A group of p's session that loses p: if that was its last tie and a member is stopped, it is told
 * and continued.
 */
static void orphan_group(const struct process *p, int pgid)
{
	const struct process *member = pgrp_next(pgid, NULL);

	while (member && !member->stopped)
		member = pgrp_next(pgid, member);
	if (!member || !pgrp_orphaned(pgid, p))
		return;
	send_signal_pgrp(pgid, SIGHUP);
	send_signal_pgrp(pgid, SIGCONT);
}

/*
 * The new parent is known to all before any group is looked at, for a group is orphaned or not by
 * the parents of all its members. Zombies among the children are told to process 1 like new ones,
 * and gone at once if it ignores SIGCHLD. Living children come behind the zombies: see
 * look_for_child.
 */
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

/*
 * The last thread has gone. True when nobody will wait for the process. A session leader takes the
 * terminal away from its session (POSIX.1-2017, _exit: SIGHUP to the foreground group). Groups that
 * lose their last tie by this end are those of its children and its own.
 */
static bool process_ended(struct process *p)
{
	const struct process *parent = p->parent;

	for (unsigned i = 0; i < ARRAY_SIZE(p->itimers); i++)
		timer_cancel(&p->itimers[i].timer);
	signals_forget(p, NULL, ~0ull);
	p->stopped = false;
	if (p->sid == p->pid)
		tty_hangup_session(p->sid);
	p->ctty = NULL;
	reparent_children(p);
	if (parent->sid == p->sid && parent->pgid != p->pgid)
		orphan_group(p, p->pgid);
	return notify_parent_of_end(p);
}

/* ---- the end ---- */

/*
 * clear_child_tid is served only while somebody else can see the memory. What the task had is out
 * of its record before it is dropped, so that whoever looks at it meanwhile (/proc, an interrupt)
 * finds either all or nothing.
 */
static void drop_resources(struct task *t)
{
	struct files *files = t->files;
	struct fs *fs = t->fsinfo;

	if (!t->mm || t->mm->users == 1)
		t->clear_child_tid = 0;
	exec_done();
	t->files = NULL;
	t->fsinfo = NULL;
	files_put(files);
	fs_put(fs);
	t->landing_pad = 0;
	struct mm *mm = mm_use(NULL);
	if (mm)
		mm_put(mm);
}

/*
 * A corpse before this one is buried first: there is one grave. From schedule() on this one's stack
 * may be taken away.
 */
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
	corpse_reaps = !p->threads && process_ended(p);
	if (p->threads) {
		signals_retarget(~0ull);
		signals_check_stopped(p);
		wake_all(&p->thread_wait);
	}
	irq_disable();
	t->state = TASK_ZOMBIE;
	task_corpse = t;
	schedule();
	panic("a dead task runs");
}

/* Also who is stopped, or sleeps uninterruptibly: such a thread may wait for just this, in exec or vfork. */
void process_stir(struct process *p, const struct task *except)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node) {
		if (t == except)
			continue;
		t->work |= WORK_SIGNAL;
		if (t->state == TASK_STOPPED)
			t->state = TASK_UNINTERRUPTIBLE;
		wake_task(t);
	}
}

/* exit_code stays that of the first to kill it. */
void process_kill(struct process *p, int status)
{
	IRQ_GUARD;

	if (!p->exiting) {
		p->exiting = true;
		p->exit_code = status;
		process_update_urgent(p);
		process_stir(p, NULL);
	}
}

/* The status of a process is its leader's, unless exit_group or a signal has set another. */
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
	t->forced.signo = 0;
	signals_forget(p, NULL, ~0ull);
	recalc_sigpending(t);
}

void exit_process(int status)
{
	process_kill(current->process, status);
	exit_task(status);
}

/* ---- waiting ---- */

#define WAIT_STATES	(WEXITED | WSTOPPED | WCONTINUED)
#define WAIT_KINDS	(__WNOTHREAD | __WALL | __WCLONE)

struct wait_for {
	int pid, pgid, options;		/* one child, or one group, or both 0: any */
	int status;			/* what was found: its status and CPU time */
	uint64_t cycles;
};

/*
 * __WCLONE: only children that send something else than SIGCHLD at their end, without it only those
 * that do; __WALL: both.
 */
static bool eligible(const struct process *p, const struct wait_for *w)
{
	if (w->pgid && p->pgid != w->pgid)
		return false;
	return w->options & __WALL || (p->exit_signal != SIGCHLD) == !!((uint32_t)w->options & __WCLONE);
}

/*
 * What this child has to report: its pid, or 0; -ECHILD: it has ended, and that isn't asked for. A zombie's report is
 * its last: it is freed. WNOWAIT: it can be told again.
 */
static int report(struct process *p, struct wait_for *w)
{
	int pid = p->pid;
	bool keep = w->options & WNOWAIT;

	w->cycles = process_cycles(p) + p->child_cycles;
	if (!p->threads && !(w->options & WEXITED))
		return -ECHILD;
	if (!p->threads) {
		w->status = p->exit_code;
		if (keep)
			return pid;
		current->process->child_cycles += w->cycles;
		list_del(&p->sibling);
		process_free(p);
	} else if (p->stopped && w->options & WSTOPPED && !p->stop_reported) {
		p->stop_reported = !keep;
		w->status = W_STOPCODE(p->stop_signal);
	} else if (p->continued && w->options & WCONTINUED) {
		p->continued = keep;
		w->status = W_CONTINUED;
	} else {
		return 0;
	}
	return pid;
}

/*
 * A pid; 0: there are children, but none has anything to report; -ECHILD. Zombies stand first, so a
 * search for them ends at the first child that lives.
 */
static int look_for_child(struct wait_for *w)
{
	struct process *me = current->process, *p, *next;
	int found, result = -ECHILD;

	task_bury();			/* so that its stack and process, if nobody is to wait for that, are gone */
	if (w->pid) {
		p = find_process(w->pid);
		return p && p->parent == me && eligible(p, w) ? report(p, w) : -ECHILD;
	}
	list_for_each_safe(p, next, &me->children, sibling) {
		if (!eligible(p, w))
			continue;
		found = report(p, w);
		if (found > 0)
			return found;
		result = MAX(result, found);
		if (!(w->options & (WSTOPPED | WCONTINUED)))
			break;
	}
	return result;
}

static int wait_for(struct wait_for *w)
{
	int result = 0;

	if (WAIT_EVENT(&current->process->child_wait, (result = look_for_child(w)) || w->options & WNOHANG, TIME_NEVER))
		return -ERESTARTSYS;
	return result;
}

/*
 * A result and a status that can't be written are -EFAULT, and the zombie is gone all the same, as
 * on Linux. INT32_MIN has no positive counterpart, so there is no such group.
 */
long sys_wait4(int pid, int *status, int options, struct rusage *usage)
{
	struct wait_for w = { .pid = MAX(pid, 0), .pgid = pid < -1 ? -pid : 0, .options = options | WEXITED };

	if ((uint32_t)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WAIT_KINDS))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (!pid)
		w.pgid = current->process->pgid;
	int result = wait_for(&w);
	if (result <= 0)
		return result;
	if (status && put_user_u32(status, w.status))
		return -EFAULT;
	return usage && rusage_put(usage, cycles_to_ns(w.cycles)) ? -EFAULT : result;
}

/* The head of the siginfo is written in any case, as on Linux: of zeros when there is nothing to tell, be it for an error. */
long sys_waitid(int which, int id, siginfo_t *user, uint32_t options, struct rusage *usage)
{
	struct wait_for w = { .pid = which == P_PID ? id : 0, .pgid = which == P_PGID ? id ? id : current->process->pgid : 0, .options = options };
	struct siginfo_head info = { 0 };
	bool valid = which == P_PID ? id > 0 : which == P_PGID ? id >= 0 : which == P_ALL;
	int result = -EINVAL;

	if (valid && options & WAIT_STATES && !(options & ~(WNOHANG | WNOWAIT | WAIT_STATES | WAIT_KINDS)))
		result = wait_for(&w);
	if (result > 0)
		info = child_info(result, w.status);
	if (result > 0 && usage && rusage_put(usage, cycles_to_ns(w.cycles)))
		return -EFAULT;
	return user && copy_to_user(user, &info, sizeof(info)) ? -EFAULT : MIN(result, 0);
}
