/* SPDX-License-Identifier: MIT */
/*
 * A task: one thread of execution. Threads of a process share mm, files, fs and sighand; the thread group and its signals
 * that are sent to the process as a whole live in struct process.
 *
 * The top word of every kernel stack points at its task, which is how `current` is found; entry.asm and switch.asm use the
 * offsets of this structure that tools/gen-offsets.c lists. Life: fork.c makes a task, exit.c ends it, wait frees it.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include "arch/x86/fpu.h"
#include "arch/x86/regs.h"
#include "kernel/list.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "mm/vmalloc.h"

struct mm;
struct files;
struct fs;
struct tty;

#define KSTACK_RESERVED	16u		/* bytes above the frame from ring 3; the last word points at the task */

/* work that must be done before the task returns to ring 3 */
#define WORK_SIGNAL	1u		/* a signal may be deliverable */
#define WORK_RESCHED	2u		/* its slice is over */
#define WORK_SINGLESTEP	4u		/* TF was live across SYSENTER: raise SIGTRAP after the call */

/* What the threads of a process share besides mm, files, fs and sighand. */
struct process {
	int pid;			/* thread group id */
	uint32_t threads;		/* living tasks */
	struct task *leader;
	struct list tasks;		/* of struct task.group_node */
	struct sigqueue pending;	/* sent to the process */
	struct waitq child_wait;	/* wait4 sleeps here */
	struct list children;		/* of struct process.sibling: living and zombie child processes */
	struct list sibling;
	struct process *parent;
	struct list pgrp_node;		/* in the hash or list of process groups: kernel/pid.c */
	int pgid, sid;
	struct tty *ctty;		/* controlling terminal or NULL */
	int exit_code;			/* wait status word, once exiting or stopped */
	int exit_signal;		/* sent to the parent at exit */
	bool exiting;			/* exit_group or a fatal signal: every thread must go */
	bool stopped, stop_reported, continued;
	bool execed;			/* setpgid from the parent is refused after exec */
	uint64_t utime_ns, stime_ns, cutime_ns, cstime_ns;
	uint64_t start_ns;
	struct timer itimer_real;
	uint64_t itimer_interval;
	uint32_t rlimits[16][2];	/* soft, hard */
};

struct task {
	uint32_t kernel_esp;		/* saved by context_switch */
	void *stack;			/* lowest address of the kernel stack */
	uint32_t work;			/* WORK_*; looked at on every return to ring 3 */
	struct mm *mm;			/* NULL: a kernel task, runs in whatever is loaded */
	uint32_t landing_pad;		/* copy of mm->landing_pad for the entry path */
	uint32_t fs, gs;		/* user selectors, saved at context switch */
	uint64_t tls[3];		/* GDT entries 6, 7, 8 */
	struct fpu_state *fpu;		/* 16-byte aligned; NULL for kernel tasks */

	enum task_state state;
	struct list run_node;		/* on the run queue */
	struct list group_node;		/* process.tasks */
	struct list pid_node;		/* pid hash: kernel/pid.c */
	struct process *process;
	int pid;			/* thread id */
	char comm[16];

	struct files *files;
	struct fs *fsinfo;		/* root, cwd, umask */
	struct sighand *sighand;
	struct sigqueue pending;	/* sent to this thread */
	sigset_t blocked, saved_mask;
	bool restore_mask;		/* sigsuspend, ppoll: saved_mask comes back after the handler's frame is built */
	stack_t altstack;
	struct restart_block { long (*fn)(struct restart_block *); uint64_t deadline; uint32_t a, b, c; } restart;

	uint32_t clear_child_tid;	/* user address or 0 */
	struct waitq *vfork_wait;	/* whom exec or exit of this task wakes */
	uint32_t robust_list;
	uint64_t slice_end;		/* monotonic ns */
};

static inline struct regs *task_user_regs(const struct task *t)
{
	return (struct regs *)((char *)t->stack + KSTACK_SIZE - KSTACK_RESERVED) - 1;
}

/* The running task; from the stack pointer, so it needs no per-CPU data. */
static inline struct task *current_task(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return *(struct task **)((here | (KSTACK_SIZE - 1)) - 3);
}
#define current	current_task()

/* The boot CPU's idle task, pid 0; runs on the boot stack. */
extern struct task idle_task;

#endif
