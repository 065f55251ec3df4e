/* SPDX-License-Identifier: MIT */
/*
 * Where folder entries go: the user's buffer of getdents64.
 */
#ifndef KERNEL_DIR_H
#define KERNEL_DIR_H

#include <stdint.h>

struct dir_sink {
	char *to;		/* user address of the next record */
	uint32_t left;		/* bytes left there */
	int error;		/* -EINVAL: the first entry doesn't fit; -EFAULT; else 0 */
	uint32_t records;
};

#endif
