/* SPDX-License-Identifier: MIT */
/*
 * vdsotest [random|compat|off [ADDRESS]]: the gate from inside.
 *
 * Checks that the page is where the mode promises (for compat also at ADDRESS), that symbols resolve by version,
 * that each entry passes six arguments and keeps the registers that Linux keeps, that both signal returns go
 * through the page with the bytes unwinders look for, that TF and NT set by the program do no harm, that the time
 * functions agree with the calls, that maps shows the page, and that it can be moved. Without a mode it accepts
 * what it finds. Also runs on a Linux host; its output is the same there.
 */
#include "user/libc/libc.h"
#include "user/libc/probe.h"
#include "user/libc/tap.h"
#include "user/libc/vdso.h"

#define USER_TOP 0xc0000000u
#define TF       0x100u
#define NT       0x4000u

static struct vdso v;
static bool have;

static bool readable(const char *range_word, uint32_t addr, bool only_vdso)
{
	static char maps[8192];

	if (read_file("/proc/self/maps", maps, sizeof(maps)) < 0)
		return false;
	for (char *line = maps; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		char *rest;
		uint32_t from = strtoul(line, &rest, 16), to = strtoul(rest + 1, &rest, 16);
		char *end = strchr(line, '\n');
		char *word = strstr(line, range_word);
		if (addr - from < to - from)
			return !only_vdso || (word && (!end || word < end));
	}
	return false;
}

static void test_place(const char *mode, const char *address)
{
	uint32_t page = ADDR(v.ehdr);

	ok(page % 4096 == 0, "page aligned");
	equal("AT_SYSINFO is __kernel_vsyscall", getauxval(AT_SYSINFO), vdso_lookup(&v, "__kernel_vsyscall", "LINUX_2.5"));
	same_text("soname", v.soname, "linux-gate.so.1");
	if (!mode)
		ok(true, "address as promised");
	else if (!strcmp(mode, "compat"))
		ok(page >= USER_TOP && v.bias == 0 && (!address || page == strtoul(address, NULL, 16)),
		   "address as promised");
	else
		ok(v.bias == page && !strcmp(mode, "random"), "address as promised");
	ok(readable("[vdso]", page, true), "maps shows [vdso]");
}

static void test_symbols(void)
{
	static const char *const names[][2] = {
		{ "__kernel_vsyscall", "LINUX_2.5" }, { "__kernel_sigreturn", "LINUX_2.5" },
		{ "__kernel_rt_sigreturn", "LINUX_2.5" }, { "__vdso_clock_gettime", "LINUX_2.6" },
		{ "__vdso_clock_gettime64", "LINUX_2.6" }, { "__vdso_gettimeofday", "LINUX_2.6" },
		{ "__vdso_time", "LINUX_2.6" }, { "__vdso_clock_getres", "LINUX_2.6" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[64];
		snprintf(name, sizeof(name), "symbol %s@%s", names[i][0], names[i][1]);
		ok(vdso_lookup(&v, names[i][0], names[i][1]) - ADDR(v.ehdr) < 8192, name);
	}
}

static void test_bytes(void)
{
	static const uint8_t sigreturn[] = { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 };
	static const uint8_t rt_sigreturn[] = { 0xb8, 173, 0, 0, 0, 0xcd, 0x80 };
	const void *a = PTR(vdso_lookup(&v, "__kernel_sigreturn", NULL));
	const void *b = PTR(vdso_lookup(&v, "__kernel_rt_sigreturn", NULL));

	ok(a && !memcmp(a, sigreturn, sizeof(sigreturn)), "sigreturn bytes");
	ok(b && !memcmp(b, rt_sigreturn, sizeof(rt_sigreturn)), "rt_sigreturn bytes");
}

/* ---- the entries ---- */

static void label(char *out, size_t size, const char *entry, const char *what)
{
	snprintf(out, size, "%s: %s", entry, what);
}

static bool kept(const struct probe_regs *a, const struct probe_regs *b)
{
	return a->ebx == b->ebx && a->ecx == b->ecx && a->edx == b->edx && a->esi == b->esi && a->edi == b->edi &&
	       a->ebp == b->ebp && b->esp == 0;
}

/* mmap2 takes six arguments, and the sixth shows: it is the page of the file that appears. */
static void test_six(const char *entry, uint32_t addr)
{
	static const char page[4096];
	char name[64];
	int fd = open("/tmp/vdsotest.file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 3; i++) {
		write_all(fd, page, sizeof(page) - 1);
		write_all(fd, &"abc"[i], 1);
	}
	struct probe_regs r = { .eax = __NR_mmap2, .ecx = 4096, .edx = PROT_READ, .esi = MAP_PRIVATE, .edi = fd, .ebp = 2,
				.eflags = 0x202 };
	struct probe_regs was = r;
	probe_call(addr, &r);
	label(name, sizeof(name), entry, "six arguments");
	ok(!is_err(r.eax) && ((char *)PTR(r.eax))[4095] == 'c', name);
	label(name, sizeof(name), entry, "registers kept with six arguments");
	ok(kept(&was, &r), name);
	munmap(PTR(r.eax), 4096);
	close(fd);
	unlink("/tmp/vdsotest.file");
}

static void test_registers(const char *entry, uint32_t addr)
{
	struct probe_regs r = { __NR_getppid, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666,
				0x202 | 0xcd5, 0 };	/* with carry, parity, adjust, zero, sign, direction, overflow */
	struct probe_regs was = r;
	char name[64];

	probe_call(addr, &r);
	label(name, sizeof(name), entry, "result");
	equal(name, r.eax, getppid());
	label(name, sizeof(name), entry, "registers kept");
	ok(kept(&was, &r), name);
	label(name, sizeof(name), entry, "unknown call");
	r = (struct probe_regs){ .eax = 9999, .eflags = 0x202 };
	probe_call(addr, &r);
	equal(name, r.eax, -ENOSYS);
	label(name, sizeof(name), entry, "NT set by the program");
	r = (struct probe_regs){ .eax = __NR_getppid, .eflags = 0x202 | NT };
	probe_call(addr, &r);
	equal(name, r.eax, getppid());
}

static volatile int traps, outside;

static void on_trap(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig, (void)info;
	traps++;
	outside += uc->uc_mcontext.eip >= USER_TOP && uc->uc_mcontext.eip - ADDR(v.ehdr) >= 4096;
}

/* The host may report one trap more or less around the call; that each instruction traps at all is what counts. */
static void test_single_step(const char *entry, uint32_t addr)
{
	struct probe_regs r = { .eax = __NR_getppid, .ebx = 0x1234, .ebp = 0x5678, .eflags = 0x202 | TF };
	struct probe_regs was = r;
	char name[64];

	traps = outside = 0;
	signal_info(SIGTRAP, on_trap, 0);
	probe_call(addr, &r);
	int seen = traps;
	sigaction(SIGTRAP, &(struct k_sigaction){ .handler = SIG_DFL }, NULL);
	label(name, sizeof(name), entry, "single-step: result");
	ok(r.eax == (uint32_t)getppid() && kept(&was, &r), name);
	label(name, sizeof(name), entry, "single-step: traps, only in user code");
	ok(seen >= 14 && seen < 60 && outside == 0, name);
	label(name, sizeof(name), entry, "single-step: TF survives the call");
	ok(r.eflags & TF, name);
}

static void test_entry(const char *entry, uint32_t addr)
{
	test_registers(entry, addr);
	test_six(entry, addr);
	test_single_step(entry, addr);
}

/* ---- a sixth argument that cannot be read ---- */


static void on_bad_ebp(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig, (void)info;
	_exit(uc->uc_mcontext.eax == (uint32_t)-EFAULT ? 0 : 1);
}

/* Only where the page itself uses sysenter; the kernel must come back with -EFAULT on a stack that is not there. */
static void test_bad_ebp(void)
{
	static uint8_t stack[8192];
	const uint8_t *p = PTR(vdso_lookup(&v, "__kernel_vsyscall", NULL));
	bool sysenter = false;

	for (int i = 0; i < 12; i++)
		sysenter |= p[i] == 0x0f && p[i + 1] == 0x34;
	int status = 0, pid = sysenter ? fork() : -1;
	if (!pid) {
		stack_t ss = { .ss_sp = ADDR(stack), .ss_size = sizeof(stack) };
		sys(__NR_sigaltstack, &ss, NULL);
		signal_info(SIGSEGV, on_bad_ebp, SA_ONSTACK);
		probe_sysenter(__NR_getppid, 0x1000);
		_exit(2);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	equal("sysenter with a bad ebp", status, 0);
}

/* ---- signal return ---- */

static volatile uint32_t return_address;
static volatile int handled;

static void on_classic(int sig)
{
	handled = sig;
	return_address = ((uint32_t *)__builtin_frame_address(0))[1];
}

static void on_info(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)uc;
	handled = info->si_signo == sig ? sig : -1;
	return_address = ((uint32_t *)__builtin_frame_address(0))[1];
}

static void test_signals(void)
{
	uint32_t cookie = 0x13572468;

	signal(SIGUSR1, on_classic);
	raise(SIGUSR1);
	ok(handled == SIGUSR1 && cookie == 0x13572468, "classic signal");
	if (have)
		equal("classic signal returns through the page", return_address,
		      vdso_lookup(&v, "__kernel_sigreturn", "LINUX_2.5"));
	signal_info(SIGUSR2, on_info, 0);
	raise(SIGUSR2);
	ok(handled == SIGUSR2 && cookie == 0x13572468, "rt signal");
	if (have)
		equal("rt signal returns through the page", return_address,
		      vdso_lookup(&v, "__kernel_rt_sigreturn", "LINUX_2.5"));
}

/* ---- time ---- */

typedef int (*clock_fn)(int, void *);

static int64_t ns32(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void test_clock(const char *name, int clock)
{
	clock_fn get = (clock_fn)PTR(vdso_lookup(&v, "__vdso_clock_gettime", "LINUX_2.6"));
	clock_fn get64 = (clock_fn)PTR(vdso_lookup(&v, "__vdso_clock_gettime64", "LINUX_2.6"));
	struct timespec before = { 0, 0 }, mine, after;
	struct timespec64 wide;
	int good = 0;

	for (int i = 0; i < 1000; i++) {
		sys80(__NR_clock_gettime, clock, &before);
		int r = get(clock, &mine) | get64(clock, &wide);
		sys80(__NR_clock_gettime, clock, &after);
		good += r == 0 && ns32(&before) <= ns32(&mine) && ns32(&mine) <= ns32(&after) &&
			ns32(&mine) <= wide.tv_sec * 1000000000ll + wide.tv_nsec;
	}
	equal(name, good, 1000);
}

static void test_monotonic(void)
{
	clock_fn get = (clock_fn)PTR(vdso_lookup(&v, "__vdso_clock_gettime", "LINUX_2.6"));
	struct timespec t;
	int64_t last = 0;
	int back = 0;

	for (int i = 0; i < 20000; i++) {
		get(CLOCK_MONOTONIC, &t);
		back += ns32(&t) < last;
		last = ns32(&t);
	}
	equal("monotonic clock never goes back", back, 0);
}

static void test_other_times(void)
{
	int (*tod)(struct timeval *, void *) = (int (*)(struct timeval *, void *))
		PTR(vdso_lookup(&v, "__vdso_gettimeofday", "LINUX_2.6"));
	int (*now)(int32_t *) = (int (*)(int32_t *))PTR(vdso_lookup(&v, "__vdso_time", "LINUX_2.6"));
	clock_fn res = (clock_fn)PTR(vdso_lookup(&v, "__vdso_clock_getres", "LINUX_2.6"));
	struct timeval a, b;
	struct timespec x = { 0, 0 }, y = { 0, 0 };
	int32_t stored;

	sys80(__NR_gettimeofday, &a, NULL);
	int r = tod(&b, NULL);
	int64_t apart = (b.tv_sec - a.tv_sec) * 1000000ll + b.tv_usec - a.tv_usec;
	ok(r == 0 && apart >= 0 && apart < 1000000, "gettimeofday agrees");
	int32_t t = now(&stored), u = sys80(__NR_time, NULL);
	ok(t == stored && u - t >= 0 && u - t <= 1, "time agrees");
	sys80(__NR_clock_getres, CLOCK_MONOTONIC, &x);
	r = res(CLOCK_MONOTONIC, &y);
	ok(r == 0 && ns32(&x) == ns32(&y) && ns32(&x) > 0, "clock_getres agrees");
	equal("clock_gettime of a bad clock", ((clock_fn)PTR(vdso_lookup(&v, "__vdso_clock_gettime", NULL)))(99, &x),
	      -EINVAL);
}

/* Linux 6.1 has no such function in this page, so it is tested only where a mode is promised. */
static void test_getcpu(void)
{
	int (*getcpu)(uint32_t *, uint32_t *, void *) =
		(int (*)(uint32_t *, uint32_t *, void *))PTR(vdso_lookup(&v, "__vdso_getcpu", "LINUX_2.6"));
	uint32_t cpu = 1, node = 1;

	ok(getcpu && !getcpu(NULL, NULL, NULL) && !getcpu(&cpu, NULL, NULL) && !cpu && !getcpu(NULL, &node, NULL) && !node, "getcpu");
}

/* ---- moving the page: last, because it cannot be undone ---- */

static void test_move(void)
{
	uint32_t page = ADDR(v.ehdr);

	if (page >= USER_TOP) {
		ok(true, "calls work after mremap of the page");
		return;
	}
	int status, pid = fork();
	if (!pid) {
		void *to = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		uint32_t span = readable("[vdso]", page + 4096, true) ? 8192 : 4096;
		uint32_t got = sys80(__NR_mremap, page, span, span, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		sysinfo += ADDR(to) - page;
		_exit(got == ADDR(to) && sys(__NR_getppid) == sys80(__NR_getppid) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	equal("calls work after mremap of the page", status, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : NULL, *problem;

	have = vdso_open(&v, &problem);
	if (!have) {
		plan(14);
		equal("no AT_SYSINFO", getauxval(AT_SYSINFO), 0);
		ok(!mode || !strcmp(mode, "off"), "address as promised");
		ok(!readable("[vdso]", 0xffffe000, true), "maps shows no [vdso]");
		test_entry("int80", ADDR(int80_stub));
		test_signals();
		return done();
	}
	plan(mode ? 47 : 46);
	test_place(mode, argc > 2 ? argv[2] : NULL);
	test_symbols();
	test_bytes();
	test_entry("int80", ADDR(int80_stub));
	test_entry("gate", getauxval(AT_SYSINFO));
	test_bad_ebp();
	test_signals();
	test_clock("monotonic clock agrees", CLOCK_MONOTONIC);
	test_clock("real-time clock agrees", CLOCK_REALTIME);
	test_monotonic();
	test_other_times();
	if (mode)
		test_getcpu();
	test_move();
	return done();
}
