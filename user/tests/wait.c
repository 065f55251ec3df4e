/* SPDX-License-Identifier: MIT */
/*
 * wait: waitid in all its forms: whom it waits for, for what, what it tells and what it leaves to be told again.
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

#define FILL 0x5a5a5a5a

static siginfo_t info;
static struct rusage usage;

static long waitid(int which, int id, uint32_t options)
{
	memset(&info, 0x5a, sizeof(info));
	return sys(__NR_waitid, which, id, &info, options, NULL);
}

/* What it tells, in one number: the code and the status, if all the rest is as it should be. */
static int told(int pid)
{
	bool good = info.si_signo == SIGCHLD && info.si_errno == 0 && info.si_pid == pid && info.si_uid == 0;

	return good ? info.si_code << 8 | info.si_status : -1;
}

static bool told_nothing(void) { return !info.si_signo && !info.si_code && !info.si_pid && !info.si_uid && !info.si_status; }

static int child(int status)
{
	int pid = fork();

	if (!pid)
		_exit(status);
	return pid;
}

/* A child that sleeps until it is killed. */
static int sleeper(void)
{
	int pid = fork();

	while (!pid)
		sys(__NR_pause);
	return pid;
}

static void test_ends(void)
{
	int pid = child(7);

	equal("WNOWAIT: result", waitid(P_PID, pid, WEXITED | WNOWAIT), 0);
	equal("WNOWAIT: told", told(pid), CLD_EXITED << 8 | 7);
	ok(*((uint32_t *)&info + 6) == FILL, "no more than the head is written");
	equal("told again", (waitid(P_PID, pid, WEXITED), told(pid)), CLD_EXITED << 8 | 7);
	equal("and then gone", waitid(P_PID, pid, WEXITED), -ECHILD);
	ok(told_nothing(), "an error tells zeros");
	pid = sleeper();
	equal("WNOHANG: result", waitid(P_PID, pid, WEXITED | WNOHANG), 0);
	ok(told_nothing(), "WNOHANG: nothing to tell");
	kill(pid, SIGTERM);
	equal("killed", (waitid(P_ALL, 0, WEXITED), told(pid)), CLD_KILLED << 8 | SIGTERM);
	pid = child(300);
	equal("status 300", (waitid(P_ALL, 12345, WEXITED), told(pid)), CLD_EXITED << 8 | 44);
}

static void test_stops(void)
{
	int pid = sleeper(), status;

	kill(pid, SIGSTOP);
	equal("stopped", (waitid(P_PID, pid, WSTOPPED | WNOWAIT), told(pid)), CLD_STOPPED << 8 | SIGSTOP);
	equal("stopped, again", (waitid(P_PID, pid, WSTOPPED), told(pid)), CLD_STOPPED << 8 | SIGSTOP);
	equal("and then told", (waitid(P_PID, pid, WSTOPPED | WNOHANG), told_nothing()), 1);
	kill(pid, SIGCONT);
	equal("a stop is not asked for", (waitid(P_PID, pid, WEXITED | WNOHANG), told_nothing()), 1);
	equal("continued", (waitid(P_PID, pid, WCONTINUED | WNOWAIT), told(pid)), CLD_CONTINUED << 8 | SIGCONT);
	equal("continued, again", (waitid(P_PID, pid, WCONTINUED | WSTOPPED), told(pid)), CLD_CONTINUED << 8 | SIGCONT);
	equal("and then told", (waitid(P_PID, pid, WCONTINUED | WNOHANG), told_nothing()), 1);
	kill(pid, SIGKILL);
	equal("for wait4 it waits", (waitid(P_PID, pid, WEXITED | WNOWAIT), waitpid(pid, &status, 0)), pid);
	equal("status", status, SIGKILL);
	pid = child(0);
	equal("its end", waitid(P_PID, pid, WEXITED | WNOWAIT), 0);
	equal("an end is not asked for", waitid(P_PID, pid, WSTOPPED | WCONTINUED), -ECHILD);
	equal("nor by all", waitid(P_ALL, 0, WSTOPPED), -ECHILD);
	equal("asked for", (waitid(P_PID, pid, WEXITED | WSTOPPED | WCONTINUED), told(pid)), CLD_EXITED << 8);
}

static void test_groups(void)
{
	int a = sleeper(), b = sleeper();

	setpgid(a, 0);
	equal("no such group", waitid(P_PGID, b, WEXITED), -ECHILD);
	kill(b, SIGKILL);
	equal("group of a", waitid(P_PGID, a, WEXITED | WNOHANG), 0);
	ok(told_nothing(), "b is not of it");
	equal("own group", (waitid(P_PGID, 0, WEXITED), told(b)), CLD_KILLED << 8 | SIGKILL);
	kill(a, SIGINT);
	equal("a's", (waitid(P_PGID, a, WEXITED), told(a)), CLD_KILLED << 8 | SIGINT);
	equal("nobody is left", waitid(P_ALL, 0, WEXITED), -ECHILD);
}

static void test_errors(void)
{
	int pid = child(1);

	equal("no state asked for", waitid(P_PID, pid, WNOHANG), -EINVAL);
	ok(told_nothing(), "that tells zeros, too");
	equal("unknown option", waitid(P_PID, pid, WEXITED | 0x10), -EINVAL);
	equal("unknown kind", waitid(17, pid, WEXITED), -EINVAL);
	equal("P_PID 0", waitid(P_PID, 0, WEXITED), -EINVAL);
	equal("P_PID -1", waitid(P_PID, -1, WEXITED), -EINVAL);
	equal("P_PGID -1", waitid(P_PGID, -1, WEXITED), -EINVAL);
	equal("process 1 is no child", waitid(P_PID, 1, WEXITED), -ECHILD);
	equal("__WCLONE: not one of these", waitid(P_PID, pid, WEXITED | __WCLONE), -ECHILD);
	equal("bad address, error", sys(__NR_waitid, P_PID, 1, 16, WEXITED, NULL), -EFAULT);
	equal("no address", sys(__NR_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, NULL), 0);
	equal("bad usage", sys(__NR_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, 16), -EFAULT);
	memset(&usage, 0x5a, sizeof(usage));
	equal("usage", sys(__NR_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT | __WALL, &usage), 0);
	ok(usage.ru_utime.tv_sec == 0 && usage.ru_stime.tv_sec == 0, "little was used");
	equal("bad address", sys(__NR_waitid, P_PID, pid, 16, WEXITED, NULL), -EFAULT);
	equal("the child is gone all the same", waitid(P_PID, pid, WEXITED), -ECHILD);
}

static volatile int seen;

static void note(int sig, siginfo_t *i, struct ucontext *uc)
{
	(void)sig, (void)uc;
	seen = i->si_code;
}

/* Linux may tell waitid of a continuation before it sends the signal. */
static int soon(int code)
{
	struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < 1000 && seen != code; i++)
		nanosleep(&ms, NULL);
	return seen;
}

static void test_signal(void)
{
	int pid = sleeper();

	signal_info(SIGCHLD, note, 0);
	kill(pid, SIGSTOP);
	waitid(P_PID, pid, WSTOPPED);
	equal("SIGCHLD tells the stop", soon(CLD_STOPPED), CLD_STOPPED);
	kill(pid, SIGCONT);
	waitid(P_PID, pid, WCONTINUED);
	equal("SIGCHLD tells the continuation", soon(CLD_CONTINUED), CLD_CONTINUED);
	kill(pid, SIGKILL);
	long result;
	while ((result = waitid(P_PID, pid, WEXITED)) == -EINTR)
		;
	equal("waited for", result, 0);
	equal("SIGCHLD tells the end", soon(CLD_KILLED), CLD_KILLED);
}

int main(void)
{
	plan(49);
	test_ends();
	test_stops();
	test_groups();
	test_errors();
	test_signal();
	return done();
}
