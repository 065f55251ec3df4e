/* SPDX-License-Identifier: MIT */
/*
 * free: memory, from sysinfo(2), in KiB.
 */
#include "user/libc/libc.h"

int main(void)
{
	struct sysinfo si;
	int r = sys(__NR_sysinfo, &si);

	if (r < 0)
		fail("sysinfo: %s", strerror(-r));
	uint64_t unit = si.mem_unit ? si.mem_unit : 1;
	uint32_t total = si.totalram * unit / 1024, unused = si.freeram * unit / 1024;
	printf("        total     used     free\nmem: %8u %8u %8u KiB\n", total, total - unused, unused);
	return 0;
}
