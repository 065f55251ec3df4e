/* SPDX-License-Identifier: MIT */
/*
 * The PC's 8254 timer (Intel 8254 data sheet): channel 0 for the next event, channel 2 for measuring.
 *
 * Both count down once (mode 0): channel 0 raises line 0 at zero, channel 2's output at zero can be read in bit 5 of port 0x61.
 */
#include "arch/x86/io.h"
#include "arch/x86/pc.h"

#define CHANNEL_0	0x40
#define CHANNEL_2	0x42
#define CONTROL		0x43
#define ONE_SHOT_0	0x30	/* channel 0, low then high byte, mode 0 */
#define ONE_SHOT_2	0xB0
#define LATCH_2		0x80
#define GATE		0x61
#define GATE_ON		0x01
#define SPEAKER_ON	0x02
#define OUTPUT_2	0x20

void pit_event(uint32_t counts)
{
	io_out8(CONTROL, ONE_SHOT_0);
	io_out8(CHANNEL_0, counts);
	io_out8(CHANNEL_0, counts >> 8);
}

void pit_measure_start(void)
{
	io_out8(GATE, (io_in8(GATE) & ~SPEAKER_ON) | GATE_ON);
	io_out8(CONTROL, ONE_SHOT_2);
	io_out8(CHANNEL_2, PIT_MAX_COUNT & 0xFF);
	io_out8(CHANNEL_2, PIT_MAX_COUNT >> 8);
}

bool pit_measure_over(void) { return io_in8(GATE) & OUTPUT_2; }

void pit_latch(void) { io_out8(CONTROL, LATCH_2); }

uint32_t pit_latched(void)
{
	uint32_t low = io_in8(CHANNEL_2);

	return (PIT_MAX_COUNT - (low | io_in8(CHANNEL_2) << 8)) & 0xFFFF;
}
