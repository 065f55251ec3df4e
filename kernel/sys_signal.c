/* SPDX-License-Identifier: MIT */
/*
 * The calls about signals: actions, masks, sending, waiting.
 *
 * Everybody is root, so whom one can find one can signal; only process 1 is safe from what it doesn't handle (kernel/signal.c). Signal 0 only looks. The
 * calls of the first Linux, with one-word masks, work on the lower 32 signals.
 */
#include "abi/errno.h"
#include "kernel/lib.h"
#include "kernel/pid.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_internal.h"
#include "mm/uaccess.h"
#include "pv/pv_ops.h"

/* ---- actions ---- */

/* Signals that will be ignored from now on don't stay pending. */
static void forget_ignored(struct process *p, int sig, uint32_t handler)
{
	struct task *t;

	if (handler != SIG_IGN && (handler != SIG_DFL || !signal_ignored_by_default(sig)))
		return;
	sigqueue_flush(p, &p->pending, SIGMASK(sig));
	list_for_each(t, &p->tasks, group_node)
		sigqueue_flush(p, &t->pending, SIGMASK(sig));
}

static int action_exchange(int sig, const struct k_sigaction *new, struct k_sigaction *old)
{
	struct k_sigaction *action;

	if (sig < 1 || sig > NSIG || (new && SIGMASK(sig) & UNBLOCKABLE))
		return -EINVAL;
	action = &current->sighand->action[sig - 1];
	*old = *action;
	if (!new)
		return 0;
	irq_flags_t flags = irq_save();
	*action = *new;
	action->mask &= ~UNBLOCKABLE;
	irq_restore(flags);
	forget_ignored(current->process, sig, new->handler);
	return 0;
}

long sys_rt_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *user_old, uint32_t size)
{
	struct k_sigaction new, old;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	int error = action_exchange(sig, act ? &new : NULL, &old);
	if (error)
		return error;
	return user_old && copy_to_user(user_old, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_sigaction(int sig, const struct old_sigaction *act, struct old_sigaction *user_old)
{
	struct k_sigaction new, old;
	struct old_sigaction a;

	if (act) {
		if (copy_from_user(&a, act, sizeof(a)))
			return -EFAULT;
		new = (struct k_sigaction) { .handler = a.handler, .flags = a.flags, .restorer = a.restorer, .mask = a.mask };
	}
	int error = action_exchange(sig, act ? &new : NULL, &old);
	if (error)
		return error;
	a = (struct old_sigaction) { .handler = old.handler, .mask = old.mask, .flags = old.flags, .restorer = old.restorer };
	return user_old && copy_to_user(user_old, &a, sizeof(a)) ? -EFAULT : 0;
}

/* System V's: one shot, unprotected. */
long sys_signal(int sig, uint32_t handler)
{
	struct k_sigaction new = { .handler = handler, .flags = SA_RESETHAND | SA_NODEFER }, old;
	int error = action_exchange(sig, &new, &old);

	return error ? error : (long)old.handler;
}

long sys_sigaltstack(const stack_t *ss, stack_t *user_old)
{
	struct task *t = current;
	uint32_t esp = task_user_regs(t)->esp;
	stack_t new, old = t->altstack;

	old.ss_flags = altstack_flags(t, esp);
	if (ss) {
		if (copy_from_user(&new, ss, sizeof(new)))
			return -EFAULT;
		int error = altstack_set(t, &new, esp);
		if (error)
			return error;
	}
	return user_old && copy_to_user(user_old, &old, sizeof(old)) ? -EFAULT : 0;
}

/* ---- masks ---- */

static int change_mask(int how, sigset_t set, sigset_t keep)
{
	sigset_t mask = current->blocked;

	switch (how) {
	case SIG_BLOCK:
		mask |= set;
		break;
	case SIG_UNBLOCK:
		mask &= ~set;
		break;
	case SIG_SETMASK:
		mask = (mask & keep) | set;
		break;
	default:
		return -EINVAL;
	}
	signals_set_blocked(mask);
	return 0;
}

long sys_rt_sigprocmask(int how, const sigset_t *user, sigset_t *user_old, uint32_t size)
{
	sigset_t set, old = current->blocked;

	if (size != sizeof(set))
		return -EINVAL;
	if (user) {
		if (copy_from_user(&set, user, sizeof(set)))
			return -EFAULT;
		int error = change_mask(how, set, 0);
		if (error)
			return error;
	}
	return user_old && copy_to_user(user_old, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_sigprocmask(int how, const uint32_t *user, uint32_t *user_old)
{
	uint32_t set, old = current->blocked;

	if (user) {
		if (get_user_u32(&set, user))
			return -EFAULT;
		int error = change_mask(how, set, ~0ull << 32);
		if (error)
			return error;
	}
	return user_old ? put_user_u32(user_old, old) : 0;
}

static sigset_t pending(void)
{
	return (current->pending.set | current->process->pending.set) & current->blocked;
}

long sys_rt_sigpending(sigset_t *user, uint32_t size)
{
	sigset_t set = pending();

	return size > sizeof(set) ? -EINVAL : copy_to_user(user, &set, size);
}

long sys_sigpending(uint32_t *set)
{
	return put_user_u32(set, pending());
}

/* ---- sending ---- */

struct kill_search { struct siginfo_head info; int found, error; };

static void kill_one(struct process *p, void *arg)
{
	struct kill_search *s = arg;

	s->found++;
	if (s->info.signo)
		s->error = send_signal_head(p, NULL, &s->info);
}

static void kill_all(struct kill_search *s)
{
	for (struct process *p = next_process(2); p; p = next_process(p->pid + 1))
		if (p != current->process)
			kill_one(p, s);
}

static long kill_many(int pid, const struct siginfo_head *info)
{
	struct kill_search s = { .info = *info };

	if (pid == -1)
		kill_all(&s);
	else if (pid != INT32_MIN)
		pgrp_for_each(pid ? -pid : current->process->pgid, kill_one, &s);
	return s.found ? s.error : -ESRCH;
}

static __attribute__((noinline)) long send_kill(int pid, int sig)
{
	struct siginfo_head info = { .signo = sig, .code = SI_USER, .value = { current->process->pid } };
	struct process *p;

	if ((uint32_t)sig > NSIG)
		return -EINVAL;
	if (pid <= 0)
		return kill_many(pid, &info);
	p = find_process(pid);
	if (!p)
		return -ESRCH;
	return sig ? send_signal_head(p, NULL, &info) : 0;
}

long sys_kill(int pid, int sig)
{
	if (pid == current->process->pid && (uint32_t)sig - 1 < NSIG) {
		long result = signal_self(sig, SI_USER);
		if (likely(result != -1))
			return result;
	}
	return send_kill(pid, sig);
}

static long thread_kill(int tgid, int tid, int sig)
{
	struct task *t;

	if (tid <= 0 || (uint32_t)sig > NSIG)
		return -EINVAL;
	t = find_task(tid);
	if (!t || (tgid && t->process->pid != tgid))
		return -ESRCH;
	if (t == current && sig) {
		long result = signal_self(sig, SI_TKILL);
		if (result != -1)
			return result;
	}
	struct siginfo_head info = { .signo = sig, .code = SI_TKILL, .value = { current->process->pid } };
	return sig ? send_signal_head(t->process, t, &info) : 0;
}

long sys_tkill(int tid, int sig)
{
	return thread_kill(0, tid, sig);
}

long sys_tgkill(int tgid, int tid, int sig)
{
	return tgid <= 0 ? -EINVAL : thread_kill(tgid, tid, sig);
}

/* Codes from 0 up, and SI_TKILL, are the kernel's: only to oneself may one pretend. */
long sys_rt_sigqueueinfo(int pid, int sig, const siginfo_t *user)
{
	struct siginfo_head info;
	struct process *p;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if ((info.code >= 0 || info.code == SI_TKILL) && pid != current->process->pid)
		return -EPERM;
	p = pid > 0 ? find_process(pid) : NULL;
	if (!p)
		return -ESRCH;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	info.signo = sig;
	return sig ? send_signal_head(p, NULL, &info) : 0;
}

/* ---- waiting ---- */

static void sleep_for_signal(void)
{
	for (;;) {
		set_state(TASK_INTERRUPTIBLE);
		if (signal_pending())
			break;
		schedule();
	}
	set_state(TASK_RUNNING);
}

long sys_pause(void)
{
	sleep_for_signal();
	return -ERESTARTNOHAND;
}

static long suspend(sigset_t mask)
{
	struct task *t = current;

	t->saved_mask = t->blocked;
	signals_set_blocked(mask);
	sleep_for_signal();
	t->restore_mask = true;
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const sigset_t *user, uint32_t size)
{
	sigset_t mask;

	if (size != sizeof(mask))
		return -EINVAL;
	return copy_from_user(&mask, user, sizeof(mask)) ? -EFAULT : suspend(mask);
}

/* Two words that once meant something come first. */
long sys_sigsuspend(uint32_t a, uint32_t b, uint32_t mask)
{
	(void)a, (void)b;
	return suspend(mask);
}

/* A signal of the set, though blocked: its number, -EAGAIN at the deadline, -EINTR for another signal. */
static int wait_for_signal(sigset_t set, uint64_t deadline, struct siginfo_head *info)
{
	struct task *t = current;
	sigset_t others = ~set, blocked = t->blocked;
	int sig = dequeue_signal(&others, info);
	bool in_time = true;

	t->waited = set & blocked;
	t->blocked &= others;
	while (!sig && in_time && deadline) {
		set_state(TASK_INTERRUPTIBLE);
		recalc_sigpending(t);
		if (!signal_pending())
			in_time = schedule_until(deadline);
		set_state(TASK_RUNNING);
		sig = dequeue_signal(&others, info);
		if (!sig && signal_pending())
			break;
	}
	t->waited = 0;
	task_set_blocked(t, blocked);
	return sig ? sig : in_time && deadline ? -EINTR : -EAGAIN;
}

long sys_rt_sigtimedwait(const sigset_t *user, siginfo_t *user_info, const struct timespec *timeout, uint32_t size)
{
	uint64_t deadline = TIME_NEVER, span;
	struct siginfo_head head;
	siginfo_t info;
	sigset_t set;
	int error;

	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, user, sizeof(set)))
		return -EFAULT;
	if (timeout) {
		error = timespec_read(&span, timeout, false);
		if (error)
			return error;
		deadline = span ? deadline_after_ns(span) : 0;
	}
	int sig = wait_for_signal(set & ~UNBLOCKABLE, deadline, &head);
	if (sig < 0 || !user_info)
		return sig;
	memset(&info, 0, sizeof(info));
	memcpy(&info, &head, sizeof(head));
	return copy_to_user(user_info, &info, sizeof(info)) ? -EFAULT : sig;
}

long sys_restart_syscall(void)
{
	struct restart_block *r = &current->restart;

	return r->fn(r);
}
