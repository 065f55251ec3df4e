/* SPDX-License-Identifier: MIT */
/*
 * A first-fit heap on brk: one address-ordered list of free blocks, joined with their neighbours on free.
 *
 * Each block is headed by its size (header included, a multiple of 8); a free block also holds the link. It
 * grows by at least 16 KiB, never shrinks, and is not safe among threads: the programs that start threads do
 * not allocate in them.
 */
#include "user/libc/libc.h"

struct block {
	size_t size;
	struct block *next;	/* only while free */
};
#define HEADER 8
#define GROW   16384

static struct block *free_list;

static void insert(struct block *b)
{
	struct block **p = &free_list;

	while (*p && *p < b)
		p = &(*p)->next;
	b->next = *p;
	*p = b;
	if (b->next && (char *)b + b->size == (char *)b->next) {
		b->size += b->next->size;
		b->next = b->next->next;
	}
	if (p != &free_list) {
		struct block *prev = (struct block *)((char *)p - offsetof(struct block, next));
		if ((char *)prev + prev->size == (char *)b) {
			prev->size += b->size;
			prev->next = b->next;
		}
	}
}

static bool grow(size_t size)
{
	size_t n = max(size, (size_t)GROW);
	struct block *b = sbrk(n);

	if (is_err(ADDR(b)))
		return false;
	b->size = n;
	insert(b);
	return true;
}

void *malloc(size_t n)
{
	size_t size = (n + HEADER + 7) & ~7u;

	if (size < n)
		return NULL;
	size = max(size, sizeof(struct block) + HEADER);
	do {
		for (struct block **p = &free_list; *p; p = &(*p)->next) {
			struct block *b = *p;
			if (b->size < size)
				continue;
			if (b->size - size >= 2 * sizeof(struct block)) {
				struct block *rest = (struct block *)((char *)b + size);
				rest->size = b->size - size;
				rest->next = b->next;
				b->size = size;
				*p = rest;
			} else {
				*p = b->next;
			}
			return (char *)b + HEADER;
		}
	} while (grow(size));
	return NULL;
}

void free(void *p)
{
	if (p)
		insert((struct block *)((char *)p - HEADER));
}

void *calloc(size_t n, size_t size)
{
	if (size && n > (size_t)-1 / size)
		return NULL;
	void *p = malloc(n * size);
	return p ? memset(p, 0, n * size) : NULL;
}

void *realloc(void *p, size_t n)
{
	void *q = malloc(n);

	if (p && q) {
		size_t old = *(size_t *)((char *)p - HEADER) - HEADER;
		memcpy(q, p, min(old, n));
		free(p);
	}
	return q;
}
