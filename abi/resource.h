/* SPDX-License-Identifier: MIT */
/*
 * Resource limits and usage, and the block of sysinfo(2), as i386 lays them out.
 */
#ifndef ABI_RESOURCE_H
#define ABI_RESOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/time.h"

#define RLIMIT_CPU     0
#define RLIMIT_FSIZE   1
#define RLIMIT_DATA    2
#define RLIMIT_STACK   3
#define RLIMIT_CORE    4
#define RLIMIT_RSS     5
#define RLIMIT_NPROC   6
#define RLIMIT_NOFILE  7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS      9
#define RLIM_NLIMITS   16
#define RLIM_INFINITY   0xffffffffu		/* getrlimit (191) */
#define RLIM64_INFINITY 0xffffffffffffffffull	/* prlimit64 (340) */

struct rlimit {
	uint32_t rlim_cur;
	uint32_t rlim_max;
};

struct rlimit64 {
	uint64_t rlim_cur;
	uint64_t rlim_max;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct rlimit) == 8 && sizeof(struct rlimit64) == 16, "rlimits");

#define PRIO_PROCESS    0
#define PRIO_PGRP       1
#define PRIO_USER       2

#define RUSAGE_SELF      0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD    1

struct rusage {
	struct timeval ru_utime;
	struct timeval ru_stime;
	int32_t ru_maxrss;
	int32_t ru_ixrss;
	int32_t ru_idrss;
	int32_t ru_isrss;
	int32_t ru_minflt;
	int32_t ru_majflt;
	int32_t ru_nswap;
	int32_t ru_inblock;
	int32_t ru_oublock;
	int32_t ru_msgsnd;
	int32_t ru_msgrcv;
	int32_t ru_nsignals;
	int32_t ru_nvcsw;
	int32_t ru_nivcsw;
};
_Static_assert(sizeof(struct rusage) == 72 && offsetof(struct rusage, ru_maxrss) == 16, "i386 rusage");

struct sysinfo {
	int32_t uptime;			/* seconds */
	uint32_t loads[3];
	uint32_t totalram;		/* units of mem_unit bytes, as all the sizes here */
	uint32_t freeram;
	uint32_t sharedram;
	uint32_t bufferram;
	uint32_t totalswap;
	uint32_t freeswap;
	uint16_t procs;
	uint16_t pad;
	uint32_t totalhigh;
	uint32_t freehigh;
	uint32_t mem_unit;
	uint8_t reserved[8];
};
_Static_assert(sizeof(struct sysinfo) == 64 && offsetof(struct sysinfo, mem_unit) == 52, "i386 sysinfo");

#endif
