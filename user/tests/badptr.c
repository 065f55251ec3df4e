/* SPDX-License-Identifier: MIT */
/*
 * badptr: every system call that takes a pointer, with pointers that lead nowhere, one argument at a time.
 *
 * A row of the table is one argument of one call; BAD in it is replaced by each bad address in turn (the first page,
 * unmapped memory, memory without rights, kernel space, and the last bytes before unmapped memory), and each must
 * give the same answer. Nothing may be killed. Descriptors: 20 a file, 21 and 22 a pipe (22 writes, one byte is in it),
 * 23 a folder.
 */
#include "abi/futex.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define BAD      0x0bad0bad
#define FILE_FD  20
#define READ_FD  21
#define WRITE_FD 22
#define DIR_FD   23
#define A(p)     ((int)ADDR(p))

static struct iovec bad_vector[2];
static struct timespec short_time = { 0, 1000 };
static struct itimerval off;
static sigset_t usr1 = SIGMASK(SIGUSR1);
static uint32_t word;
static struct pollfd polls[1];
static char *no_words[] = { NULL };
static const char file[] = "file", none[] = "none";

static const struct row {
	const char *name;
	int nr, result;
	int args[6];
} rows[] = {
	{ "read", __NR_read, -EFAULT, { FILE_FD, BAD, 10 } },
	{ "read from a pipe", __NR_read, -EFAULT, { READ_FD, BAD, 10 } },
	{ "read of nothing", __NR_read, 0, { FILE_FD, BAD, 0 } },
	{ "write", __NR_write, -EFAULT, { FILE_FD, BAD, 10 } },
	{ "write to a pipe", __NR_write, -EFAULT, { WRITE_FD, BAD, 10 } },
	{ "write of nothing", __NR_write, 0, { FILE_FD, BAD, 0 } },
	{ "pread64", __NR_pread64, -EFAULT, { FILE_FD, BAD, 10, 0, 0 } },
	{ "pwrite64", __NR_pwrite64, -EFAULT, { FILE_FD, BAD, 10, 0, 0 } },
	{ "readv", __NR_readv, -EFAULT, { FILE_FD, BAD, 2 } },
	{ "writev", __NR_writev, -EFAULT, { FILE_FD, BAD, 2 } },
	{ "writev to a pipe", __NR_writev, -EFAULT, { WRITE_FD, BAD, 2 } },
	{ "readv into it", __NR_readv, -EFAULT, { FILE_FD, A(bad_vector), 2 } },
	{ "writev from it", __NR_writev, -EFAULT, { FILE_FD, A(bad_vector), 2 } },
	{ "open", __NR_open, -EFAULT, { BAD, O_RDONLY, 0 } },
	{ "open for creation", __NR_open, -EFAULT, { BAD, O_CREAT | O_RDWR, 0644 } },
	{ "openat", __NR_openat, -EFAULT, { DIR_FD, BAD, 0, 0 } },
	{ "creat", __NR_creat, -EFAULT, { BAD, 0644 } },
	{ "link", __NR_link, -EFAULT, { BAD, A(none) } },
	{ "link to it", __NR_link, -EFAULT, { A(file), BAD } },
	{ "linkat", __NR_linkat, -EFAULT, { AT_FDCWD, BAD, AT_FDCWD, A(none), 0 } },
	{ "unlink", __NR_unlink, -EFAULT, { BAD } },
	{ "unlinkat", __NR_unlinkat, -EFAULT, { AT_FDCWD, BAD, 0 } },
	{ "execve", __NR_execve, -EFAULT, { BAD, A(no_words), A(no_words) } },
	{ "chdir", __NR_chdir, -EFAULT, { BAD } },
	{ "mknod", __NR_mknod, -EFAULT, { BAD, S_IFREG | 0644, 0 } },
	{ "chmod", __NR_chmod, -EFAULT, { BAD, 0644 } },
	{ "fchmodat", __NR_fchmodat, -EFAULT, { AT_FDCWD, BAD, 0644 } },
	{ "access", __NR_access, -EFAULT, { BAD, R_OK } },
	{ "faccessat", __NR_faccessat, -EFAULT, { AT_FDCWD, BAD, R_OK } },
	{ "rename", __NR_rename, -EFAULT, { BAD, A(none) } },
	{ "rename to it", __NR_rename, -EFAULT, { A(file), BAD } },
	{ "renameat2", __NR_renameat2, -EFAULT, { AT_FDCWD, A(file), AT_FDCWD, BAD, 0 } },
	{ "mkdir", __NR_mkdir, -EFAULT, { BAD, 0755 } },
	{ "mount", __NR_mount, -EFAULT, { BAD, A(none), A("ramfs"), 0, 0 } },
	{ "mount on it", __NR_mount, -EFAULT, { A(none), BAD, A("ramfs"), 0, 0 } },
	{ "mount of its type", __NR_mount, -EFAULT, { A(none), A(none), BAD, 0, 0 } },
	{ "umount2", __NR_umount2, -EFAULT, { BAD, 0 } },
	{ "mkdirat", __NR_mkdirat, -EFAULT, { AT_FDCWD, BAD, 0755 } },
	{ "rmdir", __NR_rmdir, -EFAULT, { BAD } },
	{ "symlink", __NR_symlink, -EFAULT, { BAD, A(none) } },
	{ "symlink at it", __NR_symlink, -EFAULT, { A(file), BAD } },
	{ "symlinkat", __NR_symlinkat, -EFAULT, { A(file), AT_FDCWD, BAD } },
	{ "readlink", __NR_readlink, -EFAULT, { BAD, A(&word), 4 } },
	{ "readlink into it", __NR_readlink, -EFAULT, { A("link"), BAD, 10 } },
	{ "readlinkat", __NR_readlinkat, -EFAULT, { AT_FDCWD, A("link"), BAD, 10 } },
	{ "truncate", __NR_truncate, -EFAULT, { BAD, 0 } },
	{ "truncate64", __NR_truncate64, -EFAULT, { BAD, 0, 0 } },
	{ "getcwd", __NR_getcwd, -EFAULT, { BAD, 100 } },
	{ "stat of it", __NR_stat64, -EFAULT, { BAD, A(&word) } },
	{ "stat64", __NR_stat64, -EFAULT, { A(file), BAD } },
	{ "lstat64", __NR_lstat64, -EFAULT, { A(file), BAD } },
	{ "fstat64", __NR_fstat64, -EFAULT, { FILE_FD, BAD } },
	{ "stat", __NR_stat, -EFAULT, { A(file), BAD } },
	{ "lstat", __NR_lstat, -EFAULT, { A(file), BAD } },
	{ "fstat", __NR_fstat, -EFAULT, { FILE_FD, BAD } },
	{ "fstatat64", __NR_fstatat64, -EFAULT, { AT_FDCWD, A(file), BAD, 0 } },
	{ "statx of it", __NR_statx, -EFAULT, { AT_FDCWD, BAD, 0, STATX_BASIC_STATS, A(&word) } },
	{ "statx", __NR_statx, -EFAULT, { AT_FDCWD, A(file), 0, STATX_BASIC_STATS, BAD } },
	{ "getdents64", __NR_getdents64, -EFAULT, { DIR_FD, BAD, 1000 } },
	{ "_llseek", __NR__llseek, -EFAULT, { FILE_FD, 0, 0, BAD, SEEK_CUR } },
	{ "pipe", __NR_pipe, -EFAULT, { BAD } },
	{ "pipe2", __NR_pipe2, -EFAULT, { BAD, O_CLOEXEC } },
	{ "FIONREAD", __NR_ioctl, -EFAULT, { READ_FD, FIONREAD, BAD } },
	{ "TCGETS of a file", __NR_ioctl, -ENOTTY, { FILE_FD, TCGETS, BAD } },
	{ "poll", __NR_poll, -EFAULT, { BAD, 1, 0 } },
	{ "poll of nothing", __NR_poll, 0, { BAD, 0, 0 } },
	{ "ppoll", __NR_ppoll, -EFAULT, { BAD, 1, 0, 0, 8 } },
	{ "ppoll, the time", __NR_ppoll, -EFAULT, { A(polls), 0, BAD, 0, 8 } },
	{ "ppoll, the mask", __NR_ppoll, -EFAULT, { A(polls), 0, A(&short_time), BAD, 8 } },
	{ "select", __NR__newselect, -EFAULT, { 24, BAD, 0, 0, A(&off) } },
	{ "select, writing", __NR__newselect, -EFAULT, { 24, 0, BAD, 0, A(&off) } },
	{ "select, the time", __NR__newselect, -EFAULT, { 0, 0, 0, 0, BAD } },
	{ "old mmap", __NR_mmap, -EFAULT, { BAD } },
	{ "waitpid for nobody", __NR_waitpid, -ECHILD, { -1, BAD, 0 } },
	{ "times", __NR_times, -EFAULT, { BAD } },
	{ "time", __NR_time, -EFAULT, { BAD } },
	{ "gettimeofday", __NR_gettimeofday, -EFAULT, { BAD, 0 } },
	{ "gettimeofday, the zone", __NR_gettimeofday, -EFAULT, { 0, BAD } },
	{ "settimeofday", __NR_settimeofday, -EFAULT, { BAD, 0 } },
	{ "clock_gettime", __NR_clock_gettime, -EFAULT, { CLOCK_MONOTONIC, BAD } },
	{ "clock_gettime64", __NR_clock_gettime64, -EFAULT, { CLOCK_REALTIME, BAD } },
	{ "clock_getres", __NR_clock_getres, -EFAULT, { CLOCK_MONOTONIC, BAD } },
	{ "clock_getres_time64", __NR_clock_getres_time64, -EFAULT, { CLOCK_MONOTONIC, BAD } },
	{ "clock_settime", __NR_clock_settime, -EFAULT, { CLOCK_REALTIME, BAD } },
	{ "nanosleep", __NR_nanosleep, -EFAULT, { BAD, 0 } },
	{ "nanosleep, the rest unused", __NR_nanosleep, 0, { A(&short_time), BAD } },
	{ "clock_nanosleep", __NR_clock_nanosleep, -EFAULT, { CLOCK_MONOTONIC, 0, BAD, 0 } },
	{ "clock_nanosleep_time64", __NR_clock_nanosleep_time64, -EFAULT, { CLOCK_MONOTONIC, 0, BAD, 0 } },
	{ "setitimer", __NR_setitimer, -EFAULT, { ITIMER_REAL, BAD, 0 } },
	{ "setitimer, the old", __NR_setitimer, -EFAULT, { ITIMER_REAL, A(&off), BAD } },
	{ "getitimer", __NR_getitimer, -EFAULT, { ITIMER_REAL, BAD } },
	{ "getrlimit", __NR_ugetrlimit, -EFAULT, { RLIMIT_NOFILE, BAD } },
	{ "old getrlimit", __NR_getrlimit, -EFAULT, { RLIMIT_NOFILE, BAD } },
	{ "setrlimit", __NR_setrlimit, -EFAULT, { RLIMIT_NOFILE, BAD } },
	{ "prlimit64, the new", __NR_prlimit64, -EFAULT, { 0, RLIMIT_NOFILE, BAD, 0 } },
	{ "prlimit64, the old", __NR_prlimit64, -EFAULT, { 0, RLIMIT_NOFILE, 0, BAD } },
	{ "getrusage", __NR_getrusage, -EFAULT, { RUSAGE_SELF, BAD } },
	{ "sysinfo", __NR_sysinfo, -EFAULT, { BAD } },
	{ "uname", __NR_uname, -EFAULT, { BAD } },
	{ "rt_sigaction", __NR_rt_sigaction, -EFAULT, { SIGUSR1, BAD, 0, 8 } },
	{ "rt_sigaction, the old", __NR_rt_sigaction, -EFAULT, { SIGUSR1, 0, BAD, 8 } },
	{ "sigaction", __NR_sigaction, -EFAULT, { SIGUSR1, BAD, 0 } },
	{ "sigaction, the old", __NR_sigaction, -EFAULT, { SIGUSR1, 0, BAD } },
	{ "rt_sigprocmask", __NR_rt_sigprocmask, -EFAULT, { SIG_BLOCK, BAD, 0, 8 } },
	{ "rt_sigprocmask, the old", __NR_rt_sigprocmask, -EFAULT, { SIG_BLOCK, 0, BAD, 8 } },
	{ "sigprocmask", __NR_sigprocmask, -EFAULT, { SIG_BLOCK, BAD, 0 } },
	{ "sigprocmask, the old", __NR_sigprocmask, -EFAULT, { SIG_BLOCK, 0, BAD } },
	{ "rt_sigpending", __NR_rt_sigpending, -EFAULT, { BAD, 8 } },
	{ "sigpending", __NR_sigpending, -EFAULT, { BAD } },
	{ "rt_sigsuspend", __NR_rt_sigsuspend, -EFAULT, { BAD, 8 } },
	{ "rt_sigtimedwait", __NR_rt_sigtimedwait, -EFAULT, { BAD, 0, A(&short_time), 8 } },
	{ "rt_sigtimedwait, the time", __NR_rt_sigtimedwait, -EFAULT, { A(&usr1), 0, BAD, 8 } },
	{ "rt_sigqueueinfo", __NR_rt_sigqueueinfo, -EFAULT, { 0x3fffffff, SIGUSR1, BAD } },
	{ "sigaltstack", __NR_sigaltstack, -EFAULT, { BAD, 0 } },
	{ "sigaltstack, the old", __NR_sigaltstack, -EFAULT, { 0, BAD } },
	{ "futex wait", __NR_futex, -EFAULT, { BAD, FUTEX_WAIT, 0, 0, 0, 0 } },
	{ "futex wait, the time", __NR_futex, -EFAULT, { A(&word), FUTEX_WAIT, 0, BAD, 0, 0 } },
	{ "futex_time64, the time", __NR_futex_time64, -EFAULT, { A(&word), FUTEX_WAIT, 0, BAD, 0, 0 } },
	{ "set_thread_area", __NR_set_thread_area, -EFAULT, { BAD } },
	{ "get_thread_area", __NR_get_thread_area, -EFAULT, { BAD } },
	{ "sched_getaffinity", __NR_sched_getaffinity, -EFAULT, { 0, 128, BAD } },
	{ "getrandom", __NR_getrandom, -EFAULT, { BAD, 16, 0 } },
	{ "getrandom of nothing", __NR_getrandom, 0, { BAD, 0, 0 } },
	{ "getcpu", __NR_getcpu, -EFAULT, { BAD, 0, 0 } },
	{ "prctl name", __NR_prctl, -EFAULT, { PR_SET_NAME, BAD } },
	{ "prctl, the name", __NR_prctl, -EFAULT, { PR_GET_NAME, BAD } },
};

static uint32_t bad[5];

/* The last of them is one good byte before unmapped memory: too few for any structure, and a path without an end. */
static void make_bad(void)
{
	uint8_t *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 'x', 4096);
	munmap(p + 4096, 4096);
	mprotect(p + 8192, 4096, PROT_NONE);
	bad[0] = 16;
	bad[1] = ADDR(p + 4096);
	bad[2] = ADDR(p + 8192);
	bad[3] = 0xfffff000;
	bad[4] = ADDR(p + 4095);
}

static bool partial_is_fine(const struct row *r)
{
	return r->nr == __NR_read || r->nr == __NR_write || r->nr == __NR_pread64 || r->nr == __NR_pwrite64 || r->result == 0 ||
		r->nr == __NR_getrandom || r->nr == __NR_getdents64;
}

static long call(const struct row *r, uint32_t address)
{
	uint32_t a[6];

	for (int i = 0; i < 6; i++)
		a[i] = r->args[i] == BAD ? address : (uint32_t)r->args[i];
	bad_vector[0] = (struct iovec){ address, 8 };
	bad_vector[1] = (struct iovec){ address, 8 };
	word = 0, memset(&off, 0, sizeof(off));
	*(char *)PTR(bad[4]) = 'x';
	return sys(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void run(const struct row *r)
{
	int n = r->result == 0 ? 3 : partial_is_fine(r) || r->args[1] == A(bad_vector) || r->nr == __NR_futex ? 4 : 5;
	long wrong = r->result;

	for (int i = 0; i < n; i++) {
		long got = call(r, bad[i]);
		if (got != r->result)
			wrong = got;
	}
	equal(r->name, wrong, r->result);
}

static int wait_child(void)
{
	for (int i = 0; i < 4; i++) {
		int pid = fork();
		if (!pid)
			_exit(0);
		if (waitpid(pid, PTR(bad[i]), 0) != -EFAULT || waitpid(pid, NULL, 0) != -ECHILD)
			return 1;
	}
	return 0;
}

/* clone tells the numbers on a best-effort basis: a bad address for the child's own is no error. */
static int clone_child(void)
{
	int status, pid = sys(__NR_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, 0, 16);

	if (!pid)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

int main(void)
{
	int fd[2];

	plan(128);
	scratch_enter();
	make_file(file, "some text");
	sys(__NR_symlink, "target", "link");
	dup2(open(file, O_RDWR), FILE_FD);
	pipe(fd);
	dup2(fd[0], READ_FD), dup2(fd[1], WRITE_FD);
	write(WRITE_FD, "x", 1);
	dup2(open(".", O_RDONLY), DIR_FD);
	make_bad();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run(&rows[i]);
	equal("wait stores after it has waited", in_child(wait_child), 0);
	equal("clone and exit with a bad address of the child's", in_child(clone_child), 0);
	scratch_leave();
	return done();
}
