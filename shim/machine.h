/* SPDX-License-Identifier: MIT */
/*
 * The machine under the shim: privileged instructions, the descriptor tables, reports of the shim's own faults, and the end of a run.
 */
#ifndef SHIM_MACHINE_H
#define SHIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define CR0_TS		0x00000008u	/* Intel SDM volume 3, section 2.5 */
#define CR0_WP		0x00010000u
#define CR0_PG		0x80000000u
#define CR4_PSE		0x00000010u
#define CR4_PAE		0x00000020u
#define CR4_OSFXSR	0x00000200u
#define CR4_OSXMMEXCPT	0x00000400u
#define CPUID_EDX_TSC	(1u << 4)	/* leaf 1 */
#define CPUID_EDX_APIC	(1u << 9)
#define CPUID_EDX_SEP	(1u << 11)
#define CPUID_EDX_FXSR	(1u << 24)
#define CPUID_EDX_SSE	(1u << 25)

static inline uint32_t read_cr0(void) { uint32_t v; asm volatile("mov %%cr0, %0" : "=r" (v)); return v; }
static inline void write_cr0(uint32_t v) { asm volatile("mov %0, %%cr0" : : "r" (v) : "memory"); }
static inline uint32_t read_cr2(void) { uint32_t v; asm volatile("mov %%cr2, %0" : "=r" (v)); return v; }
static inline void write_cr3(uint32_t v) { asm volatile("mov %0, %%cr3" : : "r" (v) : "memory"); }
static inline uint32_t read_cr4(void) { uint32_t v; asm volatile("mov %%cr4, %0" : "=r" (v)); return v; }
static inline void write_cr4(uint32_t v) { asm volatile("mov %0, %%cr4" : : "r" (v) : "memory"); }
static inline void flush_page(uint32_t va) { asm volatile("invlpg %0" : : "m" (*(char *)va) : "memory"); }
static inline uint64_t read_msr(uint32_t i) { uint64_t v; asm volatile("rdmsr" : "=A" (v) : "c" (i)); return v; }
static inline void write_msr(uint32_t i, uint64_t v) { asm volatile("wrmsr" : : "c" (i), "A" (v) : "memory"); }
static inline uint64_t read_tsc(void) { uint64_t v; asm volatile("rdtsc" : "=A" (v)); return v; }

/* CPUID of one leaf; edx. Extended leaves that don't exist give 0. */
uint32_t cpuid_edx(uint32_t leaf);

/*
 * Descriptor tables, task register, handlers of the shim's own exceptions (which end the run with a report, also where the stack is at
 * fault) and interrupt gates. TSS and GDT serve while guests run, too. Called once, with the final page tables.
 */
void machine_init(void);
/* SYSENTER of ring 3 ends in the switcher (VECTOR_SYSENTER) instead of faulting. False: the processor has none. */
bool machine_reflect_sysenter(void);
/* Interrupts on until one has been handled. */
void machine_wait(void);

/* How the whole run ends (DESIGN section 8). Worse ones are higher. */
enum end { END_EXIT, END_RESTART, END_REFUSED, END_PANIC, END_DOUBLE_FAULT, END_STOPPED, END_SHIM_PANIC };
/* Prints "postern: outcome WORD [CODE]", writes the debug exit port, resets or switches off. */
void machine_end(enum end end, int code) __attribute__((noreturn));

/* Ways for the shim to die of a fault of its own, for the tests of its reports: crash=KIND as a number, 0 if there is none of that name. */
unsigned machine_crash_kind(const char *name);
void machine_crash(unsigned kind);

/* A broken promise of our own code: message, outcome "shim-panic". */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Of the loader or of an option: one line, outcome "refused". */
void refuse(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define BUG_ON(cond)	do { if (__builtin_expect(!!(cond), 0)) panic("%s:%d: %s", __FILE__, __LINE__, #cond); } while (0)

#endif
