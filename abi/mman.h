/* SPDX-License-Identifier: MIT */
/*
 * Memory mapping: the flags of mmap2, mprotect, mremap and madvise, and the block that old mmap (90) reads.
 *
 * mmap2's offset counts units of 4096 bytes. Addresses are 32-bit words here, not pointers: the kernel must
 * never follow one directly.
 */
#ifndef ABI_MMAN_H
#define ABI_MMAN_H

#include <stdint.h>

#define PROT_NONE       0
#define PROT_READ       1
#define PROT_WRITE      2
#define PROT_EXEC       4

#define MAP_SHARED          0x01
#define MAP_PRIVATE         0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE            0x0f
#define MAP_FIXED           0x10
#define MAP_ANONYMOUS       0x20
#define MAP_GROWSDOWN       0x0100
#define MAP_DENYWRITE       0x0800
#define MAP_EXECUTABLE      0x1000
#define MAP_LOCKED          0x2000
#define MAP_NORESERVE       0x4000
#define MAP_POPULATE        0x8000
#define MAP_NONBLOCK        0x10000
#define MAP_STACK           0x20000
#define MAP_FIXED_NOREPLACE 0x100000

#define MREMAP_MAYMOVE  1
#define MREMAP_FIXED    2

#define MADV_NORMAL     0
#define MADV_RANDOM     1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED   3
#define MADV_DONTNEED   4
#define MADV_FREE       8

#define MS_ASYNC        1
#define MS_INVALIDATE   2
#define MS_SYNC         4

/* Argument block of the old mmap call (90); its offset is in bytes. */
struct mmap_arg_struct {
	uint32_t addr;
	uint32_t len;
	uint32_t prot;
	uint32_t flags;
	uint32_t fd;
	uint32_t offset;
};
_Static_assert(sizeof(struct mmap_arg_struct) == 24, "old mmap block");

#endif
