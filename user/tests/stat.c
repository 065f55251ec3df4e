/* SPDX-License-Identifier: MIT */
/*
 * stat: all calls of the family say the same about a file, and it is right; chmod, umask, access, times, devices.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static struct stat64 get(const char *path)
{
	struct stat64 st = { 0 };

	lstat64(path, &st);
	return st;
}

/* All seven ways agree on what path (not a link) is. */
static bool agree(const char *path)
{
	struct stat64 a = get(path), b = { 0 }, c = { 0 }, d = { 0 };	/* not all calls write the padding */
	struct stat e = { 0 }, f = { 0 };
	struct statx x;
	int fd = open(path, O_RDONLY), r = stat64(path, &b) | fstat64(fd, &c);

	r |= sys(__NR_fstatat64, AT_FDCWD, path, &d, 0) | sys(__NR_stat, path, &e) | sys(__NR_fstat, fd, &f);
	r |= sys(__NR_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x);
	close(fd);
	return r == 0 && !memcmp(&a, &b, sizeof(a)) && !memcmp(&a, &c, sizeof(a)) && !memcmp(&a, &d, sizeof(a)) &&
		!memcmp(&e, &f, sizeof(e)) && e.st_ino == (uint32_t)a.st_ino && e.st_mode == a.st_mode &&
		e.st_nlink == a.st_nlink && e.st_size == a.st_size && e.st_mtime == a.st_mtime &&
		x.stx_ino == a.st_ino && x.stx_mode == a.st_mode && x.stx_nlink == a.st_nlink &&
		x.stx_size == (uint64_t)a.st_size && x.stx_blocks == a.st_blocks && x.stx_uid == a.st_uid &&
		x.stx_mtime.tv_sec == a.st_mtime && x.stx_mtime.tv_nsec == a.st_mtime_nsec &&
		(x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS;
}

static void test_kinds(void)
{
	struct stat64 st = get("file"), dir = get("dir"), link = get("link");

	ok(agree("file"), "all calls agree on a file");
	ok(agree("dir"), "and on a folder");
	ok(agree("/dev/null"), "and on a device");
	equal("mode of a file", st.st_mode, S_IFREG | 0644);
	equal("its size", st.st_size, 11);
	equal("its links", st.st_nlink, 1);
	ok(st.st_uid == (uint32_t)sys(__NR_geteuid32) && st.st_gid == (uint32_t)sys(__NR_getegid32), "its owner");
	ok(st.st_ino != 0 && st.st_ino_low == (uint32_t)st.st_ino && st.st_blksize >= 512, "its number and block size");
	equal("mode of a folder", dir.st_mode, S_IFDIR | 0755);
	ok(dir.st_dev == st.st_dev && dir.st_ino != st.st_ino, "on the same device, with another number");
	equal("mode of a link", link.st_mode, S_IFLNK | 0777);
	equal("size of a link", link.st_size, 4);
	equal("stat of it follows", (stat64("link", &link), link.st_ino == st.st_ino), 1);
	equal("fstatat without following",
	      (sys(__NR_fstatat64, AT_FDCWD, "link", &link, AT_SYMLINK_NOFOLLOW), link.st_mode & S_IFMT), S_IFLNK);
	stat64("/dev/null", &st);
	ok(S_ISCHR(st.st_mode) && st.st_rdev == 0x103, "/dev/null is the device 1:3");
	stat64("/dev/zero", &st);
	ok(S_ISCHR(st.st_mode) && st.st_rdev == 0x105, "/dev/zero is the device 1:5");
}

static void test_errors(void)
{
	struct stat64 st;
	struct statx x;
	int fd = open("file", O_RDONLY);

	equal("stat of nothing", stat64("none", &st), -ENOENT);
	equal("stat of the empty name", stat64("", &st), -ENOENT);
	equal("stat below a file", stat64("file/x", &st), -ENOTDIR);
	equal("stat of a file with a slash behind", stat64("file/", &st), -ENOTDIR);
	equal("stat of a folder with one", stat64("dir///", &st), 0);
	equal("stat of a broken link", (sys(__NR_symlink, "none", "broken"), stat64("broken", &st)), -ENOENT);
	equal("fstat of a bad descriptor", fstat64(99, &st), -EBADF);
	equal("fstatat of a bad folder", sys(__NR_fstatat64, 99, "file", &st, 0), -EBADF);
	equal("fstatat with unknown flags", sys(__NR_fstatat64, AT_FDCWD, "file", &st, 0x8), -EINVAL);
	equal("fstatat of the empty name", sys(__NR_fstatat64, fd, "", &st, 0), -ENOENT);
	equal("fstatat with AT_EMPTY_PATH", sys(__NR_fstatat64, fd, "", &st, AT_EMPTY_PATH), 0);
	equal("says what fstat says", st.st_size, 11);
	equal("statx with AT_EMPTY_PATH", sys(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x), 0);
	equal("says so, too", x.stx_size, 11);
	equal("statx with unknown flags", sys(__NR_statx, fd, "", 8, STATX_BASIC_STATS, &x), -EINVAL);
	equal("statx with a reserved mask", sys(__NR_statx, AT_FDCWD, "file", 0, 0x80000000, &x), -EINVAL);
	close(fd);
}

static void test_modes(void)
{
	uint32_t old = sys(__NR_umask, 027);

	close(open("m1", O_CREAT | O_WRONLY, 0777));
	equal("umask applies to files", get("m1").st_mode & 07777, 0750);
	mkdir("m2", 0777);
	equal("and to folders", get("m2").st_mode & 07777, 0750);
	equal("umask tells the old one, cut to 9 bits", (sys(__NR_umask, 07777), sys(__NR_umask, old)), 0777);
	equal("chmod", sys(__NR_chmod, "m1", 0604), 0);
	equal("is not masked", get("m1").st_mode & 07777, 0604);
	equal("chmod of special bits", (sys(__NR_chmod, "m2", 01777), get("m2").st_mode), S_IFDIR | 01777);
	int fd = open("m1", O_RDWR);
	equal("fchmod", sys(__NR_fchmod, fd, 0640), 0);
	equal("fchmodat", sys(__NR_fchmodat, AT_FDCWD, "m2", 0711), 0);
	ok((get("m1").st_mode & 0777) == 0640 && (get("m2").st_mode & 0777) == 0711, "both took effect");
	equal("chmod follows links", (sys(__NR_symlink, "m1", "m3"), sys(__NR_chmod, "m3", 0600), get("m1").st_mode & 0777), 0600);
	equal("chmod of nothing", sys(__NR_chmod, "none", 0600), -ENOENT);
	equal("fchmod of a bad descriptor", sys(__NR_fchmod, 99, 0600), -EBADF);
	close(fd);
	equal("access of what is there", sys(__NR_access, "m1", F_OK), 0);
	equal("to read and write", sys(__NR_access, "m1", R_OK | W_OK), 0);
	equal("to execute what is not for it", sys(__NR_access, "m1", X_OK), -EACCES);
	equal("to execute what is", (sys(__NR_chmod, "m1", 0700), sys(__NR_access, "m1", X_OK)), 0);
	equal("access of nothing", sys(__NR_access, "none", F_OK), -ENOENT);
	equal("access in unknown ways", sys(__NR_access, "m1", 8), -EINVAL);
	equal("faccessat", sys(__NR_faccessat, AT_FDCWD, "m2", X_OK), 0);
}

static bool later(struct stat64 a, struct stat64 b)
{
	return a.st_mtime > b.st_mtime || (a.st_mtime == b.st_mtime && a.st_mtime_nsec > b.st_mtime_nsec);
}

static void test_times(void)
{
	struct timespec tick = { 0, 12000000 }, now;
	struct stat64 before = get("file"), dir = get("dir");

	clock_gettime(CLOCK_REALTIME, &now);
	ok(now.tv_sec - (int)before.st_mtime < 100 && (int)before.st_mtime <= now.tv_sec, "a new file's time is now");
	nanosleep(&tick, NULL);
	int fd = open("file", O_RDWR);
	char c;
	read(fd, &c, 1);
	ok(!later(get("file"), before), "reading keeps the time of change");
	write(fd, "z", 1);
	close(fd);
	ok(later(get("file"), before), "writing moves it");
	make_file("dir/new", "");
	ok(later(get("dir"), dir), "a new name moves its folder's");
	dir = get("dir");
	nanosleep(&tick, NULL);
	unlink("dir/new");
	ok(later(get("dir"), dir), "a name taken away, too");
	const struct timespec old[] = { { -2, 999999999 }, { -300000000, 5 } };
	struct statx st;
	equal("times before 1970", sys(__NR_utimensat, AT_FDCWD, "file", old, 0), 0);
	sys(__NR_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &st);
	ok(st.stx_atime.tv_sec == -2 && st.stx_atime.tv_nsec == 999999999, "are told by statx");
	ok((int)get("file").st_mtime == -300000000 && get("file").st_mtime_nsec == 5, "and by stat64");
	const struct timeval bad = { -1, 1000000 };
	equal("a fraction too big", sys(__NR_utimes, "file", &bad), -EINVAL);
}

static void test_mknod(void)
{
	equal("mknod of a file", sys(__NR_mknod, "plain", S_IFREG | 0640, 0), 0);
	ok(get("plain").st_mode == (S_IFREG | 0640) && get("plain").st_size == 0, "made it");
	equal("mknod without a kind", sys(__NR_mknod, "plain2", 0600, 0), 0);
	ok(S_ISREG(get("plain2").st_mode), "makes a file");
	equal("mknod over what exists", sys(__NR_mknod, "plain", S_IFREG | 0640, 0), -EEXIST);
	equal("mknod of a folder", sys(__NR_mknod, "nodedir", S_IFDIR | 0755, 0), -EPERM);
	equal("mknod of a link", sys(__NR_mknod, "nodelink", S_IFLNK | 0777, 0), -EINVAL);
}

static void test_devices(void)
{
	char buf[64];
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = 0, good = 1;

	equal("read of /dev/null", read(null, buf, 10), 0);
	equal("write to /dev/null", write(null, buf, 64), 64);
	memset(buf, 1, sizeof(buf));
	equal("read of /dev/zero", read(zero, buf, 64), 64);
	for (int i = 0; i < 64; i++)
		good &= buf[i] == 0;
	ok(good, "gives zeroes");
	equal("write to /dev/zero", write(zero, buf, 5), 5);
	equal("O_TRUNC on a device", close(open("/dev/null", O_WRONLY | O_TRUNC)), 0);
	equal("ftruncate of a device", sys(__NR_ftruncate, null, 0), -EINVAL);
	equal("getdents64 of a device", getdents64(null, buf, 64), -ENOTDIR);
	equal("ioctl of a device that isn't a terminal", ioctl(null, TCGETS, buf), -ENOTTY);
	equal("ioctl of a bad descriptor", ioctl(99, TCGETS, buf), -EBADF);
	int random = open("/dev/urandom", O_RDONLY);
	memset(buf, 0, sizeof(buf));
	equal("read of /dev/urandom", read(random, buf, 64), 64);
	for (int i = 0; i < 64; i++)
		full += buf[i] != 0;
	ok(full > 40, "gives no zeroes");
	uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	ok(!is_err((long)p) && p[5000] == 0 && (p[5000] = 3) == 3, "mmap of /dev/zero");
	close(null), close(zero), close(random);
}

int main(void)
{
	plan(80);
	scratch_enter();
	make_file("file", "hello world");
	mkdir("dir", 0755);
	sys(__NR_symlink, "file", "link");
	test_kinds();
	test_errors();
	test_modes();
	test_times();
	test_mknod();
	test_devices();
	scratch_leave();
	return done();
}
