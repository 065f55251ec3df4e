/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: objects of up to a page from size-class slabs, larger ones from vmalloc.
 *
 * kmalloc never sleeps and may be called with interrupts off for sizes up to a page. Memory is aligned to
 * 16 bytes, and to its own size for powers of two up to a page (a 32-byte PDPT relies on that). Contents are
 * undefined (kzalloc: zero). `heap=debug` on the command line turns on poisoning and red zones: a freed object is filled
 * with 0x6B and checked when it is reused, an overrun is found at kfree; either panics with the object's address.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <stddef.h>

void *kmalloc(size_t bytes);		/* NULL when memory is used up */
void *kzalloc(size_t bytes);
void kfree(void *object);		/* NULL is allowed */
char *kstrdup(const char *s);
void heap_init(int debug);		/* after page_init */

#endif
