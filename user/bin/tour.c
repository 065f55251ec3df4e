/* SPDX-License-Identifier: MIT */
/*
 * tour [-n]: a guided walk: each step says what it is about and runs a command of the shell. Enter goes on, q
 * leaves; -n does not wait.
 */
#include "user/libc/libc.h"

static const struct {
	const char *text, *command;
} steps[] = {
	{ "The gate. The kernel maps one page into every process and tells where in the auxiliary vector.\n"
	  "The C library calls the kernel through it. This is the page as this process sees it.", "gate" },
	{ "Where things are. The page is one of this process's mappings, and not a file's: [vdso].",
	  "cat /proc/self/maps" },
	{ "An old loader trusted absolute addresses in that page. With a randomly placed page it gives up;\n"
	  "boot with vdso=compat and it is content.", "oldld; echo exit status $?" },
	{ "What the kernel runs on: the platform, its table of operations, how call sites were patched.", "pvstat" },
	{ "A crash. A child dereferences a null pointer; only the child dies, and its parent is told.",
	  "/tests/crash null; echo exit status $? \"(128 + SIGSEGV)\"" },
	{ "Memory and processes, as everywhere.", "free; ps" },
};

static bool wait_for_enter(void)
{
	char c, first = 0;

	printf("-- Enter goes on, q leaves --");
	while (read(0, &c, 1) == 1) {
		first = first ? first : c;
		if (c == '\n')
			return first != 'q';
	}
	return false;
}

static void run(const char *command)
{
	char *sh[] = { "sh", "-c", (char *)command, NULL };
	int pid = fork();

	if (!pid) {
		execve("/bin/sh", sh, environ);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	bool ask = !(argc > 1 && !strcmp(argv[1], "-n"));

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		printf("\n[%u/%u] %s\n\n$ %s\n", (unsigned)i + 1, (unsigned)ARRAY_SIZE(steps), steps[i].text,
		       steps[i].command);
		run(steps[i].command);
		if (ask && !wait_for_enter())
			return 0;
	}
	puts("\nThat was this boot. Try next, each from the host after poweroff:\n"
	     "  tools/run --cmdline vdso=compat                      the page at 0xffffe000; run oldld\n"
	     "  tools/run --cmdline 'vdso=compat reservetop=4194304' the page moved; oldld is content all the same\n"
	     "  tools/run --cmdline vdso=off                         no page at all; int 0x80 does it");
	return 0;
}
