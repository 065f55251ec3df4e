/* SPDX-License-Identifier: MIT */
/*
 * Reading the VDSO: see vdso.h. Nothing is trusted beyond what a C library trusts; a missing piece is named.
 */
#include "user/libc/vdso.h"

#include "user/libc/libc.h"

static const void *at(const struct vdso *v, uint32_t addr)
{
	return PTR(addr + v->bias);
}

static const char *read_dynamic(struct vdso *v)
{
	const uint32_t *hash = NULL;
	uint32_t soname = 0;

	for (const Elf32_Dyn *d = v->dyn; d->d_tag != DT_NULL; d++) {
		const void *p = at(v, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_HASH:   hash = p; break;
		case DT_STRTAB: v->str = p; break;
		case DT_SYMTAB: v->sym = p; break;
		case DT_VERSYM: v->versym = p; break;
		case DT_VERDEF: v->verdef = p; break;
		case DT_SONAME: soname = d->d_un.d_val; break;
		}
	}
	if (!v->str || !v->sym)
		return "no symbol or string table";
	v->soname = soname ? v->str + soname : "";
	/* without DT_HASH: the string table follows the symbols in every image seen */
	v->nsyms = hash ? hash[1] : (ADDR(v->str) - ADDR(v->sym)) / sizeof(Elf32_Sym);
	return NULL;
}

bool vdso_open(struct vdso *v, const char **problem)
{
	const Elf32_Phdr *load = NULL, *dynamic = NULL;

	*v = (struct vdso){ .ehdr = PTR(getauxval(AT_SYSINFO_EHDR)) };
	*problem = "no AT_SYSINFO_EHDR";
	if (!v->ehdr)
		return false;
	*problem = "not an ELF image for this processor";
	if (memcmp(v->ehdr->e_ident, ELFMAG, SELFMAG) || v->ehdr->e_machine != EM_386 || v->ehdr->e_type != ET_DYN)
		return false;
	v->phdr = (const Elf32_Phdr *)((const char *)v->ehdr + v->ehdr->e_phoff);
	for (int i = 0; i < v->ehdr->e_phnum; i++) {
		if (v->phdr[i].p_type == PT_LOAD && !load)
			load = &v->phdr[i];
		if (v->phdr[i].p_type == PT_DYNAMIC)
			dynamic = &v->phdr[i];
	}
	*problem = "no PT_LOAD or PT_DYNAMIC";
	if (!load || !dynamic)
		return false;
	v->bias = ADDR(v->ehdr) + load->p_offset - load->p_vaddr;
	v->dyn = at(v, dynamic->p_vaddr);
	*problem = read_dynamic(v);
	return !*problem;
}

const char *vdso_version(const struct vdso *v, uint32_t i)
{
	const Elf32_Verdef *d = v->verdef;

	if (!v->versym || !d)
		return "";
	for (;;) {
		if (d->vd_ndx == (v->versym[i] & VERSYM_VERSION) && !(d->vd_flags & VER_FLG_BASE))
			return v->str + ((const Elf32_Verdaux *)((const char *)d + d->vd_aux))->vda_name;
		if (!d->vd_next)
			return "";
		d = (const Elf32_Verdef *)((const char *)d + d->vd_next);
	}
}

uint32_t vdso_lookup(const struct vdso *v, const char *name, const char *version)
{
	for (uint32_t i = 1; i < v->nsyms; i++) {
		const Elf32_Sym *s = &v->sym[i];
		if (s->st_shndx == SHN_UNDEF || strcmp(v->str + s->st_name, name))
			continue;
		if (!version || !strcmp(vdso_version(v, i), version))
			return s->st_value + v->bias;
	}
	return 0;
}

const char *dyn_name(int32_t tag)
{
	static const struct {
		int32_t tag;
		const char *name;
	} names[] = {
		{ DT_HASH, "HASH" }, { DT_STRTAB, "STRTAB" }, { DT_SYMTAB, "SYMTAB" }, { DT_STRSZ, "STRSZ" },
		{ DT_SYMENT, "SYMENT" }, { DT_SONAME, "SONAME" }, { DT_GNU_HASH, "GNU_HASH" }, { DT_VERSYM, "VERSYM" },
		{ DT_VERDEF, "VERDEF" }, { DT_VERDEFNUM, "VERDEFNUM" }, { DT_FLAGS, "FLAGS" }, { DT_NULL, "NULL" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].tag == tag)
			return names[i].name;
	return "?";
}
