/* SPDX-License-Identifier: MIT */
/*
 * The PC's two 8259A interrupt controllers (Intel 8259A data sheet): the slave hangs on line 2 of the master.
 *
 * Masks are kept here, so that a change needs no read. Lines are acknowledged by specific EOI before their handlers run.
 */
#include "arch/x86/io.h"
#include "arch/x86/pc.h"

#define MASTER		0x20
#define SLAVE		0xA0
#define CASCADE		2u
#define ICW1_INIT_ICW4	0x11
#define ICW4_8086	0x01
#define OCW2_SPECIFIC	0x60
#define OCW3_READ_ISR	0x0B

static uint16_t masked;

static void init_one(uint16_t port, uint8_t vector, uint8_t wiring)
{
	io_out8(port, ICW1_INIT_ICW4);
	io_out8(port + 1, vector);
	io_out8(port + 1, wiring);
	io_out8(port + 1, ICW4_8086);
}

static void write_masks(void)
{
	io_out8(MASTER + 1, masked);
	io_out8(SLAVE + 1, masked >> 8);
}

void pic_init(void)
{
	init_one(MASTER, PIC_VECTOR, 1u << CASCADE);
	init_one(SLAVE, PIC_VECTOR + 8, CASCADE);
	masked = 0xFFFF & ~(1u << CASCADE);
	write_masks();
}

void pic_mask(uint32_t irq)
{
	masked |= 1u << irq;
	write_masks();
}

void pic_unmask(uint32_t irq)
{
	masked &= ~(1u << irq);
	write_masks();
}

static bool in_service(uint16_t port, uint32_t line)
{
	io_out8(port, OCW3_READ_ISR);
	return io_in8(port) >> line & 1;
}

/* A line that was withdrawn before the CPU asked shows up as 7 (or 15) without being in service. */
uint32_t pic_ack(uint32_t irq)
{
	uint32_t line = irq & 7;
	bool real = line != 7 || in_service(irq < 8 ? MASTER : SLAVE, line);

	if (irq >= 8 && real)
		io_out8(SLAVE, OCW2_SPECIFIC | line);
	if (irq >= 8)
		io_out8(MASTER, OCW2_SPECIFIC | CASCADE);
	else if (real)
		io_out8(MASTER, OCW2_SPECIFIC | line);
	return real;
}
