/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries as every platform sees them.
 *
 * An entry is an opaque structure of its level: on Xen it holds a machine frame, everywhere else a guest-physical one, and only the
 * pv operations make_* and *_val convert between the two. A non-present entry is all zero on every platform.
 * Bits: Intel SDM volume 3, section 4.4 (PAE paging).
 */
#ifndef PV_PV_TYPES_H
#define PV_PV_TYPES_H

#include <stdint.h>

typedef struct { uint64_t raw; } pte_t;
typedef struct { uint64_t raw; } pmd_t;
typedef struct { uint64_t raw; } pgd_t;

_Static_assert(sizeof(pte_t) == 8 && sizeof(pmd_t) == 8 && sizeof(pgd_t) == 8, "PAE entries are 8 bytes");

#define PTE_PRESENT	0x001ull
#define PTE_WRITE	0x002ull
#define PTE_USER	0x004ull
#define PTE_PWT		0x008ull
#define PTE_PCD		0x010ull
#define PTE_ACCESSED	0x020ull
#define PTE_DIRTY	0x040ull
#define PMD_LARGE	0x080ull
#define PTE_GLOBAL	0x100ull
#define PTE_NX		(1ull << 63)
#define PTE_FRAME	0x000FFFFFFFFFF000ull

#define PTRS_PER_TABLE	512	/* entries of a PT or PMD */
#define PTRS_PER_PGD	4

struct mm;

#endif
