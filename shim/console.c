/* SPDX-License-Identifier: MIT */
/*
 * COM1, a 16550 (PC16550D data sheet, section 8): output polled, input by interrupt into a ring.
 *
 * A line feed that no carriage return precedes gets one. With several guests each has a line of its own that is printed when it is
 * complete or full, so that lines of different guests never mix. When the ring is full bytes stay in the UART and the interrupt is off until
 * somebody has read.
 */
#include "shim/console.h"
#include <stdarg.h>
#include "arch/x86/io.h"
#include "kernel/lib.h"
#include "shim/guest.h"

#define PORT		0x3F8u
#define LINE		160u
#define TYPED		256u		/* a power of two */

enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, FORMAT = 3, MODEM = 4, STATUS = 5 };
#define STATUS_DATA	0x01u
#define STATUS_CAN_SEND	0x20u

static char last = '\n';
static struct { char text[64]; unsigned used; } current, previous;	/* lines on the console, their beginnings */
static struct { char text[LINE]; unsigned used; } lines[MAX_GUESTS + 1];
static char typed[TYPED];
static unsigned typed_in, typed_out;

static void put(char c)
{
	if (c == '\n' && last != '\r')
		put('\r');
	while (!(io_in8(PORT + STATUS) & STATUS_CAN_SEND))
		;
	io_out8(PORT + DATA, c);
	last = c;
	if (c == '\n') {
		previous = current;
		current.used = 0;
	} else if (c != '\r' && current.used < sizeof(current.text) - 1) {
		current.text[current.used++] = c;
	}
	current.text[current.used] = 0;
}

static void put_all(const char *text, size_t n)
{
	while (n--)
		put(*text++);
}

void console_init(void)
{
	io_out8(PORT + INTERRUPTS, 0);
	io_out8(PORT + FORMAT, 0x80);	/* divisor: */
	io_out8(PORT + DATA, 1);	/* 115200 baud */
	io_out8(PORT + INTERRUPTS, 0);
	io_out8(PORT + FORMAT, 3);	/* 8n1 */
	io_out8(PORT + FIFO, 0x07);	/* on, empty, interrupt at every byte */
	io_out8(PORT + MODEM, 0x0B);	/* DTR, RTS, interrupts */
	io_out8(PORT + INTERRUPTS, 1);
}

void console_printf(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (last != '\n')
		put('\n');
	put_all(text, strlen(text));
}

bool console_said(const char *line)
{
	return last == '\n' && !strcmp(previous.text, line);
}

/* ---- guests ---- */

void console_guest_end(unsigned number)
{
	if (!lines[number].used)
		return;
	console_printf("[%u] ", number);
	put_all(lines[number].text, lines[number].used);
	put('\n');
	lines[number].used = 0;
}

static void add_to_line(unsigned number, char c)
{
	if (c == '\n' && !lines[number].used)
		lines[number].text[lines[number].used++] = ' ';
	if (c == '\n' || lines[number].used == LINE)
		console_guest_end(number);
	if (c != '\n' && c != '\r')
		lines[number].text[lines[number].used++] = c;
}

void console_guest(unsigned number, const char *text, size_t n)
{
	if (!number) {
		put_all(text, n);
		return;
	}
	while (n--)
		add_to_line(number, *text++);
}

/* ---- input ---- */

void console_interrupt(void)
{
	while (typed_in - typed_out < TYPED && io_in8(PORT + STATUS) & STATUS_DATA)
		typed[typed_in++ % TYPED] = io_in8(PORT + DATA);
	io_out8(PORT + INTERRUPTS, typed_in - typed_out < TYPED);
}

size_t console_read(char *to, size_t n)
{
	size_t got = 0;

	while (got < n && typed_out != typed_in)
		to[got++] = typed[typed_out++ % TYPED];
	if (got)
		console_interrupt();
	return got;
}

size_t console_typed(void)
{
	return typed_in - typed_out;
}
