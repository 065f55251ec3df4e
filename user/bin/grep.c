/* SPDX-License-Identifier: MIT */
/*
 * grep [-v] [-c] [-q] PATTERN [FILE...]: lines that match. The pattern knows ^ $ . and * only.
 */
#include "user/libc/libc.h"

static bool match_here(const char *p, const char *s)
{
	if (!*p)
		return true;
	if (p[0] == '$' && !p[1])
		return !*s;
	if (p[1] == '*') {
		do {
			if (match_here(p + 2, s))
				return true;
		} while (*s && (*p == '.' || *p == *s) && s++);
		return false;
	}
	return *s && (*p == '.' || *p == *s) && match_here(p + 1, s + 1);
}

static bool match(const char *p, const char *s)
{
	if (*p == '^')
		return match_here(p + 1, s);
	do {
		if (match_here(p, s))
			return true;
	} while (*s++);
	return false;
}

static bool invert, count_only, quiet;

static int search(const char *pattern, int fd, const char *name)
{
	struct reader r;
	char line[1024];
	int n = 0;

	reader_init(&r, fd);
	while (reader_line(&r, line, sizeof(line)) >= 0) {
		if (match(pattern, line) == invert)
			continue;
		n++;
		if (!quiet && !count_only)
			printf("%s%s%s\n", name, *name ? ":" : "", line);
	}
	if (count_only)
		printf("%s%s%d\n", name, *name ? ":" : "", n);
	return n;
}

int main(int argc, char **argv)
{
	int c, found = 0;

	while ((c = getopt(argc, argv, "vcq")) != -1) {
		if (c == '?')
			return 2;
		invert |= c == 'v';
		count_only |= c == 'c';
		quiet |= c == 'q';
	}
	if (optind >= argc)
		fail("usage: grep [-v] [-c] [-q] PATTERN [FILE...]");
	const char *pattern = argv[optind++];
	if (optind == argc)
		found = search(pattern, 0, "");
	for (int i = optind; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		if (fd < 0) {
			dprintf(2, "grep: %s: %s\n", argv[i], strerror(-fd));
			continue;
		}
		found += search(pattern, fd, argc - optind > 1 ? argv[i] : "");
		close(fd);
	}
	return !found;
}
