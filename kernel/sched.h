/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: round robin among runnable tasks, 10 ms slices, user code preempted, kernel code not.
 *
 * A task sleeps by: put itself on a wait queue, set its state, check its condition, schedule(). The
 * WAIT_EVENT macro does it in the right order, so a wake-up between check and sleep is never lost,
 * also when it comes from an interrupt. All wake-ups may be called from interrupt handlers. The
 * slice timer is armed only while somebody else is runnable.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/list.h"
#include "kernel/time.h"

struct task;

enum task_state {
	TASK_RUNNING,		/* on the run queue, or current */
	TASK_INTERRUPTIBLE,	/* asleep; signals wake it */
	TASK_UNINTERRUPTIBLE,	/* asleep; only its event (or, for vfork, SIGKILL) wakes it */
	TASK_STOPPED,		/* job control */
	TASK_ZOMBIE,		/* ended: never runs again */
};

/*
 * A waiter is on its waiting task's stack, or part of something larger (poll) with a function of
 * its own that is called instead of a wake-up.
 */
struct waitq { struct list waiters; };
struct waiter { struct list node; struct task *task; void (*wake)(struct waiter *waiter); };

#define WAITQ_INIT(name)	{ LIST_INIT((name).waiters) }

void waitq_init(struct waitq *q);
void wake_all(struct waitq *q);		/* every waiter: its task if that sleeps, or what its wake function does */

void sched_init(void);
void wake_task(struct task *task);	/* makes a sleeping (not stopped) task runnable; a new one is asleep */
/* Gives the CPU away; returns when this task is chosen again, with interrupts on. Not from interrupts. */
void schedule(void);
void sched_idle_loop(void) __attribute__((noreturn));
uint64_t task_cycles(const struct task *task);		/* CPU time until now, in ticks of the time-stamp counter */
uint64_t cycles_to_ns(uint64_t count);
/*
 * From entry.asm, on the way to ring 3 while current->work != 0; interrupts on. Returns with
 * interrupts off and nothing left to do.
 */
struct regs;
void task_work(struct regs *r);

/*
 * Sleeps until woken or `deadline` (TIME_NEVER: no limit); the caller has set its state. False when
 * the deadline passed.
 */
bool schedule_until(uint64_t deadline);
bool signal_pending(void);		/* current has a signal to handle (kernel/signal.c) */

/*
 * Waits until cond holds: 0; or -EINTR on a signal; or -ETIMEDOUT. cond is evaluated with the task
 * already queued. In kernel/task.h, for they look into the task; SLEEP_UNTIL is for those who will
 * be woken by wake_task, without a queue:
 *	int WAIT_EVENT(struct waitq *q, cond, uint64_t deadline)
 *	int WAIT_ON(enum task_state how, struct waitq *q, cond, uint64_t deadline)
 *	int SLEEP_UNTIL(enum task_state how, cond, uint64_t deadline)
 */

#endif
