/* SPDX-License-Identifier: MIT */
/*
 * signals: actions, masks, delivery order, what handlers are told, and how processes end or stop.
 *
 * Frames, registers and the alternate stack have a program of their own (sigframes).
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

#define BOTH (SIGMASK(SIGUSR1) | SIGMASK(SIGUSR2))
#define RT   (SIGRTMIN + 2)

static volatile int hits[NSIG + 1], depth, deepest;
static char trace[64];
static volatile siginfo_t seen;

static void reset(void)
{
	memset((void *)hits, 0, sizeof(hits));
	trace[0] = depth = deepest = 0;
}

/* Notes which signal came, by a letter, and raises USR2 inside USR1 if asked to. */
static volatile bool nest;
static void on_signal(int sig)
{
	char mark[2] = { sig == SIGUSR1 ? '1' : sig == SIGUSR2 ? '2' : sig == SIGALRM ? 'A' : 'r', 0 };

	hits[sig]++;
	depth++;
	deepest = max(deepest, depth);
	strlcat(trace, mark, sizeof(trace));
	if (nest && sig == SIGUSR1) {
		nest = false;
		raise(SIGUSR2);
		raise(SIGUSR1);
		strlcat(trace, "-", sizeof(trace));
	}
	depth--;
}

static void on_info(int sig, siginfo_t *info, struct ucontext *uc)
{
	char mark[2] = { info->si_signo == RT ? '0' + (info->si_int & 7) : '?', 0 };

	(void)uc;
	hits[sig]++;
	memcpy((void *)&seen, info, sizeof(seen));
	strlcat(trace, mark, sizeof(trace));
}

static int action(int sig, void (*handler)(int), uint32_t flags, sigset_t mask)
{
	struct k_sigaction act = { .handler = ADDR(handler), .flags = flags, .mask = mask };

	return sigaction(sig, &act, NULL);
}

/* Repeats, so that none is missed when the machine is slow. */
static void arm(void)
{
	struct itimerval soon = { { 0, 5000 }, { 0, 5000 } };

	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
}

static void disarm(void)
{
	struct itimerval off = { { 0, 0 }, { 0, 0 } };

	sys(__NR_setitimer, ITIMER_REAL, &off, NULL);
}

static void test_actions(void)
{
	struct k_sigaction act = { .handler = ADDR(on_signal), .flags = SA_RESTART | SA_NODEFER, .mask = SIGMASK(SIGKILL) |
				   SIGMASK(SIGUSR2) | SIGMASK(40) }, old;

	equal("sigaction of signal 0", sigaction(0, &act, NULL), -EINVAL);
	equal("sigaction of signal 65", sigaction(65, &act, NULL), -EINVAL);
	equal("sigaction of signal 64", sigaction(64, &act, &old), 0);
	equal("its action was the default", old.handler, SIG_DFL);
	equal("sigaction tells the action", sigaction(64, NULL, &old), 0);
	ok(old.handler == act.handler && old.flags == act.flags, "handler and flags as set");
	ok(old.mask == (SIGMASK(SIGUSR2) | SIGMASK(40)), "mask as set, without SIGKILL");
	equal("sigaction with a set of 4 bytes", sys(__NR_rt_sigaction, 10, &act, NULL, 4), -EINVAL);
	equal("sigaction for SIGKILL", sigaction(SIGKILL, &act, NULL), -EINVAL);
	equal("sigaction for SIGSTOP", sigaction(SIGSTOP, &act, NULL), -EINVAL);
	equal("sigaction may ask about SIGKILL", sigaction(SIGKILL, NULL, &old), 0);
	struct old_sigaction a = { ADDR(on_signal), SIGMASK(SIGUSR2), SA_RESTART, 0 }, b = { 0 };
	equal("old sigaction", sys(__NR_sigaction, SIGUSR1, &a, NULL), 0);
	equal("old sigaction tells", sys(__NR_sigaction, SIGUSR1, NULL, &b), 0);
	ok(b.handler == a.handler && b.mask == a.mask && b.flags == a.flags, "what was set");
	equal("signal returns the old handler", sys(__NR_signal, SIGUSR1, SIG_IGN), ADDR(on_signal));
	sigaction(SIGUSR1, NULL, &old);
	equal("signal means one shot, not blocked", old.flags, SA_RESETHAND | SA_NODEFER);
	equal("signal for SIGKILL", sys(__NR_signal, SIGKILL, SIG_IGN), -EINVAL);
}

static void test_masks(void)
{
	sigset_t set;

	equal("sigprocmask asks", sys(__NR_rt_sigprocmask, 99, NULL, &set, 8), 0);
	ok(set == 0, "nothing is blocked at first");
	sigprocmask(SIG_BLOCK, BOTH, NULL);
	sigprocmask(SIG_BLOCK, SIGMASK(SIGKILL) | SIGMASK(SIGSTOP) | SIGMASK(64), NULL);
	sigprocmask(SIG_UNBLOCK, SIGMASK(SIGUSR2), &set);
	ok(set == (BOTH | SIGMASK(64)), "SIGKILL and SIGSTOP can't be blocked");
	sigprocmask(SIG_SETMASK, ~0ull, &set);
	ok(set == (SIGMASK(SIGUSR1) | SIGMASK(64)), "unblocked as told");
	sigprocmask(SIG_SETMASK, 0, &set);
	ok(set == ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP)), "all but two blocked");
	set = 0;
	equal("sigprocmask with an unknown word", sys(__NR_rt_sigprocmask, 3, &set, NULL, 8), -EINVAL);
	equal("sigprocmask with a set of 4 bytes", sys(__NR_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), -EINVAL);
	uint32_t word = SIGMASK(SIGUSR1), was = 9;
	equal("old sigprocmask", sys(__NR_sigprocmask, SIG_BLOCK, &word, &was), 0);
	equal("old sigprocmask tells the mask before", was, 0);
	sys(__NR_sigprocmask, SIG_SETMASK, &was, &word);
	equal("and the mask of 32 bits", word, SIGMASK(SIGUSR1));
}

static void test_pending(void)
{
	sigset_t set = 1;
	uint32_t word = 0;

	reset();
	action(SIGUSR1, on_signal, 0, 0), action(SIGUSR2, on_signal, 0, 0);
	sigprocmask(SIG_BLOCK, BOTH, NULL);
	sys(__NR_rt_sigpending, &set, 8);
	ok(set == 0, "nothing pending");
	raise(SIGUSR2), raise(SIGUSR2), kill(getpid(), SIGUSR1);
	sys(__NR_rt_sigpending, &set, 8);
	ok(set == BOTH, "both pending");
	sys(__NR_sigpending, &word);
	equal("old sigpending", word, BOTH);
	same_text("blocked signals wait", trace, "");
	sigprocmask(SIG_UNBLOCK, BOTH, NULL);
	ok(hits[SIGUSR1] == 1 && hits[SIGUSR2] == 1, "each comes once when unblocked");
	action(SIGUSR1, PTR(SIG_IGN), 0, 0);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, BOTH, NULL);
	raise(SIGUSR2);
	action(SIGUSR2, PTR(SIG_IGN), 0, 0);
	sys(__NR_rt_sigpending, &set, 8);
	ok(set == 0, "ignoring a signal discards it where it waits");
	sigprocmask(SIG_UNBLOCK, BOTH, NULL);
}

static void test_nesting(void)
{
	action(SIGUSR1, on_signal, 0, 0), action(SIGUSR2, on_signal, 0, 0);
	reset(), nest = true;
	raise(SIGUSR1);
	same_text("another signal interrupts a handler, its own waits", trace, "12-1");
	action(SIGUSR1, on_signal, 0, SIGMASK(SIGUSR2));
	reset(), nest = true;
	raise(SIGUSR1);
	ok(trace[0] == '1' && trace[1] == '-' && deepest == 1, "the action's mask holds another back");
	action(SIGUSR1, on_signal, SA_NODEFER, 0);
	reset(), nest = true;
	raise(SIGUSR1);
	same_text("SA_NODEFER lets its own in", trace, "121-");
	action(SIGUSR1, on_signal, SA_RESETHAND, 0);
	reset();
	raise(SIGUSR1);
	struct k_sigaction old;
	sigaction(SIGUSR1, NULL, &old);
	ok(hits[SIGUSR1] == 1 && old.handler == SIG_DFL, "SA_RESETHAND is good for one");
	sigset_t set = 1;
	sigprocmask(SIG_BLOCK, 0, &set);
	ok(set == 0, "the mask is as before");
}

static int send_queued(int value)
{
	siginfo_t info = { .si_signo = RT, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_int = value;
	return sys(__NR_rt_sigqueueinfo, getpid(), RT, &info);
}

static void test_realtime(void)
{
	reset();
	signal_info(RT, on_info, 0);
	action(SIGRTMIN + 1, on_signal, 0, SIGMASK(RT)), action(SIGUSR1, on_signal, 0, ~0ull);
	signal_info(RT, on_info, 0);
	sigprocmask(SIG_BLOCK, ~0ull, NULL);
	equal("sigqueue", send_queued(1) | send_queued(2) | send_queued(3), 0);
	raise(SIGRTMIN + 1), raise(SIGUSR1), raise(SIGRTMIN + 1);
	sigprocmask(SIG_SETMASK, 0, NULL);
	ok(hits[RT] == 3 && hits[SIGRTMIN + 1] == 2 && hits[SIGUSR1] == 1, "real-time signals queue up");
	ok(strchr(trace, '1') && strstr(trace, "2") < strstr(trace, "3"), "in the order in which they were sent");
	ok(seen.si_code == SI_QUEUE && seen.si_int == 3 && seen.si_pid == getpid(), "with code, value and sender");
	siginfo_t forged = { .si_signo = RT, .si_code = SI_USER };
	int child = fork();
	if (!child)
		_exit(-sys(__NR_rt_sigqueueinfo, getppid(), RT, &forged));
	int status;
	waitpid(child, &status, 0);
	equal("sigqueue can't pose as kill to another process", status, W_EXITCODE(EPERM, 0));
}

static void test_timedwait(void)
{
	sigset_t set = BOTH | SIGMASK(RT);
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 }, some = { 0, 5000000 };
	siginfo_t info = { 0 };

	reset();
	sigprocmask(SIG_BLOCK, set, NULL);
	equal("sigtimedwait, nothing there", sys(__NR_rt_sigtimedwait, &set, &info, &none, 8), -EAGAIN);
	equal("sigtimedwait, nothing comes", sys(__NR_rt_sigtimedwait, &set, &info, &some, 8), -EAGAIN);
	equal("sigtimedwait with a bad time", sys(__NR_rt_sigtimedwait, &set, &info, &bad, 8), -EINVAL);
	send_queued(5), raise(SIGUSR2), raise(SIGUSR1);
	equal("the lowest comes first", sys(__NR_rt_sigtimedwait, &set, &info, &none, 8), SIGUSR1);
	ok(info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == getpid(), "with its siginfo");
	equal("then the next", sys(__NR_rt_sigtimedwait, &set, NULL, NULL, 8), SIGUSR2);
	equal("then the real-time one", sys(__NR_rt_sigtimedwait, &set, &info, NULL, 8), RT);
	equal("with its value", info.si_int, 5);
	action(SIGALRM, on_signal, 0, 0);
	arm();
	equal("another signal interrupts sigtimedwait", sys(__NR_rt_sigtimedwait, &set, &info, NULL, 8), -EINTR);
	disarm();
	ok(hits[SIGALRM] > 0 && !hits[SIGUSR1] && !hits[SIGUSR2], "and no handler ran for the waited ones");
	sigprocmask(SIG_SETMASK, 0, NULL);
}

static void test_suspend(void)
{
	sigset_t all_but = ~SIGMASK(SIGUSR1), now;

	reset();
	action(SIGUSR1, on_signal, 0, 0);
	sigprocmask(SIG_BLOCK, BOTH, NULL);
	raise(SIGUSR1), raise(SIGUSR2);
	equal("sigsuspend", sys(__NR_rt_sigsuspend, &all_but, 8), -EINTR);
	same_text("let one in", trace, "1");
	sigprocmask(SIG_SETMASK, 0, &now);
	ok(now == BOTH, "and put the mask back");
	reset();
	sigprocmask(SIG_BLOCK, BOTH, NULL);
	raise(SIGUSR1);
	equal("old sigsuspend", sys(__NR_sigsuspend, 0, 0, (uint32_t)all_but), -EINTR);
	same_text("let one in, too", trace, "1");
	sigprocmask(SIG_SETMASK, 0, NULL);
	arm();
	equal("pause", sys(__NR_pause), -EINTR);
	disarm();
}

static void test_kill(void)
{
	reset();
	signal_info(SIGUSR1, on_info, 0);
	equal("kill(self, 0)", kill(getpid(), 0), 0);
	equal("kill of a signal past the last", kill(getpid(), 65), -EINVAL);
	equal("kill of a negative signal", kill(getpid(), -1), -EINVAL);
	equal("kill of nobody", kill(0x3fffffff, 0), -ESRCH);
	equal("kill of an empty group", kill(-0x3fffffff, SIGTERM), -ESRCH);
	equal("kill itself", kill(getpid(), SIGUSR1), 0);
	ok(seen.si_code == SI_USER && seen.si_pid == getpid() && seen.si_errno == 0, "siginfo of kill");
	equal("tgkill", tgkill(getpid(), gettid(), SIGUSR1), 0);
	equal("siginfo of tgkill", seen.si_code, SI_TKILL);
	equal("tkill", sys(__NR_tkill, gettid(), SIGUSR1), 0);
	equal("tgkill of a wrong group", tgkill(getppid(), gettid(), SIGUSR1), -ESRCH);
	equal("tgkill of group 0", tgkill(0, gettid(), SIGUSR1), -EINVAL);
	equal("tkill of 0", sys(__NR_tkill, 0, SIGUSR1), -EINVAL);
	equal("three came", hits[SIGUSR1], 3);
}

/* A read of a pipe to which a child writes later, having sent its parent as many signals before. */
static int read_interrupted(uint32_t flags, int signals, char *c)
{
	int fd[2], status;
	struct timespec wait = { 0, 4000000 };

	action(SIGUSR1, on_signal, flags, 0);
	pipe(fd);
	int pid = fork();
	if (!pid) {
		while (signals-- > 0) {
			nanosleep(&wait, NULL);
			kill(getppid(), SIGUSR1);
		}
		nanosleep(&wait, NULL);
		_exit(write(fd[1], "z", 1) != 1);
	}
	int r = read(fd[0], c, 1);
	kill(pid, r < 0 ? SIGKILL : 0);
	waitpid(pid, &status, 0);
	close(fd[0]), close(fd[1]);
	return r;
}

static void test_restart(void)
{
	char c = 0;

	reset();
	equal("a handler interrupts read", read_interrupted(0, 1000, &c), -EINTR);
	equal("SA_RESTART resumes it", read_interrupted(SA_RESTART, 1, &c), 1);
	ok(c == 'z' && hits[SIGUSR1] >= 2, "and it reads what comes");
	action(SIGUSR1, PTR(SIG_IGN), 0, 0);
	struct timespec t = { 0, 10000000 };
	int pid = fork();
	if (!pid) {
		kill(getppid(), SIGUSR1), kill(getppid(), SIGCHLD), kill(getppid(), SIGCONT);
		_exit(0);
	}
	equal("ignored signals don't interrupt nanosleep", nanosleep(&t, NULL), 0);
	waitpid(pid, NULL, 0);
}

static void test_sigchld(void)
{
	int status;

	reset();
	signal_info(SIGCHLD, on_info, SA_RESTART);
	int pid = fork();
	if (!pid)
		_exit(42);
	waitpid(pid, &status, 0);
	ok(hits[SIGCHLD] == 1 && seen.si_code == CLD_EXITED && seen.si_status == 42 && seen.si_pid == pid, "SIGCHLD of an exit");
	pid = fork();
	if (!pid)
		kill(getpid(), SIGKILL);
	waitpid(pid, &status, 0);
	ok(seen.si_code == CLD_KILLED && seen.si_status == SIGKILL && seen.si_pid == pid, "SIGCHLD of a kill");
	equal("wait status of a kill", status, SIGKILL);
	action(SIGCHLD, PTR(SIG_IGN), 0, 0);
	pid = fork();
	if (!pid)
		_exit(1);
	equal("with SIGCHLD ignored nothing is left to wait for", waitpid(pid, &status, 0), -ECHILD);
	action(SIGCHLD, on_signal, SA_NOCLDWAIT, 0);
	pid = fork();
	if (!pid)
		_exit(1);
	int r;
	while ((r = waitpid(pid, &status, 0)) == -EINTR)
		;
	equal("nor with SA_NOCLDWAIT", r, -ECHILD);
	action(SIGCHLD, PTR(SIG_DFL), 0, 0);
}

/* What each signal does to a process that has no handler: 's' stops, 'i' nothing, 't' ends. The core bit is not compared. */
static void test_defaults(void)
{
	char name[40];
	int status;

	for (int sig = 1; sig <= 33; sig++) {
		char expect = sig == SIGCONT ? 'i' : sig == SIGSTOP || (sig >= SIGTSTP && sig <= SIGTTOU) ? 's' :
			sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH ? 'i' : 't';
		int pid = fork();
		if (!pid) {
			setpgid(0, 0);
			action(sig, PTR(SIG_DFL), 0, 0);
			raise(sig);
			_exit(0);
		}
		waitpid(pid, &status, WUNTRACED);
		snprintf(name, sizeof(name), "default action of %s", sig < 32 ? signame(sig) : sig == 32 ? "32" : "33");
		if (expect == 's') {
			equal(name, status, W_STOPCODE(sig));
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		} else {
			equal(name, status & ~0x80, expect == 't' ? sig : 0);
		}
	}
}

static void test_stop(void)
{
	struct timespec t = { 0, 3000000 };
	int status, pid = fork();

	if (!pid) {
		for (int i = 0; i < 1000; i++)
			nanosleep(&t, NULL);
		_exit(9);
	}
	kill(pid, SIGSTOP);
	equal("WUNTRACED reports a stop", waitpid(pid, &status, WUNTRACED), pid);
	equal("its status", status, W_STOPCODE(SIGSTOP));
	equal("only once", waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	kill(pid, SIGTERM);
	nanosleep(&t, NULL);
	equal("a stopped process doesn't take SIGTERM", waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGCONT);
	equal("until it goes on", waitpid(pid, &status, 0), pid);
	equal("status", status, SIGTERM);
	pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		_exit(9);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	ok(status == W_CONTINUED || status == W_EXITCODE(9, 0), "WCONTINUED reports it");
	if (status == W_CONTINUED)
		waitpid(pid, &status, 0);
	equal("and it went on", status, W_EXITCODE(9, 0));
}

int main(void)
{
	plan(123);
	test_actions();
	test_masks();
	test_pending();
	test_nesting();
	test_realtime();
	test_timedwait();
	test_suspend();
	test_kill();
	test_restart();
	test_sigchld();
	test_defaults();
	test_stop();
	return done();
}
