/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: round robin among runnable tasks, 10 ms slices, user code preempted, kernel code not.
 *
 * A task sleeps by: put itself on a wait queue, set its state, check its condition, schedule(). The WAIT_EVENT macro does it in the
 * right order, so a wake-up between check and sleep is never lost, also when it comes from an interrupt. All wake-ups may be
 * called from interrupt handlers. The slice timer is armed only while somebody else is runnable.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/list.h"
#include "kernel/time.h"

struct task;

enum task_state {
	TASK_RUNNING,		/* on the run queue, or current */
	TASK_INTERRUPTIBLE,	/* asleep; signals wake it */
	TASK_UNINTERRUPTIBLE,	/* asleep; only its event (or, for vfork, SIGKILL) wakes it */
	TASK_STOPPED,		/* job control */
	TASK_ZOMBIE,		/* exited, not yet waited for */
	TASK_DEAD,		/* being freed */
};

struct waitq { struct list waiters; };
struct waiter { struct list node; struct task *task; void (*wake)(struct waiter *waiter); };

#define WAITQ_INIT(name)	{ LIST_INIT((name).waiters) }

void waitq_init(struct waitq *q);
void waitq_add(struct waitq *q, struct waiter *w);	/* w->task = current, w->wake = NULL (means: wake the task) */
void waitq_remove(struct waiter *w);
void wake_all(struct waitq *q);
void wake_one(struct waitq *q);

void wake_task(struct task *task);	/* makes a sleeping (not stopped) task runnable */
void schedule(void);			/* gives the CPU away; returns when this task is chosen again */
void sched_yield(void);
void sched_add(struct task *task);	/* a new task becomes runnable */
void sched_idle_loop(void) __attribute__((noreturn));
void set_state(enum task_state state);	/* of current */

/* Sleeps until woken or `deadline` (TIME_NEVER: no limit); the caller has set its state. False when the deadline passed. */
bool schedule_until(uint64_t deadline);
bool signal_pending(void);		/* current has a signal to handle (kernel/signal.c) */

/*
 * Waits until cond holds: 0; or -EINTR on a signal; or -ETIMEDOUT. cond is evaluated with the task already queued.
 * The numbers are -4 and -110 of abi/errno.h.
 */
#define WAIT_EVENT(q, cond, deadline) ({						\
	struct waiter waiter_;								\
	int result_ = 0;								\
	waitq_add((q), &waiter_);							\
	for (;;) {									\
		set_state(TASK_INTERRUPTIBLE);						\
		if (cond)								\
			break;								\
		if (signal_pending()) {							\
			result_ = -4;							\
			break;								\
		}									\
		if (!schedule_until(deadline)) {					\
			result_ = (cond) ? 0 : -110;					\
			break;								\
		}									\
	}										\
	set_state(TASK_RUNNING);							\
	waitq_remove(&waiter_);								\
	result_;									\
})

#endif
