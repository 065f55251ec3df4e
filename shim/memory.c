/* SPDX-License-Identifier: MIT */
/*
 * Physical memory and the shim's own page tables; see memory.h.
 *
 * PAE. The lowest 4 MiB, where the image lies, are mapped by small pages with the rights of each section, the rest up to RAM_END by
 * large ones, as is the I/O APIC, the switcher's three pages at the top by small ones.
 */
#include "shim/memory.h"
#include "kernel/lib.h"
#include "shim/machine.h"
#include "shim/switcher.h"

#define PIECES		64u
#define LARGE_PAGE	0x200000u
#define LOW_TABLES	2u		/* 2 MiB each */
#define CPUID_NX	(1u << 20)	/* leaf 0x80000001 */
#define MSR_EFER	0xC0000080u
#define EFER_NXE	(1u << 11)

struct piece { uint32_t start, end; };

static struct piece ram[PIECES], taken[PIECES];
static unsigned ram_count, taken_count;
uint64_t memory_nx;

static uint64_t pdpt[4] __attribute__((aligned(32)));
static uint64_t pmd[4][512] __attribute__((aligned(4096)));
static uint64_t low[LOW_TABLES][512] __attribute__((aligned(4096)));
static uint64_t top[512] __attribute__((aligned(4096)));

extern const char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __switcher_load[], __image_start[], __image_end[];
extern char own_stack_guard[];

/* ---- frames ---- */

void memory_add(uint64_t start, uint64_t end)
{
	start = ROUND_UP(MAX(start, (uint64_t)PAGE_SIZE), (uint64_t)PAGE_SIZE);
	end = MIN(end, (uint64_t)RAM_END) & ~(uint64_t)(PAGE_SIZE - 1);
	if (start < end && ram_count < PIECES)
		ram[ram_count++] = (struct piece){ start, end };
}

void memory_take(uint32_t start, uint32_t end)
{
	if (taken_count == PIECES || end < start || end > RAM_END)
		refuse("the loader's modules are more than fit, or lie at 0x%08x", start);
	taken[taken_count++] = (struct piece){ start & ~(PAGE_SIZE - 1), ROUND_UP(end, PAGE_SIZE) };
}

/* The first free address from `at` on, on a multiple of align, that has `bytes` before the piece of RAM ends; or 0. */
static uint32_t fit(uint32_t at, uint32_t end, uint32_t bytes, uint32_t align)
{
	for (unsigned i = 0; i < taken_count; i++) {
		at = ROUND_UP(at, align);
		if (at >= end || end - at < bytes)
			return 0;
		if (at >= taken[i].end || at + bytes <= taken[i].start)
			continue;
		at = taken[i].end;
		i = -1;
	}
	return at;
}

static uint32_t find(uint32_t bytes, uint32_t align)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < ram_count && !at; i++)
		at = fit(ram[i].start, ram[i].end, bytes, align);
	return at;
}

uint32_t memory_pages(uint32_t count, uint32_t align)
{
	uint32_t bytes = count * PAGE_SIZE, at = count > RAM_END / PAGE_SIZE ? 0 : find(bytes, align);

	if (!at)
		return 0;
	memory_take(at, at + bytes);
	memset((void *)at, 0, bytes);
	return at;
}

uint32_t memory_biggest(void)
{
	uint32_t least = 0, most = RAM_END / PAGE_SIZE;

	while (least < most) {
		uint32_t middle = (least + most + 1) / 2;
		if (find(middle * PAGE_SIZE, PAGE_SIZE))
			least = middle;
		else
			most = middle - 1;
	}
	return least;
}

/* ---- page tables ---- */

static bool within(uint32_t at, const char *start, const char *end)
{
	return at >= (uint32_t)start && at < (uint32_t)end;
}

static uint64_t low_entry(uint32_t at)
{
	if (!at || at == (uint32_t)own_stack_guard)
		return 0;
	if (within(at, __text_start, __text_end))
		return at | PTE_P;
	if (within(at, __rodata_start, __rodata_end) || at == (uint32_t)__switcher_load)
		return at | PTE_P | memory_nx;
	return at | PTE_P | PTE_W | memory_nx;
}

void memory_show_guest(uint32_t regs_page, uint32_t state_page)
{
	top[SWITCHER_REGS / PAGE_SIZE % 512] = regs_page | PTE_P | PTE_W | memory_nx;
	top[SWITCHER_STATE / PAGE_SIZE % 512] = state_page | PTE_P | PTE_W | memory_nx;
	flush_page(SWITCHER_REGS);
	flush_page(SWITCHER_STATE);
}

static void build_tables(void)
{
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] = (uint32_t)pmd[i] | PTE_P;
	for (uint32_t at = 0; at < RAM_END; at += LARGE_PAGE)
		pmd[at >> 30][at / LARGE_PAGE % 512] = at | PTE_P | PTE_W | PTE_PS | memory_nx;
	for (uint32_t at = 0; at < LOW_TABLES * LARGE_PAGE; at += PAGE_SIZE)
		low[at / LARGE_PAGE][at / PAGE_SIZE % 512] = low_entry(at);
	for (unsigned i = 0; i < LOW_TABLES; i++)
		pmd[0][i] = (uint32_t)low[i] | PTE_P | PTE_W;
	pmd[3][MEMORY_IOAPIC / LARGE_PAGE % 512] = MEMORY_IOAPIC | PTE_P | PTE_W | PTE_PCD | PTE_PS | memory_nx;
	top[SWITCHER_TEXT / PAGE_SIZE % 512] = (uint32_t)__switcher_load | PTE_P;
	pmd[3][511] = (uint32_t)top | PTE_P | PTE_W;
}

/* 0x80000001 may be asked on any processor that answers 0x80000000. */
static void enable_nx(void)
{
	if (!(cpuid_edx(0x80000001) & CPUID_NX))
		return;
	memory_nx = PTE_NX;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
}

void memory_init(void)
{
	static struct state first_state __attribute__((aligned(4096)));
	uint32_t edx = cpuid_edx(1), cr4 = CR4_PAE | CR4_PSE;

	if ((uint32_t)__image_end > LOW_TABLES * LARGE_PAGE)
		panic("the image has outgrown its page tables");
	if (!(edx & CPUID_EDX_TSC))
		refuse("the processor has no TSC");
	enable_nx();
	build_tables();
	memory_show_guest((uint32_t)&first_state, (uint32_t)&first_state);
	if (edx & CPUID_EDX_FXSR)
		cr4 |= CR4_OSFXSR | (edx & CPUID_EDX_SSE ? CR4_OSXMMEXCPT : 0);
	write_cr4(cr4);
	write_cr3(memory_cr3());
	write_cr0((read_cr0() & ~0x60000000u) | CR0_PG | CR0_WP | 0x23);	/* caches on; PE, MP, NE */
}

uint32_t memory_cr3(void)
{
	return (uint32_t)pdpt;
}
