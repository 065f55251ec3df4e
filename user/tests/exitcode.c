/* SPDX-License-Identifier: MIT */
/*
 * exitcode [N]: exits with status N, 0 if not said. Also the small program that the exec tests run.
 */
#include "user/libc/libc.h"

int main(int argc, char **argv)
{
	return argc > 1 ? atoi(argv[1]) : 0;
}
