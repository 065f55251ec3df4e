/* SPDX-License-Identifier: MIT */
/*
 * storm [SECONDS [LATE]]: processes signal each other as fast as they can, with handlers that nest, on an alternate stack, while they fork, execute and exit.
 *
 * Each checks what only it can: that what it holds in registers and on its stack is as it left it when the handlers are through. A watchdog sleeps in short
 * steps and notes how late it wakes: more than LATE milliseconds are an error, 10,000 if not said, for the host has other things to do, too. Signals go to the members by number, never to a group, so that this runs on any system.
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

#define MEMBERS 8
#define STACK   (1u << 20)	/* handlers nest as deep as there are signals, and a frame may have kilobytes */

static struct {
	volatile int pid[MEMBERS];
	volatile uint32_t handled[MEMBERS], nested[MEMBERS], children[MEMBERS], wrong, latest;
	volatile bool over;
} *shared;
static int me;
static volatile int depth;
static uint32_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static void check(bool good)
{
	if (!good)
		shared->wrong++;
}

/* Those that nest go on to signal; the signals' numbers tell who masks what. */
static void on_signal(int sig, siginfo_t *info, struct ucontext *uc)
{
	volatile uint32_t guard[8];
	uint32_t mark = (uint32_t)sig * 0x01010101u;

	for (int i = 0; i < 8; i++)
		guard[i] = mark + i;
	depth++;
	shared->handled[me]++;
	shared->nested[me] += depth > 1;
	check(info->si_signo == sig && uc->uc_mcontext.cs);
	if (depth < 4)
		kill(getpid(), 34 + sig % 20);
	for (int i = 0; i < 8; i++)
		check(guard[i] == mark + i);
	depth--;
}

static int any_signal(void)
{
	static const uint8_t some[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGURG, SIGWINCH, SIGALRM, SIGCONT, SIGTSTP };

	return below(2) ? 34 + (int)below(20) : some[below(ARRAY_SIZE(some))];
}

static void prepare(void)
{
	stack_t stack = { ADDR(mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), 0, STACK };

	sys(__NR_sigaltstack, &stack, NULL);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGCHLD && (sig < SIGILL || sig > SIGSEGV || sig == SIGUSR1))
			signal_info(sig, on_signal, (sig % 2 ? SA_ONSTACK : 0) | (sig % 3 ? SA_RESTART : 0) | (sig % 5 ? 0 : SA_NODEFER));
}

/* Half of the children run another program, half end at once; some are killed before they have begun. */
static void have_child(void)
{
	char *args[] = { "exitcode", "7", NULL };
	bool runs = below(2), killed = !below(4);
	int status = -1, pid = fork();

	if (!pid) {
		if (runs)
			execve("/tests/exitcode", args, environ);
		_exit(7);
	}
	if (pid < 0)
		return;
	if (killed)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -EINTR)
		;
	check(WIFEXITED(status) ? WEXITSTATUS(status) == 7 : killed && WTERMSIG(status) == SIGKILL);
	shared->children[me]++;
}

static void __attribute__((noreturn)) member(int number)
{
	uint32_t sum = 0;

	me = number;
	state = 0x9E3779B1u * (number + 1);
	prepare();
	shared->pid[me] = getpid();
	for (uint32_t i = 1; !shared->over; i++) {
		int other = shared->pid[below(MEMBERS)];
		if (other > 1)
			kill(other, any_signal());
		if (!below(16))
			have_child();
		sum += i;
		check(sum == (uint32_t)((uint64_t)i * (i + 1) / 2) && !depth);
	}
	_exit(0);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* This process is the watchdog: nobody signals it. */
static void watch(uint64_t until)
{
	static const struct timespec step = { 0, 10000000 };

	for (uint64_t before = now_ms(), after; before < until; before = after) {
		nanosleep(&step, NULL);
		after = now_ms();
		shared->latest = max(shared->latest, (uint32_t)(after - before));
	}
}

static bool all(const volatile uint32_t *counts)
{
	for (int i = 0; i < MEMBERS; i++)
		if (!counts[i])
			return false;
	return true;
}

int main(int argc, char **argv)
{
	int pids[MEMBERS], bad = 0, status;

	plan(6);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < MEMBERS; i++)
		if (!(pids[i] = fork()))
			member(i);
	watch(now_ms() + (argc > 1 ? atoi(argv[1]) : 2) * 1000);
	shared->over = true;
	for (int i = 0; i < MEMBERS; i++)
		bad += waitpid(pids[i], &status, 0) != pids[i] || status;
	equal("members that did not end as they should", bad, 0);
	equal("registers, stacks and children that were not as they should be", shared->wrong, 0);
	ok(all(shared->handled), "every member handled signals");
	ok(all(shared->nested), "and nested ones");
	ok(all(shared->children), "and had children");
	ok(shared->latest <= (uint32_t)(argc > 2 ? atoi(argv[2]) : 10000), "the watchdog was served in time");
	status = done();
	printf("# handled by the first: %u, nested %u, children %u; latest %u ms\n", shared->handled[0], shared->nested[0], shared->children[0], shared->latest);
	return status;
}
