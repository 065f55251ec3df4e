/* SPDX-License-Identifier: MIT */
/*
 * leak [ROUNDS]: free memory before and after a thousand rounds of fork, exec and exit, and of mount and umount, is the same.
 *
 * Some rounds run first, so that what the kernel keeps for reuse has been made. Meaningful on Postern, where nothing
 * else runs; on a busy host it is expected to fail.
 */
#include "abi/mount.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static int rounds(int n)
{
	char *args[] = { "exitcode", "7", NULL };
	int good = 0, status, fd[2];

	while (n-- > 0) {
		pipe(fd);
		int pid = fork();
		if (!pid) {
			execve("/tests/exitcode", args, environ);
			_exit(7);
		}
		good += waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7;
		close(fd[0]);
		close(fd[1]);
	}
	return good;
}

/* Full file systems that go at once, or when the last file is closed. */
static int mounts(int n)
{
	int good = 0;

	while (n-- > 0) {
		good += !sys(__NR_mount, "none", "m", n % 2 ? "ramfs" : "tmpfs", 0, NULL) && !mkdir("m/a", 0755) && !mkdir("m/a/b", 0755) &&
			!sys(__NR_mount, "none", "m/a/b", "proc", 0, NULL);
		make_file("m/a/one", "text"), make_file("m/two", "text");
		sys(__NR_symlink, "x", "m/a/link"), sys(__NR_link, "m/two", "m/a/hard");
		int fd = open("m/a/one", O_RDWR), status = open("m/a/b/self/status", O_RDONLY);
		unlink("m/a/one");
		if (n % 3)
			close(fd), close(status);
		good -= !!(n % 3 ? sys(__NR_umount2, "m/a/b", 0) : 0);
		good -= !!sys(__NR_umount2, "m", n % 3 ? 0 : MNT_DETACH);
		if (n % 3 == 0)
			close(fd), close(status);
	}
	return good;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000;

	plan(3);
	scratch_enter();
	mkdir("m", 0755);
	rounds(20), mounts(20);
	long before = mem_free();
	equal("children exited as told", rounds(n), n);
	equal("file systems came and went", mounts(n), n);
	equal("free memory in KiB is the same", mem_free(), before);
	scratch_leave();
	return done();
}
