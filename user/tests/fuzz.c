/* SPDX-License-Identifier: MIT */
/*
 * fuzz [code|elf] [SEED [CALLS [WORKERS [wait]]]]: random system calls with nasty arguments, random machine code, or programs with damaged
 * headers, from several processes at once; afterwards the system is as before.
 *
 * A worker makes a batch of calls in a folder and a session of its own and is replaced when it has made them, has died or got stuck. Arguments are chosen by
 * the kind that the table says, and now and then by any kind. What a call does to the worker doesn't matter; that the kernel survives, that the memory comes
 * back and that other processes go on is what is checked. Calls of a batch follow from SEED and its number, so that with `tools/run --icount` a run can be
 * repeated exactly; "wait" keeps the system as it is at the end. Only for process 1, since it sends signals to everybody, and sweeps up with SIGKILL.
 */
#include "abi/futex.h"
#include "abi/mount.h"
#include "user/libc/libc.h"
#include "user/libc/rubbish.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define BATCH       200
#define MOST        8		/* workers */
#define SWEEP       32		/* batches after which whatever is left of the workers' children is killed */
#define TICK_NS     20000000
#define STUCK_TICKS 3
#define ARENA       0x20000000u	/* where bad and good data lie: pages of it, then a hole, then a page without rights */
#define ARENA_SIZE  0x4000u
#define STRINGS     (ARENA + 0x3000)
#define STRING_SIZE 64u

/*
 * Kinds of arguments: f descriptor, p pointer to data, s path, e program, n size or count, x flags, g signal, i process, o page-aligned address, t a short time's address,
 * v iovec, d segment's description, m function or size of modify_ldt, l a folder's path, k a type of file systems, a anything. WAITS: may wait, so an alarm is set first. RARE: one in
 * sixteen is made, because it tends to end the worker.
 */
enum { WAITS = 1, RARE };

static const struct call { uint16_t nr; uint8_t how; char kinds[8]; } calls[] = {
	{ __NR_restart_syscall, 0, "" }, { __NR_exit, RARE, "n" }, { __NR_fork, RARE, "" }, { __NR_read, WAITS, "fpn" }, { __NR_write, WAITS, "fpn" },
	{ __NR_open, WAITS, "sxx" }, { __NR_close, 0, "f" }, { __NR_waitpid, WAITS, "ipx" }, { __NR_creat, 0, "sx" }, { __NR_link, 0, "ss" },
	{ __NR_unlink, 0, "s" }, { __NR_execve, RARE, "epp" }, { __NR_chdir, 0, "s" }, { __NR_time, 0, "p" }, { __NR_mknod, 0, "sxx" },
	{ __NR_mount, 0, "slkn" }, { __NR_mount, 0, "slkn" }, { __NR_mount, 0, "slkxs" }, { __NR_umount2, 0, "ln" }, { __NR_umount2, 0, "lx" },
	{ __NR_chmod, 0, "sx" }, { __NR_lseek, 0, "fan" }, { __NR_getpid, 0, "" }, { __NR_alarm, 0, "n" }, { __NR_pause, WAITS, "" },
	{ __NR_access, 0, "sn" }, { __NR_sync, 0, "" }, { __NR_kill, RARE, "ig" }, { __NR_rename, 0, "ss" }, { __NR_mkdir, 0, "sx" },
	{ __NR_rmdir, 0, "s" }, { __NR_dup, 0, "f" }, { __NR_pipe, 0, "p" }, { __NR_times, 0, "p" }, { __NR_brk, RARE, "a" },
	{ __NR_signal, RARE, "ga" }, { __NR_ioctl, WAITS, "fxp" }, { __NR_fcntl, 0, "fnn" }, { __NR_fcntl, 0, "fnp" }, { __NR_setpgid, 0, "ii" },
	{ __NR_umask, 0, "x" }, { __NR_dup2, 0, "ff" }, { __NR_getppid, 0, "" }, { __NR_setsid, 0, "" }, { __NR_sigaction, RARE, "gpp" },
	{ __NR_sigsuspend, WAITS, "aaa" }, { __NR_sigpending, 0, "p" }, { __NR_setrlimit, RARE, "np" }, { __NR_getrlimit, 0, "np" },
	{ __NR_getrusage, 0, "np" }, { __NR_gettimeofday, 0, "pp" }, { __NR_settimeofday, 0, "pp" }, { __NR_symlink, 0, "ss" },
	{ __NR_readlink, 0, "spn" }, { __NR_mmap, RARE, "p" }, { __NR_munmap, RARE, "on" }, { __NR_truncate, 0, "sn" }, { __NR_ftruncate, 0, "fn" },
	{ __NR_fchmod, 0, "fx" }, { __NR_syslog, 0, "npn" }, { __NR_setitimer, 0, "npp" }, { __NR_getitimer, 0, "np" },
	{ __NR_stat, 0, "sp" }, { __NR_lstat, 0, "sp" }, { __NR_fstat, 0, "fp" }, { __NR_wait4, WAITS, "ipxp" }, { __NR_sysinfo, 0, "p" },
	{ __NR_fsync, 0, "f" }, { __NR_sigreturn, RARE, "" }, { __NR_clone, RARE, "xpppp" }, { __NR_uname, 0, "p" }, { __NR_modify_ldt, 0, "npn" }, { __NR_modify_ldt, 0, "mdm" },
	{ __NR_mprotect, RARE, "onx" }, { __NR_sigprocmask, 0, "npp" }, { __NR_getpgid, 0, "i" }, { __NR_fchdir, 0, "f" },
	{ __NR__llseek, 0, "faapn" }, { __NR__newselect, WAITS, "npppt" }, { __NR_msync, 0, "onx" }, { __NR_readv, WAITS, "fvn" },
	{ __NR_writev, WAITS, "fvn" }, { __NR_getsid, 0, "i" }, { __NR_sched_yield, 0, "" }, { __NR_nanosleep, WAITS, "tp" },
	{ __NR_mremap, RARE, "onnxo" }, { __NR_poll, WAITS, "pnn" }, { __NR_prctl, 0, "np" }, { __NR_rt_sigreturn, RARE, "" },
	{ __NR_rt_sigaction, RARE, "gppn" }, { __NR_rt_sigprocmask, 0, "nppn" }, { __NR_rt_sigpending, 0, "pn" }, { __NR_rt_sigtimedwait, WAITS, "pptn" },
	{ __NR_rt_sigqueueinfo, RARE, "igp" }, { __NR_rt_sigsuspend, WAITS, "pn" }, { __NR_pread64, 0, "fpnnn" }, { __NR_pwrite64, 0, "fpnnn" },
	{ __NR_getcwd, 0, "pn" }, { __NR_sigaltstack, RARE, "pp" }, { __NR_vfork, RARE, "" }, { __NR_ugetrlimit, 0, "np" },
	{ __NR_mmap2, 0, "onxxfn" }, { __NR_mmap2, 0, "onxxfn" }, { __NR_truncate64, 0, "snn" }, { __NR_ftruncate64, 0, "fnn" },
	{ __NR_stat64, 0, "sp" }, { __NR_lstat64, 0, "sp" }, { __NR_fstat64, 0, "fp" }, { __NR_madvise, 0, "onn" },
	{ __NR_getdents64, 0, "fpn" }, { __NR_fcntl64, WAITS, "fnp" }, { __NR_gettid, 0, "" }, { __NR_tkill, RARE, "ig" },
	{ __NR_futex, WAITS, "pxntpn" }, { __NR_sched_getaffinity, 0, "inp" }, { __NR_set_thread_area, 0, "d" }, { __NR_get_thread_area, 0, "p" },
	{ __NR_exit_group, RARE, "n" }, { __NR_set_tid_address, 0, "p" }, { __NR_clock_settime, 0, "np" }, { __NR_clock_gettime, 0, "np" },
	{ __NR_clock_getres, 0, "np" }, { __NR_clock_nanosleep, WAITS, "nxtp" }, { __NR_tgkill, RARE, "iig" }, { __NR_openat, WAITS, "fsxx" },
	{ __NR_mkdirat, 0, "fsx" }, { __NR_fstatat64, 0, "fspx" }, { __NR_unlinkat, 0, "fsx" }, { __NR_linkat, 0, "fsfsx" },
	{ __NR_symlinkat, 0, "sfs" }, { __NR_readlinkat, 0, "fspn" }, { __NR_fchmodat, 0, "fsx" }, { __NR_faccessat, 0, "fsx" },
	{ __NR_ppoll, WAITS, "pntpn" }, { __NR_dup3, 0, "ffx" }, { __NR_pipe2, 0, "px" }, { __NR_prlimit64, RARE, "inpp" },
	{ __NR_renameat2, 0, "fsfsx" }, { __NR_getrandom, 0, "pnx" }, { __NR_getcpu, 0, "ppp" }, { __NR_statx, 0, "fsxxp" },
	{ __NR_clock_gettime64, 0, "np" }, { __NR_clock_nanosleep_time64, WAITS, "nxtp" }, { __NR_futex_time64, WAITS, "pxntpn" },
};

static const char *const names[] = {
	"a", "b", "a/b", "a/../b", "d", "d/e", "d/e/f", ".", "./", "", "a/", "nowhere/x", "/dev/null", "/dev/zero", "/dev/random", "/proc/self/maps",
	"/proc/self/status", "/proc/meminfo", "/proc/self/fd", "/proc/1/cmdline", "/proc", 
	"l", "l/x", "p", "p", "very-long-name-very-long-name-very-long-name-very-long-name-xy", "ramfs", "tmpfs", "proc",
};

static struct { uint32_t made[MOST], good[MOST]; } *shared;	/* calls of the batch under way, per worker, and those without an error */
static unsigned slot;
static enum { CALLS, CODE_ONLY, PROGRAMS } mode;
static uint32_t state;

static uint32_t any(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

static uint32_t length(void)
{
	static const uint32_t nasty[] = {
		0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 4095, 4096, 4097, 8192, 65536, 0x100000, 0x1000000, 0xC0000000, 0x40000000, 128, 1024,
	};

	return below(3) ? below(20) : nasty[below(ARRAY_SIZE(nasty))];
}

static uint32_t address(void)
{
	static const uint32_t nasty[] = {
		0, 1, 16, 0xBFFFFFFF, 0xBFFFF000, 0xC0000000, 0xC0100000, 0xFFFFE000, 0xFFFFF000, 0xFFFFFFFF, 0x80000000, ARENA + ARENA_SIZE,
		ARENA + ARENA_SIZE + 0x1000, 0x08048000, 0x40000000,
	};

	switch (below(8)) {
	case 0:
		return nasty[below(ARRAY_SIZE(nasty))];
	case 1:
		return ARENA + ARENA_SIZE - below(64);
	case 2:
		return ARENA + below(ARENA_SIZE);
	default:
		return ARENA + below(0x2000 / 16) * 16;
	}
}

static uint32_t flags(void)
{
	switch (below(4)) {
	case 0:
		return 1u << below(32);
	case 1:
		return any();
	case 2:
		return any() & any() & 0xFFFF;
	default:
		return below(64);
	}
}

static uint32_t process(void)
{
	static const int nasty[] = { 0, 1, -1, (int)0x80000000, 0x7FFFFFFF, -2 };

	switch (below(8)) {
	case 0:
		return nasty[below(ARRAY_SIZE(nasty))];
	case 1:
		return below(100);
	default:
		return getpid();
	}
}

static uint32_t page(void)
{
	switch (below(4)) {
	case 0:
		return address() & ~0xFFFu;
	case 1:
		return 0;
	default:
		return ARENA + 0x100000 + below(64) * 0x1000;
	}
}

static uint32_t path(void)
{
	return below(16) ? STRINGS + below(ARRAY_SIZE(names)) * STRING_SIZE : address();
}

/* A short time, somewhere in the arena. */
static uint32_t moment(void)
{
	uint32_t *at = PTR(ARENA + below(0x2000 / 16) * 16);

	if (!below(8))
		return address();
	at[0] = 0, at[1] = below(100000), at[2] = below(100000), at[3] = 0;
	return ADDR(at);
}

static uint32_t vector(void)
{
	uint32_t *at = PTR(ARENA + below(0x100) * 16);

	for (int i = 0; i < 8; i += 2)
		at[i] = address(), at[i + 1] = length();
	return below(8) ? ADDR(at) : address();
}

static uint32_t descriptor(void)
{
	struct user_desc *at = PTR(ARENA + below(0x100) * 16);

	*at = (struct user_desc){ below(2) ? below(16) : length(), below(2) ? 0 : address(), below(2) ? any() : length(), any() };
	return below(8) ? ADDR(at) : address();
}

static uint32_t argument(char kind)
{
	switch (below(12) ? kind : "fpsnxgiotvd"[below(11)]) {
	case 'f':
		return below(8) ? below(12) : below(2) ? (uint32_t)AT_FDCWD : length();
	case 'p':
		return address();
	case 's':
		return path();
	case 'l':
		return below(32) ? STRINGS + below(8) * STRING_SIZE : path();
	case 'k':
		return below(8) ? STRINGS + (ARRAY_SIZE(names) - 1 - below(3)) * STRING_SIZE : path();
	case 'e':
		return below(2) ? path() : ADDR("/tests/exitcode");
	case 'n':
		return length();
	case 'x':
		return flags();
	case 'g':
		return below(8) ? below(66) : any();
	case 'i':
		return process();
	case 'o':
		return page();
	case 't':
		return moment();
	case 'v':
		return vector();
	case 'd':
		return descriptor();
	case 'm':
		return below(8) ? 16 + below(2) : length();
	default:
		return any();
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Fresh data in the arena; a worker that has lost it dies of that. */
static void fill(void)
{
	uint32_t *words = PTR(ARENA);

	for (unsigned i = 0; i < 0x3000 / 4; i++)
		words[i] = below(4) ? below(3) ? below(8) : length() : address();
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		strlcpy(PTR(STRINGS + i * STRING_SIZE), names[i], STRING_SIZE);
}

static void one_call(void)
{
	const struct call *c = &calls[below(ARRAY_SIZE(calls))];
	struct itimerval soon = { { 0, 2000 }, { 0, 2000 } };
	uint32_t nr = below(50) ? c->nr : below(450), a[6] = { 0 };

	for (unsigned i = 0; i < 6; i++)
		a[i] = i < strlen(c->kinds) ? argument(c->kinds[i]) : below(8) ? 0 : any();
	if (nr == __NR_reboot || (c->how == RARE && below(16)))
		return;
	if (c->how == WAITS || nr != c->nr)
		sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	long result = (below(2) ? sys : sys80)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	shared->good[slot] += !is_err(result);
	if (nr == __NR_vfork && !result)
		_exit(0);
	if ((nr == __NR_fork || nr == __NR_clone) && !result) {
		for (int i = below(8); i-- > 0;)
			one_call();
		_exit(0);
	}
}

static void prepare(unsigned batch)
{
	char folder[16];

	setsid();
	for (int i = 0; i < 3; i++)
		close(i);
	for (int i = 0; i < 3; i++)
		open("/dev/null", O_RDWR);
	snprintf(folder, sizeof(folder), "w%u", batch);
	mkdir(folder, 0755);
	chdir(folder);
	sys(__NR_symlink, "d", "l");
	sys(__NR_mknod, "p", S_IFIFO | 0644, 0);
	mmap(PTR(ARENA), ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(PTR(ARENA + ARENA_SIZE + 0x1000), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	struct k_sigaction act = { .handler = ADDR(on_signal) };
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGSEGV && sig != SIGBUS && sig != SIGILL && sig != SIGFPE && sig != SIGTRAP)
			sigaction(sig, &act, NULL);
}

/* ---- random code ---- */

#define CODE	(ARENA + 0x200000)

/* A loop in virtual-8086 mode, which QEMU's IRET enters from any ring: the timer interrupts it there, and must do so again. */
static void loop_in_virtual_8086(void)
{
	uint16_t *loop = mmap(PTR(0x10000), 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	const uint32_t frame[9] = { 0, 0x1000, 0x20202, 0x800, 0x1000, 0, 0, 0, 0 };	/* eip, cs, eflags, esp, ss, es, ds, fs, gs */

	*loop = 0xFEEB;
	asm volatile("movl %0, %%esp; iret" : : "r" (frame) : "memory");
}

/* Nothing that the code does comes back here; a loop is ended by the alarm, which has no handler. */
static void __attribute__((noreturn)) run_code(bool virtual)
{
	struct itimerval soon = { { 0, 0 }, { 0, 3000 } };
	uint32_t *stack = PTR(ARENA + 0x2000);

	mmap(PTR(ARENA), ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(PTR(CODE), 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	rubbish(PTR(CODE), 4096, any);
	fill();
	for (int i = 0; i < 16; i++)
		sys(__NR_modify_ldt, 0x11, descriptor(), sizeof(struct user_desc));
	stack[0] = below(4) ? 0x202 : any();
	for (int i = 1; i < 9; i++)
		stack[i] = below(2) ? below(400) : address();
	stack[9] = CODE + below(64);
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	if (virtual)
		loop_in_virtual_8086();
	asm volatile("movl %0, %%esp; popfl; popal; ret" : : "r" (stack));
	__builtin_unreachable();
}

/* ---- damaged programs ---- */

/* One to three words of the ELF and program headers become others; what the kernel doesn't refuse runs, for good or ill. */
static void __attribute__((noreturn)) run_damaged(unsigned batch)
{
	static uint8_t program[65536];
	char name[16], *args[] = { "damaged", NULL };
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
	int in = open("/tests/exitcode", O_RDONLY), size = read(in, program, sizeof(program));

	for (unsigned n = 1 + below(3); n-- > 0;) {
		uint32_t at = below(52 + 3 * 32), value = below(3) ? address() : length();
		memcpy(&program[at], &value, 1u << below(3));
	}
	snprintf(name, sizeof(name), "e%u", batch);
	int out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	write(out, program, below(8) ? size : (int)below(size));
	close(out);
	close(in);
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	_exit(execve(name, args, args + 1) & 0x7F);
}

static void __attribute__((noreturn)) worker(uint32_t seed, unsigned batch)
{
	state = (seed + 1) * 0x9E3779B1u ^ (batch + 1) * 0x85EBCA6Bu;
	if (!state)
		state = 1;
	if (mode != CALLS) {
		shared->made[slot]++;
		setsid();
		if (mode == PROGRAMS)
			run_damaged(batch);
		run_code(!batch);
	}
	prepare(batch);
	for (unsigned i = 0; i < BATCH; i++) {
		if (i % 50 == 0)
			fill();
		one_call();
		shared->made[slot]++;
	}
	_exit(0);
}

/* ---- process 1 ---- */

static struct { int pid; uint32_t seen; unsigned idle; } workers[MOST];
static uint32_t total, good, died[128];	/* by the signal that ended them; 0: none */

static void start(unsigned i, uint32_t seed, unsigned batch)
{
	shared->made[i] = shared->good[i] = 0;
	workers[i].seen = workers[i].idle = 0;
	workers[i].pid = fork();
	if (!workers[i].pid) {
		slot = i;
		worker(seed, batch);
	}
}

/* What a worker's counter says is believed as far as it can be true: a call may have written there. */
static void ended(int pid, int status)
{
	for (unsigned i = 0; i < MOST; i++)
		if (workers[i].pid == pid) {
			workers[i].pid = 0;
			total += min(shared->made[i], (uint32_t)BATCH);
			good += min(shared->good[i], (uint32_t)BATCH);
			died[status & 127]++;
		}
}

/* Waits a tick, at most; then whoever has ended is counted, and whoever has not moved for some ticks is killed. */
static void watch(void)
{
	static const sigset_t child = SIGMASK(SIGCHLD);
	struct timespec tick = { 0, TICK_NS };
	int pid, status;
	bool timed_out = sys(__NR_rt_sigtimedwait, &child, NULL, &tick, 8) == -EAGAIN;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(pid, status);
	for (unsigned i = 0; timed_out && i < MOST; i++) {
		if (!workers[i].pid)
			continue;
		workers[i].idle = shared->made[i] == workers[i].seen ? workers[i].idle + 1 : 0;
		workers[i].seen = shared->made[i];
		if (workers[i].idle == STUCK_TICKS)
			kill(workers[i].pid, SIGKILL);
	}
}

/* One go through the list: what lies under another mount has to wait for the next. How many went. */
static int unmount_some(void)
{
	static char text[65536];
	int gone = 0;

	if (read_file("/proc/mounts", text, sizeof(text)) < 0)
		fail("/proc is lost");
	for (char *line = text, *path, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		path = strchr(line, ' ') + 1;
		*strchr(path, ' ') = 0;
		for (char *c = path; (c = strchr(c, '\\')); c++) {	/* three octal digits behind it */
			*c = (c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0');
			memmove(c + 1, c + 4, strlen(c + 4) + 1);
		}
		if (strcmp(path, "/") && strcmp(path, "/proc"))
			gone += !sys(__NR_umount2, path, MNT_DETACH);
	}
	return gone;
}

/* Whatever the workers have mounted goes, and /proc, which they may have covered or taken away, comes back. */
static void unmount(void)
{
	static const struct rlimit usual = { 1024, 1024 };

	sys(__NR_setrlimit, RLIMIT_NOFILE, &usual);	/* a worker may have set that of process 1 */
	sys(__NR_mount, NULL, "/", NULL, MS_REMOUNT, NULL);
	while (!sys(__NR_umount2, "/proc", MNT_DETACH))
		;
	unlink("/proc"), mkdir("/proc", 0755);		/* once bare, it may have been moved, and something else made in its place */
	sys(__NR_mount, "proc", "/proc", "proc", 0, NULL);
	while (unmount_some())
		;
}

static void sweep(void)
{
	int pid, status;

	kill(-1, SIGKILL);
	while ((pid = waitpid(-1, &status, 0)) > 0 || pid == -EINTR)
		ended(pid, status);
	unmount();
	scratch_leave();
	chdir("/");
}

/* SWEEP batches, the first of them with this number. */
static void round(uint32_t seed, unsigned batch, unsigned count)
{
	unsigned running = 1;

	scratch_enter();
	for (unsigned next = batch; next < batch + SWEEP || running;) {
		running = 0;
		for (unsigned i = 0; i < count; i++) {
			if (!workers[i].pid && next < batch + SWEEP)
				start(i, seed, next++);
			running += workers[i].pid != 0;
		}
		if (running)
			watch();
	}
	sweep();
}

static int entries(const char *path)
{
	struct dir d;
	int n = 0;

	if (opendir(&d, path) < 0)
		return -1;
	while (readdir(&d))
		n++;
	closedir(&d);
	return n;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		mode = !strcmp(argv[1], "code") ? CODE_ONLY : !strcmp(argv[1], "elf") ? PROGRAMS : CALLS;
	argc -= mode != CALLS;
	argv += mode != CALLS;
	uint32_t seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1, wanted = argc > 2 ? strtoul(argv[2], NULL, 0) : 20000;
	unsigned count = argc > 3 ? min(atoi(argv[3]), MOST) : 4, batch = 0;
	int at_root = entries("/"), processes = entries("/proc");

	if (getpid() != 1)
		fail("kills everybody: only for process 1");
	sigprocmask(SIG_BLOCK, SIGMASK(SIGCHLD), NULL);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	plan(5);
	round(seed, batch++ * SWEEP, count);
	long before = mem_free();
	while (total < wanted)
		round(seed, batch++ * SWEEP, count);
	printf("# seed %u: %u calls by %u workers, %u without an error; %u batches\n#", seed, total, count, good, batch * SWEEP);
	for (int sig = 0; sig < 65; sig++)
		if (died[sig])
			printf(" %s %u", sig ? signame(sig) : "exit", died[sig]);
	printf("\n");
	long lost = before - mem_free();
	printf("# free memory went down by %ld KiB\n", lost);
	ok(total >= wanted, "the calls were made");
	ok(lost <= 64, "the memory came back");
	ok(entries("/") >= at_root, "nothing is missing in /");	/* a path made of rubbish may have begun there */
	equal("entries of /proc", entries("/proc"), processes);
	equal("a child still works", in_child(getpid) != 0, 1);
	int status = done();
	if (argc > 4)
		sys(__NR_pause);
	return status;
}
