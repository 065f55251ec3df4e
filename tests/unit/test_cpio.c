// SPDX-License-Identifier: MIT
// The reader of newc archives: a good archive, each kind of damage, and a fuzzer that mutates a good one.
// sources: kernel/cpio.c kernel/string.c
// also: long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/cpio.h"

static int failed;
static uint32_t seed = 1;

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

static uint8_t archive[8192];
static size_t size;

static void add(const char *magic, const char *name, uint32_t mode, const char *data, uint32_t checksum)
{
	size_t n = strlen(data);

	size += sprintf((char *)archive + size, "%s%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x", magic, 7, mode, 1, 2, 3, 4, (unsigned)n, 5, 6, 8, 9,
			strlen(name) + 1, checksum);
	strcpy((char *)archive + size, name);
	size += strlen(name) + 1;
	while (size & 3)
		archive[size++] = 0;
	memcpy(archive + size, data, n);
	size += n;
	while (size & 3)
		archive[size++] = 0;
}

static void build(void)
{
	memset(archive, 0, sizeof(archive));
	size = 0;
	add("070701", "bin", 040755, "", 0);
	add("070701", "bin/program", 0100755, "some bytes.", 0);
	add("070702", "sum", 0100644, "ab", 'a' + 'b');
	add("070701", "link", 0120777, "bin/program", 0);
	add("070701", "TRAILER!!!", 0, "", 0);
}

/* Reads from a heap block of exactly n bytes, so that the sanitizer sees every byte too many. -1: it is broken; *entries how many were good. */
static int read_all(const uint8_t *bytes, size_t n, unsigned *entries)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct cpio c = { copy, copy + n, copy };
	struct cpio_entry e;
	volatile uint32_t sum = 0;
	const char *problem;

	memcpy(copy, bytes, n);
	for (*entries = 0; !(problem = cpio_next(&c, &e)) && e.name; ++*entries) {
		if (strlen(e.name) != e.name_size - 1)
			abort();
		for (uint32_t i = 0; i < e.size; i++)
			sum += e.data[i];
	}
	if (c.at < copy || c.at > copy + n)
		abort();
	free(copy);
	return problem ? -1 : 0;
}

static void test_good(void)
{
	struct cpio c = { archive, archive, archive };
	struct cpio_entry e;

	build();
	c.end += size;
	check(!cpio_next(&c, &e) && !strcmp(e.name, "bin") && e.mode == 040755 && e.size == 0, "a folder");
	check(!cpio_next(&c, &e) && !strcmp(e.name, "bin/program") && e.size == 11 && !memcmp(e.data, "some bytes.", 11), "a file");
	check(e.ino == 7 && e.uid == 1 && e.gid == 2 && e.nlink == 3 && e.mtime == 4 && e.dev_major == 5 && e.dev_minor == 6 && e.rdev_major == 8 &&
	      e.rdev_minor == 9, "every field");
	check(!cpio_next(&c, &e) && e.size == 2, "a checksum");
	check(!cpio_next(&c, &e) && e.mode == 0120777, "a link");
	check(!cpio_next(&c, &e) && !e.name && c.at == archive + size, "the trailer");
}

static void damage(const char *name, size_t at, const char *text)
{
	unsigned entries;

	build();
	memcpy(archive + at, text, strlen(text));
	check(read_all(archive, size, &entries) < 0, name);
}

/* Where a text stands in the archive. */
static size_t find(const char *text)
{
	for (size_t at = 0; at + strlen(text) <= size; at++)
		if (!memcmp(archive + at, text, strlen(text)))
			return at;
	abort();
}

static void test_damage(void)
{
	unsigned entries, wrong = 0;

	damage("a bad magic", 0, "070707");
	damage("no number", 6, "0000000g");
	damage("an empty name", 6 + 8 * 11, "00000000");
	damage("a name without its end", 6 + 8 * 11, "00000003");
	damage("a name too long", 6 + 8 * 11, "ffffffff");
	damage("a name with more than one end", 6 + 8 * 11, "00000006");
	damage("a file too long", 6 + 8 * 6, "ffffffff");
	damage("a file a little too long", 6 + 8 * 6, "00002000");
	build();
	for (size_t n = 0; n < size - 3; n++)	/* three bytes of padding end it */
		wrong += read_all(archive, n, &entries) >= 0;
	check(!wrong && !read_all(archive, size - 3, &entries), "cut off anywhere");
	build();
	uint8_t *sum = archive + find("070702");
	sum[6 + 8 * 12 + 7] ^= 1;
	check(read_all(archive, size, &entries) < 0 && entries == 2, "a wrong checksum");
}

static void fuzz(unsigned rounds)
{
	unsigned entries;

	for (unsigned i = 0; i < rounds; i++) {
		build();
		for (unsigned k = rnd(6); k; k--)
			archive[rnd(size)] = rnd(3) ? "0123456789abcdefABCDEF"[rnd(22)] : rnd(256);
		read_all(archive, rnd(4) ? size : rnd(size + 1), &entries);
	}
	check(1, "fuzz");
}

int main(int argc, char **argv)
{
	test_good();
	test_damage();
	fuzz(argc > 1 && !strcmp(argv[1], "long") ? 2000000 : 30000);
	return failed;
}
