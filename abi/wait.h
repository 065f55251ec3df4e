/* SPDX-License-Identifier: MIT */
/*
 * wait4's options and the status word: code << 8 after exit, the signal (plus 0x80 for a core) after a kill,
 * signal << 8 | 0x7f when stopped, 0xffff when continued.
 */
#ifndef ABI_WAIT_H
#define ABI_WAIT_H

#define WNOHANG    1
#define WUNTRACED  2
#define WSTOPPED   2
#define WEXITED    4
#define WCONTINUED 8
#define WNOWAIT    0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL     0x40000000
#define __WCLONE   0x80000000u

#define P_ALL  0
#define P_PID  1
#define P_PGID 2

#define W_EXITCODE(code, sig) ((code) << 8 | (sig))
#define W_STOPCODE(sig)       ((sig) << 8 | 0x7f)
#define W_CONTINUED           0xffff

#define WTERMSIG(s)     ((s) & 0x7f)
#define WEXITSTATUS(s)  (((s) >> 8) & 0xff)
#define WSTOPSIG(s)     WEXITSTATUS(s)
#define WIFEXITED(s)    (WTERMSIG(s) == 0)
#define WIFSTOPPED(s)   (((s) & 0xff) == 0x7f)
#define WIFCONTINUED(s) ((s) == W_CONTINUED)
#define WIFSIGNALED(s)  (((s) & 0xffff) - 1u < 0xffu)

#endif
