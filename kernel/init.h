/* SPDX-License-Identifier: MIT */
/*
 * The order of boot: kernel_main, called by every door on the boot stack with boot page tables and interrupts off.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

struct boot_info;
void kernel_main(struct boot_info *bi) __attribute__((noreturn));

#endif
