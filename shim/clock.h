/* SPDX-License-Identifier: MIT */
/*
 * Time: nanoseconds since the shim's start, by the TSC, and one alarm by the PIT.
 */
#ifndef SHIM_CLOCK_H
#define SHIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NEVER		UINT64_MAX
#define NSEC_PER_SEC	1000000000u

void clock_init(void);
uint64_t clock_ns(void);
/* Since 1970, UTC. */
uint64_t clock_wall_ns(void);
extern uint32_t clock_tsc_khz;

/* An interrupt of the machine not later than `deadline` (of clock_ns), maybe earlier. NEVER: none. */
void clock_alarm(uint64_t deadline);
void clock_interrupt(void);

#endif
