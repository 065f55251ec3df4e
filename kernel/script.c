/* SPDX-License-Identifier: MIT */
/*
 * Cutting up the first line of a script, by Linux's rules: one argument at most, which keeps its
 * inner blanks.
 *
 * A line that ends neither within SCRIPT_LINE bytes nor with the file is refused rather than cut:
 * half a path may name another program. A NUL ends the line like a newline. Which file is run for
 * the words, and how often a script's interpreter may be a script again, is exec.c's business.
 */
#include "kernel/elf.h"

#include "abi/errno.h"
#include "kernel/lib.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

int script_parse(char *head, uint32_t have, char **interp, char **arg)
{
	uint32_t limit = MIN(have, SCRIPT_LINE), n = 2;
	char *at = head + 2, *end;

	while (n < limit && head[n] != '\n' && head[n])
		n++;
	if (n >= SCRIPT_LINE)
		return -ENOEXEC;
	for (end = head + n; end > at && is_blank(end[-1]); end--)
		;
	*end = '\0';
	while (is_blank(*at))
		at++;
	if (!*at)
		return -ENOEXEC;
	*interp = at;
	while (*at && !is_blank(*at))
		at++;
	if (*at)
		*at++ = '\0';
	while (is_blank(*at))
		at++;
	*arg = *at ? at : NULL;
	return 0;
}
