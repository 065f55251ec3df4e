/* SPDX-License-Identifier: MIT */
/*
 * The user's (or an interrupted kernel path's) registers as every entry path leaves them on the kernel stack.
 *
 * fs and gs are not here: the kernel never touches them, so the live registers are the user's until the context switch
 * saves them in the task. For entries from ring 3 the frame ends exactly at kstack_top - KSTACK_RESERVED. For entries from the kernel
 * itself esp and ss are not pushed: the interrupted stack goes on where esp would be. eflags.IF is the *virtual* state.
 */
#ifndef ARCH_X86_REGS_H
#define ARCH_X86_REGS_H

#include <stddef.h>
#include <stdint.h>

struct regs {
	uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;	/* pusha */
	uint32_t es, ds;
	uint32_t orig_eax;	/* system call: its number; anything else: -1 (exception entries first hold the error code) */
	uint32_t eip, cs, eflags;
	uint32_t esp, ss;	/* from ring 3 only */
};

_Static_assert(sizeof(struct regs) == 64, "frame of entry.asm");
_Static_assert(offsetof(struct regs, eax) == 28 && offsetof(struct regs, eip) == 44, "frame of entry.asm");

#define EFLAGS_FIXED	0x00000002u
#define EFLAGS_TF	0x00000100u
#define EFLAGS_IF	0x00000200u
#define EFLAGS_DF	0x00000400u
#define EFLAGS_IOPL	0x00003000u
#define EFLAGS_NT	0x00004000u
#define EFLAGS_RF	0x00010000u
#define EFLAGS_VM	0x00020000u
#define EFLAGS_AC	0x00040000u

static inline int from_user(const struct regs *r) { return (r->cs & 3) == 3; }

#endif
