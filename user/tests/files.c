/* SPDX-License-Identifier: MIT */
/*
 * files: open, read, write, seek, truncate, descriptors and what they share.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static const char *self;
static char long_name[300], long_path[5000];

static int opens(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static bool holds(const char *path, const char *text)
{
	char buf[200];

	return read_file(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

static void test_open_errors(void)
{
	static const struct {
		const char *name, *path;
		int flags, result;
	} t[] = {
		{ "open of what is not there", "none", O_RDONLY, -ENOENT },
		{ "open of an empty name", "", O_RDONLY, -ENOENT },
		{ "open below what is not there", "none/x", O_RDWR | O_CREAT, -ENOENT },
		{ "open below a file", "file/x", O_RDONLY, -ENOTDIR },
		{ "open of a file with a slash behind", "file/", O_RDONLY, -ENOTDIR },
		{ "create with a slash behind", "new/", O_WRONLY | O_CREAT, -EISDIR },
		{ "open of a folder for writing", "dir", O_WRONLY, -EISDIR },
		{ "open of a folder for both", "dir", O_RDWR, -EISDIR },
		{ "open of a folder for reading", "dir", O_RDONLY, 0 },
		{ "open of a folder with O_CREAT", "dir", O_RDONLY | O_CREAT, -EISDIR },
		{ "open of a folder with O_TRUNC", "dir", O_RDONLY | O_TRUNC, -EISDIR },
		{ "open of a file as a folder", "file", O_RDONLY | O_DIRECTORY, -ENOTDIR },
		{ "open of a folder as one", "dir", O_RDONLY | O_DIRECTORY, 0 },
		{ "O_EXCL on a file", "file", O_RDWR | O_CREAT | O_EXCL, -EEXIST },
		{ "O_EXCL on a link to nowhere", "broken", O_RDWR | O_CREAT | O_EXCL, -EEXIST },
		{ "O_EXCL on a folder", "dir", O_RDWR | O_CREAT | O_EXCL, -EEXIST },
		{ "open of a link", "link", O_RDONLY, 0 },
		{ "O_NOFOLLOW on a link", "link", O_RDONLY | O_NOFOLLOW, -ELOOP },
		{ "O_NOFOLLOW on a file", "file", O_RDONLY | O_NOFOLLOW, 0 },
		{ "O_NOFOLLOW and a link in the middle", "dirlink/inner", O_RDONLY | O_NOFOLLOW, 0 },
		{ "open of a link to a folder, as one, without following", "dirlink", O_DIRECTORY | O_NOFOLLOW, -ENOTDIR },
		{ "open of a loop of links", "loop1", O_RDONLY, -ELOOP },
		{ "open through a loop", "loop1/x", O_RDONLY, -ELOOP },
		{ "open of a link to nowhere", "broken", O_RDONLY, -ENOENT },
		{ "open of a name of 255 bytes", long_name + 44, O_RDONLY, -ENOENT },
		{ "open of a name of 256 bytes", long_name + 43, O_RDONLY, -ENAMETOOLONG },
		{ "open of a path of 4095 bytes", long_path + 904, O_RDONLY, -ENOENT },
		{ "open of a path of 4096 bytes", long_path + 903, O_RDONLY, -ENAMETOOLONG },
		{ "dots and slashes", ".//dir/../dir/.///inner", O_RDONLY, 0 },
		{ "open of the root's parent", "/..", O_RDONLY, 0 },
	};

	memset(long_name, 'a', sizeof(long_name) - 1);
	for (size_t i = 0; i < sizeof(long_path) - 1; i++)
		long_path[i] = i % 2 ? 'd' : '/';
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		equal(t[i].name, opens(t[i].path, t[i].flags), t[i].result);
	equal("create through a link to nowhere", opens("broken", O_WRONLY | O_CREAT), 0);
	equal("made its target", opens("missing", O_RDONLY), 0);
}

static void test_read_write(void)
{
	char buf[32] = "";
	int fd = open("rw", O_RDWR | O_CREAT | O_EXCL, 0600);

	equal("write", write(fd, "0123456789", 10), 10);
	equal("read at the end", read(fd, buf, 10), 0);
	equal("lseek to the start", lseek(fd, 0, SEEK_SET), 0);
	equal("read of part", read(fd, buf, 4), 4);
	ok(!memcmp(buf, "0123", 4), "what was written");
	equal("the offset moved", lseek(fd, 0, SEEK_CUR), 4);
	equal("read of more than there is", read(fd, buf, 32), 6);
	equal("read of nothing", read(fd, NULL, 0), 0);
	equal("write of nothing", write(fd, NULL, 0), 0);
	equal("pread", sys(__NR_pread64, fd, buf, 3, 2, 0), 3);
	ok(!memcmp(buf, "234", 3), "read there");
	equal("pread past the end", sys(__NR_pread64, fd, buf, 3, 100, 0), 0);
	equal("pread at a negative offset", sys(__NR_pread64, fd, buf, 3, -1, -1), -EINVAL);
	equal("pwrite", sys(__NR_pwrite64, fd, "xy", 2, 8, 0), 2);
	equal("pwrite at a negative offset", sys(__NR_pwrite64, fd, "xy", 2, -1, -1), -EINVAL);
	equal("neither moves the offset", lseek(fd, 0, SEEK_CUR), 10);
	ok(holds("rw", "01234567xy"), "pwrite wrote there");
	close(fd);
	fd = open("rw", O_RDONLY);
	equal("write to a descriptor for reading", write(fd, "a", 1), -EBADF);
	equal("ftruncate of it", sys(__NR_ftruncate, fd, 0), -EINVAL);
	close(fd);
	fd = open("rw", O_WRONLY);
	equal("read from a descriptor for writing", read(fd, buf, 1), -EBADF);
	equal("writing starts at offset 0", write(fd, "AB", 2), 2);
	close(fd);
	ok(holds("rw", "AB234567xy"), "and leaves the rest");
	fd = open("dir", O_RDONLY);
	equal("read of a folder", read(fd, buf, 1), -EISDIR);
	close(fd);
	equal("read of a closed descriptor", read(fd, buf, 1), -EBADF);
	equal("close of it", close(fd), -EBADF);
	equal("close of -1", close(-1), -EBADF);
}

static void test_seek(void)
{
	int fd = open("rw", O_RDWR), fds[2];

	equal("seek from the end", lseek(fd, -3, SEEK_END), 7);
	equal("seek onwards", lseek(fd, 2, SEEK_CUR), 9);
	equal("seek to before the start", lseek(fd, -20, SEEK_CUR), -EINVAL);
	equal("which moves nothing", lseek(fd, 0, SEEK_CUR), 9);
	equal("seek by an unknown rule", lseek(fd, 0, 9), -EINVAL);
	equal("seek past the end", lseek(fd, 100, SEEK_END), 110);
	ok(lseek(fd, 0x123456789ll, SEEK_SET) == 0x123456789ll, "seek past 4 GiB");
	equal("short lseek", sys(__NR_lseek, fd, 5, SEEK_SET), 5);
	equal("short lseek, negative", sys(__NR_lseek, fd, -1, SEEK_SET), -EINVAL);
	close(fd);
	pipe(fds);
	equal("seek on a pipe", lseek(fds[0], 0, SEEK_CUR), -ESPIPE);
	equal("pread on a pipe", sys(__NR_pread64, fds[0], &fd, 1, 0, 0), -ESPIPE);
	equal("ftruncate of a pipe", sys(__NR_ftruncate, fds[1], 0), -EINVAL);
	close(fds[0]), close(fds[1]);
	equal("seek on a bad descriptor", lseek(99, 0, SEEK_SET), -EBADF);
}

static void test_append_truncate(void)
{
	int fd = open("app", O_WRONLY | O_CREAT | O_APPEND, 0644), two = open("app", O_RDWR);
	struct stat64 st;
	char buf[16];

	write(two, "abc", 3);
	equal("O_APPEND writes at the end", write(fd, "def", 3), 3);
	equal("and leaves the offset there", lseek(fd, 0, SEEK_CUR), 6);
	lseek(fd, 0, SEEK_SET);
	write(fd, "g", 1);
	ok(holds("app", "abcdefg"), "wherever the offset was");
	fcntl(fd, F_SETFL, 0);
	lseek(fd, 0, SEEK_SET), write(fd, "A", 1);
	ok(holds("app", "Abcdefg"), "until F_SETFL takes it off");
	equal("ftruncate shorter", sys(__NR_ftruncate, two, 2), 0);
	equal("ftruncate longer", sys(__NR_ftruncate64, two, 6, 0), 0);
	lseek(two, 0, SEEK_SET);
	equal("the new size", read(two, buf, 16), 6);
	ok(!memcmp(buf, "Ab\0\0\0\0", 6), "the new part is zero");
	equal("ftruncate below zero", sys(__NR_ftruncate, two, -1), -EINVAL);
	lseek(two, 10000, SEEK_SET), write(two, "z", 1);
	sys(__NR_pread64, two, buf, 4, 5000, 0);
	ok(!memcmp(buf, "\0\0\0\0", 4), "a hole reads as zero");
	fstat64(two, &st);
	equal("size with a hole", st.st_size, 10001);
	close(two);
	two = open("app", O_RDWR | O_TRUNC);
	fstat64(fd, &st);
	equal("O_TRUNC empties the file for all", st.st_size, 0);
	write(fd, "B", 1);
	fstat64(fd, &st);
	equal("and their offsets stay", st.st_size, 2);
	close(fd), close(two);
	equal("truncate", sys(__NR_truncate, "app", 1), 0);
	equal("truncate of a folder", sys(__NR_truncate, "dir", 1), -EISDIR);
	equal("truncate of nothing", sys(__NR_truncate64, "none", 1, 0), -ENOENT);
	equal("truncate below zero", sys(__NR_truncate64, "app", 1, -1), -EINVAL);
}

static void test_vectors(void)
{
	char a[4] = "", b[8] = "";
	struct iovec v[3] = { { ADDR("one"), 3 }, { 0, 0 }, { ADDR("twelve"), 6 } };
	struct iovec in[2] = { { ADDR(a), 3 }, { ADDR(b), 8 } }, bad[2] = { { ADDR(a), 3 }, { ADDR(b), -1 } };
	int fd = open("vec", O_RDWR | O_CREAT, 0644);

	equal("writev", sys(__NR_writev, fd, v, 3), 9);
	lseek(fd, 0, SEEK_SET);
	equal("readv", sys(__NR_readv, fd, in, 2), 9);
	ok(!strcmp(a, "one") && !strcmp(b, "twelve"), "filled in order");
	equal("writev of no vectors", sys(__NR_writev, fd, v, 0), 0);
	equal("writev of too many", sys(__NR_writev, fd, v, 1025), -EINVAL);
	equal("writev of a negative number", sys(__NR_writev, fd, v, -1), -EINVAL);
	equal("writev with a negative length", sys(__NR_writev, fd, bad, 2), -EINVAL);
	equal("readv at the end", sys(__NR_readv, fd, in, 2), 0);
	close(fd);
	equal("writev to a bad descriptor", sys(__NR_writev, fd, v, 3), -EBADF);
}

static void test_dup(void)
{
	int fd = open("rw", O_RDWR), d = dup(fd), other = open("rw", O_RDWR);

	equal("dup takes the lowest number", d, fd + 1);
	lseek(fd, 5, SEEK_SET);
	ok(lseek(d, 0, SEEK_CUR) == 5 && lseek(other, 0, SEEK_CUR) == 0, "offsets are shared by dup, not by open");
	fcntl(d, F_SETFL, O_APPEND | O_NONBLOCK);
	equal("flags are shared, too", fcntl(fd, F_GETFL, 0) & ~O_LARGEFILE, O_RDWR | O_APPEND | O_NONBLOCK);
	equal("dup2", dup2(fd, 30), 30);
	equal("dup2 onto itself", dup2(fd, fd), fd);
	equal("dup2 of a bad one onto itself", dup2(99, 99), -EBADF);
	equal("dup2 to a negative number", dup2(fd, -1), -EBADF);
	equal("dup2 to a number too high", dup2(fd, 0x7fffffff), -EBADF);
	equal("dup3 onto itself", sys(__NR_dup3, fd, fd, 0), -EINVAL);
	equal("dup3 with unknown flags", sys(__NR_dup3, fd, 31, O_APPEND), -EINVAL);
	equal("dup3", sys(__NR_dup3, fd, 31, O_CLOEXEC), 31);
	equal("sets close-on-exec", fcntl(31, F_GETFD), FD_CLOEXEC);
	equal("F_SETFD", fcntl(31, F_SETFD, 0) + fcntl(31, F_GETFD), 0);
	equal("F_DUPFD", fcntl(fd, F_DUPFD, 30), 32);
	equal("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 33), 33);
	equal("has it", fcntl(33, F_GETFD), FD_CLOEXEC);
	equal("F_DUPFD with a negative number", fcntl(fd, F_DUPFD, -1), -EINVAL);
	equal("unknown fcntl", fcntl(fd, 999, 0), -EINVAL);
	equal("fcntl of a bad descriptor", fcntl(99, F_GETFL, 0), -EBADF);
	for (int i = 30; i < 34; i++)
		close(i);
	close(d), close(other);
	equal("a closed number is taken again", dup(fd), d);
	close(d), close(fd);
}

static int child_exec(void)
{
	char keep[8], gone[8], *args[] = { "files", "exec", keep, gone, NULL };

	snprintf(keep, sizeof(keep), "%d", open("rw", O_RDONLY));
	snprintf(gone, sizeof(gone), "%d", open("rw", O_RDONLY | O_CLOEXEC));
	execve(self, args, environ);
	return 2;
}

static void test_unlinked(void)
{
	int fd = open("gone", O_RDWR | O_CREAT, 0644);
	char c;
	struct stat64 st;

	write(fd, "still", 5);
	equal("unlink of an open file", unlink("gone"), 0);
	equal("its name is gone", opens("gone", O_RDONLY), -ENOENT);
	fstat64(fd, &st);
	ok(st.st_nlink == 0 && st.st_size == 5, "the file is not");
	equal("it can be read", sys(__NR_pread64, fd, &c, 1, 4, 0), 1);
	equal("its bytes are there", c, 'l');
	close(fd);
	int status = in_child(child_exec);
	equal("close-on-exec closes, and nothing else does", status, 0);
}

static int child_offset(void)
{
	char c;

	return read(50, &c, 1) == 1 && c == '2' ? lseek(50, 0, SEEK_CUR) : 99;
}

static void test_inherit(void)
{
	int fd = open("rw", O_RDONLY);

	dup2(fd, 50), close(fd);
	lseek(50, 2, SEEK_SET);
	equal("a child inherits descriptors", in_child(child_offset), W_EXITCODE(3, 0));
	equal("and shares their offsets", lseek(50, 0, SEEK_CUR), 3);
	close(50);
}

/* The two shapes of struct flock; locks.c of tests/programs has the rest, for which the C library needs only one. */
static void test_locks(void)
{
	int a = open("rw", O_RDWR), b = open("rw", O_RDWR);
	struct flock narrow = { .l_type = F_WRLCK };
	struct flock64 far = { .l_type = F_WRLCK, .l_start = 3ll << 30, .l_len = 10 }, wide = { .l_type = F_WRLCK };

	equal("a lock beyond 2 GiB", sys(__NR_fcntl64, a, F_OFD_SETLK, &far), 0);
	equal("can't be told by the narrow F_GETLK", fcntl(b, F_GETLK, ADDR(&narrow)), -EOVERFLOW);
	equal("but by the wide one", sys(__NR_fcntl64, b, F_GETLK64, &wide), 0);
	ok(wide.l_start == far.l_start && wide.l_len == 10 && wide.l_pid == -1, "in full");
	wide = (struct flock64){ .l_type = F_WRLCK, .l_len = INT64_MIN };
	equal("the most negative length", sys(__NR_fcntl64, b, F_SETLK64, &wide), -EINVAL);
	close(a), close(b);
}

int main(int argc, char **argv)
{
	if (argc > 3)
		return fcntl(atoi(argv[2]), F_GETFD) == 0 && fcntl(atoi(argv[3]), F_GETFD) == -EBADF ? 0 : 3;
	self = argv[0];
	plan(130);
	scratch_enter();
	make_file("file", "text");
	mkdir("dir", 0755);
	make_file("dir/inner", "in");
	sys(__NR_symlink, "file", "link");
	sys(__NR_symlink, "dir", "dirlink");
	sys(__NR_symlink, "loop2", "loop1");
	sys(__NR_symlink, "loop1", "loop2");
	sys(__NR_symlink, "missing", "broken");
	test_open_errors();
	test_read_write();
	test_seek();
	test_append_truncate();
	test_vectors();
	test_dup();
	test_unlinked();
	test_inherit();
	test_locks();
	scratch_leave();
	return done();
}
