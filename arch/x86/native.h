/* SPDX-License-Identifier: MIT */
/*
 * The native hooks that are written in assembly (native.asm), for the tables of native.c.
 */
#ifndef ARCH_X86_NATIVE_H
#define ARCH_X86_NATIVE_H

#include "pv/backend.h"

extern const struct pv_snippet native_snippets[], native_snippets_end[];

uint32_t native_irq_save(void);
void native_irq_restore(uint32_t flags);
void native_irq_disable(void);
void native_irq_enable(void);
void native_safe_halt(void);
uint32_t native_read_cr2(void);
void native_flush_one(uint32_t va);
void native_flush_user(void);
void native_flush_global(void);
void native_activate(struct mm *prev, struct mm *next);
void native_iret(void);
void native_sysexit(void);
void native_stac(void);
void native_clac(void);
void native_set_entry(void);	/* set_pte and set_pmd: one code for both entry types */

#endif
