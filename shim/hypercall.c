/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: one function each, called for `int 0x1F` and for the slots of the ring (lguest.md 2).
 *
 * Before a call is made the ring is emptied in order. A guest that was stopped on the way makes no more calls.
 */
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/guest.h"
#include "shim/memory.h"
#include "shim/trace.h"

typedef void (*call_fn)(struct guest *g, const struct lguest_call_args *a);

void *guest_at(struct guest *g, uint32_t address, uint32_t n)
{
	uint32_t bytes = g->limit * PAGE_SIZE;

	if (address <= bytes && n <= bytes - address)
		return g->memory + address;
	guest_stop(g, "bad address 0x%08x, %u bytes", address, n);
	return NULL;
}

static void call_nothing(struct guest *g, const struct lguest_call_args *a)
{
	(void)g;
	(void)a;
}

static void call_init(struct guest *g, const struct lguest_call_args *a)
{
	struct lguest_data *data = guest_at(g, a->ebx, sizeof(*data));
	uint64_t ns = clock_wall_ns();

	if (!data)
		return;
	if (g->data) {
		guest_stop(g, "LGUEST_INIT for the second time");
		return;
	}
	if (data->kernel_address >= -options.reserve || data->syscall_vec != LGUEST_SYSCALL_VECTOR) {
		guest_stop(g, "LGUEST_INIT: kernel address 0x%08x, system calls by vector 0x%x", data->kernel_address, data->syscall_vec);
		return;
	}
	g->data = data;
	g->noirq_start = data->noirq_start;
	g->noirq_end = data->noirq_end;
	g->kernel_address = data->kernel_address;
	data->reserve_mem = options.reserve;
	data->tsc_khz = options.no_tsc ? 0 : clock_tsc_khz;
	data->time_nsec = div64(&ns, NSEC_PER_SEC);
	data->time_sec = ns;
	shadow_reset(g, LINEAR);
}

static void call_shutdown(struct guest *g, const struct lguest_call_args *a)
{
	char text[LGUEST_SHUTDOWN_TEXT];
	uint32_t n = a->ebx < g->limit * PAGE_SIZE ? MIN(sizeof(text), g->limit * PAGE_SIZE - a->ebx) : sizeof(text);
	const char *from = guest_at(g, a->ebx, n);

	if (!from)
		return;
	memcpy(text, from, n);
	text[n - 1] = 0;
	guest_shutdown(g, text, a->ecx == LGUEST_RESTART);
}

static void call_new_pgtable(struct guest *g, const struct lguest_call_args *a)
{
	if (a->ebx >= g->limit * PAGE_SIZE || (options.abi_min && a->ebx % 32))
		guest_stop(g, "NEW_PGTABLE: bad address 0x%08x", a->ebx);
	else
		shadow_load(g, a->ebx);
}

static void call_flush_tlb(struct guest *g, const struct lguest_call_args *a)
{
	shadow_flush(g, a->ebx);
}

static void call_load_idt_entry(struct guest *g, const struct lguest_call_args *a)
{
	guest_set_gate(g, a->ebx, a->ecx, a->edx);
}

/* The pages are made writable now, because the processor pushes on them by itself at direct traps. */
static void call_set_stack(struct guest *g, const struct lguest_call_args *a)
{
	if ((a->ebx & 3) != 1 || a->edx > 2) {
		guest_stop(g, "SET_STACK: ss 0x%x, %u pages", a->ebx, a->edx);
		return;
	}
	if ((a->ebx & 0xFFFF) != g->page->tss.ss1)
		guest_set_stack_segment(g, a->ebx & 0xFFFF);
	g->page->tss.esp1 = a->ecx;
	for (uint32_t i = 0; i < a->edx && guest_runs(g); i++)
		if (!shadow_pin(g, a->ecx - 1 - i * PAGE_SIZE) && guest_runs(g))
			guest_stop(g, "bad stack page 0x%08x", a->ecx - 1 - i * PAGE_SIZE);
}

static void call_ts(struct guest *g, const struct lguest_call_args *a)
{
	g->ts = a->ebx;
}

static void call_set_clockevent(struct guest *g, const struct lguest_call_args *a)
{
	g->event = a->ebx ? clock_ns() + a->ebx : NEVER;
	clock_alarm(g->event);
}

static void call_halt(struct guest *g, const struct lguest_call_args *a)
{
	(void)a;
	g->state = GUEST_HALTED;
}

static void call_set_pmd(struct guest *g, const struct lguest_call_args *a)
{
	shadow_set_pmd(g, a->ebx, a->ecx);
}

static void call_set_pte(struct guest *g, const struct lguest_call_args *a)
{
	shadow_set_pte(g, a->ebx, a->ecx, (uint64_t)a->esi << 32 | a->edx);
}

static void call_set_pgd(struct guest *g, const struct lguest_call_args *a)
{
	shadow_set_pgd(g, a->ebx, a->ecx);
}

static void call_load_tls(struct guest *g, const struct lguest_call_args *a)
{
	const uint32_t *tls = guest_at(g, a->ebx, 3 * 8);

	for (unsigned i = 0; tls && i < 3; i++)
		guest_set_descriptor(g, LGUEST_TLS + i, tls[2 * i], tls[2 * i + 1]);
}

static void call_notify(struct guest *g, const struct lguest_call_args *a)
{
	device_notify(g, a->ebx);
}

static void call_load_gdt_entry(struct guest *g, const struct lguest_call_args *a)
{
	guest_set_descriptor(g, a->ebx, a->ecx, a->edx);
}

static const call_fn calls[] = {
	[LHCALL_FLUSH_ASYNC] = call_nothing,
	[LHCALL_INIT] = call_init,
	[LHCALL_SHUTDOWN] = call_shutdown,
	[LHCALL_NEW_PGTABLE] = call_new_pgtable,
	[LHCALL_FLUSH_TLB] = call_flush_tlb,
	[LHCALL_LOAD_IDT_ENTRY] = call_load_idt_entry,
	[LHCALL_SET_STACK] = call_set_stack,
	[LHCALL_TS] = call_ts,
	[LHCALL_SET_CLOCKEVENT] = call_set_clockevent,
	[LHCALL_HALT] = call_halt,
	[LHCALL_SET_PMD] = call_set_pmd,
	[LHCALL_SET_PTE] = call_set_pte,
	[LHCALL_SET_PGD] = call_set_pgd,
	[LHCALL_LOAD_TLS] = call_load_tls,
	[LHCALL_NOTIFY] = call_notify,
	[LHCALL_LOAD_GDT_ENTRY] = call_load_gdt_entry,
	[LHCALL_SEND_INTERRUPTS] = call_nothing,
};

/* What a guest can do without (docs/lguest.adoc, "Calls"): with abi=min it is not there. */
static bool is_optional(const struct lguest_call_args *a, bool from_ring)
{
	static const uint32_t out_of_ring = 1u << LHCALL_SHUTDOWN | 1u << LHCALL_FLUSH_TLB | 1u << LHCALL_SET_CLOCKEVENT | 1u << LHCALL_HALT |
					    1u << LHCALL_SEND_INTERRUPTS;

	return a->eax == LHCALL_SET_PMD || (a->eax == LHCALL_SET_PGD && a->ecx > 2) || (from_ring && out_of_ring >> a->eax & 1);
}

static bool may_call(struct guest *g, const struct lguest_call_args *a, bool from_ring)
{
	if (a->eax >= ARRAY_SIZE(calls) || !calls[a->eax])
		guest_stop(g, "bad hypercall %u", a->eax);
	else if (options.abi_min && is_optional(a, from_ring))
		guest_stop(g, "bad hypercall %u%s: it is optional", a->eax, from_ring ? " in the ring" : "");
	else if (!g->data && a->eax != LHCALL_INIT)
		guest_stop(g, "hypercall %u before LGUEST_INIT", a->eax);
	if (guest_runs(g) && options.trace)
		trace_hypercall(g, a, from_ring);
	return guest_runs(g);
}

/* Most need no closer look. */
static void call(struct guest *g, const struct lguest_call_args *a, bool from_ring)
{
	if ((a->eax >= ARRAY_SIZE(calls) || !calls[a->eax] || !g->data || options.look_closer) && !may_call(g, a, from_ring))
		return;
	g->stats.calls[a->eax]++;
	calls[a->eax](g, a);
}

/* At most once around, whatever the calls do to the guest's memory. */
static void empty_ring(struct guest *g)
{
	struct lguest_data *d = g->data;

	for (unsigned n = 0; n < LGUEST_RING && guest_runs(g); n++) {
		unsigned slot = g->ring_next;
		if (d->hcall_status[slot] == LGUEST_SLOT_FREE)
			return;
		const struct lguest_call_args args = d->hcalls[slot];
		g->ring_next = (slot + 1) % LGUEST_RING;
		call(g, &args, true);
		d->hcall_status[slot] = LGUEST_SLOT_FREE;
	}
}

/* The arguments are the first registers: section 2 of the sheet. */
void guest_hypercall(struct guest *g)
{
	_Static_assert(offsetof(struct regs, esi) == offsetof(struct lguest_call_args, esi) && !offsetof(struct regs, eax), "as the frame has them");

	if (g->data)
		empty_ring(g);
	if (guest_runs(g))
		call(g, (const struct lguest_call_args *)g->regs, false);
}
