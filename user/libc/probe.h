/* SPDX-License-Identifier: MIT */
/*
 * A system call with every register chosen and every register seen: for tests of the entries themselves.
 */
#ifndef USER_LIBC_PROBE_H
#define USER_LIBC_PROBE_H

#include <stddef.h>
#include <stdint.h>

struct probe_regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
	uint32_t eflags;
	uint32_t esp;		/* out: how far esp moved, 0 if the entry kept it */
};
_Static_assert(offsetof(struct probe_regs, eflags) == 28 && offsetof(struct probe_regs, esp) == 32, "probe.asm");

/* Loads r (flags first, so that TF traps each instruction of the call), calls entry, stores what came back. */
void probe_call(uint32_t entry, struct probe_regs *r);
/* sysenter with ebp as given: where the kernel looks for the sixth argument. Ends in a signal or not at all. */
void probe_sysenter(uint32_t nr, uint32_t ebp);

#endif
