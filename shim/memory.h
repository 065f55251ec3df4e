/* SPDX-License-Identifier: MIT */
/*
 * Physical memory and the shim's own address space.
 *
 * All RAM below RAM_END is mapped where it is, so that a physical address is a pointer; nothing of it is executable but the shim's text,
 * which isn't writable; page 0 and the page below the stack are absent. Memory is handed out at start and never comes back: each guest keeps what it got.
 */
#ifndef SHIM_MEMORY_H
#define SHIM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE	4096u
#define RAM_END		0xE0000000u	/* the switcher and whatever else is above */

#define PTE_P		0x001ull	/* Intel SDM volume 3, section 4.4 */
#define PTE_W		0x002ull
#define PTE_U		0x004ull
#define PTE_PCD		0x010ull
#define PTE_A		0x020ull
#define PTE_D		0x040ull
#define PTE_PS		0x080ull
#define PTE_NX		(1ull << 63)
#define PTE_FRAME	0x000FFFFFFFFFF000ull

#define MEMORY_IOAPIC	0xFEC00000u	/* the I/O APIC's registers, where PCs have them */

/* What a loader says is RAM, and what in it is taken; ends are exclusive. More than 64 pieces, or above RAM_END: ignored (RAM) or refused (taken). */
void memory_add(uint64_t start, uint64_t end);
void memory_take(uint32_t start, uint32_t end);
/* Pages in one piece, zeroed, on a multiple of `align`; 0: there is none. */
uint32_t memory_pages(uint32_t count, uint32_t align);
/* Pages in the biggest free piece. */
uint32_t memory_biggest(void);

/* Builds the tables and turns paging, WP and (if the processor has it) NX on. */
void memory_init(void);
uint32_t memory_cr3(void);
/* Puts a guest's two pages (physical addresses) in the shim's own view of the switcher. */
void memory_show_guest(uint32_t regs_page, uint32_t state_page);
/* The bit that forbids execution, or 0. */
extern uint64_t memory_nx;

#endif
