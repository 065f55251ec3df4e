/* SPDX-License-Identifier: MIT */
/*
 * Relocation of the VDSO: after it the ELF headers agree with the place where the page is mapped.
 *
 * An old loader, who took the page to be at the one address it was built for, uses what the headers
 * say without adding anything. So whenever a hypervisor has taken the top of the address space and
 * the page is elsewhere, the headers must say so; then nobody can tell that the page ever was to be
 * at 0xffffe000. All places are found by the image's own section and program headers, and each is
 * checked to lie within the image, because this also runs on made-up images in the unit test.
 *
 * It doesn't touch the code, and it doesn't apply dynamic relocations: the linker script sees to it
 * that there are none.
 */
#include "vdso/vdso.h"

#include "abi/elf.h"
#include "kernel/lib.h"

struct image { uint8_t *bytes; uint32_t size, base; };

/*
 * count records of `record` bytes at offset, word-aligned: their address, or NULL if they are not
 * all inside.
 */
static void *table(const struct image *i, uint32_t offset, uint32_t count, uint32_t record)
{
	if (offset % 4 || offset > i->size || count > (i->size - offset) / record)
		return NULL;
	return i->bytes + offset;
}

static bool is_ours(const Elf32_Ehdr *eh)
{
	return !memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_ident[EI_CLASS] == ELFCLASS32 &&
	       eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_type == ET_DYN && eh->e_machine == EM_386 &&
	       eh->e_phentsize == sizeof(Elf32_Phdr) && (!eh->e_shnum || eh->e_shentsize == sizeof(Elf32_Shdr));
}

static bool holds_address(int32_t tag)
{
	switch (tag) {
	case DT_PLTGOT: case DT_HASH: case DT_STRTAB: case DT_SYMTAB: case DT_RELA: case DT_INIT: case DT_FINI:
	case DT_REL: case DT_JMPREL: case DT_GNU_HASH: case DT_VERSYM: case DT_VERDEF: case DT_VERNEED:
		return true;
	}
	return false;
}

static bool move_dynamic(const struct image *i, uint32_t offset, uint32_t bytes)
{
	uint32_t count = bytes / sizeof(Elf32_Dyn);
	Elf32_Dyn *d = table(i, offset, count, sizeof(*d));

	for (uint32_t k = 0; d && k < count && d[k].d_tag != DT_NULL; k++)
		if (holds_address(d[k].d_tag))
			d[k].d_un.d_ptr += i->base;
	return d;
}

static bool move_symbols(const struct image *i, uint32_t offset, uint32_t bytes)
{
	uint32_t count = bytes / sizeof(Elf32_Sym);
	Elf32_Sym *s = table(i, offset, count, sizeof(*s));

	for (uint32_t k = 0; s && k < count; k++)
		if (s[k].st_shndx != SHN_UNDEF && s[k].st_shndx < SHN_LORESERVE)
			s[k].st_value += i->base;
	return s;
}

/* A header of no memory (PT_GNU_STACK) names no address. */
static bool move_segments(const struct image *i, uint32_t offset, uint32_t count)
{
	Elf32_Phdr *p = table(i, offset, count, sizeof(*p));

	for (uint32_t k = 0; p && k < count; k++) {
		if (p[k].p_type == PT_DYNAMIC && !move_dynamic(i, p[k].p_offset, p[k].p_filesz))
			return false;
		if (p[k].p_memsz) {
			p[k].p_vaddr += i->base;
			p[k].p_paddr += i->base;
		}
	}
	return p;
}

static bool move_sections(const struct image *i, uint32_t offset, uint32_t count)
{
	Elf32_Shdr *s = table(i, offset, count, sizeof(*s));

	for (uint32_t k = 0; s && k < count; k++) {
		if ((s[k].sh_type == SHT_DYNSYM || s[k].sh_type == SHT_SYMTAB) &&
		    !move_symbols(i, s[k].sh_offset, s[k].sh_size))
			return false;
		if (s[k].sh_flags & SHF_ALLOC)
			s[k].sh_addr += i->base;
	}
	return s;
}

bool vdso_relocate(void *bytes, uint32_t size, uint32_t base)
{
	struct image i = { bytes, size, base };
	Elf32_Ehdr eh;

	if (size < sizeof(eh))
		return false;
	memcpy(&eh, bytes, sizeof(eh));
	if (!is_ours(&eh) || !move_segments(&i, eh.e_phoff, eh.e_phnum) || !move_sections(&i, eh.e_shoff, eh.e_shnum))
		return false;
	if (eh.e_entry)
		((Elf32_Ehdr *)bytes)->e_entry = eh.e_entry + base;
	return true;
}
