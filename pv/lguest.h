/* SPDX-License-Identifier: MIT */
/*
 * What the lguest backend offers to its own parts: the assembly, the door, the self-test, the console driver.
 *
 * Calls that may wait go through lguest_tell, which uses the ring in lazy modes; a call by lguest_call is made at once, after all that waits there.
 */
#ifndef PV_LGUEST_H
#define PV_LGUEST_H

#include "abi/lguest.h"
#include "pv/backend.h"

extern struct lguest_data lguest_data;

/* No call returns anything. */
static inline void lguest_call(enum lguest_call number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi)
{
	pv_hypercall(number, ebx, ecx, edx, esi);
}

void lguest_tell(enum lguest_call number, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t esi);
void lguest_print(const char *text, size_t n);	/* by NOTIFY: works as soon as INIT was called */

/* lguest.asm */
extern const struct pv_snippet lguest_snippets[], lguest_snippets_end[];
extern const char lguest_noirq_start[], lguest_noirq_end[];
extern uint32_t lguest_sends;			/* SEND_INTERRUPTS so far, for the self-test */
void lguest_hypercall(void);
uint32_t lguest_irq_save(void);
void lguest_irq_restore(uint32_t flags);
void lguest_irq_disable(void);
void lguest_irq_enable(void);
void lguest_safe_halt(void);
uint32_t lguest_read_cr2(void);
void lguest_set_pte(struct mm *mm, uint32_t va, pte_t *slot, pte_t value);
void lguest_change_pte(struct mm *mm, uint32_t va, pte_t *slot, pte_t value);	/* of present entries; not in assembly */
void lguest_iret(void);
void lguest_iret_user(void);
void lguest_sysexit(void);

/* lguest_selftest.c */
extern const struct pv_step lguest_steps[];

#endif
