/* SPDX-License-Identifier: MIT */
/*
 * leak [ROUNDS]: free memory before and after a thousand rounds of fork, exec and exit is the same.
 *
 * Some rounds run first, so that what the kernel keeps for reuse has been made. Meaningful on Postern, where nothing
 * else runs; on a busy host it is expected to fail.
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

static long mem_free(void)
{
	char buf[2048];

	if (read_file("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	const char *p = strstr(buf, "MemFree:");
	if (!p)
		return -1;
	for (p += 8; *p == ' ' || *p == '\t'; p++)
		;
	return atoi(p);
}

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

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000;

	plan(2);
	rounds(20);
	long before = mem_free();
	equal("children exited as told", rounds(n), n);
	equal("free memory in KiB is the same", mem_free(), before);
	return done();
}
