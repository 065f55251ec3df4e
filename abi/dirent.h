/* SPDX-License-Identifier: MIT */
/*
 * Folder entries as getdents64 (220) writes them, one after another; d_reclen (a multiple of 8) leads to the
 * next one. d_off is what lseek takes to go on behind this entry.
 */
#ifndef ABI_DIRENT_H
#define ABI_DIRENT_H

#include <stddef.h>
#include <stdint.h>

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

struct linux_dirent {
	uint32_t d_ino;
	uint32_t d_off;
	uint16_t d_reclen;
	char d_name[];		/* NUL-terminated; the record's last byte is the type */
} __attribute__((packed, aligned(2)));
_Static_assert(offsetof(struct linux_dirent, d_name) == 10, "linux_dirent");

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];		/* NUL-terminated */
} __attribute__((packed, aligned(4)));
_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "linux_dirent64");

#endif
