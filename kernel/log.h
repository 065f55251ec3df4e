/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: a 64 KiB ring at a documented guest-physical address (ELF note "Postern" type 1), the console, and
 * the ends of a run.
 *
 * klog works from the first instruction of kernel_main on; what is logged before a console exists is printed when one
 * appears. A line is "text\n", of 511 bytes at most; there are no levels. Callable with interrupts off.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_SIZE	65536u		/* a power of two: positions wrap at 2^32 */

/* How a run ends (DESIGN section 8). */
enum outcome { OUTCOME_EXIT, OUTCOME_RESTART, OUTCOME_PANIC, OUTCOME_DOUBLE_FAULT, OUTCOME_REFUSED };

void klog(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A broken promise of our own code: message, backtrace, outcome "panic". */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A broken promise of the loader or the machine: one line, outcome "refused". */
void refuse(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Prints "postern: outcome WORD [CODE]" and ends the run; code (0 to 255) counts for OUTCOME_EXIT only. */
void finish(enum outcome outcome, int code) __attribute__((noreturn));
/* A word that an onlooker can read from guest memory: how far boot or a self-test got. */
void log_progress(uint32_t word);

/* For syslog(2). Positions count the bytes written since boot; the last LOG_SIZE of them are left. */
uint32_t log_written(void);
/* Copies text from position *pos on (the oldest that is left, if *pos is older) and advances *pos. Returns how much. */
size_t log_read(uint32_t *pos, char *to, size_t size);

#define BUG_ON(cond)	do { if (__builtin_expect(!!(cond), 0)) panic("%s:%d: %s", __FILE__, __LINE__, #cond); } while (0)

#endif
