/* SPDX-License-Identifier: MIT */
/*
 * One-letter options, grouped or apart, with an argument where the letter list has a colon. Stops at the first
 * operand or behind "--". An unknown letter or a missing argument prints a line and returns '?'.
 */
#include "user/libc/libc.h"

int optind = 1;
char *optarg;

static int complain(const char *what, int c)
{
	dprintf(2, "%s: %s -%c\n", progname, what, c);
	return '?';
}

int getopt(int argc, char *const argv[], const char *letters)
{
	static const char *group;

	if (!group || !*group) {
		if (optind >= argc || argv[optind][0] != '-' || !argv[optind][1])
			return -1;
		group = argv[optind++] + 1;
		if (!strcmp(group, "-")) {
			group = NULL;
			return -1;
		}
	}
	int c = *group++;
	const char *l = strchr(letters, c);
	if (!l || c == ':')
		return complain("unknown option", c);
	if (l[1] != ':')
		return c;
	optarg = *group ? (char *)group : optind < argc ? argv[optind++] : NULL;
	group = NULL;
	return optarg ? c : complain("missing argument of", c);
}
