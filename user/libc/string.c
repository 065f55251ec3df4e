/* SPDX-License-Identifier: MIT */
/*
 * Strings, numbers in strings, names of errors and signals, and a small sort.
 *
 * memcpy, memmove and memset are also what the compiler calls behind our back for structures; they use the
 * string instructions, which keep them to a few bytes.
 */
#include "user/libc/libc.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *d = to;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if (ADDR(to) - ADDR(from) >= n)
		return memcpy(to, from, n);
	uint8_t *d = (uint8_t *)to + n - 1;
	const uint8_t *s = (const uint8_t *)from + n - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *d = to;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, (size_t)-1);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	char *found = NULL;

	for (; (s = strchr(s, c)) && *s; s++)
		found = (char *)s;
	return found;
}

char *strstr(const char *s, const char *sub)
{
	size_t n = strlen(sub);

	for (; *s || !n; s++)
		if (!strncmp(s, sub, n))
			return (char *)s;
	return NULL;
}

char *strcpy(char *to, const char *from)
{
	return memcpy(to, from, strlen(from) + 1);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from);

	if (size) {
		size_t fit = min(n, size - 1);
		memcpy(to, from, fit);
		to[fit] = 0;
	}
	return n;
}

size_t strlcat(char *to, const char *from, size_t size)
{
	size_t n = strlen(to);

	return n + strlcpy(to + n, from, size > n ? size - n : 0);
}

char *strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = malloc(n);

	return p ? memcpy(p, s, n) : NULL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Base 0 takes 0x and 0 prefixes. Overflow wraps. */
unsigned long strtoul(const char *s, char **end, int base)
{
	unsigned long v = 0;
	bool neg = *s == '-';

	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
		s += 2;
		base = 16;
	}
	if (base == 0)
		base = *s == '0' ? 8 : 10;
	for (; digit(*s) < base; s++)
		v = v * base + digit(*s);
	if (end)
		*end = (char *)s;
	return neg ? -v : v;
}

long strtol(const char *s, char **end, int base)
{
	return strtoul(s, end, base);
}

int atoi(const char *s)
{
	return strtoul(s, NULL, 10);
}

static const struct {
	uint8_t err;
	const char *text;
} errors[] = {
	{ EPERM, "operation not permitted" }, { ENOENT, "no such file or folder" }, { ESRCH, "no such process" },
	{ EINTR, "interrupted" }, { EIO, "input/output error" }, { ENXIO, "no such device or address" },
	{ E2BIG, "argument list too long" }, { ENOEXEC, "not an executable" }, { EBADF, "bad file descriptor" },
	{ ECHILD, "no child processes" }, { EAGAIN, "try again" }, { ENOMEM, "out of memory" },
	{ EACCES, "permission denied" }, { EFAULT, "bad address" }, { EBUSY, "busy" }, { EEXIST, "file exists" },
	{ ENODEV, "no such device" }, { ENOTDIR, "not a folder" }, { EISDIR, "is a folder" },
	{ EINVAL, "invalid argument" }, { EMFILE, "too many open files" }, { ENOTTY, "not a terminal" },
	{ ENOSPC, "no space left" }, { ETXTBSY, "the program runs" }, { ESPIPE, "cannot seek" }, { EROFS, "read-only" }, { EPIPE, "broken pipe" },
	{ ENAMETOOLONG, "name too long" }, { ENOSYS, "no such system call" }, { ENOTEMPTY, "folder not empty" },
	{ ELOOP, "too many links" }, { ETIMEDOUT, "timed out" },
};

const char *strerror(int err)
{
	static char other[16];

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].err == err)
			return errors[i].text;
	snprintf(other, sizeof(other), "error %d", err);
	return other;
}

const char *signame(int sig)
{
	static const char names[][5] = {
		"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
		"PIPE", "ALRM", "TERM", "STKF", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
		"XFSZ", "VTAL", "PROF", "WINC", "IO", "PWR", "SYS",
	};
	static char buf[16];

	if (sig > 0 && sig < (int)ARRAY_SIZE(names))
		snprintf(buf, sizeof(buf), "SIG%s", names[sig]);
	else
		snprintf(buf, sizeof(buf), "signal %d", sig);
	return buf;
}

/* Insertion sort: the lists of a toy user land are short. */
void sort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
	uint8_t *a = base, tmp[size];

	for (size_t i = 1; i < n; i++) {
		size_t j = i;
		memcpy(tmp, a + i * size, size);
		for (; j > 0 && cmp(a + (j - 1) * size, tmp) > 0; j--)
			memcpy(a + j * size, a + (j - 1) * size, size);
		memcpy(a + j * size, tmp, size);
	}
}
