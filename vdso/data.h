/* SPDX-License-Identifier: MIT */
/*
 * The gate's data page: what the time functions of the VDSO need to tell the time without a system
 * call.
 *
 * Read-only for user mode, one page below the code page; the kernel writes it through its own
 * mapping. The clock of id c (0 real time, 1 monotonic) is base_ns[c] + (((tsc - tsc_base) <<
 * pre_shift) * mult >> 32), where mult has its highest bit set unless pre_shift is 0; that is the
 * same number, to the nanosecond, as struct pv_clock_desc gives. seq is odd while the page is being
 * written or when it cannot be used (usable = 0): readers then ask the kernel. The offsets reach
 * nasm through tools/gen-offsets.c, as VDSO_*.
 */
#ifndef VDSO_DATA_H
#define VDSO_DATA_H

#include <stddef.h>
#include <stdint.h>

struct vdso_data {
	uint32_t seq;		/* changes by 2 with every update */
	uint32_t usable;
	uint64_t tsc_base;
	uint32_t mult;
	uint32_t pre_shift;	/* 0 to 31 */
	uint64_t base_ns[2];	/* indexed by clock id */
};

_Static_assert(offsetof(struct vdso_data, tsc_base) == 8 && offsetof(struct vdso_data, mult) == 16, "read by vdso/time.inc");
_Static_assert(offsetof(struct vdso_data, base_ns) == 24 && sizeof(struct vdso_data) == 40, "read by vdso/time.inc");

#endif
