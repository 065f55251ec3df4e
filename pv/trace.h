/* SPDX-License-Identifier: MIT */
/*
 * A trace of what the kernel asks of its platform and of what the processor does to it: abi/trace.h.
 *
 * Records lie in a ring. When half of it is full they are sent away by the hook io.trace_out; where that leads nowhere, the oldest are lost.
 * Nothing of this costs anything while no trace is wanted, for what is traced is replaced, not asked.
 */
#ifndef PV_TRACE_H
#define PV_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include "abi/trace.h"
#include "pv/backend.h"

#define TRACE_BIT(class)	(1u << (class))
#define TRACE_VECTORS		48u		/* exceptions and device interrupts */
#define TRACE_THUNKS		(PV_OP_COUNT + TRACE_VECTORS)
#define TRACE_THUNK_SIZE	5u
#define TRACE_PIECE		128u		/* records, a page */

/*
 * What a thunk of trace.asm leaves on the stack; it goes on at `next`, which first is its own end: of a hook's index, or of PV_OP_COUNT and a vector.
 * stack: with the return address first if it was called.
 */
struct trace_frame { uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax, eflags, ds, es, next, stack[]; };

/* Begins to record these classes (TRACE_BIT). After vmalloc_init, before the call sites are patched. */
void trace_install(uint32_t classes);
void trace_add(enum trace_class class, enum trace_kind kind, uint32_t code, const uint32_t arg[4]);
/* Takes the oldest records, up to so many, of those that were not sent away. With interrupts off. */
unsigned trace_take(struct trace_record *to, unsigned most);
uint32_t trace_end(void);
/* So many operations of the table, the last ones before some trace_end(), as lines of the log. Without a trace none. */
void trace_show(unsigned most, uint32_t end);

/* kernel/trace.c: as the option trace= says, system calls as well. */
void trace_start(void);

/* trace.asm */
extern const char trace_thunks[];
void trace_thunk(struct trace_frame *f);

#endif
