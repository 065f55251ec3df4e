/* SPDX-License-Identifier: MIT */
/*
 * The terminal: from keys to lines, reading, writing, polling.
 *
 * A driver's interrupt stores bytes in `raw` and wakes the readers. interpret() takes them from there one by one, as
 * termios says, when somebody reads: in canonical mode up to the end of one line, else as many as are wanted. Who
 * types ahead, a script with a whole file perhaps, therefore meets each program in that program's own mode.
 *
 * For programs that don't read, a timer looks through `raw` for the keys of ISIG and IXON: at once if the machine is
 * idle, else after the terminal was left alone for WATCH_ROUNDS rounds. So a ^C typed ahead right behind a command
 * line still reaches the command, which at that moment is perhaps being forked.
 *
 * Not done: delays, OCRNL, XCASE, parity; BREAK is ignored. Output is never queued: the console's speed is the
 * writer's.
 */
#include "kernel/tty_internal.h"
#include "abi/poll.h"

#define CHUNK		256u		/* bytes copied between user and terminal at once */
#define WATCH_NS	(10ull * NSEC_PER_MSEC)		/* short for fingers, long for a fork and exec */
#define WATCH_ROUNDS	10u
#define VTIME_NS	(100ull * NSEC_PER_MSEC)

static void watch_fire(struct timer *timer);

/* The buffers are apart, so that the image need not hold them. */
struct tty console_tty = {
	.winsize = { .ws_row = 24, .ws_col = 80 }, .readers = WAITQ_INIT(console_tty.readers),
	.writers = WAITQ_INIT(console_tty.writers), .watch = { .fire = watch_fire },
	.raw = (uint8_t[RAW_SIZE]) { 0 }, .line = (char[LINE_SIZE]) { 0 },
};

/* Speed and frame are what the serial line has; nothing follows a change of them. */
void tty_defaults(struct tty *t)
{
	static const struct termios defaults = {
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17, [VSTOP] = 19,
			  [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 },
	};

	tty_set_mode(t, &defaults);
}

/* Shorthand for the two words of flags that are asked all the time. */
static inline bool iflag(const struct tty *t, uint32_t flag) { return t->termios.c_iflag & flag; }
static inline bool lflag(const struct tty *t, uint32_t flag) { return t->termios.c_lflag & flag; }

/* c is the key of a function; key 0 means that the function has none. */
static inline bool is_key(const struct tty *t, unsigned which, uint8_t c) { return c == t->termios.c_cc[which] && c; }

/* ---- output and echo ---- */

/* What a program or an echo writes. Only OPOST together with ONLCR changes anything. */
static void output(const struct tty *t, const char *text, size_t n)
{
	if ((t->termios.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR))
		console_write(text, n);
	else
		console_emit(text, n);
}

/* Tab and newline do on the screen what they say. */
static bool shown_as_caret(const struct tty *t, uint8_t c)
{
	return lflag(t, ECHOCTL) && (c < ' ' || c == 127) && c != '\t' && c != '\n';
}

/* Shows a key that was typed, control characters as ^X. */
static void echo(const struct tty *t, uint8_t c)
{
	bool caret = shown_as_caret(t, c);
	char text[2] = { caret ? '^' : c, c ^ 0x40 };

	if (lflag(t, ECHO))
		output(t, text, 1 + caret);
}

/* The unfinished line once more, on a fresh row. */
static void reprint(const struct tty *t)
{
	if (!lflag(t, ECHO))
		return;
	output(t, "\n", 1);
	for (uint32_t i = t->start; i < t->end; i++)
		echo(t, t->line[i]);
}

/*
 * Takes the last character away, on the screen too. Where a tab stood is not known, so then the line is printed anew.
 */
static void erase_one(struct tty *t)
{
	uint8_t c = t->line[--t->end];

	while (iflag(t, IUTF8) && (c & 0xC0) == 0x80 && t->end > t->start)
		c = t->line[--t->end];
	if (!lflag(t, ECHO))
		return;
	if (!lflag(t, ECHOE))
		echo(t, t->termios.c_cc[VERASE]);
	else if (c == '\t')
		reprint(t);
	else
		output(t, "\b \b\b \b", shown_as_caret(t, c) ? 6 : 3);
}

/* The blanks at the end, then everything up to the next blank. */
static void erase_word(struct tty *t)
{
	for (int blanks = 1; blanks >= 0; blanks--)
		while (t->end > t->start && (t->line[t->end - 1] == ' ' || t->line[t->end - 1] == '\t') == blanks)
			erase_one(t);
}

/* By wiping it from the screen (ECHOKE), or by leaving it there and going to a fresh row (ECHOK). */
static void erase_line(struct tty *t)
{
	if (lflag(t, ECHOE) && lflag(t, ECHOKE)) {
		while (t->end > t->start)
			erase_one(t);
		return;
	}
	t->end = t->start;
	echo(t, t->termios.c_cc[VKILL]);
	if (lflag(t, ECHOK))
		echo(t, '\n');
}

/* ---- from keys to lines; interrupts are off ---- */

/* Also after the last byte of a line was read: the next line begins. */
static void drop_line(struct tty *t)
{
	t->start = t->end = 0;
	t->complete = t->literal = false;
}

/*
 * In canonical mode the last place is kept for the end of the line: what doesn't fit is lost, but the line can still be
 * ended or corrected. Bytes that were read already make room first.
 */
static void append(struct tty *t, char c, bool ends)
{
	if (t->end == LINE_SIZE && t->start) {
		memmove(t->line, t->line + t->start, t->end - t->start);
		t->end -= t->start;
		t->start = 0;
	}
	if (t->end < LINE_SIZE - (lflag(t, ICANON) && !ends))
		t->line[t->end++] = c;
}

/* ^S and ^Q. Any signal key starts output again, too: who interrupts wants to see what happens. */
static void set_stopped(struct tty *t, bool stopped)
{
	t->stopped = stopped;
	if (!stopped)
		wake_all(&t->writers);
}

enum control { CONTROL_NO, CONTROL_DONE, CONTROL_FLUSH };

/*
 * Keys that act at once and are never data. CONTROL_FLUSH: what was typed before is to be dropped; the unfinished
 * line has been, bytes in `raw` are the caller's business: those before the key, not those behind it.
 */
static enum control control_key(struct tty *t, uint8_t c)
{
	int sig = is_key(t, VINTR, c) ? SIGINT : is_key(t, VQUIT, c) ? SIGQUIT : is_key(t, VSUSP, c) ? SIGTSTP : 0;

	if (iflag(t, IXON) && (is_key(t, VSTART, c) || is_key(t, VSTOP, c))) {
		set_stopped(t, is_key(t, VSTOP, c));
		return CONTROL_DONE;
	}
	if (!sig || !lflag(t, ISIG))
		return CONTROL_NO;
	if (!lflag(t, NOFLSH))
		drop_line(t);
	set_stopped(t, false);
	echo(t, c);
	if (t->pgrp)
		send_signal_pgrp(t->pgrp, sig);
	return lflag(t, NOFLSH) ? CONTROL_DONE : CONTROL_FLUSH;
}

/* Keys that edit the line; false: c is data. */
static bool editing_key(struct tty *t, uint8_t c)
{
	bool extended = lflag(t, IEXTEN);

	if (is_key(t, VERASE, c)) {
		if (t->end > t->start)
			erase_one(t);
	} else if (is_key(t, VKILL, c)) {
		erase_line(t);
	} else if (extended && is_key(t, VWERASE, c)) {
		erase_word(t);
	} else if (extended && is_key(t, VREPRINT, c)) {
		echo(t, c);
		reprint(t);
	} else if (is_key(t, VEOF, c)) {
		t->complete = true;
	} else {
		return false;
	}
	return true;
}

/* A key in canonical mode, after the control keys and the mapping of CR and LF. */
static void canonical_byte(struct tty *t, uint8_t c)
{
	bool ends = c == '\n' || is_key(t, VEOL, c) || (lflag(t, IEXTEN) && is_key(t, VEOL2, c));

	if (!ends && editing_key(t, c))
		return;
	if (c == '\n' && lflag(t, ECHONL) && !lflag(t, ECHO))
		output(t, "\n", 1);
	echo(t, c);
	append(t, c, ends);
	t->complete = ends;
}

/* One byte on its way from `raw` to `line`: the order of the steps is POSIX's (chapter 11.1.6 and on) and Linux's. */
static void take_byte(struct tty *t, uint8_t c)
{
	if (iflag(t, ISTRIP))
		c &= 0x7F;
	if (t->literal) {
		t->literal = false;
		echo(t, c);
		return append(t, c, false);
	}
	if (control_key(t, c))
		return;
	if (lflag(t, ICANON) && lflag(t, IEXTEN) && is_key(t, VLNEXT, c)) {
		t->literal = true;
		if (lflag(t, ECHO) && lflag(t, ECHOCTL))
			output(t, "^\b", 2);
		return;
	}
	if (c == '\r' && iflag(t, IGNCR))
		return;
	if (c == '\r' && iflag(t, ICRNL))
		c = '\n';
	else if (c == '\n' && iflag(t, INLCR))
		c = '\r';
	if (lflag(t, ICANON))
		return canonical_byte(t, c);
	echo(t, c);
	append(t, c, false);
}

/* There is enough for a reader that wants `wanted` bytes. */
static bool satisfied(const struct tty *t, uint32_t wanted)
{
	return lflag(t, ICANON) ? t->complete : t->end - t->start >= wanted;
}

/*
 * Takes bytes from `raw` until the reader is satisfied (true), or none are left, or one was a signal for the reader:
 * what stands behind it is for others. Interrupts are off for one byte at a time, since an echo to a real serial line
 * takes a while. Drivers that held back, because `raw` was full, are told when a quarter of it is free, not for each
 * byte; they call tty_input before console_input_room returns.
 */
static bool interpret(struct tty *t, uint32_t wanted)
{
	for (;;) {
		IRQ_GUARD;
		if (satisfied(t, wanted))
			return true;
		if (t->raw_out == t->raw_in || signal_pending())
			return false;
		t->quiet = 0;
		take_byte(t, t->raw[t->raw_out++ % RAW_SIZE]);
		if (tty_input_room() == RAW_SIZE / 4)
			console_input_room();
	}
}

/* ---- input ---- */

size_t tty_input_room(void) { return RAW_SIZE - (console_tty.raw_in - console_tty.raw_out); }

/* There may be control keys in `raw`, and somebody to get them. */
static bool keys_to_watch_for(const struct tty *t)
{
	return t->raw_in != t->raw_out && t->pgrp && (lflag(t, ISIG) || iflag(t, IXON));
}

/*
 * Arms the timer, with interrupts off. What keeps coming in does not put it off (a key may repeat for as long as it
 * is held), but every use of the terminal does: see tty_used.
 */
static void watch(struct tty *t)
{
	if (!t->watch.armed && keys_to_watch_for(t))
		timer_arm(&t->watch, clock_ns() + WATCH_NS);
}

void tty_used(struct tty *t)
{
	IRQ_GUARD;
	t->quiet = 0;
	watch(t);
}

/* Only stores, so that an interrupt is short however much an echo would have to print. */
void tty_input(const char *bytes, size_t n)
{
	struct tty *t = &console_tty;

	while (n-- && tty_input_room())
		t->raw[t->raw_in++ % RAW_SIZE] = *bytes++;
	wake_all(&t->readers);
	watch(t);
}

/*
 * Acts on control keys in `raw` and takes them out; a quoted one is data. The rest stays as it is, to be interpreted
 * by whoever will read it.
 */
static void find_control_keys(struct tty *t)
{
	uint32_t to = t->raw_out;
	bool quoted = t->literal;

	for (uint32_t i = t->raw_out; i != t->raw_in; i++) {
		uint8_t c = t->raw[i % RAW_SIZE];
		enum control what = quoted ? CONTROL_NO : control_key(t, c);

		quoted = !quoted && lflag(t, ICANON) && lflag(t, IEXTEN) && is_key(t, VLNEXT, c);
		if (what == CONTROL_FLUSH)
			to = t->raw_out;
		else if (what == CONTROL_NO)
			t->raw[to++ % RAW_SIZE] = c;
	}
	t->raw_in = to;
}

/*
 * In an interrupt, so `current` is what was interrupted: the idle task if nobody has anything to do but wait for
 * keys.
 */
static void watch_fire(struct timer *timer)
{
	struct tty *t = container_of(timer, struct tty, watch);

	if (!keys_to_watch_for(t))
		return;
	if (current != &idle_task && t->quiet++ < WATCH_ROUNDS)
		return timer_arm(timer, clock_ns() + WATCH_NS);
	find_control_keys(t);
	console_input_room();
}

/* TCSAFLUSH, TCIFLUSH: what has not been read is gone, but for what the drivers still hold back. */
void tty_flush_input(struct tty *t)
{
	IRQ_GUARD;
	drop_line(t);
	t->raw_out = t->raw_in;
	console_input_room();
}

/*
 * Bytes in `raw` will be interpreted in the new mode. What has been interpreted and not read can be read at once when
 * the mode changes, as if the line had been ended: nothing gets stuck between the modes.
 */
void tty_set_mode(struct tty *t, const struct termios *to)
{
	IRQ_GUARD;
	if ((t->termios.c_lflag ^ to->c_lflag) & ICANON) {
		t->complete = t->end > t->start;
		t->literal = false;
	}
	t->termios = *to;
	if (!iflag(t, IXON))
		set_stopped(t, false);
	wake_all(&t->readers);
	tty_used(t);
}

/* In canonical mode an unfinished line can't be read; in the other one everything can. */
uint32_t tty_unread(const struct file *f)
{
	struct tty *t = &console_tty;

	return interpret(t, LINE_SIZE) || !lflag(t, ICANON) ? t->end - t->start : 0;
}

/* ---- reading ---- */

/*
 * Moves up to n bytes of the line to the user. The timer may drop the line at any moment, so it is looked at once
 * more under the lock: -EAGAIN if there is less than the `promised` bytes or, in canonical mode, no line. A line
 * without any bytes is an end of file: 0.
 */
static int32_t take(struct tty *t, char *buf, uint32_t n, uint32_t promised)
{
	char chunk[CHUNK];
	uint32_t done = 0, part;

	do {
		irq_flags_t flags = irq_save();
		bool enough = done || satisfied(t, promised);
		part = MIN(MIN(n - done, t->end - t->start), CHUNK);
		memcpy(chunk, t->line + t->start, part);
		t->start += part;
		if (enough && t->start == t->end)
			drop_line(t);
		irq_restore(flags);
		if (!enough)
			return -EAGAIN;
		if (copy_to_user(buf + done, chunk, part))
			return done ? (int32_t)done : -EFAULT;
		done += part;
	} while (part == CHUNK && done < n);
	return done;
}

/*
 * Waits until `wanted` bytes or a line can be read: 0, or -EAGAIN, -EIO, -ERESTARTSYS, or -ETIMEDOUT. A reader that
 * has fallen into the background meanwhile must not take what was typed for others, so that is asked at every turn.
 */
static int wait_for(struct tty *t, const struct file *f, uint32_t wanted, uint64_t deadline)
{
	for (;;) {
		int error = tty_may_read(t);
		if (error)
			return error;
		if (interpret(t, wanted))
			return 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		error = WAIT_EVENT(&t->readers, tty_in_background(t) || interpret(t, wanted), deadline);
		if (error)
			return error == -EINTR ? -ERESTARTSYS : error;
	}
}

/*
 * Not canonical: MIN bytes at least, TIME tenths of a second at most; with both, TIME runs between bytes and starts
 * with the first one. What has come counts, however the wait ended. Returns 1 if there is something to take, 0 if
 * perhaps not, or a negative errno.
 */
static int wait_for_bytes(struct tty *t, const struct file *f, uint32_t n)
{
	uint32_t least = MIN(t->termios.c_cc[VMIN], n), have = 0;
	uint64_t limit = t->termios.c_cc[VTIME] * VTIME_NS;
	int error;

	if (!limit || !least) {
		error = wait_for(t, f, limit ? 1 : least, limit ? clock_ns() + limit : TIME_NEVER);
	} else {
		error = wait_for(t, f, 1, TIME_NEVER);
		while (!error && !lflag(t, ICANON) && (have = t->end - t->start) < least)
			error = wait_for(t, f, have + 1, clock_ns() + limit);
	}
	if (error && error != -ETIMEDOUT && (t->end == t->start || tty_in_background(t)))
		return error;
	interpret(t, MIN(n, LINE_SIZE));
	return least > 0;
}

/*
 * -EAGAIN from take means that the line was dropped by a signal key after it had been promised: then there is more waiting
 * to do, unless the caller does not wait.
 */
int32_t tty_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	struct tty *t = &console_tty;
	int32_t got;

	if (!n)
		return 0;
	do {
		got = lflag(t, ICANON) ? wait_for(t, f, 1, TIME_NEVER) : wait_for_bytes(t, f, n);
		if (got >= 0)
			got = take(t, buf, n, got);
	} while (got == -EAGAIN && !(f->flags & O_NONBLOCK));
	return got;
}

/* ---- writing ---- */

/* Output is held up by job control, by ^S, and given up for a signal. */
static int wait_to_write(struct tty *t, const struct file *f)
{
	if (lflag(t, TOSTOP)) {
		int error = tty_may_change(t);
		if (error)
			return error;
	}
	if (signal_pending())
		return -ERESTARTSYS;
	if (!t->stopped)
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return WAIT_EVENT(&t->writers, !t->stopped, TIME_NEVER) ? -ERESTARTSYS : 0;
}

/* In chunks: a signal, the end of the slice, or ^S takes effect in between. */
int32_t tty_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos)
{
	struct tty *t = &console_tty;
	char chunk[CHUNK];
	uint32_t done = 0;

	while (done < n) {
		uint32_t part = MIN(n - done, CHUNK);
		int error = wait_to_write(t, f);
		if (!error)
			error = copy_from_user(chunk, (const char *)buf + done, part);
		if (error)
			return done ? (int32_t)done : error;
		output(t, chunk, part);
		done += part;
		if (current->work & WORK_RESCHED)
			schedule();
	}
	return done;
}

/* Input counts as ready when a read would not wait: a line, or VMIN bytes unless VTIME limits the wait for them. */
uint32_t tty_poll(struct file *f, struct poll_table *table)
{
	struct tty *t = &console_tty;
	uint32_t least = t->termios.c_cc[VTIME] ? 1 : MAX(t->termios.c_cc[VMIN], 1);
	uint32_t ready = 0;

	poll_wait(table, &t->readers);
	poll_wait(table, &t->writers);
	if (interpret(t, least))
		ready |= POLLIN | POLLRDNORM;
	if (!t->stopped)
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}
