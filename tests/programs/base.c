/* SPDX-License-Identifier: MIT */
/* What every program leans on: words and environment, the heap, numbers as text, stdio, jumps, exit handlers. */
#include <ctype.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include "show.h"

static jmp_buf jump;
static int zeros[100000];
static const char *const words[] = { "gate", "wall", "postern", "castle", "moat" };

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void last(void)
{
	printf("exit handler\n");
}

/* Blocks of every size, given back out of order, with a pattern in each; big ones are mappings. */
static unsigned churn(void)
{
	enum { BLOCKS = 200 };
	static unsigned char *block[BLOCKS];
	static size_t size[BLOCKS];
	unsigned seed = 1, sum = 0;

	for (int i = 0; i < 5000; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned n = seed >> 16 & 0x7FFF, at = n % BLOCKS;
		for (size_t j = 0; j < size[at]; j += 97)
			sum += block[at][j];
		free(block[at]);
		size[at] = n % 50 ? n % 3000 : 200000 + n;
		block[at] = malloc(size[at]);
		memset(block[at], (int)(seed >> 8 & 0xFF), size[at]);
	}
	return sum;
}

static void numbers(void)
{
	char *end;
	double d = strtod("2.718281828459045e2xyz", &end);

	printf("%.10f %s %.6g %.3e %a\n", d, end, sqrt(2), 1e300, 1.5);
	printf("%lld %llu %llx %d%%\n", LLONG_MIN, ULLONG_MAX, 0x123456789ABCDEFull, INT_MIN);
	printf("%.12f %.12f %.12f\n", sin(1), exp(1), pow(2, 0.5));
	printf("%lld %lld\n", 1000000007LL * 998244353LL / 12345, -7LL % 3);
	errno = 0;
	printf("%d ", strtoll("99999999999999999999", NULL, 10) == LLONG_MAX);
	printf("%s\n", error_name(errno));
}

static void streams(void)
{
	char line[80];
	int a, b;
	FILE *f = tmpfile();

	for (int i = 0; i < 3000; i++)
		fprintf(f, "line %d of %d\n", i, 3000);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "line %d of %d", &a, &b) == 2 && a % 1000 == 999)
			printf("%s", line);
	printf("at %ld\n", ftell(f));
	fseek(f, -5, SEEK_END);
	printf("%d %d\n", fgetc(f), ungetc('x', f));
	fclose(f);
}

int main(int argc, char **argv)
{
	struct utsname u;
	const char *sorted[5];
	volatile int passes = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	atexit(last);
	for (int i = 1; i < argc; i++)
		printf("word %d: %s\n", i, argv[i]);
	setenv("COLOUR", "blue", 1);
	printf("%s %s\n", getenv("COLOUR"), getenv("NO_SUCH") ? "set" : "unset");
	printf("page %lu secure %lu random %d\n", getauxval(AT_PAGESZ), getauxval(AT_SECURE), getauxval(AT_RANDOM) != 0);
	SHOW(uname(&u));
	for (int i = 0; i < 100000; i++)
		zeros[0] |= zeros[i];
	printf("bss %d churn %u\n", zeros[0], churn());
	numbers();
	streams();
	memcpy(sorted, words, sizeof(sorted));
	qsort(sorted, 5, sizeof(sorted[0]), compare);
	for (int i = 0; i < 5; i++)
		printf("%s%c", sorted[i], i < 4 ? ' ' : '\n');
	if (setjmp(jump) < 3)
		longjmp(jump, ++passes);
	printf("jumped %d times\n", passes);
	printf("%s\n", setlocale(LC_ALL, "C"));
	printf("%d %d\n", isatty(open_memstream(&(char *){ NULL }, &(size_t){ 0 }) != NULL ? 99 : 98), toupper('q'));
	printf("%s\n", strerror(ENOENT));
	return 7;
}
