/* SPDX-License-Identifier: MIT */
/*
 * The calls about signals: actions, masks, sending, waiting.
 *
 * Everybody is root, so whom one can find one can signal; only process 1 is safe from what it
 * doesn't handle (kernel/signal.c). Signal 0 only looks. The calls of the first Linux, with
 * one-word masks, work on the lower 32 signals.
 */
#include "kernel/syscall.h"

/* ---- actions ---- */

/*
 * The kernel's part of every sigaction; new NULL: only looks. Signals that will be ignored from now
 * on don't stay pending.
 */
static int action_exchange(int sig, const struct k_sigaction *new, struct k_sigaction *old)
{
	struct sighand *s = current->sighand;

	if (sig < 1 || sig > NSIG || (new && SIGMASK(sig) & UNBLOCKABLE))
		return -EINVAL;
	*old = s->action[sig - 1];
	if (!new)
		return 0;
	irq_flags_t flags = irq_save();
	s->action[sig - 1] = *new;
	s->action[sig - 1].mask &= ~UNBLOCKABLE;
	s->touched |= SIGMASK(sig);
	irq_restore(flags);
	if (new->handler == SIG_IGN || (new->handler == SIG_DFL && signal_ignored_by_default(sig)))
		signals_forget(current->process, NULL, SIGMASK(sig));
	return 0;
}

long sys_rt_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *user_old, uint32_t size)
{
	struct k_sigaction new, old;
	int error = size != sizeof(sigset_t) ? -EINVAL : act ? copy_from_user(&new, act, sizeof(new)) : 0;

	error = error ?: action_exchange(sig, act ? &new : NULL, &old);
	return error ?: user_old ? copy_to_user(user_old, &old, sizeof(old)) : 0;
}

long sys_sigaction(int sig, const struct old_sigaction *act, struct old_sigaction *user_old)
{
	struct k_sigaction new, old = { 0 };
	struct old_sigaction a = { 0 };
	int error = act ? copy_from_user(&a, act, sizeof(a)) : 0;

	new = (struct k_sigaction) { .handler = a.handler, .flags = a.flags, .restorer = a.restorer, .mask = a.mask };
	error = error ?: action_exchange(sig, act ? &new : NULL, &old);
	a = (struct old_sigaction) { .handler = old.handler, .mask = old.mask, .flags = old.flags, .restorer = old.restorer };
	return error ?: user_old ? copy_to_user(user_old, &a, sizeof(a)) : 0;
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
	int error = ss ? copy_from_user(&new, ss, sizeof(new)) ?: altstack_set(t, &new, esp) : 0;
	return error ?: user_old ? copy_to_user(user_old, &old, sizeof(old)) : 0;
}

/* ---- masks ---- */

/* keep: signals that SIG_SETMASK leaves as they are. */
static int change_mask(int how, sigset_t set, sigset_t keep)
{
	sigset_t old = current->blocked;

	if (how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
		return -EINVAL;
	task_set_blocked(current, how == SIG_BLOCK ? old | set : how == SIG_UNBLOCK ? old & ~set : (old & keep) | set);
	return 0;
}

long sys_rt_sigprocmask(int how, const sigset_t *user, sigset_t *user_old, uint32_t size)
{
	sigset_t set, old = current->blocked;
	int error = size != sizeof(set) ? -EINVAL : user ? copy_from_user(&set, user, sizeof(set)) ?: change_mask(how, set, 0) : 0;

	return error ?: user_old ? copy_to_user(user_old, &old, sizeof(old)) : 0;
}

long sys_sigprocmask(int how, const uint32_t *user, uint32_t *user_old)
{
	uint32_t set, old = current->blocked;
	int error = user ? get_user_u32(&set, user) ?: change_mask(how, set, ~0ull << 32) : 0;

	return error ?: user_old ? put_user_u32(user_old, old) : 0;
}

/* Any shorter size is fine, too. */
long sys_rt_sigpending(sigset_t *user, uint32_t size)
{
	const struct task *t = current;
	sigset_t set = (t->pending.set | t->process->pending.set) & t->blocked;

	return size > sizeof(set) ? -EINVAL : copy_to_user(user, &set, size);
}

/* ---- sending ---- */

/* Signal 0 is not sent, but whether it could be is told. */
static int send_checked(struct process *p, struct task *t, const struct siginfo_head *info)
{
	return info->signo ? send_signal_head(p, t, info) : 0;
}

/*
 * pid 0: our process group; -1: everybody but process 1 and ourselves, as on Linux; else group
 * -pid.
 */
static long kill_many(int pid, const struct siginfo_head *info)
{
	int pgid = pid ? -pid : current->process->pgid, found = 0, error = 0;
	struct process *p = pid == -1 ? next_process(2) : pgrp_next(pgid, NULL);

	for (; p; p = pid == -1 ? next_process(p->pid + 1) : pgrp_next(pgid, p)) {
		if (pid == -1 && p == current->process)
			continue;
		found++;
		error = send_checked(p, NULL, info);
	}
	return found ? error : -ESRCH;
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
	return p ? send_checked(p, NULL, &info) : -ESRCH;
}

/*
 * Most programs that send signals send them to themselves (raise, abort): those need not look
 * anybody up.
 */

long sys_kill(int pid, int sig)
{
	if (pid == current->process->pid && (uint32_t)sig - 1 < NSIG) {
		long result = signal_self(sig, SI_USER);
		if (likely(result != -1))
			return result;
	}
	return send_kill(pid, sig);
}

/* tgid 0: of any process. */
long thread_kill(int tgid, int tid, int sig)
{
	struct siginfo_head info = { .signo = sig, .code = SI_TKILL, .value = { current->process->pid } };
	struct task *t = find_task(tid);
	long result = -1;

	if (tid <= 0 || (uint32_t)sig > NSIG)
		return -EINVAL;
	if (!t || (tgid && t->process->pid != tgid))
		return -ESRCH;
	if (t == current && sig)
		result = signal_self(sig, SI_TKILL);
	return result != -1 ? result : send_checked(t->process, t, &info);
}

/* Codes from 0 up, and SI_TKILL, are the kernel's: only to oneself may one pretend. */
long signal_queue(int pid, int tid, int sig, const siginfo_t *user)
{
	struct process *p = pid > 0 ? find_process(pid) : NULL;
	struct task *t = tid ? find_task(tid) : NULL;
	struct siginfo_head info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if ((info.code >= 0 || info.code == SI_TKILL) && (tid ?: pid) != current->pid)
		return -EPERM;
	if (!p || (tid && (!t || t->process != p)))
		return -ESRCH;
	info.signo = sig;			/* whatever the user's says */
	return sig < 0 || sig > NSIG ? -EINVAL : send_checked(p, t, &info);
}

/* ---- waiting ---- */

long sys_pause(void)
{
	SLEEP_UNTIL(TASK_INTERRUPTIBLE, false, TIME_NEVER);
	return -ERESTARTNOHAND;
}

/*
 * The old mask comes back after the handler's frame is built, which keeps it for after the handler:
 * so nothing can come in between.
 */
long suspend_with(sigset_t mask)
{
	struct task *t = current;

	t->saved_mask = t->blocked;
	task_set_blocked(t, mask);
	sys_pause();
	t->restore_mask = true;
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const sigset_t *user, uint32_t size)
{
	sigset_t mask;

	if (size != sizeof(mask))
		return -EINVAL;
	return copy_from_user(&mask, user, sizeof(mask)) ? -EFAULT : suspend_with(mask);
}

/*
 * A signal of the set, though blocked: its number; -EAGAIN at the deadline (0: at once); -EINTR for
 * another signal. While it sleeps the set is unblocked, so that senders wake it, and marked as
 * waited for, so that they don't drop what would be ignored.
 */
static int wait_for_signal(sigset_t set, uint64_t deadline, struct siginfo_head *info)
{
	struct task *t = current;
	sigset_t others = ~set, blocked = t->blocked;
	int sig = dequeue_signal(&others, info), result;

	if (sig || !deadline)
		return sig ?: -EAGAIN;
	t->waited = set & blocked;
	task_set_blocked(t, blocked & others);
	result = SLEEP_UNTIL(TASK_INTERRUPTIBLE, false, deadline);
	sig = dequeue_signal(&others, info);
	t->waited = 0;
	task_set_blocked(t, blocked);
	recalc_sigpending(t);
	return sig ?: result == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

long signal_wait(const sigset_t *user, siginfo_t *user_info, const void *timeout, bool wide, uint32_t size)
{
	uint64_t deadline = TIME_NEVER;
	siginfo_t info = { 0 };
	sigset_t set;
	int error = size != sizeof(set) ? -EINVAL : copy_from_user(&set, user, sizeof(set));

	if (!error && timeout) {
		error = timespec_read(&deadline, timeout, wide);
		deadline = deadline ? deadline_after_ns(deadline) : 0;
	}
	int sig = error ?: wait_for_signal(set & ~UNBLOCKABLE, deadline, (struct siginfo_head *)&info);
	return sig > 0 && user_info && copy_to_user(user_info, &info, sizeof(info)) ? -EFAULT : sig;
}
