/* SPDX-License-Identifier: MIT */
/*
 * Names of the kernel's functions for backtraces: a table that the build appends to the image (tools/ksyms). Works while
 * dying: no memory is allocated.
 */
#ifndef KERNEL_KSYMS_H
#define KERNEL_KSYMS_H

#include <stddef.h>
#include <stdint.h>

/* "name+0x12" for an address in the text, or its number alone. Returns to. */
char *ksym_name(uint32_t address, char *to, size_t size);
/* Whether the address lies in the kernel's code. */
int ksym_is_text(uint32_t address);

#endif
