/* SPDX-License-Identifier: MIT */
/*
 * backtrace(3) from a signal handler, through the signal frame and through __kernel_vsyscall: at a fault, in a call that sleeps, and at
 * whichever instruction a timer happens to hit.
 */
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "show.h"

#define FUNCTION	__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) static

static sigjmp_buf away;
static volatile int quiet, traces, complete, sink;

FUNCTION void on_signal(int sig);
FUNCTION void fault_here(volatile int *p);
FUNCTION void sleep_here(int fd);
FUNCTION void call_here(int n);
FUNCTION void outer(int how, int fd);
int main(void);

/* The function that an address lies in; those of this file stand in a section of their own, all of them are in the table. */
static const char *name_of(const char *address)
{
	static const struct { const char *name; const void *start; } functions[] = {
		{ "on_signal", (void *)on_signal }, { "fault_here", (void *)fault_here }, { "sleep_here", (void *)sleep_here },
		{ "call_here", (void *)call_here }, { "outer", (void *)outer }, { "main", (void *)main },
	};
	const char *best = NULL, *start = address - 600;

	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if ((const char *)functions[i].start <= address && (const char *)functions[i].start > start) {
			best = functions[i].name;
			start = functions[i].start;
		}
	return best;
}

FUNCTION void on_signal(int sig)
{
	void *frames[40];
	int n = backtrace(frames, 40), whole = 0;

	for (int i = 0; i < n; i++) {
		const char *name = name_of(frames[i]);
		if (name && !quiet)
			printf("  %s\n", name);
		whole |= name && !strcmp(name, "main");
	}
	traces++;
	complete += whole;
	if (sig == SIGSEGV)
		siglongjmp(away, 1);
}

FUNCTION void fault_here(volatile int *p)
{
	*p = 1;
	sink++;
}

FUNCTION void sleep_here(int fd)
{
	char c;

	SHOW(read(fd, &c, 1));
	sink++;
}

FUNCTION void call_here(int n)
{
	while (traces < n)
		sink += (int)syscall(SYS_getppid);
	sink++;
}

FUNCTION void outer(int how, int fd)
{
	if (how == 0)
		fault_here(NULL);
	else if (how == 1)
		sleep_here(fd);
	else
		call_here(200);
	sink++;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct itimerval timer = { .it_value = { 0, 20000 } }, often = { { 0, 1000 }, { 0, 1000 } }, off = { { 0, 0 }, { 0, 0 } };
	int pipes[2];
	void *warm[1];

	setvbuf(stdout, NULL, _IONBF, 0);
	backtrace(warm, 1);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	pipe(pipes);
	printf("at a fault:\n");
	if (!sigsetjmp(away, 1))
		outer(0, 0);
	printf("in a call:\n");
	setitimer(ITIMER_REAL, &timer, NULL);
	outer(1, pipes[0]);
	quiet = 1;
	traces = complete = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	outer(2, 0);
	setitimer(ITIMER_REAL, &off, NULL);
	printf("traces that reached main: %d of %d\n", complete * 200 / traces, 200);
	return 0;
}
