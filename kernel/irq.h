/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts by number: 0 to 15, as the platform's controller counts them. Handlers run with interrupts off, on
 * the stack of whoever was interrupted; they may wake tasks and must not sleep. The timer's interrupt is the platform's.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#define IRQ_COUNT	16u

/* One handler per line, called with interrupts off; unmasks the line. */
void irq_register(unsigned irq, void (*handler)(void));
/* From the entry code: acknowledges at the controller and calls the handler. A line without one is masked and logged once. */
void irq_dispatch(unsigned irq);

#endif
