/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: round robin, one queue, wait queues, the idle loop.
 *
 * A task is on the run queue exactly if it is RUNNING and not current; the idle task never is.
 * Whatever an interrupt may touch (queues, states, work) is changed with interrupts off. Slices: a
 * timer ticks every 10 ms while somebody waits for the CPU; the task that ran through a whole tick
 * period is asked to go, so a slice is 10 to 20 ms (10 when nobody sleeps) and a switch costs
 * nothing for it. Nothing ticks when nothing waits. CPU time is counted in ticks of the time-stamp
 * counter, read once per switch.
 *
 * A task that ended can't free the stack it stands on: it is buried by whoever runs next
 * (task_bury).
 */
#include "arch/x86/cycles.h"
#include "arch/x86/task_switch.h"
#include "kernel/syscall.h"

#define SLICE_NS	(10 * NSEC_PER_MSEC)
#define TRAP_DEBUG	1u

static struct list run_queue = LIST_INIT(run_queue);
static uint32_t switches, switches_at_tick;
static uint64_t boot_cycles, boot_ns;

static void slice_over(struct timer *timer);
static struct timer slice_timer = { .fire = slice_over };

/* ---- slices ---- */

static void slice_start(uint32_t switches_until_then)
{
	switches_at_tick = switches_until_then;
	timer_arm(&slice_timer, clock_ns() + SLICE_NS);
}

/*
 * The interrupted task may be in the kernel: it goes when it returns to ring 3. That switch is at
 * the start of the next one's slice.
 */
static void slice_over(struct timer *timer)
{
	bool whole = switches == switches_at_tick;

	if (list_empty(&run_queue) || current == &idle_task)
		return;
	if (whole)
		current->work |= WORK_RESCHED;
	slice_start(switches + whole);
}

void sched_init(void)
{
	boot_cycles = cycles();
	idle_task.cycles = -boot_cycles;
	boot_ns = clock_ns();
}

/* ---- CPU time ---- */

uint64_t task_cycles(const struct task *task) { return task->cycles + (task == current ? cycles() : 0); }

/* By the ratio of the two clocks since boot, to about 30 bits. */
uint64_t cycles_to_ns(uint64_t count)
{
	uint64_t c = cycles() - boot_cycles, ns = clock_ns() - boot_ns;

	while (c >> 31) {
		c >>= 1;
		ns >>= 1;
	}
	if (!c)
		return 0;
	while (ns >> 39)
		ns >>= 1;
	ns <<= 24;
	div64(&ns, c);
	return mul_shift(count, MIN(ns, UINT32_MAX), 24);
}

/* ---- switching ---- */

/*
 * The first in the queue; the current task if it can go on and nobody else wants to; else the idle
 * task, which is never queued, so that it runs only then.
 */
static struct task *choose_next(struct task *prev)
{
	if (list_empty(&run_queue))
		return prev->state == TASK_RUNNING ? prev : &idle_task;
	struct task *next = container_of(list_pop(&run_queue), struct task, run_node);
	if (prev->state == TASK_RUNNING && prev != &idle_task)
		list_add_tail(&prev->run_node, &run_queue);
	return next;
}

/*
 * Interrupts stay off over the switch. What comes after context_switch is executed when this task
 * is chosen again; whoever ran in between may have ended and left a corpse.
 */
void schedule(void)
{
	irq_disable();
	struct task *prev = current, *next = choose_next(prev);

	prev->work &= ~WORK_RESCHED;
	if (next != prev) {
		uint64_t now = cycles();
		prev->cycles += now;
		next->cycles -= now;
		switches++;
		context_switch(prev, next);
		task_bury();
	}
	irq_enable();
}

/*
 * Interrupts off. An interrupt may find the running task on its way to sleep: then it just doesn't.
 */
static inline void make_runnable(struct task *task)
{
	struct task *running = current;

	task->state = TASK_RUNNING;
	if (task == running)
		return;
	list_add_tail(&task->run_node, &run_queue);
	if (!slice_timer.armed && running != &idle_task)
		slice_start(switches);
}

static bool asleep(const struct task *task)
{
	return task->state == TASK_INTERRUPTIBLE || task->state == TASK_UNINTERRUPTIBLE;
}

/* Whatever woke it may have come twice, or too late: a task that is not asleep is left alone. */
void wake_task(struct task *task)
{
	IRQ_GUARD;

	if (asleep(task))
		make_runnable(task);
}

/*
 * Other tasks run from schedule(); what is left for this one is to wait, without a gap between the
 * check and the halt.
 */
void sched_idle_loop(void)
{
	for (;;) {
		irq_disable();
		if (list_empty(&run_queue))
			pv_safe_halt();
		irq_enable();
		schedule();
	}
}

/* ---- sleeping ---- */

void waitq_init(struct waitq *q) { list_init(&q->waiters); }

void wake_all(struct waitq *q)
{
	IRQ_GUARD;
	struct waiter *w;

	list_for_each(w, &q->waiters, node)
		if (unlikely(w->wake != NULL))
			w->wake(w);
		else if (asleep(w->task))
			make_runnable(w->task);
}

/* On the stack of a task that sleeps until a time; its timer is cancelled before it goes on. */
struct sleeper { struct timer timer; struct task *task; bool expired; };

static void sleep_over(struct timer *timer)
{
	struct sleeper *s = container_of(timer, struct sleeper, timer);

	s->expired = true;
	wake_task(s->task);
}

bool schedule_until(uint64_t deadline)
{
	if (deadline == TIME_NEVER) {
		schedule();
		return true;
	}
	struct sleeper s = { .timer = { .fire = sleep_over }, .task = current };
	timer_arm(&s.timer, deadline);
	schedule();
	timer_cancel(&s.timer);
	return !s.expired;
}

bool signal_pending(void) { return current->work & WORK_SIGNAL; }

/* ---- the way back to ring 3 ---- */

/*
 * In this order, because a trap of a single step belongs to the instruction before, and because
 * whoever gets a signal should get it after having waited for its turn. The last look at work is
 * taken with interrupts off, which stay off until ring 3: nothing can be added unnoticed.
 */
void task_work(struct regs *r)
{
	struct task *t = current;

	for (;;) {
		irq_disable();
		uint32_t work = t->work;
		if (!work)
			return;
		t->work = work & ~WORK_SINGLESTEP;
		irq_enable();
		if (work & WORK_SINGLESTEP)
			force_signal_fault(SIGTRAP, TRAP_TRACE, r->eip, TRAP_DEBUG, 0);
		if (work & WORK_RESCHED)
			schedule();
		if (t->work & WORK_SIGNAL)
			deliver_signals(r);
	}
}
