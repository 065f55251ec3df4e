/* SPDX-License-Identifier: MIT */
/*
 * What the calls that carry times share (kernel/sys_time.c, futex.c, poll.c and others): user times as nanoseconds, and
 * sleeping until a wall time.
 */
#ifndef KERNEL_TIME_INTERNAL_H
#define KERNEL_TIME_INTERNAL_H

#include "abi/time.h"
#include "kernel/sched.h"

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
