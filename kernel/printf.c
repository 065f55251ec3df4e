/* SPDX-License-Identifier: MIT */
/*
 * Formatting text, and the two 64-bit operations that the compiler can't do without a library.
 *
 * vsnprintf knows the conversions that kernel/lib.h lists, and prints anything else as it stands.
 */
#include "kernel/lib.h"
#include <limits.h>

/* Where the text goes, and how long it would be. */
struct sink { char *to; size_t size, length; };

/* A conversion: longs counts its l's, two of them are 64 bits; precision counts for texts only. */
struct spec { bool left, zero; int width, precision, longs; };

/* Counts on when there is no room, and keeps a place for the NUL. */
static void put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->to[s->length] = c;
	s->length++;
}

/* A negative number of times is none. */
static void pad(struct sink *s, int n, char c)
{
	while (n-- > 0)
		put(s, c);
}

/* prefix and text in a field: blanks before, zeros between, or blanks behind. */
static void field(struct sink *s, const struct spec *f, const char *prefix, const char *text, int n)
{
	int fill = f->width - (int)strlen(prefix) - n;

	if (!f->left && !f->zero)
		pad(s, fill, ' ');
	while (*prefix)
		put(s, *prefix++);
	if (!f->left && f->zero)
		pad(s, fill, '0');
	for (int i = 0; i < n; i++)
		put(s, text[i]);
	if (f->left)
		pad(s, fill, ' ');
}

static void number(struct sink *s, const struct spec *f, uint64_t value, unsigned base, const char *prefix)
{
	char text[22];			/* 2^64 has so many octal digits */
	int at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[div64(&value, base)];
	} while (value);
	field(s, f, prefix, text + at, sizeof(text) - at);
}

/* "*" takes the number from the arguments. */
static const char *read_number(const char *fmt, int *value, va_list *ap)
{
	if (*fmt == '*') {
		*value = va_arg(*ap, int);
		return fmt + 1;
	}
	for (*value = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*value = *value * 10 + *fmt - '0';
	return fmt;
}

/* Behind the '%': flags, width, precision, length. */
static const char *read_spec(const char *fmt, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .precision = INT_MAX };
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		f->left |= *fmt == '-';
		f->zero |= *fmt == '0';
	}
	fmt = read_number(fmt, &f->width, ap);
	if (*fmt == '.')
		fmt = read_number(fmt + 1, &f->precision, ap);
	for (; *fmt == 'l'; fmt++)
		f->longs++;
	return fmt;
}

/* A pointer is a number of a certain form. */
static void convert(struct sink *s, struct spec *f, char kind, va_list *ap)
{
	const char *t;
	uint64_t n;
	char c = kind;

	switch (kind) {
	case 'p':
		f->zero = true;
		f->width = 10;
		return number(s, f, va_arg(*ap, uint32_t), 16, "0x");
	case 'd':
	case 'u':
	case 'x':
	case 'o':
		n = f->longs > 1 ? va_arg(*ap, uint64_t) : kind == 'd' ? (uint64_t)va_arg(*ap, int32_t) : va_arg(*ap, uint32_t);
		if (kind == 'd' && n >> 63)
			return number(s, f, -n, 10, "-");
		return number(s, f, n, kind == 'x' ? 16 : kind == 'o' ? 8 : 10, "");
	case 's':
		t = va_arg(*ap, const char *);
		t = t ? t : "(null)";
		f->zero = false;
		return field(s, f, "", t, strnlen(t, f->precision));
	case 'c':
		c = va_arg(*ap, int);
	}
	field(s, f, "", &c, 1);
}

/* A lone % at the end is dropped. size 0: nothing is written, to may be NULL; the length is counted all the same. */
int vsnprintf(char *to, size_t size, const char *fmt, va_list args)
{
	struct sink s = { to, size, 0 };
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		struct spec f;
		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		fmt = read_spec(fmt + 1, &f, &ap);
		if (!*fmt)
			break;
		convert(&s, &f, *fmt, &ap);
	}
	va_end(ap);
	if (size)
		to[MIN(s.length, size - 1)] = 0;
	return s.length;
}

/* What is longer than size - 1 is cut; the result tells. */
int snprintf(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(to, size, fmt, ap);
	va_end(ap);
	return n;
}

/*
 * The upper word by the processor's own division, then bit by bit. What is carried out of the rest's top bit counts: with
 * it the rest is above any divisor. Times below 2^32 ns, the common case for small spans, take the short way.
 */
uint32_t div64(uint64_t *n, uint32_t by)
{
	uint32_t high = *n >> 32, low = *n, quotient = 0, rest;

	if (!high) {
		*n = low / by;
		return low % by;
	}
	rest = high % by;
	high /= by;
	for (int i = 31; i >= 0; i--) {
		bool carry = rest >> 31;
		rest = rest << 1 | (low >> i & 1);
		if (carry || rest >= by) {
			rest -= by;
			quotient |= 1u << i;
		}
	}
	*n = (uint64_t)high << 32 | quotient;
	return rest;
}

/*
 * Two partial products of 32 by 32 bits. The upper one is shifted left, so its top bits would be lost if the result didn't
 * fit into 64; callers scale so that it does.
 */
uint64_t mul_shift(uint64_t a, uint32_t b, unsigned shift)
{
	uint64_t low = (a & UINT32_MAX) * b, high = (a >> 32) * b;

	return (low >> shift) + (high << (32 - shift));
}
