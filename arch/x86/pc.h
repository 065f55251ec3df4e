/* SPDX-License-Identifier: MIT */
/*
 * The chips of a PC that the native backend drives: interrupt controllers, timer, clock chip. Private to arch/x86/.
 */
#ifndef ARCH_X86_PC_H
#define ARCH_X86_PC_H

#include <stdbool.h>
#include <stdint.h>

struct pv_clock_desc;

/* pic.c: two 8259A; lines 0 to 15 on vectors 32 to 47. */
#define PIC_VECTOR	32u
void pic_init(void);			/* all lines masked */
void pic_mask(uint32_t irq);
void pic_unmask(uint32_t irq);
uint32_t pic_ack(uint32_t irq);		/* 0: a spurious interrupt of line 7 or 15 */

/* pit.c: the 8254; 1,193,182 counts a second. Channel 0 gives events, channel 2 measures. */
#define PIT_HZ		1193182u
#define PIT_MAX_COUNT	0xFFFFu
void pit_event(uint32_t counts);	/* one interrupt of line 0 after 1 to PIT_MAX_COUNT counts; replaces the one that is due */
void pit_measure_start(void);		/* counts down from PIT_MAX_COUNT */
bool pit_measure_over(void);		/* the count has passed zero: what is read is no longer the distance from the start */
void pit_latch(void);			/* keeps what the channel shows now, */
uint32_t pit_latched(void);		/* until it is read: counts since the start, modulo 65536 */

/* clock.c: monotonic time by the time-stamp counter, measured against the PIT while time goes by. */
void tsc_clock_init(void);
uint64_t tsc_clock_ns(void);
void tsc_clock_event(uint64_t deadline);	/* pv_time_ops.set_next_event */
void tsc_clock_start(void);			/* interrupts work: from now on there are events */
void tsc_clock_describe(struct pv_clock_desc *out);

uint64_t rtc_wall_ns(void);		/* rtc.c: nanoseconds since 1970, by the CMOS clock, whole seconds */

#endif
