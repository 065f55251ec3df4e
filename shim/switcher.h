/* SPDX-License-Identifier: MIT */
/*
 * The switcher: the only code and data of the shim that stand in a guest's address space, and the way from one world to the other.
 *
 * Three pages at the same addresses in the shim's own tables and in every shadow table, in the part of the address space that
 * reserve_mem takes from the guest:
 *
 *	SWITCHER_TEXT	code, read-only					the same page for all
 *	SWITCHER_REGS	where the processor pushes, writable at ring 1	one per guest; holds nothing that lasts beyond an entry
 *	SWITCHER_STATE	descriptor tables, TSS, 12 bytes of code, read-only there	one per guest
 *
 * The guest can read all three and write the second. Its registers stay at the end of that page while the shim looks at them: each exit
 * writes all of them, so nothing that the guest wrote there before is ever believed, and between exit and entry no guest runs. The task
 * register is loaded once, for the TSS lies at the same address everywhere; so does the shim's selector layout.
 */
#ifndef SHIM_SWITCHER_H
#define SHIM_SWITCHER_H

#include <stddef.h>
#include <stdint.h>
#include "arch/x86/desc.h"

#define SWITCHER_TEXT	0xFFFDF000u	/* reserve_mem is 0x21000, as on real hosts (lguest.md 6.8) */
#define SWITCHER_REGS	0xFFFE0000u
#define SWITCHER_STATE	0xFFFE1000u
#define SWITCHER_PAGES	3u

#define HOST_CS		0x50u		/* of the shim, in its own GDT and in each guest's */
#define HOST_DS		0x58u
#define HOST_CODE	0x00CF9B000000FFFFull	/* their descriptors: flat, present, ring 0, accessed */
#define HOST_DATA	0x00CF93000000FFFFull

#define VECTOR_DEBUG		1u
#define VECTOR_NMI		2u
#define VECTOR_NO_FPU		7u
#define VECTOR_DOUBLE_FAULT	8u
#define VECTOR_PROTECTION	13u
#define VECTOR_PAGE_FAULT	14u
#define VECTOR_MACHINE_CHECK	18u
#define VECTOR_HYPERCALL	31u
#define VECTOR_IRQ		32u
#define VECTOR_IRQ_END		48u
#define VECTOR_SYSENTER		256u	/* not a vector: SYSENTER, where it is reflected */
#define VECTOR_SWITCHER		512u	/* added to the vector of a fault in the switcher itself */

/* A guest's registers, in the order that the exit path pushes them. */
struct regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp, gs, fs, ds, es;
	uint32_t vector, error;
	uint32_t eip, cs, eflags, esp, ss;
};
_Static_assert(sizeof(struct regs) == 72 && offsetof(struct regs, vector) == 44 && offsetof(struct regs, eip) == 52, "switcher.asm pushes it");

#define EFLAGS_TF	0x00100u
#define EFLAGS_IF	0x00200u
#define EFLAGS_IOPL	0x03000u
#define EFLAGS_NT	0x04000u
#define EFLAGS_RF	0x10000u
#define EFLAGS_VM	0x20000u

/* The state page. */
struct state {
	uint64_t idt[256];
	uint64_t gdt[GDT_ENTRIES];
	struct tss tss;
	struct desc_ptr { uint16_t limit; uint32_t base; } __attribute__((packed)) idt_pointer, gdt_pointer;
	uint32_t host_cr3, host_esp;
	uint8_t direct[12];		/* code: where the direct gate of int 0x80 leads */
	uint8_t rest[4096 - 2304 - 104 - 32];
};
_Static_assert(sizeof(struct state) == 4096 && offsetof(struct state, tss) == 2304, "one page");

/* The entries of the guest's IDT, by vector: offsets of the stubs. */
extern const uint32_t switcher_stubs[256];
extern const char switcher_sysenter[];

/*
 * Runs the guest whose pages are shown (memory_show_guest) until something happens to it; its registers say what, in vector and error (cr2 as the
 * processor has it). Interrupts are off before and after. cr3: of the shadow tables.
 */
void switcher_run(uint32_t cr3);

#endif
