/* SPDX-License-Identifier: MIT */
/*
 * The kernel's command line: options NAME or NAME=VALUE separated by blanks, then " -- " and the words of process 1.
 *
 * "..." keeps blanks together. Unknown options are warned of and ignored, for a word that another kernel would know must
 * not keep this one from booting; the known ones are listed in boot/options.def. What values mean is the business of
 * those who ask.
 */
#ifndef BOOT_CMDLINE_H
#define BOOT_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

#define INIT_MAX_WORDS	32

/* Cuts text into words in place and keeps pointers into it: text must last. The last of equal options counts. */
void cmdline_parse(char *text);
/* The value ("" if there is no '='), or NULL if the option was not given. name: one of options.def. */
const char *option(const char *name);
bool option_is(const char *name, const char *value);	/* given, with exactly this value */
void option_bad(const char *name);		/* logs that the value given is ignored */
/* Bytes from "4096", "0x1000", "132K", "4M", "1G"; false when malformed or above 4 GiB - 1. */
bool parse_size(const char *text, uint32_t *bytes);
char *const *init_words(void);			/* NULL-terminated words behind "--" */

#endif
