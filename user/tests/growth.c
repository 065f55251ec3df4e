/* SPDX-License-Identifier: MIT */
/*
 * growth CURVE N... [CURVE N...]...: ticks of one operation while there is more and more of something; the N of a curve count up. One line per
 * N, "CURVE N TICKS"; each curve has a process of its own.
 *
 *   fork     fork + _exit + waitpid of a process with N pages touched
 *   open     open + close of a file in the root while N files are in another folder
 *   wake     a round trip through two pipes while N other processes sleep
 *   create   fork + _exit + waitpid while there are N other processes, children of the same
 *
 * Counted as in bench.c; each figure is the median of ROUNDS. It also runs on Linux, as process 1.
 */
#include "user/libc/libc.h"

#define ROUNDS 7
#define PAGE   4096
#define MOST   4096

static uint32_t ticks[ROUNDS];
static int sleepers[MOST];

static inline uint32_t now(void)
{
	uint32_t t;

	__asm__ volatile("rdtsc" : "=a"(t) : : "edx", "memory");
	return t;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t median(void (*operation)(void))
{
	operation();
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t from = now();
		operation();
		ticks[i] = now() - from;
	}
	sort(ticks, ROUNDS, sizeof(ticks[0]), by_value);
	return ticks[ROUNDS / 2];
}

/* ---- the operations ---- */

static void fork_exit(void)
{
	int pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void open_close(void)
{
	close(open("/growth.file", O_RDONLY));
}

static int there[2], back[2];

static void round_trip(void)
{
	char c = 0;

	write(there[1], &c, 1);
	read(back[0], &c, 1);
}

/* ---- more of something: from `had` to n ---- */

static bool more_pages(int had, int n)
{
	volatile char *p = n > had ? mmap(NULL, (n - had) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;

	if (is_err((long)p))
		return false;
	for (int i = 0; i < n - had; i++)
		p[i * PAGE] = 1;
	return true;
}

static bool more_files(int had, int n)
{
	char path[40];

	mkdir("/growth.other", 0700);
	for (int i = had; i < n; i++) {
		snprintf(path, sizeof(path), "/growth.other/%d", i);
		int fd = open(path, O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			return false;
		close(fd);
	}
	close(open("/growth.file", O_RDWR | O_CREAT, 0600));
	return true;
}

static bool more_processes(int had, int n)
{
	const struct timespec long_time = { 1000000, 0 };

	for (int i = had; i < n; i++) {
		sleepers[i] = fork();
		if (sleepers[i] < 0)
			return false;
		if (!sleepers[i]) {
			nanosleep(&long_time, NULL);
			_exit(0);
		}
	}
	for (int i = had; i < n; i++)
		sched_yield();		/* they all have got to their sleep */
	return true;
}

static void partner(void)
{
	char c;

	pipe(there);
	pipe(back);
	if (fork())
		return;
	close(there[1]);
	while (read(there[0], &c, 1) == 1)
		write(back[1], &c, 1);
	_exit(0);
}

static const struct curve {
	const char *name;
	bool (*more)(int had, int n);
	void (*operation)(void);
} curves[] = {
	{ "fork", more_pages, fork_exit }, { "open", more_files, open_close }, { "wake", more_processes, round_trip },
	{ "create", more_processes, fork_exit },
};

static void draw(const struct curve *c, char **points, char **end)
{
	int had = 0;

	if (c->operation == round_trip)
		partner();
	for (; points < end; points++) {
		int n = atoi(*points);
		if (n < had || n > MOST || !c->more(had, n)) {
			printf("growth: no %s for %s\n", *points, c->name);
			_exit(1);
		}
		printf("%s %d %u\n", c->name, n, median(c->operation));
		had = n;
	}
	for (int i = 0; i < MOST && sleepers[i]; i++) {
		kill(sleepers[i], SIGKILL);
		waitpid(sleepers[i], NULL, 0);
	}
	_exit(0);
}

static const struct curve *curve_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
		if (!strcmp(name, curves[i].name))
			return &curves[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char **end = argv + argc, **next;
	int status, failed = 0;

	for (argv++; argv < end && !failed; argv = next) {
		const struct curve *c = curve_named(*argv);
		for (next = argv + 1; next < end && !curve_named(*next); next++)
			;
		if (!c || next == argv + 1)
			break;
		int pid = fork();
		if (!pid)
			draw(c, argv + 1, next);
		waitpid(pid, &status, 0);
		failed = status != 0;
	}
	if (argv < end && !failed)
		puts("growth: curves are fork|open|wake|create, each with numbers that count up");
	return failed || argv < end;
}
