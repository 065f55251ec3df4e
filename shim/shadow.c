/* SPDX-License-Identifier: MIT */
/*
 * Shadow page tables; see shadow.h. PAE: four gigabytes, each with a table of 512 entries (PMD), each of those with a page table.
 *
 * The four PMDs of a shadow exist as long as it does, so its top level never changes; page tables come from the guest's own pool. When the pool is
 * empty everything that can be found again is dropped. Nothing needs flushing: cr3 is loaded at every entry, and no entry is global.
 */
#include "shim/shadow.h"
#include "kernel/lib.h"
#include "shim/guest.h"
#include "shim/memory.h"

#define GIB(va)		((va) >> 30)
#define PMD_INDEX(va)	((va) >> 21 & 511)
#define PT_INDEX(va)	((va) >> 12 & 511)
#define GROUP		16u		/* entries of a page table that are filled and cleared together */
#define PAGE_OF(entry)	((uint32_t)(entry) & ~(PAGE_SIZE - 1))
#define FAULT_PRESENT	1u		/* error code: Intel SDM volume 3, section 4.7 */
#define FAULT_WRITE	2u
#define FAULT_USER	4u
_Static_assert(FAULT_WRITE == PTE_W && FAULT_USER == PTE_U, "an access is compared with what entries allow");
#define FIXED_PAGES	5u		/* of a shadow: its PMDs and the table with the switcher */
#define SWITCHER_SLOT	PT_INDEX(SWITCHER_TEXT)

/* What the guest's entries must not have (lguest.md 6.1, 16.2). Its memory ends below 4 GiB, so the upper half of a frame is zero. */
#define BAD_PDPTE	0xFFEu		/* of the lower half, */
#define BAD_PMDE	0xF98u
#define BAD_PTE		((uint32_t)PTE_PS)
#define BAD_UPPER	0xFFFFFFFFu	/* of the upper half: of the first two levels, */
#define BAD_FRAME	0x00000FFFu	/* of the last: bits 44 to 62, and NX, are the guest's own */

struct entry { uint32_t low, high; };	/* of the guest's tables */

/* The way to a virtual address through the guest's tables. */
struct walk {
	struct entry *entry;		/* the last level's, in the guest's memory; NULL in linear mode */
	uint32_t pte;			/* its lower half */
	uint32_t upper;			/* that of the entry above: both must allow an access */
};
enum found { FOUND, ABSENT, FORBIDDEN, STOPPED };

/* ---- pool ---- */

uint32_t shadow_pages(uint32_t memory_pages)
{
	return FIXED_PAGES * SHADOWS + 64 + memory_pages / 63;
}

static void give_back(struct shadows *s, uint64_t *page)
{
	*(uint32_t *)page = s->free;
	s->free = (uint32_t)page;
	s->free_pages++;
}

static uint64_t *take_page(struct shadows *s)
{
	uint32_t *page = (uint32_t *)s->free;

	if (!page)
		return NULL;
	s->free = *page;
	s->free_pages--;
	*page = 0;
	return (uint64_t *)page;
}

/* The first pages hold `groups`. */
void shadow_init(struct guest *g, uint32_t pool, uint32_t pool_pages)
{
	struct shadows *s = &g->shadows;

	s->pool = pool;
	s->groups = (uint32_t *)pool;
	for (uint32_t i = pool_pages; i-- > pool_pages * sizeof(*s->groups) / PAGE_SIZE + 1;)
		give_back(s, (uint64_t *)(pool + i * PAGE_SIZE));
}

static uint32_t *groups_of(struct shadows *s, const uint64_t *entry)
{
	return &s->groups[((uint32_t)entry - s->pool) / PAGE_SIZE];
}

/* An entry of a page table. */
static void put(struct shadows *s, uint64_t *to, uint64_t entry)
{
	*to = entry;
	*groups_of(s, to) |= 1u << (uint32_t)to % PAGE_SIZE / (GROUP * sizeof(*to));
}

static void clear_table(struct shadows *s, uint64_t *table)
{
	for (uint32_t *groups = groups_of(s, table); *groups; *groups &= *groups - 1)
		memset(&table[__builtin_ctz(*groups) * GROUP], 0, GROUP * sizeof(*table));
}

/* ---- shadows ---- */

static bool shared(const struct guest *g, unsigned gib)
{
	return g->data && gib << 30 >= g->kernel_address;
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)PAGE_OF(entry);
}

static void put_switcher(struct guest *g, uint64_t *table)
{
	extern const char __switcher_load[];

	put(&g->shadows, &table[SWITCHER_SLOT], (uint32_t)__switcher_load | PTE_P | PTE_A);
	put(&g->shadows, &table[SWITCHER_SLOT + 1], PAGE_OF(g->regs) | PTE_P | PTE_W | PTE_A | PTE_D | memory_nx);
	put(&g->shadows, &table[SWITCHER_SLOT + 2], (uint32_t)g->page | PTE_P | PTE_A);
}

/* A page table, hooked in. Upper levels allow everything; what an address allows is in its last entry. */
static uint64_t *add_table(struct guest *g, struct gib *gib, unsigned index)
{
	uint64_t *table = take_page(&g->shadows);

	if (!table)
		return NULL;
	gib->pmd[index] = (uint32_t)table | PTE_P | PTE_W | PTE_U | PTE_A;
	gib->used[index / 32] |= 1u << index % 32;
	return table;
}

/* The table with the switcher stays, emptied of everything else. */
static void drop_table(struct guest *g, struct gib *gib, unsigned index)
{
	uint64_t *table = table_of(gib->pmd[index]);

	if (!table)
		return;
	clear_table(&g->shadows, table);
	if (table == gib->switcher) {
		put_switcher(g, table);
		return;
	}
	gib->pmd[index] = 0;
	gib->used[index / 32] &= ~(1u << index % 32);
	g->stats.dropped++;
	give_back(&g->shadows, table);
}

static void drop_tables(struct guest *g, struct gib *gib)
{
	for (unsigned i = 0; i < ARRAY_SIZE(gib->used); i++)
		for (uint32_t left = gib->used[i]; left; left &= left - 1)
			drop_table(g, gib, i * 32 + __builtin_ctz(left));
}

static void drop_gib(struct guest *g, struct shadow *s, unsigned i)
{
	drop_tables(g, s->gib[i]);
	s->guest_pmd[i] = 0;
}

static void drop_user(struct guest *g, struct shadow *s)
{
	for (unsigned i = 0; i < 4; i++)
		if (s->gib[i] == &s->own[i])
			drop_gib(g, s, i);
}

static void drop_all(struct guest *g)
{
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		for (unsigned i = 0; s->used && i < 4; i++)
			drop_gib(g, s, i);
}

static struct gib *gib_for(struct guest *g, struct shadow *s, unsigned i)
{
	struct gib *gib = shared(g, i) ? &g->shadows.kernel[i] : &s->own[i];

	if (gib->pmd)
		return gib;
	gib->pmd = take_page(&g->shadows);
	BUG_ON(!gib->pmd);
	if (i == 3) {
		gib->switcher = add_table(g, gib, 511);
		BUG_ON(!gib->switcher);
		put_switcher(g, gib->switcher);
	}
	return gib;
}

static void create(struct guest *g, struct shadow *s, uint32_t cr3)
{
	*s = (struct shadow){ .cr3 = cr3, .used = true };
	for (unsigned i = 0; i < 4; i++) {
		s->gib[i] = gib_for(g, s, i);
		s->pdpt[i] = (uint32_t)s->gib[i]->pmd | PTE_P;
	}
}

/* Back to the pool, with everything. */
static void destroy_gib(struct guest *g, struct gib *gib)
{
	gib->switcher = NULL;
	if (gib->pmd) {
		drop_tables(g, gib);
		give_back(&g->shadows, gib->pmd);
	}
	*gib = (struct gib){ 0 };
}

void shadow_reset(struct guest *g, uint32_t cr3)
{
	struct shadows *s = &g->shadows;

	for (unsigned i = 0; i < 4 * SHADOWS; i++)
		destroy_gib(g, &s->shadow[i / 4].own[i % 4]);
	for (unsigned i = 0; i < 4; i++)
		destroy_gib(g, &s->kernel[i]);
	memset(s->shadow, 0, sizeof(s->shadow));
	s->current = &s->shadow[0];
	s->victim = 0;
	create(g, s->current, cr3);
}

static struct shadow *find(struct guest *g, uint32_t cr3)
{
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		if (s->cr3 == cr3 && s->used)
			return s;
	return NULL;
}

/* The pool must have the new shadow's fixed pages, whatever page tables have taken of it. */
static struct shadow *recycle(struct guest *g, uint32_t cr3)
{
	struct shadows *all = &g->shadows;
	struct shadow *s = &all->shadow[all->victim];

	all->victim = (all->victim + 1) % SHADOWS;
	if (s->used) {
		drop_user(g, s);
		memset(s->guest_pmd, 0, sizeof(s->guest_pmd));
		s->cr3 = cr3;
	} else {
		if (all->free_pages < FIXED_PAGES)
			drop_all(g);
		create(g, s, cr3);
	}
	return s;
}

void shadow_load(struct guest *g, uint32_t cr3)
{
	struct shadow *s = find(g, cr3);

	if (g->shadows.current->cr3 == LINEAR) {
		shadow_reset(g, cr3);
		return;
	}
	g->shadows.current = s ? s : recycle(g, cr3);
}

uint32_t shadow_cr3(const struct guest *g)
{
	return (uint32_t)g->shadows.current->pdpt;
}

/* ---- the guest's tables ---- */

static bool above(uint32_t va)
{
	return va >= -options.reserve;
}

static enum found stopped(struct guest *g, const char *level, struct entry e)
{
	guest_stop(g, "bad page %s entry 0x%llx", level, (unsigned long long)e.high << 32 | e.low);
	return STOPPED;
}

static inline bool bad(const struct guest *g, struct entry e, uint32_t low, uint32_t high)
{
	return (e.low & low) | (e.high & high) || e.low / PAGE_SIZE >= g->limit;
}

static struct entry *page_at(const struct guest *g, struct entry e)
{
	return (struct entry *)(g->memory + PAGE_OF(e.low));
}

static enum found walk_linear(struct guest *g, uint32_t va, struct walk *w)
{
	if (va / PAGE_SIZE >= g->limit) {
		guest_stop(g, "access to 0x%08x without page tables: it has memory up to 0x%08x", va, g->limit * PAGE_SIZE - 1);
		return STOPPED;
	}
	*w = (struct walk){ .pte = PAGE_OF(va) | PTE_P | PTE_W | PTE_A | PTE_D, .upper = PTE_W };
	return FOUND;
}

/* An entry of the top level; NULL: the guest has been stopped. */
static struct entry *top_entry(struct guest *g, uint32_t address)
{
	if (address <= g->limit * PAGE_SIZE - sizeof(struct entry))
		return (struct entry *)(g->memory + address);
	guest_stop(g, "bad read address 0x%x len 8", address);
	return NULL;
}

/* The option pae=off: a host whose guests have two-level tables of 4-byte entries. */
static enum found walk_two_levels(struct guest *g, uint32_t cr3, uint32_t va, struct walk *w)
{
	const struct entry *at = top_entry(g, cr3 + (va >> 22) * 4);

	if (!at)
		return STOPPED;
	const struct entry top = { .low = at->low };
	if (!(top.low & PTE_P))
		return ABSENT;
	if (bad(g, top, BAD_PMDE, 0))
		return stopped(g, "directory", top);
	uint32_t *last = (uint32_t *)page_at(g, top) + (va >> 12 & 1023);
	const struct entry e = { .low = *last };
	*w = (struct walk){ .entry = (struct entry *)last, .pte = e.low, .upper = top.low };
	if (!(e.low & PTE_P))
		return ABSENT;
	return bad(g, e, BAD_PTE, 0) ? stopped(g, "table", e) : FOUND;
}

/* The guest's top level is read once, as by a processor (Intel SDM volume 3, 4.4.1), until SET_PGD or a flush. */
static enum found find_pmd(struct guest *g, struct shadow *s, unsigned gib)
{
	const struct entry *at = top_entry(g, s->cr3 + gib * sizeof(*at));

	if (!at)
		return STOPPED;
	if (!(at->low & PTE_P))
		return ABSENT;
	if (bad(g, *at, BAD_PDPTE, BAD_UPPER))
		return stopped(g, "directory", *at);
	s->guest_pmd[gib] = PAGE_OF(at->low);
	return FOUND;
}

/* The middle level's entry, or what stands in its way. */
static inline enum found walk_upper(struct guest *g, struct shadow *s, uint32_t va, uint32_t *upper)
{
	enum found found = s->guest_pmd[GIB(va)] ? FOUND : find_pmd(g, s, GIB(va));

	if (found != FOUND)
		return found;
	const struct entry *e = (struct entry *)(g->memory + s->guest_pmd[GIB(va)]) + PMD_INDEX(va);
	*upper = e->low;
	if (!(e->low & PTE_P))
		return ABSENT;
	return bad(g, *e, BAD_PMDE, BAD_UPPER) ? stopped(g, "middle directory", *e) : FOUND;
}

static enum found walk(struct guest *g, uint32_t va, struct walk *w)
{
	struct shadow *s = g->shadows.current;

	if (!s->guest_pmd[GIB(va)] && s->cr3 == LINEAR)
		return walk_linear(g, va, w);
	if (!s->guest_pmd[GIB(va)] && options.two_level)
		return walk_two_levels(g, s->cr3, va, w);
	enum found found = walk_upper(g, s, va, &w->upper);
	if (found != FOUND)
		return found;
	struct entry *e = (struct entry *)(g->memory + PAGE_OF(w->upper)) + PT_INDEX(va);
	w->entry = e;
	w->pte = e->low;
	if (!(e->low & PTE_P))
		return ABSENT;
	return bad(g, *e, BAD_PTE, BAD_FRAME) ? stopped(g, "table", *e) : FOUND;
}

/* The way of an access; if it may be made the guest's entry gets its accessed and dirty bits. */
static enum found look_up(struct guest *g, uint32_t va, uint32_t error, struct walk *w)
{
	enum found found = above(va) ? ABSENT : walk(g, va, w);

	if (found != FOUND)
		return found;
	if (error & (FAULT_WRITE | FAULT_USER) & ~(w->upper & w->pte))
		return FORBIDDEN;
	w->pte |= PTE_A | (error & FAULT_WRITE ? PTE_D : 0);
	if (w->entry)
		w->entry->low = w->pte;
	return FOUND;
}

/* ---- filling ---- */

static uint32_t shadow_entry(const struct guest *g, uint32_t upper, uint32_t pte)
{
	uint32_t e = ((uint32_t)g->memory + PAGE_OF(pte)) | PTE_P | PTE_A | (upper & pte & PTE_U);

	return upper & pte & PTE_W && pte & PTE_D ? e | PTE_W | PTE_D : e;
}

static uint64_t *slot(struct shadow *s, uint32_t va)
{
	uint64_t *table = table_of(s->gib[GIB(va)]->pmd[PMD_INDEX(va)]);

	return table ? &table[PT_INDEX(va)] : NULL;
}

/* The group that an entry belongs to, as far as the guest's entries are accessed and right. */
static void fill_around(struct guest *g, const struct walk *w, uint64_t *to, unsigned index)
{
	const struct entry *from = w->entry - index % GROUP, *end = from + GROUP;

	for (to -= index % GROUP; from < end; from++, to++)
		if (!(uint32_t)*to && (from->low & (PTE_P | PTE_A)) == (PTE_P | PTE_A) && !bad(g, *from, BAD_PTE, BAD_FRAME))
			*to = shadow_entry(g, w->upper, from->low);
}

/* What the guest has just made present has nothing new around it. */
static void fill(struct guest *g, uint32_t va, const struct walk *w)
{
	struct shadow *s = g->shadows.current;
	struct gib *gib = s->gib[GIB(va)];
	uint64_t *table = table_of(gib->pmd[PMD_INDEX(va)]);

	if (!table) {
		if (!g->shadows.free)
			drop_all(g);
		table = add_table(g, gib, PMD_INDEX(va));
		BUG_ON(!table);
	}
	put(&g->shadows, &table[PT_INDEX(va)], shadow_entry(g, w->upper, w->pte));
	if (PAGE_OF(va) != g->shadows.missed && w->entry && !options.two_level && !above(va | (GROUP * PAGE_SIZE - 1)))
		fill_around(g, w, &table[PT_INDEX(va)], PT_INDEX(va));
}

bool shadow_fault(struct guest *g, uint32_t va, uint32_t *error)
{
	struct walk w;
	enum found found = look_up(g, va, *error, &w);

	if (found == FOUND) {
		fill(g, va, &w);
		return true;
	}
	if (found == FORBIDDEN)
		*error |= FAULT_PRESENT;
	else if (!above(va))
		*error &= ~FAULT_PRESENT;
	g->shadows.missed = PAGE_OF(va);
	return found == STOPPED;
}

/* ---- hypercalls ---- */

/* What the new entry says is installed at once if it has been used before; else a fault will look it up. */
static void set_in(struct guest *g, struct shadow *s, uint32_t va, uint64_t pte)
{
	const struct entry new = { (uint32_t)pte, pte >> 32 };
	uint64_t *to = slot(s, va);
	uint32_t upper;

	if (!to)
		return;
	*to = 0;
	if (!(new.low & PTE_P) || !(new.low & (PTE_A | PTE_D)))
		return;
	if (bad(g, new, BAD_PTE, BAD_FRAME))
		stopped(g, "table", new);
	else if (walk_upper(g, s, va, &upper) == FOUND)
		put(&g->shadows, to, shadow_entry(g, upper, new.low));
}

void shadow_set_pte(struct guest *g, uint32_t cr3, uint32_t va, uint64_t entry)
{
	if (above(va)) {
		guest_stop(g, "attempt to map 0x%08x, which is the host's", va);
		return;
	}
	if (g->shadows.current->cr3 == LINEAR)
		return;
	if (options.two_level)
		entry = 0;
	struct shadow *s = g->shadows.current;
	if (cr3 != s->cr3 && va < g->kernel_address)
		s = find(g, cr3);
	if (s)
		set_in(g, s, va, entry);
	if (va < g->kernel_address || shared(g, GIB(va)))
		return;
	for (s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		if (s->used && s != g->shadows.current && guest_runs(g))
			set_in(g, s, va, entry);
}

/* A shadow that doesn't know the kernel's page may have tables of it all the same, filled by another one. */
void shadow_set_pmd(struct guest *g, uint32_t page, uint32_t index)
{
	page &= ~(PAGE_SIZE - 1);
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		for (unsigned i = 0; s->used && i < 4; i++)
			if ((!s->guest_pmd[i] || s->guest_pmd[i] == page) && index < 512)
				drop_table(g, s->gib[i], index);
}

void shadow_set_pgd(struct guest *g, uint32_t cr3, uint32_t index)
{
	struct shadow *s = find(g, cr3);

	if (index >= 4)
		guest_stop(g, "attempt to set pgd %u/4", index);
	else if (s)
		drop_gib(g, s, index);
}

void shadow_flush(struct guest *g, bool all)
{
	if (all)
		drop_all(g);
	else
		drop_user(g, g->shadows.current);
}

/* ---- access by the shim on the guest's behalf ---- */

/* The shadow knows most of them; what it doesn't know the guest's tables may. */
static inline uint8_t *kernel_byte(struct guest *g, uint32_t va, uint32_t error)
{
	const uint64_t *is = above(va) ? NULL : slot(g->shadows.current, va);
	struct walk w;

	if (is && (uint32_t)*is & (error ? (uint32_t)PTE_W : (uint32_t)PTE_P))
		return (uint8_t *)PAGE_OF(*is) + va % PAGE_SIZE;
	return look_up(g, va, error, &w) == FOUND ? g->memory + PAGE_OF(w.pte) + va % PAGE_SIZE : NULL;
}

bool shadow_write(struct guest *g, uint32_t va, const void *from, uint32_t n)
{
	uint32_t piece = MIN(n, PAGE_SIZE - va % PAGE_SIZE);
	uint8_t *to = kernel_byte(g, va, FAULT_WRITE);

	if (!to)
		return false;
	memcpy(to, from, piece);
	return piece == n || shadow_write(g, va + piece, (const uint8_t *)from + piece, n - piece);
}

bool shadow_read(struct guest *g, uint32_t va, void *to, uint32_t n)
{
	for (uint32_t done = 0, piece; done < n; done += piece) {
		const uint8_t *from = kernel_byte(g, va + done, 0);
		if (!from)
			return false;
		piece = MIN(n - done, PAGE_SIZE - (va + done) % PAGE_SIZE);
		memcpy((uint8_t *)to + done, from, piece);
	}
	return true;
}

static bool __attribute__((noinline)) pin(struct guest *g, uint32_t va)
{
	struct walk w;

	if (look_up(g, va, FAULT_WRITE, &w) != FOUND)
		return false;
	fill(g, va, &w);
	return true;
}

bool shadow_pin(struct guest *g, uint32_t va)
{
	const uint64_t *is = above(va) ? NULL : slot(g->shadows.current, va);

	return (is && (uint32_t)*is & (uint32_t)PTE_W) || pin(g, va);
}
