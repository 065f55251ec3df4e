/* SPDX-License-Identifier: MIT */
/* Time by the C library (which goes through the VDSO) and by system calls: going forward, in agreement, sleeps long enough. */
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "show.h"

#ifdef SYS_clock_gettime64
#define GETTIME	SYS_clock_gettime64
#else
#define GETTIME	SYS_clock_gettime
#endif

static long long ns(long long seconds, long long rest)
{
	return seconds * 1000000000 + rest;
}

static long long by_library(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? -1 : ns(t.tv_sec, t.tv_nsec);
}

static long long by_call(clockid_t clock)
{
	struct { long long s, ns; } t;

	return syscall(GETTIME, clock, &t) ? -1 : ns(t.s, t.ns & 0xFFFFFFFF);
}

/* The call lies between two readings by the library; readings never go back. */
static void agree(const char *name, clockid_t clock)
{
	int back = 0, outside = 0;
	long long last = 0;

	for (int i = 0; i < 2000; i++) {
		long long a = by_library(clock), b = by_call(clock), c = by_library(clock);
		back += a < last || c < a;
		outside += b < a || b > c;
		last = c;
	}
	printf("%s: went back %d, disagreed %d\n", name, back, outside);
}

static int slept(long long start, long long span)
{
	long long took = by_library(CLOCK_MONOTONIC) - start;

	return took >= span && took < span + 5000000000;
}

int main(void)
{
	struct timeval tv;
	struct timespec res, t = { 0, 20000000 };
	struct tm tm;
	char text[80];
	time_t fixed = 1700000000;

	agree("realtime", CLOCK_REALTIME);
	agree("monotonic", CLOCK_MONOTONIC);
	agree("boottime", CLOCK_BOOTTIME);
	agree("process", CLOCK_PROCESS_CPUTIME_ID);
	agree("thread", CLOCK_THREAD_CPUTIME_ID);
	SHOW(clock_gettime(999, &res));
	SHOW(clock_getres(CLOCK_MONOTONIC, &res));
	printf("%ld %d\n", (long)res.tv_sec, res.tv_nsec > 0 && res.tv_nsec <= 10000000);
	SHOW(gettimeofday(&tv, NULL));
	printf("gettimeofday %d time %d\n", ns(tv.tv_sec, tv.tv_usec * 1000LL + 999) <= by_library(CLOCK_REALTIME) + 1000,
	       time(NULL) - tv.tv_sec <= 1);
	printf("this century %d\n", time(NULL) > 1600000000);
	long long start = by_library(CLOCK_MONOTONIC);
	SHOW(nanosleep(&t, NULL));
	printf("slept %d\n", slept(start, 20000000));
	start = by_library(CLOCK_MONOTONIC);
	t.tv_sec = start / 1000000000;
	t.tv_nsec = start % 1000000000 + 10000000;
	if (t.tv_nsec > 999999999) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	printf("slept %d\n", slept(start, 10000000));
	t.tv_nsec = -1;
	SHOW(nanosleep(&t, NULL));
	gmtime_r(&fixed, &tm);
	strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S", &tm);
	printf("%s %d\n", text, timegm(&tm) == fixed);
	SHOW(sched_getcpu() >= 0);
	return 0;
}
