/* SPDX-License-Identifier: MIT */
/* Signals: what a handler is told, queues, alternate stacks, nesting, restarting, faults, what a parent sees of its child's end. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "show.h"

static volatile int depth, deepest, got, on_stack;
static volatile siginfo_t seen;
static sigjmp_buf away;
static char stack[65536];

static void queued(int sig, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d code %d value %d\n", sig - SIGRTMIN, info->si_code, info->si_value.sival_int);
}

static void nested(int sig)
{
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (depth < 4)
		raise(sig);
	depth--;
}

static void where(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	got = sig;
	seen.si_code = info->si_code;
	seen.si_addr = info->si_addr;
	on_stack = &here >= stack && &here < stack + sizeof(stack);
}

static void fault(int sig, siginfo_t *info, void *context)
{
	where(sig, info, context);
	siglongjmp(away, 1);
}

static void set(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | flags };

	sa.sa_sigaction = handler;
	sigaction(sig, &sa, NULL);
}

static void queues(void)
{
	sigset_t all, old, one;
	siginfo_t info;

	for (int i = 0; i < 3; i++)
		set(SIGRTMIN + i, queued, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int i = 0; i < 6; i++)
		sigqueue(getpid(), SIGRTMIN + 2 - i % 3, (union sigval){ .sival_int = i });
	raise(SIGUSR1);
	raise(SIGUSR1);
	printf("the lowest first: %d, and once: ", sigwaitinfo(&all, &info) == SIGUSR1);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	printf("%d\n", sigtimedwait(&one, NULL, &(struct timespec){ 0, 1000000 }));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void faults(void)
{
	char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("signals.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *beyond = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile int zero = 0;

	set(SIGSEGV, fault, SA_ONSTACK);
	set(SIGBUS, fault, 0);
	set(SIGFPE, fault, SA_NODEFER);
	set(SIGILL, fault, 0);
	if (!sigsetjmp(away, 1))
		*(volatile char *)16 = 1;
	printf("null: %d code %d at %ld, on the stack %d\n", got == SIGSEGV, seen.si_code, (long)seen.si_addr, on_stack);
	if (!sigsetjmp(away, 1))
		page[100] = 1;
	printf("read-only: %d code %d offset %ld\n", got == SIGSEGV, seen.si_code, (long)((char *)seen.si_addr - page));
	if (!sigsetjmp(away, 1))
		beyond[5000] = 1;
	printf("beyond: %d code %d offset %ld\n", got == SIGBUS, seen.si_code, (long)((char *)seen.si_addr - beyond));
	if (!sigsetjmp(away, 1))
		zero = 100 / zero;
	printf("divide: %d code %d\n", got == SIGFPE, seen.si_code);
	if (!sigsetjmp(away, 1))
		__builtin_trap();
	printf("illegal: %d code %d\n", got == SIGILL, seen.si_code);
	munmap(beyond, 8192);
	close(fd);
	unlink("signals.tmp");
}

static void restart(void)
{
	int pipes[2];
	char c = 0;
	struct itimerval timer = { .it_value = { 0, 30000 } };

	pipe(pipes);
	set(SIGALRM, where, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	SHOW(read(pipes[0], &c, 1));
	if (!fork()) {
		usleep(30000);
		kill(getppid(), SIGALRM);
		usleep(30000);
		write(pipes[1], "x", 1);
		_exit(0);
	}
	set(SIGALRM, where, SA_RESTART);
	SHOW(read(pipes[0], &c, 1));
	printf("%c\n", c);
	SHOW(wait(NULL) > 0);
}

static void children(void)
{
	int status;
	pid_t pid;

	set(SIGCHLD, where, SA_RESTART);
	if (!(pid = fork()))
		_exit(33);
	waitpid(pid, &status, 0);
	printf("exit %d, SIGCHLD %d code %d\n", WEXITSTATUS(status), got == SIGCHLD, seen.si_code);
	if (!(pid = fork())) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile int *)0 = 0;
	}
	waitpid(pid, &status, 0);
	printf("killed %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
	if (!(pid = fork()))
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status) == SIGSTOP);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	printf("continued %d\n", WIFCONTINUED(status) != 0);
	kill(pid, SIGKILL);
	SHOW(waitpid(pid, &status, 0) == pid);
	SHOW(waitpid(pid, &status, 0));
	SHOW(kill(pid, 0));
	if (!(pid = fork()))
		abort();
	waitpid(pid, &status, 0);
	printf("abort %d\n", WTERMSIG(status));
}

int main(void)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = nested, .sa_flags = SA_NODEFER };
	sigset_t none;

	setvbuf(stdout, NULL, _IONBF, 0);
	SHOW(sigaltstack(&ss, NULL));
	queues();
	sigaction(SIGUSR2, &sa, NULL);
	raise(SIGUSR2);
	printf("nested %d deep\n", deepest);
	sa.sa_flags = SA_RESETHAND;
	sigaction(SIGUSR2, &sa, NULL);
	depth = 9;
	raise(SIGUSR2);
	sigaction(SIGUSR2, NULL, &sa);
	printf("reset %d\n", sa.sa_handler == SIG_DFL);
	faults();
	restart();
	children();
	sigemptyset(&none);
	set(SIGALRM, where, 0);
	alarm(1);
	SHOW(sigsuspend(&none));
	SHOW(kill(getpid(), 99));
	SHOW(kill(999999, 0));
	return 0;
}
