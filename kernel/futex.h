/* SPDX-License-Identifier: MIT */
/* Futexes within the kernel: the word that a thread's end clears. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <stdint.h>

void futex_wake_address(uint32_t addr);	/* wakes one waiter on this address of the current address space */

#endif
