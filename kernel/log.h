/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: a 64 KiB ring at a documented guest-physical address (ELF note "Postern" type 1), the console, and panic.
 *
 * klog works from the first instruction of kernel_main on; what is logged before a console exists is printed when one appears.
 * A line is "text\n"; no levels.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_SIZE	65536u

/* How a run ends (DESIGN section 8). */
enum outcome { OUTCOME_EXIT, OUTCOME_RESTART, OUTCOME_PANIC, OUTCOME_DOUBLE_FAULT, OUTCOME_REFUSED };

void klog(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A broken promise of our own code: message, backtrace, outcome "panic". */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A broken promise of the loader or the machine: one line, outcome "refused". */
void refuse(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Prints "postern: outcome WORD [CODE]" and ends the run; code counts for OUTCOME_EXIT only. */
void finish(enum outcome outcome, int code) __attribute__((noreturn));
/* A word that an onlooker can read from guest memory: how far boot or a self-test got. */
void log_progress(uint32_t word);
/* Copies log text from byte position *pos on (the oldest that is left, if *pos is older); advances *pos. For /proc/kmsg and syslog(2). */
size_t log_read(uint32_t *pos, char *to, size_t size);

#define BUG_ON(cond)	do { if (__builtin_expect(!!(cond), 0)) panic("%s:%d: %s", __FILE__, __LINE__, #cond); } while (0)

#endif
