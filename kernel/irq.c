/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: who handles which line.
 *
 * A line is acknowledged before its handler runs; all lines are edge-triggered or re-raised by their device, and the handler runs with
 * interrupts off.
 */
#include "kernel/irq.h"
#include "kernel/random.h"
#include "pv/pv_ops.h"

static void (*handlers[IRQ_COUNT])(void);

/* There is no unregistering: drivers live as long as the machine. */
void irq_register(unsigned irq, void (*handler)(void))
{
	BUG_ON(irq >= IRQ_COUNT || handlers[irq]);
	handlers[irq] = handler;
	pv_irq_unmask(irq);
}

/*
 * pv_irq_ack is false for a spurious interrupt (8259A data sheet: lines 7 and 15 without a request behind them), which
 * nobody must see. Arrival times feed the random generator.
 */
void irq_dispatch(unsigned irq)
{
	if (!pv_irq_ack(irq))
		return;
	if (irq < IRQ_COUNT && handlers[irq]) {
		random_stir(irq);
		handlers[irq]();
		return;
	}
	pv_irq_mask(irq);
	klog("irq: nobody wants interrupt %u, masked\n", irq);
}
