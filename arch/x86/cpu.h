/* SPDX-License-Identifier: MIT */
/*
 * What the processor is and has, found by CPUID once at boot. Feature words and bits: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum cpu_word { CPU_1_EDX, CPU_1_ECX, CPU_7_EBX, CPU_7_ECX, CPU_EXT_EDX, CPU_WORDS };
#define CPU_FEATURE(word, bit)	((word) * 32 + (bit))
enum cpu_feature {
	CPU_FPU = CPU_FEATURE(CPU_1_EDX, 0), CPU_PSE = CPU_FEATURE(CPU_1_EDX, 3), CPU_TSC = CPU_FEATURE(CPU_1_EDX, 4),
	CPU_MSR = CPU_FEATURE(CPU_1_EDX, 5), CPU_PAE = CPU_FEATURE(CPU_1_EDX, 6), CPU_CX8 = CPU_FEATURE(CPU_1_EDX, 8),
	CPU_SEP = CPU_FEATURE(CPU_1_EDX, 11), CPU_PGE = CPU_FEATURE(CPU_1_EDX, 13), CPU_CMOV = CPU_FEATURE(CPU_1_EDX, 15),
	CPU_FXSR = CPU_FEATURE(CPU_1_EDX, 24), CPU_SSE = CPU_FEATURE(CPU_1_EDX, 25), CPU_RDRAND = CPU_FEATURE(CPU_1_ECX, 30),
	CPU_HYPERVISOR = CPU_FEATURE(CPU_1_ECX, 31), CPU_SMEP = CPU_FEATURE(CPU_7_EBX, 7), CPU_SMAP = CPU_FEATURE(CPU_7_EBX, 20),
	CPU_UMIP = CPU_FEATURE(CPU_7_ECX, 2), CPU_NX = CPU_FEATURE(CPU_EXT_EDX, 20),
};

struct cpu_info {
	char vendor[13], model_name[49];
	uint32_t family, model, stepping;	/* with the extended fields added in, as Linux shows them */
	uint32_t words[CPU_WORDS];
};
extern struct cpu_info cpu_info;

static inline bool cpu_has(enum cpu_feature f) { return cpu_info.words[f / 32] >> (f % 32) & 1; }

void cpu_detect(void);		/* fills cpu_info through the pv op; SEP cleared on the early Pentium Pros that only claim it */
/* CR0.WP, CR4 (PGE, SMEP, SMAP, UMIP where facts and CPU allow), EFER.NXE: after the final page tables are loaded, except NXE, which is needed before. */
void cpu_enable_nx(void);
void cpu_protect(void);
void cpu_double_fault(void) __attribute__((noreturn));	/* provokes one, for its report */
void cpu_triple_fault(void) __attribute__((noreturn));	/* resets the machine without a word */
struct text;
void cpu_show(struct text *t);	/* /proc/cpuinfo */

#endif
