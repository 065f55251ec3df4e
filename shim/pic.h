/* SPDX-License-Identifier: MIT */
/*
 * The machine's interrupts: two 8259 controllers, of which the timer's and the serial line's inputs are used. Vectors 32 to 47.
 */
#ifndef SHIM_PIC_H
#define SHIM_PIC_H

#include <stdint.h>

#define IRQ_TIMER	0u
#define IRQ_SERIAL	4u

void pic_init(void);
/* Acknowledges the interrupt and lets its device take what it has; also for interrupts that came while a guest ran. */
void pic_interrupt(uint32_t irq);

#endif
