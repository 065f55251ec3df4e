/* SPDX-License-Identifier: MIT */
/*
 * The few library functions a kernel needs, as C11 and POSIX have them, but for the limits said here. The compiler may
 * call the mem* functions on its own; memcpy, memmove and memset are in arch/x86/string.asm. The shim links them, too.
 *
 * There is no 64-by-64-bit division, which would need the compiler's own library: the helpers below divide by 32 bits,
 * and that is all that time conversion needs.
 */
#ifndef KERNEL_LIB_H
#define KERNEL_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ROUND_UP(x, to)	(((x) + (to) - 1) & ~((to) - 1))	/* `to` is a power of two */
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define RO_AFTER_INIT	__attribute__((section(".data.ro_after_init")))	/* data that mm_protect_kernel makes read-only */

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
/* Copies at most size - 1 characters and always terminates. Returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);

/*
 * n digits of a base up to 16, and nothing else: true, and their value modulo 2^32. In line, because the archive's headers are
 * full of them and the boot is counted.
 */
static inline bool parse_digits(const char *text, size_t n, unsigned base, uint32_t *value)
{
	uint32_t sum = 0;

	for (; n; n--, text++) {
		unsigned digit = *text - '0';
		if (digit > 9)
			digit = MIN((*text | 0x20u) - 'a', 16u) + 10;	/* what is no letter is beyond any base */
		if (digit >= base)
			return false;
		sum = sum * base + digit;
	}
	*value = sum;
	return true;
}

/*
 * printf: %d %u %x %o %c %s %p %% with l, ll (64 bits), width, 0, -, * and, for texts, precision. Writes at most size bytes
 * with the NUL, which is always there unless size is 0; returns the length of the whole text.
 */
int vsnprintf(char *to, size_t size, const char *fmt, va_list ap);
int snprintf(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

struct text;	/* of a file in /proc (kernel/proc.c); what finds no memory is left out */
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* *n /= by, which must not be 0; returns the remainder. */
uint32_t div64(uint64_t *n, uint32_t by);
/* a * b >> shift without losing the upper bits of the product; shift 0 to 32. */
uint64_t mul_shift(uint64_t a, uint32_t b, unsigned shift);

#endif
