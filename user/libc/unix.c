/* SPDX-License-Identifier: MIT */
/*
 * The calls whose C face differs from the kernel's: 64-bit offsets in two registers, signal sets, brk, folders,
 * terminals, PATH search. Everything returns a negative error number on failure, like the stubs of calls.asm.
 */
#include "user/libc/libc.h"

int getcwd(char *buf, size_t n)
{
	return sys(__NR_getcwd, buf, n);
}

long long lseek(int fd, long long offset, int whence)
{
	long long pos;
	long r = sys(__NR__llseek, fd, (uint32_t)(offset >> 32), (uint32_t)offset, &pos, whence);

	return r < 0 ? r : pos;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, uint32_t byte_offset)
{
	return PTR(sys(__NR_mmap2, addr, len, prot, flags, fd, byte_offset / 4096));
}

void *mremap(void *old, size_t old_len, size_t new_len, int flags, void *to)
{
	return PTR(sys(__NR_mremap, old, old_len, new_len, flags, to));
}

/* The kernel answers a brk that it cannot grant with the break as it is. */
void *sbrk(int delta)
{
	static uint32_t now;

	if (!now)
		now = sys(__NR_brk, 0);
	uint32_t old = now;
	now = sys(__NR_brk, old + delta);
	return now == old + delta ? PTR(old) : PTR(-ENOMEM);
}

int waitpid(int pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

int sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old)
{
	return sys(__NR_rt_sigaction, sig, act, old, sizeof(sigset_t));
}

int signal(int sig, void (*handler)(int))
{
	struct k_sigaction act = { .handler = ADDR(handler), .flags = SA_RESTART };

	return sigaction(sig, &act, NULL);
}

int signal_info(int sig, void (*handler)(int, siginfo_t *, struct ucontext *), uint32_t flags)
{
	struct k_sigaction act = { .handler = ADDR(handler), .flags = SA_SIGINFO | flags };

	return sigaction(sig, &act, NULL);
}

int sigprocmask(int how, sigset_t set, sigset_t *old)
{
	return sys(__NR_rt_sigprocmask, how, &set, old, sizeof(sigset_t));
}

int raise(int sig)
{
	return tgkill(getpid(), gettid(), sig);
}

void abort(void)
{
	sigprocmask(SIG_UNBLOCK, SIGMASK(SIGABRT), NULL);
	raise(SIGABRT);
	sigaction(SIGABRT, &(struct k_sigaction){ .handler = SIG_DFL }, NULL);
	raise(SIGABRT);
	_exit(127);
}

int sleep(unsigned seconds)
{
	struct timespec ts = { .tv_sec = seconds };

	return nanosleep(&ts, NULL);
}

int isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}

int tcgetattr(int fd, struct termios *t)
{
	return ioctl(fd, TCGETS, t);
}

int tcsetattr(int fd, const struct termios *t)
{
	return ioctl(fd, TCSETSW, t);
}

int tcsetpgrp(int fd, int pgrp)
{
	return ioctl(fd, TIOCSPGRP, &pgrp);
}

int tcgetpgrp(int fd)
{
	int pgrp;
	int r = ioctl(fd, TIOCGPGRP, &pgrp);

	return r < 0 ? r : pgrp;
}

/* A file that is neither ELF nor a #! script goes to the shell, as POSIX wants it of execvp. */
static int exec_one(const char *path, char *const argv[])
{
	int r = execve(path, argv, environ);
	if (r != -ENOEXEC)
		return r;
	int argc = 0;
	while (argv[argc])
		argc++;
	const char *sh[argc + 2];
	sh[0] = "sh";
	sh[1] = path;
	for (int i = 1; i <= argc; i++)
		sh[i + 1] = argv[i];
	return execve("/bin/sh", (char *const *)sh, environ);
}

int execvp(const char *file, char *const argv[])
{
	if (strchr(file, '/'))
		return exec_one(file, argv);
	const char *path = getenv("PATH");
	int best = -ENOENT;

	for (const char *p = path ? path : "/bin"; p; p = strchr(p, ':'), p = p ? p + 1 : NULL) {
		const char *end = strchr(p, ':');
		int len = end ? end - p : (int)strlen(p);
		char full[256];
		snprintf(full, sizeof(full), "%.*s/%s", len, p, file);
		int r = exec_one(full, argv);
		if (r != -ENOENT && r != -ENOTDIR)
			best = r;
	}
	return best;
}

uint64_t rdtsc(void)
{
	uint64_t t;

	__asm__ volatile("rdtsc" : "=A"(t));
	return t;
}

/* Asks for any free slot the first time, then keeps it: the slot number is the kernel's to choose. */
int set_thread_pointer(uint32_t base)
{
	static int slot = -1;
	struct user_desc d = {
		.entry_number = slot, .base_addr = base, .limit = 0xfffff,
		.flags = USER_DESC_SEG_32BIT | USER_DESC_LIMIT_IN_PAGES | USER_DESC_USEABLE,
	};
	int r = sys(__NR_set_thread_area, &d);

	if (r < 0)
		return r;
	slot = d.entry_number;
	__asm__ volatile("movw %w0, %%gs" : : "r"(slot * 8 + 3));
	return slot;
}

int opendir(struct dir *d, const char *path)
{
	d->pos = d->end = 0;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->fd;
}

struct linux_dirent64 *readdir(struct dir *d)
{
	if (d->pos >= d->end) {
		d->end = getdents64(d->fd, d->buf, sizeof(d->buf));
		d->pos = 0;
		if (d->end <= 0)
			return NULL;
	}
	struct linux_dirent64 *e = (struct linux_dirent64 *)(d->buf + d->pos);
	d->pos += e->d_reclen;
	return e;
}

void closedir(struct dir *d)
{
	close(d->fd);
}
