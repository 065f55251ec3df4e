/* SPDX-License-Identifier: MIT */
/*
 * System calls: one function each, `long sys_NAME(args)`, listed with its number in
 * kernel/syscalls.def, from which the call table, the declarations here and the documentation's
 * table are made.
 *
 * entry.asm calls a function with the user's ebx, ecx, edx in registers (regparm) and esi, edi, ebp
 * on the stack, so a function simply declares the arguments it has: pointers are user addresses,
 * never to be dereferenced but through mm/uaccess.h. The result goes to eax: negative errnos as
 * Linux returns them; -ERESTARTSYS and its family as deliver_signals wants them. The whole frame is
 * task_user_regs(current). 64-bit arguments arrive as two words, low first.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/wait.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/path.h"
#include "kernel/pid.h"
#include "kernel/random.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define SYSCALL_MAX	460		/* numbers below this have a slot in the table */

typedef long (*syscall_fn)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
extern syscall_fn syscall_table[SYSCALL_MAX];	/* read-only after boot */

long sys_ni_syscall(void);	/* -ENOSYS */

/* Structures that only pass through as user pointers need no more than their names here. */
struct iovec; struct mmap_arg_struct; struct old_sigaction; struct pollfd; struct rlimit; struct rlimit64; struct rusage;
struct stat; struct stat64; struct statx; struct sysinfo; struct timespec; struct timespec64; struct timeval; struct timezone;
struct itimerval; struct tms; struct user_desc; struct utsname;

/*
 * set_robust_list is accepted, because every program of glibc calls it, and forgotten: a thread that dies with a robust
 * lock leaves it locked. This is the size of its struct.
 */
#define ROBUST_LIST_HEAD	12

/* What lines of SYSCALL_IS call that is no call by itself. */
long put_stat(struct inode *inode, void *user);				/* kernel/sys_stat.c: the oldest shape */
long put_stat64(struct inode *inode, void *user);
long poll_masked(struct pollfd *fds, uint32_t n, void *timeout, bool wide, const sigset_t *mask, uint32_t size);	/* poll.c */
long select_masked(int n, fd_set *in, fd_set *out, fd_set *ex, void *timeout, bool wide, const uint32_t *mask);
long folder_entries(int fd, void *buf, uint32_t n, bool old);		/* kernel/sys_dir.c */
long signal_wait(const sigset_t *set, siginfo_t *info, const void *timeout, bool wide, uint32_t size);
long signal_queue(int pid, int tid, int sig, const siginfo_t *info);	/* tid 0: for the whole process */
long priority(uint32_t which, int who, const int *new);			/* NULL: only tells */
long transfer_user_vector(int fd, const struct iovec *user, int n, bool write);	/* kernel/sys_file.c */
long thread_kill(int tgid, int tid, int sig);				/* tgid 0: whatever process tid is of */
long suspend_with(sigset_t mask);					/* sleeps until a signal, with this mask meanwhile */
/* wide: times are struct timespec64, else struct timespec; pointers are the user's. */
long clock_get(int clock, void *ts, bool wide);
long clock_resolution(int clock, void *ts, bool wide);
long clock_set(int clock, const void *ts, bool wide);
long clock_sleep(int clock, int flags, const void *req, void *rem, bool wide);
long futex(uint32_t addr, int op, uint32_t val, const void *timeout, uint32_t addr2, uint32_t val3, bool wide);
long number_of_group(int pid, bool session);
long only_group_0(uint32_t n, const void *groups, uint32_t size);
long limit_get(uint32_t resource, struct rlimit *user, uint32_t most);	/* most: what is above shows as this */

/* How a program writes two times: pairs of seconds and a fraction, or seconds alone (struct utimbuf). */
enum time_shape { TIMES_64, TIMES_32, TIMES_US, TIMES_S };
long utimens(int dir, const char *path, const void *times, uint32_t flags, enum time_shape shape);
#define STATFS64_SIZE		84
long put_statfs(struct inode *inode, void *user);
long put_statfs64(struct inode *inode, void *user);
long unmount(struct inode *found, void *flags);		/* MNT_FORCE has nothing to force */
long no_attribute(struct inode *inode, void *result);
#define NO_ATTRIBUTE		((void *)-EOPNOTSUPP)	/* the result but for lists, which are empty: 0 */

/* There is one user, as in a namespace that has root alone: every other number is EINVAL, -1 means that it stays. */
static inline long become(uint32_t a, uint32_t b, uint32_t c) { return a + 1 > 1 || b + 1 > 1 || c + 1 > 1 ? -EINVAL : 0; }

/* A 16-bit user or group number as it came, widened: -1 stays that. */
static inline uint32_t wide_id(uint32_t id) { return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id; }

/* The list is read twice, for what SYSCALL_IS calls may stand behind it. */
#define SYSCALL(nr, name, ...)		long sys_##name(__VA_ARGS__);
#define SYSCALL_AS(nr, name, function)
#define SYSCALL_IS(nr, name, call, ...)
#include "kernel/syscalls.def"
#undef SYSCALL
#undef SYSCALL_IS
#define SYSCALL(nr, name, ...)
#define SYSCALL_IS(nr, name, call, ...)	static inline long sys_##name(__VA_ARGS__) { return call; }
#include "kernel/syscalls.def"
#undef SYSCALL
#undef SYSCALL_AS
#undef SYSCALL_IS

#endif
