/* SPDX-License-Identifier: MIT */
/*
 * File status: the three shapes in which i386 programs ask for it, and the mode bits.
 *
 * struct stat is the 64-byte "new" stat of calls 106 to 108, struct stat64 that of 195 to 197 and 300, struct
 * statx that of 383. 64-bit fields are aligned to 4 bytes on i386; the attribute keeps that true for tests
 * which compile this header for a 64-bit host.
 */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#include <stddef.h>
#include <stdint.h>

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  0004000
#define S_ISGID  0002000
#define S_ISVTX  0001000
#define S_IXGRP  0000010

#define S_ISLNK(m)  (((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)  (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)  (((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)  (((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)

struct stat {
	uint32_t st_dev;
	uint32_t st_ino;
	uint16_t st_mode;
	uint16_t st_nlink;
	uint16_t st_uid;
	uint16_t st_gid;
	uint32_t st_rdev;
	uint32_t st_size;
	uint32_t st_blksize;
	uint32_t st_blocks;		/* units of 512 bytes */
	uint32_t st_atime;
	uint32_t st_atime_nsec;
	uint32_t st_mtime;
	uint32_t st_mtime_nsec;
	uint32_t st_ctime;
	uint32_t st_ctime_nsec;
	uint32_t unused4;
	uint32_t unused5;
};
_Static_assert(sizeof(struct stat) == 64 && offsetof(struct stat, st_size) == 20, "i386 newstat");

struct stat64 {
	uint64_t st_dev;
	uint32_t pad0;
	uint32_t st_ino_low;		/* the low half of st_ino */
	uint32_t st_mode;
	uint32_t st_nlink;
	uint32_t st_uid;
	uint32_t st_gid;
	uint64_t st_rdev;
	uint32_t pad3;
	int64_t st_size;
	uint32_t st_blksize;
	uint64_t st_blocks;		/* units of 512 bytes */
	uint32_t st_atime;
	uint32_t st_atime_nsec;
	uint32_t st_mtime;
	uint32_t st_mtime_nsec;
	uint32_t st_ctime;
	uint32_t st_ctime_nsec;
	uint64_t st_ino;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct stat64) == 96, "i386 stat64");
_Static_assert(offsetof(struct stat64, st_mode) == 16 && offsetof(struct stat64, st_size) == 44 &&
	       offsetof(struct stat64, st_blocks) == 56 && offsetof(struct stat64, st_ino) == 88, "i386 stat64");

struct statx_timestamp {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved;
} __attribute__((packed, aligned(4)));

struct statx {
	uint32_t stx_mask;		/* STATX_*: which fields are filled in */
	uint32_t stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink;
	uint32_t stx_uid;
	uint32_t stx_gid;
	uint16_t stx_mode;
	uint16_t spare0;
	uint64_t stx_ino;
	uint64_t stx_size;
	uint64_t stx_blocks;
	uint64_t stx_attributes_mask;
	struct statx_timestamp stx_atime;
	struct statx_timestamp stx_btime;
	struct statx_timestamp stx_ctime;
	struct statx_timestamp stx_mtime;
	uint32_t stx_rdev_major;
	uint32_t stx_rdev_minor;
	uint32_t stx_dev_major;
	uint32_t stx_dev_minor;
	uint64_t stx_mnt_id;
	uint64_t spare2[13];
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct statx) == 256 && offsetof(struct statx, stx_ino) == 32 &&
	       offsetof(struct statx, stx_atime) == 64 && offsetof(struct statx, stx_rdev_major) == 128, "statx");

#define STATX_BASIC_STATS 0x7ff

#endif
