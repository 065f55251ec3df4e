/* SPDX-License-Identifier: MIT */
/*
 * Signals, POSIX by Linux's i386 ABI: 64 signals, the first 31 kept once each, real-time ones queued with their siginfo.
 *
 * A signal is sent to a task or to a process; it is delivered when a task of the process returns to ring 3. Sending is allowed
 * in interrupt context. Frames: kernel/sigframe.c.
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/signal.h"
#include "kernel/list.h"

struct task;
struct process;
struct regs;

struct sigqueue {
	sigset_t set;			/* pending signals */
	struct list queued;		/* of struct siginfo records (kernel/signal.c) */
};

struct sighand {
	uint32_t users;
	struct k_sigaction action[64];	/* index signal - 1 */
};

/* Kernel-made signals. info may be NULL: si_code SI_KERNEL. 0, or -EAGAIN when a real-time signal can't be queued. */
int send_signal_task(struct task *t, int sig, const siginfo_t *info);
int send_signal_process(struct process *p, int sig, const siginfo_t *info);
int send_signal_pgrp(int pgid, int sig, const siginfo_t *info);
/* A fault of the current task that can't be ignored or blocked: if it is, the default action is taken. */
void force_signal_fault(int sig, int si_code, uint32_t addr, uint32_t trapno, uint32_t error);

/* Called on the way to ring 3 while WORK_SIGNAL is set: builds a frame or takes the default action; handles syscall restart. */
void deliver_signals(struct regs *r);
/* Recomputes WORK_SIGNAL of t. */
void recalc_sigpending(struct task *t);

#endif
