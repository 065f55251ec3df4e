/* SPDX-License-Identifier: MIT */
/*
 * The native backend: ring 0 of a bare PC, or of a machine that looks like one.
 *
 * Every hook is the plain instruction. What depends on the CPU (SMAP, NX, SYSENTER) is settled in early_setup, before anything is patched.
 * The chips behind interrupts and time are in pic.c, pit.c, clock.c and rtc.c; its consoles are a PC's (drivers/).
 */
#include "arch/x86/desc.h"
#include "arch/x86/native.h"
#include "arch/x86/pc.h"
#include "pv/upcalls.h"

#define MSR_SYSENTER_CS		0x174u	/* Intel SDM volume 4, table 2-2 */
#define MSR_SYSENTER_ESP	0x175u
#define EXIT_PORT		0xF4	/* QEMU's isa-debug-exit */

static bool sysenter_in_use;

/* ---- init ---- */

static bool native_detect(const struct boot_info *bi)
{
	(void)bi;
	return true;
}

static void native_early_setup(struct boot_info *bi)
{
	(void)bi;
	pv_facts.sysenter_usable = cpu_has(CPU_SEP);
	pv_facts.nx_usable = cpu_has(CPU_NX);
	pv_facts.smap_usable = cpu_has(CPU_SMAP);
	if (pv_facts.smap_usable) {
		pv_ops.cpu.user_access_begin = native_stac;
		pv_ops.cpu.user_access_end = native_clac;
	}
	if (!cpu_has(CPU_PGE))
		pv_ops.mmu.flush_tlb_kernel = native_flush_user;
	tsc_clock_init();
}

static uint32_t native_reserve_top(void) { return 0; }

static void native_banner(void)
{
	klog("pv: native, ring 0%s%s%s\n", pv_facts.nx_usable ? ", NX" : "", pv_facts.smap_usable ? ", SMAP" : "",
	     pv_facts.sysenter_usable ? ", SYSENTER" : "");
}

static void native_late_setup(void)
{
	irq_register(0, timer_interrupt);
	tsc_clock_start();
}

static void __attribute__((noreturn)) native_halt_forever(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

static uint8_t exit_value(enum outcome outcome, int code)
{
	static const uint8_t values[] = {
		[OUTCOME_RESTART] = 4, [OUTCOME_PANIC] = 1, [OUTCOME_DOUBLE_FAULT] = 2, [OUTCOME_REFUSED] = 3,
	};

	return outcome == OUTCOME_EXIT ? 0x10 + (code < 64 ? code : 64) : values[outcome];
}

/* The debug port ends QEMU at once; a machine without it is reset or switched off by what PCs and QEMU have. */
static void native_shutdown(enum outcome outcome, int code, const char *line)
{
	(void)line;
	io_out8(EXIT_PORT, exit_value(outcome, code));
	if (outcome == OUTCOME_RESTART) {
		io_out8(0x64, 0xFE);			/* keyboard controller: pulse the reset line, */
		cpu_triple_fault();			/* or if there is none */
	}
	if (outcome == OUTCOME_EXIT) {
		io_out16(0x604, 0x2000);		/* QEMU's ACPI PM1a control block: S5 */
		io_out16(0xB004, 0x2000);		/* the same on Bochs and old QEMUs */
	}
	native_halt_forever();
}

/* ---- cpu ---- */

static void native_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out)
{
	asm volatile("cpuid" : "=a" (out->eax), "=b" (out->ebx), "=c" (out->ecx), "=d" (out->edx) : "a" (leaf), "c" (subleaf));
}

static uint32_t native_read_cr0(void)
{
	uint32_t value;

	asm volatile("mov %%cr0, %0" : "=r" (value));
	return value;
}

static void native_write_cr0(uint32_t value) { asm volatile("mov %0, %%cr0" : : "r" (value) : "memory"); }

static uint32_t native_read_cr4(void)
{
	uint32_t value;

	asm volatile("mov %%cr4, %0" : "=r" (value));
	return value;
}

static void native_write_cr4(uint32_t value) { asm volatile("mov %0, %%cr4" : : "r" (value) : "memory"); }

static uint64_t native_read_msr(uint32_t index)
{
	uint64_t value;

	asm volatile("rdmsr" : "=A" (value) : "c" (index));
	return value;
}

static void native_write_msr(uint32_t index, uint32_t low, uint32_t high)
{
	if (index == MSR_SYSENTER_CS)
		sysenter_in_use = low != 0;
	asm volatile("wrmsr" : : "c" (index), "a" (low), "d" (high) : "memory");
}

static void native_load_gdt(const struct desc_ptr *p) { asm volatile("lgdt %0" : : "m" (*p) : "memory"); }

static void native_load_idt(const struct desc_ptr *p) { asm volatile("lidt %0" : : "m" (*p) : "memory"); }

static void native_load_ldt(uint32_t selector) { asm volatile("lldt %w0" : : "r" (selector) : "memory"); }

static void native_load_tr(uint32_t selector) { asm volatile("ltr %w0" : : "r" (selector) : "memory"); }

static void native_write_gdt_entry(unsigned index, uint32_t low, uint32_t high)
{
	gdt[index] = (uint64_t)high << 32 | low;
}

static void native_write_idt_entry(unsigned vector, uint32_t low, uint32_t high)
{
	idt[vector] = (uint64_t)high << 32 | low;
}

static void native_load_tls(const uint64_t tls[3])
{
	gdt[GDT_TLS] = tls[0];
	gdt[GDT_TLS + 1] = tls[1];
	gdt[GDT_TLS + 2] = tls[2];
}

static void native_set_kernel_stack(uint32_t esp)
{
	boot_tss.esp0 = esp;
	if (sysenter_in_use)
		asm volatile("wrmsr" : : "c" (MSR_SYSENTER_ESP), "a" (esp), "d" (0));
}

static void native_fpu_ts(uint32_t set)
{
	if (set)
		native_write_cr0(native_read_cr0() | 8);
	else
		asm volatile("clts");
}

void cpu_triple_fault(void)
{
	static const struct desc_ptr nothing = { 0, 0 };

	native_load_idt(&nothing);
	for (;;)
		asm volatile("ud2");
}

/* ---- mmu ---- */

static bool loaded(const pgd_t *pgd)
{
	uint32_t cr3;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	return cr3 == virt_to_phys(pgd);
}

/* The processor keeps the four top entries in registers of its own until cr3 is loaded. */
static void native_set_pgd(struct mm *mm, uint32_t index, pgd_t value)
{
	mm->pgd[index] = value;
	if (loaded(mm->pgd))
		native_flush_user();
}

static pgd_t *native_pgd_alloc(struct mm *mm)
{
	pgd_t *pgd = kmalloc(PTRS_PER_PGD * sizeof(*pgd));

	(void)mm;
	if (!pgd)
		return NULL;
	pgd[0] = pgd[1] = pgd[2] = (pgd_t){ 0 };
	pgd[3] = init_mm.pgd[3];
	return pgd;
}

static void native_pgd_free(struct mm *mm, pgd_t *pgd)
{
	(void)mm;
	kfree(pgd);
}

/* ---- io, smp ---- */

static void native_console_init(void)
{
	serial_init();
	vga_init();
	keyboard_init();
}

static uint32_t native_this_cpu(void) { return 0; }

/* ---- the tables ---- */

#define NOTHING	((void *)pv_nop)

static const struct pv_facts native_facts = { .name = "native", .kernel_rpl = 0, .shared_kernel_pmd = true, .large_pages = true, .ldt_usable = true };

static const struct pv_init_ops native_init = {
	.detect = native_detect,
	.early_setup = native_early_setup,
	.reserve_top = native_reserve_top,
	.memory_map = NOTHING,
	.late_setup = native_late_setup,
	.banner = native_banner,
	.shutdown = native_shutdown,
};

static const struct pv_cpu_ops native_cpu = {
	.cpuid = native_cpuid,
	.read_cr0 = native_read_cr0,
	.write_cr0 = native_write_cr0,
	.read_cr2 = native_read_cr2,
	.read_cr4 = native_read_cr4,
	.write_cr4 = native_write_cr4,
	.read_msr = native_read_msr,
	.write_msr = native_write_msr,
	.load_gdt = native_load_gdt,
	.load_idt = native_load_idt,
	.load_ldt = native_load_ldt,
	.load_tr = native_load_tr,
	.write_gdt_entry = native_write_gdt_entry,
	.write_idt_entry = native_write_idt_entry,
	.load_tls = native_load_tls,
	.set_kernel_stack = native_set_kernel_stack,
	.iret = native_iret,
	.iret_user = native_iret,
	.sysexit = native_sysexit,
	.fpu_ts = native_fpu_ts,
	.user_access_begin = pv_nop,	/* early_setup puts stac and clac here if the CPU has them */
	.user_access_end = pv_nop,
	.halt_forever = native_halt_forever,
	.hypercall = pv_nop,
	.lazy_enter = pv_nop,
	.lazy_leave = pv_nop,
};

static const struct pv_mmu_ops native_mmu = {
	.set_pte = (void *)native_set_entry,
	.set_pmd = (void *)native_set_entry,
	.set_pgd = native_set_pgd,
	.make_pte = NOTHING,
	.pte_val = NOTHING,
	.make_pmd = NOTHING,
	.pmd_val = NOTHING,
	.make_pgd = NOTHING,
	.pgd_val = NOTHING,
	.pgd_alloc = native_pgd_alloc,
	.pgd_free = native_pgd_free,
	.alloc_table = NOTHING,
	.release_table = NOTHING,
	.activate = native_activate,
	.flush_tlb_user = native_flush_user,
	.flush_tlb_kernel = native_flush_global,
	.flush_tlb_one = native_flush_one,
	.lazy_enter = pv_nop,
	.lazy_leave = pv_nop,
};

static const struct pv_irq_ops native_irq = {
	.save = native_irq_save,
	.restore = native_irq_restore,
	.disable = native_irq_disable,
	.enable = native_irq_enable,
	.safe_halt = native_safe_halt,
	.controller_init = pic_init,
	.mask = pic_mask,
	.unmask = pic_unmask,
	.ack = pic_ack,
};

static const struct pv_time_ops native_time = {
	.clock_ns = tsc_clock_ns,
	.wall_ns = rtc_wall_ns,
	.set_next_event = tsc_clock_event,
	.describe = tsc_clock_describe,
};

static const struct pv_io_ops native_io = {
	.early_console = serial_early_write,
	.console_init = native_console_init,
	.devices_init = pv_nop,
	.trace_out = serial_trace_out,
};

static const struct pv_smp_ops native_smp = {
	.this_cpu = native_this_cpu,
};

const struct pv_backend native_backend = {
	.facts = &native_facts, .init = &native_init, .cpu = &native_cpu, .mmu = &native_mmu, .irq = &native_irq,
	.time = &native_time, .io = &native_io, .smp = &native_smp,
	.snippets = native_snippets, .snippets_end = native_snippets_end,
};
