/* SPDX-License-Identifier: MIT */
/*
 * From the kernel's initial stack to main: finds the environment and the auxiliary vector behind argv, and
 * points system calls at the kernel's gate if there is one.
 */
#include "user/libc/libc.h"

char **environ;
const struct auxv *auxv;
const char *progname = "?";

int main(int argc, char **argv, char **envp);
void libc_start(uint32_t *sp) __attribute__((noreturn));

uint32_t getauxval(uint32_t type)
{
	for (const struct auxv *a = auxv; a->a_type != AT_NULL; a++)
		if (a->a_type == type)
			return a->a_val;
	return 0;
}

void exit(int status)
{
	_exit(status);
}

void libc_start(uint32_t *sp)
{
	int argc = sp[0];
	char **argv = (char **)(sp + 1);

	environ = argv + argc + 1;
	char **p = environ;
	while (*p)
		p++;
	auxv = (const struct auxv *)(p + 1);
	uint32_t gate = getauxval(AT_SYSINFO);
	if (gate)
		sysinfo = gate;
	if (argc > 0) {
		const char *slash = strrchr(argv[0], '/');
		progname = slash ? slash + 1 : argv[0];
	}
	exit(main(argc, argv, environ));
}
