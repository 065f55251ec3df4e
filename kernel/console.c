/* SPDX-License-Identifier: MIT */
/*
 * The consoles: every output goes to all of them, in the order of their registration.
 *
 * Callable from anywhere, also with interrupts off and while dying; nothing is buffered here. Whoever writes lines
 * uses console_write, which ends them as terminals want it ("\r\n"); the terminal with OPOST off uses console_emit. A
 * console that comes late is first given the log, unless the early console has printed it on the same device.
 */
#include "kernel/tty_internal.h"

static struct list consoles = LIST_INIT(consoles);
static char last_byte = '\n';

bool console_ready(void) { return !list_empty(&consoles); }

bool console_at_line_start(void) { return last_byte == '\n'; }

/* In the order of registration: a slow console delays the others, but none loses anything. */
void console_emit(const char *text, size_t n)
{
	struct console *c;

	if (!n)
		return;
	last_byte = text[n - 1];
	list_for_each(c, &consoles, node)
		c->write(text, n);
}

/* Calls write for text with each "\n" made "\r\n". */
static void write_lines(void (*write)(const char *text, size_t n), const char *text, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n')
			continue;
		if (i > from)
			write(text + from, i - from);
		write("\r\n", 2);
		from = i + 1;
	}
	if (n > from)
		write(text + from, n - from);
}

/* One call of write for each piece, so that a hypervisor's console takes a line in one exit. */
void console_write(const char *text, size_t n) { write_lines(console_emit, text, n); }

/* The log is a ring, and reading it needs no more than a position. */
void console_register(struct console *c)
{
	char text[128];
	uint32_t pos = 0;
	size_t n;

	while (!c->has_log && (n = log_read(&pos, text, sizeof(text))))
		write_lines(c->write, text, n);
	list_add_tail(&c->node, &consoles);
}

/* To those that hold input back when the terminal is full. */
void console_input_room(void)
{
	struct console *c;

	list_for_each(c, &consoles, node)
		if (c->input_room)
			c->input_room();
}
