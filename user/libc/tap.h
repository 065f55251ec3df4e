/* SPDX-License-Identifier: MIT */
/*
 * What every in-guest test prints: "ok NAME" or "not ok NAME: expected E got G", then "N passed, N failed".
 *
 * main calls plan with the number of checks, then checks, then returns done(): a check too few or too many is
 * a failure of its own. The text is the same on every system that passes, so that Postern's can be compared with
 * the Linux host's line by line: no addresses, numbers of processes or times in names.
 */
#ifndef USER_LIBC_TAP_H
#define USER_LIBC_TAP_H

#include <stdbool.h>

void plan(int checks);
bool ok(bool good, const char *name);
bool equal(const char *name, long got, long expected);
bool same_text(const char *name, const char *got, const char *expected);
int done(void);			/* the exit status */

#endif
