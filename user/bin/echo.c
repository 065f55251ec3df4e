/* SPDX-License-Identifier: MIT */
/*
 * echo [-n] [WORD...]: the words, with blanks between them and a newline (unless -n) at the end. No escapes.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	int i = 1;
	bool newline = true;

	if (argc > 1 && !strcmp(argv[1], "-n")) {
		newline = false;
		i++;
	}
	for (; i < argc; i++) {
		write_all(1, argv[i], strlen(argv[i]));
		if (i + 1 < argc)
			write_all(1, " ", 1);
	}
	if (newline)
		write_all(1, "\n", 1);
	return 0;
}
