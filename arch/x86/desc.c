/* SPDX-License-Identifier: MIT */
/*
 * The descriptor tables: built entry by entry through the table's operations, then loaded.
 *
 * All accessed bits are set beforehand, because a platform may keep the live GDT read-only. The
 * I/O map of the TSS lies beyond its limit: ring 3 has no ports. Vectors without an entry stay not
 * present, so that an int of ring 3 there is a general protection fault. Only int 3, into and int
 * 0x80 are for ring 3. int 0x80 is the one trap gate: it keeps interrupts on, and a hypervisor may
 * send it straight to us. A double fault is a task of its own, with a stack and page tables that
 * are good whatever happened.
 */
#include "arch/x86/desc.h"
#include "arch/x86/traps.h"
#include "kernel/irq.h"
#include "kernel/task.h"

#define FLAT_CODE	0x00CF9B000000FFFFull	/* 4 GiB, 32-bit, present, ring 0, code, readable, accessed */
#define FLAT_DATA	0x00CF93000000FFFFull
#define DPL(ring)	((uint64_t)(ring) << 45)
#define LDT		0x82u			/* present */
#define TSS_32		0x89u			/* present, available */
#define GATE_TASK	0x85u
#define GATE_INTERRUPT	0x8Eu
#define GATE_TRAP	0x8Fu
#define GATE_USER	0x60u			/* DPL 3 */

#define VECTOR_DEBUG		1
#define VECTOR_BREAKPOINT	3
#define VECTOR_OVERFLOW		4
#define VECTOR_DOUBLE_FAULT	8
#define VECTOR_IRQ		32
#define VECTOR_SYSCALL		0x80

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(8)));
uint64_t idt[256] __attribute__((aligned(8)));
struct tss boot_tss __attribute__((aligned(128)));	/* in one page */

uint32_t kernel_cs(void) { return GDT_KERNEL_CS << 3 | pv_facts.kernel_rpl; }

uint32_t kernel_ds(void) { return GDT_KERNEL_DS << 3 | pv_facts.kernel_rpl; }

static uint64_t system_descriptor(uint32_t type, const void *at, size_t size)
{
	uint64_t base = (uint32_t)at;

	return (base & 0xFF000000) << 32 | (uint64_t)type << 40 | (base & 0xFFFFFF) << 16 | (size - 1);
}

void ldt_load(const uint64_t *ldt, uint32_t entries)
{
	if (entries)
		pv_write_gdt_entry(GDT_LDT, system_descriptor(LDT, ldt, entries * sizeof(*ldt)));
	pv_load_ldt(entries ? GDT_LDT << 3 : 0);
}

static void set_gate(unsigned vector, uint32_t type, uint32_t selector, uint32_t entry)
{
	pv_write_idt_entry(vector, (uint64_t)((entry & 0xFFFF0000) | type << 8) << 32 | selector << 16 | (entry & 0xFFFF));
}

static void init_gdt(void)
{
	pv_write_gdt_entry(GDT_KERNEL_CS, FLAT_CODE | DPL(pv_facts.kernel_rpl));
	pv_write_gdt_entry(GDT_KERNEL_DS, FLAT_DATA | DPL(pv_facts.kernel_rpl));
	pv_write_gdt_entry(GDT_USER_CS, FLAT_CODE | DPL(3));
	pv_write_gdt_entry(GDT_USER_DS, FLAT_DATA | DPL(3));
	pv_write_gdt_entry(GDT_TSS, system_descriptor(TSS_32, &boot_tss, sizeof(boot_tss)));
	pv_write_gdt_entry(GDT_DOUBLE_FAULT_TSS, system_descriptor(TSS_32, &double_fault_tss, sizeof(boot_tss)));
	pv_load_gdt(&(struct desc_ptr) { sizeof(gdt) - 1, (uint32_t)gdt });
}

/* C code runs with the user's flat data segment, which every ring may use. */
static void load_segments(void)
{
	asm volatile("pushl %0\n\tpushl $1f\n\tlretl\n1:\tmovl %1,%%ss\n\tmovl %2,%%ds\n\tmovl %2,%%es\n\t"
		     "movl %3,%%fs\n\tmovl %3,%%gs"
		     : : "r" (kernel_cs()), "r" (kernel_ds()), "r" (USER_DS), "r" (0) : "memory");
}

static void init_tss(void)
{
	boot_tss.esp0 = boot_tss.esp1 = (uint32_t)boot_stack + KSTACK_SIZE - KSTACK_RESERVED;
	boot_tss.ss0 = boot_tss.ss1 = kernel_ds();
	boot_tss.io_map = sizeof(boot_tss);
	double_fault_init(&boot_tss);
	pv_load_ldt(0);
	pv_load_tr(GDT_TSS << 3);
}

void desc_int80(void (*entry)(void)) { set_gate(VECTOR_SYSCALL, GATE_TRAP | GATE_USER, kernel_cs(), (uint32_t)entry); }

void desc_gates(const uint32_t entries[VECTOR_IRQ + IRQ_COUNT])
{
	uint32_t cs = kernel_cs();

	for (unsigned v = 0; v < VECTOR_IRQ + IRQ_COUNT; v++)
		set_gate(v, GATE_INTERRUPT, cs, entries[v]);
	set_gate(VECTOR_DEBUG, GATE_TRAP, cs, entries[VECTOR_DEBUG]);
	set_gate(VECTOR_BREAKPOINT, GATE_INTERRUPT | GATE_USER, cs, entries[VECTOR_BREAKPOINT]);
	set_gate(VECTOR_OVERFLOW, GATE_INTERRUPT | GATE_USER, cs, entries[VECTOR_OVERFLOW]);
	set_gate(VECTOR_DOUBLE_FAULT, GATE_TASK, GDT_DOUBLE_FAULT_TSS << 3, 0);
}

static void init_idt(void)
{
	desc_gates(gate_entries);
	desc_int80(int80_entry);
	pv_load_idt(&(struct desc_ptr) { sizeof(idt) - 1, (uint32_t)idt });
}

void desc_init(void)
{
	init_gdt();
	load_segments();
	init_tss();
	init_idt();
}
