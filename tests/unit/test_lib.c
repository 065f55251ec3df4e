// SPDX-License-Identifier: MIT
// The kernel's little library against the host's: formatted text, strings, and the two 64-bit operations.
// sources: kernel/printf.c kernel/string.c
// flags: -Dmemcmp=k_memcmp -Dstrlen=k_strlen -Dstrnlen=k_strnlen -Dstrcmp=k_strcmp -Dstrncmp=k_strncmp -Dstrchr=k_strchr
// flags: -Dstrlcpy=k_strlcpy -Dvsnprintf=k_vsnprintf -Dsnprintf=k_snprintf -fno-builtin -Wno-format
// also: long
#include "kernel/lib.h"

#include <stdio.h>
#include <stdlib.h>

int host_snprintf(char *to, size_t size, const char *fmt, ...) __asm__("snprintf");
int host_memcmp(const void *a, const void *b, size_t n) __asm__("memcmp");
size_t host_strlen(const char *s) __asm__("strlen");
int host_strncmp(const char *a, const char *b, size_t n) __asm__("strncmp");
char *host_strchr(const char *s, int c) __asm__("strchr");

static int failed;
static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static uint64_t rnd64(void)
{
	uint64_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 16 | rnd(65536);
	return v >> rnd(64);
}

static void check(const char *name, int wrong)
{
	printf("%s %s\n", wrong ? "not ok" : "ok", name);
	failed |= wrong;
}

/* ---- formatting ---- */

static int differ(const char *fmt, const char *mine, int n, const char *theirs, int m)
{
	if (n == m && !host_memcmp(mine, theirs, m + 1))
		return 0;
	printf("# %s: \"%s\" (%d), the host says \"%s\" (%d)\n", fmt, mine, n, theirs, m);
	return 1;
}

/* One conversion with a random mix of flags. */
static int one_number(void)
{
	char fmt[32] = "[%", mine[128], theirs[128], kind = "duxo"[rnd(4)];
	int at = 2, n, m, wide = rnd(2);
	uint64_t v = rnd64();

	if (rnd(3) == 0)
		fmt[at++] = '-';
	if (rnd(2))
		fmt[at++] = '0';
	if (rnd(2))
		at += host_snprintf(fmt + at, 4, "%d", 1 + rnd(40));
	host_snprintf(fmt + at, 6, "%s%c]", wide ? "ll" : "", kind);
	n = wide ? snprintf(mine, sizeof(mine), fmt, v) : snprintf(mine, sizeof(mine), fmt, (uint32_t)v);
	m = wide ? host_snprintf(theirs, sizeof(theirs), fmt, v) : host_snprintf(theirs, sizeof(theirs), fmt, (uint32_t)v);
	return differ(fmt, mine, n, theirs, m);
}

static int one_text(void)
{
	static const char *const texts[] = { "", "a", "hello", "a somewhat longer text" };
	char mine[128], theirs[128];
	const char *fmt = rnd(2) ? "<%*.*s>" : "<%-*.*s|";
	int width = rnd(30), precision = rnd(25);
	const char *t = texts[rnd(4)];
	int n = snprintf(mine, sizeof(mine), fmt, width, precision, t);

	return differ(fmt, mine, n, theirs, host_snprintf(theirs, sizeof(theirs), fmt, width, precision, t));
}

static int sizes(void)
{
	int wrong = 0;

	for (size_t size = 0; size < 20; size++) {
		char *to = malloc(size);	/* exactly: the sanitizer sees a byte too many */
		int n = snprintf(to, size, "%s %d%%", "word", 12345);
		wrong |= n != 11;
		if (size)
			wrong |= host_strlen(to) != MIN(size - 1, 11u) || host_memcmp(to, "word 12345%", host_strlen(to));
		free(to);
	}
	return wrong;
}

static int extremes(void)
{
	char b[128];
	int wrong = 0;

	snprintf(b, sizeof(b), "%d %lld %u %llu", INT32_MIN, INT64_MIN, UINT32_MAX, UINT64_MAX);
	wrong |= strcmp(b, "-2147483648 -9223372036854775808 4294967295 18446744073709551615");
	snprintf(b, sizeof(b), "%p %08x %c%%", (void *)0x1234, 0xabc, 'z');
	wrong |= strcmp(b, "0x00001234 00000abc z%");
	snprintf(b, sizeof(b), "%s", (char *)NULL);
	wrong |= strcmp(b, "(null)");
	snprintf(b, sizeof(b), "end %");
	wrong |= strcmp(b, "end ");
	return wrong;
}

/* ---- strings ---- */

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static int one_string(void)
{
	size_t n = rnd(12), m = rnd(12);
	char *a = malloc(n + 1), *b = malloc(m + 1), to[16];
	int wrong = 0;

	for (size_t i = 0; i < n; i++)
		a[i] = "ab\xff"[rnd(3)];
	for (size_t i = 0; i < m; i++)
		b[i] = "ab\xff"[rnd(3)];
	a[n] = b[m] = 0;
	size_t k = rnd(14), both = MIN(n, m), size = rnd(16);
	wrong |= strlen(a) != n || strnlen(a, k) != MIN(n, k);
	wrong |= sign(strcmp(a, b)) != sign(host_strncmp(a, b, 100)) || sign(strncmp(a, b, k)) != sign(host_strncmp(a, b, k));
	wrong |= sign(memcmp(a, b, both)) != sign(host_memcmp(a, b, both));
	wrong |= strchr(a, 'b') != host_strchr(a, 'b') || strchr(a, 0) != a + n || strchr(a, 0xff) != host_strchr(a, 0xff);
	wrong |= strlcpy(to, a, size) != n;
	if (size)
		wrong |= host_strlen(to) != MIN(n, size - 1) || host_memcmp(to, a, host_strlen(to));
	free(a), free(b);
	return wrong;
}

/* ---- arithmetic ---- */

static int one_division(void)
{
	uint64_t a = rnd64(), q = a;
	uint32_t by = rnd64() | 1;
	uint32_t r = div64(&q, by);

	return q != a / by || r != a % by;
}

/* The product's 96 bits in two words, shifted. */
static int one_product(void)
{
	uint64_t a = rnd64();
	uint32_t b = rnd64(), shift = rnd(33);
	uint64_t low = (a & UINT32_MAX) * b, high = (a >> 32) * b, sum = low + (high << 32);
	uint64_t top = (high >> 32) + (sum < low);

	return mul_shift(a, b, shift) != (shift ? sum >> shift | top << (64 - shift) : sum);
}

static void repeat(const char *name, int (*one)(void), int times)
{
	int wrong = 0;

	for (int i = 0; i < times && !wrong; i++)
		wrong = one();
	check(name, wrong);
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? 3000000 : 100000;

	(void)argv;
	repeat("numbers are printed as the host prints them", one_number, times);
	repeat("texts are printed as the host prints them", one_text, times);
	check("every size of buffer", sizes());
	check("extreme values", extremes());
	repeat("strings", one_string, times);
	repeat("div64", one_division, times);
	repeat("mul_shift", one_product, times);
	return failed;
}
