// SPDX-License-Identifier: MIT
// Relocation of the VDSO: the built images, moved to several places and checked header by header, and a fuzzer that mutates them.
// sources: vdso/relocate.c
// also: long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "abi/elf.h"
#include "vdso/vdso.h"

static int failed;
static uint32_t seed = 1;

static void ok(int good, const char *name)
{
	printf("%sok %s\n", good ? "" : "not ", name);
	failed |= !good;
}

static uint32_t rnd(void)
{
	return seed = seed * 1664525 + 1013904223;
}

/* An image of our own making: one segment, a dynamic section, two symbols, three section headers. */
static uint32_t make(uint8_t *at)
{
	Elf32_Ehdr eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 }, .e_type = ET_DYN, .e_machine = EM_386, .e_version = 1,
			  .e_entry = 0x400, .e_phoff = 52, .e_shoff = 0x300, .e_ehsize = 52, .e_phentsize = 32, .e_phnum = 3, .e_shentsize = 40, .e_shnum = 3 };
	Elf32_Phdr ph[3] = { { PT_LOAD, 0, 0, 0, 0x800, 0x800, 5, 0x1000 }, { PT_DYNAMIC, 0x100, 0x100, 0x100, 40, 40, 4, 4 },
			     { PT_GNU_STACK, 0, 0, 0, 0, 0, 6, 16 } };
	Elf32_Dyn dyn[5] = { { DT_SONAME, { 7 } }, { DT_SYMTAB, { 0x200 } }, { DT_STRSZ, { 0x123 } }, { DT_NULL, { 0 } }, { DT_HASH, { 0x111 } } };
	Elf32_Sym sym[4] = { { 0 }, { 1, 0x440, 8, 0x12, 0, 2 }, { 9, 5, 0, 0x11, 0, SHN_ABS }, { 9, 5, 0, 0x11, 0, SHN_UNDEF } };
	Elf32_Shdr sh[3] = { { 0 }, { 0, SHT_DYNSYM, SHF_ALLOC, 0x200, 0x200, 64, 0, 0, 4, 16 }, { 0, SHT_STRTAB, 0, 0, 0x700, 9, 0, 0, 1, 0 } };

	memset(at, 0x90, 0x800);
	memcpy(at, &eh, sizeof(eh));
	memcpy(at + 52, ph, sizeof(ph));
	memcpy(at + 0x100, dyn, sizeof(dyn));
	memcpy(at + 0x200, sym, sizeof(sym));
	memcpy(at + 0x300, sh, sizeof(sh));
	return 0x800;
}

static void test_fields(uint32_t base)
{
	uint8_t *at = malloc(0x800), was[0x800];
	uint32_t n = make(at);
	const Elf32_Ehdr *eh = (Elf32_Ehdr *)at;
	const Elf32_Phdr *ph = (Elf32_Phdr *)(at + 52);
	const Elf32_Dyn *d = (Elf32_Dyn *)(at + 0x100);
	const Elf32_Sym *s = (Elf32_Sym *)(at + 0x200);
	const Elf32_Shdr *sh = (Elf32_Shdr *)(at + 0x300);

	memcpy(was, at, n);
	ok(vdso_relocate(at, n, base), "a good image");
	ok(eh->e_entry == base + 0x400 && eh->e_phoff == 52 && eh->e_shoff == 0x300, "ELF header");
	ok(ph[0].p_vaddr == base && ph[0].p_paddr == base && ph[1].p_vaddr == base + 0x100 && !ph[2].p_vaddr && ph[1].p_offset == 0x100, "program headers");
	ok(d[0].d_un.d_val == 7 && d[1].d_un.d_ptr == base + 0x200 && d[2].d_un.d_val == 0x123 && d[4].d_un.d_val == 0x111, "dynamic section");
	ok(!s[0].st_value && s[1].st_value == base + 0x440 && s[2].st_value == 5 && s[3].st_value == 5, "symbols");
	ok(sh[1].sh_addr == base + 0x200 && !sh[2].sh_addr && sh[1].sh_offset == 0x200, "section headers");
	ok(!memcmp(at + 0x400, was + 0x400, 0x400), "code");
	ok(vdso_relocate(at, n, -base) && !memcmp(at, was, n), "and back");
	free(at);
}

static void fuzz(int rounds)
{
	int accepted = 0;

	for (int i = 0; i < rounds; i++) {
		uint8_t *at = malloc(0x800);
		uint32_t n = make(at), size = rnd() % 8 ? n : rnd() % n;
		uint8_t *exact = malloc(size);

		for (unsigned k = rnd() >> 16 & 7; k; k--) {
			static const uint32_t places[] = { 52, 0x94, 0x100, 40, 0x200, 64, 0x300, 120 };
			unsigned p = rnd() >> 20 & 3;
			uint32_t where = rnd() & 1 ? places[2 * p] + (rnd() >> 8) % places[2 * p + 1] : (rnd() >> 8) % 52;
			at[where] = rnd() >> 16 & 1 ? rnd() >> 16 : (rnd() >> 16 & 1 ? 0xff : 0);
		}
		memcpy(exact, at, size);
		accepted += vdso_relocate(exact, size, 0xffbfe000);
		free(exact);
		free(at);
	}
	ok(accepted > rounds / 50 && accepted < rounds, "fuzzed images stay inside");
}

int main(int argc, char **argv)
{
	(void)argv;
	test_fields(0);
	test_fields(0xffffe000);
	test_fields(0xffbfe000);
	fuzz(argc > 1 ? 3000000 : 100000);
	return failed;
}
