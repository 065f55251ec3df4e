/* SPDX-License-Identifier: MIT */
/*
 * Looking up names in the table that tools/ksyms makes from a first link: the start of each function, sorted, and their names one after
 * another in the same order. The symbol sought is the last one that does not start behind the address.
 */
#include "kernel/ksyms.h"
#include "kernel/lib.h"

extern const uint32_t ksym_count, ksym_addresses[];
extern const char ksym_names[];
extern const char __text_start[], __text_end[];

/* Also what a backtrace asks of a word on the stack before it believes that it is a return address. */
int ksym_is_text(uint32_t address) { return address >= (uint32_t)__text_start && address < (uint32_t)__text_end; }

/*
 * In order through the table: backtraces have time, and a search would need offsets of the names. Before the second link
 * the table is empty.
 */
char *ksym_name(uint32_t address, char *to, size_t size)
{
	const char *name = ksym_names;
	uint32_t i = 0;

	if (!ksym_is_text(address) || !ksym_count || address < ksym_addresses[0]) {
		snprintf(to, size, "0x%08x", address);
		return to;
	}
	for (; i + 1 < ksym_count && ksym_addresses[i + 1] <= address; i++)
		name += strlen(name) + 1;
	snprintf(to, size, "%s+0x%x", name, address - ksym_addresses[i]);
	return to;
}
