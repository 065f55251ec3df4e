/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks as the processor sees them: switching between tasks, and the first steps of a new
 * one.
 */
#ifndef ARCH_X86_TASK_SWITCH_H
#define ARCH_X86_TASK_SWITCH_H

#include <stdbool.h>
#include "arch/x86/regs.h"

struct task;

/*
 * Saves prev's fs, gs, FPU and stack, loads next's: page tables, TLS, stack for entries from ring
 * 3. Returns when prev runs again. Interrupts off.
 */
void context_switch(struct task *prev, struct task *next);
/*
 * A forked task: its user frame is a copy of the parent's with eax = 0; it will start by returning
 * to ring 3 through it.
 */
void task_prepare_fork(struct task *child);
/* A task that starts in the kernel with fn(); when fn returns, it goes to ring 3 through its user frame. */
void task_prepare_kernel(struct task *t, void (*fn)(void));
/*
 * The user frame and live segment registers of a new program: registers 0, EFLAGS 0x202, fs = gs =
 * 0 (abi linux-i386.md section 9).
 */
void regs_start_program(struct regs *r, uint32_t eip, uint32_t esp);
/* Loads the current task's user fs and gs; a selector that can't be loaded becomes 0. */
void user_segments_set(uint16_t fs, uint16_t gs);
/* A data segment selector that ring 3 may hold in ds, es, fs or gs. */
int user_selector_ok(uint16_t selector);
/* One of the current task's LDT, if it has one; whether there is such a segment, loading it shows. */
bool selector_is_local(uint16_t selector);

#endif
