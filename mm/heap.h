/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: objects of up to a page from size-class slabs, larger ones from vmalloc.
 *
 * kmalloc never sleeps and may be called with interrupts off for sizes up to a page. Memory is
 * aligned to 16 bytes, and to its own size for powers of two up to a page (a 32-byte PDPT relies on
 * that). Contents are undefined (kzalloc: zero). `heap=debug` on the command line turns on
 * poisoning and red zones: a freed object is filled with 0x6B and checked when it is reused, an
 * overrun is found at kfree; either panics with the object's address.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <stddef.h>

/* After page_init, before any other of these; debug: what heap=debug asks for. */
void heap_init(int debug);
/* NULL when memory is used up. 0 bytes give a pointer of their own. Above a page: not in interrupt handlers. */
void *kmalloc(size_t bytes);
void *kzalloc(size_t bytes);
/* NULL is allowed. Anything that kmalloc or kzalloc returned, whatever its size. */
void kfree(void *object);

/* Behind the name of a pointer variable, which must have a value from the start: what it points at then is freed when it goes. */
static inline void kfree_at(void *pointer) { kfree(*(void **)pointer); }
#define AUTO_FREE	__attribute__((cleanup(kfree_at)))

#endif
