/* SPDX-License-Identifier: MIT */
/*
 * The typed wrappers of the table's hooks; included by pv/pv_ops.h, which tells the convention.
 *
 * Each expansion is a patch site: a call through the table and a record of where that is. What a site may change are its asm statement's outputs
 * and clobbers, and nothing else. The measuring build (make NOHOOKS=1) takes tools/nohooks/pv/calls.h in this file's place.
 */
#ifndef PV_CALLS_H
#define PV_CALLS_H

#include "pv/pv_ops.h"

/* pad: makes the site so many bytes longer, by prefixes (DS) that change nothing, since segments are flat; for what would not fit otherwise. */
#define PV_RECORD(kind)	"772:\n\t.pushsection .pv_sites,\"a\",@progbits\n\t"				\
	".long 771b\n\t.short %c[off]\n\t.byte 772b-771b, " #kind "\n\t.popsection"
#define PV_SITE(pad)		"771:\t.fill " #pad ",1,0x3E\n\tcall *%c[fn]\n" PV_RECORD(0)
#define PV_OP(member)		[fn] "i" (&pv_ops.member), [off] "i" (offsetof(struct pv_ops, member))

/*
 * Calls with 0 to 3 words; the result is a word, two, or none. eax, edx, ecx and memory are the callee's; a register that carries no argument
 * is an output only, so that the compiler needs no instruction to fill it.
 */
#define PV_HOOK(pad, member, a, d, c) ({									\
	asm volatile(PV_SITE(pad) : a (a_), d (d_), c (c_) : PV_OP(member) : "memory", "cc");			\
	((uint64_t)d_ << 32) | a_; })
#define PV_CALL0(pad, member)	({ uint32_t a_, d_, c_; PV_HOOK(pad, member, "=a", "=d", "=c"); })
#define PV_CALL1(member, x)	({ uint32_t a_ = (uint32_t)(x), d_, c_; PV_HOOK(0, member, "+a", "=d", "=c"); })
#define PV_CALL2(pad, member, x, y) ({ uint32_t a_ = (uint32_t)(x), d_ = (uint32_t)(y), c_; PV_HOOK(pad, member, "+a", "+d", "=c"); })
#define PV_CALL3(member, x, y, z)										\
	({ uint32_t a_ = (uint32_t)(x), d_ = (uint32_t)(y), c_ = (uint32_t)(z); PV_HOOK(0, member, "+a", "+d", "+c"); })
/* Conversions of entries are pure functions of a 64-bit argument. */
#define PV_CONVERT(member, v) ({ uint64_t v_ = (v); asm(PV_SITE(0) : "+A" (v_) : PV_OP(member) : "cc"); v_; })
/* Setting an entry: eax, edx, ecx and two words on the stack, which belong to the site (a backend may store them straight from ebx and esi). */
#define PV_SET_ENTRY(member, x, y, z, v) do {									\
	uint32_t a_ = (uint32_t)(x), d_ = (uint32_t)(y), c_ = (uint32_t)(z);					\
	asm volatile("771:\tpushl %%esi\n\tpushl %%ebx\n\tcall *%c[fn]\n\taddl $8,%%esp\n" PV_RECORD(2)		\
		     : "+a" (a_), "+d" (d_), "+c" (c_)								\
		     : PV_OP(member), "b" ((uint32_t)(v)), "S" ((uint32_t)((v) >> 32)) : "memory", "cc");	\
	} while (0)

typedef uint32_t irq_flags_t;

/* irq: nothing but eax and the flags change. Storing a constant takes 7 bytes, so disabling has that many. */
static inline void irq_disable(void) { asm volatile(PV_SITE(1) : : PV_OP(irq.disable) : "eax", "memory", "cc"); }
static inline void irq_enable(void) { asm volatile(PV_SITE(0) : : PV_OP(irq.enable) : "eax", "memory", "cc"); }

static inline irq_flags_t irq_flags(void)
{
	irq_flags_t flags;

	asm volatile(PV_SITE(0) : "=a" (flags) : PV_OP(irq.save) : "memory", "cc");
	return flags;
}

/* The state as it was; interrupts are off afterwards. */
static inline irq_flags_t irq_save(void)
{
	irq_flags_t flags = irq_flags();

	irq_disable();
	return flags;
}

/* Only IF counts. */
static inline void irq_restore(irq_flags_t flags)
{
	asm volatile(PV_SITE(0) : "+a" (flags) : PV_OP(irq.restore) : "memory", "cc");
}

/* A declaration: interrupts are off from here to the end of the block, by whatever way it is left, and then as they were. */
#define IRQ_GUARD	__attribute__((cleanup(irq_guard_end), unused)) irq_flags_t guard_ = irq_save()
static inline void irq_guard_end(const irq_flags_t *flags) { irq_restore(*flags); }

static inline void pv_safe_halt(void) { (void)PV_CALL0(0, irq.safe_halt); }
static inline void pv_irq_controller_init(void) { (void)PV_CALL0(0, irq.controller_init); }
static inline void pv_irq_mask(uint32_t irq) { (void)PV_CALL1(irq.mask, irq); }
static inline void pv_irq_unmask(uint32_t irq) { (void)PV_CALL1(irq.unmask, irq); }
static inline uint32_t pv_irq_ack(uint32_t irq) { return PV_CALL1(irq.ack, irq); }

/* init, io */
static inline void pv_early_setup(struct boot_info *bi) { (void)PV_CALL1(init.early_setup, bi); }
static inline uint32_t pv_reserve_top(void) { return PV_CALL0(0, init.reserve_top); }
static inline void pv_memory_map(struct boot_info *bi) { (void)PV_CALL1(init.memory_map, bi); }
static inline void pv_late_setup(void) { (void)PV_CALL0(0, init.late_setup); }
static inline void pv_banner(void) { (void)PV_CALL0(0, init.banner); }
static inline void pv_shutdown(enum outcome outcome, int code, const char *line) { (void)PV_CALL3(init.shutdown, outcome, code, line); }
static inline void pv_early_console(const char *text, size_t n) { (void)PV_CALL2(0, io.early_console, text, n); }
static inline void pv_console_init(void) { (void)PV_CALL0(0, io.console_init); }
static inline void pv_devices_init(void) { (void)PV_CALL0(0, io.devices_init); }
static inline uint32_t pv_trace_out(const void *records, size_t n) { return PV_CALL2(0, io.trace_out, records, n); }

/* cpu */
static inline void pv_cpuid(uint32_t leaf, uint32_t sub, struct cpuid_regs *out) { (void)PV_CALL3(cpu.cpuid, leaf, sub, out); }
static inline uint32_t pv_read_cr0(void) { return PV_CALL0(0, cpu.read_cr0); }
static inline void pv_write_cr0(uint32_t v) { (void)PV_CALL1(cpu.write_cr0, v); }
static inline uint32_t pv_read_cr2(void) { return PV_CALL0(0, cpu.read_cr2); }
static inline uint32_t pv_read_cr4(void) { return PV_CALL0(0, cpu.read_cr4); }
static inline void pv_write_cr4(uint32_t v) { (void)PV_CALL1(cpu.write_cr4, v); }
static inline uint64_t pv_read_msr(uint32_t msr) { return PV_CALL1(cpu.read_msr, msr); }
static inline void pv_write_msr(uint32_t msr, uint64_t v) { (void)PV_CALL3(cpu.write_msr, msr, (uint32_t)v, (uint32_t)(v >> 32)); }
static inline void pv_load_gdt(const struct desc_ptr *p) { (void)PV_CALL1(cpu.load_gdt, p); }
static inline void pv_load_idt(const struct desc_ptr *p) { (void)PV_CALL1(cpu.load_idt, p); }
static inline void pv_load_ldt(uint32_t selector) { (void)PV_CALL1(cpu.load_ldt, selector); }
static inline void pv_load_tr(uint32_t selector) { (void)PV_CALL1(cpu.load_tr, selector); }
static inline void pv_write_gdt_entry(unsigned i, uint64_t d) { (void)PV_CALL3(cpu.write_gdt_entry, i, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_write_idt_entry(unsigned v, uint64_t d) { (void)PV_CALL3(cpu.write_idt_entry, v, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_load_tls(const uint64_t tls[3]) { (void)PV_CALL1(cpu.load_tls, tls); }
static inline void pv_set_kernel_stack(uint32_t esp) { (void)PV_CALL1(cpu.set_kernel_stack, esp); }
static inline void pv_fpu_ts(uint32_t set) { (void)PV_CALL1(cpu.fpu_ts, set); }
static inline void pv_halt_forever(void) { (void)PV_CALL0(0, cpu.halt_forever); }
static inline void pv_hypercall(uint32_t number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi)
{
	asm volatile(PV_SITE(0) : : PV_OP(cpu.hypercall), "a" (number), "b" (ebx), "c" (ecx), "d" (edx), "S" (esi) : "memory");
}
static inline void pv_cpu_lazy_enter(void) { (void)PV_CALL0(0, cpu.lazy_enter); }
static inline void pv_cpu_lazy_leave(void) { (void)PV_CALL0(0, cpu.lazy_leave); }

/* mmu */
static inline pte_t pv_make_pte(uint64_t v) { return (pte_t){ PV_CONVERT(mmu.make_pte, v) }; }
static inline uint64_t pv_pte_val(pte_t e) { return PV_CONVERT(mmu.pte_val, e.raw); }
static inline pmd_t pv_make_pmd(uint64_t v) { return (pmd_t){ PV_CONVERT(mmu.make_pmd, v) }; }
static inline uint64_t pv_pmd_val(pmd_t e) { return PV_CONVERT(mmu.pmd_val, e.raw); }
static inline pgd_t pv_make_pgd(uint64_t v) { return (pgd_t){ PV_CONVERT(mmu.make_pgd, v) }; }
static inline uint64_t pv_pgd_val(pgd_t e) { return PV_CONVERT(mmu.pgd_val, e.raw); }
static inline void pv_set_pte(struct mm *mm, uint32_t va, pte_t *slot, pte_t e) { PV_SET_ENTRY(mmu.set_pte, mm, va, slot, e.raw); }
static inline void pv_set_pmd(struct mm *mm, uint32_t va, pmd_t *slot, pmd_t e) { PV_SET_ENTRY(mmu.set_pmd, mm, va, slot, e.raw); }
static inline void pv_set_pgd(struct mm *mm, uint32_t index, pgd_t e) { PV_SET_ENTRY(mmu.set_pgd, mm, index, 0, e.raw); }
static inline pgd_t *pv_pgd_alloc(struct mm *mm) { return (pgd_t *)(uint32_t)PV_CALL1(mmu.pgd_alloc, mm); }
static inline void pv_pgd_free(struct mm *mm, pgd_t *pgd) { (void)PV_CALL2(0, mmu.pgd_free, mm, pgd); }
static inline void pv_alloc_table(struct mm *mm, uint32_t pfn, enum pv_level l) { (void)PV_CALL3(mmu.alloc_table, mm, pfn, l); }
static inline void pv_release_table(uint32_t pfn, enum pv_level l) { (void)PV_CALL2(0, mmu.release_table, pfn, l); }
static inline void pv_activate(struct mm *prev, struct mm *next) { (void)PV_CALL2(4, mmu.activate, prev, next); }
static inline void pv_flush_tlb_user(void) { (void)PV_CALL0(0, mmu.flush_tlb_user); }
static inline void pv_flush_tlb_kernel(void) { (void)PV_CALL0(7, mmu.flush_tlb_kernel); }
static inline void pv_flush_tlb_one(uint32_t va) { (void)PV_CALL1(mmu.flush_tlb_one, va); }
static inline void pv_mmu_lazy_enter(void) { (void)PV_CALL0(0, mmu.lazy_enter); }
static inline void pv_mmu_lazy_leave(void) { (void)PV_CALL0(0, mmu.lazy_leave); }

/* time */
static inline uint64_t pv_clock_ns(void) { return PV_CALL0(0, time.clock_ns); }
static inline uint64_t pv_wall_ns(void) { return PV_CALL0(0, time.wall_ns); }
static inline void pv_set_next_event(uint64_t t) { (void)PV_CALL2(0, time.set_next_event, (uint32_t)t, (uint32_t)(t >> 32)); }
static inline void pv_describe_clock(struct pv_clock_desc *d) { (void)PV_CALL1(time.describe, d); }

#endif
