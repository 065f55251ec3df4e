/* SPDX-License-Identifier: MIT */
/*
 * The tiny C library of the toy user land: everything a program of user/ may call, in one page.
 *
 * It differs from a POSIX libc in one way that keeps it small and safe among threads: there is no errno.
 * A call returns what the kernel returned, so a negative value is the negated error number, and
 * strerror(-r) names it. printf writes at once (one write per call, no buffer to lose in a fork).
 * System calls go through the page that AT_SYSINFO names, else through int 0x80, as in any libc.
 * Programs are static and position-dependent; nothing here needs TLS, constructors or floating point.
 */
#ifndef USER_LIBC_LIBC_H
#define USER_LIBC_LIBC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/auxv.h"
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/ldt.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/stat.h"
#include "abi/syscall.h"
#include "abi/termios.h"
#include "abi/time.h"
#include "abi/uio.h"
#include "abi/utsname.h"
#include "abi/wait.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b)     ((a) < (b) ? (a) : (b))
#define max(a, b)     ((a) > (b) ? (a) : (b))

/* A pointer as the 32-bit word that the abi/ structures hold, and back. */
#define ADDR(p)       ((uint32_t)(uintptr_t)(p))
#define PTR(a)        ((void *)(uintptr_t)(a))

/* True if a system call's result stands for an error (addresses above 2 GiB are not errors). */
static inline bool is_err(long r)
{
	return (unsigned long)r >= (unsigned long)-MAX_ERRNO;
}

/* crt0.asm, start.c */
extern char **environ;
extern const struct auxv *auxv;			/* ends with AT_NULL */
extern const char *progname;			/* last part of argv[0] */
extern uint32_t sysinfo;			/* where calls enter: AT_SYSINFO or the int 0x80 stub */
uint32_t getauxval(uint32_t type);		/* 0 if absent */
void exit(int status) __attribute__((noreturn));

/* calls.asm: any call by number, with up to six arguments, through sysinfo or through int 0x80. */
long sys(int nr, ...);
long sys80(int nr, ...);
extern char int80_stub[];			/* what sysinfo is without AT_SYSINFO */

/* calls.asm: the calls that programs use, straight from the kernel's table. */
void _exit(int status) __attribute__((noreturn));
int fork(void);
int vfork(void) __attribute__((returns_twice));
int read(int fd, void *buf, size_t n);
int write(int fd, const void *buf, size_t n);
int open(const char *path, int flags, ...);
int close(int fd);
int unlink(const char *path);
int execve(const char *path, char *const argv[], char *const envp[]);
int chdir(const char *path);
int getpid(void);
int getppid(void);
int gettid(void);
int kill(int pid, int sig);
int tgkill(int tgid, int tid, int sig);
int rename(const char *from, const char *to);
int mkdir(const char *path, int mode);
int rmdir(const char *path);
int dup(int fd);
int dup2(int from, int to);
int pipe(int fd[2]);
int pipe2(int fd[2], int flags);
int ioctl(int fd, int request, ...);
int fcntl(int fd, int cmd, ...);
int setpgid(int pid, int pgid);
int getpgid(int pid);
int setsid(void);
int wait4(int pid, int *status, int options, struct rusage *usage);
int uname(struct utsname *u);
int munmap(void *addr, size_t len);
int mprotect(void *addr, size_t len, int prot);
int nanosleep(const struct timespec *ts, struct timespec *rem);
int sched_yield(void);
int poll(struct pollfd *fds, int n, int timeout_ms);
int getdents64(int fd, void *buf, size_t n);
int stat64(const char *path, struct stat64 *st);
int lstat64(const char *path, struct stat64 *st);
int fstat64(int fd, struct stat64 *st);
int clock_gettime(int clock, struct timespec *ts);
int readlink(const char *path, char *buf, size_t n);
int reboot(uint32_t magic1, uint32_t magic2, uint32_t cmd, void *arg);
int thread_clone(int flags, void *stack_top, int (*fn)(void *), void *arg, int *ptid, struct user_desc *tls,
		 int *ctid);

/* unix.c: calls whose C shape is not the kernel's. */
int getcwd(char *buf, size_t n);		/* bytes including the NUL */
long long lseek(int fd, long long offset, int whence);
void *mmap(void *addr, size_t len, int prot, int flags, int fd, uint32_t byte_offset);
void *mremap(void *old, size_t old_len, size_t new_len, int flags, void *to);
void *sbrk(int delta);				/* the old break, or (void *)-ENOMEM */
int waitpid(int pid, int *status, int options);
int sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old);
int signal(int sig, void (*handler)(int));	/* with SA_RESTART, by the VDSO's trampoline */
int signal_info(int sig, void (*handler)(int, siginfo_t *, struct ucontext *), uint32_t flags);
int sigprocmask(int how, sigset_t set, sigset_t *old);
int raise(int sig);
void abort(void) __attribute__((noreturn));
int sleep(unsigned seconds);
int isatty(int fd);
int tcgetattr(int fd, struct termios *t);
int tcsetattr(int fd, const struct termios *t);
int tcsetpgrp(int fd, int pgrp);
int tcgetpgrp(int fd);
int execvp(const char *file, char *const argv[]);	/* returns only on failure */
uint64_t rdtsc(void);
int set_thread_pointer(uint32_t base);		/* TLS: loads %gs; the slot's number or an error */

/* unix.c: a folder's entries, one at a time. */
struct dir {
	int fd;
	int pos;
	int end;
	uint8_t buf[1024] __attribute__((aligned(8)));
};
int opendir(struct dir *d, const char *path);
struct linux_dirent64 *readdir(struct dir *d);		/* NULL at the end */
void closedir(struct dir *d);

/* env.c */
char *getenv(const char *name);
int setenv(const char *name, const char *value);	/* value NULL removes */

/* string.c */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *sub);
char *strcpy(char *to, const char *from);
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);
char *strdup(const char *s);
unsigned long strtoul(const char *s, char **end, int base);
long strtol(const char *s, char **end, int base);
int atoi(const char *s);
const char *strerror(int err);
const char *signame(int sig);				/* "SIGSEGV" */
void sort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *));

/* malloc.c */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);

/* stdio.c. Conversions: d i u x X o c s p %, with - 0 # + width precision * and h l ll z. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int dprintf(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int puts(const char *s);
int write_all(int fd, const void *buf, size_t n);
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));	/* "PROG: ...", exit 1 */

/* stdio.c: buffered reading, by the line or as a whole. */
struct reader {
	int fd;
	int pos;
	int end;
	char buf[512];
};
void reader_init(struct reader *r, int fd);
int reader_char(struct reader *r);			/* -1 at the end */
int reader_line(struct reader *r, char *line, size_t size);	/* length, newline cut off; -1 at the end */
int read_file(const char *path, char *buf, size_t size);	/* bytes read, NUL added */

/* edit.c: one line from a terminal, with cursor keys and history; length, -1 at end of file, -EINTR after ^C. */
int edit_line(const char *prompt, char *line, size_t size);
const char *history(int i);				/* 0 is the oldest kept; NULL past the newest */

/* getopt.c: one-letter options; optind is left at the first operand. */
extern int optind;
extern char *optarg;
int getopt(int argc, char *const argv[], const char *letters);

#endif
