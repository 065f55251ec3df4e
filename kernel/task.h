/* SPDX-License-Identifier: MIT */
/*
 * A task: one thread of execution. Threads of a process share mm, files, fs and sighand; the thread
 * group and its signals that are sent to the process as a whole live in struct process.
 *
 * The top word of every kernel stack points at its task, which is how `current` is found; entry.asm
 * and switch.asm use the offsets of this structure that tools/gen-offsets.c lists. Life: fork.c
 * makes a task, exit.c ends it, wait frees it.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include "arch/x86/fpu.h"
#include "arch/x86/regs.h"
#include "kernel/list.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "mm/vmalloc.h"
#include "pv/pv_ops.h"

struct mm;
struct files;
struct fs;
struct tty;

#define KSTACK_RESERVED	16u		/* bytes above the frame from ring 3; the last word points at the task */

/* work that must be done before the task returns to ring 3 */
#define WORK_SIGNAL	1u		/* a signal may be deliverable */
#define WORK_RESCHED	2u		/* its slice is over */
#define WORK_SINGLESTEP	4u		/* TF was live across SYSENTER: raise SIGTRAP after the call */

/*
 * ITIMER_REAL counts the time that passes, the others CPU time of the process: then `timer` only says when it is worth looking
 * again, because before that the CPU time can't have passed.
 */
struct itimer { struct timer timer; struct process *process; uint64_t due, interval; };	/* due 0: it is off */

/*
 * What the threads of a process share besides mm, files, fs and sighand. When the last task has
 * gone it stays as a zombie (threads = 0) until its parent has waited; leader, with its name, stays
 * as long, even if it ended before its threads: then only as a record without stack, mm and files.
 */
struct process {
	int pid;			/* thread group id */
	uint32_t threads;		/* living tasks */
	struct task *leader;
	struct list tasks;		/* of struct task.group_node */
	struct sigqueue pending;	/* sent to the process */
	struct waitq child_wait;	/* wait4 sleeps here */
	struct list children;		/* of struct process.sibling: living and zombie child processes, zombies first */
	struct list sibling;
	struct process *parent;		/* NULL: process 1 */
	struct list pgrp_node;		/* members of its process group: kernel/pid.c */
	int pgid, sid;
	struct tty *ctty;		/* controlling terminal or NULL */
	int exit_code;			/* wait status word, once exiting */
	int exit_signal;		/* sent to the parent at exit; 0: none */
	bool exiting;			/* exit_group or a fatal signal: every thread must go */
	struct task *sole;		/* exec: every thread but this one must go; waits on thread_wait */
	struct waitq thread_wait;
	uint32_t urgent;		/* exiting, sole or stop_signal is set: one look tells; see process_update_urgent */
	int stop_signal;		/* threads must stop, or have stopped, for this signal; 0: they run */
	uint32_t stopped_threads;
	bool stopped;			/* all threads have stopped */
	bool stop_reported, continued;	/* wait4 has been told of the stop; has not yet been told of the continuation */
	bool execed;			/* setpgid from the parent is refused after exec */
	uint32_t queued_signals;	/* records in its queues, bounded */
	uint64_t cycles;		/* CPU time of threads that have ended */
	uint64_t child_cycles;		/* and of children that were waited for, theirs included */
	/* As of the last process_account(). The gate does not tell user from kernel time: all is user time. */
	uint64_t utime_ns, cutime_ns;
	uint64_t start_ns;
	struct itimer itimers[3];	/* ITIMER_* */
	uint32_t rlimits[16][2];	/* soft, hard */
	int nice;			/* -20 to 19 */
};

struct task {
	uint32_t kernel_esp;		/* saved by context_switch */
	void *stack;			/* lowest address of the kernel stack */
	uint32_t work;			/* WORK_*; looked at on every return to ring 3 */
	struct mm *mm;			/* NULL: a kernel task, runs in whatever is loaded */
	uint32_t landing_pad;		/* copy of mm->landing_pad for the entry path */
	uint64_t tls[3];		/* GDT entries 6, 7, 8 */
	uint32_t tls_used;		/* since its exec one of them has been set */
	struct fpu_state *fpu;		/* 16-byte aligned; NULL for kernel tasks */

	enum task_state state;
	struct list run_node;		/* on the run queue */
	struct list group_node;		/* process.tasks */
	struct process *process;
	int pid;			/* thread id */
	char comm[16];
	uint64_t cycles;		/* CPU time until its last switch; of current, less the counter at that switch */

	struct files *files;
	struct fs *fsinfo;		/* root, cwd, umask */
	struct sighand *sighand;
	struct sigqueue pending;	/* sent to this thread */
	sigset_t blocked, saved_mask;
	sigset_t waited;		/* rt_sigtimedwait has unblocked these for its sleep: they are not to be ignored */
	bool restore_mask;		/* sigsuspend, ppoll: saved_mask comes back after the handler's frame is built */
	stack_t altstack;
	struct siginfo_head forced;	/* a fault to be delivered before all else; signo 0: none */
	uint32_t trapno, error, cr2;	/* of the last fault, for signal frames */
	/*
	 * How to go on with a call that a signal without a handler has cut short; fn NULL: not at
	 * all. The letters are fn's own.
	 */
	struct restart_block { long (*fn)(struct restart_block *); uint64_t deadline; uint32_t a, b, c, d; } restart;

	uint32_t set_child_tid;		/* user address or 0: where a new task writes its number first */
	uint32_t clear_child_tid;	/* user address or 0 */
	struct waitq *vfork_wait;	/* whom exec or exit of this task wakes */
};

#define ITIMER_LEAST	(100 * NSEC_PER_USEC)	/* a timer that repeats faster is slowed down to this */

static inline struct regs *task_user_regs(const struct task *t)
{
	return (struct regs *)((char *)t->stack + KSTACK_SIZE - KSTACK_RESERVED) - 1;
}

/* The running task; from the stack pointer, so it needs no per-CPU data. */
static inline __attribute__((always_inline)) struct task *current_task(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return *(struct task **)((here | (KSTACK_SIZE - 1)) - 3);
}
#define current	current_task()

/* Of the current task. What follows in the source is done after it, as an interrupt sees it. */
static inline void task_set_state(struct task *t, enum task_state state)
{
	t->state = state;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void waitq_add_task(struct waitq *q, struct waiter *w, struct task *t)
{
	w->task = t;
	w->wake = NULL;			/* means: wake the task */
	irq_disable();
	list_add_tail(&w->node, &q->waiters);
	irq_enable();
}

static inline void waitq_add(struct waitq *q, struct waiter *w) { waitq_add_task(q, w, current); }

static inline void waitq_remove(struct waiter *w)
{
	irq_disable();
	list_del(&w->node);
	irq_enable();
}

/*
 * Sleeps in the state `how` until cond holds: 0; or -EINTR when a signal is to be handled
 * (TASK_INTERRUPTIBLE only); or -ETIMEDOUT. cond is evaluated with the state set already, so
 * whoever makes it true afterwards and wakes the task is not missed. The numbers are those of
 * abi/errno.h, written out so that they don't have to be included everywhere.
 */
#define SLEEP_UNTIL(how, cond, deadline)	SLEEP_AS(current, how, cond, deadline)
#define SLEEP_AS(self, how, cond, deadline) ({						\
	struct task *task_ = (self);							\
	int result_ = 0;								\
	for (;;) {									\
		task_set_state(task_, how);						\
		if (cond)								\
			break;								\
		if ((how) == TASK_INTERRUPTIBLE && task_->work & WORK_SIGNAL) {		\
			result_ = -4;							\
			break;								\
		}									\
		if ((deadline) == TIME_NEVER) {						\
			schedule();							\
		} else if (!schedule_until(deadline)) {					\
			result_ = (cond) ? 0 : -110;					\
			break;								\
		}									\
	}										\
	task_set_state(task_, TASK_RUNNING);						\
	result_;									\
})

/* The same on a wait queue; see kernel/sched.h. */
#define WAIT_ON(how, q, cond, deadline) ({						\
	struct task *self_ = current;							\
	struct waiter waiter_;								\
	waitq_add_task((q), &waiter_, self_);						\
	int waited_ = SLEEP_AS(self_, how, cond, deadline);				\
	waitq_remove(&waiter_);								\
	waited_;									\
})
#define WAIT_EVENT(q, cond, deadline)	WAIT_ON(TASK_INTERRUPTIBLE, q, cond, deadline)

/* Its process has been killed, or another thread of it execs: it must not return to ring 3. */
static inline bool task_must_end(const struct task *t)
{
	const struct process *p = t->process;

	return p->exiting || (p->sole && p->sole != t);
}

/* To be called after a change of what it looks at. */
static inline void process_update_urgent(struct process *p) { p->urgent = p->exiting || p->sole || p->stop_signal; }

static inline bool signals_pend(const struct task *t) { return (t->pending.set | t->process->pending.set) != 0; }

/*
 * t is the current task. SIGKILL and SIGSTOP stay unblocked; what pends for the process and is
 * blocked now is offered to other threads.
 */
static inline void task_set_blocked(struct task *t, sigset_t mask)
{
	t->blocked = mask & ~UNBLOCKABLE;
	if (__builtin_expect(signals_pend(t), 0))
		signals_recheck();
}

/* Process 1 ended with this wait status: the run ends, by outcome exit or panic (or, with vdso=probe, is tried once more). */
void process1_died(int wait_status);
/*
 * Replaces the current process's program; for kernel callers (process 1), whose strings are in
 * kernel memory. On success the user frame, task_user_regs(current), is that of a new program and 0
 * is returned; else a negative errno and nothing has changed.
 */
int exec_kernel(const char *path, const char *const argv[], const char *const envp[]);

/* The boot CPU's idle task, pid 0; runs on the boot stack. */
extern struct task idle_task;
extern char boot_stack[KSTACK_SIZE];	/* boot/start.asm */

/*
 * Makes the task of process 1, which starts in the kernel with fn(); when fn returns, it goes to
 * ring 3 through its user frame.
 */
void task_create_init(void (*fn)(void));
/*
 * A task like the current one, with a stack of its own and no resources yet; NULL: out of memory.
 * task_discard drops all that it has been given.
 */
struct task *task_new(void);
void task_discard(struct task *t);
/* A child of parent with one task, leader; not yet known by number. NULL: out of memory. */
struct process *process_new(struct process *parent, struct task *leader, int exit_signal);
void process_add_task(struct process *p, struct task *t);	/* as a living thread */
void process_remove_task(struct process *p, struct task *t);	/* its CPU time stays, what pends for it is forgotten */
struct sighand *sighand_new(const struct sighand *from);	/* a copy (of NULL: all default); NULL: out of memory */
void sighand_put(struct sighand *s);
uint32_t tasks_count(void);		/* living tasks; the idle task not counted */
uint32_t tasks_max(void);		/* how many there may be, by the size of memory */

/* A task of p that still has an address space; if none has, its leader. */
struct task *process_task(const struct process *p);
/* The address space of a process, not referenced; NULL: none (any more). */
static inline struct mm *process_mm(const struct process *p) { return process_task(p)->mm; }
uint64_t itimer_now(const struct itimer *it);		/* ns of what it counts */
uint64_t process_cycles(const struct process *p);	/* CPU time of all threads it ever had */
/* A struct rusage that tells nothing but the CPU time: 0 or -EFAULT. */
int rusage_put(void *user, uint64_t utime_ns);
/*
 * Brings p->utime_ns and p->cutime_ns up to date. Neither ever goes back, though the ratio of the
 * clocks is known better and better. Returns p.
 */
struct process *process_account(struct process *p);

/*
 * The current task ends, and with it its process if exiting is set or it is the last thread;
 * status: wait status word. They return only for process 1 that gets a second try with another
 * program (process1_died): then to ring 3.
 */
void exit_task(int status);
void exit_process(int status);
/*
 * A signal or exec ends a process from outside: all its threads go when they next may, none sleeps
 * on. Callable from interrupts.
 */
void process_kill(struct process *p, int status);
/*
 * Every thread of p but `except` looks at its process before it returns to ring 3, and wakes up for
 * it, stopped or asleep. Interrupts off.
 */
void process_stir(struct process *p, const struct task *except);
/*
 * The task that ended last, until it is buried: its stack and what else can't be freed while it
 * stands on it.
 */
extern struct task *task_corpse;
void task_bury_now(void);
static inline void task_bury(void)
{
	if (__builtin_expect(task_corpse != NULL, 0))
		task_bury_now();
}
/* The parent hears that p has stopped or goes on: status is what wait4 would tell. */
void notify_parent_of_stop(struct process *p, int status);

/*
 * exec: kills every other thread of the process and sleeps until they are gone; the current one
 * takes the number of the process. 0, or -EINTR: is being killed itself.
 */
int exec_kill_other_threads(void);
/* exec: handlers become default, the alternate stack goes. -ENOMEM: nothing changed. */
int exec_reset_signals(void);
/*
 * exec can't fail any more: clear_child_tid is served in the loaded address space, a waiting vfork
 * parent goes on.
 */
void exec_done(void);

/*
 * One TLS descriptor from the user's struct user_desc; -EFAULT, -EINVAL. *index: 0 to 2;
 * entry_number -1 picks a free one and is written back if alloc.
 */
int tls_read(struct task *t, void *user_desc, bool alloc);

#endif
