/* SPDX-License-Identifier: MIT */
/*
 * The table: everything that differs between platforms, and nothing else.
 *
 * One instance, `pv_ops`, holds a sub-table per concern; each backend fills it from const tables with the members in this order. A door installs its
 * platform's table before the first hook runs. No member is NULL: what a platform has no need of points at pv_nop (nothing to do) and boot
 * checks it by name (pv_check), so the list of names in pv/ops.def must match this header.
 *
 * The rest of the kernel never calls through the table by hand: the wrappers in pv/calls.h are typed, and each expansion records a *patch site* (address,
 * operation, length) in section .pv_sites. At boot pv/patch.c rewrites every site to the backend's own instruction, to a direct call, or to nothing.
 * Until then, and with pv=nopatch, a site calls through the table.
 *
 * Convention of a hook: regparm(3), so the first three words in eax, edx, ecx, the rest on the stack; result in eax (edx). irq.save, restore,
 * disable and enable may change nothing but eax and the flags, conversions of entries nothing but edx:eax and the flags. iret, iret_user and sysexit are jumped to (entry.asm).
 *
 * Lazy modes: one at a time, never nested; what was written inside may not be read back before the mode is left; a fault, an interrupt that touches page tables
 * and a context switch flush it.
 */
#ifndef PV_PV_OPS_H
#define PV_PV_OPS_H

#include <stdbool.h>
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
	void (*iret_user)(void);			/* the same for a frame of ring 3, where interrupts are always on */
	void (*sysexit)(void);				/* jumped to with edx = eip, ecx = esp; enables interrupts */
	void (*fpu_ts)(uint32_t set);			/* CR0.TS */
	void (*user_access_begin)(void);		/* SMAP: may change nothing, not even flags other than AC */
	void (*user_access_end)(void);
	void (*halt_forever)(void);			/* does not return */
	void (*hypercall)(void);			/* number in eax, then ebx, ecx, edx, esi; changes nothing */
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
	uint32_t (*trace_out)(const void *records, size_t n);	/* 0: there is nobody to take them; n = 0 just asks */
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
	bool large_pages, nx_usable, smap_usable, ldt_usable;
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
enum pv_site_kind { PV_SITE_CALL = 0, PV_SITE_JUMP = 1, PV_SITE_ENTRY = 2 };
_Static_assert(sizeof(struct pv_site) == 8, "record of section .pv_sites");

#include "pv/calls.h"

#endif
