/* SPDX-License-Identifier: MIT */
/*
 * selftest=pv: walks up the platform's interface, each step needing only what the ones before have shown.
 *
 * For whoever brings up a hypervisor: it needs neither an initrd nor a device, says what it is about to try before each step, and, where
 * that is not what the interface promises, what it sent, expected and got, and where to read about it. Interrupts must be on. It leaves
 * everything as it was, so that the boot can go on.
 */
#include "arch/x86/desc.h"
#include "arch/x86/probe.h"
#include "kernel/lib.h"
#include "kernel/time.h"
#include "mm/fixmap.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "pv/backend.h"
#include "pv/pv.h"

#define IF		0x200u
#define CR0_TS		0x8u
#define PATTERN		0x13579BDFu
#define OTHER		0x2468ACE0u
#define YEAR_2000_S	946684800u
#define EVENT_NS	(2 * NSEC_PER_MSEC)
#define PATIENCE	20000000u	/* looks at the clock before an event counts as lost */

static unsigned failed;

void pv_equal(const char *sent, uint32_t got, uint32_t expected)
{
	if (got == expected)
		return;
	failed++;
	klog("  FAIL: %s: expected 0x%x, got 0x%x\n", sent, expected, got);
}

static void test_ring(void) { pv_equal("RPL of CS", kernel_cs() & 3, pv_facts.kernel_rpl); }

static void test_cpuid(void)
{
	struct cpuid_regs r;

	pv_cpuid(0, 0, &r);
	pv_equal("cpuid 0: leaf 1 is there", r.eax >= 1, 1);
	pv_cpuid(1, 0, &r);
	pv_equal("cpuid 1: edx bit 6 (PAE)", r.edx >> 6 & 1, 1);
}

static void test_control_registers(void)
{
	pv_equal("read_cr0: PE, WP and PG", pv_read_cr0() & 0x80010001, 0x80010001);
	pv_equal("read_cr4: PAE", pv_read_cr4() & 0x20, 0x20);
}

static void test_fpu_ts(void)
{
	uint32_t before = pv_read_cr0() & CR0_TS;

	irq_flags_t flags = irq_save();
	pv_fpu_ts(1);
	pv_equal("fpu_ts(1): CR0.TS", pv_read_cr0() & CR0_TS, CR0_TS);
	pv_fpu_ts(0);
	pv_equal("fpu_ts(0): CR0.TS", pv_read_cr0() & CR0_TS, 0);
	pv_fpu_ts(before);
	irq_restore(flags);
}

static void test_interrupt_flag(void)
{
	pv_equal("irq.save at the start: IF", irq_flags() & IF, IF);
	irq_flags_t flags = irq_save();
	pv_equal("disable, save: IF", irq_flags() & IF, 0);
	irq_flags_t inner = irq_save();
	irq_restore(inner);
	pv_equal("restore of off: IF", irq_flags() & IF, 0);
	irq_restore(flags);
	pv_equal("restore of on: IF", irq_flags() & IF, IF);
}

static void test_clock(void)
{
	uint64_t before = pv_clock_ns(), now = before;
	unsigned back = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t next = pv_clock_ns();
		back += next < now;
		now = next;
	}
	pv_equal("clock_ns, 1,000 times: went back", back, 0);
	for (unsigned i = 0; i < PATIENCE && now == before; i++)
		now = pv_clock_ns();
	pv_equal("clock_ns: advances", now > before, 1);
}

static void test_wall_clock(void)
{
	uint64_t s = pv_wall_ns();

	div64(&s, NSEC_PER_SEC);
	pv_equal("wall_ns: after 2000", s >= YEAR_2000_S, 1);
}

static volatile bool fired;

static void on_event(struct timer *t)
{
	(void)t;
	fired = true;
}

static struct timer timer = { .fire = on_event };

static uint64_t ask_for_event(void)
{
	uint64_t due = pv_clock_ns() + EVENT_NS;

	fired = false;
	timer_arm(&timer, due);
	return due;
}

static void await_event(const char *sent)
{
	for (uint32_t i = 0; i < PATIENCE && !fired; i++)
		(void)pv_clock_ns();
	pv_equal(sent, fired, 1);
	timer_cancel(&timer);
}

static void test_event(void)
{
	uint64_t due = ask_for_event();

	await_event("set_next_event in 2 ms: the event came");
	pv_equal("set_next_event in 2 ms: came too early", fired && pv_clock_ns() < due, 0);
}

static void test_masked_event(void)
{
	irq_flags_t flags = irq_save();
	uint64_t due = ask_for_event();

	for (uint32_t i = 0; i < PATIENCE && pv_clock_ns() < due + EVENT_NS; i++)
		;
	pv_equal("an event while interrupts are off: came", fired, 0);
	irq_restore(flags);
	await_event("an event that was due while interrupts were off: came after");
}

static void test_halt(void)
{
	irq_disable();
	ask_for_event();
	pv_safe_halt();			/* a PC's other interrupts may end it, too */
	pv_equal("safe_halt: IF after", irq_flags() & IF, IF);
	await_event("safe_halt: the event came");
}

static void test_entries(void)
{
	static const uint64_t values[] = { 0x100063, 0x3FFFF000 | PTE_PRESENT | PTE_USER, 0x200000 | PTE_PRESENT | PTE_WRITE | PTE_NX };

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		uint64_t v = pv_facts.nx_usable ? values[i] : values[i] & ~PTE_NX;
		pv_equal("make_pte, pte_val: the same", pv_pte_val(pv_make_pte(v)) == v, 1);
		pv_equal("make_pmd, pmd_val: the same", pv_pmd_val(pv_make_pmd(v)) == v, 1);
	}
}

/* One address shows first one frame, then another, then none. The hooks behind it: make_pte, set_pte, flush_tlb_one. */
static void test_mapping(void)
{
	uint32_t *a = kmalloc(PAGE_SIZE), *b = kmalloc(PAGE_SIZE), *at = (uint32_t *)fix_to_virt(FIX_BACKEND_3), value = 0;

	if (a && b) {
		*a = PATTERN;
		*b = OTHER;
		fixmap_set(FIX_BACKEND_3, virt_to_phys(a), PTE_WRITE | PTE_NX);
		pv_equal("set_pte to a frame: reads", probe_read(at, &value) ? 0 : value, PATTERN);
		pv_equal("set_pte to a frame: writing faults", probe_write(at, OTHER), 0);
		pv_equal("set_pte to a frame: what was written", *a, OTHER);
		*a = PATTERN;
		fixmap_set(FIX_BACKEND_3, virt_to_phys(b), PTE_NX);
		pv_equal("set_pte to another frame, flush: reads", probe_read(at, &value) ? 0 : value, OTHER);
		pv_equal("a page that is read-only: writing faults", probe_write(at, PATTERN) != 0, 1);
		fixmap_clear(FIX_BACKEND_3);
		pv_equal("set_pte to 0, flush: reading faults", probe_read(at, &value) != 0, 1);
	}
	pv_equal("two pages of memory", a && b, 1);
	kfree(a);
	kfree(b);
}

static void test_protection(void)
{
	static const uint32_t constant = PATTERN;
	uint32_t value;

	pv_equal("a write to read-only data: faults", probe_write((volatile uint32_t *)&constant, 0) != 0, 1);
	pv_equal("a write to the text: faults", probe_write((volatile uint32_t *)(uint32_t)test_protection, 0) != 0, 1);
	pv_equal("a write to the table: faults", probe_write((volatile uint32_t *)&pv_ops, *(uint32_t *)&pv_ops) != 0, 1);
	pv_equal("a read of the fixmap's hole: faults", probe_read((const volatile uint32_t *)fix_to_virt(FIX_HOLE), &value) != 0, 1);
}

/* A new address space shows the kernel as the old one does. The hooks behind it: pgd_alloc, activate, pgd_free. */
static void test_address_space(void)
{
	struct mm *mm = mm_create();
	uint32_t value = 0;

	pv_equal("pgd_alloc: a top level", mm != NULL, 1);
	if (!mm)
		return;
	irq_flags_t flags = irq_save();
	mm_activate(mm);
	pv_equal("activate: the kernel's memory", probe_read((volatile uint32_t *)&mm, &value) ? 0 : value, (uint32_t)mm);
	mm_activate(&init_mm);
	irq_restore(flags);
	mm_put(mm);
}

/* A present writable data segment of one page at `word`, DPL 3. */
static uint64_t segment_at(const void *word)
{
	uint64_t base = (uint32_t)word;

	return 0x0040F20000000FFFull | (base & 0xFFFFFF) << 16 | (base >> 24) << 56;
}

static void test_tls(void)
{
	static const uint32_t word = PATTERN;
	static const uint64_t none[3];
	uint64_t tls[3] = { 0, 0, segment_at(&word) };

	irq_flags_t flags = irq_save();
	pv_load_tls(tls);
	pv_equal("load_tls, gs = GDT entry 8: gs:0", probe_gs_read((GDT_TLS + 2) << 3 | 3, 0), PATTERN);
	pv_load_tls(none);
	irq_restore(flags);
}

static void test_lazy_modes(void)
{
	uint32_t *page = kmalloc(PAGE_SIZE), *at = (uint32_t *)fix_to_virt(FIX_BACKEND_3), value = 0;

	if (!page)
		return;
	*page = PATTERN;
	irq_flags_t flags = irq_save();
	pv_mmu_lazy_enter();
	fixmap_set(FIX_BACKEND_3, virt_to_phys(page), PTE_NX);
	pv_mmu_lazy_leave();
	pv_equal("set_pte in lazy mode: visible after", probe_read(at, &value) ? 0 : value, PATTERN);
	pv_mmu_lazy_enter();
	fixmap_clear(FIX_BACKEND_3);
	pv_mmu_lazy_leave();
	pv_equal("set_pte to 0 in lazy mode: faults after", probe_read(at, &value) != 0, 1);
	pv_cpu_lazy_enter();
	pv_cpu_lazy_leave();
	irq_restore(flags);
	kfree(page);
}

/* What each step rests on: hardware's manual, or the promise of the table. A backend's own sheet tells how it is kept. */
static const struct pv_step steps[] = {
	{ "the ring of the kernel", "pv_facts.kernel_rpl", test_ring },
	{ "cpu.cpuid", "Intel SDM volume 2, CPUID", test_cpuid },
	{ "cpu.read_cr0, read_cr4", "Intel SDM volume 3, 2.5", test_control_registers },
	{ "cpu.fpu_ts", "Intel SDM volume 3, 2.5", test_fpu_ts },
	{ "irq.save, restore, disable", "pv_ops.h: irq", test_interrupt_flag },
	{ "time.clock_ns", "pv_ops.h: time", test_clock },
	{ "time.wall_ns", "pv_ops.h: time", test_wall_clock },
	{ "time.set_next_event", "pv_ops.h: time", test_event },
	{ "time.set_next_event with interrupts off", "pv_ops.h: time, irq", test_masked_event },
	{ "irq.safe_halt", "pv_ops.h: irq", test_halt },
	{ "mmu.make_pte, pte_val, make_pmd, pmd_val", "pv_types.h", test_entries },
	{ "mmu.set_pte, flush_tlb_one", "Intel SDM volume 3, 4.6 and 4.10.4", test_mapping },
	{ "mmu.lazy_enter, lazy_leave", "pv_ops.h: lazy modes", test_lazy_modes },
	{ "protection of the kernel's own pages", "Intel SDM volume 3, 4.6 (CR0.WP)", test_protection },
	{ "mmu.pgd_alloc, activate, pgd_free", "Intel SDM volume 3, 4.4.1", test_address_space },
	{ "cpu.load_tls", "Intel SDM volume 3, 3.4.5", test_tls },
};

/* How much failed. */
static unsigned run_step(const struct pv_step *step, unsigned number)
{
	failed = 0;
	log_progress(0x100 + number);
	klog("trying %s\n", step->what);
	step->run();
	if (failed)
		klog("  not ok: see %s\n", step->where);
	else
		klog("  ok\n");
	return failed;
}

unsigned pv_selftest(void)
{
	unsigned all = 0, n = 0;

	for (; n < ARRAY_SIZE(steps); n++)
		all += run_step(&steps[n], n);
	for (const struct pv_step *s = pv_backend->steps; s && s->what; s++)
		all += run_step(s, n++);
	klog("selftest: %u steps on %s, %u failed\n", n, pv_facts.name, all);
	return all;
}
