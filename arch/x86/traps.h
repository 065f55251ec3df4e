/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: what becomes a signal, what a fixup, what a panic; and reports that name functions.
 *
 * The entries of entry.asm are here for those who put them into tables: desc.c (gates), vdso/
 * (SYSENTER's MSR).
 */
#ifndef ARCH_X86_TRAPS_H
#define ARCH_X86_TRAPS_H

#include <stdbool.h>
#include "arch/x86/regs.h"

/*
 * Return addresses by frame pointer from `frame` on, as "  name+0x12" lines in the log; stops at
 * the stack's end or at anything odd.
 */
void backtrace(const uint32_t *frame);

/* Exceptions whose frame has an error code: Intel SDM volume 3, table 6-1; 29 and 30 are AMD's (APM volume 2, table 8-1). */
#define TRAPS_WITH_ERROR	(1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30)

extern const uint32_t gate_entries[48];		/* addresses: of exceptions, then of interrupts 0 to 15 */
void int80_entry(void);
void int80_or_sysenter(void);	/* the same where a host may make SYSENTER int 0x80 */
void sysenter_entry(void);
void sysenter_stepped(void);	/* goes on for sysenter_entry when TF was set */
void sysenter_argument(void);	/* the instruction that reads the sixth argument, with interrupts still off */

/* A program's fault was its int 0x80, which only a host can cause: the gate is bad (an error that names it), or the stack for the trap is. */
bool trap_was_int80(uint32_t vector, uint32_t error);

/* ---- called by entry.asm ---- */

void page_fault(struct regs *r, uint32_t addr, uint32_t error);		/* what entry.asm does not serve itself */
void exception(struct regs *r, uint32_t error, uint32_t vector);	/* all others; interrupts off */
void bad_return(struct regs *r);			/* iret refused the frame: it becomes a good one, and SIGSEGV */

/* The handler of the double-fault task (double_fault.c): never returns. And its TSS, filled by desc_init. */
struct tss;
void double_fault_init(struct tss *interrupted);
extern struct tss double_fault_tss;

#endif
