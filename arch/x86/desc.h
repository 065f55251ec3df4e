/* SPDX-License-Identifier: MIT */
/*
 * Segments, gates, the TSS, and the double-fault task. Numbers of the user's segments are Linux's i386 ABI; those of the kernel's
 * are lguest's (12 and 13), so that one GDT serves all platforms (abi lguest.md section 5).
 */
#ifndef ARCH_X86_DESC_H
#define ARCH_X86_DESC_H

#include <stddef.h>
#include <stdint.h>

#define GDT_ENTRIES		32
#define GDT_TLS			6	/* to 8 */
#define GDT_KERNEL_CS		12
#define GDT_KERNEL_DS		13
#define GDT_USER_CS		14
#define GDT_USER_DS		15
#define GDT_TSS			16
#define GDT_LDT			17
#define GDT_DOUBLE_FAULT_TSS	31
#define USER_CS			0x73u
#define USER_DS			0x7Bu
#define TABLE_LDT		4u	/* selector bit: from the local table */

/* The task-state segment. Layout: Intel SDM volume 3, figure 8-2. */
struct tss {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, io_map;
};

_Static_assert(sizeof(struct tss) == 104 && offsetof(struct tss, esp0) == 4 && offsetof(struct tss, ldt) == 96, "read by the processor");

/* What the processor reads; whoever is not the native backend changes them by pv operations. */
extern uint64_t gdt[GDT_ENTRIES], idt[256];
extern struct tss boot_tss;

/* GDT, IDT (all vectors), TSS, the double-fault task, TR. Works on boot page tables; loads segments with pv_facts.kernel_rpl. Called once, early. */
void desc_init(void);
/* Where exceptions and interrupts go: gate_entries (traps.h), or what stands before them. */
void desc_gates(const uint32_t entries[48]);
/* Where int 0x80 goes. */
void desc_int80(void (*entry)(void));
/* The local table that ring 3 may use, of so many descriptors; 0: none. */
void ldt_load(const uint64_t *ldt, uint32_t entries);
uint32_t kernel_cs(void);
uint32_t kernel_ds(void);

#endif
