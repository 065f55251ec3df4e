/* SPDX-License-Identifier: MIT */
/*
 * Accesses to kernel addresses that may fault, for the self-test: 0, or -EFAULT if the access was refused (probe.asm).
 */
#ifndef ARCH_X86_PROBE_H
#define ARCH_X86_PROBE_H

#include <stdint.h>

int probe_read(const volatile uint32_t *at, uint32_t *value);
int probe_write(volatile uint32_t *at, uint32_t value);
uint32_t probe_gs_read(uint32_t selector, uint32_t offset);	/* loads gs, reads gs:offset, puts the old gs back */

#endif
