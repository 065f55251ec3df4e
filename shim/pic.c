/* SPDX-License-Identifier: MIT */
/*
 * Two cascaded 8259s (Intel 8259A data sheet), edge triggered, with specific ends of interrupt: only the timer and the serial line are open.
 *
 * Spurious interrupts 7 and 15 are inputs nobody opened; they have no bit in service and so are not acknowledged, but for the first
 * controller's cascade.
 *
 * The watchdog: by the I/O APIC (Intel 82093AA data sheet) the same two come as NMIs as well, at the same time. A guest that found out how to turn interrupts
 * off is still interrupted by these (switcher.asm, nmi); for all others they cost three instructions. Whoever wants the processor, because of the end of a
 * slice, an event or a key, gets it by one of the two; so the watchdog needs no time of its own.
 */
#include "shim/pic.h"
#include "arch/x86/io.h"
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/console.h"
#include "shim/machine.h"
#include "shim/memory.h"
#include "shim/switcher.h"

#define FIRST		0x20u		/* command; data is the next port */
#define SECOND		0xA0u
#define CASCADE		2u
#define EOI_SPECIFIC	0x60u

#define IOAPIC_INDEX	(*(volatile uint32_t *)MEMORY_IOAPIC)
#define IOAPIC_DATA	(*(volatile uint32_t *)(MEMORY_IOAPIC + 0x10))
#define IOAPIC_VERSION	1u
#define IOAPIC_INPUT(n)	(0x10u + 2 * (n))	/* and in the next register: for which processor */
#define DELIVER_NMI	0x400u			/* on a rising edge, not masked */
#define TIMER_INPUT	2u			/* the others stand at their IRQ's number */

static void init_one(uint16_t port, uint8_t vector, uint8_t cascade, uint8_t mask)
{
	io_out8(port, 0x11);		/* ICW1: four words follow */
	io_out8(port + 1, vector);
	io_out8(port + 1, cascade);
	io_out8(port + 1, 1);		/* ICW4: 8086 */
	io_out8(port + 1, mask);
}

static bool init_watchdog(void)
{
	static const uint8_t inputs[] = { TIMER_INPUT, IRQ_SERIAL };

	if (!(cpuid_edx(1) & CPUID_EDX_APIC))
		return false;
	IOAPIC_INDEX = IOAPIC_VERSION;
	uint32_t last = IOAPIC_DATA >> 16 & 0xFF;
	if (last < IRQ_SERIAL || last == 0xFF)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(inputs); i++) {
		IOAPIC_INDEX = IOAPIC_INPUT(inputs[i]) + 1;
		IOAPIC_DATA = 0;		/* APIC 0: of the processor that starts the machine */
		IOAPIC_INDEX = IOAPIC_INPUT(inputs[i]);
		IOAPIC_DATA = DELIVER_NMI;
	}
	return true;
}

void pic_init(void)
{
	init_one(FIRST, VECTOR_IRQ, 1 << CASCADE, (uint8_t)~(1u << IRQ_TIMER | 1u << IRQ_SERIAL));
	init_one(SECOND, VECTOR_IRQ + 8, CASCADE, 0xFF);
	if (!init_watchdog())
		console_printf("shim: no watchdog: it needs an APIC in the processor, and an I/O APIC\n");
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
