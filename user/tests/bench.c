/* SPDX-License-Identifier: MIT */
/*
 * bench [-n ROUNDS] [ROW...]: ticks of the time-stamp counter per operation, the median of ROUNDS (11) rounds; one line per row.
 *
 * Under QEMU with -icount shift=0 a tick is one instruction, and the count covers user, kernel and hypervisor. Rows
 * and definitions are those of the project's performance sheet; 4f and 10f repeat rows 4 and 10 with the FPU in use.
 * The two rdtsc around an operation are in the count; everything that can be prepared is prepared outside.
 */
#include "user/libc/libc.h"
#include "user/libc/vdso.h"

#define MOST_ROUNDS 200
#define PAGE        4096

static uint32_t ticks[MOST_ROUNDS];
static int rounds = 11;
static bool use_fpu;

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

static void touch_fpu(void)
{
	static float x = 1.5f;

	if (use_fpu)
		__asm__ volatile("flds %0; fadds %0; fstps %0" : "+m"(x));
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
	TIME({ touch_fpu(); kill(pid, SIGUSR1); });
}

static void open_close(void)
{
	close(open("/bench.file", O_RDWR | O_CREAT, 0600));
	TIME(close(open("/bench.file", O_RDONLY)));
	unlink("/bench.file");
}

static void read_page(void)
{
	static char buf[PAGE] __attribute__((aligned(PAGE)));
	int fd = open("/bench.file", O_RDWR | O_CREAT, 0600);

	write_all(fd, buf, PAGE);
	TIME(sys(__NR_pread64, fd, buf, PAGE, 0, 0));
	close(fd);
	unlink("/bench.file");
}

static void map_unmap(void)
{
	TIME({
		void *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(p, 4 * PAGE);
	});
}

static volatile char *fresh_pages(int n)
{
	return mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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
	volatile char *first = fresh_pages(MOST_ROUNDS + 1), *p = first;
	int fd[2];
	char c;

	for (int i = 0; i <= MOST_ROUNDS; i++)
		first[i * PAGE] = 1;
	p += (MOST_ROUNDS - rounds) * PAGE;
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
	munmap((void *)first, (MOST_ROUNDS - rounds) * PAGE);
}

static void pipe_round_trip(void)
{
	int to[2], from[2];
	char c = 0;

	pipe(to);
	pipe(from);
	int pid = fork();
	if (!pid) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1) {
			touch_fpu();
			write(from[1], &c, 1);
		}
		_exit(0);
	}
	TIME({ touch_fpu(); write(to[1], &c, 1); read(from[0], &c, 1); });
	close(to[1]);
	waitpid(pid, NULL, 0);
	close(to[0]);
	close(from[0]);
	close(from[1]);
}

static void fork_exit(void)
{
	TIME({
		int pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	});
}

static void fork_exec(void)
{
	char path[256];
	char *argv[] = { "exitcode", NULL };

	strlcpy(path, PTR(getauxval(AT_EXECFN)), sizeof(path) - 16);
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "exitcode");
	TIME({
		int pid = fork();
		if (!pid) {
			execve(path, argv, environ);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	});
}

static const struct {
	const char *row, *name;
	void (*run)(void);
} rows[] = {
	{ "1", "null-int80", null_int80 }, { "2", "null-gate", null_gate }, { "3", "vdso-clock", vdso_clock },
	{ "4", "signal", signal_self }, { "4f", "signal-fpu", signal_self }, { "5", "open-close", open_close },
	{ "6", "read-4k", read_page }, { "7", "mmap-munmap", map_unmap }, { "8", "page-fault", page_fault },
	{ "9", "cow-fault", cow_fault }, { "10", "pipe-round-trip", pipe_round_trip },
	{ "10f", "pipe-round-trip-fpu", pipe_round_trip }, { "11", "fork-exit-wait", fork_exit },
	{ "12", "fork-exec-exit-wait", fork_exec },
};

int main(int argc, char **argv)
{
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
		bool wanted = argc < 2;
		for (int k = 1; k < argc; k++)
			wanted |= !strcmp(argv[k], rows[i].row);
		if (!wanted)
			continue;
		use_fpu = strchr(rows[i].row, 'f') != NULL;
		rows[i].run();
		report(rows[i].row, rows[i].name);
	}
	return 0;
}
