/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, and the protection that follows from it.
 *
 * CPUID is asked through the table, because a platform may hide features that it can't offer.
 * SMEP, SMAP and UMIP are for a kernel at ring 0 only: ring 1 counts as supervisor, and there the
 * hypervisor decides. /proc/cpuinfo names features as Linux does.
 */
#include "arch/x86/cpu.h"
#include "kernel/lib.h"
#include "pv/pv_ops.h"

#define LEAF_EXTENDED	0x80000000u
#define LEAF_EXT_FLAGS	0x80000001u
#define LEAF_BRAND	0x80000002u	/* to ...4: the name, 16 bytes each */

#define CR0_WP		(1u << 16)
#define CR0_AM		(1u << 18)	/* ring 3 may have its alignment checked */
#define CR4_PGE		(1u << 7)
#define CR4_UMIP	(1u << 11)
#define CR4_SMEP	(1u << 20)
#define CR4_SMAP	(1u << 21)
#define MSR_EFER	0xC0000080u
#define EFER_NXE	(1u << 11)

struct cpu_info cpu_info RO_AFTER_INIT;

/* The names of each word's bits from bit 0 on; a point: no name. */
static const char *const names[CPU_WORDS] = {
	[CPU_1_EDX] = "fpu vme de pse tsc msr pae mce cx8 apic . sep mtrr pge mca cmov pat pse36 pn clflush . dts acpi mmx fxsr sse sse2 "
		"ss ht tm ia64 pbe",
	[CPU_1_ECX] = "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg . cx16 xtpr pdcm . pcid dca sse4_1 sse4_2 "
		"x2apic movbe popcnt tsc_deadline_timer aes xsave . . . rdrand hypervisor",
	[CPU_7_EBX] = "fsgsbase tsc_adjust sgx bmi1 hle . . smep bmi2 erms invpcid rtm . . mpx . . . rdseed adx smap . . clflushopt clwb "
		". . . . sha_ni . .",
	[CPU_7_ECX] = "prefetchwt1 . umip pku",
	[CPU_EXT_EDX] = ". . . . . . . . . . . syscall . . . . . . . mp nx . mmxext . . fxsr_opt pdpe1gb rdtscp . lm 3dnowext 3dnow",
};

/* ---- detection ---- */

static void detect_basic(uint32_t *max)
{
	struct cpuid_regs r;
	uint32_t family, model;

	pv_cpuid(0, 0, &r);
	*max = r.eax;
	memcpy(cpu_info.vendor, &r.ebx, 4);
	memcpy(cpu_info.vendor + 4, &r.edx, 4);
	memcpy(cpu_info.vendor + 8, &r.ecx, 4);
	pv_cpuid(1, 0, &r);
	family = r.eax >> 8 & 0xF;
	model = r.eax >> 4 & 0xF;
	cpu_info.family = family == 0xF ? family + (r.eax >> 20 & 0xFF) : family;
	cpu_info.model = family == 6 || family == 0xF ? model | (r.eax >> 12 & 0xF0) : model;
	cpu_info.stepping = r.eax & 0xF;
	cpu_info.words[CPU_1_EDX] = r.edx;
	cpu_info.words[CPU_1_ECX] = r.ecx;
}

static void detect_extended(void)
{
	struct cpuid_regs r;
	uint32_t max;

	pv_cpuid(LEAF_EXTENDED, 0, &r);
	max = r.eax;
	if (max < LEAF_EXT_FLAGS || max > LEAF_EXTENDED + 0xFFFF)
		return;
	pv_cpuid(LEAF_EXT_FLAGS, 0, &r);
	cpu_info.words[CPU_EXT_EDX] = r.edx;
	for (unsigned i = 0; i < 3 && max >= LEAF_BRAND + 2; i++) {
		pv_cpuid(LEAF_BRAND + i, 0, &r);
		memcpy(cpu_info.model_name + 16 * i, &r, sizeof(r));
	}
}

void cpu_detect(void)
{
	struct cpuid_regs r;
	uint32_t max;

	detect_basic(&max);
	if (max >= 7) {
		pv_cpuid(7, 0, &r);
		cpu_info.words[CPU_7_EBX] = r.ebx;
		cpu_info.words[CPU_7_ECX] = r.ecx;
	}
	detect_extended();
	if (cpu_info.family == 6 && cpu_info.model < 3 && cpu_info.stepping < 3)
		cpu_info.words[CPU_SEP / 32] &= ~(1u << CPU_SEP % 32);
}

/* ---- protection ---- */

void cpu_enable_nx(void)
{
	if (pv_facts.nx_usable)
		pv_write_msr(MSR_EFER, pv_read_msr(MSR_EFER) | EFER_NXE);
}

void cpu_protect(void)
{
	uint32_t cr4 = pv_read_cr4();

	pv_write_cr0(pv_read_cr0() | CR0_WP | CR0_AM);
	if (cpu_has(CPU_PGE))
		cr4 |= CR4_PGE;
	if (!pv_facts.kernel_rpl && cpu_has(CPU_SMEP))
		cr4 |= CR4_SMEP;
	if (!pv_facts.kernel_rpl && cpu_has(CPU_UMIP))
		cr4 |= CR4_UMIP;
	if (pv_facts.smap_usable && cpu_has(CPU_SMAP))
		cr4 |= CR4_SMAP;
	pv_write_cr4(cr4);
}

/* ---- /proc/cpuinfo ---- */

static void add_flags(struct text *t, enum cpu_word word)
{
	const char *name = names[word];

	for (unsigned bit = 0; bit < 32 && *name; bit++) {
		unsigned n = 0;

		while (name[n] && name[n] != ' ')
			n++;
		if (*name != '.' && cpu_info.words[word] >> bit & 1)
			text_add(t, " %.*s", (int)n, name);
		name += n + (name[n] == ' ');
	}
}

void cpu_show(struct text *t)
{
	static const enum cpu_word order[] = { CPU_1_EDX, CPU_EXT_EDX, CPU_1_ECX, CPU_7_EBX, CPU_7_ECX };
	const char *model = cpu_info.model_name;

	while (*model == ' ')
		model++;
	text_add(t, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n",
	    cpu_info.vendor, cpu_info.family, cpu_info.model, *model ? model : "unknown", cpu_info.stepping);
	text_add(t, "physical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n");
	text_add(t, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\nflags\t\t:");
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		add_flags(t, order[i]);
	text_add(t, "\n\n");
}
