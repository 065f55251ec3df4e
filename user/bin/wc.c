/* SPDX-License-Identifier: MIT */
/*
 * wc [FILE...]: lines, words and bytes of each file or of the standard input.
 */
#include "user/libc/libc.h"

static void count(int fd, const char *name)
{
	struct reader r;
	int c, lines = 0, words = 0, bytes = 0;
	bool inside = false;

	reader_init(&r, fd);
	while ((c = reader_char(&r)) >= 0) {
		bool blank = c == ' ' || (c >= '\t' && c <= '\r');
		bytes++;
		lines += c == '\n';
		words += !blank && !inside;
		inside = !blank;
	}
	printf("%7d %7d %7d%s%s\n", lines, words, bytes, *name ? " " : "", name);
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		count(0, "");
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		if (fd < 0) {
			dprintf(2, "wc: %s: %s\n", argv[i], strerror(-fd));
			status = 1;
			continue;
		}
		count(fd, argv[i]);
		close(fd);
	}
	return status;
}
