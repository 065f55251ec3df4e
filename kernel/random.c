/* SPDX-License-Identifier: MIT */
/*
 * The random generator: ChaCha20 (RFC 8439, section 2.3) with fast key erasure (D. J. Bernstein, "Fast-key-erasure
 * random-number generators", 2017): the first half of each block becomes the next key at once, so that what was given
 * away can't be found out from the state later.
 *
 * Interrupts stir their arrival times into a pool that the next use folds into the key. Without RDRAND the only secret
 * at boot is time, which is enough to tell two boots apart and not enough for keys that matter.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cycles.h"
#include "kernel/lib.h"
#include "kernel/random.h"
#include "pv/pv_ops.h"

#define KEY_WORDS	8
#define BLOCK_WORDS	16

/* key: of the next block. pool: what has been stirred since the last one, stirred: how many words. */
static uint32_t key[KEY_WORDS], pool[KEY_WORDS], stirred;

static uint32_t rotate(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

/*
 * RFC 8439, section 2.1, of the words a to d of the state. In line, so that the state's places are known when it is
 * compiled: as a function it takes twice as long, which exec would notice.
 */
static inline __attribute__((always_inline)) void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b]; s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d]; s[b] = rotate(s[b] ^ s[c], 7);
}

/* One block of 64 bytes, counter and nonce 0: a key is used for one block only. */
static void chacha_block(uint32_t out[BLOCK_WORDS])
{
	uint32_t in[BLOCK_WORDS] = { 0x61707865, 0x3320646E, 0x79622D32, 0x6B206574 };	/* "expand 32-byte k" */
	uint32_t s[BLOCK_WORDS];

	memcpy(in + 4, key, sizeof(key));
	memcpy(s, in, sizeof(in));
	for (int i = 0; i < 10; i++) {
#pragma GCC unroll 4
		for (unsigned n = 0; n < 4; n++)
			quarter_round(s, n, n + 4, n + 8, n + 12);
#pragma GCC unroll 4
		for (unsigned n = 0; n < 4; n++)
			quarter_round(s, n, (n + 1) % 4 + 4, (n + 2) % 4 + 8, (n + 3) % 4 + 12);
	}
	for (int i = 0; i < BLOCK_WORDS; i++)
		out[i] = s[i] + in[i];
}

/* The low bits of the counter are what nobody can foresee; rotating the word keeps it out of their way. */
void random_stir(uint32_t word) { pool[stirred++ % KEY_WORDS] ^= (uint32_t)cycles() ^ rotate(word, 16); }

/* Eight words from the processor, if it has them, mixed with the wall time and the cycles that each step took. */
void random_init(void)
{
	uint64_t wall = pv_wall_ns();

	for (unsigned i = 0; i < KEY_WORDS; i++) {
		if (cpu_has(CPU_RDRAND))
			hardware_random(&pool[i]);
		random_stir(i & 1 ? wall >> 32 : wall);
	}
}

/*
 * Each block keys the next one with its first half and gives its second half away, so one block serves the 32 bytes
 * that an exec wants. Interrupts are off for a block at a time: a handler that draws numbers must not see the same key.
 */
void random_bytes(void *to, size_t n)
{
	uint32_t block[BLOCK_WORDS];

	for (char *out = to; n; ) {
		size_t part = MIN(n, sizeof(block) - sizeof(key));
		IRQ_GUARD;
		for (unsigned i = 0; i < KEY_WORDS; i++) {
			key[i] ^= pool[i];
			pool[i] = 0;
		}
		chacha_block(block);
		memcpy(key, block, sizeof(key));
		memcpy(out, block + KEY_WORDS, part);
		out += part;
		n -= part;
	}
}
