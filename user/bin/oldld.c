/* SPDX-License-Identifier: MIT */
/*
 * oldld: what a dynamic loader of before 2004 did with the VDSO.
 *
 * It took the addresses in the image for absolute ones: it had no load bias for a page that "is always at
 * 0xffffe000". So it asserts that program headers, dynamic section and symbols agree with the address that the
 * kernel gave, uses them as they are, and aborts when one does not. In compat mode it must be content wherever
 * the page is; in random mode it must abort; with no page it has nothing to trust and succeeds.
 */
#include "abi/elf.h"
#include "user/libc/libc.h"

static void check(bool good, const char *what, uint32_t got, uint32_t expected)
{
	if (good)
		return;
	dprintf(2, "oldld: assertion failed: %s (%#x, expected %#x)\n", what, got, expected);
	abort();
}

static uint32_t page;

static const void *trust(uint32_t addr, const char *what)
{
	check(addr - page < 4096, what, addr, page);
	return PTR(addr);
}

static uint32_t hash_name(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		h = (h << 4) + (uint8_t)*name;
		h = (h ^ (h & 0xf0000000) >> 24) & 0x0fffffff;
	}
	return h;
}

static uint32_t resolve(const uint32_t *hash, const Elf32_Sym *sym, const char *str, const char *name)
{
	const uint32_t *bucket = hash + 2, *chain = bucket + hash[0];

	for (uint32_t i = bucket[hash_name(name) % hash[0]]; i; i = chain[i])
		if (!strcmp(str + sym[i].st_name, name))
			return sym[i].st_value;
	return 0;
}

int main(void)
{
	const Elf32_Ehdr *eh = PTR(getauxval(AT_SYSINFO_EHDR));
	const Elf32_Dyn *dyn = NULL;
	const uint32_t *hash = NULL;
	const Elf32_Sym *sym = NULL;
	const char *str = NULL;

	if (!eh) {
		puts("oldld: no VDSO, int 0x80 it is");
		return 0;
	}
	page = ADDR(eh);
	const Elf32_Phdr *ph = (const Elf32_Phdr *)((const char *)eh + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			check(ph[i].p_vaddr == page, "PT_LOAD is at the load address", ph[i].p_vaddr, page);
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = trust(ph[i].p_vaddr, "PT_DYNAMIC is in the page");
	}
	check(dyn, "there is a PT_DYNAMIC", 0, 1);
	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_HASH)
			hash = trust(dyn->d_un.d_ptr, "DT_HASH is in the page");
		if (dyn->d_tag == DT_SYMTAB)
			sym = trust(dyn->d_un.d_ptr, "DT_SYMTAB is in the page");
		if (dyn->d_tag == DT_STRTAB)
			str = trust(dyn->d_un.d_ptr, "DT_STRTAB is in the page");
	}
	check(hash && sym && str, "there are a hash table, symbols and strings", 0, 1);
	uint32_t entry = resolve(hash, sym, str, "__kernel_vsyscall");
	check(entry == getauxval(AT_SYSINFO), "__kernel_vsyscall is AT_SYSINFO", entry, getauxval(AT_SYSINFO));
	printf("oldld: every address holds at %#x\n", page);
	return 0;
}
