/* SPDX-License-Identifier: MIT */
/*
 * Time by the TSC, measured once against the PIT, and alarms by the PIT in one-shot mode (Intel 8254 data sheet).
 *
 * The measurement takes SAMPLE_TICKS of the PIT, about 4 ms: a PIT read is exact to one tick and so the rate to some 0.02%. The PIT counts 55 ms at
 * most; an alarm that is further away comes early and is set again. The TSC is taken to run steadily: QEMU's does, and so do those of processors of the
 * last 15 years.
 */
#include "shim/clock.h"
#include "arch/x86/io.h"
#include "arch/x86/pc.h"
#include "kernel/lib.h"
#include "shim/machine.h"

#define PIT_HZ		1193182u
#define CHANNEL0	0x40u
#define CHANNEL2	0x42u
#define MODE		0x43u
#define GATE		0x61u		/* bit 0: channel 2 counts; bit 1: speaker */
#define SAMPLE_TICKS	4773u		/* 4 ms */
#define LONGEST_NS	54000000u
#define SHORTEST_TICKS	2u

uint32_t clock_tsc_khz;
static uint64_t tsc_zero, wall_zero, alarm = NEVER;
static uint32_t ns_per_tsc;		/* times 2^24 */

static uint16_t channel2(void)
{
	io_out8(MODE, 0x80);		/* latch channel 2 */
	uint8_t low = io_in8(CHANNEL2);
	return low | io_in8(CHANNEL2) << 8;
}

/* TSC ticks in at least SAMPLE_TICKS of the PIT; how many those were. */
static uint64_t sample(uint32_t *pit)
{
	io_out8(GATE, (io_in8(GATE) & ~2u) | 1);
	io_out8(MODE, 0xB0);		/* channel 2, low and high byte, mode 0 */
	io_out8(CHANNEL2, 0xFF);
	io_out8(CHANNEL2, 0xFF);
	uint16_t first = channel2();
	uint64_t from = read_tsc(), to;
	do {
		*pit = (uint16_t)(first - channel2());
		to = read_tsc();
	} while (*pit < SAMPLE_TICKS && to - from < 1ull << 32);
	return to - from;
}

void clock_init(void)
{
	uint32_t pit;
	uint64_t tsc = sample(&pit), khz = tsc * (PIT_HZ / 2), scaled;

	if (pit < SAMPLE_TICKS || tsc >> 32)
		refuse("the PIT does not count");
	div64(&khz, pit);
	div64(&khz, 500);
	clock_tsc_khz = khz;
	scaled = 1000000ull << 24;
	div64(&scaled, clock_tsc_khz);
	ns_per_tsc = scaled;
	tsc_zero = read_tsc();
	wall_zero = rtc_wall_ns();
}

uint64_t clock_ns(void)
{
	return mul_shift(read_tsc() - tsc_zero, ns_per_tsc, 24);
}

uint64_t clock_wall_ns(void)
{
	return wall_zero + clock_ns();
}

void clock_alarm(uint64_t deadline)
{
	uint64_t now, ns;
	uint32_t ticks;

	if (deadline >= alarm)
		return;
	alarm = deadline;
	now = clock_ns();
	ns = deadline > now ? MIN(deadline - now, (uint64_t)LONGEST_NS) : 0;
	ticks = MAX((uint32_t)mul_shift(ns, ((uint64_t)PIT_HZ << 32) / NSEC_PER_SEC, 32) + 1, SHORTEST_TICKS);
	io_out8(MODE, 0x30);		/* channel 0, low and high byte, mode 0 */
	io_out8(CHANNEL0, ticks & 0xFF);
	io_out8(CHANNEL0, ticks >> 8);
}

void clock_interrupt(void)
{
	alarm = NEVER;
}
