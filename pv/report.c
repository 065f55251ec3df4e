/* SPDX-License-Identifier: MIT */
/*
 * The text of /proc/pv: what the kernel runs on, and how each hook is reached.
 *
 * One line per fact or hook; a hook without call sites has none.
 */
#include "kernel/lib.h"
#include "pv/backend.h"
#include "pv/pv.h"

static void add_facts(struct text *t)
{
	const struct { bool is; const char *name; } facts[] = {
		{ pv_facts.shared_kernel_pmd, "shared_kernel_pmd" }, { pv_facts.sysenter_usable, "sysenter" },
		{ pv_facts.large_pages, "large_pages" }, { pv_facts.nx_usable, "nx" }, { pv_facts.smap_usable, "smap" },
		{ pv_facts.ldt_usable, "ldt" },
	};

	text_add(t, "platform %s\nring %u\nfacts", pv_facts.name, pv_facts.kernel_rpl);
	for (unsigned i = 0; i < ARRAY_SIZE(facts); i++)
		text_add(t, facts[i].is ? " %s" : " no-%s", facts[i].name);
	text_add(t, "\nreserved at the top %u KiB\n", pv_facts.reserve_top >> 10);
}

static void add_clock(struct text *t)
{
	struct pv_clock_desc clock;

	pv_describe_clock(&clock);
	text_add(t, "clock %s", clock.source);
	if (!clock.usable) {
		text_add(t, ", rate not known yet\n");
		return;
	}
	uint64_t khz = (uint64_t)1000000 << clock.shift;	/* ns = ticks * mult >> shift */
	div64(&khz, clock.mult);
	text_add(t, ": %u.%03u MHz, within %u ppm\n", (uint32_t)khz / 1000, (uint32_t)khz % 1000, clock.error_ppm);
}

static void add_tables(struct text *t)
{
#define SUB(sub)	{ #sub, sizeof(pv_ops.sub) / sizeof(void *) }
	static const struct { const char *name; unsigned count; } subs[] = {
		SUB(init), SUB(cpu), SUB(mmu), SUB(irq), SUB(time), SUB(io), SUB(smp),
	};

	text_add(t, "operations");
	for (unsigned i = 0; i < ARRAY_SIZE(subs); i++)
		text_add(t, " %s=%u", subs[i].name, subs[i].count);
	text_add(t, "\n");
}

static void add_sites(struct text *t)
{
	text_add(t, "%-22s %7s %7s %7s %7s\n", "patch sites", "inlined", "direct", "nothing", "table");
	for (unsigned i = 0; i < PV_OP_COUNT; i++) {
		const uint16_t *n = pv_site_ends[i];
		if (n[PV_END_INLINE] + n[PV_END_DIRECT] + n[PV_END_NOTHING] + n[PV_END_TABLE])
			text_add(t, "%-22s %7u %7u %7u %7u\n", pv_op_names[i], n[PV_END_INLINE], n[PV_END_DIRECT], n[PV_END_NOTHING],
			    n[PV_END_TABLE]);
	}
}

void pv_report(struct text *t)
{
	add_facts(t);
	add_clock(t);
	add_tables(t);
	add_sites(t);
}
