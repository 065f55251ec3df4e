/* SPDX-License-Identifier: MIT */
/*
 * threads: clone with shared everything, thread-local storage, futexes, and how threads and their group end.
 */
#include "abi/futex.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define THREADS 4

static uint8_t stacks[THREADS][8192] __attribute__((aligned(16)));
static volatile int tid[THREADS], cleared[THREADS];
static volatile int word, word2, count, woken;
static uint32_t area[THREADS][4];

static int futex(volatile int *w, int op, int val, const void *timeout, volatile int *w2, int val3)
{
	return sys(__NR_futex, w, op, val, timeout, w2, val3);
}

static void snooze(int ms)
{
	struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

static int start(int i, int (*fn)(void *), uint32_t flags, struct user_desc *tls)
{
	cleared[i] = 1;
	return thread_clone(THREAD | flags, stacks[i] + sizeof(stacks[i]), fn, PTR(i), (int *)&tid[i], tls, (int *)&cleared[i]);
}

/* The kernel zeroes the word and wakes one sleeper, by a futex that is not private. */
static void join(int i)
{
	while (cleared[i])
		futex(&cleared[i], FUTEX_WAIT, 1, NULL, NULL, 0);
}

static int add(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
		if (i % 100 == 0)
			sched_yield();
	}
	return 0;
}

static void test_basics(void)
{
	int pids[THREADS], good = 1;

	for (int i = 0; i < THREADS; i++) {
		pids[i] = start(i, add, 0, NULL);
		good &= pids[i] > 0;
	}
	for (int i = 0; i < THREADS; i++)
		join(i);
	ok(good, "clone of four threads");
	equal("they share memory", count, THREADS * 1000);
	for (int i = 0; i < THREADS; i++)
		good &= tid[i] == pids[i];
	ok(good, "numbers are stored as returned");
	equal("threads are not waited for", waitpid(-1, NULL, __WALL), -ECHILD);
	while (tgkill(getpid(), pids[0], 0) != -ESRCH)
		snooze(1);
	ok(true, "an ended thread is gone");
}

static volatile int seen_pid, seen_tid, seen_ppid, opened;
static int look(void *arg)
{
	(void)arg;
	seen_pid = getpid(), seen_tid = gettid(), seen_ppid = getppid();
	opened = open("/", O_RDONLY);
	chdir("/tmp");
	sys(__NR_umask, 0135);
	return 0;
}

static void test_sharing(void)
{
	char where[64];

	chdir("/");
	int t = start(0, look, 0, NULL);
	join(0);
	ok(seen_pid == getpid() && seen_tid == t && seen_ppid == getppid(), "a thread has its process's number and its own");
	equal("descriptors are shared", close(opened), 0);
	getcwd(where, sizeof(where));
	same_text("the working folder is shared", where, "/tmp");
	equal("umask is shared", sys(__NR_umask, 022), 0135);
}

/* ---- thread-local storage ---- */

static uint32_t gs_word(void)
{
	uint32_t v;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(v));
	return v;
}

static volatile int tls_wrong;
static int use_tls(void *arg)
{
	int i = (int)arg;

	for (int k = 0; k < 20; k++) {
		tls_wrong += gs_word() != 1000u + i;
		sched_yield();
	}
	return 0;
}

static void test_tls(void)
{
	area[0][0] = 1000;
	int slot = set_thread_pointer(ADDR(area[0]));
	ok(slot >= 0, "set_thread_area finds a free slot");
	equal("%gs reads there", gs_word(), 1000);
	for (int i = 1; i < THREADS; i++) {
		struct user_desc d = { .entry_number = slot, .base_addr = ADDR(area[i]), .limit = 0xfffff,
				       .flags = USER_DESC_SEG_32BIT | USER_DESC_LIMIT_IN_PAGES | USER_DESC_USEABLE };
		area[i][0] = 1000 + i;
		start(i, use_tls, CLONE_SETTLS, &d);
	}
	for (int k = 0; k < 20; k++) {
		tls_wrong += gs_word() != 1000;
		sched_yield();
	}
	for (int i = 1; i < THREADS; i++)
		join(i);
	equal("each thread has its own", tls_wrong, 0);
	int pid = fork(), status;
	if (!pid)
		_exit(gs_word() == 1000 ? 0 : 1);
	waitpid(pid, &status, 0);
	equal("a child inherits it", status, 0);
	struct user_desc d = { .entry_number = slot };
	equal("get_thread_area", sys(__NR_get_thread_area, &d), 0);
	ok(d.base_addr == ADDR(area[0]) && d.limit == 0xfffff && (d.flags & 0x7f) == 0x51, "tells what was set");
	d.entry_number = 2;
	equal("set_thread_area of a kernel's slot", sys(__NR_set_thread_area, &d), -EINVAL);
	equal("get_thread_area of it", sys(__NR_get_thread_area, &d), -EINVAL);
}

static void test_tls_slots(void)
{
	struct user_desc d = { .entry_number = -1, .base_addr = ADDR(area[1]), .limit = 0xfffff, .flags = 0x51 };
	int first = sys(__NR_set_thread_area, &d), a = d.entry_number;

	d.entry_number = -1;
	int second = sys(__NR_set_thread_area, &d);
	int b = d.entry_number;
	ok(first == 0 && second == 0 && a != b, "three slots in all");
	d.entry_number = -1;
	equal("no fourth", sys(__NR_set_thread_area, &d), -ESRCH);
	struct user_desc empty = { .entry_number = a, .flags = USER_DESC_EMPTY };
	equal("a slot is emptied", sys(__NR_set_thread_area, &empty), 0);
	d.entry_number = -1;
	equal("and is free again", sys(__NR_set_thread_area, &d), 0);
	equal("the same one", d.entry_number, a);
	struct user_desc code = { .entry_number = a, .limit = 0xfffff, .flags = 0x51 | 4 };
	code.flags &= ~USER_DESC_SEG_32BIT;
	equal("a 16-bit segment is refused", sys(__NR_set_thread_area, &code), -EINVAL);
}

/* ---- futexes ---- */

static void test_futex_errors(void)
{
	struct timespec soon = { 0, 3000000 }, bad = { 0, 1000000000 }, past = { 1, 0 };

	word = 5;
	equal("futex wait on another value", futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), -EAGAIN);
	equal("futex wait with a timeout", futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 5, &past, NULL, -1), -ETIMEDOUT);
	equal("relative", futex(&word, FUTEX_WAIT, 5, &soon, NULL, 0), -ETIMEDOUT);
	equal("by the wall clock", futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &past, NULL, -1), -ETIMEDOUT);
	equal("with a bad time", futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0), -EINVAL);
	equal("futex wake of nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	equal("futex at an odd address", futex((int *)(ADDR(&word) + 1), FUTEX_WAIT, 5, NULL, NULL, 0), -EINVAL);
	equal("futex at a bad address", futex(PTR(16), FUTEX_WAIT, 5, NULL, NULL, 0), -EFAULT);
	equal("futex with no bits", futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), -EINVAL);
	equal("futex wake with no bits", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL);
	equal("an unknown futex operation", futex(&word, 99, 0, NULL, NULL, 0), -ENOSYS);
	equal("requeue on another value", futex(&word, FUTEX_CMP_REQUEUE, 1, PTR(1), &word2, 4), -EAGAIN);
}

static int wait_bits(void *arg)
{
	futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 1 << (int)arg);
	__atomic_or_fetch(&woken, 1 << (int)arg, __ATOMIC_SEQ_CST);
	return 0;
}

/* Wakes until n sleepers in all have been there: they may not have gone to sleep yet. */
static int wake(volatile int *w, int n, int bits)
{
	int got = 0;

	for (int tries = 0; got < n && tries < 2000; tries++) {
		got += futex(w, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, n - got, NULL, NULL, bits);
		if (got < n)
			snooze(1);
	}
	return got;
}

static void test_futex_wake(void)
{
	word = woken = 0;
	for (int i = 0; i < 3; i++)
		start(i, wait_bits, 0, NULL);
	equal("wake by bits", wake(&word, 1, 2), 1);
	join(1);
	equal("woke the right one", woken, 2);
	equal("wake of the others", wake(&word, 2, -1), 2);
	join(0), join(2);
	equal("all woke", woken, 7);
}

static void test_requeue(void)
{
	int moved = 0;

	word = word2 = woken = 0;
	for (int i = 0; i < 3; i++)
		start(i, wait_bits, 0, NULL);
	for (int tries = 0; moved < 3 && tries < 2000; tries++) {
		moved += futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, PTR(10), &word2, 0);
		snooze(1);
	}
	equal("requeue moves sleepers", moved, 3);
	equal("nobody is left", futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0), 0);
	equal("nobody woke", woken, 0);
	equal("they are at the other word", wake(&word2, 3, -1), 3);
	join(0), join(1), join(2);
}

/* A futex in shared memory works between processes, a private one doesn't. */
static void test_futex_shared(void)
{
	int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), status, got = 0;
	int pid = fork();

	if (!pid)
		_exit(futex(w, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 0 : 1);
	for (int tries = 0; !got && tries < 2000; tries++) {
		snooze(1);
		got = futex(w, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	waitpid(pid, &status, 0);
	ok(got == 1 && status == 0, "a futex between processes");
	munmap(w, 4096);
}

/* ---- ends ---- */

static int forever(void *arg)
{
	(void)arg;
	while (futex(&word2, FUTEX_WAIT, word2, NULL, NULL, 0) != 1)
		;
	return 0;
}

static int end_by_exit_group(void)
{
	start(0, forever, 0, NULL);
	start(1, forever, 0, NULL);
	snooze(1);
	_exit(6);
}

static int leave(void *arg)
{
	snooze(2);
	(void)arg;
	_exit(7);
}

/* The first thread ends alone; the process goes on until another ends all. */
static int end_by_other(void)
{
	start(0, leave, 0, NULL);
	sys(__NR_exit, 3);
	return 1;
}

static int end_of_last(void)
{
	start(0, add, 0, NULL);
	sys(__NR_exit, 3);
	return 1;
}

static int crash(void *arg)
{
	*(volatile int *)arg = 1;
	return 0;
}

static int end_by_fault(void)
{
	start(0, crash, 0, NULL);
	return sys(__NR_pause);
}

static volatile int got_by;
static void on_usr1(int sig)
{
	(void)sig;
	got_by = gettid();
}

static int wait_signal(void *arg)
{
	(void)arg;
	while (!got_by)
		snooze(1);
	return 0;
}

static void test_signals(void)
{
	signal(SIGUSR1, on_usr1);
	int t = start(0, wait_signal, 0, NULL);
	tgkill(getpid(), t, SIGUSR1);
	join(0);
	equal("tgkill reaches the thread it names", got_by, t);
	got_by = 0;
	t = start(0, wait_signal, 0, NULL);
	sigprocmask(SIG_BLOCK, SIGMASK(SIGUSR1), NULL);
	int u = start(1, wait_signal, 0, NULL);
	kill(getpid(), SIGUSR1);
	join(0), join(1);
	ok(got_by == t, "kill reaches a thread that doesn't block it");
	(void)u;
	sigprocmask(SIG_UNBLOCK, SIGMASK(SIGUSR1), NULL);
}

int main(void)
{
	plan(50);
	test_basics();
	test_sharing();
	test_tls();
	test_tls_slots();
	test_futex_errors();
	test_futex_wake();
	test_requeue();
	test_futex_shared();
	test_signals();
	equal("exit_group ends sleeping threads", in_child(end_by_exit_group), W_EXITCODE(6, 0));
	equal("a process outlives its first thread", in_child(end_by_other), W_EXITCODE(7, 0));
	ok(WIFEXITED(in_child(end_of_last)), "a process whose threads all end has exited");
	equal("a fault in a thread ends all", in_child(end_by_fault) & ~0x80, SIGSEGV);
	return done();
}
