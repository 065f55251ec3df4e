/* SPDX-License-Identifier: MIT */
/*
 * What a file that is to be executed says: an ELF32 program of its address space, a script of its interpreter. Either may be
 * hostile.
 */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <stdbool.h>
#include "abi/elf.h"

#define ELF_MAX_PHDRS	2048u		/* 64 KiB of program headers, as Linux allows */

/* Addresses are as in the file, without a load bias. */
struct elf_plan {
	bool relocatable;		/* ET_DYN: may be loaded anywhere */
	bool exec_stack;		/* no PT_GNU_STACK, or an executable one */
	uint32_t low, high;		/* range of the loadable segments, whole pages; not empty, high <= USER_END */
	uint32_t end;			/* end of the highest segment's memory: where brk starts */
	uint32_t phdr;			/* where the program headers are in memory; 0: in no segment */
	uint32_t interp_offset, interp_size;	/* file position of the interpreter's name; size 0: none */
};

/*
 * An i386 executable or shared object whose program headers may be read (1 to ELF_MAX_PHDRS of
 * them): 0, else -ENOEXEC.
 */
int elf_check(const Elf32_Ehdr *eh);
/*
 * Reads the e_phnum program headers at phdrs (any alignment). 0, or -ENOEXEC, -EINVAL when a
 * segment can't be loaded as it says. After 0, each PT_LOAD with memory lies in user space above
 * the null page (or, if relocatable, fits there), its file part is no longer than its memory, and
 * file offset and address agree within a page.
 */
int elf_survey(const Elf32_Ehdr *eh, const void *phdrs, struct elf_plan *plan);
/* The n-th program header, copied: phdrs may be misaligned. */
Elf32_Phdr elf_phdr(const void *phdrs, unsigned n);

/* ---- the first line of a script: "#!interpreter [argument]" ---- */

#define SCRIPT_LINE	256u	/* bytes of a line that are looked at, newline included */
#define SCRIPT_DEPTH	5	/* interpreters that may be scripts themselves */

/*
 * Cuts the line that begins with "#!" at head, of which `have` bytes are there, into words in
 * place: *interp, and *arg (the rest of the line, blanks at its ends removed) or NULL. 0, or
 * -ENOEXEC: no interpreter, or the line is too long. head must have room for one byte behind
 * `have`.
 */
int script_parse(char *head, uint32_t have, char **interp, char **arg);

#endif
