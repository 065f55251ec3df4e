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
#define FAULT_PRESENT	1u		/* error code: Intel SDM volume 3, section 4.7 */
#define FAULT_WRITE	2u
#define FAULT_USER	4u
#define PMD_ALLOWED	(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_FRAME)
#define FIXED_PAGES	5u		/* of a shadow: its PMDs and the table with the switcher */
#define SWITCHER_SLOT	PT_INDEX(SWITCHER_TEXT)

/* The way to a virtual address through the guest's tables. */
struct walk {
	uint64_t *entry;		/* the last level's, in the guest's memory; NULL in linear mode */
	uint64_t pte;
	uint32_t pmd;			/* guest-physical page of the middle level */
	bool writable, user;		/* by all levels */
};
enum found { FOUND, ABSENT, STOPPED };

/* ---- pool ---- */

uint32_t shadow_pages(uint32_t memory_pages)
{
	return FIXED_PAGES * SHADOWS + 64 + memory_pages / 64;
}

static void give_back(struct shadows *s, uint64_t *page)
{
	*(uint32_t *)page = s->free;
	s->free = (uint32_t)page;
	s->free_pages++;
}

static void fill_pool(struct shadows *s)
{
	s->free = s->free_pages = 0;
	for (uint32_t i = s->pool_pages; i-- > 0;)
		give_back(s, (uint64_t *)(s->pool + i * PAGE_SIZE));
}

static uint64_t *take_page(struct shadows *s)
{
	uint32_t page = s->free;

	if (!page)
		return NULL;
	s->free = *(uint32_t *)page;
	s->free_pages--;
	return memset((void *)page, 0, PAGE_SIZE);
}

/* ---- shadows ---- */

static bool shared(const struct guest *g, unsigned gib)
{
	return g->data && gib << 30 >= g->kernel_address;
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(uint32_t)(entry & PTE_FRAME);
}

static void put_switcher(const struct guest *g, uint64_t *table)
{
	extern const char __switcher_load[];

	table[SWITCHER_SLOT] = (uint32_t)__switcher_load | PTE_P | PTE_A;
	table[SWITCHER_SLOT + 1] = g->regs_page | PTE_P | PTE_W | PTE_A | PTE_D | memory_nx;
	table[SWITCHER_SLOT + 2] = (uint32_t)g->page | PTE_P | PTE_A | memory_nx;
}

/* A page table, hooked in. Upper levels allow everything; what an address allows is in its last entry. */
static uint64_t *add_table(struct guest *g, uint64_t *pmd, unsigned gib, unsigned index)
{
	uint64_t *table = take_page(&g->shadows);

	if (!table)
		return NULL;
	pmd[index] = (uint32_t)table | PTE_P | PTE_W | PTE_U | PTE_A;
	if (gib == 3 && index == 511)
		put_switcher(g, table);
	return table;
}

/* The table with the switcher stays, emptied of everything else. */
static void drop_table(struct guest *g, uint64_t *pmd, unsigned gib, unsigned index)
{
	uint64_t *table = table_of(pmd[index]);

	if (!(pmd[index] & PTE_P))
		return;
	g->stats.dropped++;
	if (gib == 3 && index == 511) {
		memset(table, 0, PAGE_SIZE);
		put_switcher(g, table);
		return;
	}
	pmd[index] = 0;
	give_back(&g->shadows, table);
}

static void drop_gib(struct guest *g, struct shadow *s, unsigned gib)
{
	for (unsigned i = 0; i < 512; i++)
		if (s->pmd[gib][i])
			drop_table(g, s->pmd[gib], gib, i);
	s->guest_pmd[gib] = 0;
}

static void drop_user(struct guest *g, struct shadow *s)
{
	for (unsigned i = 0; i < 4; i++)
		if (!shared(g, i))
			drop_gib(g, s, i);
}

static void drop_all(struct guest *g)
{
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		for (unsigned i = 0; s->used && i < 4; i++)
			drop_gib(g, s, i);
}

static uint64_t *new_pmd(struct guest *g, unsigned gib)
{
	uint64_t *pmd = take_page(&g->shadows);

	BUG_ON(!pmd);
	if (gib == 3)
		BUG_ON(!add_table(g, pmd, gib, 511));
	return pmd;
}

static uint64_t *pmd_for(struct guest *g, unsigned gib)
{
	if (!shared(g, gib))
		return new_pmd(g, gib);
	if (!g->shadows.kernel_pmd[gib])
		g->shadows.kernel_pmd[gib] = new_pmd(g, gib);
	return g->shadows.kernel_pmd[gib];
}

static void create(struct guest *g, struct shadow *s, uint32_t cr3)
{
	*s = (struct shadow){ .cr3 = cr3, .used = true };
	for (unsigned i = 0; i < 4; i++) {
		s->pmd[i] = pmd_for(g, i);
		s->pdpt[i] = (uint32_t)s->pmd[i] | PTE_P;
	}
}

void shadow_reset(struct guest *g, uint32_t cr3)
{
	struct shadows *s = &g->shadows;

	memset(s->shadow, 0, sizeof(s->shadow));
	memset(s->kernel_pmd, 0, sizeof(s->kernel_pmd));
	fill_pool(s);
	s->current = s->victim = 0;
	create(g, &s->shadow[0], cr3);
}

static struct shadow *find(struct guest *g, uint32_t cr3)
{
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		if (s->used && s->cr3 == cr3)
			return s;
	return NULL;
}

static struct shadow *current_of(struct guest *g)
{
	return &g->shadows.shadow[g->shadows.current];
}

/* The pool must have the new shadow's fixed pages, whatever page tables have taken of it. */
static struct shadow *recycle(struct guest *g, uint32_t cr3)
{
	struct shadows *all = &g->shadows;
	struct shadow *s = &all->shadow[all->victim];

	all->victim = (all->victim + 1) % SHADOWS;
	if (s->used) {
		drop_user(g, s);
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

	if (current_of(g)->cr3 == LINEAR) {
		shadow_reset(g, cr3);
		return;
	}
	if (!s)
		s = recycle(g, cr3);
	g->shadows.current = s - g->shadows.shadow;
}

uint32_t shadow_cr3(const struct guest *g)
{
	return (uint32_t)g->shadows.shadow[g->shadows.current].pdpt;
}

/* ---- the guest's tables ---- */

static enum found stopped(struct guest *g, const char *level, uint64_t entry)
{
	guest_stop(g, "bad page %s entry 0x%llx", level, (unsigned long long)entry);
	return STOPPED;
}

static bool outside(const struct guest *g, uint64_t entry)
{
	return (entry & PTE_FRAME) >> 12 >= g->limit;
}

static uint64_t *entry_at(struct guest *g, uint32_t address)
{
	if (address > g->limit * PAGE_SIZE - 8) {
		guest_stop(g, "bad read address 0x%x len 8", address);
		return NULL;
	}
	return (uint64_t *)(g->memory + address);
}

static enum found walk_linear(struct guest *g, uint32_t va, struct walk *w)
{
	if (va / PAGE_SIZE >= g->limit) {
		guest_stop(g, "access to 0x%08x without page tables: it has memory up to 0x%08x", va, g->limit * PAGE_SIZE - 1);
		return STOPPED;
	}
	*w = (struct walk){ .pte = (va & ~(PAGE_SIZE - 1)) | PTE_P | PTE_W | PTE_A | PTE_D, .writable = true };
	return FOUND;
}

/* The option pae=off: a host whose guests have two-level tables of 4-byte entries. */
static enum found walk_two_levels(struct guest *g, uint32_t cr3, uint32_t va, struct walk *w)
{
	static uint64_t last;
	const uint32_t *top = (uint32_t *)entry_at(g, cr3 + (va >> 22) * 4), *entry;

	if (!top)
		return STOPPED;
	if (!(*top & PTE_P))
		return ABSENT;
	if (outside(g, *top) || *top & 0xF98)
		return stopped(g, "directory", *top);
	entry = (uint32_t *)entry_at(g, (*top & ~0xFFFu) + (va >> 12 & 1023) * 4);
	if (!entry)
		return STOPPED;
	last = *entry;
	if (!(last & PTE_P))
		return ABSENT;
	if (outside(g, last) || last & PTE_PS)
		return stopped(g, "table", last);
	*w = (struct walk){ .entry = &last, .pte = last, .writable = *top & last & PTE_W, .user = *top & last & PTE_U };
	return FOUND;
}

/* The upper two levels: the PMD entry, or what stands in its way. */
static enum found walk_upper(struct guest *g, uint32_t cr3, uint32_t va, uint64_t *pmd, uint32_t *pmd_page)
{
	uint64_t *entry = entry_at(g, cr3 + GIB(va) * 8);

	if (!entry)
		return STOPPED;
	if (!(*entry & PTE_P))
		return ABSENT;
	if (outside(g, *entry) || *entry & ~(PTE_P | PTE_FRAME))
		return stopped(g, "directory", *entry);
	*pmd_page = *entry & PTE_FRAME;
	entry = entry_at(g, *pmd_page + PMD_INDEX(va) * 8);
	if (!entry)
		return STOPPED;
	*pmd = *entry;
	if (!(*pmd & PTE_P))
		return ABSENT;
	return outside(g, *pmd) || *pmd & ~PMD_ALLOWED ? stopped(g, "middle directory", *pmd) : FOUND;
}

static enum found walk(struct guest *g, uint32_t va, struct walk *w)
{
	uint32_t cr3 = current_of(g)->cr3;
	uint64_t pmd;

	if (cr3 == LINEAR)
		return walk_linear(g, va, w);
	if (options.two_level)
		return walk_two_levels(g, cr3, va, w);
	enum found found = walk_upper(g, cr3, va, &pmd, &w->pmd);
	if (found != FOUND)
		return found;
	w->entry = entry_at(g, (pmd & PTE_FRAME) + PT_INDEX(va) * 8);
	if (!w->entry)
		return STOPPED;
	w->pte = *w->entry;
	if (!(w->pte & PTE_P))
		return ABSENT;
	w->writable = pmd & w->pte & PTE_W;
	w->user = pmd & w->pte & PTE_U;
	return outside(g, w->pte) || w->pte & PTE_PS ? stopped(g, "table", w->pte) : FOUND;
}

/* May this access be made? Then the guest's entry gets its accessed and dirty bits. */
static bool allowed(struct walk *w, uint32_t error)
{
	if ((error & FAULT_WRITE && !w->writable) || (error & FAULT_USER && !w->user))
		return false;
	uint64_t pte = w->pte | PTE_A | (error & FAULT_WRITE ? PTE_D : 0);
	if (w->entry && pte != w->pte)
		*w->entry = pte;
	w->pte = pte;
	return true;
}

/* ---- filling ---- */

static uint64_t shadow_entry(const struct guest *g, const struct walk *w)
{
	uint64_t e = ((uint32_t)g->memory + (uint32_t)(w->pte & PTE_FRAME)) | PTE_P | PTE_A | (w->user ? PTE_U : 0);

	return w->writable && w->pte & PTE_D ? e | PTE_W | PTE_D : e;
}

static uint64_t *slot(struct shadow *s, uint32_t va)
{
	uint64_t upper = s->pmd[GIB(va)][PMD_INDEX(va)];

	return upper & PTE_P ? &table_of(upper)[PT_INDEX(va)] : NULL;
}

static void fill(struct guest *g, uint32_t va, const struct walk *w)
{
	struct shadow *s = current_of(g);
	uint64_t *to = slot(s, va);

	if (!to) {
		if (!g->shadows.free)
			drop_all(g);
		uint64_t *table = add_table(g, s->pmd[GIB(va)], GIB(va), PMD_INDEX(va));
		BUG_ON(!table);
		to = &table[PT_INDEX(va)];
	}
	s->guest_pmd[GIB(va)] = w->pmd;
	*to = shadow_entry(g, w);
}

static bool above(uint32_t va)
{
	return va >= -options.reserve;
}

bool shadow_fault(struct guest *g, uint32_t va, uint32_t *error)
{
	struct walk w = { 0 };
	enum found found = above(va) ? ABSENT : walk(g, va, &w);

	if (found == STOPPED)
		return true;
	if (found == ABSENT) {
		if (!above(va))
			*error &= ~FAULT_PRESENT;
		return false;
	}
	if (!allowed(&w, *error)) {
		*error |= FAULT_PRESENT;
		return false;
	}
	fill(g, va, &w);
	return true;
}

/* ---- hypercalls ---- */

/* What the new entry says is installed at once if it has been used before; else a fault will look it up. */
static void set_in(struct guest *g, struct shadow *s, uint32_t va, uint64_t pte)
{
	struct walk w = { .pte = pte };
	uint64_t pmd, *to = slot(s, va);
	uint32_t page;

	if (!to)
		return;
	*to = 0;
	if (!(pte & PTE_P) || !(pte & (PTE_A | PTE_D)))
		return;
	if (outside(g, pte) || pte & PTE_PS) {
		stopped(g, "table", pte);
		return;
	}
	if (walk_upper(g, s->cr3, va, &pmd, &page) != FOUND)
		return;
	w.writable = pmd & pte & PTE_W;
	w.user = pmd & pte & PTE_U;
	*to = shadow_entry(g, &w);
}

void shadow_set_pte(struct guest *g, uint32_t cr3, uint32_t va, uint64_t entry)
{
	if (above(va)) {
		guest_stop(g, "attempt to map 0x%08x, which is the host's", va);
		return;
	}
	if (current_of(g)->cr3 == LINEAR)
		return;
	if (options.two_level)
		entry = 0;
	struct shadow *s = va >= g->kernel_address ? current_of(g) : find(g, cr3);
	if (s)
		set_in(g, s, va, entry);
	if (va < g->kernel_address || shared(g, GIB(va)))
		return;
	for (s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		if (s->used && s != current_of(g) && guest_runs(g))
			set_in(g, s, va, entry);
}

void shadow_set_pmd(struct guest *g, uint32_t page, uint32_t index)
{
	page &= ~(PAGE_SIZE - 1);
	for (struct shadow *s = g->shadows.shadow; s < g->shadows.shadow + SHADOWS; s++)
		for (unsigned i = 0; s->used && i < 4; i++)
			if (s->guest_pmd[i] == page && index < 512)
				drop_table(g, s->pmd[i], i, index);
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
		drop_user(g, current_of(g));
}

/* ---- access by the shim on the guest's behalf ---- */

static uint8_t *kernel_byte(struct guest *g, uint32_t va, uint32_t error)
{
	struct walk w = { 0 };

	if (above(va) || walk(g, va, &w) != FOUND || !allowed(&w, error))
		return NULL;
	return g->memory + (uint32_t)(w.pte & PTE_FRAME) + va % PAGE_SIZE;
}

bool shadow_push(struct guest *g, uint32_t va, uint32_t word)
{
	for (unsigned done = 0, n; done < 4; done += n) {
		uint8_t *to = kernel_byte(g, va + done, FAULT_WRITE);
		if (!to)
			return false;
		n = MIN(4 - done, PAGE_SIZE - (va + done) % PAGE_SIZE);
		memcpy(to, (uint8_t *)&word + done, n);
	}
	return true;
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

bool shadow_pin(struct guest *g, uint32_t va)
{
	struct walk w = { 0 };
	uint64_t *is = above(va) ? NULL : slot(current_of(g), va);

	if (is && *is & PTE_W)
		return true;
	if (above(va) || walk(g, va, &w) != FOUND || !allowed(&w, FAULT_WRITE))
		return false;
	fill(g, va, &w);
	return true;
}
