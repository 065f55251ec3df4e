/* SPDX-License-Identifier: MIT */
/* The first line of a script: "#!interpreter [argument]". */
#ifndef KERNEL_SCRIPT_H
#define KERNEL_SCRIPT_H

#include <stdint.h>

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
