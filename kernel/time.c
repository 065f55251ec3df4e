/* SPDX-License-Identifier: MIT */
/*
 * Clocks: monotonic time is the platform's own, wall time an offset to it.
 *
 * The platform promises that its clock never goes backwards; it is passed on unchanged, because the VDSO's data page
 * lets programs compute the very same numbers. Setting the wall clock changes the offset only; sleepers until a wall
 * time are told, so that they compute their end anew.
 */
#include "kernel/sched.h"
#include "pv/pv_ops.h"
#include "vdso/vdso.h"

static uint64_t offset;			/* wall time at monotonic 0 */
struct waitq wall_waiters = WAITQ_INIT(wall_waiters);
uint32_t wall_changes;

uint64_t clock_ns(void) { return pv_clock_ns(); }

uint64_t wall_offset(void) { return offset; }

uint64_t wall_ns(void) { return clock_ns() + offset; }

/* The count of changes tells a sleeper that was woken by this from one whose time has come. */
void wall_set(uint64_t ns)
{
	offset = ns - clock_ns();
	wall_changes++;
	vdso_update_clock();
	wake_all(&wall_waiters);
}

void time_clock_changed(void) { vdso_update_clock(); }

/* From here on wall time is reckoned, not asked for: a CMOS clock is slow to read and has whole seconds. */
void time_init(void)
{
	offset = pv_wall_ns() - clock_ns();
	vdso_update_clock();
}
