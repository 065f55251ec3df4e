/* SPDX-License-Identifier: MIT */
/*
 * pipes: reading, writing, ends, errors, capacity, and how poll, ppoll and select see them.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define PIPE_BUF 4096

static int fd[2];
static char buf[70000];
static volatile int pipe_signals, alarms;

static void on_pipe(int sig)
{
	pipe_signals += sig == SIGPIPE;
	alarms += sig == SIGALRM;
}

static void close_both(void)
{
	close(fd[0]), close(fd[1]);
}

static void test_making(void)
{
	int r[2] = { 7, 7 };

	equal("pipe2 with unknown flags", pipe2(r, O_APPEND), -EINVAL);
	ok(r[0] == 7 && r[1] == 7, "leaves the numbers alone");
	equal("pipe", pipe(fd), 0);
	ok(fd[1] == fd[0] + 1, "the two lowest numbers");
	equal("flags of the reading end", fcntl(fd[0], F_GETFL) & ~O_LARGEFILE, O_RDONLY);
	equal("flags of the writing end", fcntl(fd[1], F_GETFL) & ~O_LARGEFILE, O_WRONLY);
	equal("write to the reading end", write(fd[0], "a", 1), -EBADF);
	equal("read from the writing end", read(fd[1], buf, 1), -EBADF);
	close_both();
	equal("pipe2", pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	ok(fcntl(fd[0], F_GETFD) == FD_CLOEXEC && fcntl(fd[1], F_GETFD) == FD_CLOEXEC, "sets close-on-exec on both");
	ok(fcntl(fd[0], F_GETFL) & fcntl(fd[1], F_GETFL) & O_NONBLOCK, "and O_NONBLOCK on both");
	struct stat64 st;
	fstat64(fd[0], &st);
	ok(S_ISFIFO(st.st_mode) && st.st_nlink == 1 && st.st_size == 0, "fstat says it is a pipe");
	close_both();
}

static void test_data(void)
{
	pipe(fd);
	equal("write", write(fd[1], "hello", 5) + write(fd[1], " world", 6), 11);
	equal("read of a part", read(fd[0], buf, 3), 3);
	equal("read over two writes", read(fd[0], buf + 3, 100), 8);
	ok(!memcmp(buf, "hello world", 11), "in order");
	int n = 99;
	write(fd[1], "123", 3);
	equal("FIONREAD", ioctl(fd[0], FIONREAD, &n), 0);
	equal("tells how much waits", n, 3);
	equal("read of nothing", read(fd[0], buf, 0), 0);
	close(fd[1]);
	equal("what was written is still there after close", read(fd[0], buf, 100), 3);
	equal("then comes the end", read(fd[0], buf, 100), 0);
	equal("and stays", read(fd[0], buf, 100), 0);
	close(fd[0]);
}

static void test_broken(void)
{
	int status;

	pipe(fd);
	close(fd[0]);
	signal(SIGPIPE, on_pipe);
	equal("write without a reader", write(fd[1], "x", 1), -EPIPE);
	equal("raises SIGPIPE", pipe_signals, 1);
	equal("write of nothing without a reader", write(fd[1], "x", 0), 0);
	signal(SIGPIPE, PTR(SIG_IGN));
	equal("with SIGPIPE ignored", write(fd[1], "x", 1), -EPIPE);
	signal(SIGPIPE, PTR(SIG_DFL));
	int pid = fork();
	if (!pid)
		_exit(write(fd[1], "x", 1));
	waitpid(pid, &status, 0);
	equal("with SIGPIPE as it is", status, SIGPIPE);
	close(fd[1]);
}

static void test_nonblock(void)
{
	int total = 0, n;

	pipe2(fd, O_NONBLOCK);
	equal("read of an empty pipe", read(fd[0], buf, 1), -EAGAIN);
	while ((n = write(fd[1], buf, 4096)) > 0)
		total += n;
	equal("a full pipe", n, -EAGAIN);
	equal("holds 64 KiB", total, 65536);
	equal("not one byte more", write(fd[1], "x", 1), -EAGAIN);
	read(fd[0], buf, 4096);
	equal("4096 read make room for 4096", write(fd[1], buf, 4096), 4096);
	read(fd[0], buf, 8192);
	equal("a larger write is done in part", write(fd[1], buf, 20000), 8192);
	fcntl(fd[0], F_SETFL, 0);
	equal("read of all", read(fd[0], buf, 70000), 65536);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	equal("empty again", read(fd[0], buf, 1), -EAGAIN);
	close(fd[1]);
	equal("without a writer it is the end, not EAGAIN", read(fd[0], buf, 1), 0);
	close(fd[0]);
}

/* A child writes 300000 numbered bytes at once; the parent takes them in odd pieces. */
static void test_flow(void)
{
	static char big[300000];
	int status, n, at = 0, wrong = 0;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + (i >> 8);
	pipe(fd);
	int pid = fork();
	if (!pid)
		_exit(write(fd[1], big, sizeof(big)) == sizeof(big) ? 0 : 1);
	close(fd[1]);
	while ((n = read(fd[0], buf, 12345)) > 0) {
		wrong += memcmp(buf, big + at, n) != 0;
		at += n;
	}
	waitpid(pid, &status, 0);
	equal("a large write waits for its reader", status, 0);
	equal("all of it comes", at, sizeof(big));
	equal("as it was written", wrong, 0);
	close(fd[0]);
}

/* Two children write records of PIPE_BUF bytes; none may be torn. */
static void test_atomic(void)
{
	static char record[PIPE_BUF];
	int torn = 0, seen[2] = { 0, 0 };

	pipe(fd);
	for (int c = 0; c < 2; c++)
		if (!fork()) {
			memset(record, 'a' + c, PIPE_BUF);
			for (int i = 0; i < 40; i++)
				write(fd[1], record, PIPE_BUF);
			_exit(0);
		}
	close(fd[1]);
	for (int n, at = 0; (n = read(fd[0], record + at, PIPE_BUF - at)) > 0;) {
		at += n;
		if (at < PIPE_BUF)
			continue;
		at = 0;
		for (int i = 1; i < PIPE_BUF; i++)
			torn += record[i] != record[0];
		seen[record[0] == 'b']++;
	}
	waitpid(-1, NULL, 0), waitpid(-1, NULL, 0);
	ok(seen[0] == 40 && seen[1] == 40 && torn == 0, "writes of PIPE_BUF bytes are not torn");
	close(fd[0]);
}

/* A vector finds room for its first part only, and waits; what somebody else writes meanwhile is not in the middle of it. */
static void test_vector_atomic(void)
{
	static const struct timespec moment = { 0, 50000000 };
	static char all[17 * PIPE_BUF];
	const struct iovec v[2] = { { ADDR("aaaaaaaaaa"), 10 }, { ADDR("bbbbbbbbbb"), 10 } };
	int n = 0, part;

	pipe(fd);
	write(fd[1], all, 16 * PIPE_BUF - 10);
	if (!fork()) {
		sys(__NR_writev, fd[1], v, 2);
		_exit(0);
	}
	nanosleep(&moment, NULL);
	write(fd[1], "x", 1);
	close(fd[1]);
	while ((part = read(fd[0], all + n, sizeof(all) - n)) > 0)
		n += part;
	waitpid(-1, NULL, 0);
	all[n] = 0;
	same_text("a vector of less than PIPE_BUF bytes is not torn", all + 16 * PIPE_BUF - 10, "xaaaaaaaaaabbbbbbbbbb");
	close(fd[0]);
}

static int poll1(int f, int events, int timeout)
{
	struct pollfd p = { f, events, 0x7fff };
	int r = poll(&p, 1, timeout);

	return r < 0 ? r : r << 16 | (uint16_t)p.revents;
}

static void test_poll(void)
{
	pipe(fd);
	equal("poll: nothing to read", poll1(fd[0], POLLIN, 0), 0);
	equal("poll: room to write", poll1(fd[1], POLLOUT, 0), 1 << 16 | POLLOUT);
	write(fd[1], "x", 1);
	equal("poll: something to read", poll1(fd[0], POLLIN | POLLOUT | POLLPRI, -1), 1 << 16 | POLLIN);
	equal("poll: nothing asked", poll1(fd[0], 0, 0), 0);
	close(fd[1]);
	equal("poll: the last bytes", poll1(fd[0], POLLIN, -1), 1 << 16 | POLLIN | POLLHUP);
	read(fd[0], buf, 1);
	equal("poll: the end", poll1(fd[0], POLLIN, -1), 1 << 16 | POLLHUP);
	equal("poll: the end comes unasked", poll1(fd[0], 0, -1), 1 << 16 | POLLHUP);
	close(fd[0]);
	equal("poll: a bad descriptor", poll1(fd[0], POLLIN, -1), 1 << 16 | POLLNVAL);
	equal("poll: a negative descriptor", poll1(-5, POLLIN, 0), 0);
	pipe(fd);
	close(fd[0]);
	equal("poll: writing without a reader", poll1(fd[1], POLLOUT, -1), 1 << 16 | POLLOUT | POLLERR);
	close(fd[1]);
	int file = open("/tmp", O_RDONLY);
	equal("poll: a folder", poll1(file, POLLIN | POLLOUT, -1), 1 << 16 | POLLIN | POLLOUT);
	close(file);
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	equal("poll: waiting for nothing", poll(NULL, 0, 10), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 10, "poll: takes as long as told");
}

static void test_poll_waits(void)
{
	struct pollfd p[3];
	struct timespec ms = { 0, 3000000 };
	int other[2], pid;

	pipe(fd), pipe(other);
	p[0] = (struct pollfd){ fd[0], POLLIN, 0 }, p[1] = (struct pollfd){ -1, POLLIN, 9 };
	p[2] = (struct pollfd){ other[0], POLLIN, 9 };
	pid = fork();
	if (!pid) {
		nanosleep(&ms, NULL);
		_exit(write(other[1], "x", 1) != 1);
	}
	equal("poll wakes up", poll(p, 3, 5000), 1);
	ok(p[0].revents == 0 && p[1].revents == 0 && p[2].revents == POLLIN, "for the one that is ready");
	waitpid(pid, NULL, 0);
	pid = fork();
	if (!pid) {
		close(fd[1]);
		nanosleep(&ms, NULL);
		_exit(0);
	}
	close(fd[1]);
	read(other[0], buf, 1);
	equal("poll wakes up at the end", poll(p, 1, 5000), 1);
	equal("with a hang-up", p[0].revents, POLLHUP);
	waitpid(pid, NULL, 0);
	signal(SIGALRM, on_pipe);
	struct itimerval soon = { { 0, 4000 }, { 0, 4000 } }, off = { { 0, 0 }, { 0, 0 } };
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	equal("a signal interrupts poll", poll(p + 2, 1, 5000), -EINTR);
	sys(__NR_setitimer, ITIMER_REAL, &off, NULL);
	alarms = 1;
	sigset_t block = 0, alarm = SIGMASK(SIGALRM);
	sigprocmask(SIG_BLOCK, alarm, NULL);
	raise(SIGALRM);
	equal("poll with the signal blocked", poll(p + 2, 1, 1), 0);
	equal("ppoll lets it in", sys(__NR_ppoll, p + 2, 1, NULL, &block, 8), -EINTR);
	sigprocmask(SIG_SETMASK, 0, &block);
	ok(block == alarm && alarms == 2, "and blocks it again");
	struct timespec bad = { 0, -1 };
	equal("ppoll with a bad time", sys(__NR_ppoll, p + 2, 1, &bad, NULL, 8), -EINVAL);
	close(fd[0]), close(other[0]), close(other[1]);
}

static void set_bit(fd_set *s, int n)
{
	s->fds_bits[n / 32] |= 1u << n % 32;
}

static bool only(const fd_set *s, int n)
{
	fd_set want = { { 0 } };

	if (n >= 0)
		set_bit(&want, n);
	return !memcmp(s->fds_bits, want.fds_bits, 8);
}

static void test_select(void)
{
	fd_set in = { { 0 } }, out = { { 0 } };
	struct timeval none = { 0, 0 }, some = { 5, 0 }, bad = { 0, -1 };

	pipe(fd);
	set_bit(&in, fd[0]), set_bit(&out, fd[1]);
	equal("select: room to write", sys(__NR__newselect, fd[1] + 1, &in, &out, NULL, &some), 1);
	ok(only(&in, -1) && only(&out, fd[1]), "only that bit is left");
	ok(some.tv_sec <= 5 && some.tv_sec >= 4, "and the time that was left");
	set_bit(&in, fd[0]);
	write(fd[1], "x", 1);
	equal("select: both", sys(__NR__newselect, fd[1] + 1, &in, &out, NULL, NULL), 2);
	equal("select: a limit cuts the second off", sys(__NR__newselect, fd[1], &in, &out, NULL, NULL), 1);
	read(fd[0], buf, 1);
	equal("select: nothing", sys(__NR__newselect, fd[0] + 1, &in, NULL, NULL, &none), 0);
	ok(only(&in, -1), "no bit is left");
	set_bit(&in, 20);
	equal("select: a closed descriptor", sys(__NR__newselect, 21, &in, NULL, NULL, &none), -EBADF);
	equal("select: a negative number", sys(__NR__newselect, -1, NULL, NULL, NULL, &none), -EINVAL);
	equal("select: a bad time", sys(__NR__newselect, 0, NULL, NULL, NULL, &bad), -EINVAL);
	some = (struct timeval){ 0, 5000 };
	equal("select as a sleep", sys(__NR__newselect, 0, NULL, NULL, NULL, &some), 0);
	ok(some.tv_sec == 0 && some.tv_usec == 0, "no time left");
	close(fd[1]);
	memset(&in, 0, sizeof(in));
	set_bit(&in, fd[0]);
	equal("select: the end can be read", sys(__NR__newselect, fd[0] + 1, &in, NULL, NULL, NULL), 1);
	close(fd[0]);
}

int main(void)
{
	plan(76);
	test_making();
	test_data();
	test_broken();
	test_nonblock();
	test_flow();
	test_atomic();
	test_vector_atomic();
	test_poll();
	test_poll_waits();
	test_select();
	return done();
}
