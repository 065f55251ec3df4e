/* SPDX-License-Identifier: MIT */
/*
 * bench [-n ROUNDS] [ROW...]: ticks of the time-stamp counter per operation, the median of ROUNDS (11) rounds; one line per row.
 *
 * Under QEMU with -icount shift=0 a tick is one instruction, and the count covers user, kernel and hypervisor. Rows
 * and definitions are those of the project's performance sheet. A letter is a variant, which must behave like its row: f with the x87 in
 * use, s with SSE in use, others of another size, depth or number. Each row has a process of its own, so that a row's figure doesn't depend on
 * what ran before it. The two rdtsc around an operation are in the count; everything that can be prepared is prepared outside. Timed calls enter inline
 * by int 0x80 on every platform, so that what is counted is the kernel and not a library's way there; but for row 2, which is about the gate, and what
 * rows 9, 11 and 12 call once in many thousand instructions. As process 1
 * it first tells the counter, from which the boot of a kernel that doesn't count it can be told.
 */
#include "user/libc/libc.h"
#include "user/libc/vdso.h"

#define MOST_ROUNDS 200
#define PAGE        4096
#define LARGE       (10 << 20)		/* a process that is no toy */

static uint32_t ticks[MOST_ROUNDS];
static int rounds = 11;
static char variant;

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *row, const char *name)
{
	sort(ticks, rounds, sizeof(ticks[0]), by_value);
	printf("%-3s %-24s %8u\n", row, name, ticks[rounds / 2]);
}

static inline uint32_t now(void)
{
	uint32_t t;

	__asm__ volatile("rdtsc" : "=a"(t) : : "edx", "memory");
	return t;
}

/* Times one operation that needs nothing between rounds; the first, cold round is thrown away. */
#define TIME(operation) do {							\
	for (int i_ = -1; i_ < rounds; i_++) {					\
		uint32_t from_ = now();						\
		operation;							\
		ticks[max(i_, 0)] = now() - from_;				\
	}									\
} while (0)

static inline long call3(int number, uint32_t a, uint32_t b, uint32_t c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

/* With a fourth and fifth argument, and 0 as the sixth. */
static inline long call6(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	long result;

	__asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}

static void touch_fpu(void)
{
	static float x[4] = { 1.5f };

	if (variant == 'f')
		__asm__ volatile("flds %0; fadds %0; fstps %0" : "+m"(x[0]));
	else if (variant == 's')
		__asm__ volatile("movups %0, %%xmm0; addps %%xmm0, %%xmm0; movups %%xmm0, %0" : "+m"(x));
}

static void null_int80(void)
{
	TIME({ uint32_t r; __asm__ volatile("int $0x80" : "=a"(r) : "0"(__NR_getppid) : "memory"); });
}

static void null_gate(void)
{
	TIME({ uint32_t r; __asm__ volatile("call *%2" : "=a"(r) : "0"(__NR_getppid), "m"(sysinfo) : "memory"); });
}

static void vdso_clock(void)
{
	struct vdso v;
	const char *problem;
	struct timespec ts;
	int (*get)(int, struct timespec *) = NULL;

	if (vdso_open(&v, &problem))
		get = (int (*)(int, struct timespec *))PTR(vdso_lookup(&v, "__vdso_clock_gettime", "LINUX_2.6"));
	if (!get)
		get = clock_gettime;
	TIME(get(CLOCK_MONOTONIC, &ts));
}

static void handler(int sig)
{
	(void)sig;
}

static void signal_self(void)
{
	int pid = getpid();

	signal(SIGUSR1, handler);
	TIME({ touch_fpu(); call3(__NR_kill, pid, SIGUSR1, 0); });
}

static void time_open(const char *path)
{
	close(open(path, O_RDWR | O_CREAT, 0600));
	TIME(call3(__NR_close, call3(__NR_open, (uint32_t)path, O_RDONLY, 0), 0, 0));
	unlink(path);
}

static void open_close(void)
{
	time_open("/bench.file");
}

static void open_close_deep(void)
{
	static const char *const folders[] = { "/bench", "/bench/second", "/bench/second/third", "/bench/second/third/fourth" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		mkdir(folders[i], 0700);
	time_open("/bench/second/third/fourth/file");
	for (size_t i = ARRAY_SIZE(folders); i > 0; i--)
		rmdir(folders[i - 1]);
}

static char *fresh_pages(int n)
{
	return (char *)call6(__NR_mmap2, 0, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static char *touched_pages(int n)
{
	volatile char *p = fresh_pages(n);

	for (int i = 0; i < n; i++)
		p[i * PAGE] = 1;
	return (char *)p;
}

static void read_cached(void)
{
	int size = variant == 'b' ? 16 * PAGE : variant == 'a' ? 64 : PAGE, fd = open("/bench.file", O_RDWR | O_CREAT, 0600);
	char *buf = touched_pages(16);

	write_all(fd, buf, size);
	TIME(call6(__NR_pread64, fd, (uint32_t)buf, size, 0, 0));
	close(fd);
	unlink("/bench.file");
}

static void map_unmap(void)
{
	int n = variant == 'b' ? 64 : 4;

	TIME({
		void *p = fresh_pages(n);
		call3(__NR_munmap, (uint32_t)p, n * PAGE, 0);
	});
}

/* Whoever clears the pages, and whenever, it is counted: each round uses those that the last one wrote to. */
static void map_touch_unmap(void)
{
	TIME({
		void *p = touched_pages(4);
		call3(__NR_munmap, (uint32_t)p, 4 * PAGE, 0);
	});
}

/* One page more than the rounds: the first touch also makes the page table. */
static void page_fault(void)
{
	volatile char *p = fresh_pages(rounds + 1);

	TIME({ *p = 1; p += PAGE; });
}

/* Ready are as many pages as there may be rounds, so that more rounds are just more faults. */
static void cow_fault(void)
{
	volatile char *p = touched_pages(MOST_ROUNDS + 1) + (MOST_ROUNDS - rounds) * PAGE;
	int fd[2];
	char c;

	pipe(fd);
	int pid = fork();
	if (!pid) {
		close(fd[1]);
		read(fd[0], &c, 1);
		_exit(0);
	}
	close(fd[0]);
	TIME({ *p = 2; p += PAGE; });
	close(fd[1]);
	waitpid(pid, NULL, 0);
}

/* A process that hands on what it reads, until its reader's other end is closed; the caller keeps none of that. */
static void relay(int from, int to, const int *close_there, size_t n, char *buf, int size)
{
	if (fork())
		return;
	for (size_t i = 0; i < n; i++)
		close(close_there[i]);
	while (call3(__NR_read, from, (uint32_t)buf, size) == size) {
		touch_fpu();
		call3(__NR_write, to, (uint32_t)buf, size);
	}
	_exit(0);
}

/* There and back through so many other processes, so many bytes each time. */
static void time_ring(int others, int size)
{
	char *buf = touched_pages(1);
	int fd[6];

	for (int i = 0; i <= others; i++)
		pipe(fd + 2 * i);
	for (int i = 0; i < others; i++)
		relay(fd[2 * i], fd[2 * i + 3], (int[]){ fd[1], fd[3] }, i ? 2 : 1, buf, size);
	TIME({
		touch_fpu();
		call3(__NR_write, fd[1], (uint32_t)buf, size);
		call3(__NR_read, fd[2 * others], (uint32_t)buf, size);
	});
	for (int i = 0; i < 2 * others + 2; i++)
		close(fd[i]);
	for (int i = 0; i < others; i++)
		waitpid(-1, NULL, 0);
}

static void pipe_round_trip(void)
{
	time_ring(1, variant == 'b' ? PAGE : 1);
}

static void pipe_of_three(void)
{
	time_ring(2, 1);
}

/* The sheet's process is one of 17 KB: this program and two pages more. */
static void grow(void)
{
	static char more[2 * PAGE];

	memset(more, 1, sizeof(more));
	if (variant == 'b')
		touched_pages(LARGE / PAGE);
}

static void fork_exit(void)
{
	grow();
	TIME({
		int pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	});
}

/* The path of a program in the folder of this one. */
static char *beside(const char *name)
{
	static char path[256];

	strlcpy(path, PTR(getauxval(AT_EXECFN)), sizeof(path) - 16);
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, name);
	return path;
}

static void fork_exec(void)
{
	char *argv[] = { "exitcode", NULL }, *path = beside(argv[0]);

	grow();
	TIME({
		int pid = fork();
		if (!pid) {
			execve(path, argv, environ);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	});
}

static const struct row {
	const char *row, *name;
	void (*run)(void);
} rows[] = {
	{ "1", "null-int80", null_int80 }, { "2", "null-gate", null_gate }, { "3", "vdso-clock", vdso_clock },
	{ "4", "signal", signal_self }, { "4f", "signal-x87", signal_self }, { "4s", "signal-sse", signal_self },
	{ "5", "open-close", open_close }, { "5d", "open-close-deep", open_close_deep },
	{ "6", "read-4k", read_cached }, { "6a", "read-64", read_cached }, { "6b", "read-64k", read_cached },
	{ "7", "mmap-munmap", map_unmap }, { "7b", "mmap-munmap-64", map_unmap }, { "7t", "mmap-touch-munmap", map_touch_unmap },
	{ "8", "page-fault", page_fault }, { "9", "cow-fault", cow_fault },
	{ "10", "pipe-round-trip", pipe_round_trip }, { "10f", "pipe-round-trip-x87", pipe_round_trip },
	{ "10s", "pipe-round-trip-sse", pipe_round_trip }, { "10t", "pipe-of-three", pipe_of_three },
	{ "10b", "pipe-round-trip-4k", pipe_round_trip },
	{ "11", "fork-exit-wait", fork_exit }, { "11b", "fork-exit-wait-10m", fork_exit },
	{ "12", "fork-exec-exit-wait", fork_exec }, { "12b", "fork-exec-exit-wait-10m", fork_exec },
};

static int run(const struct row *r)
{
	variant = r->row[strlen(r->row) - 1];
	r->run();
	report(r->row, r->name);
	return 0;
}

/* The same program again, for one row. */
static int run_apart(const struct row *r)
{
	char number[8], *argv[] = { (char *)progname, "-n", number, (char *)r->row, NULL };
	int status, pid = fork();

	if (!pid) {
		snprintf(number, sizeof(number), "%d", rounds);
		execve(PTR(getauxval(AT_EXECFN)), argv, environ);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf("bench: row %s ended with status 0x%x\n", r->row, status);
	return status != 0;
}

static bool wanted(const struct row *r, int argc, char **argv)
{
	for (int k = 1; k < argc; k++) {
		if (!strcmp(argv[k], r->row))
			return true;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	uint64_t started = rdtsc();
	int failed = 0;

	if (getpid() == 1)
		printf("bench: process 1 since tick %llu\n", started);
	if (argc > 2 && !strcmp(argv[1], "-n")) {
		rounds = atoi(argv[2]);
		if (rounds < 1 || rounds > MOST_ROUNDS) {
			printf("bench: %s rounds: 1 to %d are possible\n", argv[2], MOST_ROUNDS);
			return 2;
		}
		argc -= 2;
		argv += 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (wanted(&rows[i], argc, argv))
			failed |= (argc == 2 ? run : run_apart)(&rows[i]);
	}
	return failed;
}
