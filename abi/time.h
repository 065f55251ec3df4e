/* SPDX-License-Identifier: MIT */
/*
 * Time as system calls carry it. The old calls use 32-bit seconds, those whose names end in 64 (or in
 * _time64) struct timespec64, whose nanoseconds occupy the low half of a 64-bit field.
 */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define TIMER_ABSTIME            1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

#define USER_HZ 100		/* the unit of times(2) and AT_CLKTCK */

struct timespec {
	int32_t tv_sec;
	int32_t tv_nsec;
};
_Static_assert(sizeof(struct timespec) == 8, "i386 timespec");

struct timespec64 {
	int64_t tv_sec;
	int32_t tv_nsec;
	int32_t pad;		/* ignored by the kernel when it reads, zero when it writes */
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct timespec64) == 16 && offsetof(struct timespec64, tv_nsec) == 8, "timespec64");

struct timeval {
	int32_t tv_sec;
	int32_t tv_usec;
};
_Static_assert(sizeof(struct timeval) == 8, "i386 timeval");

struct timezone {
	int32_t tz_minuteswest;
	int32_t tz_dsttime;
};

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};
_Static_assert(sizeof(struct itimerval) == 16, "i386 itimerval");

struct tms {
	int32_t tms_utime;
	int32_t tms_stime;
	int32_t tms_cutime;
	int32_t tms_cstime;
};

#endif
