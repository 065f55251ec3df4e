/* SPDX-License-Identifier: MIT */
/*
 * partial: what calls have done, and have not done, by the time they find out that an address is bad.
 *
 * HOLE follows two good bytes; READABLE can't be written. A call that looks at its arguments first changes nothing; one that tells its result last has done
 * its work. Which is which is Linux's choice, and programs can see it. Only a vector on a pipe is left open: here its parts are transfers of their own.
 */
#include "abi/futex.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static char *hole, *readable;
static int fd[2];		/* a pipe */
static char buf[64];

static int waiting(void)
{
	int n = -1;

	ioctl(fd[0], FIONREAD, &n);
	return n;
}

/* ---- data ---- */

static void test_pipe_read(void)
{
	struct iovec v[3] = { { ADDR(buf), 2 }, { ADDR(hole), 2 }, { ADDR(buf + 2), 2 } };

	write(fd[1], "abcdef", 6);
	equal("read of a pipe into nowhere", read(fd[0], hole, 6), -EFAULT);
	equal("loses nothing", waiting(), 6);
	equal("read of a pipe into two bytes", read(fd[0], hole - 2, 6), -EFAULT);
	equal("loses nothing either", waiting(), 6);
	int n = sys(__NR_readv, fd[0], v, 3);
	ok(n == -EFAULT || n == 2, "readv of a pipe, the middle bad, is refused or as good as its first part");
	n = max(n, 0);
	equal("and loses nothing as well", waiting(), 6 - n);
	equal("what is there can be read", read(fd[0], buf + n, 10), 6 - n);
	same_text("and is what was written", buf, "abcdef");
}

static void test_pipe_write(void)
{
	struct iovec v[3] = { { ADDR("ab"), 2 }, { ADDR(hole), 2 }, { ADDR("cd"), 2 } };

	equal("write from nowhere to a pipe", write(fd[1], hole, 6), -EFAULT);
	memcpy(hole - 2, "xy", 2);
	equal("write of two bytes of six to a pipe", write(fd[1], hole - 2, 6), -EFAULT);
	equal("nothing is in the pipe", waiting(), 0);
	int n = sys(__NR_writev, fd[1], v, 3);
	ok(n == -EFAULT || n == 2, "writev to a pipe, the middle bad, is refused or as good as its first part");
	equal("the pipe has as much", waiting(), max(n, 0));
	equal("and still works", write(fd[1], "z", 1) + read(fd[0], buf, 10), 2 + max(n, 0));
}

static void test_file(void)
{
	struct iovec v[3] = { { ADDR(buf), 2 }, { ADDR(hole), 2 }, { ADDR(buf + 2), 2 } };
	int file;

	make_file("file", "abcdef");
	file = open("file", O_RDWR);
	equal("read of a file into nowhere", read(file, hole, 6), -EFAULT);
	equal("does not move", lseek(file, 0, SEEK_CUR), 0);
	equal("read of a file into two bytes", read(file, hole - 2, 6), 2);
	equal("moves by two", lseek(file, 0, SEEK_CUR), 2);
	equal("readv of a file, the middle bad", sys(__NR_readv, file, v, 3), 2);
	equal("moves by two more", lseek(file, 0, SEEK_CUR), 4);
	equal("write from nowhere", write(file, hole, 2), -EFAULT);
	equal("does not move, either", lseek(file, 0, SEEK_CUR), 4);
	equal("_llseek that can't tell", sys(__NR__llseek, file, 0, 1, hole, SEEK_SET), -EFAULT);
	equal("has moved", lseek(file, 0, SEEK_CUR), 1);
	close(file);
}

static void test_folder(void)
{
	int folder = open(".", O_RDONLY), whole = getdents64(folder, buf, 0) == -EINVAL ? 0 : 1;
	char entries[256];

	equal("getdents64 into nowhere", getdents64(folder, hole, 200), -EFAULT);
	whole += getdents64(folder, entries, sizeof(entries));
	equal("loses no entry", whole, 24 + 24 + 24);
	close(folder);
}

/* ---- descriptors and children ---- */

static void test_pipe_call(void)
{
	int next = dup(0);

	close(next);
	equal("pipe into nowhere", pipe(PTR(hole)), -EFAULT);
	equal("pipe2 into one word", pipe2(PTR(hole - 4), 0), -EFAULT);
	equal("pipe into what can't be written", pipe(PTR(readable)), -EFAULT);
	equal("no descriptor is lost", dup(0), next);
	close(next);
}

static int child(void)
{
	int pid = fork();

	if (!pid)
		_exit(3);
	return pid;
}

static void test_wait(void)
{
	int pid = child();
	char info[128];

	equal("wait4 with a bad status", wait4(pid, PTR(hole), 0, NULL), -EFAULT);
	equal("the child has been waited for", wait4(pid, NULL, 0, NULL), -ECHILD);
	pid = child();
	equal("wait4 with bad usage", wait4(pid, NULL, 0, PTR(hole)), -EFAULT);
	equal("this one, too", wait4(pid, NULL, 0, NULL), -ECHILD);
	pid = child();
	equal("waitid with a bad siginfo", sys(__NR_waitid, 1 /* P_PID */, pid, hole, WEXITED, NULL), -EFAULT);
	equal("and this one", sys(__NR_waitid, 1 /* P_PID */, pid, info, WEXITED, NULL), -ECHILD);
}

static void test_threads(void)
{
	struct user_desc *bad = PTR(readable + 128), good = { .entry_number = -1, .limit = 0xfffff, .flags = 0x51 };
	int slots = 0;

	equal("set_thread_area that can't tell the slot", sys(__NR_set_thread_area, bad), -EFAULT);
	for (; slots < 4 && !sys(__NR_set_thread_area, &good); slots++)
		good.entry_number = -1;
	equal("takes none", slots, 3);
}

/* ---- signals and times ---- */

static int caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void test_signal_calls(void)
{
	struct k_sigaction act = { .handler = ADDR(on_signal) }, old;
	sigset_t usr1 = SIGMASK(SIGUSR1), now = 0;
	stack_t stack = { ADDR(buf), 0, 8192 }, was;
	struct timespec none = { 0, 0 };

	equal("rt_sigaction with a bad old one", sys(__NR_rt_sigaction, SIGUSR1, &act, hole, 8), -EFAULT);
	sigaction(SIGUSR1, NULL, &old);
	equal("the new one holds", old.handler == ADDR(on_signal), 1);
	equal("rt_sigprocmask with a bad old one", sys(__NR_rt_sigprocmask, SIG_BLOCK, &usr1, hole, 8), -EFAULT);
	sys(__NR_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	equal("the new mask holds", now == usr1, 1);
	equal("sigaltstack with a bad old one", sys(__NR_sigaltstack, &stack, hole), -EFAULT);
	sys(__NR_sigaltstack, NULL, &was);
	equal("the new stack holds", was.ss_size, 8192);
	raise(SIGUSR1);
	equal("rt_sigtimedwait with a bad siginfo", sys(__NR_rt_sigtimedwait, &usr1, hole, &none, 8), -EFAULT);
	equal("has taken the signal", sys(__NR_rt_sigtimedwait, &usr1, NULL, &none, 8), -EAGAIN);
	equal("rt_sigqueueinfo with a bad one", sys(__NR_rt_sigqueueinfo, getpid(), SIGUSR1, hole), -EFAULT);
	equal("sends none", sys(__NR_rt_sigtimedwait, &usr1, NULL, &none, 8), -EAGAIN);
	sigprocmask(SIG_UNBLOCK, usr1, NULL);
}

static void test_timers(void)
{
	struct itimerval far = { { 0, 0 }, { 1000, 0 } }, now, never = { 0 }, soon = { { 0, 0 }, { 0, 30000 } };
	struct timespec second = { 20, 0 }, left;

	equal("setitimer with a bad old one", sys(__NR_setitimer, ITIMER_REAL, &far, hole), -EFAULT);
	sys(__NR_getitimer, ITIMER_REAL, &now);
	ok(now.it_value.tv_sec >= 990, "the new one runs");
	sys(__NR_setitimer, ITIMER_REAL, &never, NULL);
	struct k_sigaction act = { .handler = ADDR(on_signal) };
	sigaction(SIGALRM, &act, NULL);
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	equal("nanosleep that can't tell the rest", nanosleep(&second, PTR(hole)), -EFAULT);
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	equal("clock_nanosleep likewise", sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &second, hole), -EFAULT);
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	equal("and where it can", nanosleep(&second, &left), -EINTR);
	ok(left.tv_sec == 19, "it does");
}

/* ---- poll and select ---- */

static void test_poll(void)
{
	struct pollfd *fds = PTR(readable);
	struct timespec *zero = PTR(readable + 16);
	fd_set none = { { 0 } };

	equal("poll whose answer can't be written", poll(fds, 1, 0), -EFAULT);
	equal("select whose answer can't be written", sys(__NR__newselect, 32, readable + 64, NULL, NULL, zero), -EFAULT);
	equal("select whose time can't be written back", sys(__NR__newselect, 32, &none, NULL, NULL, zero), 0);
	equal("ppoll whose time can't be written back", sys(__NR_ppoll, NULL, 0, zero, NULL, 8), 0);
	equal("futex_wait by a time that can't be written", sys(__NR_futex, &caught, FUTEX_WAIT, 77, zero, NULL, 0), -EAGAIN);
}

/* ---- the rest ---- */

static void test_limits(void)
{
	struct rlimit64 less = { 100, 200 }, now;

	equal("prlimit64 with a bad old one", sys(__NR_prlimit64, 0, RLIMIT_NOFILE, &less, hole), -EFAULT);
	sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &now);
	equal("the new one holds", now.rlim_cur, 100);
}

static void test_exec(void)
{
	char *words[] = { "x", hole, NULL };
	int kept = fcntl(fd[0], F_SETFD, FD_CLOEXEC);

	equal("execve with a bad word", execve("/proc/self/exe", words, environ), -EFAULT);
	equal("changes nothing", kept + fcntl(fd[0], F_GETFD), FD_CLOEXEC);
}

static void prepare(void)
{
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	hole = page + 4096;
	readable = page + 2 * 4096;
	munmap(hole, 4096);
	*(struct pollfd *)PTR(readable) = (struct pollfd){ 0, POLLIN, 0 };
	*(struct user_desc *)PTR(readable + 128) = (struct user_desc){ .entry_number = -1, .limit = 0xfffff, .flags = 0x51 };
	mprotect(readable, 4096, PROT_READ);
	pipe(fd);
}

int main(void)
{
	plan(63);
	scratch_enter();
	prepare();
	test_pipe_read();
	test_pipe_write();
	test_file();
	test_folder();
	test_pipe_call();
	test_wait();
	test_threads();
	test_signal_calls();
	test_timers();
	test_poll();
	test_limits();
	test_exec();
	scratch_leave();
	return done();
}
