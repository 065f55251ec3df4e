/* SPDX-License-Identifier: MIT */
/*
 * The table: everything that differs between platforms, and nothing else.
 *
 * One instance, `pv_ops`, holds a sub-table per concern; each backend fills it from const tables with the members in this order. A door installs its
 * platform's table before the first hook runs. No member is NULL: what a platform has no need of points at pv_nop (nothing to do) and boot
 * checks it by name (pv_check), so the list of names in pv/ops.def must match this header.
 *
 * The rest of the kernel never calls through the table by hand: the wrappers below are typed, and each expansion records a *patch site* (address,
 * operation, length) in section .pv_sites. At boot pv/patch.c rewrites every site to the backend's own instruction, to a direct call, or to nothing.
 * Until then, and with pv=nopatch, a site calls through the table.
 *
 * Convention of a hook: regparm(3), so the first three words in eax, edx, ecx, the rest on the stack; result in eax (edx). irq.save, restore,
 * disable and enable may change nothing but eax and the flags, conversions of entries nothing but edx:eax and the flags. iret and sysexit are jumped to (entry.asm).
 *
 * Lazy modes: one at a time, never nested; what was written inside may not be read back before the mode is left; a fault, an interrupt that touches page tables
 * and a context switch flush it.
 */
#ifndef PV_PV_OPS_H
#define PV_PV_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/log.h"
#include "pv/pv_types.h"

struct boot_info;
struct task;

struct cpuid_regs { uint32_t eax, ebx, ecx, edx; };
struct desc_ptr { uint16_t limit; uint32_t base; } __attribute__((packed));
/*
 * How user land can compute the monotonic clock itself: ns = base_ns + ((tsc - tsc_base) * mult >> shift), shift 1 to 32. Not usable: ask the kernel; the
 * rest may still say what is known so far. error_ppm: how far the rate may be off; source: what it was measured against.
 */
struct pv_clock_desc { bool usable; uint64_t tsc_base, base_ns; uint32_t mult; unsigned shift; uint32_t error_ppm; const char *source; };

enum pv_level { PV_PT = 1, PV_PMD = 2, PV_PGD = 3 };

struct pv_init_ops {
	bool (*detect)(const struct boot_info *bi);	/* is this the platform? decided by the ordinary means: CPUID, ROM, door */
	void (*early_setup)(struct boot_info *bi);	/* before the final page tables; may fill facts */
	uint32_t (*reserve_top)(void);			/* bytes of address space the hypervisor has taken */
	void (*memory_map)(struct boot_info *bi);	/* corrects the door's map if the platform knows better */
	void (*late_setup)(void);			/* memory and interrupts work: devices, clock */
	void (*banner)(void);				/* logs what the platform is */
	void (*shutdown)(enum outcome outcome, int code, const char *line);	/* does not return */
};

struct pv_cpu_ops {
	void (*cpuid)(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out);
	uint32_t (*read_cr0)(void);
	void (*write_cr0)(uint32_t value);
	uint32_t (*read_cr2)(void);
	uint32_t (*read_cr4)(void);
	void (*write_cr4)(uint32_t value);
	uint64_t (*read_msr)(uint32_t index);
	void (*write_msr)(uint32_t index, uint32_t low, uint32_t high);
	void (*load_gdt)(const struct desc_ptr *gdt);
	void (*load_idt)(const struct desc_ptr *idt);
	void (*load_ldt)(uint32_t selector);
	void (*load_tr)(uint32_t selector);
	void (*write_gdt_entry)(unsigned index, uint32_t low, uint32_t high);
	void (*write_idt_entry)(unsigned vector, uint32_t low, uint32_t high);
	void (*load_tls)(const uint64_t tls[3]);	/* GDT entries 6, 7, 8 */
	void (*set_kernel_stack)(uint32_t esp);		/* for the next entries from ring 3, by gate and by SYSENTER */
	void (*iret)(void);				/* jumped to with the hardware frame on the stack */
	void (*sysexit)(void);				/* jumped to with edx = eip, ecx = esp; enables interrupts */
	void (*fpu_ts)(uint32_t set);			/* CR0.TS */
	void (*user_access_begin)(void);		/* SMAP: may change nothing, not even flags other than AC */
	void (*user_access_end)(void);
	void (*halt_forever)(void);			/* does not return */
	void (*lazy_enter)(void);			/* around a context switch */
	void (*lazy_leave)(void);
};

/* Setting an entry flushes nothing, except that a PDPTE takes effect at once (set_pgd). */
struct pv_mmu_ops {
	void (*set_pte)(struct mm *mm, uint32_t va, pte_t *slot, pte_t value);
	void (*set_pmd)(struct mm *mm, uint32_t va, pmd_t *slot, pmd_t value);
	void (*set_pgd)(struct mm *mm, uint32_t index, pgd_t value);
	uint64_t (*make_pte)(uint64_t value);		/* .raw of an entry, from guest-physical address | flags */
	uint64_t (*pte_val)(uint64_t raw);		/* and back */
	uint64_t (*make_pmd)(uint64_t value);
	uint64_t (*pmd_val)(uint64_t raw);
	uint64_t (*make_pgd)(uint64_t value);
	uint64_t (*pgd_val)(uint64_t raw);
	pgd_t *(*pgd_alloc)(struct mm *mm);		/* a top level with the kernel's part filled in; NULL: out of memory */
	void (*pgd_free)(struct mm *mm, pgd_t *pgd);
	void (*alloc_table)(struct mm *mm, uint32_t pfn, enum pv_level level);		/* before it is hooked in */
	void (*release_table)(uint32_t pfn, enum pv_level level);	/* after it is unhooked, before reuse */
	void (*activate)(struct mm *prev, struct mm *next);		/* load next->pgd; flushes the user part */
	void (*flush_tlb_user)(void);
	void (*flush_tlb_kernel)(void);			/* everything, global entries too */
	void (*flush_tlb_one)(uint32_t va);
	void (*lazy_enter)(void);
	void (*lazy_leave)(void);
};

struct pv_irq_ops {
	uint32_t (*save)(void);				/* EFLAGS-like: bit 9 says whether interrupts are on */
	void (*restore)(uint32_t flags);
	void (*disable)(void);
	void (*enable)(void);
	void (*safe_halt)(void);			/* enable and wait for an interrupt, without a gap in between */
	void (*controller_init)(void);
	void (*mask)(uint32_t irq);
	void (*unmask)(uint32_t irq);
	uint32_t (*ack)(uint32_t irq);			/* 0: the interrupt is not real, nothing is to be done */
};

struct pv_time_ops {
	uint64_t (*clock_ns)(void);			/* monotonic since the backend's own zero */
	uint64_t (*wall_ns)(void);			/* since 1970 */
	void (*set_next_event)(uint64_t deadline);	/* absolute, in clock_ns time; TIME_NEVER: no event wanted. May come early, then it is asked again */
	void (*describe)(struct pv_clock_desc *out);	/* for the VDSO's data page */
};

struct pv_io_ops {
	void (*early_console)(const char *text, size_t n);
	void (*console_init)(void);			/* registers the platform's consoles */
	void (*devices_init)(void);
};

struct pv_smp_ops {
	uint32_t (*this_cpu)(void);			/* reserved: one CPU today */
};

struct pv_ops {
	struct pv_init_ops init;
	struct pv_cpu_ops cpu;
	struct pv_mmu_ops mmu;
	struct pv_irq_ops irq;
	struct pv_time_ops time;
	struct pv_io_ops io;
	struct pv_smp_ops smp;
};

/* What is simply true of a platform. Filled by the backend, some of it after looking at the CPU. */
struct pv_facts {
	const char *name;		/* "native", "lguest", ... */
	uint32_t kernel_rpl;		/* ring of the kernel */
	bool shared_kernel_pmd;		/* all address spaces may share the kernel's PMD page */
	bool sysenter_usable;		/* SYSENTER reaches the kernel */
	bool large_pages, nx_usable, smap_usable;
	uint32_t reserve_top;		/* bytes the hypervisor has taken */
};

extern struct pv_ops pv_ops;
extern struct pv_facts pv_facts;
void pv_nop(void);	/* the stub for an operation that a platform has no need of: changes nothing at all, and so is the identity, too */

/* One record per call site; pv/sites.inc has the same for nasm. */
struct pv_site {
	uint32_t address;	/* first byte of the site */
	uint16_t op;		/* byte offset of the hook in struct pv_ops */
	uint8_t length;		/* bytes that may be rewritten */
	uint8_t kind;		/* enum pv_site_kind */
};
enum pv_site_kind { PV_SITE_CALL = 0, PV_SITE_JUMP = 1 };
_Static_assert(sizeof(struct pv_site) == 8, "record of section .pv_sites");

/* prefix: makes the site a byte longer. It changes nothing, since segments are flat. */
#define PV_SITE_PREFIXED(prefix)						\
	"771:\t" prefix "call *%c[fn]\n772:\n\t"				\
	".pushsection .pv_sites,\"a\",@progbits\n\t"				\
	".long 771b\n\t.short %c[off]\n\t.byte 772b-771b, 0\n\t.popsection"
#define PV_SITE_ASM	PV_SITE_PREFIXED("")
#define PV_OP(member)	[fn] "i" (&pv_ops.member), [off] "i" (offsetof(struct pv_ops, member))

/* Calls with 0 to 3 words and no result, a word, or two words; eax, edx, ecx and memory are the callee's. */
#define PV_CALL(member, a, d, c, ...) ({					\
	uint32_t eax_ = (uint32_t)(a), edx_ = (uint32_t)(d), ecx_ = (uint32_t)(c);	\
	asm volatile(PV_SITE_ASM : "+a" (eax_), "+d" (edx_), "+c" (ecx_)	\
		     : PV_OP(member) : "memory", "cc");				\
	(void)edx_; (void)ecx_;							\
	((uint64_t)edx_ << 32) | eax_; })

/* Registers that carry no argument are plain clobbers, so that the compiler needs no instruction to fill them. */
#define PV_VOID0(member) do { uint32_t a_, d_, c_; asm volatile(PV_SITE_ASM : "=a" (a_), "=d" (d_), "=c" (c_)	\
	: PV_OP(member) : "memory", "cc"); } while (0)
#define PV_VOID1(member, x) do { uint32_t a_ = (uint32_t)(x), d_, c_; asm volatile(PV_SITE_ASM			\
	: "+a" (a_), "=d" (d_), "=c" (c_) : PV_OP(member) : "memory", "cc"); } while (0)
#define PV_VOID2(member, x, y) do { uint32_t a_ = (uint32_t)(x), d_ = (uint32_t)(y), c_; asm volatile(PV_SITE_ASM	\
	: "+a" (a_), "+d" (d_), "=c" (c_) : PV_OP(member) : "memory", "cc"); } while (0)
#define PV_VOID3(member, x, y, z)	((void)PV_CALL(member, x, y, z))
#define PV_WORD0(member) ({ uint32_t a_, d_, c_; asm volatile(PV_SITE_ASM : "=a" (a_), "=d" (d_), "=c" (c_)	\
	: PV_OP(member) : "memory", "cc"); a_; })
#define PV_LONG0(member) ({ uint32_t a_, d_, c_; asm volatile(PV_SITE_ASM : "=a" (a_), "=d" (d_), "=c" (c_)	\
	: PV_OP(member) : "memory", "cc"); ((uint64_t)d_ << 32) | a_; })
#define PV_WORD1(member, x) ({ uint32_t a_ = (uint32_t)(x), d_, c_; asm volatile(PV_SITE_ASM			\
	: "+a" (a_), "=d" (d_), "=c" (c_) : PV_OP(member) : "memory", "cc"); a_; })
#define PV_LONG1(member, x) ({ uint32_t a_ = (uint32_t)(x), d_, c_; asm volatile(PV_SITE_ASM			\
	: "+a" (a_), "=d" (d_), "=c" (c_) : PV_OP(member) : "memory", "cc"); ((uint64_t)d_ << 32) | a_; })
/* Conversions of entries are pure functions of a 64-bit argument. */
#define PV_CONVERT(member, v) ({ uint64_t v_ = (v); asm(PV_SITE_ASM : "+A" (v_) : PV_OP(member) : "cc"); v_; })
/* Setting an entry: eax, edx, ecx and two words on the stack, which belong to the site (a backend may store them straight from ebx and esi). */
#define PV_SET_ENTRY(member, x, y, z, v) do {								\
	uint32_t a_ = (uint32_t)(x), d_ = (uint32_t)(y), c_ = (uint32_t)(z);				\
	asm volatile("771:\tpushl %%esi\n\tpushl %%ebx\n\tcall *%c[fn]\n\taddl $8,%%esp\n772:\n\t"	\
		     ".pushsection .pv_sites,\"a\",@progbits\n\t"					\
		     ".long 771b\n\t.short %c[off]\n\t.byte 772b-771b, 0\n\t.popsection"		\
		     : "+a" (a_), "+d" (d_), "+c" (c_)							\
		     : PV_OP(member), "b" ((uint32_t)(v)), "S" ((uint32_t)((v) >> 32)) : "memory", "cc");	\
	} while (0)

typedef uint32_t irq_flags_t;

/* irq: nothing but eax and the flags change. Storing a constant takes 7 bytes, so disabling has that many. */
static inline void irq_disable(void) { asm volatile(PV_SITE_PREFIXED(".byte 0x3E; ") : : PV_OP(irq.disable) : "eax", "memory", "cc"); }
static inline void irq_enable(void) { asm volatile(PV_SITE_ASM : : PV_OP(irq.enable) : "eax", "memory", "cc"); }

static inline irq_flags_t irq_flags(void)
{
	irq_flags_t flags;

	asm volatile(PV_SITE_ASM : "=a" (flags) : PV_OP(irq.save) : "memory", "cc");
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
	asm volatile(PV_SITE_ASM : "+a" (flags) : PV_OP(irq.restore) : "memory", "cc");
}

/* A declaration: interrupts are off from here to the end of the block, by whatever way it is left, and then as they were. */
#define IRQ_GUARD	__attribute__((cleanup(irq_guard_end), unused)) irq_flags_t guard_ = irq_save()
static inline void irq_guard_end(const irq_flags_t *flags) { irq_restore(*flags); }

static inline void pv_safe_halt(void) { PV_VOID0(irq.safe_halt); }
static inline void pv_irq_controller_init(void) { PV_VOID0(irq.controller_init); }
static inline void pv_irq_mask(uint32_t irq) { PV_VOID1(irq.mask, irq); }
static inline void pv_irq_unmask(uint32_t irq) { PV_VOID1(irq.unmask, irq); }
static inline uint32_t pv_irq_ack(uint32_t irq) { return PV_WORD1(irq.ack, irq); }

/* cpu */
static inline void pv_cpuid(uint32_t leaf, uint32_t sub, struct cpuid_regs *out) { PV_VOID3(cpu.cpuid, leaf, sub, out); }
static inline uint32_t pv_read_cr0(void) { return PV_WORD0(cpu.read_cr0); }
static inline void pv_write_cr0(uint32_t v) { PV_VOID1(cpu.write_cr0, v); }
static inline uint32_t pv_read_cr2(void) { return PV_WORD0(cpu.read_cr2); }
static inline uint32_t pv_read_cr4(void) { return PV_WORD0(cpu.read_cr4); }
static inline void pv_write_cr4(uint32_t v) { PV_VOID1(cpu.write_cr4, v); }
static inline uint64_t pv_read_msr(uint32_t msr) { return PV_LONG1(cpu.read_msr, msr); }
static inline void pv_write_msr(uint32_t msr, uint64_t v) { PV_VOID3(cpu.write_msr, msr, (uint32_t)v, (uint32_t)(v >> 32)); }
static inline void pv_load_gdt(const struct desc_ptr *p) { PV_VOID1(cpu.load_gdt, p); }
static inline void pv_load_idt(const struct desc_ptr *p) { PV_VOID1(cpu.load_idt, p); }
static inline void pv_load_ldt(uint32_t selector) { PV_VOID1(cpu.load_ldt, selector); }
static inline void pv_load_tr(uint32_t selector) { PV_VOID1(cpu.load_tr, selector); }
static inline void pv_write_gdt_entry(unsigned i, uint64_t d) { PV_VOID3(cpu.write_gdt_entry, i, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_write_idt_entry(unsigned v, uint64_t d) { PV_VOID3(cpu.write_idt_entry, v, (uint32_t)d, (uint32_t)(d >> 32)); }
static inline void pv_load_tls(const uint64_t tls[3]) { PV_VOID1(cpu.load_tls, tls); }
static inline void pv_set_kernel_stack(uint32_t esp) { PV_VOID1(cpu.set_kernel_stack, esp); }
static inline void pv_fpu_ts(uint32_t set) { PV_VOID1(cpu.fpu_ts, set); }
static inline void pv_halt_forever(void) { PV_VOID0(cpu.halt_forever); }
static inline void pv_cpu_lazy_enter(void) { PV_VOID0(cpu.lazy_enter); }
static inline void pv_cpu_lazy_leave(void) { PV_VOID0(cpu.lazy_leave); }

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
static inline pgd_t *pv_pgd_alloc(struct mm *mm) { return (pgd_t *)PV_WORD1(mmu.pgd_alloc, mm); }
static inline void pv_pgd_free(struct mm *mm, pgd_t *pgd) { PV_VOID2(mmu.pgd_free, mm, pgd); }
static inline void pv_alloc_table(struct mm *mm, uint32_t pfn, enum pv_level l) { PV_VOID3(mmu.alloc_table, mm, pfn, l); }
static inline void pv_release_table(uint32_t pfn, enum pv_level l) { PV_VOID2(mmu.release_table, pfn, l); }
static inline void pv_activate(struct mm *prev, struct mm *next) { PV_VOID2(mmu.activate, prev, next); }
static inline void pv_flush_tlb_user(void) { PV_VOID0(mmu.flush_tlb_user); }
static inline void pv_flush_tlb_kernel(void) { PV_VOID0(mmu.flush_tlb_kernel); }
static inline void pv_flush_tlb_one(uint32_t va) { PV_VOID1(mmu.flush_tlb_one, va); }
static inline void pv_mmu_lazy_enter(void) { PV_VOID0(mmu.lazy_enter); }
static inline void pv_mmu_lazy_leave(void) { PV_VOID0(mmu.lazy_leave); }

/* time */
static inline uint64_t pv_clock_ns(void) { return PV_LONG0(time.clock_ns); }
static inline uint64_t pv_wall_ns(void) { return PV_LONG0(time.wall_ns); }
static inline void pv_set_next_event(uint64_t t) { PV_VOID2(time.set_next_event, (uint32_t)t, (uint32_t)(t >> 32)); }
static inline void pv_describe_clock(struct pv_clock_desc *d) { PV_VOID1(time.describe, d); }

#endif
