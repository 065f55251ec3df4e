/* SPDX-License-Identifier: MIT */
/*
 * The kernel heap: slabs of equal objects, one page each, by size class; whole pages above that;
 * vmalloc above a page.
 *
 * A slab's page begins with its header, so the slab of an object is found by clearing the low bits
 * of its address, and an address with no low bits is a whole page, not an object. Objects stand at
 * multiples of their size, so that powers of two are aligned to themselves. Of a new slab nothing
 * is touched but the header: objects are taken from its fresh part until it is used up. Slabs with
 * room are on their class's list; an empty one goes back to the page allocator unless it is the
 * only one with room.
 *
 * Interrupt handlers allocate too, so lists are touched with interrupts off.
 *
 * heap=debug: an object is followed by red bytes (0xBB) and its last word holds the size that was
 * asked for; freed objects are filled with 0x6B, and both are checked. Alignment is kept by taking
 * the next class of the same alignment.
 */
#include "mm/internal.h"

#define LARGEST		1344u		/* three to a page; what is larger takes a page */
#define GRAIN		16u
#define HEADER		32u
#define RED		0xBB
#define DEAD		0x6B
#define RED_BYTES	12u		/* at least: eight red bytes and the size */

struct class {
	struct list partial;		/* slabs with room */
	uint32_t size, capacity;
};

struct slab {
	struct list node;		/* on class->partial, or alone when full */
	struct class *class;
	void *free;			/* freed objects, each pointing at the next */
	char *fresh;			/* objects from here on were never used */
	uint32_t used;
};
_Static_assert(sizeof(struct slab) <= HEADER, "the first object comes behind the header");

static struct class classes[] = {
	{ .size = 16 }, { .size = 32 }, { .size = 48 }, { .size = 64 }, { .size = 96 }, { .size = 128 }, { .size = 192 },
	{ .size = 256 }, { .size = 320 }, { .size = 384 }, { .size = 512 }, { .size = 672 }, { .size = 1024 }, { .size = LARGEST },
};
static uint8_t class_of[LARGEST / GRAIN + 1];	/* by size in grains, rounded up */
static uint32_t spare;				/* empty slabs that are kept */
static bool debug;

/* The first object stands behind the header at the first multiple of the size's own alignment. */
void heap_init(int with_checks)
{
	unsigned c = 0;

	debug = with_checks;
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		list_init(&classes[i].partial);
		classes[i].capacity = (PAGE_SIZE - MAX(HEADER, classes[i].size & -classes[i].size)) / classes[i].size;
	}
	for (unsigned grains = 0; grains < ARRAY_SIZE(class_of); grains++) {
		while (classes[c].size < grains * GRAIN)
			c++;
		class_of[grains] = c;
	}
}

/* ---- slabs ---- */

/* With interrupts off; NULL: out of memory. */
static struct slab *slab_new(struct class *c)
{
	pfn_t pfn = page_alloc_any();
	struct slab *s = pfn_to_virt(pfn);

	if (!pfn)
		return NULL;
	s->class = c;
	s->free = NULL;
	s->fresh = (char *)s + MAX(HEADER, c->size & -c->size);
	s->used = 0;
	if (unlikely(debug))
		memset(s->fresh, DEAD, (char *)s + PAGE_SIZE - s->fresh);
	list_add(&s->node, &c->partial);
	spare++;
	return s;
}

/* An object of the class from the first slab with room; NULL: out of memory. */
static void *slab_take(struct class *c)
{
	IRQ_GUARD;
	struct slab *s = container_of(c->partial.next, struct slab, node);
	void *object = NULL;

	if (unlikely(list_empty(&c->partial)))
		s = slab_new(c);
	if (likely(s)) {
		object = s->free;
		if (object) {
			s->free = *(void **)object;
		} else {
			object = s->fresh;
			s->fresh += c->size;
		}
		if (!s->used++)
			spare--;
		if (s->used == c->capacity)
			list_del(&s->node);
	}
	return object;
}

static void slab_release(struct slab *s)
{
	list_del(&s->node);
	spare--;
	page_free_any(virt_to_pfn(s));
}

/*
 * Back to its slab. One empty slab per class is kept, so that a single object that comes and goes
 * doesn't cost a page each time.
 */
static void slab_give(struct slab *s, void *object)
{
	IRQ_GUARD;
	struct class *c = s->class;

	*(void **)object = s->free;
	s->free = object;
	if (s->used-- == c->capacity)
		list_add(&s->node, &c->partial);
	if (!s->used) {
		spare++;
		if (s->node.next != s->node.prev)	/* not alone on the list */
			slab_release(s);
	}
}

uint32_t heap_spare_pages(void) { return spare; }

/* For the page allocator in need. */
void heap_spare_drop(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		IRQ_GUARD;
		struct slab *s, *next;
		list_for_each_safe(s, next, &classes[i].partial, node)
			if (!s->used)
				slab_release(s);
	}
}

/* ---- checks ---- */

/* The size to take for n bytes, red bytes and alignment included. */
static size_t debug_size(size_t n) { return n >= GRAIN && !(n & (n - 1)) ? MAX(2 * n, 2 * GRAIN) : n + RED_BYTES; }

static bool all_bytes(const uint8_t *at, size_t n, uint8_t value)
{
	for (; n; n--, at++)
		if (*at != value)
			return false;
	return true;
}

/* Behind the link of the free list an object that is not in use is dead all over. */
static void debug_take(uint8_t *object, size_t size, size_t n)
{
	if (!all_bytes(object + sizeof(void *), size - sizeof(void *), DEAD))
		panic("heap: object %p was written to after it was freed", (void *)object);
	memset(object + n, RED, size - n);
	memcpy(object + size - sizeof(n), &n, sizeof(n));
}

/* The size at the end is dead, and so impossible, when the object has been freed before. */
static void debug_give(uint8_t *object, size_t size)
{
	size_t n;

	memcpy(&n, object + size - sizeof(n), sizeof(n));
	if (n > size - RED_BYTES)
		panic("heap: object %p was freed before, or overrun", (void *)object);
	if (!all_bytes(object + n, size - n - sizeof(n), RED))
		panic("heap: object %p of %u bytes was overrun", (void *)object, (unsigned)n);
	memset(object, DEAD, size);
}

static void *debug_alloc(size_t n)
{
	struct class *c = &classes[class_of[(debug_size(n) + GRAIN - 1) / GRAIN]];
	void *object = slab_take(c);

	if (object)
		debug_take(object, c->size, n);
	return object;
}

/* ---- the interface ---- */

static void *large_alloc(size_t n)
{
	pfn_t pfn = n > PAGE_SIZE ? 0 : page_alloc_any();

	return n > PAGE_SIZE ? vmalloc(n) : pfn ? pfn_to_virt(pfn) : NULL;
}

/* In debug mode what has no room for red bytes in a slab takes a page, unchecked. */
void *kmalloc(size_t n)
{
	if (unlikely(n > LARGEST || (debug && debug_size(n) > LARGEST)))
		return large_alloc(n);
	if (unlikely(debug))
		return debug_alloc(n);
	return slab_take(&classes[class_of[(n + GRAIN - 1) / GRAIN]]);
}

void *kzalloc(size_t n)
{
	void *object = kmalloc(n);

	return object ? memset(object, 0, n) : NULL;
}

void kfree(void *object)
{
	struct slab *s = (struct slab *)((uint32_t)object & PAGE_MASK);

	if (!object)
		return;
	if (unlikely(s == object && (uint32_t)object >= vmalloc_start)) {
		vfree(object);
	} else if (unlikely(s == object)) {
		page_free_any(virt_to_pfn(object));
	} else {
		if (unlikely(debug))
			debug_give(object, s->class->size);
		slab_give(s, object);
	}
}
