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
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/lib.h"
#include "kernel/path.h"
#include "kernel/task.h"
#include "mm/page.h"
#include "mm/uaccess.h"

#define SYSCALL_MAX	460		/* numbers below this have a slot in the table */

typedef long (*syscall_fn)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
extern const syscall_fn syscall_table[SYSCALL_MAX];

long sys_ni_syscall(void);	/* -ENOSYS */

/* Structures that only pass through as user pointers need no more than their names here. */
struct iovec; struct mmap_arg_struct; struct old_sigaction; struct pollfd; struct rlimit; struct rlimit64; struct rusage;
struct stat; struct stat64; struct statx; struct sysinfo; struct timespec; struct timespec64; struct timeval; struct timezone;
struct itimerval; struct tms; struct user_desc; struct utsname;

long stat_path(const char *path, struct stat *st, unsigned walk_flags);	/* kernel/sys_stat.c: the oldest shape */
long poll_masked(struct pollfd *fds, uint32_t n, void *timeout, bool wide, const sigset_t *mask, uint32_t size);	/* poll.c */

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
