/* SPDX-License-Identifier: MIT */
/*
 * exhaust [LATE [NAME]]: one resource after another used up by a child of its own, while another process goes on; afterwards the memory is back.
 *
 * A hog takes until it is refused, and says by what; or it is killed for its memory. The neighbour sleeps in short steps, notes how late it wakes, and answers
 * questions; more than LATE milliseconds are an error, 10,000 if not said, for the host has other things to do, too. Each hog has two goes: the first makes what the kernel keeps for reuse. Meant for a guest, as leak.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define MIB   (1u << 20)
#define SLACK 64		/* KiB that a few cached objects may be */

static struct { volatile uint32_t asked, answered, latest; } *shared;
static char page[4096];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) neighbour(void)
{
	static const struct timespec step = { 0, 5000000 };

	for (;;) {
		uint64_t before = now_ms();
		nanosleep(&step, NULL);
		shared->latest = max(shared->latest, (uint32_t)(now_ms() - before));
		shared->answered = shared->asked;
	}
}

static bool neighbour_answers(void)
{
	static const struct timespec step = { 0, 5000000 };

	shared->asked++;
	for (int i = 0; i < 1000 && shared->answered != shared->asked; i++)
		nanosleep(&step, NULL);
	return shared->answered == shared->asked;
}

/* ---- hogs: each returns the error that ended it ---- */

static int descriptors(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		;
	return fd;
}

static int pipes(void)
{
	int fd[2], r;

	while (!(r = pipe2(fd, O_NONBLOCK)))
		while (write(fd[1], page, sizeof(page)) > 0)
			;
	return r;
}

static int one_file(void)
{
	int fd = open("big", O_WRONLY | O_CREAT | O_TRUNC, 0644), r;

	while ((r = write(fd, page, sizeof(page))) > 0)
		;
	return r;
}

static int many_names(void)
{
	char name[240];
	int r = 0;

	memset(name, 'n', sizeof(name));
	for (int i = 0; r >= 0 && i < 1000000; i++) {
		snprintf(name + 220, 20, "%d", i);
		r = i % 3 == 0 ? sys(__NR_mknod, name, S_IFREG | 0644, 0) : i % 3 == 1 ? mkdir(name, 0755) : sys(__NR_symlink, name, name);
	}
	return r;
}

static int mappings(void)
{
	void *p;

	for (int i = 0;; i++)
		if (is_err(ADDR(p = mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))))
			return (int)ADDR(p);
}

static int touched(int flags)
{
	for (;;) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
		if (is_err(ADDR(p)))
			return (int)ADDR(p);
		for (uint32_t at = 0; at < MIB; at += 4096)
			p[at] = 1;
	}
}

static int memory(void)
{
	return touched(MAP_PRIVATE);
}

static int shared_memory(void)
{
	return touched(MAP_SHARED);
}

static int tables(void)
{
	void *p = mmap(NULL, 0x70000000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (is_err(ADDR(p)))
		return (int)ADDR(p);
	for (uint32_t at = 0; at < 0x70000000; at += 2 * MIB)
		((volatile char *)p)[at] = 1;
	return -ENOMEM;
}

static int heap(void)
{
	void *p;

	while (!is_err(ADDR(p = sbrk(MIB))))
		memset(p, 1, MIB);
	return (int)ADDR(p);
}

static int stack(void)
{
	static int (*volatile deeper)(void) = stack;
	volatile char room[4096];

	room[0] = room[4095] = 1;
	return deeper() + room[0];
}

static int children(void)
{
	int pid;

	while ((pid = fork()) > 0)
		;
	if (!pid)
		sys(__NR_pause);
	return pid;
}

/* They need no stack. */
static int threads(void)
{
	int result;

	do
		asm volatile("int $0x80; test %%eax, %%eax; jnz 1f; 2: movl %2, %%eax; int $0x80; jmp 2b; 1:" : "=a" (result)
			     : "0" (__NR_clone), "i" (__NR_pause), "b" (CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD),
			       "c" (0), "d" (0), "S" (0), "D" (0) : "memory");
	while (result > 0);
	return result;
}

static int signals(void)
{
	siginfo_t info = { .si_signo = 40, .si_code = SI_QUEUE };
	int r;

	sigprocmask(SIG_BLOCK, SIGMASK(40), NULL);
	while (!(r = sys(__NR_rt_sigqueueinfo, getpid(), 40, &info)))
		;
	return r;
}

static int locks(void)
{
	struct flock64 l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open("locks", O_RDWR | O_CREAT, 0644), r = 0;

	for (uint32_t i = 0; !r && i < 3000; i++) {
		l.l_start = 2 * i;
		l.l_type = i % 2 ? F_WRLCK : F_RDLCK;
		r = fcntl(fd, F_SETLK64, &l);
	}
	return r;
}

static int words(void)
{
	static char *list[20000];
	int r = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(list) - 1; i++)
		list[i] = "a word of some length, many times over";
	for (int i = 0; i < 50; i++)
		r = execve("/tests/exitcode", list, environ);
	return r;
}

/* Which of the errors comes first depends on the size of the machine; 0 is one of them only in the first place: the hog has an end of its own. */
static const struct hog { const char *name; int (*fn)(void); int errors[3]; } hogs[] = {
	{ "descriptors", descriptors, { EMFILE } }, { "pipes", pipes, { EMFILE, ENOMEM } }, { "a file", one_file, { ENOSPC, ENOMEM, EFBIG } },
	{ "names", many_names, { ENOSPC, ENOMEM } }, { "mappings", mappings, { ENOMEM } }, { "memory", memory, { ENOMEM } },
	{ "shared memory", shared_memory, { ENOMEM } }, { "page tables", tables, { ENOMEM } }, { "the heap", heap, { ENOMEM } }, { "the stack", stack, { 0 } },
	{ "children", children, { EAGAIN, ENOMEM } }, { "threads", threads, { EAGAIN, ENOMEM } }, { "queued signals", signals, { EAGAIN } },
	{ "locks", locks, { 0, ENOLCK, ENOMEM } }, { "words of execve", words, { E2BIG, ENOMEM } },
};

static bool allowed(const struct hog *h, int error)
{
	for (unsigned i = 0; i < ARRAY_SIZE(h->errors); i++)
		if (error == h->errors[i] && (error || i == 0))
			return true;
	return false;
}

/* In a group of its own, which ends with it. */
static bool go(const struct hog *h)
{
	int status = -1, pid = fork();

	if (!pid) {
		setpgid(0, 0);
		_exit(-h->fn());
	}
	if (pid < 0)
		return false;
	setpgid(pid, pid);
	while (waitpid(pid, &status, 0) == -EINTR)
		;
	kill(-pid, SIGKILL);
	while (waitpid(-pid, NULL, 0) > 0)
		;
	bool good = WIFEXITED(status) ? allowed(h, WEXITSTATUS(status)) : WTERMSIG(status) == SIGKILL || (h->fn == stack && WTERMSIG(status) == SIGSEGV);
	if (!good)
		printf("# %s: status %#x\n", h->name, status);
	return good;
}

static void tidy(void)
{
	scratch_leave();
	scratch_enter();
}

/* Whoever is orphaned is reaped by process 1, in its time. */
static long settled(void)
{
	static const struct timespec step = { 0, 10000000 };
	long is = mem_free(), was;

	for (int i = 0, same = 0; i < 500 && same < 10; i++) {
		nanosleep(&step, NULL);
		was = is;
		is = mem_free();
		same = is == was ? same + 1 : 0;
	}
	return is;
}

int main(int argc, char **argv)
{
	static char text[80];
	int count = 0;
	uint32_t late = 0, most = argc > 1 ? atoi(argv[1]) : 10000;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	scratch_enter();
	int pid = fork();
	if (!pid)
		neighbour();
	for (const struct hog *h = hogs; h < hogs + ARRAY_SIZE(hogs); h++) {
		if (argc > 2 && strcmp(argv[2], h->name))
			continue;
		count++;
		go(h);
		tidy();
		long before = settled();
		snprintf(text, sizeof(text), "%s run out in a way that is known", h->name);
		ok(go(h), text);
		snprintf(text, sizeof(text), "the neighbour outlives want of %s", h->name);
		ok(neighbour_answers(), text);
		tidy();
		printf("# %u ms at worst\n", shared->latest);
		late = max(late, shared->latest);
		shared->latest = 0;
		long lost = before - settled();
		snprintf(text, sizeof(text), "%s come back", h->name);
		if (!ok(lost <= SLACK, text))
			printf("# %ld KiB are missing of %ld\n", lost, before);
	}
	ok(late <= most, "the neighbour was served in time");
	plan(3 * count + 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	scratch_leave();
	return done();
}
