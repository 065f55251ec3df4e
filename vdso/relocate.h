/* SPDX-License-Identifier: MIT */
/*
 * Moving a VDSO image that was linked at address 0 to where processes will see it (T5).
 */
#ifndef VDSO_RELOCATE_H
#define VDSO_RELOCATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Adds base to every address in the image: entry, program headers, section headers, dynamic
 * section, symbols. Code is position-independent. The image is size bytes at a word-aligned place.
 * False when it is no i386 shared object or something in it lies outside of it; part of it may have
 * been changed then, but nothing outside.
 */
bool vdso_relocate(void *image, uint32_t size, uint32_t base);

#endif
