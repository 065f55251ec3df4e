/* SPDX-License-Identifier: MIT */
/*
 * The log: one ring of text at a fixed guest-physical address, and whatever console there is.
 *
 * An onlooker finds the ring through the image's note (owner "Postern", type 1): magic "PLOG", size of the text in
 * bytes, bytes written since boot, the progress word, then the text; byte n of the log is at n mod size. It is written
 * before any console is tried, so it tells the last words of a machine whose console is dead. docs/log.adoc says the
 * same to those who look.
 *
 * Nothing here sleeps or allocates, and interrupts are off while a line goes out: handlers and dying code log, too, and
 * lines never mix.
 */
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/tty.h"
#include "pv/pv_ops.h"

#define LOG_MAGIC	0x474F4C50u	/* "PLOG" */
#define LINE_MAX	512

struct log_area { uint32_t magic, size, written, progress; char text[LOG_SIZE]; };
_Static_assert(offsetof(struct log_area, text) == 16, "documented: docs/log.adoc, tests/test_outside.py");

/* Its physical address is in the note of boot/start.asm. In the bss, not the image: magic and size come with the first line. */
struct log_area log_area __attribute__((aligned(16)));

static void ring_write(const char *text, size_t n)
{
	log_area.magic = LOG_MAGIC;
	log_area.size = LOG_SIZE;
	for (size_t i = 0; i < n; i++)
		log_area.text[log_area.written++ % LOG_SIZE] = text[i];
}

void klog(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	size_t n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = MIN(n, sizeof(line) - 1);
	IRQ_GUARD;
	ring_write(line, n);
	if (console_ready())
		console_write(line, n);
	else
		pv_early_console(line, n);
}

void log_progress(uint32_t word) { log_area.progress = word; }

uint32_t log_written(void) { return log_area.written; }

/* An interrupt may log meanwhile and overtake a slow reader: it goes on with the oldest that is left. */
size_t log_read(uint32_t *pos, char *to, size_t size)
{
	IRQ_GUARD;
	size_t n = 0;

	if (log_area.written - *pos > LOG_SIZE)
		*pos = log_area.written - LOG_SIZE;
	while (n < size && *pos != log_area.written)
		to[n++] = log_area.text[(*pos)++ % LOG_SIZE];
	return n;
}
