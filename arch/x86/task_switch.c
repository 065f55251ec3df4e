/* SPDX-License-Identifier: MIT */
/*
 * The first steps of tasks and programs, and the user's segment registers. The switch itself is in
 * switch.asm.
 *
 * A new task needs nothing but a stack that looks as if it had been switched away from:
 * context_switch then returns into entry.asm, either straight to the way back to ring 3 or to a
 * function of the kernel first. fs and gs are not in the user's frame: the live registers are the
 * current task's, and what ring 3 may load into them is checked here.
 */
#include "arch/x86/task_switch.h"
#include "arch/x86/desc.h"
#include "kernel/task.h"
#include "mm/mm.h"

/* What context_switch (switch.asm) finds on the stack of a task that does not run. */
struct switch_frame { uint32_t gs, fs, edi, esi, ebx, ebp, eip; };

/* switch.asm, entry.asm */
void load_user_segments(uint32_t fs, uint32_t gs);
void task_start_user(void);
void task_start_kernel(void);

static void prepare(struct task *t, void (*start)(void), uint32_t ebx)
{
	struct switch_frame *f = (struct switch_frame *)task_user_regs(t) - 1;

	*f = (struct switch_frame) { .ebx = ebx, .eip = (uint32_t)start };
	asm volatile("movl %%gs,%0\n\tmovl %%fs,%1" : "=r" (f->gs), "=r" (f->fs));
	t->kernel_esp = (uint32_t)f;
}

void task_prepare_fork(struct task *child) { prepare(child, task_start_user, 0); }

void task_prepare_kernel(struct task *t, void (*fn)(void)) { prepare(t, task_start_kernel, (uint32_t)fn); }

void regs_start_program(struct regs *r, uint32_t eip, uint32_t esp)
{
	*r = (struct regs) {
		.es = USER_DS, .ds = USER_DS, .orig_eax = -1,
		.eip = eip, .cs = USER_CS, .eflags = EFLAGS_IF | EFLAGS_FIXED, .esp = esp, .ss = USER_DS,
	};
	load_user_segments(0, 0);
}

/* ---- the user's segments ---- */

void user_segments_set(uint16_t fs, uint16_t gs)
{
	load_user_segments(user_selector_ok(fs) ? fs : 0, user_selector_ok(gs) ? gs : 0);
}

/* Whatever is in the local table is for ring 3, if it is there at all: that is the processor's to say. */
bool selector_is_local(uint16_t selector) { return selector & TABLE_LDT && current->mm->ldt; }

int user_selector_ok(uint16_t selector)
{
	unsigned index = selector >> 3;

	if (selector == USER_DS || selector <= 3 || selector_is_local(selector))
		return 1;
	return !(selector & TABLE_LDT) && (index == GDT_USER_DS || index == GDT_USER_CS || (index >= GDT_TLS && index < GDT_TLS + 3));
}
