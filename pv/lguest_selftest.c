/* SPDX-License-Identifier: MIT */
/*
 * What selftest=pv asks of an lguest host beyond the table's promises: its shared words, its ring, and that a pending interrupt is
 * delivered once and told once. Sections are those of the sheet lguest.md.
 */
#include "pv/lguest.h"
#include "arch/x86/io.h"
#include "pv/upcalls.h"

#define IF		0x200u
#define EVENT_NS	NSEC_PER_MSEC
#define PATIENCE	2000000u	/* calls */
#define ROUNDS		1000

static volatile unsigned fired;

static void on_event(struct timer *t)
{
	(void)t;
	fired++;
}

static struct timer timer = { .fire = on_event };

static void arm(void)
{
	fired = 0;
	timer_arm(&timer, pv_clock_ns() + EVENT_NS);
}

static void call_until(const volatile uint32_t *word)
{
	for (unsigned i = 0; i < PATIENCE && !*word; i++)
		lguest_call(LHCALL_SEND_INTERRUPTS, 0, 0, 0, 0);
}

static void test_shared_data(void)
{
	pv_equal("LGUEST_INIT: reserve_mem modulo the page size", lguest_data.reserve_mem % PAGE_SIZE, 0);
	pv_equal("LGUEST_INIT: reserve_mem is between a page and 256 MiB", lguest_data.reserve_mem - PAGE_SIZE < 256u << 20, 1);
	pv_equal("LGUEST_INIT: time in nanoseconds is below a second", lguest_data.time_nsec < NSEC_PER_SEC, 1);
}

/* Port 0x61 of a PC never reads as ones (bit 6 is an error), and reading it changes nothing. */
static void test_ports(void) { pv_equal("in al, 0x61: all ones, since there are no ports", io_in8(0x61), 0xFF); }

static void test_interrupt_word(void)
{
	irq_flags_t flags = irq_save();

	pv_equal("disable: irq_enabled", lguest_data.irq_enabled, 0);
	irq_restore(~0u);
	pv_equal("restore of all ones: irq_enabled", lguest_data.irq_enabled, IF);
	irq_disable();
	irq_enable();
	pv_equal("enable: irq_enabled", lguest_data.irq_enabled, IF);
	irq_restore(flags);
}

/* More calls than there are slots: the ring is emptied by the call that finds it full, and by FLUSH_ASYNC. */
static void test_ring(void)
{
	unsigned busy = 0;

	irq_flags_t flags = irq_save();
	pv_cpu_lazy_enter();
	for (unsigned i = 0; i < 2 * LGUEST_RING + 1; i++)
		lguest_tell(LHCALL_TS, 0, 0, 0, 0);
	pv_cpu_lazy_leave();
	irq_restore(flags);
	for (unsigned i = 0; i < LGUEST_RING; i++)
		busy += lguest_data.hcall_status[i] != LGUEST_SLOT_FREE;
	pv_equal("129 calls by the ring, FLUSH_ASYNC: slots that are not 0xff", busy, 0);
}

/* The host may leave its word set for ever (7.2): one call must do all the same. */
static void test_pending(void)
{
	irq_flags_t flags = irq_save();
	uint32_t sends;

	arm();
	call_until(&lguest_data.irq_pending);
	pv_equal("SET_CLOCKEVENT in 1 ms, irq_enabled 0: irq_pending", lguest_data.irq_pending, IF);
	pv_equal("the same: deliveries", fired, 0);
	sends = lguest_sends;
	irq_restore(flags);
	pv_equal("then restore: deliveries", fired, 1);
	pv_equal("then restore: calls of SEND_INTERRUPTS", lguest_sends - sends, 1);
	for (unsigned i = 0; i < ROUNDS; i++)
		irq_restore(irq_save());
	pv_equal("1,000 times disable and restore: calls of SEND_INTERRUPTS above one for the next tick", lguest_sends - sends > 2, 0);
	timer_cancel(&timer);
}

static void test_blocked(void)
{
	pv_irq_mask(0);
	arm();
	for (unsigned i = 0; i < ROUNDS; i++)
		lguest_call(LHCALL_SEND_INTERRUPTS, 0, 0, 0, 0);
	pv_equal("interrupt 0 in blocked_interrupts: deliveries", fired, 0);
	pv_irq_unmask(0);
	call_until((const volatile uint32_t *)&fired);
	pv_equal("no longer: deliveries", fired, 1);
	timer_cancel(&timer);
}

const struct pv_step lguest_steps[] = {
	{ "lguest: what LGUEST_INIT has left", "lguest.md 3", test_shared_data },
	{ "lguest: the I/O bitmap", "lguest.md 8", test_ports },
	{ "lguest: irq_enabled", "lguest.md 3", test_interrupt_word },
	{ "lguest: the ring", "lguest.md 2.1", test_ring },
	{ "lguest: irq_pending, SEND_INTERRUPTS", "lguest.md 7.2", test_pending },
	{ "lguest: blocked_interrupts", "lguest.md 7.2", test_blocked },
	{ 0 },
};
