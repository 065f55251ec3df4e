/* SPDX-License-Identifier: MIT */
/*
 * For unit tests that link files of kernel/ which use `current`: it is found through the stack pointer, so here the stack pointer seems to
 * lie in test_stack, whose top word the test makes point at a task of its own. There are no interrupts, so there is no table of operations.
 *
 * Included before everything else (flags: -include tests/unit/kernel_shim.h), so that the kernel's files see it as well.
 */
#ifndef TESTS_UNIT_KERNEL_SHIM_H
#define TESTS_UNIT_KERNEL_SHIM_H

#include <stdint.h>

extern char test_stack[8192 + sizeof(void *)];	/* aligned to 8192 */

#define __builtin_frame_address(level)	((void *)test_stack)

#define PV_PV_OPS_H
typedef uint32_t irq_flags_t;
static inline void irq_disable(void) { }
static inline void irq_enable(void) { }
static inline irq_flags_t irq_save(void) { return 0; }
static inline void irq_restore(irq_flags_t flags) { (void)flags; }
#define IRQ_GUARD	(void)0

#endif
