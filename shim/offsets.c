/* SPDX-License-Identifier: MIT */
/*
 * Layouts and constants for the shim's assembly, see tools/offsets.h.
 */
#include "shim/switcher.h"
#include "tools/offsets.h"

void offsets(void)
{
	DEFINE(SWITCHER_REGS, SWITCHER_REGS);
	DEFINE(SWITCHER_STATE, SWITCHER_STATE);
	DEFINE(HOST_CS, HOST_CS);
	DEFINE(HOST_DS, HOST_DS);
	DEFINE(VECTOR_SYSENTER, VECTOR_SYSENTER);
	DEFINE(VECTOR_SWITCHER, VECTOR_SWITCHER);
	DEFINE(VECTOR_NMI, VECTOR_NMI);
	DEFINE(VECTOR_PROTECTION, VECTOR_PROTECTION);
	DEFINE(VECTOR_IRQ, VECTOR_IRQ);
	DEFINE(VECTOR_IRQ_END, VECTOR_IRQ_END);
	DEFINE(USER_CS, GDT_USER_CS << 3 | 3);
	DEFINE(USER_DS, GDT_USER_DS << 3 | 3);
	DEFINE(EFLAGS_TF, EFLAGS_TF);
	DEFINE(EFLAGS_IF, EFLAGS_IF);
	DEFINE(EFLAGS_VM, EFLAGS_VM);
	DEFINE(REGS_SIZE, sizeof(struct regs));
	OFFSET(REGS_vector, regs, vector);
	OFFSET(REGS_eflags, regs, eflags);
	OFFSET(STATE_host_esp, state, host_esp);
	OFFSET(STATE_host_cr3, state, host_cr3);
	OFFSET(STATE_gdt_pointer, state, gdt_pointer);
	OFFSET(STATE_idt_pointer, state, idt_pointer);
}
