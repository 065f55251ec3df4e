/* SPDX-License-Identifier: MIT */
/*
 * badargs: every argument of every call of kernel/syscalls.def with values that are none, one at a time.
 *
 * A row of the table is a call with arguments that are good, or as good as it takes to have each looked at. What an argument is follows from its type and
 * name in syscalls.def: a pointer, a descriptor, a number. A line of the output is one argument of one row: what came of each value, a value by its letter.
 * Linux prints the same lines. Each call is made by a child of its own, for it may do that any harm. A call with arguments and without a row is an error.
 *
 * ADDRESSES: 0 NULL, 1, H a hole, b w one and four bytes before it, R memory to read, P memory without rights, K kernel, F the last byte of all, V the VDSO,
 * T the last four bytes that user space can have. NUMBERS: 0, 1, m -1, M the greatest, n the least, l 0xfffff000, k 65536; of 64 bits: m -1, n the least,
 * M the greatest, g 2 GiB. DESCRIPTORS: m -1, M n as above, c closed, A AT_FDCWD, F a file, r w the ends of a pipe with a byte in it, D a folder, Z /dev/null,
 * P a file by O_PATH. A + behind a success: something was written where the pointer leads.
 */
#include "abi/futex.h"
#include "abi/resource.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

enum {
#define SYSCALL(nr, name, ...)		nr_##name = nr,
#define SYSCALL_AS(nr, name, as)	nr_##name = nr,
#define SYSCALL_IS(nr, name, what, ...)	nr_##name = nr,
#include "kernel/syscalls.def"
#undef SYSCALL
#undef SYSCALL_AS
#undef SYSCALL_IS
};

static const struct call { uint16_t nr; const char *name, *arguments, *as; } calls[] = {
#define SYSCALL(nr, name, ...)		{ nr, #name, #__VA_ARGS__, NULL },
#define SYSCALL_AS(nr, name, as)	{ nr, #name, "", #as },
#define SYSCALL_IS(nr, name, what, ...)	{ nr, #name, #__VA_ARGS__, NULL },
#include "kernel/syscalls.def"
};

/* Descriptors, and what lies in the arena before each call: the rest of it is zero, which makes a time, a set, an empty list of strings. */
enum { FILE_FD = 20, READ_FD, WRITE_FD, DIR_FD, NULL_FD, PATH_FD, CLOSED = 999 };
enum {
	ARENA = 0x20000000, BUF = ARENA, FILE = ARENA + 0x1000, NONE = FILE + 0x20, LINK = FILE + 0x40, DIR = FILE + 0x60, PROG = FILE + 0x80,
	IOV = FILE + 0xa0, STACK = FILE + 0xc0, DESC = FILE + 0xe0, MAP = FILE + 0x100, BAD_TIME = FILE + 0x120, ARGV = FILE + 0x140, KIND = FILE + 0x160, PAGES = ARENA + 0x2000,
	EDGE = ARENA + 0x4000, HOLE = EDGE + 0x1000, READABLE = HOLE + 0x1000, NOTHING = READABLE + 0x1000, RESULT = ARENA - 0x10000,
	SELF = 0x5e1f,		/* the caller's own number */
};

/*
 * Kinds, one letter an argument, where the names in syscalls.def don't tell: p pointer, n number, f descriptor, 8 64 bits, - left alone. Of pointers not all
 * values: q without R and V (times that Linux takes and Postern doesn't, or that would be set on a host), s without b and T (Linux writes for ever, or nothing
 * at all, where Postern gets as far as it goes), e without b, w and T (likewise), z without K and F (Linux looks though nothing is to be copied).
 */
#define R(call, kinds, ...) { nr_##call, kinds, { __VA_ARGS__ } }
static const struct row { uint16_t nr; char kinds[8]; int args[6]; } rows[] = {
	R(exit, "", 0),
	R(read, "fsn", FILE_FD, BUF, 10), R(read, "-sn", READ_FD, BUF, 10), R(read, "-p-", FILE_FD, BUF, 0),
	R(write, "fsn", FILE_FD, BUF, 10), R(write, "-sn", WRITE_FD, BUF, 10), R(write, "-p-", FILE_FD, BUF, 0),
	R(open, "", FILE, O_RDWR, 0), R(open, "p-n", NONE, O_CREAT | O_RDWR, 0644),
	R(close, "", FILE_FD),
	R(waitpid, "", -1, BUF, 0),
	R(creat, "", NONE, 0644),
	R(link, "", FILE, NONE),
	R(unlink, "", FILE),
	R(execve, "", PROG, ARGV, ARGV),
	R(chdir, "", DIR),
	R(time, "", BUF),
	R(mknod, "", NONE, S_IFREG | 0644, 0),
	R(chmod, "", FILE, 0644),
	R(lchown, "", FILE, 0, 0),
	R(lseek, "", FILE_FD, 1, SEEK_CUR),
	R(mount, "ppsn-", KIND, DIR, KIND, 0, BUF),
	R(umount, "", DIR),
	R(umount2, "", DIR, 0),
	R(alarm, "", 0),
	R(utime, "", FILE, BUF),
	R(access, "", FILE, R_OK),
	R(kill, "", SELF, 0),
	R(rename, "", FILE, NONE),
	R(mkdir, "", NONE, 0755),
	R(rmdir, "", DIR),
	R(dup, "", FILE_FD),
	R(pipe, "", BUF),
	R(times, "", BUF),
	R(brk, "", 0),
	R(signal, "", SIGUSR1, 0),
	R(ioctl, "fnp", READ_FD, FIONREAD, BUF), R(ioctl, "--p", FILE_FD, FIONREAD, BUF), R(ioctl, "f-p", FILE_FD, FIONBIO, BUF),
	R(ioctl, "f-p", FILE_FD, TCGETS, BUF),
	R(fcntl, "fn-", FILE_FD, F_SETFL, 0), R(fcntl, "f-n", FILE_FD, F_DUPFD, 0), R(fcntl, "f-p", FILE_FD, F_GETLK, BUF),
	R(fcntl, "--p", FILE_FD, F_SETLK, BUF),
	R(setpgid, "", SELF, 0),
	R(umask, "", 022),
	R(dup2, "", FILE_FD, 30),
	R(sigaction, "", SIGUSR1, BUF, BUF),
	R(sigsuspend, "nn-", 0, 0, 0),
	R(sigpending, "", BUF),
	R(setrlimit, "-p", RLIMIT_NOFILE, BUF),
	R(old_getrlimit, "", RLIMIT_NOFILE, BUF),
	R(getrusage, "", RUSAGE_SELF, BUF),
	R(gettimeofday, "", BUF, BUF),
	R(settimeofday, "qq", BAD_TIME, 0),
	R(symlink, "", FILE, NONE),
	R(readlink, "", LINK, BUF, 10),
	R(reboot, "", 0, 0, 0, BUF),
	R(old_mmap, "", MAP),
	R(munmap, "", PAGES, 4096),
	R(truncate, "", FILE, 1),
	R(ftruncate, "", FILE_FD, 1),
	R(fchmod, "", FILE_FD, 0644),
	R(fchown, "", FILE_FD, 0, 0),
	R(statfs, "", FILE, BUF),
	R(fstatfs, "", FILE_FD, BUF),
	R(syslog, "np-", 3, BUF, 2000),
	R(setitimer, "-pp", ITIMER_REAL, BUF, BUF),
	R(getitimer, "-p", ITIMER_REAL, BUF),
	R(newstat, "", FILE, BUF),
	R(newlstat, "", FILE, BUF),
	R(newfstat, "", FILE_FD, BUF),
	R(wait4, "", -1, BUF, 0, BUF),
	R(sysinfo, "", BUF),
	R(fsync, "", FILE_FD),
	R(clone, "--p-p", CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, BUF, 0, BUF),
	R(clone, "---p-", CLONE_SETTLS | SIGCHLD, 0, 0, DESC, 0),
	R(newuname, "", BUF),
	R(modify_ldt, "", 1, BUF, 16), R(modify_ldt, "-p-", 0, BUF, 16),
	R(mprotect, "", PAGES, 4096, PROT_READ),
	R(sigprocmask, "", SIG_BLOCK, BUF, BUF),
	R(getpgid, "", 0),
	R(fchdir, "", DIR_FD),
	R(llseek, "", FILE_FD, 0, 1, BUF, SEEK_CUR),
	R(select, "", 32, BUF, BUF, BUF, BUF), R(select, "----p", 0, 0, 0, 0, BUF),
	R(flock, "f-", FILE_FD, 2),
	R(msync, "", PAGES, 4096, MS_SYNC),
	R(readv, "", FILE_FD, IOV, 2), R(writev, "", FILE_FD, IOV, 2), R(writev, "-p-", WRITE_FD, IOV, 2),
	R(getsid, "", 0),
	R(fdatasync, "", FILE_FD),
	R(nanosleep, "", BUF, BUF),
	R(mremap, "", NOTHING, 4096, 8192, MREMAP_MAYMOVE, 0),
	R(poll, "", BUF, 1, 0), R(poll, "z--", BUF, 0, 0),
	R(prctl, "-p", PR_SET_NAME, BUF), R(prctl, "-p", PR_GET_NAME, BUF),
	R(rt_sigaction, "", SIGUSR1, BUF, BUF, 8),
	R(rt_sigprocmask, "", SIG_BLOCK, BUF, BUF, 8),
	R(rt_sigpending, "", BUF, 8),
	R(rt_sigtimedwait, "", BUF, BUF, BUF, 8),
	R(rt_sigqueueinfo, "", SELF, 0, BUF),
	R(rt_sigsuspend, "pn", BUF, 8),
	R(pread64, "fsn8", FILE_FD, BUF, 10, 0, 0),
	R(pwrite64, "fsn8", FILE_FD, BUF, 10, 0, 0),
	R(chown, "", FILE, 0, 0),
	R(getcwd, "", BUF, 100),
	R(sigaltstack, "", STACK, BUF),
	R(getrlimit, "", RLIMIT_NOFILE, BUF),
	R(mmap2, "", 0, 4096, PROT_READ, MAP_PRIVATE, FILE_FD, 0),
	R(truncate64, "", FILE, 1, 0),
	R(ftruncate64, "", FILE_FD, 1, 0),
	R(stat64, "", FILE, BUF),
	R(lstat64, "", FILE, BUF),
	R(fstat64, "", FILE_FD, BUF),
	R(lchown32, "", FILE, 0, 0),
	R(getgroups32, "", 0, BUF),
	R(fchown32, "", FILE_FD, 0, 0),
	R(chown32, "", FILE, 0, 0),
	R(madvise, "", PAGES, 4096, MADV_DONTNEED),
	R(getdents64, "", DIR_FD, BUF, 1000),
	R(fcntl64, "f-p", FILE_FD, F_GETLK64, BUF), R(fcntl64, "--p", FILE_FD, F_SETLKW64, BUF),
	R(getxattr, "", FILE, FILE, BUF, 10),
	R(lgetxattr, "", FILE, FILE, BUF, 10),
	R(fgetxattr, "", FILE_FD, FILE, BUF, 10),
	R(tkill, "", SELF, 0),
	R(futex, "pnnp--", BUF, FUTEX_WAIT, 1, BUF, BUF, 0), R(futex, "p-n---", BUF, FUTEX_WAKE, 1, 0, 0, 0),
	R(futex, "p--p-n", BUF, FUTEX_WAIT_BITSET, 1, BUF, 0, 1), R(futex, "p-nnp-", BUF, FUTEX_REQUEUE, 1, 1, BUF + 8, 0),
	R(futex, "p-nnpn", BUF, FUTEX_CMP_REQUEUE, 1, 1, BUF + 8, 0),
	R(sched_getaffinity, "", 0, 128, BUF),
	R(set_thread_area, "", DESC),
	R(get_thread_area, "", DESC),
	R(fadvise64, "", FILE_FD, 0, 0, 10, 0),
	R(exit_group, "", 0),
	R(set_tid_address, "", BUF),
	R(clock_settime, "nq", CLOCK_REALTIME, BAD_TIME),
	R(clock_gettime, "", CLOCK_MONOTONIC, BUF),
	R(clock_getres, "", CLOCK_MONOTONIC, BUF),
	R(clock_nanosleep, "", CLOCK_MONOTONIC, 0, BUF, BUF),
	R(statfs64, "", FILE, 84, BUF),
	R(fstatfs64, "", FILE_FD, 84, BUF),
	R(tgkill, "", SELF, SELF, 0),
	R(utimes, "", FILE, BUF),
	R(fadvise64_64, "", FILE_FD, 0, 0, 10, 0, 0),
	R(waitid, "", 0, 0, BUF, 4, BUF),
	R(openat, "", DIR_FD, FILE, O_RDWR, 0),
	R(mkdirat, "", DIR_FD, NONE, 0755),
	R(mknodat, "", DIR_FD, NONE, S_IFREG | 0644, 0),
	R(fchownat, "", DIR_FD, FILE, 0, 0, 0),
	R(futimesat, "", DIR_FD, FILE, BUF),
	R(fstatat64, "", DIR_FD, FILE, BUF, 0),
	R(unlinkat, "", DIR_FD, FILE, 0),
	R(renameat, "", DIR_FD, FILE, DIR_FD, NONE),
	R(linkat, "", DIR_FD, FILE, DIR_FD, NONE, 0),
	R(symlinkat, "", FILE, DIR_FD, NONE),
	R(readlinkat, "", DIR_FD, LINK, BUF, 10),
	R(fchmodat, "", DIR_FD, FILE, 0644),
	R(faccessat, "", DIR_FD, FILE, R_OK),
	R(pselect6, "", 32, BUF, BUF, BUF, BUF, BUF),
	R(ppoll, "", BUF, 1, BUF, BUF, 8),
	R(set_robust_list, "", BUF, 12),
	R(getcpu, "", BUF, BUF, BUF),
	R(utimensat, "", DIR_FD, FILE, BUF, 0),
	R(dup3, "", FILE_FD, 30, 0),
	R(pipe2, "", BUF, 0),
	R(prlimit64, "--pp", 0, RLIMIT_NOFILE, BUF, BUF), R(prlimit64, "n--p", 0, RLIMIT_NOFILE, 0, BUF),
	R(renameat2, "", DIR_FD, FILE, DIR_FD, NONE, 0),
	R(getrandom, "enn", BUF, 16, 0), R(getrandom, "z--", BUF, 0, 0),
	R(statx, "", DIR_FD, FILE, 0, STATX_BASIC_STATS, BUF),
	R(clock_gettime64, "", CLOCK_REALTIME, BUF),
	R(clock_settime64, "nq", CLOCK_REALTIME, BAD_TIME),
	R(clock_getres_time64, "", CLOCK_MONOTONIC, BUF),
	R(clock_nanosleep_time64, "", CLOCK_MONOTONIC, 0, BUF, BUF),
	R(utimensat_time64, "fpqn", DIR_FD, FILE, BUF, 0),
	R(ppoll_time64, "", BUF, 1, BUF, BUF, 8),
	R(futex_time64, "pnnp--", BUF, FUTEX_WAIT, 1, BUF, BUF, 0),
	R(faccessat2, "", DIR_FD, FILE, R_OK, 0),
	/* One user, and so no other numbers. */
	R(setuid, "-", 0), R(setgid, "-", 0), R(setreuid, "--", 0, 0), R(setregid, "--", 0, 0), R(setresuid, "---", 0, 0, 0), R(setresgid, "---", 0, 0, 0),
	R(setuid32, "-", 0), R(setgid32, "-", 0), R(setreuid32, "--", 0, 0), R(setregid32, "--", 0, 0), R(setresuid32, "---", 0, 0, 0),
	R(setresgid32, "---", 0, 0, 0), R(setgroups, "n-", 1, BUF), R(setgroups32, "n-", 1, BUF), R(getgroups, "", 0, BUF),
	R(getresuid32, "", BUF, BUF, BUF), R(getresgid32, "", BUF, BUF, BUF),
	R(nice, "", 0),
	R(getpriority, "", 0, 0),
	R(setpriority, "", 0, 0, 0),
	R(getdents, "", DIR_FD, BUF, 1000),
	R(setxattr, "", FILE, FILE, BUF, 1, 0), R(lsetxattr, "", FILE, FILE, BUF, 1, 0), R(fsetxattr, "", FILE_FD, FILE, BUF, 1, 0),
	R(listxattr, "", FILE, 0, 0), R(llistxattr, "", FILE, 0, 0), R(flistxattr, "", FILE_FD, 0, 0),
	R(removexattr, "", FILE, FILE), R(lremovexattr, "", FILE, FILE), R(fremovexattr, "", FILE_FD, FILE),
	R(sched_setaffinity, "", 0, 4, BAD_TIME),
	R(fallocate, "-", CLOSED, 0, 0, 0, 0, 0),	/* tmpfs can, ramfs can't */
	R(rt_tgsigqueueinfo, "", SELF, SELF, 0, BUF),
	R(syncfs, "", FILE_FD),
	R(pselect6_time64, "", 32, BUF, BUF, BUF, BUF, BUF),
	R(rt_sigtimedwait_time64, "", BUF, BUF, BUF, 8),
};

/* ---- the values ---- */

struct value { char letter; uint32_t low, high; };

static struct value addresses[] = {
	{ '0', 0, 0 }, { '1', 1, 0 }, { 'H', HOLE, 0 }, { 'b', HOLE - 1, 0 }, { 'w', HOLE - 4, 0 }, { 'R', READABLE, 0 }, { 'P', NOTHING, 0 },
	{ 'K', 0xc0100000, 0 }, { 'F', 0xffffffff, 0 }, { 'T', 0, 0 }, { 'V', 0, 0 },
};
static const struct value numbers[] = {
	{ '0', 0, 0 }, { '1', 1, 0 }, { 'm', -1, 0 }, { 'M', INT32_MAX, 0 }, { 'n', 0x80000000, 0 }, { 'l', 0xfffff000, 0 }, { 'k', 0x10000, 0 },
};
static const struct value wide[] = { { 'm', -1, -1 }, { 'n', 0, 0x80000000 }, { 'M', -1, INT32_MAX }, { 'g', 0x80000000, 0 } };
static const struct value descriptors[] = {
	{ 'm', -1, 0 }, { 'M', INT32_MAX, 0 }, { 'n', 0x80000000, 0 }, { 'c', CLOSED, 0 }, { 'A', AT_FDCWD, 0 }, { 'F', FILE_FD, 0 }, { 'r', READ_FD, 0 },
	{ 'w', WRITE_FD, 0 }, { 'D', DIR_FD, 0 }, { 'Z', NULL_FD, 0 }, { 'P', PATH_FD, 0 },
};

static const struct value *values(char kind, int *n)
{
	switch (kind) {
	case 'p':
	case 'q':
	case 's':
	case 'e':
	case 'z':
		*n = ARRAY_SIZE(addresses);
		return addresses;
	case 'f':
		*n = ARRAY_SIZE(descriptors);
		return descriptors;
	case '8':
		*n = ARRAY_SIZE(wide);
		return wide;
	default:
		*n = kind == '-' ? 0 : ARRAY_SIZE(numbers);
		return numbers;
	}
}

static bool left_out(char kind, char letter)
{
	return strchr(kind == 'q' ? "RV" : kind == 's' ? "bT" : kind == 'e' ? "bwT" : kind == 'z' ? "KF" : "", letter);
}

/* Pages with all rights and none, and the last one that there can be: in the upper gigabyte where the kernel has 64 bits. */
static void lay_out(void)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	uint32_t top = 0xffffe000;

	mmap(PTR(RESULT), 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(PTR(ARENA), HOLE - ARENA, PROT_READ | PROT_WRITE, how, -1, 0);
	memset(mmap(PTR(READABLE), 4096, PROT_READ | PROT_WRITE, how, -1, 0), 0xff, 4096);
	mprotect(PTR(READABLE), 4096, PROT_READ);
	mmap(PTR(NOTHING), 4096, PROT_NONE, how, -1, 0);
	if (is_err(ADDR(mmap(PTR(top - 4096), 4096, PROT_READ | PROT_WRITE, how, -1, 0)))) {
		top = 0xc0000000;
		mmap(PTR(top - 4096), 4096, PROT_READ | PROT_WRITE, how & ~MAP_FIXED, -1, 0);	/* the stack may be there */
	}
	addresses[ARRAY_SIZE(addresses) - 2].low = top - 4;
	addresses[ARRAY_SIZE(addresses) - 1].low = getauxval(AT_SYSINFO_EHDR);
}

static void fill_arena(void)
{
	memset(PTR(ARENA), 0, EDGE - ARENA);
	memset(PTR(EDGE), 'x', 4096);
	strcpy(PTR(FILE), "file"), strcpy(PTR(NONE), "none"), strcpy(PTR(LINK), "link"), strcpy(PTR(DIR), "dir"), strcpy(PTR(PROG), "./prog"), strcpy(PTR(KIND), "ramfs");
	for (int i = 0; i < 2; i++)
		((struct iovec *)PTR(IOV))[i] = (struct iovec){ BUF, 8 };
	*(stack_t *)PTR(STACK) = (stack_t){ BUF, 0, 8192 };
	*(struct user_desc *)PTR(DESC) = (struct user_desc){ -1, 0x1000, 0xfffff, 0x51 };
	*(struct mmap_arg_struct *)PTR(MAP) = (struct mmap_arg_struct){ .len = 4096, .prot = PROT_READ, .flags = MAP_PRIVATE, .fd = FILE_FD };
	memset(PTR(BAD_TIME), 0xff, 16);
	*(uint32_t *)PTR(ARGV) = FILE;
}

/* What calls may have changed in the folder, for the next one. */
static void tidy(void)
{
	unlink("none"), rmdir("none"), unlink(PTR(getauxval(AT_SYSINFO_EHDR))), rmdir(PTR(getauxval(AT_SYSINFO_EHDR)));
	sys(nr_truncate64, "file", 0, 0);	/* a file of 4 GiB can only be opened by O_LARGEFILE */
	sys(nr_umount2, "dir", 2);
	make_file("file", "some text");
	mkdir("dir", 0755);
	sys(nr_symlink, "target", "link");
	lseek(FILE_FD, 0, SEEK_SET);
	lseek(DIR_FD, 0, SEEK_SET);
}

/* ---- one call ---- */

static struct result { bool told, written, harmed; long value; int status; } *const result = PTR(RESULT);

static void on_alarm(int sig)
{
	(void)sig;
}

static void __attribute__((noreturn)) call(const struct row *r, const uint32_t *a, const volatile uint8_t *pointer)
{
	static const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	int fd[2];

	pipe(fd);
	dup2(fd[0], READ_FD), dup2(fd[1], WRITE_FD);
	write(WRITE_FD, "x", 1);
	fill_arena();
	setsid();
	sys(__NR_setitimer, ITIMER_REAL, &soon, NULL);
	long value = sys(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (r->nr == nr_clone && !value)
		_exit(0);
	result->value = value;
	result->written = pointer && *pointer != 'x';
	result->told = true;
	result->harmed = *(volatile uint32_t *)PTR(READABLE) != 0xffffffff;
	_exit(0);
}

static const char *outcome(void)
{
	static char text[40];

	if (!result->told)
		return WIFEXITED(result->status) ? "exit" : signame(WTERMSIG(result->status));
	if (is_err(result->value))
		return strerror(-result->value);
	snprintf(text, sizeof(text), "%s%s", result->harmed ? "harm" : "fine", result->written ? "+" : "");
	return text;
}

static const char *try(const struct row *r, const uint32_t *args, uint32_t pointer)
{
	static const struct itimerval late = { { 1, 0 }, { 5, 0 } }, never;
	uint32_t a[6];

	tidy();
	*result = (struct result){ 0 };
	int pid = fork();
	if (!pid) {
		for (int i = 0; i < 6; i++)
			a[i] = args[i] == SELF ? (uint32_t)getpid() : args[i];
		call(r, a, pointer >= EDGE && pointer < HOLE ? PTR(pointer) : NULL);
	}
	sys(__NR_setitimer, ITIMER_REAL, &late, NULL);
	while (waitpid(pid, &result->status, 0) == -EINTR)
		kill(pid, SIGKILL);
	sys(__NR_setitimer, ITIMER_REAL, &never, NULL);
	return outcome();
}

/* One line: equal outcomes together, each with the letters of its values. */
static void report(const char *name, const char *argument, int n, const struct value *v, char outcomes[][32])
{
	char line[400];
	int length = snprintf(line, sizeof(line), "%s(%s):", name, argument);

	for (int i = 0; i < n; i++) {
		if (!outcomes[i][0])
			continue;
		length += snprintf(line + length, sizeof(line) - length, "%s %s ", i ? "," : "", outcomes[i]);
		for (int j = i; j < n; j++)
			if (j == i || !strcmp(outcomes[j], outcomes[i])) {
				line[length++] = v[j].letter;
				outcomes[j][0] = j == i ? outcomes[j][0] : 0;
			}
		line[length] = 0;
	}
	printf("ok %s\n", line);
}

/* ---- the table and the list ---- */

struct argument { char name[24], kind; };

/* Splits "int fd, void *buf" into names and kinds, of which a row's own count more; how many. */
static int split(const char *text, const char *kinds, struct argument *to)
{
	int n = 0;

	while (*text && strcmp(text, "void")) {
		const char *end = strchr(text, ',') ?: text + strlen(text), *name = end;
		bool pointer = false;
		while (name > text && name[-1] != ' ' && name[-1] != '*')
			name--;
		for (const char *p = text; p < name; p++)
			pointer |= *p == '*';
		struct argument *a = &to[n++];
		strlcpy(a->name, name, min(sizeof(a->name), (size_t)(end - name + 1)));
		bool file = !strcmp(a->name, "fd") || strstr(a->name, "dir") || !strcmp(a->name, "from") || !strcmp(a->name, "to");
		a->kind = pointer ? 'p' : !strncmp(text, "int64_t", 7) ? '8' : file ? 'f' : 'n';
		if (*kinds)
			a->kind = kinds[n - 1];
		text = *end ? end + 2 : end;
	}
	return n;
}

/* The text of a call's arguments; those of the call whose function it shares. */
static const char *arguments(const struct call *c)
{
	for (size_t i = 0; c->as && i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, c->as))
			return calls[i].arguments;
	return c->arguments;
}

static void run(const struct call *c, const struct row *r)
{
	struct argument list[6];
	int n = split(arguments(c), r->kinds, list), count;
	uint32_t a[6];

	memcpy(a, r->args, sizeof(a));
	printf("ok %s: %s\n", c->name, try(r, a, 0));
	for (int i = 0, word = 0; i < n; word += list[i++].kind == '8' ? 2 : 1) {
		const struct value *v = values(list[i].kind, &count);
		char outcomes[ARRAY_SIZE(addresses)][32];
		for (int j = 0; j < count; j++) {
			outcomes[j][0] = 0;
			if (left_out(list[i].kind, v[j].letter))
				continue;
			memcpy(a, r->args, sizeof(a));
			a[word] = v[j].low;
			if (list[i].kind == '8')
				a[word + 1] = v[j].high;
			strlcpy(outcomes[j], try(r, a, v[j].low), sizeof(outcomes[j]));
		}
		if (count)
			report(c->name, list[i].name, count, v, outcomes);
	}
}

int main(int argc, char **argv)
{
	static const struct rlimit files = { 1024, 1024 };
	struct k_sigaction interrupt = { .handler = ADDR(on_alarm) };	/* no SA_RESTART */
	int without = 0;

	plan(1);
	sigaction(SIGALRM, &interrupt, NULL);
	scratch_enter();
	sys(nr_setrlimit, RLIMIT_NOFILE, &files);
	make_file("prog", "no program"), sys(nr_chmod, "prog", 0755);
	tidy();
	dup2(open("file", O_RDWR | O_LARGEFILE), FILE_FD), dup2(open(".", O_RDONLY), DIR_FD), dup2(open("/dev/null", O_RDWR), NULL_FD);
	dup2(open("file", O_PATH), PATH_FD);
	for (int fd = 3; fd < FILE_FD; fd++)
		close(fd);
	lay_out();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int found = 0;
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			found += rows[k].nr == calls[i].nr;
			if (rows[k].nr == calls[i].nr && (argc < 2 || !strcmp(argv[1], calls[i].name)))
				run(&calls[i], &rows[k]);
		}
		if (!found && strcmp(arguments(&calls[i]), "void")) {
			printf("# %s has no row\n", calls[i].name);
			without++;
		}
	}
	equal("calls without a row", without, 0);
	scratch_leave();
	return done();
}
