/* SPDX-License-Identifier: MIT */
/*
 * The console terminal: line discipline, termios, job control. One terminal; its screen and keyboard are the serial line, VGA text, and
 * whatever console the platform's backend offers, all at once.
 *
 * Drivers feed bytes in by tty_input, from interrupt context; output goes to every registered console. Reading and writing obey
 * job control: SIGTTIN and SIGTTOU for background process groups, ^C ^\ ^Z as signals to the foreground group.
 */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/list.h"

struct tty;
extern struct tty console_tty;

/* An output device. write must work with interrupts off and must not sleep. */
struct console {
	struct list node;
	const char *name;
	void (*write)(const char *text, size_t n);
};

void console_register(struct console *c);	/* prints what was logged so far; log output and the tty go there from now on */
void console_write(const char *text, size_t n);	/* to every console, "\n" sent as "\r\n" */
void tty_input(const char *bytes, size_t n);	/* from a driver's interrupt */
void tty_init(void);				/* registers /dev/console, /dev/tty, /dev/ttyS0 */
/* The session leader exits: the terminal loses its session, the foreground group gets SIGHUP and SIGCONT. */
void tty_hangup_session(int sid);

#endif
