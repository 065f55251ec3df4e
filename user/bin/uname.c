/* SPDX-License-Identifier: MIT */
/*
 * uname [-a] [-s] [-n] [-r] [-v] [-m]: the system's names, in this order whatever the order asked.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	struct utsname u;
	const char *values[] = { u.sysname, u.nodename, u.release, u.version, u.machine };
	bool want[5] = { argc < 2 }, first = true;
	int c, r = uname(&u);

	if (r < 0)
		fail("%s", strerror(-r));
	while ((c = getopt(argc, argv, "asnrvm")) != -1) {
		if (c == '?')
			return 2;
		for (int i = 0; i < 5; i++)
			want[i] |= c == 'a' || c == letters[i];
	}
	for (int i = 0; i < 5; i++) {
		if (!want[i])
			continue;
		printf("%s%s", first ? "" : " ", values[i]);
		first = false;
	}
	printf("\n");
	return 0;
}
