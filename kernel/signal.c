/* SPDX-License-Identifier: MIT */
/*
 * Sending signals, choosing what to deliver, default actions, job control.
 *
 * A pending signal is a bit in the set of a task or a process; a record with its siginfo hangs beside it if there was memory for one. Standard
 * signals pend once, real-time ones once per record. SIGKILL pends nowhere: it marks the process as exiting, which every thread sees before it
 * returns to ring 3. Stopping is a state of the process as well: threads stop on their way out, the last one tells the parent.
 * Faults of the current task don't pend either; they stand in task->forced and come first.
 *
 * Sending may happen in interrupts, so queues and process states change with interrupts off. Everybody is root: there are no permissions.
 */
#include "abi/errno.h"
#include "abi/wait.h"
#include "arch/x86/regs.h"
#include "kernel/lib.h"
#include "kernel/pid.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "pv/pv_ops.h"

#define TRAP_PAGE_FAULT	14u
#define IGNORED		(SIGMASK(SIGCHLD) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH) | SIGMASK(SIGCONT))

struct sigrecord { struct list node; struct siginfo_head info; };

/* ---- queues; interrupts off ---- */

static struct sigrecord *record_new(struct process *p)
{
	struct sigrecord *rec = NULL;

	if (p->queued_signals < SIGNALS_QUEUED_MAX)
		rec = kmalloc(sizeof(*rec));
	if (rec)
		p->queued_signals++;
	return rec;
}

static void record_free(struct process *p, struct sigrecord *rec)
{
	list_del(&rec->node);
	p->queued_signals--;
	kfree(rec);
}

void sigqueue_init(struct sigqueue *q)
{
	q->set = 0;
	q->first.signo = 0;
	list_init(&q->queued);
}

void sigqueue_flush(struct process *p, struct sigqueue *q, sigset_t which)
{
	struct sigrecord *rec, *next;
	irq_flags_t flags;

	if (!(q->set & which))
		return;
	flags = irq_save();
	q->set &= ~which;
	if (q->first.signo && which & SIGMASK(q->first.signo))
		q->first.signo = 0;
	list_for_each_safe(rec, next, &q->queued, node)
		if (which & SIGMASK(rec->info.signo))
			record_free(p, rec);
	irq_restore(flags);
}

static void flush_process(struct process *p, sigset_t which)
{
	struct task *t;

	sigqueue_flush(p, &p->pending, which);
	list_for_each(t, &p->tasks, group_node)
		sigqueue_flush(p, &t->pending, which);
}

/* Most signals find the queue empty and need no memory. Of others only a real-time one that carries a value is refused for lack of it. */
static int enqueue(struct process *p, struct sigqueue *q, const struct siginfo_head *info)
{
	struct sigrecord *rec;
	int sig = info->signo;

	if (!q->set) {
		siginfo_copy(&q->first, info);
		*sigset_word(&q->set, sig) = signal_bit(sig);
		return 0;
	}
	if (sigset_has(&q->set, sig) && sig < SIGRTMIN)
		return 0;
	rec = record_new(p);
	if (!rec && sig >= SIGRTMIN && info->code != SI_USER)
		return -EAGAIN;
	if (rec) {
		siginfo_copy(&rec->info, info);
		list_add_tail(&rec->node, &q->queued);
	}
	*sigset_word(&q->set, sig) |= signal_bit(sig);
	return 0;
}

/* The lowest signal of a set that is not in the mask, or 0. */
static int first_of(const sigset_t *set, const sigset_t *mask)
{
	const uint32_t *s = (const uint32_t *)set, *m = (const uint32_t *)mask;

	if (s[0] & ~m[0])
		return __builtin_ctz(s[0] & ~m[0]) + 1;
	return s[1] & ~m[1] ? __builtin_ctz(s[1] & ~m[1]) + 33 : 0;
}

static struct sigrecord *find_record(const struct sigqueue *q, int sig)
{
	struct sigrecord *rec;

	list_for_each(rec, &q->queued, node)
		if (rec->info.signo == sig)
			return rec;
	return NULL;
}

/* Not the first record: another, or none for lack of memory. */
static void take_queued(struct process *p, struct sigqueue *q, int sig, struct siginfo_head *info)
{
	struct sigrecord *rec = find_record(q, sig);

	if (rec) {
		siginfo_copy(info, &rec->info);
		record_free(p, rec);
	} else {
		*info = (struct siginfo_head) { .signo = sig, .code = SI_USER };
	}
}

/* Takes the oldest record of the lowest signal; a real-time one stays pending while there is another. */
static int take(struct process *p, struct sigqueue *q, const sigset_t *mask, struct siginfo_head *info)
{
	int sig = first_of(&q->set, mask);

	if (!sig)
		return 0;
	if (likely(q->first.signo == sig)) {
		siginfo_copy(info, &q->first);
		q->first.signo = 0;
	} else {
		take_queued(p, q, sig, info);
	}
	if (sig < SIGRTMIN || !find_record(q, sig))
		*sigset_word(&q->set, sig) &= ~signal_bit(sig);
	return sig;
}

int dequeue_signal(const sigset_t *mask, struct siginfo_head *info)
{
	struct task *t = current;
	irq_flags_t flags = irq_save();
	int sig = take(t->process, &t->pending, mask, info);

	if (!sig)
		sig = take(t->process, &t->process->pending, mask, info);
	irq_restore(flags);
	return sig;
}

/* ---- who has work ---- */

static void kick(struct task *t)
{
	t->work |= WORK_SIGNAL;
	if (t->state == TASK_INTERRUPTIBLE)
		wake_task(t);
}

void recalc_sigpending(struct task *t)
{
	irq_flags_t flags = irq_save();
	const struct process *p = t->process;

	if ((t->pending.set | p->pending.set) & ~t->blocked || t->forced.sig || t->restore_mask || p->urgent)
		t->work |= WORK_SIGNAL;
	else
		t->work &= ~WORK_SIGNAL;
	irq_restore(flags);
}

/* The current task won't take these signals of its process (any more): others may. */
void signals_retarget(sigset_t bits)
{
	struct process *p = current->process;
	irq_flags_t flags;
	struct task *t;

	if (!(p->pending.set & bits))
		return;
	flags = irq_save();
	list_for_each(t, &p->tasks, group_node)
		if (t != current && p->pending.set & bits & ~t->blocked)
			kick(t);
	irq_restore(flags);
}

void signals_recheck(void)
{
	signals_retarget(current->blocked);
	recalc_sigpending(current);
}

/* ---- sending ---- */

bool signal_ignored_by_default(int sig)
{
	return IGNORED & SIGMASK(sig);
}

/* An unblocked signal that does nothing. Process 1 is safe from everything that it has no handler for. */
static bool ignored(const struct task *target, uint32_t handler, int sig)
{
	if (sigset_has(&target->waited, sig))
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

static void continue_process(struct process *p)
{
	struct task *t;

	if (!p->stop_signal)
		return;
	p->stop_signal = 0;
	process_update_urgent(p);
	list_for_each(t, &p->tasks, group_node)
		if (t->state == TASK_STOPPED)
			wake_stopped(t);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
	notify_parent_of_stop(p, CLD_CONTINUED, SIGCONT);
}

/* What SIGKILL and the signals of job control do when they are sent, be they blocked, ignored or not. True: that was all. */
static bool act_at_once(struct process *p, int sig)
{
	if (sig == SIGKILL) {
		if (p->pid != 1)
			process_kill(p, SIGKILL);
		return true;
	}
	if (sig == SIGCONT) {
		flush_process(p, STOP_SIGNALS);
		continue_process(p);
	} else {
		flush_process(p, SIGMASK(SIGCONT));
	}
	return false;
}

static int send_locked(struct process *p, struct task *t, const struct siginfo_head *info)
{
	int sig = info->signo, error;
	struct task *target = t ? t : current;

	if (!p->threads || p->exiting)
		return 0;
	if (signal_acts_at_once(sig) && act_at_once(p, sig))
		return 0;
	if (target->process != p || !target->sighand || sigset_has(&target->blocked, sig))
		target = t ? NULL : choose_other(p, sig);
	if (target) {
		uint32_t handler = target->sighand->action[sig - 1].handler;
		if (handler <= SIG_IGN && ignored(target, handler, sig))
			return 0;
	}
	error = enqueue(p, t ? &t->pending : &p->pending, info);
	if (target && !error)
		kick(target);
	return error;
}

int send_signal_head(struct process *p, struct task *t, const struct siginfo_head *info)
{
	irq_flags_t flags = irq_save();
	int error = send_locked(p, t, info);

	irq_restore(flags);
	return error;
}

static const struct siginfo_head *head_of(const siginfo_t *info, int sig, struct siginfo_head *head)
{
	if (info)
		memcpy(head, info, sizeof(*head));
	else
		*head = (struct siginfo_head) { .code = SI_KERNEL };
	head->signo = sig;
	return head;
}

int send_signal_task(struct task *t, int sig, const siginfo_t *info)
{
	struct siginfo_head head;

	return send_signal_head(t->process, t, head_of(info, sig, &head));
}

int send_signal_process(struct process *p, int sig, const siginfo_t *info)
{
	struct siginfo_head head;

	return send_signal_head(p, NULL, head_of(info, sig, &head));
}

static void send_to_member(struct process *p, void *info)
{
	send_signal_head(p, NULL, info);
}

int send_signal_pgrp(int pgid, int sig, const siginfo_t *info)
{
	struct siginfo_head head;
	irq_flags_t flags = irq_save();
	bool found = pgrp_exists(pgid, 0);

	head_of(info, sig, &head);
	pgrp_for_each(pgid, send_to_member, &head);
	irq_restore(flags);
	return found ? 0 : -ESRCH;
}

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
	t->forced.sig = sig;
	t->forced.code = si_code;
	t->forced.addr = addr;
	t->work |= WORK_SIGNAL;
}

/* ---- stopping ---- */

static void stop_process(struct process *p, int sig)
{
	irq_flags_t flags = irq_save();
	struct task *t;

	p->stop_signal = sig;
	process_update_urgent(p);
	list_for_each(t, &p->tasks, group_node)
		if (t != current)
			kick(t);
	irq_restore(flags);
}

void signals_check_stopped(struct process *p)
{
	irq_flags_t flags = irq_save();

	if (p->stop_signal && !p->stopped && p->threads && p->stopped_threads == p->threads) {
		p->stopped = true;
		p->stop_reported = p->continued = false;
		notify_parent_of_stop(p, CLD_STOPPED, p->stop_signal);
	}
	irq_restore(flags);
}

static void stop_here(void)
{
	struct process *p = current->process;

	p->stopped_threads++;
	signals_check_stopped(p);
	for (;;) {
		set_state(TASK_STOPPED);
		if (!p->stop_signal || task_must_end(current))
			break;
		schedule();
	}
	set_state(TASK_RUNNING);
	p->stopped_threads--;
}

/* ---- delivering ---- */

/* A call that was cut short fails with EINTR or is made again: by its own number, or by restart_syscall, which knows how long it waited already. */
static void restart_cut_call(struct regs *r, const struct k_sigaction *action)
{
	bool again = !action;

	switch (-r->eax) {
	case ERESTARTNOINTR:
		again = true;
		break;
	case ERESTARTSYS:
		again |= action && action->flags & SA_RESTART;
		break;
	case ERESTART_RESTARTBLOCK:
		r->orig_eax = again ? 0 : r->orig_eax;
		break;
	case ERESTARTNOHAND:
		break;
	default:
		return;
	}
	r->eax = again ? r->orig_eax : (uint32_t)-EINTR;
	r->eip -= again ? 2 : 0;	/* the length of int 0x80, which also stands before the landing pad of SYSENTER */
	r->orig_eax = -1;
}

static inline void restart_call(struct regs *r, const struct k_sigaction *action)
{
	if (unlikely(r->eax >= (uint32_t)-ERESTART_RESTARTBLOCK) && (int32_t)r->orig_eax >= 0)
		restart_cut_call(r, action);
}

static void default_action(struct process *p, int sig, bool forced)
{
	if (signal_ignored_by_default(sig) || (p->pid == 1 && !forced))
		return;
	if (!(SIGMASK(sig) & STOP_SIGNALS))
		exit_process(sig);
	else if (sig == SIGSTOP || !pgrp_orphaned(p->pgid, NULL))
		stop_process(p, sig);
}

static int next_signal(struct task *t, struct siginfo_head *info)
{
	if (likely(!t->forced.sig))
		return dequeue_signal(&t->blocked, info);
	*info = (struct siginfo_head) { .signo = t->forced.sig, .code = t->forced.code, .value = { t->forced.addr } };
	t->forced.sig = 0;
	return info->signo;
}

/* True when there is nothing more to deliver now. */
static bool deliver_one(struct regs *r, struct task *t)
{
	bool forced = t->forced.sig;
	struct siginfo_head info;
	int sig = next_signal(t, &info);

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
		while (unlikely(p->urgent)) {
			if (task_must_end(t))
				exit_task(0);
			else
				stop_here();
		}
	} while (!deliver_one(r, t));
	if (unlikely(signals_pend(t) || t->forced.sig || p->urgent))
		recalc_sigpending(t);
}
