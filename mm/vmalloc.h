/* SPDX-License-Identifier: MIT */
/*
 * Kernel virtual memory that is not the direct map: page-wise allocated buffers, device memory, and
 * kernel stacks.
 *
 * The range lies between the end of the direct map (plus a gap) and the fixmap. All its level-1
 * page tables are made at boot, so kernel PMDs never change afterwards. A kernel stack is 8 KiB,
 * aligned to 8 KiB, with an unmapped guard page below it.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <stddef.h>
#include <stdint.h>

#define KSTACK_SIZE	8192u

/* After mm_init. None of these functions is for interrupt handlers. */
void vmalloc_init(void);
/* Zeroed, page aligned, not contiguous in memory. NULL: bytes is 0, or out of memory or address space. */
void *vmalloc(size_t bytes);
/* NULL is allowed; area is what vmalloc or ioremap returned. */
void vfree(void *area);
/*
 * Maps device memory, or RAM beyond the direct map: uncached, read-write, never executable. phys may be any
 * guest-physical address, aligned or not. NULL as for vmalloc.
 */
void *ioremap(uint64_t phys, size_t bytes);

/* A stack's lowest address, or NULL. Freed stacks are cached, a few of them, mapped. */
void *kstack_alloc(void);
void kstack_free(void *stack);
/* True when addr lies in a guard page of the stack area (a kernel stack overflow). */
int kstack_is_guard(uint32_t addr);

#endif
