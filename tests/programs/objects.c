/* SPDX-License-Identifier: MIT */
/* dl_iterate_phdr: the program and the VDSO page are listed, with headers that make sense. */
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include "show.h"

static int gates, programs;

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	int loads = 0, dynamic = 0;

	(void)size, (void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		loads += p->p_type == PT_LOAD;
		dynamic += p->p_type == PT_DYNAMIC;
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X) && p->p_filesz)
			loads += *(volatile char *)(info->dlpi_addr + p->p_vaddr) == 0x7F;
	}
	gates += !strncmp(info->dlpi_name, "linux-", 6) && loads && dynamic;
	programs += !*info->dlpi_name && loads > 1;
	return 0;
}

int main(void)
{
	dl_iterate_phdr(look, NULL);
	printf("program %d\n", programs > 0);
	printf("the gate is listed if the auxiliary vector tells of it: %d\n", gates == (getauxval(AT_SYSINFO_EHDR) != 0));
	return 0;
}
