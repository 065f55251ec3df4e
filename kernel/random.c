/* SPDX-License-Identifier: MIT */
/*
 * The random generator: ChaCha20 (RFC 8439, section 2.3) in counter mode, rekeyed by its own first output after each use, so that what
 * it gave can't be found out from its state later.
 *
 * Interrupts stir their arrival times into a pool that the next use folds into the key. Without RDRAND the only secret at boot is time,
 * which is enough to tell two boots apart and not enough for keys that matter.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cycles.h"
#include "kernel/lib.h"
#include "kernel/random.h"
#include "pv/pv_ops.h"

#define KEY_WORDS	8

static uint32_t key[KEY_WORDS], pool[KEY_WORDS], stirred;

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 7);
}

static void chacha_block(uint32_t out[16], uint32_t counter)
{
	uint32_t in[16] = { 0x61707865, 0x3320646E, 0x79622D32, 0x6B206574 };

	memcpy(in + 4, key, sizeof(key));
	in[12] = counter;
	memcpy(out, in, sizeof(in));
	for (int i = 0; i < 10; i++) {
		quarter_round(out, 0, 4, 8, 12);
		quarter_round(out, 1, 5, 9, 13);
		quarter_round(out, 2, 6, 10, 14);
		quarter_round(out, 3, 7, 11, 15);
		quarter_round(out, 0, 5, 10, 15);
		quarter_round(out, 1, 6, 11, 12);
		quarter_round(out, 2, 7, 8, 13);
		quarter_round(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

void random_stir(uint32_t word)
{
	pool[stirred++ % KEY_WORDS] ^= (uint32_t)cycles() ^ rotate(word, 16);
}

void random_init(void)
{
	uint64_t wall = pv_wall_ns();

	for (unsigned i = 0; i < KEY_WORDS; i++) {
		if (cpu_has(CPU_RDRAND))
			hardware_random(&pool[i]);
		random_stir(i & 1 ? wall >> 32 : wall);
	}
}

void random_bytes(void *to, size_t n)
{
	uint32_t block[16];
	uint32_t counter = 1;
	char *out = to;

	irq_flags_t flags = irq_save();
	irq_disable();
	for (unsigned i = 0; i < KEY_WORDS; i++) {
		key[i] ^= pool[i];
		pool[i] = 0;
	}
	chacha_block(block, 0);
	memcpy(key, block, sizeof(key));
	irq_restore(flags);
	while (n) {
		size_t part = MIN(n, sizeof(block));
		chacha_block(block, counter++);
		memcpy(out, block, part);
		out += part;
		n -= part;
	}
}
