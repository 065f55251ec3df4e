/* SPDX-License-Identifier: MIT */
/*
 * Job control: whose terminal it is, who is in the foreground, and what others are told who try to use it.
 *
 * A terminal belongs to one session at most (t->sid), whose processes have it as p->ctty; the leader of the session
 * takes it and its exit gives it back. One process group of the session is in the foreground (t->pgrp). Others that
 * read get SIGTTIN, that write under TOSTOP or change settings SIGTTOU; a group that nobody could ever continue (an
 * orphaned one) gets an error instead. A process whose controlling terminal is another, or none, is not bothered.
 * Rules: POSIX.1-2017, chapter 11.1, and Linux where that leaves a choice.
 */
#include "abi/errno.h"
#include "kernel/pid.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "kernel/tty.h"
#include "kernel/tty_internal.h"
#include "mm/uaccess.h"

int tty_foreground(const struct tty *t)
{
	return t ? t->pgrp : -1;
}

bool tty_in_background(const struct tty *t)
{
	const struct process *p = current->process;

	return p->ctty == t && t->pgrp && p->pgid != t->pgrp;
}

static bool ignored_or_blocked(int sig)
{
	return current->blocked & SIGMASK(sig) || current->sighand->action[sig - 1].handler == SIG_IGN;
}

/* The call is repeated when the group is continued: by then it may be in the foreground. */
static int stop_group(int sig)
{
	int pgid = current->process->pgid;

	if (pgrp_orphaned(pgid, NULL))
		return -EIO;
	send_signal_pgrp(pgid, sig, NULL);
	return -ERESTARTSYS;
}

/* Who ignores SIGTTIN would read in an endless loop of restarts: an error instead. */
int tty_may_read(const struct tty *t)
{
	if (!tty_in_background(t))
		return 0;
	return ignored_or_blocked(SIGTTIN) ? -EIO : stop_group(SIGTTIN);
}

/* Who ignores SIGTTOU, as shells do, may do it. */
int tty_may_change(const struct tty *t)
{
	if (!tty_in_background(t) || ignored_or_blocked(SIGTTOU))
		return 0;
	return stop_group(SIGTTOU);
}

/* ---- sessions ---- */

void tty_become_ctty(struct tty *t)
{
	struct process *p = current->process;

	t->sid = p->sid;
	t->pgrp = p->pgid;
	p->ctty = t;
	tty_used(t);
}

/* Nobody of the session has the terminal any more. */
static void release_session(struct tty *t)
{
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1))
		if (p->ctty == t && p->sid == t->sid)
			p->ctty = NULL;
	t->sid = t->pgrp = 0;
}

/* The next session finds a terminal in its right mind, whatever the last one has set. */
void tty_hangup_session(int sid)
{
	struct tty *t = &console_tty;

	if (!t->sid || t->sid != sid)
		return;
	if (t->pgrp) {
		send_signal_pgrp(t->pgrp, SIGHUP, NULL);
		send_signal_pgrp(t->pgrp, SIGCONT, NULL);
	}
	release_session(t);
	tty_defaults(t);
}

/* steal: from the session that has it. Everybody is root here. */
static int set_ctty(struct tty *t, bool steal)
{
	const struct process *p = current->process;

	if (p->ctty == t && t->sid == p->sid && p->pid == p->sid)
		return 0;
	if (p->pid != p->sid || p->ctty || (t->sid && !steal))
		return -EPERM;
	if (t->sid)
		release_session(t);
	tty_become_ctty(t);
	return 0;
}

/* TIOCNOTTY: from the leader it is as if he exited. */
static int give_up_ctty(struct tty *t)
{
	struct process *p = current->process;

	if (p->ctty != t)
		return -ENOTTY;
	if (p->pid == p->sid)
		tty_hangup_session(p->sid);
	else
		p->ctty = NULL;
	return 0;
}

/* TIOCSPGRP: any group of the same session may be put in the foreground, by who is there or ignores SIGTTOU. */
static int set_foreground(struct tty *t, const void *arg)
{
	uint32_t pgid;
	int sid = current->process->sid;
	int error = tty_may_change(t);

	if (error)
		return error == -EIO ? -ENOTTY : error;
	if (current->process->ctty != t || t->sid != sid)
		return -ENOTTY;
	if (get_user_u32(&pgid, arg))
		return -EFAULT;
	if ((int)pgid <= 0)
		return -EINVAL;
	if (!pgrp_exists(pgid, sid))
		return pgrp_exists(pgid, 0) ? -EPERM : -ESRCH;
	t->pgrp = pgid;
	tty_used(t);
	return 0;
}

/*
 * What depends on who asks. Only a process of the terminal's own session learns the session and the foreground group.
 */
int tty_job_ioctl(struct tty *t, uint32_t cmd, uint32_t arg)
{
	void *user = (void *)arg;

	switch (cmd) {
	case TIOCSCTTY:
		return set_ctty(t, arg == 1);
	case TIOCNOTTY:
		return give_up_ctty(t);
	case TIOCSPGRP:
		return set_foreground(t, user);
	case TIOCGPGRP:
	case TIOCGSID:
		if (current->process->ctty != t)
			return -ENOTTY;
		return put_user_u32(user, cmd == TIOCGSID ? t->sid : t->pgrp);
	default:
		return -ENOTTY;
	}
}
