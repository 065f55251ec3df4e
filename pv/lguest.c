/* SPDX-License-Identifier: MIT */
/*
 * The lguest backend: ring 1 under a host that keeps the ABI of abi/lguest.h (the sheet lguest.md; its sections are given).
 *
 * Calls. One that changes page tables or the processor is told through the ring in lazy modes, at once otherwise; leaving a lazy mode makes
 * one call if anything waits. Any call at once empties the ring first, so calls are always made in the order of telling.
 *
 * Page tables. The host keeps shadows of what it has walked, several of them, and doesn't watch our memory. So whatever changes a present entry of
 * the tables in use, or of the kernel's half, is told entry by entry (with A and D set the host puts the new one in place, 16.2), and flushing is left
 * with nothing to do but to make sure that what was told has arrived. An absent entry that becomes present is not told: nothing was
 * shadowed (16.3). Tables that are not in use are only marked; the host hears of it before they are loaded. Page tables are empty when
 * they are unhooked (mm/table.c), so an entry of a PMD page is not told either; one of the top level is. No PMD of the kernel's changes after
 * mm_init, whose FLUSH_TLB covers that.
 *
 * What the host can't offer is not there for anyone: NX, SYSENTER, SMAP, large pages, global pages, an LDT.
 */
#include "pv/lguest.h"
#include "arch/x86/cycles.h"
#include "arch/x86/desc.h"
#include "pv/upcalls.h"

#define CR0_TS		0x8u
#define DESC_PRESENT	0x8000u			/* of a descriptor's high word */
#define GATE_TYPE	0x1E00u			/* of a gate's: interrupt and trap differ in bit 8 */
#define GATE_TO_CODE	0x0E00u
#define STACK_PAGES	(KSTACK_SIZE / PAGE_SIZE)
#define MIN_EVENT_NS	1000u			/* the host's own guest takes no less than 100 */
#define MAX_EVENT_NS	(2 * NSEC_PER_SEC)
#define TICK_NS		(10 * NSEC_PER_MSEC)	/* without a TSC time stands still between interrupts */

struct lguest_data lguest_data = {
	.blocked_interrupts = ~0u,
	.hcall_status = { [0 ... LGUEST_RING - 1] = LGUEST_SLOT_FREE },
	.noirq_start = (uint32_t)lguest_noirq_start, .noirq_end = (uint32_t)lguest_noirq_end,
	.kernel_address = KERNEL_BASE, .syscall_vec = LGUEST_SYSCALL_VECTOR,
};

/* ---- calls ---- */

static bool lazy, waiting;
static unsigned next_slot;

/* With interrupts off, for a handler may have something to tell as well. If the ring is full the call is made at once, which empties it. */
static void tell_later(enum lguest_call number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi)
{
	irq_flags_t flags = irq_save();
	volatile uint8_t *status = &lguest_data.hcall_status[next_slot];

	if (likely(*status == LGUEST_SLOT_FREE)) {
		lguest_data.hcalls[next_slot] = (struct lguest_call_args){ number, ebx, ecx, edx, esi };
		asm volatile("" : : : "memory");
		*status = LGUEST_SLOT_READY;
		next_slot = (next_slot + 1) % LGUEST_RING;
		waiting = true;
	} else {
		lguest_call(number, ebx, ecx, edx, esi);
	}
	irq_restore(flags);
}

void lguest_tell(enum lguest_call number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi)
{
	(lazy ? tell_later : lguest_call)(number, ebx, ecx, edx, esi);
}

static void lguest_flush(void)
{
	if (!waiting)
		return;
	waiting = false;
	lguest_call(LHCALL_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void lguest_lazy_enter(void) { lazy = true; }

static void lguest_lazy_leave(void)
{
	lazy = false;
	lguest_flush();
}

/* ---- init ---- */

static bool lguest_detect(const struct boot_info *bi) { return bi->door == DOOR_LGUEST; }

static uint32_t lguest_reserve_top(void) { return lguest_data.reserve_mem; }

static void lguest_banner(void)
{
	klog("pv: lguest, ring 1, the host reserves %u KiB, %s\n", lguest_data.reserve_mem >> 10,
	     lguest_data.tsc_khz ? "TSC usable" : "no usable TSC");
}

static void __attribute__((noreturn)) lguest_halt_forever(void)
{
	lguest_data.blocked_interrupts = ~0u;
	for (;;)
		lguest_call(LHCALL_HALT, 0, 0, 0, 0);
}

static void lguest_shutdown(enum outcome outcome, int code, const char *line)
{
	static char text[LGUEST_SHUTDOWN_TEXT];

	(void)code;
	strlcpy(text, line, sizeof(text));
	lguest_call(LHCALL_SHUTDOWN, virt_to_phys(text), outcome == OUTCOME_RESTART ? LGUEST_RESTART : LGUEST_POWEROFF, 0, 0);
	lguest_halt_forever();
}

/* ---- cpu ---- */

static uint32_t cr0 = 0x80010031, cr4 = 0x20;	/* PG, WP, NE, ET, PE; PAE: what we would find there, and what we wrote since */

/*
 * What is left is of use to programs or known to work in ring 1 (section 8). MSR stays because boot asks for it, SEP so that the gate can say
 * that it is not for want of it.
 */
static void lguest_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out)
{
	asm volatile("cpuid" : "=a" (out->eax), "=b" (out->ebx), "=c" (out->ecx), "=d" (out->edx) : "a" (leaf), "c" (subleaf));
	if (leaf == 1) {
		out->ecx &= 0xC2D82203;	/* SSE3 to 4.2, PCLMUL, CX16, MOVBE, POPCNT, AES, RDRAND, HYPERVISOR */
		out->edx &= 0x07888971;	/* FPU, TSC, MSR, PAE, SEP, CX8, CMOV, CLFLUSH, MMX, FXSR, SSE, SSE2 */
	} else if (leaf == 7) {
		out->ebx &= 0x208C0308;	/* BMI1, BMI2, ERMS, RDSEED, ADX, CLFLUSHOPT, SHA */
		out->ecx = 0;			/* UMIP, protection keys */
	} else if (leaf == 0x80000001) {
		out->edx &= ~0x24100800;	/* LM, 1 GiB pages, NX, SYSCALL */
	}
}

static uint32_t lguest_read_cr0(void) { return cr0; }

static void lguest_write_cr0(uint32_t value) { cr0 = value; }

static uint32_t lguest_read_cr4(void) { return cr4; }

static void lguest_write_cr4(uint32_t value) { cr4 = value; }

static uint64_t lguest_read_msr(uint32_t index)
{
	(void)index;
	return 0;
}

/* Those that are the host's, and the double fault's task gate, are not the host's concern (section 5, 7.4). */
static void lguest_write_gdt_entry(unsigned index, uint32_t low, uint32_t high)
{
	if (index != GDT_TSS && index != GDT_DOUBLE_FAULT_TSS)
		lguest_tell(LHCALL_LOAD_GDT_ENTRY, index, low, high, 0);
}

static void lguest_write_idt_entry(unsigned vector, uint32_t low, uint32_t high)
{
	if ((high & GATE_TYPE) == GATE_TO_CODE)
		lguest_tell(LHCALL_LOAD_IDT_ENTRY, vector, low, high, 0);
}

/* Neither fs nor gs may select an entry that goes away: the host would fault when it loads them (section 5). */
static void lguest_load_tls(const uint64_t tls[3])
{
	static uint64_t copy[3];
	uint16_t fs, gs;

	asm volatile("movw %%fs, %0\n\tmovw %%gs, %1" : "=r" (fs), "=r" (gs));
	for (unsigned i = 0; i < 3; i++) {
		copy[i] = tls[i];
		if (copy[i] >> 32 & DESC_PRESENT)
			continue;
		if (fs >> 3 == LGUEST_TLS + i)
			asm volatile("movl %0, %%fs" : : "r" (0));
		if (gs >> 3 == LGUEST_TLS + i)
			asm volatile("movl %0, %%gs" : : "r" (0));
	}
	lguest_tell(LHCALL_LOAD_TLS, virt_to_phys(copy), 0, 0, 0);
}

/* The last thing that a context switch tells takes along what waits. */
static void lguest_set_kernel_stack(uint32_t esp)
{
	waiting = false;
	lguest_call(LHCALL_SET_STACK, LGUEST_KERNEL_DS, esp, STACK_PAGES, 0);
}

static void lguest_fpu_ts(uint32_t set)
{
	cr0 = set ? cr0 | CR0_TS : cr0 & ~CR0_TS;
	lguest_tell(LHCALL_TS, set, 0, 0, 0);
}

/* ---- mmu ---- */

/* A top level, a multiple of 32 (16.2), and whether its tables were changed behind the host's back. init_mm's is none: it has no user part. */
struct top { _Alignas(32) pgd_t entries[PTRS_PER_PGD]; bool changed; };

static const pgd_t *loaded;

void lguest_change_pte(struct mm *mm, uint32_t va, pte_t *slot, pte_t value)
{
	*slot = value;
	if (va < KERNEL_BASE && mm->pgd != loaded)
		((struct top *)mm->pgd)->changed = true;
	else
		lguest_tell(LHCALL_SET_PTE, virt_to_phys(mm->pgd), va, (uint32_t)value.raw, value.raw >> 32);
}

static void lguest_set_pmd(struct mm *mm, uint32_t va, pmd_t *slot, pmd_t value)
{
	(void)mm;
	(void)va;
	*slot = value;
}

/* Tables not in use can wait for whatever is told next: these are, at the latest, when they are loaded again. Never entry 3 (16.5). */
static void lguest_set_pgd(struct mm *mm, uint32_t index, pgd_t value)
{
	bool was = mm->pgd[index].raw & PTE_PRESENT;

	mm->pgd[index] = value;
	if (was)
		(mm->pgd == loaded ? lguest_tell : tell_later)(LHCALL_SET_PGD, virt_to_phys(mm->pgd), index, 0, 0);
}

static pgd_t *lguest_pgd_alloc(struct mm *mm)
{
	struct top *top = kzalloc(sizeof(*top));

	(void)mm;
	if (!top)
		return NULL;
	top->entries[3] = init_mm.pgd[3];
	return top->entries;
}

static void lguest_pgd_free(struct mm *mm, pgd_t *pgd)
{
	(void)mm;
	kfree(pgd);
}

static void lguest_activate(struct mm *prev, struct mm *next)
{
	struct top *top = (struct top *)next->pgd;

	(void)prev;
	if (next != &init_mm && top->changed) {
		for (unsigned i = 0; i < PTRS_PER_PGD - 1; i++)
			lguest_tell(LHCALL_SET_PGD, virt_to_phys(top), i, 0, 0);
		top->changed = false;
	}
	loaded = next->pgd;
	lguest_tell(LHCALL_NEW_PGTABLE, virt_to_phys(loaded), 0, 0, 0);
}

static void lguest_flush_kernel(void) { lguest_call(LHCALL_FLUSH_TLB, 1, 0, 0, 0); }

/* ---- irq ---- */

static void lguest_mask(uint32_t irq) { lguest_data.blocked_interrupts |= 1u << irq; }

/* What has come meanwhile is delivered after a call. */
static void lguest_unmask(uint32_t irq)
{
	lguest_data.blocked_interrupts &= ~(1u << irq);
	lguest_call(LHCALL_SEND_INTERRUPTS, 0, 0, 0, 0);
}

static uint32_t lguest_ack(uint32_t irq)
{
	(void)irq;
	return 1;
}

/* ---- time ---- */

static struct pv_clock_desc tsc;		/* usable: the host vouches for the TSC */
static uint64_t boot_wall_ns, told_wall_ns;	/* what time it was when clock_ns was 0, and when clock_by_host looked last */

/* As of the last interrupt. */
static uint64_t host_wall_ns(void)
{
	const volatile struct lguest_data *d = &lguest_data;
	uint32_t sec, nsec;

	do {
		sec = d->time_sec;
		nsec = d->time_nsec;
	} while (sec != d->time_sec);
	return (uint64_t)sec * NSEC_PER_SEC + nsec;
}

/* The host may set its clock: ours never goes back, and goes on from there. */
static uint64_t clock_by_host(void)
{
	static uint64_t gone;
	irq_flags_t flags = irq_save();
	uint64_t now = host_wall_ns();

	gone += now > told_wall_ns ? now - told_wall_ns : 0;
	told_wall_ns = now;
	now = gone;
	irq_restore(flags);
	return now;
}

static uint64_t lguest_clock_ns(void)
{
	return tsc.usable ? mul_shift(cycles() - tsc.tsc_base, tsc.mult, tsc.shift) : clock_by_host();
}

static uint64_t lguest_wall_ns(void) { return boot_wall_ns + lguest_clock_ns(); }

/* An event in the past comes at once. Without a TSC an event is also what makes the clock go. */
static void lguest_set_next_event(uint64_t deadline)
{
	uint64_t now = lguest_clock_ns(), wait = deadline > now ? deadline - now : 0;

	if (deadline == TIME_NEVER && tsc.usable) {
		lguest_call(LHCALL_SET_CLOCKEVENT, 0, 0, 0, 0);
		return;
	}
	wait = MAX(MIN(wait, (uint64_t)(tsc.usable ? MAX_EVENT_NS : TICK_NS)), (uint64_t)MIN_EVENT_NS);
	lguest_call(LHCALL_SET_CLOCKEVENT, (uint32_t)wait, 0, 0, 0);
}

static void lguest_describe(struct pv_clock_desc *out) { *out = tsc; }

/* ns = ticks * 1,000,000 / kHz, as exactly as 32 bits can say. */
static void lguest_early_setup(struct boot_info *bi)
{
	uint64_t mult = (uint64_t)1000000 << 32;

	(void)bi;
	loaded = init_mm.pgd;
	boot_wall_ns = told_wall_ns = host_wall_ns();
	tsc = (struct pv_clock_desc){ .tsc_base = cycles(), .shift = 32, .error_ppm = 1, .source = "the host's time at interrupts" };
	if (!lguest_data.tsc_khz)
		return;
	tsc.usable = true;
	tsc.source = "TSC, at the rate that the host tells";
	div64(&mult, lguest_data.tsc_khz);
	for (; mult > UINT32_MAX; mult >>= 1)
		tsc.shift--;
	tsc.mult = mult;
}

static void lguest_late_setup(void)
{
	irq_register(0, timer_interrupt);
	if (!tsc.usable)
		lguest_set_next_event(TIME_NEVER);
}

/* ---- io, smp ---- */

/* In pieces that end in NUL; a NUL within the text is dropped. */
void lguest_print(const char *text, size_t n)
{
	static char piece[256];
	irq_flags_t flags = irq_save();

	while (n) {
		size_t k = 0;
		for (; n && k < sizeof(piece) - 1; n--, text++)
			if (*text)
				piece[k++] = *text;
		piece[k] = 0;
		lguest_call(LHCALL_NOTIFY, virt_to_phys(piece), 0, 0, 0);
	}
	irq_restore(flags);
}

static uint32_t lguest_this_cpu(void) { return 0; }

/* ---- the tables ---- */

#define NOTHING	((void *)pv_nop)

static const struct pv_facts lguest_facts = { .name = "lguest", .kernel_rpl = 1, .shared_kernel_pmd = true };

static const struct pv_init_ops lguest_init = {
	.detect = lguest_detect,
	.early_setup = lguest_early_setup,
	.reserve_top = lguest_reserve_top,
	.memory_map = NOTHING,
	.late_setup = lguest_late_setup,
	.banner = lguest_banner,
	.shutdown = lguest_shutdown,
};

static const struct pv_cpu_ops lguest_cpu = {
	.cpuid = lguest_cpuid,
	.read_cr0 = lguest_read_cr0,
	.write_cr0 = lguest_write_cr0,
	.read_cr2 = lguest_read_cr2,
	.read_cr4 = lguest_read_cr4,
	.write_cr4 = lguest_write_cr4,
	.read_msr = lguest_read_msr,
	.write_msr = NOTHING,
	.load_gdt = NOTHING,
	.load_idt = NOTHING,
	.load_ldt = NOTHING,
	.load_tr = NOTHING,
	.write_gdt_entry = lguest_write_gdt_entry,
	.write_idt_entry = lguest_write_idt_entry,
	.load_tls = lguest_load_tls,
	.set_kernel_stack = lguest_set_kernel_stack,
	.iret = lguest_iret,
	.iret_user = lguest_iret_user,
	.sysexit = lguest_sysexit,
	.fpu_ts = lguest_fpu_ts,
	.user_access_begin = pv_nop,
	.user_access_end = pv_nop,
	.halt_forever = lguest_halt_forever,
	.hypercall = lguest_hypercall,
	.lazy_enter = lguest_lazy_enter,
	.lazy_leave = lguest_lazy_leave,
};

static const struct pv_mmu_ops lguest_mmu = {
	.set_pte = lguest_set_pte,
	.set_pmd = lguest_set_pmd,
	.set_pgd = lguest_set_pgd,
	.make_pte = NOTHING,
	.pte_val = NOTHING,
	.make_pmd = NOTHING,
	.pmd_val = NOTHING,
	.make_pgd = NOTHING,
	.pgd_val = NOTHING,
	.pgd_alloc = lguest_pgd_alloc,
	.pgd_free = lguest_pgd_free,
	.alloc_table = NOTHING,
	.release_table = NOTHING,
	.activate = lguest_activate,
	.flush_tlb_user = lguest_flush,
	.flush_tlb_kernel = lguest_flush_kernel,
	.flush_tlb_one = (void *)lguest_flush,
	.lazy_enter = lguest_lazy_enter,
	.lazy_leave = lguest_lazy_leave,
};

static const struct pv_irq_ops lguest_irq = {
	.save = lguest_irq_save,
	.restore = lguest_irq_restore,
	.disable = lguest_irq_disable,
	.enable = lguest_irq_enable,
	.safe_halt = lguest_safe_halt,
	.controller_init = pv_nop,
	.mask = lguest_mask,
	.unmask = lguest_unmask,
	.ack = lguest_ack,
};

static const struct pv_time_ops lguest_time = {
	.clock_ns = lguest_clock_ns,
	.wall_ns = lguest_wall_ns,
	.set_next_event = lguest_set_next_event,
	.describe = lguest_describe,
};

static const struct pv_io_ops lguest_io = {
	.early_console = lguest_print,
	.console_init = lguest_console_init,
	.devices_init = pv_nop,
	.trace_out = lguest_trace_out,
};

static const struct pv_smp_ops lguest_smp = {
	.this_cpu = lguest_this_cpu,
};

const struct pv_backend lguest_backend = {
	.facts = &lguest_facts, .init = &lguest_init, .cpu = &lguest_cpu, .mmu = &lguest_mmu, .irq = &lguest_irq,
	.time = &lguest_time, .io = &lguest_io, .smp = &lguest_smp,
	.snippets = lguest_snippets, .snippets_end = lguest_snippets_end, .steps = lguest_steps,
};
