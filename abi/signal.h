/* SPDX-License-Identifier: MIT */
/*
 * Signals of Linux i386: numbers, action flags, and the frames that the kernel builds on the user stack.
 *
 * A handler without SA_SIGINFO finds a struct sigframe at its esp and goes back by sigreturn (119), one with
 * SA_SIGINFO a struct rt_sigframe and rt_sigreturn (173). Without SA_RESTORER pretcode points at the trampoline
 * in the VDSO, or at retcode in the frame if there is no VDSO. Signal sets are one 64-bit word, bit n - 1 for
 * signal n. User addresses are 32-bit words. fpstate points to a struct fpstate that lies apart from both frames.
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#define SIGHUP     1
#define SIGINT     2
#define SIGQUIT    3
#define SIGILL     4
#define SIGTRAP    5
#define SIGABRT    6
#define SIGBUS     7
#define SIGFPE     8
#define SIGKILL    9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32
#define NSIG      64

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO   0x00000004u
#define SA_RESTORER  0x04000000u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_DFL 0u
#define SIG_IGN 1u
#define SIG_ERR (~0u)

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

typedef uint64_t sigset_t;
#define SIGMASK(n) (1ull << ((n) - 1))

/* rt_sigaction (174); the mask's size is passed beside it and must be 8. */
struct k_sigaction {
	uint32_t handler;
	uint32_t flags;
	uint32_t restorer;
	sigset_t mask;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct k_sigaction) == 20 && offsetof(struct k_sigaction, mask) == 12, "k_sigaction");

/* sigaction (67) */
struct old_sigaction {
	uint32_t handler;
	uint32_t mask;
	uint32_t flags;
	uint32_t restorer;
};
_Static_assert(sizeof(struct old_sigaction) == 16, "old_sigaction");

typedef struct {
	int32_t si_signo;
	int32_t si_errno;
	int32_t si_code;
	union {
		int32_t pad[29];
		struct {
			int32_t si_pid;
			uint32_t si_uid;
			union {
				int32_t si_status;	/* SIGCHLD */
				int32_t si_int;		/* queued signals */
				uint32_t si_ptr;
			};
			int32_t si_utime;
			int32_t si_stime;
		};
		struct {
			uint32_t si_addr;		/* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP */
		};
		struct {
			int32_t si_tid;			/* timers */
			int32_t si_overrun;
			int32_t si_timer_int;
		};
		struct {
			int32_t si_band;		/* SIGIO */
			int32_t si_fd;
		};
	};
} siginfo_t;
_Static_assert(sizeof(siginfo_t) == 128 && offsetof(siginfo_t, si_pid) == 12 &&
	       offsetof(siginfo_t, si_status) == 20 && offsetof(siginfo_t, si_addr) == 12, "siginfo");

#define SI_USER     0		/* kill */
#define SI_KERNEL   0x80
#define SI_QUEUE   (-1)
#define SI_TIMER   (-2)
#define SI_TKILL   (-6)		/* tkill, tgkill */
#define ILL_ILLOPN  2		/* what Linux reports for #UD */
#define FPE_INTDIV  1
#define FPE_INTOVF  2
#define FPE_FLTDIV  3
#define FPE_FLTOVF  4
#define FPE_FLTUND  5
#define FPE_FLTRES  6
#define FPE_FLTINV  7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN  1
#define BUS_ADRERR  2
#define TRAP_BRKPT  1
#define TRAP_TRACE  2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

typedef struct {
	uint32_t ss_sp;
	int32_t ss_flags;
	uint32_t ss_size;
} stack_t;
_Static_assert(sizeof(stack_t) == 12, "stack_t");

#define SS_ONSTACK  1
#define SS_DISABLE  2
#define MINSIGSTKSZ 2048
#define SIGSTKSZ    8192

/* What fnsave writes, then FXSAVE's 512 bytes; magic is 0 if the second part is there, 0xffff if not. */
struct fpstate {
	uint32_t cw;
	uint32_t sw;
	uint32_t tag;
	uint32_t ipoff;
	uint32_t cssel;
	uint32_t dataoff;
	uint32_t datasel;
	uint8_t st[8][10];
	uint16_t status;		/* a second copy of sw */
	uint16_t magic;
	uint32_t fxsr_env[6];		/* from here: the image of fxsave */
	uint32_t mxcsr;
	uint32_t mxcsr_mask;
	uint8_t fxsr_st[8][16];
	uint8_t xmm[8][16];
	uint32_t padding[44];
	uint32_t sw_reserved[12];	/* all zero: no extended state follows */
};
#define FPSTATE_FSAVE_SIZE 112
#define FPSTATE_MAGIC_FXSR 0x0000
#define FPSTATE_MAGIC_NONE 0xffff
_Static_assert(sizeof(struct fpstate) == FPSTATE_FSAVE_SIZE + 512, "fpstate");
_Static_assert(offsetof(struct fpstate, st) == 28 && offsetof(struct fpstate, fxsr_env) == FPSTATE_FSAVE_SIZE &&
	       offsetof(struct fpstate, mxcsr) == 112 + 24 && offsetof(struct fpstate, xmm) == 112 + 160, "fpstate");

struct sigcontext {
	uint16_t gs, gsh;
	uint16_t fs, fsh;
	uint16_t es, esh;
	uint16_t ds, dsh;
	uint32_t edi;
	uint32_t esi;
	uint32_t ebp;
	uint32_t esp;
	uint32_t ebx;
	uint32_t edx;
	uint32_t ecx;
	uint32_t eax;
	uint32_t trapno;
	uint32_t err;
	uint32_t eip;
	uint16_t cs, csh;
	uint32_t eflags;
	uint32_t esp_at_signal;
	uint16_t ss, ssh;
	uint32_t fpstate;		/* address of a struct fpstate, or 0 */
	uint32_t oldmask;		/* the low half of the blocked set */
	uint32_t cr2;
};
_Static_assert(sizeof(struct sigcontext) == 88 && offsetof(struct sigcontext, eax) == 44 &&
	       offsetof(struct sigcontext, eip) == 56 && offsetof(struct sigcontext, fpstate) == 76, "sigcontext");

struct ucontext {
	uint32_t uc_flags;
	uint32_t uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct ucontext) == 116 && offsetof(struct ucontext, uc_mcontext) == 20 &&
	       offsetof(struct ucontext, uc_sigmask) == 108, "ucontext");

struct sigframe {
	uint32_t pretcode;
	int32_t sig;
	struct sigcontext sc;
	struct fpstate fpstate_unused;	/* where very old kernels kept it */
	uint32_t extramask[1];		/* the high half of the blocked set */
	uint8_t retcode[8];
};
_Static_assert(sizeof(struct sigframe) == 732 && offsetof(struct sigframe, sc) == 8 &&
	       offsetof(struct sigframe, extramask) == 720, "sigframe");

struct rt_sigframe {
	uint32_t pretcode;
	int32_t sig;
	uint32_t pinfo;
	uint32_t puc;
	siginfo_t info;
	struct ucontext uc;
	uint8_t retcode[8];
};
_Static_assert(sizeof(struct rt_sigframe) == 268 && offsetof(struct rt_sigframe, info) == 16 &&
	       offsetof(struct rt_sigframe, uc) == 144, "rt_sigframe");

#endif
