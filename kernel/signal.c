/* SPDX-License-Identifier: MIT */
/*
 * Sending signals, choosing what to deliver, default actions, job control.
 *
 * A pending signal is a bit in the set of a task or a process; a record with its siginfo hangs
 * beside it if there was memory for one. Standard signals pend once, real-time ones once per
 * record. SIGKILL pends nowhere: it marks the process as exiting, which every thread sees before it
 * returns to ring 3. Stopping is a state of the process as well: threads stop on their way out, the
 * last one tells the parent. Faults of the current task don't pend either; they stand in
 * task->forced and come first.
 *
 * Sending may happen in interrupts, so queues and process states change with interrupts off.
 * Everybody is root: there are no permissions.
 */
#include "kernel/syscall.h"

#define TRAP_PAGE_FAULT	14u
#define IGNORED		(SIGMASK(SIGCHLD) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH) | SIGMASK(SIGCONT))

/* One pending signal; of a standard signal there is one at most in each queue. */
struct sigrecord { struct list node; struct siginfo_head info; };

/* ---- queues; interrupts off ---- */

static void record_free(struct process *p, struct sigrecord *rec)
{
	list_del(&rec->node);
	p->queued_signals--;
	kfree(rec);
}

/* Forgets these signals of one queue. */
static void flush(struct process *p, struct sigqueue *q, sigset_t which)
{
	struct sigrecord *rec, *next;

	if (!(q->set & which))
		return;
	q->set &= ~which;
	list_for_each_safe(rec, next, &q->queued, node)
		if (which & SIGMASK(rec->info.signo))
			record_free(p, rec);
}

void signals_forget(struct process *p, struct task *t, sigset_t which)
{
	IRQ_GUARD;

	flush(p, t ? &t->pending : &p->pending, which);
	if (!t)
		list_for_each(t, &p->tasks, group_node)
			flush(p, &t->pending, which);
}

/*
 * Only a real-time signal that carries a value is refused for lack of memory; of the others nothing
 * but their siginfo is lost.
 */
static int enqueue(struct process *p, struct sigqueue *q, const struct siginfo_head *info)
{
	struct sigrecord *rec = NULL;
	int sig = info->signo;

	if (sigset_has(&q->set, sig) && sig < SIGRTMIN)
		return 0;
	if (p->queued_signals < SIGNALS_QUEUED_MAX)
		rec = kmalloc(sizeof(*rec));
	if (!rec && sig >= SIGRTMIN && info->code != SI_USER)
		return -EAGAIN;
	if (rec) {
		rec->info = *info;
		list_add_tail(&rec->node, &q->queued);
		p->queued_signals++;
	}
	*sigset_word(&q->set, sig) |= signal_bit(sig);
	return 0;
}

/*
 * The oldest: POSIX.1-2017, 2.4.2, wants real-time signals of one number in the order of sending.
 */
static struct sigrecord *find_record(const struct sigqueue *q, int sig)
{
	struct sigrecord *rec;

	list_for_each(rec, &q->queued, node)
		if (rec->info.signo == sig)
			return rec;
	return NULL;
}

/*
 * Takes the oldest record of the lowest signal that is not in the mask; it stays pending while
 * there is another. 0: there is none.
 */
static int take(struct process *p, struct sigqueue *q, sigset_t mask, struct siginfo_head *info)
{
	sigset_t set = q->set & ~mask;
	struct sigrecord *rec;
	int sig;

	if (!set)
		return 0;
	sig = sigset_first(set);
	rec = find_record(q, sig);
	*info = rec ? rec->info : (struct siginfo_head) { .signo = sig, .code = SI_USER };
	if (rec)
		record_free(p, rec);
	if (!find_record(q, sig))
		q->set &= ~SIGMASK(sig);
	return sig;
}

/* What was sent to the thread comes before what was sent to the process. */
int dequeue_signal(const sigset_t *mask, struct siginfo_head *info)
{
	struct task *t = current;
	IRQ_GUARD;
	int sig = take(t->process, &t->pending, *mask, info) ?: take(t->process, &t->process->pending, *mask, info);

	return sig;
}

/* ---- who has work ---- */

/*
 * Only an interruptible sleep ends early. A task that runs, even in another ring, looks at its work
 * when it next returns to ring 3: there is one CPU, so it is not in ring 3 now.
 */
static void kick(struct task *t)
{
	t->work |= WORK_SIGNAL;
	if (t->state == TASK_INTERRUPTIBLE)
		wake_task(t);
}

/* What makes WORK_SIGNAL true, in one place; whoever changes one of these calls this or sets it. */
void recalc_sigpending(struct task *t)
{
	IRQ_GUARD;
	const struct process *p = t->process;

	if ((t->pending.set | p->pending.set) & ~t->blocked || t->forced.signo || t->restore_mask || p->urgent)
		t->work |= WORK_SIGNAL;
	else
		t->work &= ~WORK_SIGNAL;
}

/* The current task won't take these signals of its process (any more): others may. */
void signals_retarget(sigset_t bits)
{
	struct process *p = current->process;
	struct task *t;

	if (!(p->pending.set & bits))
		return;
	IRQ_GUARD;
	list_for_each(t, &p->tasks, group_node)
		if (t != current && p->pending.set & bits & ~t->blocked)
			kick(t);
}

void signals_recheck(void)
{
	signals_retarget(current->blocked);
	recalc_sigpending(current);
}

/* ---- sending ---- */

bool signal_ignored_by_default(int sig) { return IGNORED & SIGMASK(sig); }

/*
 * An unblocked signal that does nothing. Process 1 is safe from everything that it has no handler
 * for.
 */
static bool ignored(const struct task *target, int sig)
{
	uint32_t handler = target->sighand->action[sig - 1].handler;

	if (handler > SIG_IGN || sigset_has(&target->waited, sig))
		return false;
	return handler == SIG_IGN || target->process->pid == 1 || signal_ignored_by_default(sig);
}

/* Another thread than the current one that may run the handler, if there is one now. */
static struct task *choose_other(const struct process *p, int sig)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (!sigset_has(&t->blocked, sig))
			return t;
	return NULL;
}

/*
 * What SIGKILL and the signals of job control do when they are sent, be they blocked, ignored or
 * not (POSIX.1-2017, 2.4.1: SIGCONT and the stop signals discard each other). True: that was all.
 */
static bool act_at_once(struct process *p, int sig)
{
	if (sig == SIGKILL) {
		if (p->pid != 1)
			process_kill(p, SIGKILL);
		return true;
	}
	signals_forget(p, NULL, sig == SIGCONT ? STOP_SIGNALS : SIGMASK(SIGCONT));
	if (sig == SIGCONT && p->stop_signal) {
		p->stop_signal = 0;
		process_update_urgent(p);
		process_stir(p, NULL);	/* all of them had to look when it was set: no sleep is cut short only now */
		p->continued |= p->stopped;
		if (p->stopped)
			notify_parent_of_stop(p, W_CONTINUED);
		p->stopped = false;
	}
	return false;
}

/*
 * What the target looks at (masks, handlers, states) can't change between the look and the wake-up.
 * Of a process's threads the current one is preferred: it needs no wake-up.
 */
int send_signal_head(struct process *p, struct task *t, const struct siginfo_head *info)
{
	int sig = info->signo, error;
	struct task *target = t ? t : current;

	IRQ_GUARD;
	if (!p->threads || p->exiting || (signal_acts_at_once(sig) && act_at_once(p, sig)))
		return 0;
	if (target->process != p || !target->sighand || sigset_has(&target->blocked, sig))
		target = t ? NULL : choose_other(p, sig);
	if (target && ignored(target, sig))
		return 0;
	error = enqueue(p, t ? &t->pending : &p->pending, info);
	if (target && !error)
		kick(target);
	return error;
}

static int send_kernel_made(struct process *p, struct task *t, int sig)
{
	struct siginfo_head head = { .signo = sig, .code = SI_KERNEL };

	return send_signal_head(p, t, &head);
}

int send_signal_task(struct task *t, int sig) { return send_kernel_made(t->process, t, sig); }
int send_signal_process(struct process *p, int sig) { return send_kernel_made(p, NULL, sig); }

void send_signal_pgrp(int pgid, int sig)
{
	for (struct process *p = pgrp_next(pgid, NULL); p; p = pgrp_next(pgid, p))
		send_signal_process(p, sig);
}

/*
 * An ignored or blocked fault would come back at once, for ever: so it kills, as on Linux. It has
 * no place in a queue, since it is about this very instruction.
 */
void force_signal_fault(int sig, int si_code, uint32_t addr, uint32_t trapno, uint32_t error)
{
	struct task *t = current;
	struct k_sigaction *action = &t->sighand->action[sig - 1];

	t->trapno = trapno;
	t->error = error;
	if (trapno == TRAP_PAGE_FAULT)
		t->cr2 = addr;
	if (action->handler == SIG_IGN || t->blocked & SIGMASK(sig)) {
		action->handler = SIG_DFL;
		t->blocked &= ~SIGMASK(sig);
	}
	t->forced = (struct siginfo_head) { .signo = sig, .code = si_code, .value = { addr } };
	t->work |= WORK_SIGNAL;
}

/* ---- stopping ---- */

/*
 * Called when a thread stops and when one ends: either can be the last that was missing. The parent
 * is told once per stop.
 */
void signals_check_stopped(struct process *p)
{
	IRQ_GUARD;

	if (p->stop_signal && !p->stopped && p->threads && p->stopped_threads == p->threads) {
		p->stopped = true;
		p->stop_reported = p->continued = false;
		notify_parent_of_stop(p, W_STOPCODE(p->stop_signal));
	}
}

/* A thread that has stopped can be continued (act_at_once) or killed (process_kill), no more. */
static void stop_here(void)
{
	struct process *p = current->process;

	p->stopped_threads++;
	signals_check_stopped(p);
	SLEEP_UNTIL(TASK_STOPPED, !p->stop_signal || task_must_end(current), TIME_NEVER);
	p->stopped_threads--;
}

/* ---- delivering ---- */

/*
 * A call that was cut short fails with EINTR or is made again: by its own number, or by
 * restart_syscall, which knows how long it waited already.
 */
static void restart_cut_call(struct regs *r, const struct k_sigaction *action)
{
	bool again = !action;

	if (r->eax == (uint32_t)-ERESTARTNOINTR)
		again = true;
	else if (r->eax == (uint32_t)-ERESTARTSYS)
		again |= action && action->flags & SA_RESTART;
	else if (r->eax == (uint32_t)-ERESTART_RESTARTBLOCK)
		r->orig_eax = again ? 0 : r->orig_eax;
	else if (r->eax != (uint32_t)-ERESTARTNOHAND)
		return;
	r->eax = again ? r->orig_eax : (uint32_t)-EINTR;
	r->eip -= again ? 2 : 0;	/* the length of int 0x80, which also stands before the landing pad of SYSENTER */
	r->orig_eax = -1;
}

/*
 * The usual case is decided here: this is not the end of a call (then orig_eax is -1), or it is the
 * end of one that returned no error.
 */
static inline void restart_call(struct regs *r, const struct k_sigaction *action)
{
	if (unlikely(r->eax >= (uint32_t)-ERESTART_RESTARTBLOCK) && (int32_t)r->orig_eax >= 0)
		restart_cut_call(r, action);
}

/*
 * Of a signal that neither has a handler nor is ignored. Process 1 does nothing, unless its own
 * code has made a fault: that is the end of the machine. The stop signals of the terminal don't
 * stop an orphaned process group, which nobody could continue (POSIX.1-2017, 2.4.3). A process that
 * stops does so in all its threads, this one on its next round in deliver_signals.
 */
static void default_action(struct process *p, int sig, bool forced)
{
	if (signal_ignored_by_default(sig) || (p->pid == 1 && !forced))
		return;
	if (!(SIGMASK(sig) & STOP_SIGNALS))
		exit_process(sig);
	if (sig != SIGSTOP && pgrp_orphaned(p->pgid, NULL))
		return;
	IRQ_GUARD;
	p->stop_signal = sig;
	process_update_urgent(p);
	process_stir(p, current);
}

/* True when there is nothing more to deliver now. */
static bool deliver_one(struct regs *r, struct task *t)
{
	struct siginfo_head info = t->forced;
	bool forced = info.signo;
	int sig = forced ? info.signo : dequeue_signal(&t->blocked, &info);

	t->forced.signo = 0;
	if (!sig) {
		restart_call(r, NULL);
		if (t->restore_mask)
			t->blocked = t->saved_mask;
		t->restore_mask = false;
		return true;
	}
	struct k_sigaction *action = &t->sighand->action[sig - 1];
	if (likely(action->handler > SIG_IGN)) {
		restart_call(r, action);
		return signal_run_handler(t, action, &info);
	}
	if (action->handler == SIG_DFL)
		default_action(t->process, sig, forced);
	return false;
}

/* The mark of work is taken away first: whatever comes from here on sets it again. */
void deliver_signals(struct regs *r)
{
	struct task *t = current;
	struct process *p = t->process;

	t->work &= ~WORK_SIGNAL;
	do {
		while (unlikely(p->urgent))
			task_must_end(t) ? exit_task(0) : stop_here();
	} while (!deliver_one(r, t));
	if (unlikely(signals_pend(t) || t->forced.signo || p->urgent))
		recalc_sigpending(t);
}
