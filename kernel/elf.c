/* SPDX-License-Identifier: MIT */
/*
 * Reading ELF headers: nothing but checks and arithmetic, so that it runs on the host, too, under a
 * fuzzer.
 *
 * All that exec.c later does with a file's numbers relies on the promises of elf_survey
 * (kernel/elf.h): no sum of them overflows, no segment reaches into the kernel's half or the null
 * page. What the headers say about the file's length is not checked; pages beyond its end can't be
 * touched, that is all. Segments may overlap; the later one wins, as on Linux.
 */
#include "kernel/elf.h"

#include "abi/errno.h"
#include "kernel/lib.h"
#include "mm/page.h"

#define NAME_MAX_BYTES	4096u		/* of an interpreter's path, with the NUL */

int elf_check(const Elf32_Ehdr *eh)
{
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS32 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if ((eh->e_type != ET_EXEC && eh->e_type != ET_DYN) || eh->e_machine != EM_386)
		return -ENOEXEC;
	if (eh->e_phentsize != sizeof(Elf32_Phdr) || !eh->e_phnum || eh->e_phnum > ELF_MAX_PHDRS)
		return -ENOEXEC;
	return 0;
}

/* e_phoff may be any number, and the headers may be in the middle of a buffer of bytes. */
Elf32_Phdr elf_phdr(const void *phdrs, unsigned n)
{
	Elf32_Phdr p;

	memcpy(&p, (const uint8_t *)phdrs + n * sizeof(p), sizeof(p));
	return p;
}

/*
 * One loadable segment (gABI, chapter 5, "Program Header": p_vaddr and p_offset agree modulo the
 * page size). The program headers lie in the last segment that holds all of them, for AT_PHDR.
 */
static int survey_load(const Elf32_Ehdr *eh, const Elf32_Phdr *p, struct elf_plan *plan)
{
	uint32_t end = p->p_vaddr + p->p_memsz, headers = eh->e_phnum * sizeof(*p);

	if (p->p_filesz > p->p_memsz || p->p_memsz > USER_END || p->p_vaddr > USER_END - p->p_memsz)
		return -EINVAL;
	if (!plan->relocatable && p->p_vaddr < PAGE_SIZE)
		return -EINVAL;
	if (p->p_filesz && ((p->p_vaddr ^ p->p_offset) & ~PAGE_MASK || p->p_offset > UINT32_MAX - p->p_filesz))
		return -EINVAL;
	plan->low = MIN(plan->low, PAGE_ALIGN_DOWN(p->p_vaddr));
	plan->high = MAX(plan->high, PAGE_ALIGN_UP(end));
	plan->end = MAX(plan->end, end);
	if (eh->e_phoff >= p->p_offset && p->p_filesz >= headers && eh->e_phoff - p->p_offset <= p->p_filesz - headers)
		plan->phdr = p->p_vaddr + (eh->e_phoff - p->p_offset);
	return 0;
}

int elf_survey(const Elf32_Ehdr *eh, const void *phdrs, struct elf_plan *plan)
{
	*plan = (struct elf_plan){ .relocatable = eh->e_type == ET_DYN, .exec_stack = true, .low = UINT32_MAX };
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		Elf32_Phdr p = elf_phdr(phdrs, i);
		int err = 0;

		if (p.p_type == PT_LOAD && p.p_memsz)
			err = survey_load(eh, &p, plan);
		else if (p.p_type == PT_LOAD && p.p_filesz)
			err = -EINVAL;
		else if (p.p_type == PT_GNU_STACK)
			plan->exec_stack = p.p_flags & PF_X;
		else if (p.p_type == PT_INTERP && !plan->interp_size) {
			plan->interp_offset = p.p_offset;
			plan->interp_size = p.p_filesz;
			err = p.p_filesz < 2 || p.p_filesz > NAME_MAX_BYTES ? -ENOEXEC : 0;
		}
		if (err)
			return err;
	}
	return plan->low < plan->high && eh->e_entry < USER_END ? 0 : -ENOEXEC;
}
