/* SPDX-License-Identifier: MIT */
/*
 * The table's life: installed by the door, checked, patched into the call sites, reported.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include <stddef.h>
#include <stdint.h>

struct boot_info;
struct text;

/* Chooses and installs the platform: from the door, then by asking each backend's detect. The first thing a door's C code does. */
void pv_install(struct boot_info *bi);
/* Names every member that is NULL and panics if there is one. */
void pv_check(void);
/* Rewrites all call sites; the text must still be writable (through the direct map). pv=nopatch leaves them. Logs the counts. */
void pv_patch(void);
/* Text of /proc/pv: platform, ring, facts, ops per sub-table, sites and how each kind ended. */
void pv_report(struct text *t);
/* selftest=pv (DESIGN section 10): prints "trying X" before each step, then "ok" or what was expected and got. Number of failed steps. */
unsigned pv_selftest(void);

#endif
