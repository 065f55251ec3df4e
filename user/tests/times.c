/* SPDX-License-Identifier: MIT */
/*
 * times: clocks, sleeps, timers: what they return, that they go on, how signals cut them short. Never how late they are.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define MS 1000000

static volatile int alarms;

static void on_alarm(int sig)
{
	alarms += sig == SIGALRM || sig == SIGVTALRM || sig == SIGPROF;
}

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static int64_t now(int clock)
{
	struct timespec t = { 0, 0 };

	clock_gettime(clock, &t);
	return ns(&t);
}

/* The monotonic time that many seconds and milliseconds (below 1000) from now. */
static struct timespec in_ms(int s, int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += s, t.tv_nsec += ms * MS;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	return t;
}

static void test_clocks(void)
{
	static const struct {
		const char *name;
		int clock;
	} c[] = {
		{ "real time", 0 }, { "monotonic", 1 }, { "process time", 2 }, { "thread time", 3 }, { "raw", 4 },
		{ "coarse real time", 5 }, { "coarse monotonic", 6 }, { "since boot", 7 },
	};
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		struct timespec t = { -1, -1 }, res = { -1, -1 };
		struct timespec64 wide = { -1, -1, -1 };
		int r = clock_gettime(c[i].clock, &t), q = sys(__NR_clock_gettime64, c[i].clock, &wide);
		snprintf(name, sizeof(name), "clock %s", c[i].name);
		ok(r == 0 && t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000, name);
		snprintf(name, sizeof(name), "clock %s in 64 bits agrees", c[i].name);
		ok(q == 0 && wide.tv_sec - t.tv_sec <= 1 && wide.tv_sec >= t.tv_sec, name);
		snprintf(name, sizeof(name), "clock %s has a resolution", c[i].name);
		ok(sys(__NR_clock_getres, c[i].clock, &res) == 0 && res.tv_sec == 0 && res.tv_nsec > 0 && res.tv_nsec <= 10 * MS, name);
	}
	struct timespec t;
	equal("clock 99", clock_gettime(99, &t), -EINVAL);
	equal("resolution of clock 99", sys(__NR_clock_getres, 99, &t), -EINVAL);
	equal("resolution into nothing", sys(__NR_clock_getres, CLOCK_MONOTONIC, NULL), 0);
	equal("setting the monotonic clock", sys(__NR_clock_settime, CLOCK_MONOTONIC, &t), -EINVAL);
	t = (struct timespec){ 1, 1000000000 };
	equal("setting a clock to a bad time", sys(__NR_clock_settime, CLOCK_REALTIME, &t), -EINVAL);
}

static void test_agreement(void)
{
	struct timeval tv, last = { 0, 0 };
	int back = 0;
	int64_t a = now(CLOCK_REALTIME);
	int32_t stored = 0, t = sys(__NR_time, &stored);

	sys(__NR_gettimeofday, &tv, NULL);
	ok(tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll + 1000 >= a && tv.tv_sec - a / 1000000000 <= 1, "gettimeofday is real time");
	ok(t == stored && t >= a / 1000000000 - 1 && t <= tv.tv_sec, "and so is time");
	ok(tv.tv_sec > 1000000000, "it is after 2001");
	for (int i = 0; i < 1000; i++) {
		sys(__NR_gettimeofday, &tv, NULL);
		back += tv.tv_sec < last.tv_sec || (tv.tv_sec == last.tv_sec && tv.tv_usec < last.tv_usec);
		last = tv;
	}
	equal("it doesn't go back", back, 0);
	int64_t m = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	while (now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 30 * MS)		/* without a TSC the clock goes in steps of 10 ms */
		;
	ok(now(CLOCK_MONOTONIC) - m >= 15 * MS, "time used is no more than time gone by");
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	nanosleep(&(struct timespec){ 0, 30 * MS }, NULL);
	ok(now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 25 * MS, "sleep uses none");
}

static void test_sleep(void)
{
	struct timespec t = { 0, 5 * MS }, rem = { 77, 77 }, bad1 = { 0, 1000000000 }, bad2 = { -1, 0 }, bad3 = { 0, -1 }, at;
	int64_t a = now(CLOCK_MONOTONIC);

	equal("nanosleep", nanosleep(&t, &rem), 0);
	ok(now(CLOCK_MONOTONIC) - a >= 5 * MS, "takes as long as told");
	equal("and leaves the rest alone", rem.tv_sec, 77);
	equal("nanosleep of too many nanoseconds", nanosleep(&bad1, NULL), -EINVAL);
	equal("nanosleep of negative seconds", nanosleep(&bad2, NULL), -EINVAL);
	equal("nanosleep of negative nanoseconds", nanosleep(&bad3, NULL), -EINVAL);
	equal("nanosleep of nothing", nanosleep(&(struct timespec){ 0, 0 }, NULL), 0);
	at = in_ms(0, 5);
	equal("clock_nanosleep until", sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL), 0);
	ok(now(CLOCK_MONOTONIC) >= ns(&at), "takes until then");
	equal("until a time gone by", sys(__NR_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){ 1, 0 }, NULL), 0);
	equal("clock_nanosleep by clock 99", sys(__NR_clock_nanosleep, 99, 0, &t, NULL), -EINVAL);
	equal("clock_nanosleep of a bad time", sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad1, NULL), -EINVAL);
	struct timespec64 wide = { 0, MS, 0 };
	equal("clock_nanosleep_time64", sys(__NR_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &wide, NULL), 0);
}

/* Repeats, so that none is missed when the machine is slow. */
static void arm(int us)
{
	struct itimerval t = { { 0, us }, { 0, us } };

	sys(__NR_setitimer, ITIMER_REAL, &t, NULL);
}

static void test_interrupted(void)
{
	struct timespec t = { 5, 500 }, rem = { 77, 77 };

	alarms = 0;
	signal_info(SIGALRM, (void (*)(int, siginfo_t *, struct ucontext *))(void *)on_alarm, 0);
	arm(4000);
	equal("a handler interrupts nanosleep", nanosleep(&t, &rem), -EINTR);
	ok(alarms > 0 && rem.tv_sec <= 4 && rem.tv_sec >= 3, "which tells what is left");
	signal(SIGALRM, on_alarm);
	arm(4000), rem.tv_sec = 77;
	equal("even with SA_RESTART", nanosleep(&t, &rem), -EINTR);
	arm(4000), rem.tv_sec = 77;
	equal("clock_nanosleep, too", sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &rem), -EINTR);
	ok(rem.tv_sec <= 4 && rem.tv_sec >= 3, "which tells it as well");
	struct timespec at = in_ms(5, 0);
	arm(4000), rem.tv_sec = 77;
	signal_info(SIGALRM, (void (*)(int, siginfo_t *, struct ucontext *))(void *)on_alarm, 0);
	equal("clock_nanosleep until", sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, &rem), -EINTR);
	equal("which doesn't", rem.tv_sec, 77);
	arm(0);
}

static void test_stopped_sleep(void)
{
	struct timespec ms = { 0, 4 * MS };
	int status, pid = fork();

	if (!pid)
		_exit(nanosleep(&(struct timespec){ 0, 20 * MS }, NULL) == 0 ? 0 : 1);
	nanosleep(&ms, NULL);
	kill(pid, SIGSTOP), waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT), waitpid(pid, &status, 0);
	equal("a sleep that is stopped and continued ends well", status, 0);
}

static void test_timers(void)
{
	struct itimerval t = { { 0, 2000 }, { 0, 2000 } }, old, bad = { { 0, 0 }, { 0, 1000000 } }, off = { { 0, 0 }, { 0, 0 } };

	equal("setitimer", sys(__NR_setitimer, ITIMER_REAL, &t, NULL), 0);
	alarms = 0;
	while (alarms < 3)
		sys(__NR_pause);
	ok(true, "repeats");
	equal("setitimer off", sys(__NR_setitimer, ITIMER_REAL, &off, &old), 0);
	ok(old.it_interval.tv_usec == 2000 && old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 2000, "tells what it was");
	sys(__NR_getitimer, ITIMER_REAL, &old);
	ok(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0, "getitimer of one that is off");
	equal("setitimer of a bad time", sys(__NR_setitimer, ITIMER_REAL, &bad, NULL), -EINVAL);
	equal("setitimer of an unknown timer", sys(__NR_setitimer, 9, &t, NULL), -EINVAL);
	equal("getitimer of an unknown timer", sys(__NR_getitimer, 9, &t), -EINVAL);
	equal("alarm", sys(__NR_alarm, 100), 0);
	sys(__NR_getitimer, ITIMER_REAL, &old);
	ok(old.it_value.tv_sec >= 98 && old.it_value.tv_sec <= 100, "sets the same timer");
	equal("alarm tells what was left", sys(__NR_alarm, 0), 100);
	equal("alarm when there is none", sys(__NR_alarm, 0), 0);
}

/* Those that count what the process has run for. The times are long, because an emulator's host may be busy meanwhile. */
static void test_cpu_timer(int which, int sig)
{
	const struct itimerval t = { { 0, 0 }, { 0, 200000 } };
	struct itimerval left;
	int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID), begun = now(CLOCK_MONOTONIC);

	signal(sig, on_alarm);
	alarms = 0;
	equal("setitimer of CPU time", sys(__NR_setitimer, which, &t, NULL), 0);
	nanosleep(&(struct timespec){ 0, 300 * MS }, NULL);
	sys(__NR_getitimer, which, &left);
	ok(!alarms && left.it_value.tv_usec > 10000, "a sleep doesn't count");
	while (!alarms && now(CLOCK_MONOTONIC) - begun < 2000 * MS)
		for (volatile int i = 0; i < 100000; i++)	/* in ring 3, of which alone ITIMER_VIRTUAL is on Linux */
			;
	ok(alarms == 1 && now(CLOCK_PROCESS_CPUTIME_ID) - cpu >= 100 * MS, "but what is run");
	sys(__NR_getitimer, which, &left);
	ok(!left.it_value.tv_usec && !left.it_value.tv_sec, "once, if there is no interval");
}

static int fork_timer(void)
{
	struct itimerval t;

	sys(__NR_getitimer, ITIMER_REAL, &t);
	return t.it_value.tv_sec;
}

static void test_usage(void)
{
	struct tms a, b;
	struct rusage u;
	int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	long before = sys(__NR_times, &a);

	sys(__NR_alarm, 100);
	equal("a child has no alarm", in_child(fork_timer), 0);
	sys(__NR_alarm, 0);
	while (now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 25 * MS)
		;
	long after = sys(__NR_times, &b);
	ok(after - before >= 1 && after - before < 1000, "times counts ticks");
	ok(b.tms_utime + b.tms_stime >= a.tms_utime + a.tms_stime, "and time used");
	equal("times into nothing", sys(__NR_times, NULL) >= after, 1);
	equal("getrusage", sys(__NR_getrusage, RUSAGE_SELF, &u), 0);
	ok(u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec > 5000 && u.ru_utime.tv_sec < 60, "tells time used");
	equal("getrusage of children", sys(__NR_getrusage, RUSAGE_CHILDREN, &u), 0);
	equal("getrusage of something else", sys(__NR_getrusage, 5, &u), -EINVAL);
}

int main(void)
{
	plan(84);
	signal(SIGALRM, on_alarm);
	test_clocks();
	test_agreement();
	test_sleep();
	test_interrupted();
	test_stopped_sleep();
	test_timers();
	test_cpu_timer(ITIMER_VIRTUAL, SIGVTALRM);
	test_cpu_timer(ITIMER_PROF, SIGPROF);
	test_usage();
	return done();
}
