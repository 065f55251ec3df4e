/* SPDX-License-Identifier: MIT */
/*
 * The VDSO as its own ELF headers describe it, read like a C library does: all addresses in the image are
 * relative to its first loadable segment, wherever the page is.
 */
#ifndef USER_LIBC_VDSO_H
#define USER_LIBC_VDSO_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/elf.h"

struct vdso {
	const Elf32_Ehdr *ehdr;		/* AT_SYSINFO_EHDR */
	const Elf32_Phdr *phdr;
	uint32_t bias;			/* what to add to an address in the image; 0 if it was relocated */
	const Elf32_Dyn *dyn;
	const Elf32_Sym *sym;
	uint32_t nsyms;
	const char *str;
	const char *soname;
	const uint16_t *versym;		/* NULL without versions */
	const Elf32_Verdef *verdef;
};

/* False, with why in *problem, if there is no page or it is malformed. */
bool vdso_open(struct vdso *v, const char **problem);
/* The version that symbol i belongs to, "" if none. */
const char *vdso_version(const struct vdso *v, uint32_t i);
/* The address of NAME in VERSION (NULL: any), 0 if absent. */
uint32_t vdso_lookup(const struct vdso *v, const char *name, const char *version);
const char *dyn_name(int32_t tag);

#endif
