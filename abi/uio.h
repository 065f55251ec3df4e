/* SPDX-License-Identifier: MIT */
/*
 * readv and writev's vector. The base is a 32-bit user address.
 */
#ifndef ABI_UIO_H
#define ABI_UIO_H

#include <stdint.h>

#define UIO_MAXIOV 1024

struct iovec {
	uint32_t iov_base;
	uint32_t iov_len;
};
_Static_assert(sizeof(struct iovec) == 8, "i386 iovec");

#endif
