/* SPDX-License-Identifier: MIT */
/*
 * scenario NAME: does one thing worth tracing, twice: the first time warms up, the second one stands between two calls of a system call that nobody
 * has, by which tools/trace --between finds it. Without NAME: which there are.
 */
#include "user/libc/libc.h"

#define MARK		459
#define PAGE_BYTES	4096
#define TICK_US		1000

static void by_gates(void)
{
	sys80(__NR_getppid);
	sys(__NR_getppid);
}

static void fork_exec(void)
{
	static char *const argv[] = { "true", NULL };
	int status, pid = fork();

	if (!pid) {
		execve("/bin/true", argv, environ);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		fail("/bin/true ended with 0x%x", status);
}

static void page_fault(void)
{
	volatile char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
	munmap((void *)page, PAGE_BYTES);
}

/* A byte to the child and one back: each waits for the other. */
static void context_switch(void)
{
	int to[2], back[2], status;
	char byte = 0;

	if (pipe(to) || pipe(back))
		fail("no pipes");
	int pid = fork();
	if (!pid) {
		if (read(to[0], &byte, 1) == 1)
			write(back[1], &byte, 1);
		_exit(0);
	}
	write(to[1], &byte, 1);
	if (read(back[0], &byte, 1) != 1 || waitpid(pid, &status, 0) != pid)
		fail("the child did not answer");
	for (int i = 0; i < 2; i++) {
		close(to[i]);
		close(back[i]);
	}
}

static volatile bool ticked;

static void on_tick(int sig)
{
	(void)sig;
	ticked = true;
}

/* Ring 3 is interrupted and hears of it by a signal. */
static void timer_tick(void)
{
	const struct itimerval once = { .it_value = { 0, TICK_US } };

	ticked = false;
	signal(SIGALRM, on_tick);
	sys(__NR_setitimer, ITIMER_REAL, &once, NULL);
	while (!ticked)
		;
}

static const struct { const char *name, *what; void (*run)(void); } scenarios[] = {
	{ "gates", "getppid by int 0x80 and by the page that AT_SYSINFO names", by_gates },
	{ "fork", "fork, exec of /bin/true, wait", fork_exec },
	{ "fault", "mmap of a page, its first touch, munmap", page_fault },
	{ "switch", "a byte through a pipe to a child and one back", context_switch },
	{ "tick", "a timer interrupts ring 3, which gets SIGALRM", timer_tick },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (argc < 2) {
			printf("%-7s %s\n", scenarios[i].name, scenarios[i].what);
			continue;
		}
		if (strcmp(argv[1], scenarios[i].name))
			continue;
		scenarios[i].run();
		sys(MARK, 1);
		scenarios[i].run();
		sys(MARK, 2);
		return 0;
	}
	if (argc > 1)
		fail("%s: no such scenario", argv[1]);
	return 0;
}
