/* SPDX-License-Identifier: MIT */
/*
 * statfs64 (268) and fstatfs64 (269); the caller passes the structure's size, which must be 84.
 */
#ifndef ABI_STATFS_H
#define ABI_STATFS_H

#include <stddef.h>
#include <stdint.h>

#define RAMFS_MAGIC 0x858458f6u
#define TMPFS_MAGIC 0x01021994u
#define PROC_SUPER_MAGIC 0x9fa0u

struct statfs64 {
	uint32_t f_type;
	uint32_t f_bsize;
	uint64_t f_blocks;
	uint64_t f_bfree;
	uint64_t f_bavail;
	uint64_t f_files;
	uint64_t f_ffree;
	uint32_t f_fsid[2];
	uint32_t f_namelen;
	uint32_t f_frsize;
	uint32_t f_flags;
	uint32_t f_spare[4];
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct statfs64) == 84 && offsetof(struct statfs64, f_namelen) == 56, "i386 statfs64");

#endif
