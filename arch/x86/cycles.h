/* SPDX-License-Identifier: MIT */
/*
 * Two instructions that any ring may use, for those who may not write assembly.
 */
#ifndef ARCH_X86_CYCLES_H
#define ARCH_X86_CYCLES_H

#include <stdint.h>

static inline uint64_t cycles(void) { return __builtin_ia32_rdtsc(); }		/* the time-stamp counter */
int hardware_random(uint32_t *word);	/* RDRAND, only if the CPU has it (CPU_RDRAND): non-zero if it gave a word */

#endif
