// SPDX-License-Identifier: MIT
// Unpacking gzip: what the host's gzip packs comes out again, every cut is noticed, and damaged streams do no harm.
// sources: kernel/inflate.c
// also: long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/inflate.h"

#define MAX	300000

static int failed;
static uint32_t seed = 1;
static uint8_t plain[MAX], packed[MAX + 65536];
static size_t plain_size, packed_size;

static void check(int good, const char *name)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed |= !good;
}

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Packs `plain` with the host's gzip. */
static void pack(const char *options)
{
	char name[] = "/tmp/postern-inflate-XXXXXX", command[200];
	FILE *f = fdopen(mkstemp(name), "wb");

	fwrite(plain, 1, plain_size, f);
	fclose(f);
	snprintf(command, sizeof(command), "gzip %s -c %s", options, name);
	f = popen(command, "r");
	packed_size = fread(packed, 1, sizeof(packed), f);
	pclose(f);
	remove(name);
}

/* Unpacks from and into heap blocks of the exact sizes. NULL: good. */
static const char *unpack(const uint8_t *in, size_t n, size_t room, uint8_t **out, size_t *used, size_t *size)
{
	uint8_t *copy = malloc(n ? n : 1), *to = malloc(room ? room : 1);
	size_t count_used = 0, count_size = 0;

	memcpy(copy, in, n);
	const char *counted = gzip_unpack(copy, n, NULL, room, &count_used, &count_size);
	const char *problem = gzip_unpack(copy, n, to, room, used, size);
	if ((counted && !problem) || (!problem && (count_used != *used || count_size != *size || *used > n || *size > room)))
		abort();
	free(copy);
	if (out)
		*out = to;
	else
		free(to);
	return problem;
}

static void round_trip(const char *name, const char *options)
{
	uint8_t *out;
	size_t used = 0, size = 0;

	pack(options);
	memcpy(packed + packed_size, "behind", 6);
	const char *problem = unpack(packed, packed_size + 6, plain_size, &out, &used, &size);
	check(!problem && used == packed_size && size == plain_size && !memcmp(out, plain, size), name);
	free(out);
	check(!plain_size || unpack(packed, packed_size, plain_size - 1, NULL, &used, &size), "and not with less room");
}

static void fill_text(size_t n)
{
	static const char *const words[] = { "postern ", "gate ", "the ", "hypervisor ", "page\n", "0x1234 ", "a ", "zzzzzzzzzzzz " };

	for (plain_size = 0; plain_size + 16 < n;) {
		const char *w = words[rnd(8)];
		memcpy(plain + plain_size, w, strlen(w));
		plain_size += strlen(w);
		if (rnd(20) == 0)
			plain[plain_size++] = rnd(256);
	}
}

static void fill_noise(size_t n)
{
	for (plain_size = 0; plain_size < n; plain_size++)
		plain[plain_size] = rnd(256);
}

static void test_round_trips(void)
{
	plain_size = 0;
	round_trip("empty", "-9");
	memset(plain, 'x', MAX);
	plain_size = 1;
	round_trip("one byte: fixed codes", "-9");
	plain_size = MAX;
	round_trip("a run: overlapping copies", "-9");
	fill_text(MAX);
	round_trip("text, fast", "-1");
	round_trip("text, best", "-9");
	fill_noise(MAX);
	round_trip("noise: stored blocks", "-6");
	for (size_t i = 0; i < MAX; i++)
		plain[i] = rnd(2) ? rnd(4) : rnd(1 + rnd(256));
	plain_size = MAX;
	round_trip("skewed: long codes", "-9");
}

static void test_cuts(void)
{
	size_t used, size, wrong = 0;

	fill_text(3000);
	pack("-9");
	for (size_t n = 0; n < packed_size; n++)
		wrong += !unpack(packed, n, plain_size, NULL, &used, &size);
	check(!wrong, "cut off anywhere");
	packed[packed_size - 8] ^= 1;
	check(unpack(packed, packed_size, plain_size, NULL, &used, &size) != NULL, "a wrong checksum");
}

static void test_headers(void)
{
	size_t used, size;
	uint8_t with[65536];

	fill_text(500);
	pack("-9");
	check((packed[3] & 8) != 0, "gzip stores the name");
	/* The same member with an extra field, a comment and a header checksum. */
	size_t name_end = 10 + strlen((char *)packed + 10) + 1;
	memcpy(with, packed, 10);
	with[3] = 2 | 4 | 8 | 16;
	memcpy(with + 10, "\3\0abcname\0comment\0hc", 5 + 5 + 8 + 2);
	memcpy(with + 30, packed + name_end, packed_size - name_end);
	check(!unpack(with, 30 + packed_size - name_end, plain_size, NULL, &used, &size), "every part of a header");
	with[3] |= 0x20;
	check(unpack(with, 30 + packed_size - name_end, plain_size, NULL, &used, &size) != NULL, "a reserved flag");
}

/* Streams that no packer makes. */
static void test_hostile(void)
{
	static const uint8_t before[] = { 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x63, 0x00, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t kind[] = { 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	size_t used, size;

	check(unpack(before, sizeof(before), 1000, NULL, &used, &size) != NULL, "a copy from before the beginning");
	check(unpack(kind, sizeof(kind), 1000, NULL, &used, &size) != NULL, "an unknown kind of block");
}

static void fuzz(unsigned rounds)
{
	static uint8_t good[65536];
	size_t used, size, n;

	fill_text(1500);
	pack("-9 -n");
	memcpy(good, packed, n = packed_size);
	for (unsigned i = 0; i < rounds; i++) {
		memcpy(packed, good, n);
		for (unsigned k = 1 + rnd(4); k; k--)
			packed[rnd(8) ? rnd(60 < n ? 60 : n) : rnd(n)] = rnd(256);
		if (i % 3 == 0) {		/* pure noise behind a good header */
			for (size_t j = 10; j < 80; j++)
				packed[j] = rnd(256);
		}
		unpack(packed, n, rnd(3) ? plain_size : rnd(2000), NULL, &used, &size);
	}
	check(1, "fuzz");
}

int main(int argc, char **argv)
{
	test_round_trips();
	test_cuts();
	test_headers();
	test_hostile();
	fuzz(argc > 1 && !strcmp(argv[1], "long") ? 300000 : 5000);
	return failed;
}
