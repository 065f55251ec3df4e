/* SPDX-License-Identifier: MIT */
/*
 * Running programs: static ELF32 and #! scripts (kernel/exec.c), the initial stack with the
 * auxiliary vector.
 */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include <stdint.h>

/*
 * Replaces the current process's program; for kernel callers (process 1), whose strings are in
 * kernel memory. On success the user frame, task_user_regs(current), is that of a new program and 0
 * is returned; else a negative errno and nothing has changed.
 */
int exec_kernel(const char *path, const char *const argv[], const char *const envp[]);

#endif
