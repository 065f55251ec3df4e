/* SPDX-License-Identifier: MIT */
/*
 * How layouts and constants of C get to nasm, so that no offset is typed by hand: a file that uses these is never run, only compiled to
 * assembly text, in which each leaves a string "@define NAME $VALUE"; make's recipe `offsets` turns those into "%define NAME VALUE".
 */
#ifndef TOOLS_OFFSETS_H
#define TOOLS_OFFSETS_H

#include <stddef.h>

#define DEFINE(name, value)		asm volatile(".ascii \"@define " #name " %0\"" : : "i" (value))
#define OFFSET(name, type, member)	DEFINE(name, offsetof(struct type, member))

void offsets(void);

#endif
