/* SPDX-License-Identifier: MIT */
/*
 * Timers: a skew heap ordered by expiry, and the platform's one event.
 *
 * The earliest is the root, arming and cancelling take O(log n) amortised, and O(1) for what becomes the earliest, as a
 * time slice mostly does. The timers themselves are the nodes, so nothing is allocated. The event is programmed only
 * when it must come earlier than it would; one that comes for a cancelled timer finds nothing due and asks for the
 * next. Everything here runs with interrupts off.
 *
 * Heap: D. D. Sleator and R. E. Tarjan, "Self-adjusting heaps", SIAM Journal on Computing 15 (1986). No node expires
 * before its parent.
 */
#include "kernel/time.h"
#include "pv/pv_ops.h"

static struct timer *root;
static uint64_t programmed = TIME_NEVER;	/* when the event will come */

/*
 * Joins two heaps, either may be empty, along their right spines, and swaps the children of every node on the way: that
 * keeps later ways short. A loop, for a spine may be long once. The result's parent is for the caller to set.
 */
static struct timer *meld(struct timer *a, struct timer *b)
{
	struct timer *top = NULL, *above = NULL, **link = &top;

	while (a && b) {
		struct timer *first = b->expires < a->expires ? b : a;
		b = first == a ? b : a;
		a = first->right;
		first->right = first->left;
		first->parent = above;
		*link = above = first;
		link = &first->left;
	}
	*link = a ? a : b;
	if (*link)
		(*link)->parent = above;
	return top;
}

/* What was below t takes its place. */
static void heap_remove(struct timer *t)
{
	struct timer *below = meld(t->left, t->right);

	if (!t->parent)
		root = below;
	else if (t->parent->left == t)
		t->parent->left = below;
	else
		t->parent->right = below;
	if (below)
		below->parent = t->parent;
	t->armed = false;
}

/* Never is told to the platform, too: it may then stop its event. */
static void program(uint64_t when)
{
	programmed = when;
	pv_set_next_event(when);
}

/* The event that is programmed may belong to a timer that has been moved to a later time: then it comes for nothing, once. */
void timer_arm(struct timer *t, uint64_t expires)
{
	IRQ_GUARD;

	if (t->armed)
		heap_remove(t);
	t->expires = expires;
	t->armed = true;
	t->left = t->right = NULL;
	root = meld(root, t);
	if (expires < programmed)
		program(expires);
}

/* The event stays programmed: taking it back would cost more than one interrupt for nothing. */
void timer_cancel(struct timer *t)
{
	IRQ_GUARD;

	if (t->armed)
		heap_remove(t);
}

/* While callbacks run, what they arm is not programmed one by one (0 is before everything) but once at the end. */
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
