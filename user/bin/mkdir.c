/* SPDX-License-Identifier: MIT */
/*
 * mkdir FOLDER...: makes folders.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		fail("usage: mkdir FOLDER...");
	for (int i = 1; i < argc; i++) {
		int r = mkdir(argv[i], 0777);
		if (r < 0) {
			dprintf(2, "mkdir: %s: %s\n", argv[i], strerror(-r));
			status = 1;
		}
	}
	return status;
}
