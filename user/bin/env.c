/* SPDX-License-Identifier: MIT */
/*
 * env [NAME=VALUE...] [COMMAND...]: prints the environment, or runs a command with more in it.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	int i = 1;

	for (char *eq; i < argc && (eq = strchr(argv[i], '=')); i++) {
		*eq = 0;
		setenv(argv[i], eq + 1);
	}
	if (i < argc) {
		int r = execvp(argv[i], argv + i);
		dprintf(2, "env: %s: %s\n", argv[i], strerror(-r));
		return r == -ENOENT ? 127 : 126;
	}
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}
