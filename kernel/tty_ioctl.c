/* SPDX-License-Identifier: MIT */
/*
 * What processes ask of the terminal besides bytes: job control, settings, and what opening its devices means.
 *
 * A terminal belongs to one session at most (t->sid), whose processes have it as p->ctty; the leader of the session
 * takes it and its exit gives it back. One process group of the session is in the foreground (t->pgrp). Others that
 * read get SIGTTIN, that write under TOSTOP or change settings SIGTTOU; a group that nobody could ever continue (an
 * orphaned one) gets an error instead. A process whose controlling terminal is another, or none, is not bothered.
 * Rules: POSIX.1-2017, chapter 11.1, and Linux where that leaves a choice.
 *
 * The devices /dev/console, /dev/ttyS0 and /dev/tty are the one terminal. They differ in what opening means: /dev/ttyS0
 * becomes the controlling terminal of a session leader that has none, /dev/console never does, and /dev/tty is there
 * only for who has one. Since output is never queued, waiting for it to drain takes no time: TCSETS and TCSETSW are the
 * same, TCSBRK and TIOCOUTQ trivial.
 */
#include "kernel/tty_internal.h"
#include "kernel/inode.h"
#include "kernel/pid.h"

/* The devices' numbers are Linux's (Documentation/admin-guide/devices.txt), in the form of inode->rdev. */
enum { OWN_TTY = 5 << 8 | 0, CONSOLE = 5 << 8 | 1, LINE = 4 << 8 | 64 };

/* ---- who may do what ---- */

/* What ps shows as TPGID. */
int tty_foreground(const struct tty *t) { return t ? t->pgrp : -1; }

/* With nobody in the foreground (pgrp 0) nobody is in the background either: the leader may just have gone. */
bool tty_in_background(const struct tty *t)
{
	const struct process *p = current->process;

	return p->ctty == t && t->pgrp && p->pgid != t->pgrp;
}

/* Such a signal would stop nobody. */
static bool ignored_or_blocked(int sig)
{
	return current->blocked & SIGMASK(sig) || current->sighand->action[sig - 1].handler == SIG_IGN;
}

/*
 * The whole group is told, since a pipeline is one job. The call is repeated when it is continued: by then it may be in
 * the foreground. Nobody would continue an orphaned group, so that gets an error.
 */
static int stop_group(int sig)
{
	int pgid = current->process->pgid;

	if (pgrp_orphaned(pgid, NULL))
		return -EIO;
	send_signal_pgrp(pgid, sig);
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

/* current is the leader of a session without a terminal, and t has no session. */
static void become_ctty(struct tty *t)
{
	struct process *p = current->process;

	t->sid = p->sid;
	t->pgrp = p->pgid;
	p->ctty = t;
	tty_used(t);
}

/* Nobody of the session has the terminal any more; its processes live on without one. */
static void release_session(struct tty *t)
{
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1))
		if (p->ctty == t && p->sid == t->sid)
			p->ctty = NULL;
	t->sid = t->pgrp = 0;
}

/*
 * SIGHUP for those in the foreground, and SIGCONT so that stopped ones get to see it (POSIX.1-2017, 11.1.10). The next
 * session finds a terminal in its right mind, whatever the last one has set.
 */
void tty_hangup_session(int sid)
{
	struct tty *t = &console_tty;

	if (!t->sid || t->sid != sid)
		return;
	if (t->pgrp) {
		send_signal_pgrp(t->pgrp, SIGHUP);
		send_signal_pgrp(t->pgrp, SIGCONT);
	}
	release_session(t);
	tty_defaults(t);
}

/*
 * TIOCSCTTY: for the leader of a session that has no terminal yet. steal: from the session that has it, which is root's
 * privilege on Linux; everybody is root here.
 */
static int set_ctty(struct tty *t, bool steal)
{
	const struct process *p = current->process;

	if (p->ctty == t && t->sid == p->sid && p->pid == p->sid)
		return 0;
	if (p->pid != p->sid || p->ctty || (t->sid && !steal))
		return -EPERM;
	if (t->sid)
		release_session(t);
	become_ctty(t);
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

/*
 * TIOCSPGRP: any group of the same session may be put in the foreground, by who is there or ignores SIGTTOU. The errors
 * are POSIX's for tcsetpgrp: -EPERM for a group of another session, -ESRCH for none at all.
 */
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

/* ---- settings ---- */

/* All bits are kept, so that programs read back what they set; those that mean nothing here have no effect. */
static int set_mode(struct tty *t, const void *user, bool flush)
{
	struct termios wanted;

	if (copy_from_user(&wanted, user, sizeof(wanted)))
		return -EFAULT;
	if (flush)
		tty_flush_input(t);
	tty_set_mode(t, &wanted);
	return 0;
}

/* The size is what somebody said last: a serial line can't know. Programs that draw are told of a change. */
static int set_size(struct tty *t, const void *user)
{
	struct winsize wanted;

	if (copy_from_user(&wanted, user, sizeof(wanted)))
		return -EFAULT;
	bool same = !memcmp(&wanted, &t->winsize, sizeof(wanted));
	t->winsize = wanted;
	if (!same && t->pgrp)
		send_signal_pgrp(t->pgrp, SIGWINCH);
	return 0;
}

/* Those that change something for all, and so are not for the background. */
static bool is_change(uint32_t cmd)
{
	return (cmd >= TCSETS && cmd <= TCSETSF) || (cmd >= TCSBRK && cmd <= TCFLSH) || cmd == TCSBRKP;
}

/* Only a process of the terminal's own session learns the session and the foreground group. */
static int get_own(const struct tty *t, void *user, int number)
{
	return current->process->ctty == t ? put_user_u32(user, number) : -ENOTTY;
}

/*
 * There is no queued output for TCFLSH to drop. TCXONC stops (0) and starts (1) output; sending ^S and ^Q to the other side
 * (2, 3) is for lines slower than this.
 */
static int tty_ioctl(struct file *f, uint32_t cmd, uint32_t arg)
{
	struct tty *t = &console_tty;
	void *user = (void *)arg;
	int error = is_change(cmd) ? tty_may_change(t) : 0;

	if (error)
		return error;
	switch (cmd) {
	case TCGETS:
		return copy_to_user(user, &t->termios, sizeof(t->termios));
	case TCSETS ... TCSETSF:
		return set_mode(t, user, cmd == TCSETSF);
	case TCFLSH:
		if (arg != TCOFLUSH && arg <= TCIOFLUSH)
			tty_flush_input(t);
		return arg <= TCIOFLUSH ? 0 : -EINVAL;
	case TCXONC:
		if (arg < 2)
			t->stopped = arg == 0;
		wake_all(&t->writers);
		return arg <= 3 ? 0 : -EINVAL;
	case TCSBRK:
	case TCSBRKP:
		return 0;
	case TIOCGWINSZ:
		return copy_to_user(user, &t->winsize, sizeof(t->winsize));
	case TIOCSWINSZ:
		return set_size(t, user);
	case TIOCOUTQ:
		return put_user_u32(user, 0);
	case TIOCSCTTY:
		return set_ctty(t, arg == 1);
	case TIOCNOTTY:
		return give_up_ctty(t);
	case TIOCSPGRP:
		return set_foreground(t, user);
	case TIOCGPGRP:
		return get_own(t, user, t->pgrp);
	case TIOCGSID:
		return get_own(t, user, t->sid);
	default:
		return -ENOTTY;
	}
}

/* ---- the devices ---- */

/* Linux's rule: a session leader without a terminal, opening for reading, without O_NOCTTY. */
static bool wants_ctty(const struct file *f)
{
	const struct process *p = current->process;

	return !(f->flags & O_NOCTTY) && (f->flags & O_ACCMODE) != O_WRONLY && p->pid == p->sid && !p->ctty;
}

/* By the number of the node that was opened; everything else is the same terminal. */
static int tty_open(struct inode *inode, struct file *f)
{
	if (inode->rdev == OWN_TTY)
		return current->process->ctty ? 0 : -ENXIO;
	if (inode->rdev == LINE && wants_ctty(f) && !console_tty.sid)
		become_ctty(&console_tty);
	return 0;
}

static const struct file_ops tty_ops = {
	.read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .unread = tty_unread, .poll = tty_poll, .open = tty_open,
};

void tty_init(void)
{
	tty_defaults(&console_tty);
	device_register("tty", OWN_TTY, &tty_ops);
	device_register("console", CONSOLE, &tty_ops);
	device_register("ttyS0", LINE, &tty_ops);
}
