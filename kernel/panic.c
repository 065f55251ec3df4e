/* SPDX-License-Identifier: MIT */
/*
 * Ends: panics, refusals, and the one line that says how a run ended (DESIGN section 8).
 *
 * A panic within a panic only finishes: whatever was being reported can't be. The outcome stands on a line of its own.
 */
#include "arch/x86/traps.h"
#include "kernel/lib.h"
#include "kernel/tty.h"
#include "pv/pv_ops.h"
#include "pv/trace.h"

#define LAST_OPERATIONS	32		/* of a trace */

/* The words that tools/run reads (DESIGN section 8). */
static const char *const words[] = {
	[OUTCOME_EXIT] = "exit", [OUTCOME_RESTART] = "restart", [OUTCOME_PANIC] = "panic",
	[OUTCOME_DOUBLE_FAULT] = "double-fault", [OUTCOME_REFUSED] = "refused",
};

/*
 * The last line goes to the console and, as shutdown's text, to whoever runs the machine: where there are no ports that is
 * all they learn. A platform that can't end the run has the machine halt, and tools/run reads the line.
 */
void finish(enum outcome outcome, int code)
{
	char line[48], number[8] = "";

	irq_disable();
	if (outcome == OUTCOME_EXIT)
		snprintf(number, sizeof(number), " %d", code & 0xFF);
	snprintf(line, sizeof(line), "postern: outcome %s%s", words[outcome], number);
	klog("%s%s\n", console_at_line_start() ? "" : "\n", line);
	pv_shutdown(outcome, code, line);
	for (;;)
		pv_halt_forever();
}

/* On a line of its own, whatever a program has left half written on the console. */
static void vlog(const char *prefix, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	klog("%s%s%s\n", console_at_line_start() ? "" : "\n", prefix, text);
}

/*
 * Interrupts are off from here on: a handler could wake a task, and the scheduler must not be entered again. The flag is
 * never cleared, since nobody returns.
 */
void panic(const char *fmt, ...)
{
	static bool panicking;
	uint32_t operations = trace_end();
	va_list ap;

	irq_disable();
	if (!panicking) {
		panicking = true;
		va_start(ap, fmt);
		vlog("panic: ", fmt, ap);
		va_end(ap);
		backtrace(__builtin_frame_address(0));
		trace_show(LAST_OPERATIONS, operations);
	}
	finish(OUTCOME_PANIC, 0);
}

/* No backtrace: the fault is not in our code, and the one line is for people who have never seen it. */
void refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog("refused: ", fmt, ap);
	va_end(ap);
	finish(OUTCOME_REFUSED, 0);
}
