/* SPDX-License-Identifier: MIT */
/*
 * Moving registers between struct regs and the struct sigcontext of a signal frame in user memory, word by word, without a copy in between.
 *
 * The ranges must have been checked. The classic forms (struct sigframe) also move what stands around the sigcontext there.
 */
#ifndef ARCH_X86_SIGCONTEXT_H
#define ARCH_X86_SIGCONTEXT_H

#include <stdint.h>

struct regs;
struct sigcontext;
struct sigframe;
struct task;

/* What of a frame is neither in struct regs nor in struct task. */
struct sigframe_values {
	uint32_t fpstate, oldmask;
	uint32_t pretcode, sig, extramask;	/* classic frames only */
	uint32_t eflags;			/* read only: as found, for the caller to judge */
};

/* Writes the registers of the current task, t, and what the last fault was: 0 or -EFAULT. */
int sigcontext_save(struct sigcontext *user, const struct sigframe_values *v, const struct task *t);
int sigframe_save(struct sigframe *user, const struct sigframe_values *v, const struct task *t);
/*
 * General registers, eip and esp to *r; fpstate, oldmask, eflags (and extramask) to *v. cs, ss, ds, es, fs, gs and the flags are left alone: 0 if the
 * selectors in the frame are those in *r and the live fs and gs; 1 if not; or -EFAULT.
 */
int sigcontext_restore(struct regs *r, const struct sigcontext *user, struct sigframe_values *v);
int sigframe_restore(struct regs *r, const struct sigframe *user, struct sigframe_values *v);

#endif
