/* SPDX-License-Identifier: MIT */
/*
 * The native clock: the time-stamp counter, whose rate is measured against the PIT without ever waiting for it.
 *
 * At boot a PIT channel starts to count: a window opens. Until the rate is known well enough, time is what the channel shows. Every look at
 * it says more about the rate, as the window grows; from some 1 ms on (USABLE_PPM) ns = base_ns + ((tsc - tsc_base) * mult >> shift), which is also what
 * the VDSO computes. Looks at about 16 ms (an event makes sure of one), 250 ms and 4 s make the rate better, each going on from the time reached: it
 * never goes backwards. How often the channel has gone round by then is clear as long as the error so far is less than half a turn;
 * if it isn't, because nobody looked, a new window is opened.
 *
 * The error is a bound, not a guess: the TSC is read before and after the PIT is latched, so delays by whoever runs this machine only
 * widen it. What is not covered: a TSC that changes its rate.
 */
#include "arch/x86/cycles.h"
#include "arch/x86/pc.h"
#include "kernel/lib.h"
#include "kernel/time.h"
#include "pv/pv_ops.h"

#define TURN		0x10000u		/* counts until the channel shows the same again: 54.9 ms */
#define COUNT_NS	839u			/* one count, rounded up */
#define UNKNOWN_PPM	UINT32_MAX
#define USABLE_PPM	4000u
#define SETTLED_PPM	500u			/* until then there is an event every SETTLING_NS */
#define FINAL_PPM	4u
#define GROWTH		16u			/* the window's, from one look to the next */
#define SETTLING_NS	(20 * NSEC_PER_MSEC)
#define LOOKS		3			/* the best of these counts */
#define MAX_EVENT_NS	(54 * NSEC_PER_MSEC)
#define MIN_COUNTS	2u
#define NS_TO_COUNTS	((uint32_t)(((uint64_t)PIT_HZ << 32) / NSEC_PER_SEC))	/* by mul_shift(ns, this, 32) */

/* What the channel showed when the TSC was tsc, give or take half of doubt. over: it has gone round since its start. */
struct look { uint64_t tsc; uint32_t doubt, counts; bool over; };

struct rate { uint64_t tsc_base, base_ns; uint32_t mult; unsigned shift; };

static struct rate rates[2];
static struct rate *volatile rate = rates;	/* changed as a whole, so that an interrupted reader has one or the other */
static uint32_t error_ppm = UNKNOWN_PPM;
static uint64_t look_at;			/* TSC; from then on a reader should look at the PIT */
static struct look window;			/* its first look, */
static uint64_t window_ns;			/* and what time it was */
static bool events;

static uint64_t divided(uint64_t n, uint32_t by)
{
	div64(&n, by);
	return n;
}

static uint64_t counts_to_ns(uint64_t n)	/* n below 2^33 */
{
	return divided(n * NSEC_PER_SEC, PIT_HZ);
}

static uint64_t scaled(const struct rate *r, uint64_t ticks) { return mul_shift(ticks, r->mult, r->shift); }

static uint64_t ns_at(const struct rate *r, uint64_t tsc) { return r->base_ns + scaled(r, tsc - r->tsc_base); }

static struct look look(void)
{
	struct look best = { .doubt = UINT32_MAX };

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = cycles();
		pit_latch();
		uint32_t doubt = MIN(cycles() - before, (uint64_t)UINT32_MAX - 1), counts = pit_latched();
		if (doubt < best.doubt)
			best = (struct look){ before + doubt / 2, doubt, counts, false };
	}
	best.over = pit_measure_over();
	return best;
}

static void open_window(uint64_t ns)
{
	pit_measure_start();
	window = look();
	window_ns = ns;
}

/* mult and shift such that ticks * mult >> shift = ns, as exactly as 32 bits can say. */
static void set_rate(struct rate *r, uint64_t ticks, uint64_t ns)
{
	unsigned shift = 32;

	for (; ticks > UINT32_MAX || ns > UINT32_MAX; ticks >>= 1)
		ns >>= 1;
	uint64_t mult = divided(ns << 32, ticks);
	for (; mult > UINT32_MAX && shift > 1; shift--)
		mult >>= 1;
	r->mult = MIN(mult, UINT32_MAX);
	r->shift = shift;
}

/* The error of a rate from a window of this length, by one count and the time that the two looks took. */
static uint32_t error_of(const struct rate *r, uint64_t ns, uint64_t doubts)
{
	uint64_t wrong = COUNT_NS + MIN(scaled(r, doubts) / 2, (uint64_t)NSEC_PER_SEC);
	uint32_t us = divided(ns, 1000);

	return us ? MIN(divided(wrong * 1000, us) + 1, (uint64_t)UNKNOWN_PPM) : UNKNOWN_PPM;
}

/* The window is `counts` long as of `l`: a new rate, from time `now` on. */
static void measure(const struct look *l, uint64_t counts, uint64_t now)
{
	struct rate *next = &rates[rate == rates];
	uint64_t ticks = l->tsc - window.tsc, ns = counts_to_ns(counts);

	set_rate(next, ticks, ns);
	next->tsc_base = l->tsc;
	next->base_ns = now;
	error_ppm = error_of(next, ns, (uint64_t)l->doubt + window.doubt);
	rate = next;
	if (error_ppm > USABLE_PPM)
		return;
	look_at = error_ppm > FINAL_PPM ? window.tsc + ticks * GROWTH : UINT64_MAX;
	time_clock_changed();
}

/* Before the rate is usable: the channel is the clock. If it went round unwatched, the rate so far must do, or a whole turn for a guess. */
static uint64_t time_by_pit(const struct look *l)
{
	uint32_t counts = (l->counts - window.counts) % TURN;
	uint64_t now = window_ns + counts_to_ns(counts);

	if (l->over) {
		now = window_ns + (rate->mult ? scaled(rate, l->tsc - window.tsc) : counts_to_ns(TURN));
		open_window(now);
	} else if (counts && l->tsc > window.tsc) {
		measure(l, counts, now);
	}
	return now;
}

/* The channel's turns since the window was opened are counted by the rate so far, if its error allows that. */
static void refine(const struct look *l)
{
	uint64_t ns = scaled(rate, l->tsc - window.tsc), now = ns_at(rate, l->tsc);
	uint32_t shown = (l->counts - window.counts) % TURN;

	if (divided(ns, NSEC_PER_MSEC) * error_ppm > 10 * 1000000) {	/* that is 10 ms of doubt */
		open_window(now);
		look_at = window.tsc + divided((uint64_t)NSEC_PER_SEC << rate->shift, rate->mult);
		return;
	}
	uint64_t expected = mul_shift(ns, NS_TO_COUNTS, 32);
	measure(l, ((expected - shown + TURN / 2) & ~(uint64_t)(TURN - 1)) + shown, now);
}

static uint64_t clock_slow(void)
{
	irq_flags_t flags = irq_save();
	struct look l = look();
	uint64_t now;

	if (error_ppm > USABLE_PPM) {
		now = time_by_pit(&l);
	} else {
		refine(&l);
		now = ns_at(rate, cycles());
	}
	irq_restore(flags);
	return now;
}

uint64_t tsc_clock_ns(void)
{
	const struct rate *r = rate;	/* before the TSC, so that r's base is not later */
	uint64_t tsc = cycles();

	return likely(tsc < look_at) ? ns_at(r, tsc) : clock_slow();
}

void tsc_clock_init(void) { open_window(0); }

/* While the rate is settling there are events that nobody asked for; one that comes for a deadline since given up is as harmless. */
void tsc_clock_event(uint64_t deadline)
{
	uint64_t now = tsc_clock_ns(), wait = deadline > now ? deadline - now : 0;
	bool settling = error_ppm > SETTLED_PPM;

	if (!events || (deadline == TIME_NEVER && !settling))
		return;
	wait = MIN(wait, (uint64_t)(settling ? SETTLING_NS : MAX_EVENT_NS));
	pit_event(MAX((uint32_t)mul_shift(wait, NS_TO_COUNTS, 32) + 1, MIN_COUNTS));
}

void tsc_clock_start(void)
{
	events = true;
	tsc_clock_event(TIME_NEVER);
}

void tsc_clock_describe(struct pv_clock_desc *out)
{
	*out = (struct pv_clock_desc){
		.usable = error_ppm <= USABLE_PPM, .tsc_base = rate->tsc_base, .base_ns = rate->base_ns, .mult = rate->mult,
		.shift = rate->shift, .error_ppm = error_ppm, .source = "TSC, measured by the PIT",
	};
}
