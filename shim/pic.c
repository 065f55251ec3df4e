/* SPDX-License-Identifier: MIT */
/*
 * Two cascaded 8259s (Intel 8259A data sheet), edge triggered, with specific ends of interrupt: only the timer and the serial line are open.
 *
 * Spurious interrupts 7 and 15 are inputs nobody opened; they have no bit in service and so are not acknowledged, but for the first
 * controller's cascade.
 */
#include "shim/pic.h"
#include "arch/x86/io.h"
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/console.h"
#include "shim/switcher.h"

#define FIRST		0x20u		/* command; data is the next port */
#define SECOND		0xA0u
#define CASCADE		2u
#define EOI_SPECIFIC	0x60u

static void init_one(uint16_t port, uint8_t vector, uint8_t cascade, uint8_t mask)
{
	io_out8(port, 0x11);		/* ICW1: four words follow */
	io_out8(port + 1, vector);
	io_out8(port + 1, cascade);
	io_out8(port + 1, 1);		/* ICW4: 8086 */
	io_out8(port + 1, mask);
}

void pic_init(void)
{
	init_one(FIRST, VECTOR_IRQ, 1 << CASCADE, (uint8_t)~(1u << IRQ_TIMER | 1u << IRQ_SERIAL));
	init_one(SECOND, VECTOR_IRQ + 8, CASCADE, 0xFF);
}

void pic_interrupt(uint32_t irq)
{
	if (irq == IRQ_TIMER || irq == IRQ_SERIAL)
		io_out8(FIRST, EOI_SPECIFIC | irq);
	else if (irq > 8)
		io_out8(FIRST, EOI_SPECIFIC | CASCADE);
	if (irq == IRQ_TIMER)
		clock_interrupt();
	if (irq == IRQ_SERIAL)
		console_interrupt();
}
