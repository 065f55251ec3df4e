/* SPDX-License-Identifier: MIT */
/*
 * sleep SECONDS: waits; a fraction behind a point counts too.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	struct timespec ts = { 0, 0 };
	char *end;

	if (argc != 2)
		fail("usage: sleep SECONDS");
	ts.tv_sec = strtoul(argv[1], &end, 10);
	if (*end == '.') {
		int unit = 100000000;
		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			ts.tv_nsec += (*end - '0') * unit;
	}
	if (*end)
		fail("%s: not a time", argv[1]);
	while (nanosleep(&ts, &ts) == -EINTR)
		;
	return 0;
}
