/* SPDX-License-Identifier: MIT */
/*
 * The one console: the serial line COM1. Guests and shim write to it, what is typed goes to one guest.
 */
#ifndef SHIM_CONSOLE_H
#define SHIM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void console_init(void);
/* A line of the shim's own; begins on a fresh line. */
void console_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether the last line on the console is just this (fewer than 64 characters). */
bool console_said(const char *line);
/* What guest `number` prints: as it is if it is the only one (number 0), else line by line behind "[number] ". */
void console_guest(unsigned number, const char *text, size_t n);
/* Prints what is left of an unfinished line of a guest. */
void console_guest_end(unsigned number);

/* Takes bytes that were typed; how many, at most n. */
size_t console_read(char *to, size_t n);
size_t console_typed(void);
void console_interrupt(void);

#endif
