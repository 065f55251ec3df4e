/* SPDX-License-Identifier: MIT */
/*
 * cat [FILE...]: copies the files, or the standard input, to the standard output. "-" is the standard input.
 */
#include "user/libc/libc.h"

static int copy(int fd, const char *name)
{
	static char buf[4096];
	int n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || n == -EINTR)
		if (n > 0 && write_all(1, buf, n) < 0)
			return 1;
	if (n < 0)
		dprintf(2, "cat: %s: %s\n", name, strerror(-n));
	return n < 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		return copy(0, "standard input");
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-")) {
			status |= copy(0, "standard input");
			continue;
		}
		int fd = open(argv[i], O_RDONLY);
		if (fd < 0) {
			dprintf(2, "cat: %s: %s\n", argv[i], strerror(-fd));
			status = 1;
			continue;
		}
		status |= copy(fd, argv[i]);
		close(fd);
	}
	return status;
}
