/* SPDX-License-Identifier: MIT */
/*
 * Signals, POSIX by Linux's i386 ABI: 64 signals, the first 31 kept once each, real-time ones
 * queued with their siginfo.
 *
 * A signal is sent to a task or to a process; it is delivered when a task of the process returns to
 * ring 3. Sending is allowed in interrupt context. Frames: kernel/sigframe.c.
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "abi/signal.h"
#include "kernel/list.h"

struct task;
struct process;
struct regs;

/*
 * What of a siginfo_t is kept, the rest being zero (so SIGCHLD tells no times): its first 24 bytes.
 */
struct siginfo_head { int32_t signo, error, code, value[3]; };
_Static_assert(sizeof(struct siginfo_head) == 24 && offsetof(siginfo_t, si_ptr) == 20, "the head reaches up to si_value");

/*
 * What pends for a task, or for a process as a whole. A bit without a record had no memory for one:
 * its siginfo is lost, the signal is not.
 */
struct sigqueue {
	sigset_t set;			/* pending signals */
	struct list queued;		/* of struct sigrecord (kernel/signal.c), oldest first */
};

/* One signal of a set, without 64-bit arithmetic. */
static inline uint32_t signal_bit(int sig) { return 1u << ((sig - 1) & 31); }
static inline uint32_t *sigset_word(const sigset_t *set, int sig) { return (uint32_t *)set + ((uint32_t)(sig - 1) >> 5); }
/* The lowest; set is not empty. */
static inline int sigset_first(sigset_t set) { return (uint32_t)set ? __builtin_ctz(set) + 1 : __builtin_ctz(set >> 32) + 33; }
static inline bool sigset_has(const sigset_t *set, int sig) { return *sigset_word(set, sig) & signal_bit(sig); }

/*
 * What a process does about signals; shared by threads, and by others that were cloned with
 * CLONE_SIGHAND.
 */
struct sighand {
	uint32_t users;
	sigset_t touched;		/* signals whose action may be another than all zeros: SIG_DFL, no flags */
	struct k_sigaction action[NSIG];	/* index signal - 1 */
};

/*
 * Kernel-made signals (si_code SI_KERNEL): to a thread, a process, or every process of a group, which
 * may have no members. 0; -EAGAIN when a real-time signal can't be queued. Whoever has ended, ignores
 * the signal or is process 1 without a handler for it doesn't get it, which is no error.
 */
int send_signal_task(struct task *t, int sig);
int send_signal_process(struct process *p, int sig);
void send_signal_pgrp(int pgid, int sig);
/*
 * A fault of the current task, delivered before everything else. It can't be ignored or blocked: if
 * it is, the default action is taken. addr goes to si_addr; trapno (a vector) and error go to the
 * frame's sigcontext, addr to its cr2 for a page fault.
 */
void force_signal_fault(int sig, int si_code, uint32_t addr, uint32_t trapno, uint32_t error);

/*
 * Called on the way to ring 3 while WORK_SIGNAL is set: builds a frame or takes the default action;
 * handles syscall restart.
 */
void deliver_signals(struct regs *r);
/* Recomputes WORK_SIGNAL of t. */
void recalc_sigpending(struct task *t);

/* ---- within kernel/ ---- */

#define UNBLOCKABLE	(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))
#define STOP_SIGNALS	(SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define AT_ONCE		((uint32_t)(SIGMASK(SIGKILL) | SIGMASK(SIGCONT) | STOP_SIGNALS))
#define SIGNALS_QUEUED_MAX	256u	/* records of one process: its RLIMIT_SIGPENDING */

/* SIGKILL and job control do something when they are sent already. */
static inline bool signal_acts_at_once(int sig) { return sig <= 32 && signal_bit(sig) & AT_ONCE; }

/* Forgets these signals, pending for t or, t NULL, for the process and all its threads. */
void signals_forget(struct process *p, struct task *t, sigset_t which);
/* The one way for all signals: to a thread of p, or t NULL: to the process. As send_signal_task. */
int send_signal_head(struct process *p, struct task *t, const struct siginfo_head *info);
/*
 * The current thread sends itself a signal by a call that gives 0: if it can be delivered here and
 * now, its handler is set up and what the call must return is returned (the handler's eax); else
 * -1, and the signal must be sent.
 */
long signal_self(int sig, int code);
/* Takes a signal, not in the mask, that pends for current or its process: the number or 0. */
int dequeue_signal(const sigset_t *mask, struct siginfo_head *info);
/* A signal's default action is to do nothing: POSIX.1-2017, XBD <signal.h>. */
bool signal_ignored_by_default(int sig);
void signals_recheck(void);				/* current has another mask, and something pends */
void signals_retarget(sigset_t bits);			/* current blocks these or ends: other threads look at what pends for the process */
void signals_check_stopped(struct process *p);		/* tells the parent once all threads have stopped */

/*
 * Sets a handler up: its frame on the user stack, registers, mask. False: impossible, SIGSEGV has
 * been forced instead. kernel/sigframe.c
 */
bool signal_run_handler(struct task *t, struct k_sigaction *action, const struct siginfo_head *info);
/*
 * Of the alternate stack as sigaltstack shows it while the stack pointer is esp: SS_DISABLE,
 * SS_ONSTACK or 0.
 */
int altstack_flags(const struct task *t, uint32_t esp);
int altstack_set(struct task *t, const stack_t *ss, uint32_t esp);	/* 0; -EPERM: it is in use; -EINVAL, -ENOMEM */

/*
 * The program was refused to execute at r->eip: true if that is the code of a signal frame, whose
 * work has been done instead (a stack is never executable only because there is no VDSO).
 */
bool sigframe_return_refused(struct regs *r);

#endif
