/* SPDX-License-Identifier: MIT */
/*
 * The serial lines: a 16550 or what passes for one. Registers: National Semiconductor PC16550D data sheet,
 * section 8.
 *
 * Output is polled, one byte at a time, and so works from the first instruction on and in the middle of a panic. The
 * first output sets the line up (115200 baud, 8n1) and turns the FIFO on, before anybody has a reason to type,
 * because that clears it. Input comes by interrupt; when the terminal has no room, the receive interrupt is turned
 * off and bytes stay in the FIFO, whose other end (a hypervisor) then holds back, too. A real line without flow
 * control would overrun: those bytes are lost.
 */
#include "arch/x86/io.h"
#include "drivers/console.h"
#include "kernel/irq.h"
#include "kernel/lib.h"
#include "kernel/tty.h"

#define PORT		0x3F8u
#define TRACE_PORT	0x2F8u		/* COM2 */
#define FIFO_BYTES	16u
#define IRQ		4u

enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, LINE = 3, MODEM = 4, STATUS = 5, SCRATCH = 7 };

#define INTERRUPT_RECEIVE	0x01u
#define FIFO_ON_AT_8		0x87u	/* both cleared; receive interrupt at 8 bytes or when no more come */
#define LINE_8N1		0x03u
#define LINE_DIVISOR		0x80u
#define MODEM_READY		0x03u	/* DTR, RTS */
#define MODEM_INTERRUPTS	0x08u	/* OUT2: a PC's interrupt gate */
#define STATUS_DATA		0x01u
#define STATUS_BREAK		0x10u
#define STATUS_CAN_SEND		0x20u

static bool tried, present;

static uint8_t in(unsigned reg) { return io_in8(PORT + reg); }
static void out(unsigned reg, uint8_t value) { io_out8(PORT + reg, value); }

/*
 * Where there is no UART, reads give 0xFF, or the register without meaning doesn't remember. Interrupts stay off; the
 * divisor shares the addresses of the data and interrupt registers.
 */
static bool set_up(uint32_t port)
{
	io_out8(port + SCRATCH, 0x5A);
	if (io_in8(port + STATUS) == 0xFF || io_in8(port + SCRATCH) != 0x5A)
		return false;
	io_out8(port + INTERRUPTS, 0);
	io_out8(port + LINE, LINE_DIVISOR);
	io_out8(port + DATA, 1);	/* 115200 / 1 baud */
	io_out8(port + INTERRUPTS, 0);
	io_out8(port + LINE, LINE_8N1);
	io_out8(port + FIFO, FIFO_ON_AT_8);
	io_out8(port + MODEM, MODEM_READY);
	return true;
}

/*
 * Waits for each byte, without a limit: a console that loses text is worse than a slow one. The FIFO is not filled
 * ahead: an interrupt that logs may write in between.
 */
void serial_early_write(const char *text, size_t n)
{
	if (!tried)
		present = set_up(PORT);
	tried = true;
	while (present && n--) {
		while (!(io_in8(PORT + STATUS) & STATUS_CAN_SEND))
			;
		io_out8(PORT + DATA, *text++);
	}
}

/* Nobody else writes here, so the FIFO is filled each time that it has run empty. */
uint32_t serial_trace_out(const void *records, size_t n)
{
	static bool there;
	const uint8_t *byte = records;

	if (!n)
		there = set_up(TRACE_PORT);
	for (size_t i = 0; there && i < n; i++) {
		while (i % FIFO_BYTES == 0 && !(io_in8(TRACE_PORT + STATUS) & STATUS_CAN_SEND))
			;
		io_out8(TRACE_PORT + DATA, byte[i]);
	}
	return there;
}

/*
 * Fetches what has come, as long as there is room for it. With interrupts off. The controller sees edges, so the UART
 * must have nothing more to say when this ends: it is either empty, or its interrupt is off and turning that on again
 * makes the edge.
 */
static void receive(void)
{
	char batch[16];
	size_t n = 0, room = MIN(tty_input_room(), sizeof(batch));
	uint8_t status;

	while (n < room && (status = in(STATUS)) != 0xFF && status & STATUS_DATA) {
		char c = in(DATA);
		if (status & STATUS_BREAK)
			continue;
		batch[n++] = c;
		if (n == room) {
			tty_input(batch, n);
			n = 0;
			room = MIN(tty_input_room(), sizeof(batch));
		}
	}
	if (n)
		tty_input(batch, n);
	out(INTERRUPTS, room ? INTERRUPT_RECEIVE : 0);
}

static struct console serial_console = { .write = serial_early_write, .input_room = receive, .has_log = true };

/*
 * The early console has printed the log already. What was typed so far waits in the FIFO and interrupts when that is
 * allowed.
 */
void serial_init(void)
{
	serial_early_write("", 0);
	if (!present)
		return;
	console_register(&serial_console);
	irq_register(IRQ, receive);
	out(MODEM, MODEM_READY | MODEM_INTERRUPTS);
	out(INTERRUPTS, INTERRUPT_RECEIVE);
}
