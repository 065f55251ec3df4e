/* SPDX-License-Identifier: MIT */
/*
 * Unpacking gzip (RFC 1952) and the deflate stream in it (RFC 1951). Pure: no memory,
 * no kernel services; it is tested and fuzzed on the host (tests/unit/test_inflate.c).
 * Not reentrant.
 */
#ifndef KERNEL_INFLATE_H
#define KERNEL_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Unpacks the one gzip member that in begins with. With out = NULL nothing is written:
 * the call only checks the stream and counts. On success NULL, *used = bytes of in that
 * belong to the member, *size = bytes unpacked (at most room). Otherwise what is wrong,
 * in words. The checksum is compared only when the bytes are there, that is, with out.
 */
const char *gzip_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t room, size_t *used, size_t *size);

#endif
