/* SPDX-License-Identifier: MIT */
/*
 * Formatting text, and the two 64-bit operations that the compiler can't do without a library.
 *
 * vsnprintf knows the conversions that kernel/lib.h lists, and prints anything else as it stands.
 */
#include "kernel/lib.h"

struct sink { char *to; size_t size, length; };

struct spec { bool left, zero, alt; int width, precision, longs; };

static void put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->to[s->length] = c;
	s->length++;
}

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

static void number(struct sink *s, const struct spec *f, uint64_t value, unsigned base, bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int at = sizeof(text);

	do {
		text[--at] = digits[div64(&value, base)];
	} while (value);
	while ((int)sizeof(text) - at < f->precision && at > 0)
		text[--at] = '0';
	field(s, f, prefix, text + at, sizeof(text) - at);
}

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

static const char *read_spec(const char *fmt, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .precision = -1 };
	for (;; fmt++) {
		if (*fmt == '-')
			f->left = true;
		else if (*fmt == '0')
			f->zero = true;
		else if (*fmt == '#')
			f->alt = true;
		else
			break;
	}
	fmt = read_number(fmt, &f->width, ap);
	if (*fmt == '.')
		fmt = read_number(fmt + 1, &f->precision, ap);
	for (; *fmt == 'l' || *fmt == 'h' || *fmt == 'z'; fmt++)
		f->longs += *fmt == 'l';
	return fmt;
}

static void text(struct sink *s, struct spec *f, const char *t)
{
	t = t ? t : "(null)";
	f->zero = false;
	field(s, f, "", t, strnlen(t, f->precision < 0 ? SIZE_MAX : (size_t)f->precision));
}

static void convert(struct sink *s, struct spec *f, char kind, va_list *ap)
{
	int64_t n;
	char c;

	switch (kind) {
	case 'd':
	case 'i':
		n = f->longs > 1 ? va_arg(*ap, int64_t) : va_arg(*ap, int32_t);
		number(s, f, n < 0 ? -(uint64_t)n : (uint64_t)n, 10, false, n < 0 ? "-" : "");
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		n = f->longs > 1 ? va_arg(*ap, uint64_t) : va_arg(*ap, uint32_t);
		number(s, f, n, kind == 'u' ? 10 : kind == 'o' ? 8 : 16, kind == 'X', f->alt && kind != 'u' ? "0x" : "");
		break;
	case 'p':
		f->precision = 8;
		number(s, f, va_arg(*ap, uint32_t), 16, false, "0x");
		break;
	case 's':
		text(s, f, va_arg(*ap, const char *));
		break;
	default:
		c = kind == 'c' ? va_arg(*ap, int) : kind;
		field(s, f, "", &c, 1);
	}
}

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

int snprintf(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(to, size, fmt, ap);
	va_end(ap);
	return n;
}

/* Schoolbook division in base 2^16, which 32-bit arithmetic can do. */
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

uint64_t mul_shift(uint64_t a, uint32_t b, unsigned shift)
{
	uint64_t low = (a & UINT32_MAX) * b, high = (a >> 32) * b;

	return (low >> shift) + (high << (32 - shift));
}
