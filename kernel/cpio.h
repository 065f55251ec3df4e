/* SPDX-License-Identifier: MIT */
/*
 * Reading a newc cpio archive (magic 070701, or 070702 with a checksum) in memory,
 * entry by entry. Pure: no memory, no kernel services; it is tested and fuzzed on the
 * host (tests/unit/test_cpio.c).
 *
 * An entry is a header of 110 characters (magic and thirteen fields of 8 hexadecimal
 * digits), the name with its NUL, padding to 4 bytes, the data, padding to 4. The entry
 * "TRAILER!!!" ends an archive. (Format: cpio(5); Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst.)
 */
#ifndef KERNEL_CPIO_H
#define KERNEL_CPIO_H

#include <stddef.h>
#include <stdint.h>

/* What is left of an archive, and where it starts: padding counts from there. */
struct cpio { const uint8_t *at, *end, *start; };

#define CPIO_FIELDS	13

struct cpio_entry {
	union {
		struct {		/* in the order of the header */
			uint32_t ino, mode, uid, gid, nlink, mtime;
			uint32_t size;			/* bytes of data */
			uint32_t dev_major, dev_minor, rdev_major, rdev_minor;
			uint32_t name_size;		/* with the NUL; at most 4096 */
			uint32_t check;			/* of 070702: the sum of the data's bytes */
		};
		uint32_t fields[CPIO_FIELDS];
	};
	const char *name;		/* terminated, name_size - 1 characters, not empty; NULL: of the trailer */
	const uint8_t *data;		/* size bytes */
};

/* The next entry; behind the trailer c->at is the end of the archive. NULL, or what is wrong, in words. */
const char *cpio_next(struct cpio *c, struct cpio_entry *e);

#endif
