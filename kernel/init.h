/* SPDX-License-Identifier: MIT */
/*
 * The order of boot, the program of process 1, and its end.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

struct boot_info;

/* Called by every door on the boot stack, with boot page tables, the platform's table installed and interrupts off. */
void kernel_main(struct boot_info *bi) __attribute__((noreturn));

/* Process 1 ended with this wait status: the run ends, by outcome exit or panic (or, with vdso=probe, is tried once more). */
void process1_died(int wait_status);

/*
 * Replaces the current process's program; for kernel callers (process 1), whose strings are in
 * kernel memory. On success the user frame, task_user_regs(current), is that of a new program and 0
 * is returned; else a negative errno and nothing has changed.
 */
int exec_kernel(const char *path, const char *const argv[], const char *const envp[]);

#endif
