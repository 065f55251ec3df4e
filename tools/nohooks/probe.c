/* SPDX-License-Identifier: MIT */
/*
 * One function for each hook that native inlines, with its arguments in memory: never run, compiled by tools/pvcost with either set of
 * wrappers. The instructions beside the hook's own are what the arguments cost.
 */
#include "pv/pv_ops.h"

extern struct mm *mm, *other;
extern uint32_t va, word;
extern uint64_t entry;
extern pte_t *pte_slot;
extern pmd_t *pmd_slot;

void irq_save_(void);
void irq_restore_(void);
void irq_disable_(void);
void irq_enable_(void);
void irq_safe_halt_(void);
void cpu_read_cr2_(void);
void mmu_activate_(void);
void mmu_flush_tlb_user_(void);
void mmu_flush_tlb_kernel_(void);
void mmu_flush_tlb_one_(void);
void mmu_set_pte_(void);
void mmu_set_pmd_(void);

void irq_save_(void) { word = irq_flags(); }
void irq_restore_(void) { irq_restore(word); }
void irq_disable_(void) { irq_disable(); }
void irq_enable_(void) { irq_enable(); }
void irq_safe_halt_(void) { pv_safe_halt(); }
void cpu_read_cr2_(void) { word = pv_read_cr2(); }
void mmu_activate_(void) { pv_activate(other, mm); }
void mmu_flush_tlb_user_(void) { pv_flush_tlb_user(); }
void mmu_flush_tlb_kernel_(void) { pv_flush_tlb_kernel(); }
void mmu_flush_tlb_one_(void) { pv_flush_tlb_one(va); }
void mmu_set_pte_(void) { pv_set_pte(mm, va, pte_slot, (pte_t){ entry }); }
void mmu_set_pmd_(void) { pv_set_pmd(mm, va, pmd_slot, (pmd_t){ entry }); }
