/* SPDX-License-Identifier: MIT */
/*
 * The console terminal: line discipline, termios, job control. One terminal; its screen and keyboard are the serial
 * line, VGA text, and whatever console the platform's backend offers, all at once: output goes to each of them, input
 * from any of them is the same input.
 *
 * Drivers feed bytes in by tty_input, from interrupt context; output goes to every registered console. Reading and
 * writing obey job control: SIGTTIN and SIGTTOU for background process groups, ^C ^\ ^Z as signals to the foreground
 * group.
 */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "kernel/list.h"

struct tty;
extern struct tty console_tty;

/* An output device, and perhaps a keyboard. Both functions must work with interrupts off and must not sleep. */
struct console {
	struct list node;
	void (*write)(const char *text, size_t n);	/* as it is: lines end in "\r\n" */
	void (*input_room)(void);	/* tty_input_room() was too small and has grown: fetch what waits. NULL: not interested */
	bool has_log;			/* the early console is the same device: don't print the log there once more */
};

/* Prints what was logged so far (unless has_log); log output and the terminal go there from now on. c must last. */
void console_register(struct console *c);
bool console_ready(void);			/* a console is registered */
void console_write(const char *text, size_t n);	/* to every console, "\n" sent as "\r\n" */
void console_emit(const char *text, size_t n);	/* to every console as it is */
bool console_at_line_start(void);		/* the last byte that any console got was '\n', or there was none yet */

/*
 * Input from a driver, in interrupt context or with interrupts off. What exceeds tty_input_room() is lost, so a
 * driver whose device can hold bytes back leaves them there and waits for console.input_room.
 */
void tty_input(const char *bytes, size_t n);
size_t tty_input_room(void);

void tty_init(void);				/* registers /dev/console, /dev/tty, /dev/ttyS0 */
/* The session leader exits: the terminal loses its session, the foreground group gets SIGHUP and SIGCONT. */
void tty_hangup_session(int sid);
int tty_foreground(const struct tty *t);	/* its foreground process group, 0: none; -1 for no terminal (NULL). For /proc/<pid>/stat */

#endif
