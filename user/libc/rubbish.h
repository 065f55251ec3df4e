/* SPDX-License-Identifier: MIT */
/*
 * Rubbish to execute: random bytes, half of them the beginnings of instructions that the processor, a kernel or a hypervisor must think about.
 *
 * For a program that tries what ring 3 can do (user/tests/fuzz.c) and for a guest that tries what ring 1 can do (tests/hostile.c).
 */
#ifndef USER_LIBC_RUBBISH_H
#define USER_LIBC_RUBBISH_H

#include <stddef.h>
#include <stdint.h>

/* What follows a piece in memory is its operand. */
static const struct { uint8_t length, bytes[7]; } rubbish_pieces[] = {
	{ 2, { 0x0F, 0x34 } }, { 2, { 0x0F, 0x35 } }, { 2, { 0x0F, 0x05 } }, { 2, { 0xCD, 0x80 } }, { 1, { 0xCD } }, { 2, { 0xCD, 0x1F } },
	{ 1, { 0xCF } }, { 1, { 0xCC } }, { 1, { 0xCE } }, { 1, { 0xF1 } }, { 1, { 0x9D } }, { 1, { 0x9C } }, { 1, { 0xF4 } }, { 1, { 0xFA } },
	{ 1, { 0xFB } }, { 2, { 0x0F, 0x01 } }, { 2, { 0x0F, 0x00 } }, { 2, { 0x0F, 0x20 } }, { 2, { 0x0F, 0x22 } }, { 2, { 0x0F, 0x23 } },
	{ 2, { 0x0F, 0x30 } }, { 2, { 0x0F, 0x32 } }, { 2, { 0x0F, 0x31 } }, { 2, { 0x0F, 0xA2 } }, { 2, { 0x0F, 0x06 } }, { 2, { 0x0F, 0x0B } },
	{ 1, { 0x8E } }, { 2, { 0x8E, 0xD0 } }, { 2, { 0x8E, 0xE0 } }, { 2, { 0x8E, 0xE8 } }, { 2, { 0x8E, 0xD8 } }, { 1, { 0x17 } }, { 1, { 0x1F } },
	{ 1, { 0x07 } }, { 2, { 0x0F, 0xA1 } }, { 2, { 0x0F, 0xA9 } }, { 1, { 0xEA } }, { 1, { 0x9A } }, { 1, { 0xCB } }, { 1, { 0xCA } },
	{ 7, { 0xEA, 0, 0, 0x20, 0x20, 0x60, 0 } }, { 7, { 0xEA, 0, 0, 0x20, 0x20, 0x61, 0 } }, { 7, { 0xEA, 0, 0, 0x20, 0x20, 0x73, 0 } },
	{ 5, { 0xB8, 0x7B, 0, 0, 0 } }, { 5, { 0xB8, 0x68, 0, 0, 0 } }, { 5, { 0xB8, 0x33, 0, 0, 0 } }, { 5, { 0xB8, 0x3B, 0, 0, 0 } }, { 5, { 0xB8, 0x0F, 0, 0, 0 } },
	{ 7, { 0xEA, 0, 0, 0x20, 0x20, 0x0F, 0 } }, { 7, { 0xEA, 0, 0, 0, 0, 0x17, 0 } }, { 5, { 0x68, 0x1F, 0, 0, 0 } }, { 1, { 0xE4 } }, { 1, { 0xEE } }, { 1, { 0x6C } }, { 2, { 0x0F, 0xAE } }, { 2, { 0xDB, 0xE3 } }, { 1, { 0xD9 } }, { 1, { 0x9B } },
	{ 2, { 0x0F, 0x02 } }, { 2, { 0x0F, 0x03 } }, { 1, { 0x63 } }, { 1, { 0xC5 } }, { 1, { 0xF0 } }, { 1, { 0xF3 } }, { 1, { 0x66 } },
	{ 1, { 0x67 } }, { 1, { 0x65 } }, { 1, { 0x36 } }, { 2, { 0xEB, 0xFE } }, { 1, { 0xC8 } }, { 3, { 0x0F, 0x01, 0xC1 } }, { 3, { 0x0F, 0x01, 0xD9 } },
	{ 6, { 0x81, 0x0C, 0x24, 0, 0x41, 0x04 } }, { 5, { 0x68, 0x02, 0x77, 0x02, 0 } }, { 5, { 0x68, 0x73, 0, 0, 0 } }, { 5, { 0x68, 0x61, 0, 0, 0 } },
};

/* Fills the bytes from here on, of which there are more than 8. */
static inline void rubbish(uint8_t *to, size_t size, uint32_t (*random)(void))
{
	const uint32_t count = sizeof(rubbish_pieces) / sizeof(rubbish_pieces[0]);

	for (const uint8_t *end = to + size - 8; to < end;) {
		uint32_t r = random(), i = (r >> 8) % (2 * count);
		if (i >= count)
			*to++ = r;
		for (unsigned k = 0; i < count && k < rubbish_pieces[i].length; k++)
			*to++ = rubbish_pieces[i].bytes[k];
	}
}

#endif
