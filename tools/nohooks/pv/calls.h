/* SPDX-License-Identifier: MIT */
/*
 * The wrappers of pv/calls.h with the hooks compiled out: what a kernel for the bare machine alone would have in their places.
 *
 * For measuring only (make NOHOOKS=1, tools/pvcost): the image runs on native and on processors without SMAP, as --icount's default has none. What native
 * inlines is the same instructions as in arch/x86/native.asm; everything else is a plain call of native's function, which rules.mk makes visible.
 * What stands for a hook is recorded like a patch site, in a section that is not loaded, so that the counts can be laid side by side.
 */
#ifndef PV_CALLS_H
#define PV_CALLS_H

#include "pv/pv_ops.h"

#define PV_NATIVE(code)		"771:\t" code "\n772:\n\t.pushsection .pv_native,\"\",@progbits\n\t"		\
	".long 771b\n\t.short %c[off]\n\t.byte 772b-771b, 0\n\t.popsection"
#define PV_OFF(member)		[off] "i" (offsetof(struct pv_ops, member))
#define PV_DIRECT(type, name, ...)	type direct_##name(__VA_ARGS__) asm("native_" #name)
#define PV_PLAIN(type, name, ...)	type direct_##name(__VA_ARGS__) asm(#name)

typedef uint32_t irq_flags_t;

static inline void irq_disable(void) { asm volatile(PV_NATIVE("cli") : : PV_OFF(irq.disable) : "memory"); }
static inline void irq_enable(void) { asm volatile(PV_NATIVE("sti") : : PV_OFF(irq.enable) : "memory"); }

static inline irq_flags_t irq_flags(void)
{
	irq_flags_t flags;

	asm volatile(PV_NATIVE("pushfl; popl %0") : "=r" (flags) : PV_OFF(irq.save) : "memory");
	return flags;
}

static inline irq_flags_t irq_save(void)
{
	irq_flags_t flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(irq_flags_t flags)
{
	asm volatile(PV_NATIVE("pushl %0; popfl") : : "r" (flags), PV_OFF(irq.restore) : "memory", "cc");
}

#define IRQ_GUARD	__attribute__((cleanup(irq_guard_end), unused)) irq_flags_t guard_ = irq_save()
static inline void irq_guard_end(const irq_flags_t *flags) { irq_restore(*flags); }

PV_PLAIN(void, pic_init, void);
PV_PLAIN(void, pic_mask, uint32_t);
PV_PLAIN(void, pic_unmask, uint32_t);
PV_PLAIN(uint32_t, pic_ack, uint32_t);
static inline void pv_safe_halt(void) { asm volatile(PV_NATIVE("sti; hlt") : : PV_OFF(irq.safe_halt) : "memory"); }
static inline void pv_irq_controller_init(void) { direct_pic_init(); }
static inline void pv_irq_mask(uint32_t irq) { direct_pic_mask(irq); }
static inline void pv_irq_unmask(uint32_t irq) { direct_pic_unmask(irq); }
static inline uint32_t pv_irq_ack(uint32_t irq) { return direct_pic_ack(irq); }

/* init, io */
PV_DIRECT(void, early_setup, struct boot_info *);
PV_DIRECT(void, late_setup, void);
PV_DIRECT(void, banner, void);
PV_DIRECT(void, shutdown, enum outcome, int, const char *);
PV_DIRECT(void, console_init, void);
PV_PLAIN(void, serial_early_write, const char *, size_t);
PV_PLAIN(uint32_t, serial_trace_out, const void *, size_t);
static inline void pv_early_setup(struct boot_info *bi) { direct_early_setup(bi); }
static inline uint32_t pv_reserve_top(void) { return 0; }
static inline void pv_memory_map(struct boot_info *bi) { (void)bi; }
static inline void pv_late_setup(void) { direct_late_setup(); }
static inline void pv_banner(void) { direct_banner(); }
static inline void pv_shutdown(enum outcome outcome, int code, const char *line) { direct_shutdown(outcome, code, line); }
static inline void pv_early_console(const char *text, size_t n) { direct_serial_early_write(text, n); }
static inline void pv_console_init(void) { direct_console_init(); }
static inline void pv_devices_init(void) { }
static inline uint32_t pv_trace_out(const void *records, size_t n) { return direct_serial_trace_out(records, n); }

/* cpu */
PV_DIRECT(void, cpuid, uint32_t, uint32_t, struct cpuid_regs *);
PV_DIRECT(uint32_t, read_cr0, void);
PV_DIRECT(void, write_cr0, uint32_t);
PV_DIRECT(uint32_t, read_cr4, void);
PV_DIRECT(void, write_cr4, uint32_t);
PV_DIRECT(uint64_t, read_msr, uint32_t);
PV_DIRECT(void, write_msr, uint32_t, uint32_t, uint32_t);
PV_DIRECT(void, load_gdt, const struct desc_ptr *);
PV_DIRECT(void, load_idt, const struct desc_ptr *);
PV_DIRECT(void, load_ldt, uint32_t);
PV_DIRECT(void, load_tr, uint32_t);
PV_DIRECT(void, write_gdt_entry, unsigned, uint32_t, uint32_t);
PV_DIRECT(void, write_idt_entry, unsigned, uint32_t, uint32_t);
PV_DIRECT(void, load_tls, const uint64_t tls[3]);
PV_DIRECT(void, set_kernel_stack, uint32_t);
PV_DIRECT(void, fpu_ts, uint32_t);
PV_DIRECT(void, halt_forever, void);
static inline void pv_cpuid(uint32_t leaf, uint32_t sub, struct cpuid_regs *out) { direct_cpuid(leaf, sub, out); }
static inline uint32_t pv_read_cr0(void) { return direct_read_cr0(); }
static inline void pv_write_cr0(uint32_t v) { direct_write_cr0(v); }
static inline uint32_t pv_read_cr4(void) { return direct_read_cr4(); }
static inline void pv_write_cr4(uint32_t v) { direct_write_cr4(v); }
static inline uint64_t pv_read_msr(uint32_t msr) { return direct_read_msr(msr); }
static inline void pv_write_msr(uint32_t msr, uint64_t v) { direct_write_msr(msr, (uint32_t)v, (uint32_t)(v >> 32)); }
static inline void pv_load_gdt(const struct desc_ptr *p) { direct_load_gdt(p); }
static inline void pv_load_idt(const struct desc_ptr *p) { direct_load_idt(p); }
static inline void pv_load_ldt(uint32_t selector) { direct_load_ldt(selector); }
static inline void pv_load_tr(uint32_t selector) { direct_load_tr(selector); }
static inline void pv_write_gdt_entry(unsigned i, uint64_t d) { direct_write_gdt_entry(i, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_write_idt_entry(unsigned v, uint64_t d) { direct_write_idt_entry(v, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_load_tls(const uint64_t tls[3]) { direct_load_tls(tls); }
static inline void pv_set_kernel_stack(uint32_t esp) { direct_set_kernel_stack(esp); }
static inline void pv_fpu_ts(uint32_t set) { direct_fpu_ts(set); }
static inline void pv_halt_forever(void) { direct_halt_forever(); }
static inline void pv_hypercall(uint32_t number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi) { }
static inline void pv_cpu_lazy_enter(void) { }
static inline void pv_cpu_lazy_leave(void) { }

static inline uint32_t pv_read_cr2(void)
{
	uint32_t value;

	asm volatile(PV_NATIVE("movl %%cr2, %0") : "=r" (value) : PV_OFF(cpu.read_cr2));
	return value;
}

/* mmu: the entries are the table's layout, high half first as natively */
#define PV_STORE_ENTRY(member, slot, e)	asm volatile(PV_NATIVE("movl %2, 4(%0)\n\tmovl %1, (%0)") : : "r" (slot),	\
	"r" ((uint32_t)(e)), "r" ((uint32_t)((e) >> 32)), PV_OFF(member) : "memory")
PV_DIRECT(void, set_pgd, struct mm *, uint32_t, pgd_t);
PV_DIRECT(pgd_t *, pgd_alloc, struct mm *);
PV_DIRECT(void, pgd_free, struct mm *, pgd_t *);
static inline pte_t pv_make_pte(uint64_t v) { return (pte_t){ v }; }
static inline uint64_t pv_pte_val(pte_t e) { return e.raw; }
static inline pmd_t pv_make_pmd(uint64_t v) { return (pmd_t){ v }; }
static inline uint64_t pv_pmd_val(pmd_t e) { return e.raw; }
static inline pgd_t pv_make_pgd(uint64_t v) { return (pgd_t){ v }; }
static inline uint64_t pv_pgd_val(pgd_t e) { return e.raw; }
static inline void pv_set_pte(struct mm *mm, uint32_t va, pte_t *slot, pte_t e) { (void)mm; (void)va; PV_STORE_ENTRY(mmu.set_pte, slot, e.raw); }
static inline void pv_set_pmd(struct mm *mm, uint32_t va, pmd_t *slot, pmd_t e) { (void)mm; (void)va; PV_STORE_ENTRY(mmu.set_pmd, slot, e.raw); }
static inline void pv_set_pgd(struct mm *mm, uint32_t index, pgd_t e) { direct_set_pgd(mm, index, e); }
static inline pgd_t *pv_pgd_alloc(struct mm *mm) { return direct_pgd_alloc(mm); }
static inline void pv_pgd_free(struct mm *mm, pgd_t *pgd) { direct_pgd_free(mm, pgd); }
static inline void pv_alloc_table(struct mm *mm, uint32_t pfn, enum pv_level l) { (void)mm; (void)pfn; (void)l; }
static inline void pv_release_table(uint32_t pfn, enum pv_level l) { (void)pfn; (void)l; }
static inline void pv_mmu_lazy_enter(void) { }
static inline void pv_mmu_lazy_leave(void) { }
static inline void pv_flush_tlb_one(uint32_t va) { asm volatile(PV_NATIVE("invlpg (%0)") : : "r" (va), PV_OFF(mmu.flush_tlb_one) : "memory"); }

static inline void pv_flush_tlb_user(void)
{
	uint32_t cr3;

	asm volatile(PV_NATIVE("movl %%cr3, %0; movl %0, %%cr3") : "=r" (cr3) : PV_OFF(mmu.flush_tlb_user) : "memory");
}

static inline void pv_flush_tlb_kernel(void)
{
	uint32_t cr4;

	asm volatile(PV_NATIVE("movl %%cr4, %0; xorb $0x80, %b0; movl %0, %%cr4; xorb $0x80, %b0; movl %0, %%cr4")
		     : "=q" (cr4) : PV_OFF(mmu.flush_tlb_kernel) : "memory", "cc");
}

/* struct mm begins with its pgd, which lies in the direct map; were it otherwise, nothing would boot. */
static inline void pv_activate(struct mm *prev, struct mm *next)
{
	uint32_t cr3;

	(void)prev;
	asm volatile(PV_NATIVE("movl (%1), %0; subl $0xC0000000, %0; movl %0, %%cr3")
		     : "=r" (cr3) : "r" (next), PV_OFF(mmu.activate) : "memory", "cc");
}

/* time */
PV_PLAIN(uint64_t, tsc_clock_ns, void);
PV_PLAIN(uint64_t, rtc_wall_ns, void);
PV_PLAIN(void, tsc_clock_event, uint64_t);
PV_PLAIN(void, tsc_clock_describe, struct pv_clock_desc *);
static inline uint64_t pv_clock_ns(void) { return direct_tsc_clock_ns(); }
static inline uint64_t pv_wall_ns(void) { return direct_rtc_wall_ns(); }
static inline void pv_set_next_event(uint64_t t) { direct_tsc_clock_event(t); }
static inline void pv_describe_clock(struct pv_clock_desc *d) { direct_tsc_clock_describe(d); }

#endif
