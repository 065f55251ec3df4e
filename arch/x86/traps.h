/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: what becomes a signal, what a fixup, what a panic; and reports that name functions.
 */
#ifndef ARCH_X86_TRAPS_H
#define ARCH_X86_TRAPS_H

#include <stdint.h>
#include "arch/x86/regs.h"

/* Return addresses by frame pointer from `frame` on, as "  name+0x12" lines in the log; stops at the stack's end or at anything odd. */
void backtrace(const uint32_t *frame);
void regs_log(const struct regs *r);

#endif
