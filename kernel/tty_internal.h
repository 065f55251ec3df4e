/* SPDX-License-Identifier: MIT */
/*
 * What the files of the terminal share: tty.c (reading, writing, editing), tty_ioctl.c (job control, settings,
 * the devices), console.c (output).
 *
 * Input lies in two places. `raw` is what drivers delivered, untouched: the interrupt only stores it. `line` is what
 * has been interpreted by the rules of termios, which happens when somebody reads or polls, so that what is typed
 * ahead is taken by the mode in which it is read, and echoed there. Only the keys that must work while nobody reads
 * (^C ^\ ^Z ^S ^Q) are looked for in `raw` by a timer as well. Both are accessed with
 * interrupts off.
 */
#ifndef KERNEL_TTY_INTERNAL_H
#define KERNEL_TTY_INTERNAL_H

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/termios.h"
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "kernel/tty.h"
#include "mm/uaccess.h"

#define RAW_SIZE	4096u		/* powers of two */
#define LINE_SIZE	4096u

struct tty {
	struct termios termios;
	struct winsize winsize;
	int sid, pgrp;			/* the session it belongs to and the group in the foreground; 0: none */
	struct waitq readers, writers;
	bool stopped;			/* ^S */
	bool literal;			/* the next byte is data: ^V */
	bool complete;			/* canonical: `line` may be read */
	uint32_t start, end;		/* of what is in `line` */
	uint32_t raw_out, raw_in;	/* count bytes; taken modulo RAW_SIZE */
	struct timer watch;		/* looks for signal keys */
	unsigned quiet;			/* rounds of `watch` since somebody used the terminal */
	uint8_t *raw;			/* RAW_SIZE bytes */
	char *line;			/* LINE_SIZE bytes */
};

/* tty.c */
void tty_defaults(struct tty *t);		/* termios as Linux has it for a new terminal */
void tty_flush_input(struct tty *t);
void tty_used(struct tty *t);			/* mode or foreground group changed: signal keys count from now on */
void tty_set_mode(struct tty *t, const struct termios *to);
uint32_t tty_unread(const struct file *f);
int32_t tty_read(struct file *f, void *buf, uint32_t n, uint64_t *pos);
int32_t tty_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos);
uint32_t tty_poll(struct file *f, struct poll_table *table);

/* tty_ioctl.c */
bool tty_in_background(const struct tty *t);	/* current's group is not in the foreground of its controlling terminal t */
int tty_may_read(const struct tty *t);		/* 0, or -EIO, or -ERESTARTSYS with SIGTTIN sent */
int tty_may_change(const struct tty *t);	/* the same with SIGTTOU, for output under TOSTOP and for settings */

/* console.c */
void console_input_room(void);			/* tells those that want to know */

#endif
