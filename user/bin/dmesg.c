/* SPDX-License-Identifier: MIT */
/*
 * dmesg: the kernel's log, by syslog(2).
 */
#include "user/libc/libc.h"

#define SYSLOG_READ_ALL    3
#define SYSLOG_SIZE_BUFFER 10

int main(void)
{
	int size = sys(__NR_syslog, SYSLOG_SIZE_BUFFER, NULL, 0);

	if (size <= 0)
		size = 65536;
	char *buf = malloc(size);
	if (!buf)
		fail("out of memory");
	int n = sys(__NR_syslog, SYSLOG_READ_ALL, buf, size);
	if (n < 0)
		fail("%s", strerror(-n));
	write_all(1, buf, n);
	return 0;
}
