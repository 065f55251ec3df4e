/* SPDX-License-Identifier: MIT */
/*
 * x87 and SSE state. It is saved and restored eagerly at every switch between user tasks, so no
 * state ever belongs to the wrong task and CR0.TS is never set. FXSAVE where the CPU has FXSR,
 * else FNSAVE. The kernel computes nothing with these registers: what is in them is the current
 * task's. Layout of the FXSAVE area: Intel SDM volume 1, section 10.5.1.
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <stdbool.h>
#include <stdint.h>

struct fpu_state { uint8_t area[512]; } __attribute__((aligned(16)));

extern bool cpu_has_fxsr;

void fpu_init_cpu(void);			/* CR0, CR4.OSFXSR, OSXMMEXCPT */
void fpu_reset(struct fpu_state *to);		/* what a new program sees: FCW 0x37F, MXCSR 0x1F80 */
void fpu_save(struct fpu_state *to);		/* live registers to memory; they may be lost (FNSAVE) */
void fpu_restore(const struct fpu_state *from);

/*
 * The 112-byte FSAVE image plus, with FXSR, the 512-byte FXSAVE image that a signal frame holds
 * (abi/signal.h struct fpstate), from live state, and back. The live x87 state is fresh
 * afterwards, for the handler; MXCSR too. With FXSR user_fpstate + 112 must be a multiple of 16.
 * On the way back the x87 part comes from the FSAVE image, as on Linux. Return 0 or -EFAULT.
 */
int fpu_to_frame(void *user_fpstate);
int fpu_from_frame(const void *user_fpstate);

/*
 * si_code of the exception that is pending in the live state (simd: in MXCSR, else in the x87
 * status word); 0: none is.
 */
int fpu_exception_code(bool simd);

#endif
