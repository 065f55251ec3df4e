/* SPDX-License-Identifier: MIT */
/*
 * Looking up names in the table that tools/ksyms makes from a first link: where the first function starts, how far it is from each to the
 * next, and their names one after another. The symbol sought is the last one that does not start behind the address.
 */
#include "kernel/ksyms.h"
#include "kernel/lib.h"

extern const uint32_t ksym_count, ksym_first;
extern const uint16_t ksym_steps[];
extern const char ksym_names[];
extern const char __text_start[], __text_end[];

/* Also what a backtrace asks of a word on the stack before it believes that it is a return address. */
int ksym_is_text(uint32_t address) { return address >= (uint32_t)__text_start && address < (uint32_t)__text_end; }

/*
 * In order through the table: backtraces have time. Before the second link the table is empty.
 */
char *ksym_name(uint32_t address, char *to, size_t size)
{
	const char *name = ksym_names;
	uint32_t at = ksym_first;

	if (!ksym_is_text(address) || !ksym_count || address < at) {
		snprintf(to, size, "0x%08x", address);
		return to;
	}
	for (uint32_t i = 0; i + 1 < ksym_count && address - at >= ksym_steps[i]; at += ksym_steps[i++])
		name += strlen(name) + 1;
	snprintf(to, size, "%s+0x%x", name, address - at);
	return to;
}
