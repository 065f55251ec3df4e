/* SPDX-License-Identifier: MIT */
/*
 * memhog [MIB]: a child touches memory until it is refused or killed; its parent lives and can map again.
 *
 * Without a limit (MIB) it uses up all there is: meant for a guest, not for a host that is needed.
 */
#include "user/libc/libc.h"
#include "user/libc/tap.h"

#define MIB (1u << 20)

static void hog(uint32_t limit)
{
	for (uint32_t n = 0; n < limit; n++) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (is_err(ADDR(p)))
			_exit(0);
		for (uint32_t at = 0; at < MIB; at += 4096)
			p[at] = 1;
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int status = -1;

	plan(3);
	int pid = fork();
	if (!pid)
		hog(argc > 1 ? atoi(argv[1]) : 4096);
	equal("the hog was reaped", waitpid(pid, &status, 0) - pid, 0);
	ok(status == 0 || WTERMSIG(status) == SIGKILL, "it was refused or killed");
	volatile char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (uint32_t at = 0; at < MIB; at += 4096)
		p[at] = 5;
	equal("memory is there again", p[MIB - 4096], 5);
	return done();
}
