/* SPDX-License-Identifier: MIT */
/*
 * A trace: events of the kernel and of the shim on one common clock, as records of one size.
 *
 * Records are little-endian and follow each other without a header: in the file that the second serial port ends in, in /proc/trace, in memory.
 * Those of one source are in order of time; the sources are merged by the reader (tools/trace), which takes the names of codes from the tree:
 * hooks from pv/ops.def, system calls from kernel/syscalls.def, hypercalls from abi/lguest.h.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* What a record's code and arg are. Words that a kind of event doesn't have are 0. */
enum trace_class {
	TRACE_OP,		/* a hook of the table, not listed below: its index in struct pv_ops; eax, edx, ecx, [esp] as it was called */
	TRACE_HYPERCALL,	/* number; ebx, ecx, edx, esi. The shim: 0x100 is added if it came by the ring */
	TRACE_TRAP,		/* an exception's vector, BEGIN; eip, cs, error code, and cr2 if it is a page fault */
	TRACE_SYSCALL,		/* number; BEGIN: the first four arguments; END: the result */
	TRACE_SWITCH,		/* to another task: the hook's index; its kernel stack, its pid */
	TRACE_FLUSH,		/* of TLB or page tables: the hook's index; its arguments as with TRACE_OP */
	TRACE_IRQ,		/* the interrupt's line, BEGIN; eip, cs */
	TRACE_RETURN,		/* END of what a trap, an interrupt or a system call began: the hook's index; eip, cs, eflags, eax */
	TRACE_WORLD,		/* the shim. BEGIN: the guest was left by this vector; eip, cs, error code, cr2. END: it goes on there; eip, cs, eflags, what was done */
	TRACE_LOST,		/* so many records (arg[0]) found no room before this one */
	TRACE_CLASSES
};

enum trace_kind { TRACE_POINT, TRACE_BEGIN, TRACE_END };

struct trace_record {
	uint64_t time;		/* the processor's time-stamp counter */
	uint8_t vm;		/* 0: the machine's own kernel, be it Postern or the shim; its guests from 1 */
	uint8_t cpu;		/* 0: there is one */
	uint8_t class, kind;
	uint16_t code;
	uint16_t task;		/* pid of the thread on whose stack it happened; 0: none yet, or the shim */
	uint32_t arg[4];
};
_Static_assert(sizeof(struct trace_record) == 32 && offsetof(struct trace_record, vm) == 8 && offsetof(struct trace_record, class) == 10 &&
	       offsetof(struct trace_record, code) == 12 && offsetof(struct trace_record, arg) == 16, "read by tools/trace");

#endif
