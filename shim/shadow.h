/* SPDX-License-Identifier: MIT */
/*
 * Shadow page tables: what the processor really walks while a guest runs.
 *
 * The guest's own tables are plain memory to it. Here stands a copy, filled entry by entry at page faults, in which every address is
 * checked and real. Up to SHADOWS top levels are kept per guest, named by the number of the guest's own (its cr3). Gigabytes above
 * kernel_address are the same for all of them and exist once. An entry is writable only once the guest's is dirty, so that accessed and dirty
 * bits are right. Neighbours of an entry that is filled come along if the guest's are accessed already, as a processor may read ahead.
 * Before the first NEW_PGTABLE the guest is in linear mode: virtual is guest-physical, for the kernel only.
 *
 * No shadow maps anything but the guest's own memory and the switcher's pages.
 */
#ifndef SHIM_SHADOW_H
#define SHIM_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#define SHADOWS		4u
#define LINEAR		UINT32_MAX	/* the name of linear mode's shadow */

struct guest;

struct gib {
	uint64_t *pmd;
	uint64_t *switcher;		/* the page table with the switcher, which stays */
	uint32_t used[16];		/* a bit for each entry: present */
};

struct shadow {
	uint64_t pdpt[4] __attribute__((aligned(32)));
	struct gib *gib[4], own[4];	/* those of the kernel are shared */
	uint32_t guest_pmd[4];		/* guest-physical page of the guest's own, once it is known; or 0 */
	uint32_t cr3;			/* the guest's */
	bool used;
};

struct shadows {
	struct shadow shadow[SHADOWS], *current;
	unsigned victim;
	struct gib kernel[4];
	uint32_t missed;		/* page of the last fault that was the guest's own */
	uint32_t pool;			/* physical address of the pages below */
	uint32_t free_pages;
	uint32_t free;			/* the first free one; each holds the address of the next, and zeros */
	uint32_t *groups;		/* for each page as a page table: a bit for each GROUP of entries that may not be zero */
};

/* How many pages of the machine a guest of that size needs, */
uint32_t shadow_pages(uint32_t memory_pages);
/* which are zero and from now on its shadow tables'. Once for each guest. */
void shadow_init(struct guest *g, uint32_t pool, uint32_t pool_pages);
/* Drops everything and loads a fresh shadow for cr3, or LINEAR. Also when kernel_address has changed. */
void shadow_reset(struct guest *g, uint32_t cr3);
void shadow_load(struct guest *g, uint32_t cr3);
uint32_t shadow_cr3(const struct guest *g);

/* A page fault: true if it is dealt with (the guest goes on, or was stopped); false: it is the guest's own, with *error as the guest's tables make it. */
bool shadow_fault(struct guest *g, uint32_t va, uint32_t *error);

/* Hypercalls (lguest.md 6.4, 6.5, 16.2). */
void shadow_set_pte(struct guest *g, uint32_t cr3, uint32_t va, uint64_t entry);
void shadow_set_pmd(struct guest *g, uint32_t page, uint32_t index);
void shadow_set_pgd(struct guest *g, uint32_t cr3, uint32_t index);
void shadow_flush(struct guest *g, bool all);

/* Copies by virtual addresses of the kernel, as its own accesses would go. False: not mapped (or stopped). */
bool shadow_write(struct guest *g, uint32_t va, const void *from, uint32_t n);
bool shadow_read(struct guest *g, uint32_t va, void *to, uint32_t n);
/* Makes a page of the kernel's writable in the current shadow. False: the guest's tables don't allow it. */
bool shadow_pin(struct guest *g, uint32_t va);

#endif
