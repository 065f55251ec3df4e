/* SPDX-License-Identifier: MIT */
/*
 * Timers: a pairing heap ordered by expiry, and the platform's one event.
 *
 * Arming is O(1), the earliest is the root, removal is O(log n) amortised; the timers themselves are the nodes, so nothing is allocated. The
 * event is programmed only when it must come earlier than it would; one that comes for a cancelled timer finds nothing due and asks for
 * the next. Everything here runs with interrupts off.
 *
 * Heap: M. L. Fredman et al., "The pairing heap", Algorithmica 1 (1986). A node's prev is its left sibling, or its parent if it is the first
 * child; NULL for the root.
 */
#include <stddef.h>
#include "kernel/time.h"
#include "pv/pv_ops.h"

static struct timer *root;
static uint64_t programmed = TIME_NEVER;	/* when the event will come */

/* Joins two heaps, either may be empty; siblings of a and b are not looked at. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->expires < a->expires) {
		struct timer *t = a;
		a = b;
		b = t;
	}
	b->prev = a;
	b->sibling = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	a->sibling = a->prev = NULL;
	return a;
}

/* Joins a list of siblings: in pairs from left to right, then the results from right to left. */
static struct timer *meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *all = NULL, *next;

	while (first) {
		struct timer *a = first, *b = a->sibling;
		next = b ? b->sibling : NULL;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
		first = next;
	}
	for (; pairs; pairs = next) {
		next = pairs->sibling;
		all = meld(all, pairs);
	}
	if (all)
		all->sibling = all->prev = NULL;
	return all;
}

static void heap_remove(struct timer *t)
{
	struct timer *below = meld_siblings(t->child);

	if (t == root) {
		root = below;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->sibling;
		else
			t->prev->sibling = t->sibling;
		if (t->sibling)
			t->sibling->prev = t->prev;
		root = meld(root, below);
	}
	t->child = t->sibling = t->prev = NULL;
	t->armed = false;
}

static void program(uint64_t when)
{
	programmed = when;
	pv_set_next_event(when);
}

void timer_arm(struct timer *t, uint64_t expires)
{
	irq_flags_t flags = irq_save();

	if (t->armed)
		heap_remove(t);
	t->expires = expires;
	t->armed = true;
	t->child = t->sibling = t->prev = NULL;
	root = meld(root, t);
	if (expires < programmed)
		program(expires);
	irq_restore(flags);
}

void timer_cancel(struct timer *t)
{
	irq_flags_t flags = irq_save();

	if (t->armed)
		heap_remove(t);
	irq_restore(flags);
}

/* While callbacks run, what they arm is not programmed one by one but once at the end. */
void timer_interrupt(void)
{
	uint64_t now = clock_ns();

	programmed = 0;
	while (root && root->expires <= now) {
		struct timer *t = root;
		heap_remove(t);
		t->fire(t);
	}
	program(root ? root->expires : TIME_NEVER);
}
