/* SPDX-License-Identifier: MIT */
/*
 * ids: identity, names, limits, umask and the other small questions; and that numbers which nobody serves say ENOSYS.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static void test_identity(void)
{
	int uid = sys(__NR_getuid32), gid = sys(__NR_getgid32);

	ok(uid >= 0 && gid >= 0, "user and group");
	ok(sys(__NR_geteuid32) == uid && sys(__NR_getegid32) == gid, "effective ones are the same");
	ok((sys(__NR_getuid) & 0xffff) == (uid & 0xffff) || uid > 0xffff, "the 16-bit call agrees");
	ok(getpid() == gettid() && getpid() > 0, "one thread: its number is the process's");
	equal("set_tid_address tells the thread's number", sys(__NR_set_tid_address, NULL), gettid());
	equal("getgroups of a negative number", sys(__NR_getgroups32, -1, NULL), -EINVAL);
	ok(sys(__NR_getgroups32, 0, NULL) >= 0, "getgroups counts");
	static const uint32_t groups[2];
	ok(uid || !sys(__NR_setgroups32, 2, groups), "root is of its group");
	ok(uid || !sys(__NR_setgroups32, 0, NULL), "or of none");
	ok(uid || sys(__NR_setgroups32, 65537, groups) == -EINVAL, "but of no more than there may be");
	ok(uid || sys(__NR_setgroups32, 1, NULL) == -EFAULT, "setgroups of what can't be read");
}

static void test_uname(void)
{
	struct utsname u;

	memset(&u, 'z', sizeof(u));
	equal("uname", uname(&u), 0);
	ok(strlen(u.sysname) < UTS_LEN && strlen(u.release) < UTS_LEN && strlen(u.version) < UTS_LEN, "texts end");
	ok(u.release[0] >= '0' && u.release[0] <= '9', "the release starts with a number");
	ok(strlen(u.machine) > 3 && strlen(u.nodename) < UTS_LEN, "machine and node");
}

static void test_sysinfo(void)
{
	struct sysinfo s = { 0 };

	equal("sysinfo", sys(__NR_sysinfo, &s), 0);
	ok(s.uptime >= 0 && s.procs > 0 && s.mem_unit > 0, "up, with processes");
	ok(s.totalram > 0 && s.freeram > 0 && s.freeram <= s.totalram, "memory in all, memory free");
}

static void test_limits(void)
{
	struct rlimit l, old;
	struct rlimit64 wide;

	equal("getrlimit", sys(__NR_ugetrlimit, RLIMIT_NOFILE, &l), 0);
	ok(l.rlim_cur >= 64 && l.rlim_cur <= l.rlim_max, "a limit is at most its hard limit");
	equal("prlimit64", sys(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &wide), 0);
	ok(wide.rlim_cur == l.rlim_cur, "says the same");
	equal("old getrlimit", sys(__NR_getrlimit, RLIMIT_NOFILE, &old), 0);
	equal("says the same, too", old.rlim_cur, l.rlim_cur);
	equal("getrlimit of what isn't", sys(__NR_ugetrlimit, RLIM_NLIMITS, &l), -EINVAL);
	struct rlimit bad = { 20, 10 };
	equal("setrlimit above the hard limit", sys(__NR_setrlimit, RLIMIT_NOFILE, &bad), -EINVAL);
	equal("setrlimit of what isn't", sys(__NR_setrlimit, 99, &bad), -EINVAL);
	equal("prlimit64 of nobody", sys(__NR_prlimit64, 0x3fffffff, RLIMIT_NOFILE, NULL, &wide), -ESRCH);
	wide = (struct rlimit64){ 7, 6 };
	equal("prlimit64 above the hard limit", sys(__NR_prlimit64, 0, RLIMIT_NOFILE, &wide, NULL), -EINVAL);
}

static int few_files(void)
{
	struct rlimit l = { 8, 10 };
	int fd[2], last = -1, r;

	if (sys(__NR_setrlimit, RLIMIT_NOFILE, &l) || sys(__NR_ugetrlimit, RLIMIT_NOFILE, &l) || l.rlim_cur != 8)
		return 1;
	while ((r = dup(0)) >= 0)
		last = r;
	if (r != -EMFILE || last != 7)
		return 2;
	if (open("/", O_RDONLY) != -EMFILE || dup2(0, 8) != -EBADF || fcntl(0, F_DUPFD, 8) != -EINVAL)
		return 3;
	close(7);
	return pipe(fd) == -EMFILE && dup(0) == 7 && fcntl(0, F_DUPFD, 3) == -EMFILE ? 0 : 4;
}

static int small_files(void)
{
	struct rlimit l = { 100, 100 };
	int fd = open("limited", O_CREAT | O_RDWR, 0600);
	char buf[200] = "";

	sys(__NR_setrlimit, RLIMIT_FSIZE, &l);
	signal(SIGXFSZ, PTR(SIG_IGN));
	if (write(fd, buf, 200) != 100 || write(fd, buf, 1) != -EFBIG)
		return 1;
	signal(SIGXFSZ, PTR(SIG_DFL));
	write(fd, buf, 1);
	return 2;
}

static int little_memory(void)
{
	struct rlimit l = { 4 << 20, 4 << 20 };

	sys(__NR_setrlimit, RLIMIT_AS, &l);
	void *p = mmap(NULL, 8 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == PTR(-ENOMEM) ? 0 : 1;
}

static void test_small(void)
{
	char name[32];
	uint32_t mask[32], cpu = 99, node = 99;
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	sys(__NR_prctl, PR_SET_NAME, "short\0behind the end", 0, 0, 0);
	sys(__NR_prctl, PR_GET_NAME, name, 0, 0, 0);
	bool padded = !memcmp(name, "short\0\0\0\0\0\0\0\0\0\0", 16);
	equal("prctl sets the name", padded ? sys(__NR_prctl, PR_SET_NAME, "a name that is too long", 0, 0, 0) : 1, 0);
	sys(__NR_prctl, PR_GET_NAME, name, 0, 0, 0);
	same_text("and cuts it off", name, "a name that is ");
	equal("prctl of something unknown", sys(__NR_prctl, 12345, 0, 0, 0, 0), -EINVAL);
	ok(sys(__NR_sched_getaffinity, 0, sizeof(mask), mask) > 0 && mask[0], "sched_getaffinity tells a processor");
	equal("sched_getaffinity of nobody", sys(__NR_sched_getaffinity, 0x3fffffff, sizeof(mask), mask), -ESRCH);
	ok(sys(__NR_getcpu, &cpu, &node, NULL) == 0 && cpu < 99 && node < 99, "getcpu");
	equal("getrandom", sys(__NR_getrandom, a, 16, 0) + sys(__NR_getrandom, b, 16, GRND_NONBLOCK), 32);
	ok(memcmp(a, b, 16) != 0, "gives something new");
	equal("getrandom with unknown flags", sys(__NR_getrandom, a, 16, 0x80), -EINVAL);
	equal("sched_yield", sched_yield(), 0);
	equal("sync", sys(__NR_sync), 0);
	int fd = open("/", O_RDONLY);
	equal("fsync", sys(__NR_fsync, fd), 0);
	equal("fdatasync of a bad descriptor", sys(__NR_fdatasync, 99), -EBADF);
	close(fd);
	equal("set_robust_list of a wrong size", sys(__NR_set_robust_list, NULL, 13), -EINVAL);
}

/* Nicer by more than there is; the C library's nice never asks for that. */
static int very_nice(void)
{
	sys(__NR_nice, 1), sys(__NR_nice, INT32_MAX);
	return sys(__NR_getpriority, 0, 0);
}

/* Numbers that Linux i386 gave up or never gave out: each must be refused, by both ways in. */
static void test_unknown(void)
{
	static const int numbers[] = { 17, 31, 32, 35, 44, 53, 56, 58, 98, 127, 130, 137, 167, 188, 189, 222, 223, 251, 285, 387,
				       392, 415, 500, 1000, 0xffff, 0x10000, 0x7fffffff, (int)0x80000000, -1, -2, -4095 };
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (sys(numbers[i], 0, 0, 0, 0, 0, 0) != -ENOSYS || sys80(numbers[i], 0, 0, 0, 0, 0, 0) != -ENOSYS) {
			printf("# number %d is served\n", numbers[i]);
			wrong++;
		}
	equal("numbers that nobody serves", wrong, 0);
}

int main(void)
{
	plan(48);
	scratch_enter();
	test_identity();
	test_uname();
	test_sysinfo();
	test_limits();
	equal("a limit on descriptors", in_child(few_files), 0);
	equal("a limit on the size of files", in_child(small_files) & ~0x80, SIGXFSZ);
	equal("a limit on memory", in_child(little_memory), 0);
	equal("the nicest", in_child(very_nice), W_EXITCODE(1, 0));
	test_small();
	test_unknown();
	scratch_leave();
	return done();
}
