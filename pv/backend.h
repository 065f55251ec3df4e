/* SPDX-License-Identifier: MIT */
/*
 * A backend as data: its tables, its facts, and the instructions that may stand in for its hooks. One per platform, listed in pv/pv.c.
 *
 * A snippet belongs to a function, not to a place in the table: whichever hook points at that function gets it. A backend that takes some of
 * native's functions over takes native's snippets with them.
 */
#ifndef PV_BACKEND_H
#define PV_BACKEND_H

#include "pv/pv_ops.h"

/*
 * Position-independent code, at most as long as a site, that does with the site's registers what calling `hook` does: the arguments in eax, edx, ecx; for
 * set_pte and the like the entry in ebx (low half) and esi. It ends by running off its end, or (iret, sysexit) not at all.
 */
struct pv_snippet { void (*hook)(void); const uint8_t *start, *end; };
_Static_assert(sizeof(struct pv_snippet) == 12, "rows of arch/x86/native.asm");

/* A step of selftest=pv: what is tried, where it is promised. It calls pv_equal for whatever it finds. */
struct pv_step { const char *what, *where; void (*run)(void); };

struct pv_backend {
	const struct pv_facts *facts;
	const struct pv_init_ops *init;
	const struct pv_cpu_ops *cpu;
	const struct pv_mmu_ops *mmu;
	const struct pv_irq_ops *irq;
	const struct pv_time_ops *time;
	const struct pv_io_ops *io;
	const struct pv_smp_ops *smp;
	const struct pv_snippet *snippets, *snippets_end;
	const struct pv_step *steps;	/* of this platform alone, until `what` is NULL; NULL: none */
};

extern const struct pv_backend native_backend;	/* arch/x86/native.c */
extern const struct pv_backend lguest_backend;	/* pv/lguest.c */

extern const struct pv_backend *pv_backend;	/* the one in use */

/* pv.c: the members of struct pv_ops as they stand there, and their names: "irq.save". */
#define PV_OP_COUNT	(sizeof(struct pv_ops) / sizeof(void *))
extern const char *const pv_op_names[PV_OP_COUNT];
typedef void (*pv_hook)(void);
static inline pv_hook pv_hook_at(unsigned index) { return ((const pv_hook *)&pv_ops)[index]; }

/* selftest.c. sent: what was done; nothing is said when it went well. */
void pv_equal(const char *sent, uint32_t got, uint32_t expected);

/* patch.c: how call sites ended, by hook. */
enum pv_site_end { PV_END_TABLE, PV_END_NOTHING, PV_END_INLINE, PV_END_DIRECT, PV_ENDS };
extern uint16_t pv_site_ends[PV_OP_COUNT][PV_ENDS];

#endif
