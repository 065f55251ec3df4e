/* SPDX-License-Identifier: MIT */
/*
 * forkbomb: forks until the kernel says no, at most 4000 children that wait; then lets them all go.
 *
 * The kernel must refuse with EAGAIN or ENOMEM, or serve the lot; every child must end and be reaped, and a fork
 * must work afterwards.
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

int main(int argc, char **argv)
{
	int limit = argc > 1 ? atoi(argv[1]) : 4000, children = 0, reaped = 0, pid = 0, fd[2], status;
	char c;

	plan(4);
	pipe(fd);
	while (children < limit && (pid = fork()) > 0)
		children++;
	if (!pid) {
		close(fd[1]);
		read(fd[0], &c, 1);
		_exit(0);
	}
	ok(children > 0, "children were made");
	ok(pid > 0 || pid == -EAGAIN || pid == -ENOMEM, "refused politely");
	close(fd[0]);
	close(fd[1]);
	while (waitpid(-1, &status, 0) > 0)
		reaped++;
	equal("all children reaped", reaped - children, 0);
	pid = fork();
	if (!pid)
		_exit(3);
	waitpid(pid, &status, 0);
	equal("fork works afterwards", WEXITSTATUS(status), 3);
	return done();
}
