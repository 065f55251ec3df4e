// SPDX-License-Identifier: MIT
// Files, folders and descriptors against the host's: random calls on a tree of few names must give the same results; then the same with
// failing memory, after which nothing may be lost. Needs root for the host's side (chroot); without it only the second part runs.
// sources: kernel/inode.c kernel/path.c kernel/ramfs.c kernel/ramfs_pages.c kernel/file.c kernel/fd.c kernel/lock.c kernel/pipe.c kernel/poll.c
// sources: kernel/device.c kernel/mount.c boot/cmdline.c kernel/sys_file.c kernel/sys_dir.c kernel/sys_attr.c kernel/sys_stat.c
// flags: -include tests/unit/kernel_shim.h -w -fno-sanitize=alignment
// also: long
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/stat.h"
#include "abi/termios.h"
#include "abi/uio.h"
#include "kernel/fd.h"
#include "kernel/inode.h"
#include "kernel/lib.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

/* The host's C library, declared by hand: its headers don't mix with abi/. */
int printf(const char *fmt, ...);
int fflush(void *f);
void *malloc(size_t n);
void free(void *p);
void abort(void);
long syscall(long nr, ...);
int *__errno_location(void);
void *mmap(void *at, size_t n, int prot, int flags, int fd, long offset);
char *mkdtemp(char *template);
int chroot(const char *path);
int unshare(int what);
int chdir(const char *path);
int setrlimit(int which, const unsigned long *limits);
void *signal(int sig, void *handler);
unsigned umask(unsigned mask);
int fork(void);
int waitpid(int pid, int *status, int options);
int system(const char *command);
void exit(int status);

#define FDS		14
#define PAGES		4096u		/* frames of the machine */
#define MAP_AT		0x60000000u	/* where they are: in reach of the sanitizer; the direct map wraps around */
#define BUF		20000

/* ---- what the kernel's files need ---- */

char test_stack[8192 + sizeof(void *)] __attribute__((aligned(8192)));
static struct task test_task;
static struct process process;
struct page *page_table_of_frames;
pfn_t zero_pfn;
static uint32_t free_list[PAGES], pages_left, objects, fail_every, calls;
static uint32_t seed = 1;
static char *input;		/* bytes to write; below 4 GiB for iovec */
static char *edge;		/* behind it: the first byte that is not there */

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static bool fail_now(void)
{
	return fail_every && rnd(fail_every) == 0;
}

void *kmalloc(size_t n)
{
	if (fail_now())
		return NULL;
	objects++;
	return malloc(n);
}

void *kzalloc(size_t n)
{
	void *p = kmalloc(n);

	return p ? memset(p, 0, n) : NULL;
}

void kfree(void *p)
{
	objects -= p != NULL;
	free(p);
}

pfn_t page_alloc(void)
{
	if (!pages_left || fail_now())
		return 0;
	pfn_t pfn = free_list[--pages_left];
	memset(pfn_to_virt(pfn), 0xA5, PAGE_SIZE);
	return pfn;
}

pfn_t page_alloc_zeroed(void)
{
	pfn_t pfn = page_alloc();

	if (pfn)
		memset(pfn_to_virt(pfn), 0, PAGE_SIZE);
	return pfn;
}

void page_put(pfn_t pfn)
{
	memset(pfn_to_virt(pfn), 0x5A, PAGE_SIZE);
	free_list[pages_left++] = pfn;
}

uint32_t pages_free(void) { return pages_left; }
uint32_t pages_total(void) { return PAGES; }

static bool bad(const void *user) { return (uintptr_t)user < 4096; }
bool user_range_ok(const void *user, size_t n) { return !bad(user) || !n; }

/* How many of n bytes at a user's address there are: the first page is missing, and the one at `edge`. */
static size_t good(const void *user, size_t n)
{
	if (bad(user))
		return 0;
	return (char *)user < edge && (char *)user + n > edge ? (size_t)(edge - (char *)user) : (char *)user == edge ? 0 : n;
}

int copy_from_user(void *to, const void *user, size_t n)
{
	memcpy(to, user, good(user, n));
	return good(user, n) == n ? 0 : -EFAULT;
}

int copy_to_user(void *user, const void *from, size_t n)
{
	memcpy(user, from, good(user, n));
	return good(user, n) == n ? 0 : -EFAULT;
}

int clear_user(void *user, size_t n)
{
	memset(user, 0, good(user, n));
	return good(user, n) == n ? 0 : -EFAULT;
}

int strncpy_from_user(char *to, const char *user, size_t size)
{
	if (bad(user))
		return -EFAULT;
	size_t n = strnlen(user, size);
	if (n == size)
		return -ENAMETOOLONG;
	memcpy(to, user, n + 1);
	return n;
}

int get_user_u32(uint32_t *to, const void *user) { return copy_from_user(to, user, 4); }
int put_user_u32(void *user, uint32_t value) { return copy_to_user(user, &value, 4); }
size_t strlcpy(char *to, const char *from, size_t size) { return snprintf(to, size, "%s", from); }
uint64_t wall_ns(void) { return 1000000000ull * 1000 + calls; }
uint64_t clock_ns(void) { return 0; }
int timespec_read(uint64_t *ns, const void *user, bool wide) { (void)ns, (void)user, (void)wide; return -EFAULT; }
int timespec_write(void *user, uint64_t ns, bool wide) { (void)user, (void)ns, (void)wide; return 0; }
struct timeval ns_to_timeval(uint64_t ns) { (void)ns; return (struct timeval) { 0 }; }
uint64_t deadline_after_ns(uint64_t span) { return span; }
uint32_t div64(uint64_t *n, uint32_t by) { uint32_t r = *n % by; *n /= by; return r; }
void random_bytes(void *to, size_t n) { memset(to, 7, n); }
void klog(const char *fmt, ...) { (void)fmt; }
void panic(const char *fmt, ...) { printf("not ok panic: %s\n", fmt); fflush(NULL); abort(); }
void waitq_init(struct waitq *q) { list_init(&q->waiters); }
void wake_all(struct waitq *q) { (void)q; }
bool schedule_until(uint64_t deadline) { (void)deadline; return false; }
void sched_yield(void) { }
void mm_cut_file(const struct inode *inode, uint32_t first) { (void)inode, (void)first; }
int send_signal_task(struct task *t, int sig) { (void)t, (void)sig; return 0; }
void signals_recheck(void) { }
bool signal_pending(void) { return true; }
void schedule(void) { }

void text_add(struct text *t, const char *fmt, ...) { (void)t, (void)fmt; }
static int no_entry(struct inode *dir, const struct name *name, struct inode **found) { (void)dir, (void)name, (void)found; return -ENOENT; }
static int no_entries(struct inode *dir, uint64_t *pos, struct dir_sink *sink) { (void)dir, (void)pos, (void)sink; return 0; }
static const struct inode_ops proc_ops = { no_entry, no_entries };
struct inode *proc_root(void) { return inode_new(&proc_ops, &dir_file_ops, S_IFDIR | 0555, NULL); }

/* ---- one call on both sides ---- */

#define CALLS(X)									\
	X(OPEN, "open") X(CLOSE, "close") X(READ, "read") X(WRITE, "write") X(LSEEK, "lseek")\
	X(FTRUNCATE, "ftruncate") X(FSTAT, "fstat") X(PREAD, "pread") X(PWRITE, "pwrite") X(LIST, "list")\
	X(MKDIR, "mkdir") X(RMDIR, "rmdir") X(UNLINK, "unlink") X(RENAME, "rename") X(LINK, "link")\
	X(SYMLINK, "symlink") X(READLINK, "readlink") X(LSTAT, "lstat") X(STAT, "stat") X(TRUNCATE, "truncate")\
	X(CHDIR, "chdir") X(FCHDIR, "fchdir") X(GETCWD, "getcwd") X(ACCESS, "access") X(CHMOD, "chmod")\
	X(MKFIFO, "mkfifo") X(DUP2, "dup2") X(DUPFD, "dupfd") X(PIPE, "pipe") X(POLL, "poll") X(WRITEV, "writev")\
	X(READV, "readv") X(FCNTL, "fcntl") X(MOUNT, "mount") X(UMOUNT, "umount")

#define NUMBER(number, name)	number,
#define NAME(number, name)	name,
enum { CALLS(NUMBER) OPS };
static const char *const names[OPS] = { CALLS(NAME) };

struct call { int op, fd, fd2, flags, n; long at; char path[700], path2[700]; };
struct result { long value; uint32_t size; char data[BUF]; };
#define NR(i386, amd64)	(sizeof(void *) == 8 ? (amd64) : (i386))

static long host(long nr, long a, long b, long c, long d, long e)
{
	long r = syscall(nr, a, b, c, d, e);

	return r == -1 ? -*__errno_location() : r;
}

/* What must agree of a file's status. */
static void put_status(struct result *r, const struct statx *st)
{
	bool folder = S_ISDIR(st->stx_mode), sized = S_ISREG(st->stx_mode) || S_ISLNK(st->stx_mode);

	r->size = snprintf(r->data, BUF, "mode %o links %u size %u", st->stx_mode, folder ? 0 : st->stx_nlink, sized ? (unsigned)st->stx_size : 0);
}

/* The names of a folder as a set: a sum over hashes of name and type. */
static long read_folder(struct result *r, int fd, bool on_host)
{
	static char buf[600] __attribute__((aligned(8)));
	uint32_t sum = 0, count = 0;
	long n = on_host ? host(NR(19, 8), fd, 0, 0, 0, 0) : sys_lseek(fd, 0, SEEK_SET);

	if (n < 0)
		return n;
	for (;;) {
		n = on_host ? host(NR(220, 217), fd, (long)buf, sizeof(buf), 0, 0) : sys_getdents64(fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		for (char *p = buf; p < buf + n; p += ((struct linux_dirent64 *)p)->d_reclen, count++) {
			uint32_t h = ((struct linux_dirent64 *)p)->d_type;
			for (char *c = ((struct linux_dirent64 *)p)->d_name; *c; c++)
				h = h * 31 + *c;
			sum += h * h;
		}
	}
	r->size = snprintf(r->data, BUF, "%u names, sum %08x", count, sum);
	return n;
}

static long pipe_result(long r, int *fds, struct result *out)
{
	if (!r)
		out->size = snprintf(out->data, BUF, "%d %d", fds[0], fds[1]);
	return r;
}

static void make_vector(struct iovec *v, char *base, int n)
{
	for (int i = 0; i < 3; i++)
		v[i] = (struct iovec) { (uint32_t)(uintptr_t)base + i * (n / 3), n / 3 };
}

static uint32_t mount_flags(const struct call *c) { return (c->flags & 3 ? 0 : MS_RDONLY) | (c->flags & 12 ? 0 : MS_REMOUNT); }
static uint32_t umount_flags(const struct call *c) { return (c->flags & 3 ? 0 : MNT_DETACH) | (c->flags & 12 ? 0 : UMOUNT_NOFOLLOW); }

/* Some buffers end in nothing, but not at once: then some file systems extend the file all the same. */
static char *buffer(const struct call *c)
{
	return (c->flags & 7) == 7 ? edge - (c->n + 1) / 2 : input + c->at % 1000;
}

static long guest_call(const struct call *c, struct result *r)
{
	static struct statx st;
	static int fds[2];
	struct pollfd p[2] = { { c->fd, c->flags, 0 }, { c->fd2, POLLIN | POLLOUT, 0 } };
	struct iovec v[3];
	long n;

	switch (c->op) {
	case OPEN: return sys_openat(c->fd2, c->path, c->flags, c->n & 0777);
	case CLOSE: return sys_close(c->fd);
	case READ: n = sys_read(c->fd, buffer(c), c->n); memcpy(r->data, buffer(c), r->size = MAX(n, 0)); return n;
	case WRITE: return sys_write(c->fd, buffer(c), c->n);
	case LSEEK: return sys_lseek(c->fd, c->at - 3000, c->flags % 4 == 3 ? 7 : c->flags % 4);
	case FTRUNCATE: return sys_ftruncate(c->fd, c->at - 300);
	case FSTAT: n = sys_statx(c->fd, "", AT_EMPTY_PATH, 0x7ff, &st); if (!n) put_status(r, &st); return n;
	case PREAD: n = sys_pread64(c->fd, r->data, c->n, (int64_t)c->at - 300); r->size = MAX(n, 0); return n;
	case PWRITE: return sys_pwrite64(c->fd, input + c->at % 1000, c->n, (int64_t)c->at - 300);
	case LIST: return read_folder(r, c->fd, false);
	case MKDIR: return sys_mkdirat(c->fd2, c->path, c->n & 07777);
	case RMDIR: return sys_unlinkat(c->fd2, c->path, AT_REMOVEDIR);
	case UNLINK: return sys_unlinkat(c->fd2, c->path, 0);
	case RENAME: return sys_renameat2(c->fd2, c->path, AT_FDCWD, c->path2, c->flags % 4 == 0 ? RENAME_NOREPLACE : 0);
	case LINK: return sys_linkat(AT_FDCWD, c->path, c->fd2, c->path2, c->flags & AT_SYMLINK_FOLLOW);
	case SYMLINK: return sys_symlinkat(c->path, c->fd2, c->path2);
	case READLINK: n = sys_readlinkat(c->fd2, c->path, r->data, c->n % 800); r->size = MAX(n, 0); return n;
	case LSTAT: n = sys_statx(c->fd2, c->path, AT_SYMLINK_NOFOLLOW, 0x7ff, &st); if (!n) put_status(r, &st); return n;
	case STAT: n = sys_statx(c->fd2, c->path, 0, 0x7ff, &st); if (!n) put_status(r, &st); return n;
	case TRUNCATE: return sys_truncate(c->path, c->at - 300);
	case CHDIR: return sys_chdir(c->path);
	case FCHDIR: return sys_fchdir(c->fd);
	case GETCWD: n = sys_getcwd(r->data, c->n % 1000); r->size = MAX(n, 0); return n;
	case ACCESS: return sys_faccessat(c->fd2, c->path, c->flags & 7);
	case CHMOD: return sys_fchmodat(c->fd2, c->path, c->n & 07777);
	case MKFIFO: return sys_mknod(c->path, S_IFIFO | 0600, 0);
	case DUP2: return sys_dup3(c->fd, c->fd2 == AT_FDCWD ? 9 : c->fd2, c->flags & O_CLOEXEC);
	case DUPFD: return sys_fcntl(c->fd, c->flags & 1 ? F_DUPFD : F_DUPFD_CLOEXEC, c->n % (FDS + 2) + 3);
	case PIPE: return pipe_result(sys_pipe2(fds, O_NONBLOCK), fds, r);
	case POLL: n = sys_poll(p, 2, 0); r->size = snprintf(r->data, BUF, "%x %x", p[0].revents, p[1].revents); return n;
	case WRITEV: make_vector(v, input, c->n); return sys_writev(c->fd, v, 3);
	case READV: make_vector(v, input + 2 * BUF, c->n); n = sys_readv(c->fd, v, 3); memcpy(r->data, input + 2 * BUF, r->size = MAX(n, 0)); return n;
	case MOUNT: return sys_mount("none", c->path, "ramfs", mount_flags(c), NULL);
	case UMOUNT: return sys_umount2(c->path, umount_flags(c));
	default: return sys_fcntl(c->fd, c->flags & 1 ? F_GETFD : F_GETFL, 0);
	}
}

static long host_call(const struct call *c, struct result *r)
{
	static struct statx st;
	static int fds[2];
	struct pollfd p[2] = { { c->fd, c->flags, 0 }, { c->fd2, POLLIN | POLLOUT, 0 } };
	struct { char *base; size_t len; } v[3];
	long n, dir = c->fd2, path = (long)c->path, path2 = (long)c->path2;

	for (int i = 0; i < 3; i++) {
		v[i].base = (c->op == READV ? r->data : input) + i * (c->n / 3);
		v[i].len = c->n / 3;
	}
	switch (c->op) {
	case OPEN: return host(NR(295, 257), dir, path, c->flags, c->n & 0777, 0);
	case CLOSE: return host(NR(6, 3), c->fd, 0, 0, 0, 0);
	case READ: n = host(NR(3, 0), c->fd, (long)buffer(c), c->n, 0, 0); memcpy(r->data, buffer(c), r->size = MAX(n, 0)); return n;
	case WRITE: return host(NR(4, 1), c->fd, (long)buffer(c), c->n, 0, 0);
	case LSEEK: return host(NR(19, 8), c->fd, c->at - 3000, c->flags % 4 == 3 ? 7 : c->flags % 4, 0, 0);
	case FTRUNCATE: return host(NR(93, 77), c->fd, c->at - 300, 0, 0, 0);
	case FSTAT: n = host(NR(383, 332), c->fd, (long)"", AT_EMPTY_PATH, 0x7ff, (long)&st); if (!n) put_status(r, &st); return n;
	case PREAD: n = host(NR(180, 17), c->fd, (long)r->data, c->n, c->at - 300, c->at < 300 ? -1 : 0); r->size = MAX(n, 0); return n;
	case PWRITE: return host(NR(181, 18), c->fd, (long)input + c->at % 1000, c->n, c->at - 300, c->at < 300 ? -1 : 0);
	case LIST: return read_folder(r, c->fd, true);
	case MKDIR: return host(NR(296, 258), dir, path, c->n & 07777, 0, 0);
	case RMDIR: return host(NR(301, 263), dir, path, AT_REMOVEDIR, 0, 0);
	case UNLINK: return host(NR(301, 263), dir, path, 0, 0, 0);
	case RENAME: return host(NR(353, 316), dir, path, AT_FDCWD, path2, c->flags % 4 == 0 ? RENAME_NOREPLACE : 0);
	case LINK: return host(NR(303, 265), AT_FDCWD, path, dir, path2, c->flags & AT_SYMLINK_FOLLOW);
	case SYMLINK: return host(NR(304, 266), path, dir, path2, 0, 0);
	case READLINK: n = host(NR(305, 267), dir, path, (long)r->data, c->n % 800, 0); r->size = MAX(n, 0); return n;
	case LSTAT: n = host(NR(383, 332), dir, path, AT_SYMLINK_NOFOLLOW, 0x7ff, (long)&st); if (!n) put_status(r, &st); return n;
	case STAT: n = host(NR(383, 332), dir, path, 0, 0x7ff, (long)&st); if (!n) put_status(r, &st); return n;
	case TRUNCATE: return host(NR(92, 76), path, c->at - 300, 0, 0, 0);
	case CHDIR: return host(NR(12, 80), path, 0, 0, 0, 0);
	case FCHDIR: return host(NR(133, 81), c->fd, 0, 0, 0, 0);
	case GETCWD:		/* in what is detached Linux tells a path that is none, and the C library makes that of it */
		n = host(NR(183, 79), (long)r->data, c->n % 1000, 0, 0, 0);
		n = n > 0 && *r->data == '(' ? -ENOENT : n;
		r->size = MAX(n, 0);
		return n;
	case ACCESS: return host(NR(307, 269), dir, path, c->flags & 7, 0, 0);
	case CHMOD: return host(NR(306, 268), dir, path, c->n & 07777, 0, 0);
	case MKFIFO: return host(NR(14, 133), path, S_IFIFO | 0600, 0, 0, 0);
	case DUP2: return host(NR(330, 292), c->fd, c->fd2 == AT_FDCWD ? 9 : c->fd2, c->flags & O_CLOEXEC, 0, 0);
	case DUPFD: return host(NR(55, 72), c->fd, c->flags & 1 ? F_DUPFD : F_DUPFD_CLOEXEC, c->n % (FDS + 2) + 3, 0, 0);
	case PIPE: return pipe_result(host(NR(331, 293), (long)fds, O_NONBLOCK, 0, 0, 0), fds, r);
	case POLL: n = host(NR(168, 7), (long)p, 2, 0, 0, 0); r->size = snprintf(r->data, BUF, "%x %x", p[0].revents, p[1].revents); return n;
	case WRITEV: return host(NR(146, 20), c->fd, (long)v, 3, 0, 0);
	case READV: n = host(NR(145, 19), c->fd, (long)v, 3, 0, 0); r->size = MAX(n, 0); return n;
	case MOUNT: return host(NR(21, 165), (long)"none", path, (long)"ramfs", mount_flags(c), 0);
	case UMOUNT: return host(NR(52, 166), path, umount_flags(c), 0, 0, 0);
	default: n = host(NR(55, 72), c->fd, c->flags & 1 ? F_GETFD : F_GETFL, 0, 0, 0); return n >= 0 ? n & ~O_LARGEFILE : n;
	}
}

/* ---- random calls ---- */

static void random_path(char *to)
{
	static const char *const parts[] = { "a", "b", "c", "d", "a", "b", "c", "..", ".", "a/", "b//", "dd", "e" };
	int n = 1 + rnd(4);

	*to = 0;
	if (rnd(60) == 0)
		return;
	if (rnd(5) == 0)
		strcpy(to, "/");
	if (rnd(80) == 0) {
		memset(to + strlen(to), 'x', 250 + rnd(10));
		to[rnd(2) ? 255 : 256] = 0;
		return;
	}
	for (int i = 0; i < n; i++)
		snprintf(to + strlen(to), 100, "%s%s", i ? "/" : "", parts[rnd(ARRAY_SIZE(parts))]);
	if (rnd(8) == 0)
		strcat(to, "/");
}

static void random_call(struct call *c)
{
	static const int open_flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT,
		O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_EXCL,
		O_RDONLY | O_DIRECTORY, O_DIRECTORY | O_RDWR, O_RDONLY | O_NOFOLLOW, O_RDWR | O_APPEND,
		O_RDONLY | O_TRUNC, O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY | O_CREAT, O_RDONLY | O_CLOEXEC, O_PATH | O_DIRECTORY,
	};

	memset(c, 0, sizeof(*c));
	c->op = rnd(4) ? rnd(OPS) : OPEN;
	c->fd = 3 + rnd(FDS - 2);
	c->fd2 = rnd(4) ? AT_FDCWD : 3 + rnd(FDS - 2);
	c->flags = c->op == OPEN ? open_flags[rnd(ARRAY_SIZE(open_flags))] | O_NONBLOCK : (int)rnd(0x10000);
	c->n = rnd(3) ? rnd(200) : rnd(3) ? rnd(9000) : rnd(BUF);
	c->at = rnd(3) ? rnd(10000) : rnd(100) ? rnd(60000) : rnd(9000000);
	random_path(c->path);
	random_path(c->path2);
	if (c->op == SYMLINK && rnd(10) == 0)
		memset(c->path, '/', 600);
}

/* Where the host's file systems or the two sides' rules differ for reasons that don't matter. */
static bool comparable(const struct call *c, const struct result *g, const struct result *h)
{
	if (g->value >= 0 || h->value >= 0)
		return true;
	if (g->value == -EISDIR && h->value == -EINVAL && (c->op == READ || c->op == READV))
		return false;		/* a position in a folder that is near the largest number */
	if (c->op == MOUNT && h->value == -ENOENT)
		return false;		/* where something is detached: Linux 6.1 says this, later ones that */
	if (c->op == GETCWD && g->value == -ENOENT && h->value == -ERANGE)
		return false;		/* for "(unreachable)/...", see there */
	/* which of two errors comes first */
	return g->value != -ENAMETOOLONG && h->value != -ENAMETOOLONG && *c->path;
}

static bool host_mounts;	/* in a namespace of its own; a root in a container may not */

/* On the host it is only a folder, in which others live. */
static bool is_root(const char *path)
{
	struct walk w;

	if (walk_user(&w, AT_FDCWD, path, WALK_FOLLOW))
		return false;
	bool root = w.found == root_inode;
	walk_end(&w);
	return root;
}

static bool test_against_host(unsigned rounds)
{
	static struct result g, h;
	struct call c;

	for (calls = 0; calls < rounds; calls++) {
		random_call(&c);
		if (c.op == LSEEK && fd_file(c.fd) && S_ISDIR(fd_file(c.fd)->inode->mode))
			continue;	/* positions in folders are the file system's own */
		if (c.op == WRITEV && fd_file(c.fd) && file_is_pipe(fd_file(c.fd)))
			continue;	/* the parts are laid out in pages as if written apart */
		if ((c.op == MOUNT || c.op == UMOUNT) && (!host_mounts || is_root(c.path)))
			continue;
		memset(&g, 0, sizeof(g));
		memset(&h, 0, sizeof(h));
		g.value = guest_call(&c, &g);
		h.value = host_call(&c, &h);
		if (c.op == MOUNT && !g.value && h.value == -EBUSY) {	/* Linux's reason: what has been removed, but not yet gone */
			sys_mount(NULL, c.path, NULL, MS_REMOUNT, NULL);
			continue;
		}
		if ((g.value == h.value && g.size == h.size && !memcmp(g.data, h.data, g.size)) || !comparable(&c, &g, &h))
			continue;
		printf("# call %u: %s fd %d fd2 %d flags %o n %d at %ld path '%.80s' path2 '%.80s'\n",
		       calls, names[c.op], c.fd, c.fd2, c.flags, c.n, c.at, c.path, c.path2);
		printf("# here %ld (%.60s), host %ld (%.60s)\n", g.value, g.data, h.value, h.data);
		return false;
	}
	return true;
}

static void test_with_failing_memory(unsigned rounds)
{
	static struct result r;
	struct call c;

	fail_every = 12;
	for (unsigned i = 0; i < rounds; i++) {
		random_call(&c);
		guest_call(&c, &r);
	}
	fail_every = 0;
}

/* ---- begin and end ---- */

static void remove_all(const char *folder)
{
	static char buf[4000] __attribute__((aligned(8)));
	char path[4000];
	int fd = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);

	for (long n; (n = sys_getdents64(fd, buf, 100 + NAME_MAX)) > 0;) {
		struct linux_dirent64 *e = (void *)buf;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		sys_lseek(fd, e->d_off, SEEK_SET);
		if (strcmp(path, "//proc"))
			while (!sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
				;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(path, "//proc") || !strcmp(path, "//dev"))
			continue;
		if (sys_unlink(path) == -EISDIR) {
			remove_all(path);
			sys_rmdir(path);
		}
	}
	sys_close(fd);
}

static void fresh_descriptors(void)
{
	if (test_task.files)
		files_put(test_task.files);
	test_task.files = files_fork(NULL);
	for (int i = 0; i < 3; i++)
		sys_open("/dev/null", O_RDWR, 0);
}

static void start(void)
{
	input = mmap((void *)0x50000000, 22 * PAGE_SIZE, 3, 0x100022, -1, 0);
	edge = input + 21 * PAGE_SIZE;
	host(NR(125, 10), (long)edge, PAGE_SIZE, 0, 0, 0);
	char *ram = mmap((void *)(uintptr_t)MAP_AT, PAGES * PAGE_SIZE, 3, 0x100022, -1, 0);
	if (ram != (char *)(uintptr_t)MAP_AT || (long)input == -1)
		panic("no place for the machine's memory");
	for (uint32_t i = 0; i < PAGES; i++)
		free_list[pages_left++] = virt_to_pfn((void *)(uintptr_t)MAP_AT) + i;
	for (int i = 0; i < 4 * BUF; i++)
		input[i] = i * 7 + i / 251;
	zero_pfn = page_alloc_zeroed();
	*(struct task **)(test_stack + 8188) = &test_task;
	test_task.process = &process;
	test_task.work = WORK_SIGNAL;		/* so that nothing ever sleeps */
	process.rlimits[RLIMIT_NOFILE][0] = FDS;
	process.rlimits[RLIMIT_FSIZE][0] = RLIM_INFINITY;
	vfs_init();
	test_task.fsinfo = fs_fork(NULL);
	fresh_descriptors();
	for (int i = 3; i < FDS; i++)		/* so that there are spare files, as many as are kept */
		sys_open("/dev/null", O_RDWR, 0);
	fresh_descriptors();
}

static int failed;

static void check(bool good, const char *name)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	fflush(NULL);
	failed |= !good;
}

static bool enter_host_folder(const char *folder)
{
	unsigned long limits[] = { FDS, FDS };

	for (int fd = 3; fd < 1024; fd++)
		host(NR(6, 3), fd, 0, 0, 0, 0);
	umask(022);
	signal(13, (void *)1);
	host_mounts = !unshare(0x20000) && !host(NR(21, 165), (long)"none", (long)"/", 0, 0x44000, 0);
	printf("# mounts are %scompared\n", host_mounts ? "" : "not ");
	return !host(NR(15, 90), (long)folder, 0755, 0, 0, 0) && !chroot(folder) && !chdir("/") &&
	       !host(NR(39, 83), (long)"/dev", 0755, 0, 0, 0) && !host(NR(39, 83), (long)"/proc", 0555, 0, 0, 0) &&
	       !setrlimit(7, limits);
}

static bool all_gone(uint32_t objects_before, uint32_t pages_before)
{
	fresh_descriptors();
	process.rlimits[RLIMIT_NOFILE][0] = FD_MAX;
	sys_chdir("/");
	remove_all("/");
	fresh_descriptors();
	process.rlimits[RLIMIT_NOFILE][0] = FDS;
	if (objects == objects_before && pages_left == pages_before)
		return true;
	printf("# %d objects and %d pages are lost\n", objects - objects_before, pages_before - pages_left);
	return false;
}

/* In a process of its own, which goes to live in a folder that is removed afterwards. */
static void compare(unsigned rounds)
{
	char folder[] = "/tmp/postern-vfs-XXXXXX", command[100];
	uint32_t objects_before = objects, pages_before = pages_left;
	int status = 0, pid = mkdtemp(folder) ? fork() : -1;

	if (!pid) {
		if (!enter_host_folder(folder)) {
			printf("# skipped: the host's side needs root\n");
			exit(0);
		}
		check(test_against_host(rounds), "the same as on the host");
		check(all_gone(objects_before, pages_before), "nothing is lost");
		exit(failed);
	}
	waitpid(pid, &status, 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	failed |= pid < 0 || status || system(command);
}

int main(int argc, char **argv)
{
	start();
	compare(argc > 1 && !strcmp(argv[1], "long") ? 1500000 : 40000);
	uint32_t objects_before = objects, pages_before = pages_left;
	test_with_failing_memory(60000);
	check(all_gone(objects_before, pages_before), "nothing is lost when memory fails");
	return failed;
}
