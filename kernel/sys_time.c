/* SPDX-License-Identifier: MIT */
/*
 * The calls about time: clocks, sleeping, interval timers.
 *
 * Relative sleeps are measured by the monotonic clock, absolute ones to a wall time follow the wall clock when it is
 * set. A sleep that a stop signal cuts short goes on through restart_syscall with its old deadline, so that it does not
 * grow. The resolution is a nanosecond everywhere; COARSE clocks are the same clocks, and so is BOOTTIME, since nothing
 * suspends.
 *
 * Calls come in two widths of time (abi/time.h): `wide` says which. Inside there is one number of nanoseconds.
 */
#include "kernel/syscall.h"

#define SECONDS_MAX	18000000000ull	/* 570 years: what is longer counts as for ever; 2^64 ns are 584 */
#define NSEC_PER_TICK	(NSEC_PER_SEC / USER_HZ)

/* ---- conversions ---- */

/* Spans that no 64 bits of nanoseconds hold end just before TIME_NEVER, which means that nothing is to be waited for. */
static uint64_t to_ns(uint64_t seconds, uint32_t ns)
{
	return seconds > SECONDS_MAX ? TIME_NEVER - 1 : seconds * NSEC_PER_SEC + ns;
}

/* The padding of a timespec64 is not looked at: old C libraries leave garbage there. */
int timespec_read(uint64_t *ns, const void *user, bool wide)
{
	struct timespec64 ts;
	struct timespec narrow;

	if (wide ? copy_from_user(&ts, user, sizeof(ts)) : copy_from_user(&narrow, user, sizeof(narrow)))
		return -EFAULT;
	if (!wide)
		ts = (struct timespec64) { narrow.tv_sec, narrow.tv_nsec, 0 };
	if (ts.tv_sec < 0 || (uint32_t)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = to_ns(ts.tv_sec, ts.tv_nsec);
	return 0;
}

/* Seconds of a struct timespec end in 2038. */
int timespec_write(void *user, uint64_t ns, bool wide)
{
	uint32_t rest = div64(&ns, NSEC_PER_SEC);
	struct timespec64 ts = { ns, rest, 0 };
	struct timespec narrow = { ns, rest };

	return wide ? copy_to_user(user, &ts, sizeof(ts)) : copy_to_user(user, &narrow, sizeof(narrow));
}

struct timeval ns_to_timeval(uint64_t ns)
{
	uint32_t rest = div64(&ns, NSEC_PER_SEC);

	return (struct timeval) { ns, rest / NSEC_PER_USEC };
}

/* Wraps after 248 days of ticks, as Linux's 32-bit clock_t does. */
int32_t ns_to_ticks(uint64_t ns)
{
	div64(&ns, NSEC_PER_TICK);
	return ns;
}

/* -EINVAL as for timespecs: microseconds out of range, negative seconds. */
static int from_timeval(uint64_t *ns, const struct timeval *tv)
{
	if (tv->tv_sec < 0 || (uint32_t)tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = to_ns(tv->tv_sec, tv->tv_usec * NSEC_PER_USEC);
	return 0;
}

/* The sum must not wrap, nor become TIME_NEVER. */
uint64_t deadline_after_ns(uint64_t span)
{
	uint64_t now = clock_ns();

	return span < TIME_NEVER - 1 - now ? now + span : TIME_NEVER - 1;
}

/* A wall time before boot has passed already. */
uint64_t wall_to_monotonic(uint64_t wall) { return wall > wall_offset() ? wall - wall_offset() : 0; }

/* ---- reading clocks ---- */

/*
 * CPU clocks are those of the caller; those of other processes (negative numbers) are not known: -EINVAL. All CPU time
 * counts as user time, see struct process.
 */
static int clock_read(int clock, uint64_t *ns)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		*ns = wall_ns();
	else if (clock == CLOCK_THREAD_CPUTIME_ID)
		*ns = cycles_to_ns(task_cycles(current));
	else if (clock == CLOCK_PROCESS_CPUTIME_ID)
		*ns = process_account(current->process)->utime_ns;
	else if (clock >= CLOCK_MONOTONIC && clock <= CLOCK_BOOTTIME)
		*ns = clock_ns();
	else
		return -EINVAL;
	return 0;
}

long clock_get(int clock, void *ts, bool wide)
{
	uint64_t ns;

	return clock_read(clock, &ns) ?: timespec_write(ts, ns, wide);
}

/* ts NULL only asks whether there is such a clock. */
long clock_resolution(int clock, void *ts, bool wide)
{
	uint64_t ns;

	return clock_read(clock, &ns) ?: ts ? timespec_write(ts, 1, wide) : 0;
}

/* Everybody is root; the monotonic clocks belong to nobody. */
long clock_set(int clock, const void *ts, bool wide)
{
	uint64_t ns;
	int error = timespec_read(&ns, ts, wide);

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (!error)
		wall_set(ns);
	return error;
}

/* The value is returned and stored; a bad pointer is an error although the value was there. */
long sys_time(int32_t *t)
{
	uint64_t seconds = wall_ns();

	div64(&seconds, NSEC_PER_SEC);
	if (t && put_user_u32(t, seconds))
		return -EFAULT;
	return seconds;
}

/* There are no time zones in the kernel: tz is filled with zeros, that is UTC. */
long sys_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	static const struct timezone none;
	struct timeval now = ns_to_timeval(wall_ns());

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	return tz && copy_to_user(tz, &none, sizeof(none)) ? -EFAULT : 0;
}

/* There are no time zones in the kernel: tz is ignored. */
long sys_settimeofday(const struct timeval *user, const struct timezone *tz)
{
	struct timeval tv;
	uint64_t ns;

	if (user && copy_from_user(&tv, user, sizeof(tv)))
		return -EFAULT;
	if (user && from_timeval(&ns, &tv))
		return -EINVAL;
	if (user)
		wall_set(ns);
	return 0;
}

/* In ticks of USER_HZ. The result counts from boot and never looks like an errno. */
long sys_times(struct tms *user)
{
	const struct process *p = process_account(current->process);
	struct tms t = { ns_to_ticks(p->utime_ns), 0, ns_to_ticks(p->cutime_ns), 0 };

	if (user && copy_to_user(user, &t, sizeof(t)))
		return -EFAULT;
	return ns_to_ticks(clock_ns()) & INT32_MAX;
}

/* ---- sleeping ---- */

/*
 * To a time of the monotonic or of the wall clock: 0 or -EINTR. When the wall clock is set, sleepers wake and look how
 * far away their time is now.
 */
static int sleep_until(uint64_t when, bool wall)
{
	uint32_t changes;
	int error;

	do {
		changes = wall_changes;
		error = WAIT_EVENT(&wall_waiters, wall && changes != wall_changes, wall ? wall_to_monotonic(when) : when);
	} while (!error);
	return error == -EINTR ? -EINTR : 0;
}

/* What is left goes to the user's address a, which may be 0, as a timespec of the width b. */
static long sleep_to_deadline(struct restart_block *r)
{
	if (!sleep_until(r->deadline, false))
		return 0;
	uint64_t now = clock_ns();
	if (now >= r->deadline)
		return 0;
	if (r->a && timespec_write((void *)r->a, r->deadline - now, r->b))
		return -EFAULT;
	current->restart = *r;
	return -ERESTART_RESTARTBLOCK;
}

/* The order of the checks is Linux's: clock, then time. A relative sleep on the wall clock does not follow it (POSIX). */
long clock_sleep(int clock, int flags, const void *req, void *rem, bool wide)
{
	uint64_t ns;
	int error = timespec_read(&ns, req, wide);

	if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_MONOTONIC_RAW)
		return -EOPNOTSUPP;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	if (error)
		return error;
	if (flags & TIMER_ABSTIME)
		return sleep_until(ns, clock == CLOCK_REALTIME) ? -ERESTARTNOHAND : 0;
	return sleep_to_deadline(&(struct restart_block) { sleep_to_deadline, deadline_after_ns(ns), (uint32_t)rem, wide, 0, 0 });
}

/* ---- interval timers ---- */

/* What is left, and what it starts anew with. A timer that runs never shows as 0. */
static struct itimerval itimer_get(const struct itimer *it)
{
	uint64_t now = itimer_now(it), left = it->due ? MAX(it->due, now + NSEC_PER_USEC) - now : 0;

	return (struct itimerval) { ns_to_timeval(it->interval), ns_to_timeval(left) };
}

/* value 0 stops it. */
static void itimer_set(struct itimer *it, uint64_t value, uint64_t interval)
{
	timer_cancel(&it->timer);
	it->interval = interval;
	it->due = value ? itimer_now(it) + value : 0;
	if (value)
		timer_arm(&it->timer, deadline_after_ns(value));
}

long sys_getitimer(uint32_t which, struct itimerval *user)
{
	if (which > ITIMER_PROF)
		return -EINVAL;
	struct itimerval it = itimer_get(&current->process->itimers[which]);
	return copy_to_user(user, &it, sizeof(it));
}

/* user NULL stops the timer: Linux once allowed that, and still does. */
long sys_setitimer(uint32_t which, const struct itimerval *user, struct itimerval *old)
{
	struct itimerval it = { }, was;
	uint64_t value, interval;

	if (user && copy_from_user(&it, user, sizeof(it)))
		return -EFAULT;
	if (which > ITIMER_PROF || from_timeval(&value, &it.it_value) || from_timeval(&interval, &it.it_interval))
		return -EINVAL;
	was = itimer_get(&current->process->itimers[which]);
	itimer_set(&current->process->itimers[which], value, interval);
	return old ? copy_to_user(old, &was, sizeof(was)) : 0;
}

/* The same timer in seconds. What was left is rounded, but a timer that runs never counts as 0. */
long sys_alarm(uint32_t seconds)
{
	struct itimer *it = &current->process->itimers[ITIMER_REAL];
	struct timeval left = itimer_get(it).it_value;

	itimer_set(it, to_ns(seconds, 0), 0);
	if (!left.tv_sec && left.tv_usec)
		return 1;
	return left.tv_sec + (left.tv_usec >= 500000);
}
