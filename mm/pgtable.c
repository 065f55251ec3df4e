/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own page tables: one PMD page for everything above KERNEL_BASE.
 *
 * Boot has mapped the first GiB with large pages, writable and executable. mm_init replaces that,
 * entry by entry, by: the direct map of RAM and of nothing else, in large pages where 2 MiB are all
 * RAM and hold no part of the image; page tables for the vmalloc range and for the fixmap; nothing
 * elsewhere. A new table is complete before it is hooked in, and maps what runs just then as it was
 * mapped before. After that no kernel PMD entry ever changes, so that a platform may give each
 * process a PMD page of its own.
 *
 * No frame of the kernel's is both writable and executable, by whatever address, from
 * mm_protect_kernel on. Without NX only the text's read-only state is left of that.
 */
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "mm/fixmap.h"
#include "mm/internal.h"

#define KERNEL_ENTRY	(PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL)
#define DATA_ENTRY	(KERNEL_ENTRY | PTE_WRITE | PTE_NX)
#define VMALLOC_GAP	LARGE_SIZE		/* between direct map and vmalloc range: nothing */
#define VMALLOC_MIN	(8u << 20)

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __image_start[], __image_end[];
extern char __ro_after_init_start[], __ro_after_init_end[];

uint64_t pte_mask = ~0ull;
uint32_t vmalloc_start, vmalloc_end;
struct mm init_mm = { .pgd = kernel_pgd, .hint = &vma_none, .pt_base = PT_NONE, .users = 1 };
struct mm *mm_loaded = &init_mm;

/* The image's pages have rights of their own, so they are mapped by 4 KiB. */
static bool overlaps_image(uint32_t start, uint32_t end)
{
	return start < virt_to_phys(__image_end) && end > virt_to_phys(__image_start);
}

/* Is all, or any, of [start, end) RAM? */
static inline bool is_ram(uint32_t start, uint32_t end, bool all)
{
	for (const struct mem_range *r = boot_info.ram; r < boot_info.ram + boot_info.ram_count; r++)
		if (all ? r->start <= start && r->end >= end : r->start < end && r->end > start)
			return true;
	return false;
}

static inline pmd_t *kernel_pmd_slot(uint32_t va) { return &kernel_pmd[va >> 21 & (PTRS_PER_TABLE - 1)]; }

/* A table that will never go away. */
static pte_t *kernel_table(void)
{
	pfn_t pfn = page_alloc_zeroed();

	if (!pfn)
		refuse("memory: too little for the kernel's page tables");
	page_of(pfn)->level = PAGE_PT;
	return pfn_to_virt(pfn);
}

/* pmd_flags: PTE_USER for the fixmap, whose entries decide. */
static void hook_table(uint32_t va, pte_t *table, uint64_t pmd_flags)
{
	pfn_t pfn = virt_to_pfn(table);
	uint64_t entry = (uint64_t)pfn << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | pmd_flags;

	pv_alloc_table(&init_mm, pfn, PV_PT);
	pv_set_pmd(&init_mm, va, kernel_pmd_slot(va), pv_make_pmd(entry));
}

/* Text stays writable and executable here, for the patcher; so does nothing else. */
static pte_t direct_entry(uint32_t phys)
{
	bool text = phys >= virt_to_phys(__text_start) && phys < virt_to_phys(__text_end);

	return pv_make_pte((phys | (text ? DATA_ENTRY & ~PTE_NX : DATA_ENTRY)) & pte_mask);
}

/* The direct map of 2 MiB. A large entry may map nothing but RAM, all with the same rights. */
static void map_direct(uint32_t phys)
{
	uint32_t va = phys + KERNEL_BASE, end = phys + LARGE_SIZE;
	bool plain = end >> PAGE_SHIFT <= max_low_pfn && !overlaps_image(phys, end) && is_ram(phys, end, true);
	uint64_t data = DATA_ENTRY & pte_mask;
	pte_t *table;

	if (plain && pv_facts.large_pages) {
		pv_set_pmd(&init_mm, va, kernel_pmd_slot(va), pv_make_pmd((phys | DATA_ENTRY | PMD_LARGE) & pte_mask));
		return;
	}
	table = kernel_table();
	for (uint32_t at = phys; at < end && at >> PAGE_SHIFT < max_low_pfn; at += PAGE_SIZE)
		if (plain || is_ram(at, at + PAGE_SIZE, false) || overlaps_image(at, at + PAGE_SIZE))
			table[pt_index(at)] = plain ? pv_make_pte(at | data) : direct_entry(at);
	hook_table(va, table, 0);
}

/* The vmalloc range: a quarter of RAM within limits, behind the direct map. */
static void place_vmalloc(uint32_t fixmap_start)
{
	uint32_t size = MIN(MAX((max_low_pfn << PAGE_SHIFT) / 4, VMALLOC_MIN), VMALLOC_MAX);

	vmalloc_start = KERNEL_BASE + ROUND_UP(max_low_pfn << PAGE_SHIFT, LARGE_SIZE) + VMALLOC_GAP;
	vmalloc_end = vmalloc_start + ROUND_UP(size, LARGE_SIZE);
	BUG_ON(vmalloc_end > fixmap_start);
}

/*
 * Entry by entry over the PMD page; each address is covered by one branch, and boot's mapping ends
 * with it. What lies wholly in the hypervisor's share is left as it is: on Xen such entries are the
 * hypervisor's own (abi xen-pv32.md section 5).
 */
void mm_init(void)
{
	uint32_t fixmap_start = fix_to_virt(FIX_SLOTS - 1) & ~(LARGE_SIZE - 1), va = KERNEL_BASE;
	uint32_t last = 0u - pv_reserve_top() - 1;

	if (!pv_facts.nx_usable)
		pte_mask &= ~PTE_NX;
	if (!cpu_has(CPU_PGE))
		pte_mask &= ~PTE_GLOBAL;
	*page_of(virt_to_pfn(kernel_pmd)) = (struct page){ .count = 1, .level = PAGE_PMD };
	place_vmalloc(fixmap_start);
	for (unsigned i = 0; i < PTRS_PER_TABLE && va <= last; i++, va += LARGE_SIZE) {
		if (va < vmalloc_start && is_ram(va - KERNEL_BASE, va - KERNEL_BASE + LARGE_SIZE, false))
			map_direct(va - KERNEL_BASE);
		else if (va >= vmalloc_start && va < vmalloc_end)
			hook_table(va, kernel_table(), 0);
		else if (va >= fixmap_start && va <= fixaddr_top)
			hook_table(va, kernel_table(), PTE_USER);
		else if (kernel_pmd[i].raw)
			pv_set_pmd(&init_mm, va, &kernel_pmd[i], (pmd_t){ 0 });
	}
	pv_flush_tlb_kernel();
}

pte_t *kernel_pte(uint32_t va)
{
	uint64_t entry = pv_pmd_val(*kernel_pmd_slot(va));

	BUG_ON((entry & (PTE_PRESENT | PMD_LARGE)) != PTE_PRESENT);
	return (pte_t *)phys_to_virt(entry & PAGE_MASK) + pt_index(va);
}

/* Without a flush; true if one is needed. */
static bool set_kernel_entry(uint32_t va, uint64_t phys, uint64_t flags)
{
	pte_t *slot = kernel_pte(va);
	bool was = slot->raw;

	pv_set_pte(&init_mm, va, slot, flags ? pv_make_pte((phys | flags | KERNEL_ENTRY) & pte_mask) : (pte_t){ 0 });
	return was;
}

void kernel_map(uint32_t va, uint64_t phys, uint64_t flags)
{
	if (set_kernel_entry(va, phys, flags))
		pv_flush_tlb_one(va);
}

/* Whole pages of the image. */
static void protect(const char *start, const char *end, uint64_t flags)
{
	for (uint32_t va = (uint32_t)start; va < (uint32_t)end; va += PAGE_SIZE)
		set_kernel_entry(va, va - KERNEL_BASE, flags);
}

/*
 * The identity map went through entries 0 to 2 of the top level; those are the user's from now on,
 * and init_mm has none.
 */
void mm_protect_kernel(void)
{
	pv_mmu_lazy_enter();
	protect(__text_start, __text_end, PTE_PRESENT);
	protect(__rodata_start, __rodata_end, PTE_PRESENT | PTE_NX);
	protect(__ro_after_init_start, __ro_after_init_end, PTE_PRESENT | PTE_NX);
	pv_mmu_lazy_leave();
	for (unsigned i = 0; i < PTRS_PER_PGD - 1; i++)
		pv_set_pgd(&init_mm, i, (pgd_t){ 0 });
	pv_flush_tlb_kernel();
}
