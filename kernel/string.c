/* SPDX-License-Identifier: MIT */
/*
 * Comparing and measuring memory and strings; what moves memory in bulk is in arch/x86/string.asm.
 */
#include "kernel/lib.h"

/* Bytes compare as unsigned, as in C (C11, 7.24.4). */
int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s) { return strnlen(s, SIZE_MAX); }

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

/* SIZE_MAX is longer than any string can be. */
int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

/* The NUL counts as part of the string: strchr(s, 0) is its end. */
char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

/* As in BSD: who gets a result of size or more knows that the text was cut. */
size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from);

	if (size) {
		size_t copied = MIN(n, size - 1);
		memcpy(to, from, copied);
		to[copied] = 0;
	}
	return n;
}
