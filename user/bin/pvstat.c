/* SPDX-License-Identifier: MIT */
/*
 * pvstat [WORD]: what the kernel says about the platform that it runs on (/proc/pv), or its lines with WORD.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	struct reader r;
	char line[256];
	int fd = open("/proc/pv", O_RDONLY);

	if (fd < 0)
		fail("/proc/pv: %s (is this Postern?)", strerror(-fd));
	reader_init(&r, fd);
	while (reader_line(&r, line, sizeof(line)) >= 0)
		if (argc < 2 || strstr(line, argv[1]))
			puts(line);
	return 0;
}
