/* SPDX-License-Identifier: MIT */
/*
 * Time: nanoseconds everywhere, as unsigned 64-bit numbers. Monotonic time starts at boot; wall time is monotonic time
 * plus an offset.
 *
 * Timers are kept in a heap ordered by expiry; the platform's one event is programmed for the earliest one only, so
 * nothing ticks when nothing waits. Callbacks run in interrupt context with interrupts off: they may wake tasks, queue
 * signals and arm timers, no more.
 */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <stdbool.h>
#include "abi/time.h"

struct waitq;

#define NSEC_PER_SEC	1000000000u
#define NSEC_PER_USEC	1000u
#define NSEC_PER_MSEC	1000000u
#define TIME_NEVER	UINT64_MAX	/* as a deadline: there is none */

struct timer {
	uint64_t expires;		/* monotonic ns */
	void (*fire)(struct timer *timer);
	struct timer *left, *right, *parent;	/* in the heap of kernel/timer.c; parent NULL: the root */
	bool armed;			/* false when fire is called */
};

uint64_t clock_ns(void);		/* monotonic, never goes backwards */
uint64_t wall_ns(void);			/* since 1970 */
void wall_set(uint64_t ns);		/* clock_settime, settimeofday */
uint64_t wall_offset(void);		/* what wall_ns adds to clock_ns */

void time_init(void);
void timer_arm(struct timer *timer, uint64_t expires);	/* re-arms if armed; fire must be set. The past: as soon as can be */
void timer_cancel(struct timer *timer);			/* harmless if not armed */
void time_clock_changed(void);				/* the platform describes its clock otherwise now: tells the VDSO */
void timer_interrupt(void);				/* the platform's event: runs what is due, programs the next */

/* ---- what the calls that carry times share ---- */

extern struct waitq wall_waiters;	/* woken when the wall clock is set */
extern uint32_t wall_changes;		/* how often it was */

/*
 * A struct timespec, or timespec64 if wide, from the user: 0, -EFAULT, -EINVAL (negative, or nanoseconds out of range).
 * Spans beyond 570 years become TIME_NEVER - 1.
 */
int timespec_read(uint64_t *ns, const void *user, bool wide);
int timespec_write(void *user, uint64_t ns, bool wide);	/* 0 or -EFAULT */
struct timeval ns_to_timeval(uint64_t ns);
int32_t ns_to_ticks(uint64_t ns);	/* hundredths of a second, as user land counts CPU time (USER_HZ, AT_CLKTCK) */
/* now + span; TIME_NEVER - 1 at most. */
uint64_t deadline_after_ns(uint64_t span);
/* The monotonic time of a wall time; the past is 0. */
uint64_t wall_to_monotonic(uint64_t wall);

#endif
