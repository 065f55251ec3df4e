/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a device: /dev/console, /dev/ttyS0 and /dev/tty, and its ioctls.
 *
 * All three are the one terminal. They differ in what opening means: /dev/ttyS0 becomes the controlling terminal of a
 * session leader that has none, /dev/console never does, and /dev/tty is there only for who has one. Since output is
 * never queued, waiting for it to drain takes no time: TCSETS and TCSETSW are the same, TCSBRK and TIOCOUTQ trivial.
 */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/signal.h"
#include "kernel/lib.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "kernel/tty.h"
#include "kernel/tty_internal.h"
#include "mm/uaccess.h"

static int get_mode(const struct tty *t, void *user)
{
	return copy_to_user(user, &t->termios, sizeof(t->termios));
}

/* All bits are kept, so that programs read back what they set; those that mean nothing here have no effect. */
static int set_mode(struct tty *t, const void *user, bool flush)
{
	struct termios wanted;
	int error = tty_may_change(t);

	if (error)
		return error;
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
		send_signal_pgrp(t->pgrp, SIGWINCH, NULL);
	return 0;
}

/* TCFLSH; there is no queued output to drop. */
static int flush(struct tty *t, uint32_t what)
{
	int error = tty_may_change(t);

	if (error)
		return error;
	if (what > TCIOFLUSH)
		return -EINVAL;
	if (what != TCOFLUSH)
		tty_flush_input(t);
	return 0;
}

/* Stops and starts output; sending ^S and ^Q to the other side (2, 3) is for lines slower than this. */
static int flow(struct tty *t, uint32_t what)
{
	int error = tty_may_change(t);

	if (error)
		return error;
	if (what > 3)
		return -EINVAL;
	if (what < 2)
		t->stopped = what == 0;
	wake_all(&t->writers);
	return 0;
}

int tty_ioctl(struct file *f, uint32_t cmd, uint32_t arg)
{
	struct tty *t = &console_tty;
	void *user = (void *)arg;

	(void)f;
	switch (cmd) {
	case TCGETS:
		return get_mode(t, user);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_mode(t, user, cmd == TCSETSF);
	case TIOCGWINSZ:
		return copy_to_user(user, &t->winsize, sizeof(t->winsize));
	case TIOCSWINSZ:
		return set_size(t, user);
	case TCFLSH:
		return flush(t, arg);
	case TCXONC:
		return flow(t, arg);
	case TCSBRK:
	case TCSBRKP:
		return tty_may_change(t);
	case FIONREAD:
		return put_user_u32(user, tty_readable(t));
	case TIOCOUTQ:
		return put_user_u32(user, 0);
	default:
		return tty_job_ioctl(t, cmd, arg);
	}
}

/* ---- the devices ---- */

/* Linux's rule: a session leader without a terminal, opening for reading, without O_NOCTTY. */
static bool wants_ctty(const struct file *f)
{
	const struct process *p = current->process;

	return !(f->flags & O_NOCTTY) && (f->flags & O_ACCMODE) != O_WRONLY && p->pid == p->sid && !p->ctty;
}

static int open_line(struct inode *inode, struct file *f)
{
	(void)inode;
	if (wants_ctty(f) && !console_tty.sid)
		tty_become_ctty(&console_tty);
	return 0;
}

static int open_own(struct inode *inode, struct file *f)
{
	(void)inode, (void)f;
	return current->process->ctty ? 0 : -ENXIO;
}

#define TTY_OPS(open_function) {									\
	.read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .poll = tty_poll, .seek = file_no_seek,	\
	.readdir = file_no_readdir, .open = open_function, .release = file_release_plain }

static const struct file_ops console_ops = TTY_OPS(file_open_plain);
static const struct file_ops line_ops = TTY_OPS(open_line);
static const struct file_ops own_ops = TTY_OPS(open_own);

void tty_init(void)
{
	tty_defaults(&console_tty);
	device_register("tty", 5, 0, &own_ops, &console_tty);
	device_register("console", 5, 1, &console_ops, &console_tty);
	device_register("ttyS0", 4, 64, &line_ops, &console_tty);
}
