/* SPDX-License-Identifier: MIT */
/*
 * Error numbers as Linux i386 gives them to user space.
 *
 * The kernel passes -E... around and returns the same word in eax; anything in [-4095, -1] is an error.
 * The ERESTART family at the end never reaches a user program: the signal code of the kernel turns it
 * into -EINTR or into a restarted call on the way out.
 */
#ifndef ABI_ERRNO_H
#define ABI_ERRNO_H

#define EPERM          1
#define ENOENT         2
#define ESRCH          3
#define EINTR          4
#define EIO            5
#define ENXIO          6
#define E2BIG          7
#define ENOEXEC        8
#define EBADF          9
#define ECHILD         10
#define EAGAIN         11
#define ENOMEM         12
#define EACCES         13
#define EFAULT         14
#define ENOTBLK        15
#define EBUSY          16
#define EEXIST         17
#define EXDEV          18
#define ENODEV         19
#define ENOTDIR        20
#define EISDIR         21
#define EINVAL         22
#define ENFILE         23
#define EMFILE         24
#define ENOTTY         25
#define ETXTBSY        26
#define EFBIG          27
#define ENOSPC         28
#define ESPIPE         29
#define EROFS          30
#define EMLINK         31
#define EPIPE          32
#define EDOM           33
#define ERANGE         34
#define EDEADLK        35
#define ENAMETOOLONG   36
#define ENOLCK         37
#define ENOSYS         38
#define ENOTEMPTY      39
#define ELOOP          40
#define ENODATA        61
#define ETIME          62
#define EPROTO         71
#define EOVERFLOW      75
#define EBADMSG        74
#define ENOTSOCK       88
#define EOPNOTSUPP     95
#define EAFNOSUPPORT   97
#define ETIMEDOUT      110
#define ECONNREFUSED   111
#define EWOULDBLOCK    EAGAIN

/* The largest error number: a result r is an error exactly if (uint32_t)r > (uint32_t)-MAX_ERRNO - 1. */
#define MAX_ERRNO      4095

/* Kernel-internal, never seen by a program. */
#define ERESTARTSYS             512	/* restart if SA_RESTART or no handler, else EINTR */
#define ERESTARTNOINTR          513	/* always restart */
#define ERESTARTNOHAND          514	/* restart if no handler, else EINTR */
#define ERESTART_RESTARTBLOCK   516	/* restart through restart_syscall if no handler, else EINTR */

#endif
