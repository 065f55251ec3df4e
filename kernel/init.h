/* SPDX-License-Identifier: MIT */
/*
 * The order of boot, and the end of process 1.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

struct boot_info;

/* Called by every door on the boot stack, with boot page tables, the platform's table installed and interrupts off. */
void kernel_main(struct boot_info *bi) __attribute__((noreturn));

/* Process 1 ended with this wait status: the run ends, by outcome exit or panic (or, with vdso=probe, is tried once more). */
void process1_died(int wait_status);

#endif
