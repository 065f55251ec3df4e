/* SPDX-License-Identifier: MIT */
/*
 * sizes: lengths that nobody means: paths of 100,000 bytes, folders deeper than any path, transfers beyond 2 GiB, positions beyond all.
 *
 * Single numbers in single arguments are badargs' work; here are those that need something built first.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define LONG  100000
#define DEPTH 30		/* of names of 200 bytes: more than a path of 4096 can say */
#define MOST  0x7ffff000	/* what one transfer moves */

static char path[LONG + 1], name[201];

static void test_long_path(void)
{
	char *words[] = { path, NULL };
	struct stat64 st;

	memset(path, '/', LONG);
	equal("open", open(path, O_RDONLY), -ENAMETOOLONG);
	equal("open for creation", open(path, O_RDWR | O_CREAT, 0644), -ENAMETOOLONG);
	equal("stat64", stat64(path, &st), -ENAMETOOLONG);
	equal("mkdir", mkdir(path, 0755), -ENAMETOOLONG);
	equal("chdir", chdir(path), -ENAMETOOLONG);
	equal("unlink", unlink(path), -ENAMETOOLONG);
	equal("rename from it", rename(path, "x"), -ENAMETOOLONG);
	equal("rename to it", rename("file", path), -ENAMETOOLONG);
	equal("symlink to it", sys(__NR_symlink, path, "x"), -ENAMETOOLONG);
	equal("symlink at it", sys(__NR_symlink, "x", path), -ENAMETOOLONG);
	equal("execve", execve(path, words, environ), -ENAMETOOLONG);
	path[4095] = 0;
	equal("4095 slashes are the root", stat64(path, &st), 0);
	equal("a link may hold as many", sys(__NR_symlink, path, "root"), 0);
	equal("and leads there", stat64("root", &st), 0);
}

static void test_depth(void)
{
	int here = open(".", O_RDONLY), wrong = 0;

	memset(name, 'n', 200);
	for (int i = 0; i < DEPTH; i++)
		wrong += mkdir(name, 0755) || chdir(name);
	equal("folders are made deeper than a path can say", wrong, 0);
	equal("whose path can't be told", getcwd(path, LONG), -ENAMETOOLONG);
	make_file("file", "deep");
	equal("files are found there", read_file("file", path, 10), 4);
	for (int i = 0; i < DEPTH; i++)
		wrong += chdir("..");
	equal("and back", wrong, 0);
	ok(getcwd(path, LONG) > 0, "where the path can be told again");
	sys(__NR_fchdir, here);
	close(here);
}

static void test_transfers(void)
{
	int nothing = open("/dev/null", O_RDWR);
	struct iovec two[2] = { { ADDR(path), 0x60000000 }, { ADDR(path), 0x60000000 } }, negative[2] = { { ADDR(path), 1 }, { ADDR(path), 0x80000000 } };
	static struct iovec many[1024];

	equal("2 GiB but one byte", write(nothing, path, INT32_MAX), MOST);
	equal("3 GiB in two parts", sys(__NR_writev, nothing, two, 2), MOST);
	equal("a part of 2 GiB", sys(__NR_writev, nothing, negative, 2), -EINVAL);
	for (int i = 0; i < 1024; i++)
		many[i] = (struct iovec){ ADDR(path), 0x7ffff };
	equal("1024 parts of half a MiB", sys(__NR_writev, nothing, many, 1024), 1024 * 0x7ffff);
	equal("parts without end", sys(__NR_writev, nothing, many, -1), -EINVAL);
	close(nothing);
}

static long seek(int fd, uint32_t high, uint32_t low, int whence)
{
	uint64_t result;

	return sys(__NR__llseek, fd, high, low, &result, whence);
}

static void test_positions(void)
{
	int fd = open("file", O_RDWR | O_LARGEFILE);

	equal("a position of 16 TiB but a page", seek(fd, 0xfff, 0xfffff000, SEEK_SET), 0);
	equal("nothing is there", read(fd, path, 10), 0);
	equal("nothing can be put there", write(fd, path, 10) < 0, 1);
	equal("one page more", seek(fd, 0, 4096, SEEK_CUR), -EINVAL);
	equal("so far that it is negative", seek(fd, INT32_MAX, 0xffffffff, SEEK_CUR), -EINVAL);
	equal("before the beginning", seek(fd, -1, -100, SEEK_END), -EINVAL);
	equal("the position stayed", lseek(fd, 0, SEEK_CUR) == 0xffffffff000LL, 1);
	equal("a negative size", sys(__NR_ftruncate64, fd, 0, -1), -EINVAL);
	equal("the greatest size", sys(__NR_ftruncate64, fd, -1, INT32_MAX), -EFBIG);
	close(fd);
}

int main(void)
{
	plan(33);
	scratch_enter();
	make_file("file", "some text");
	test_long_path();
	test_depth();
	test_transfers();
	test_positions();
	scratch_leave();
	return done();
}
