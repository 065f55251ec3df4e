/* SPDX-License-Identifier: MIT */
/*
 * What tests of files and processes share: a folder of their own under /tmp, children, and what memory there is.
 */
#ifndef USER_LIBC_SCRATCH_H
#define USER_LIBC_SCRATCH_H

void scratch_enter(void);		/* makes /tmp/PROGRAM.PID and goes there */
void scratch_leave(void);		/* removes it with all that is in it */
void make_file(const char *path, const char *text);	/* new or emptied, mode 0644 */
long mem_free(void);			/* KiB, as /proc/meminfo has it; -1: it doesn't say */
int in_child(int (*fn)(void));		/* the wait status of a child that exits with fn's result */

#endif
