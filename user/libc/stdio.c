/* SPDX-License-Identifier: MIT */
/*
 * Formatted output and buffered input.
 *
 * vsnprintf returns the length that the whole text would have had, as the standard says. printf formats into
 * a buffer on the stack and writes it in one call; longer text is cut at the buffer's end.
 */
#include "user/libc/libc.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool left, zero, alt, plus;
	int width;
	int precision;		/* -1: none given */
	int longs;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, int n, char c)
{
	while (n-- > 0)
		put(o, c);
}

/* prefix and body, padded to the width: with zeros between them, or blanks before or behind both. */
static void field(struct out *o, const struct spec *s, const char *prefix, const char *body, int len)
{
	int fill = s->width - (int)strlen(prefix) - len;

	if (!s->left && !s->zero)
		pad(o, fill, ' ');
	while (*prefix)
		put(o, *prefix++);
	if (!s->left && s->zero)
		pad(o, fill, '0');
	for (int i = 0; i < len; i++)
		put(o, body[i]);
	if (s->left)
		pad(o, fill, ' ');
}

static void number(struct out *o, struct spec *s, uint64_t v, bool negative, char conv)
{
	const char *digits = conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = (conv | 0x20) == 'x' ? 16 : conv == 'o' ? 8 : 10;
	char buf[40];
	int i = sizeof(buf);

	for (uint64_t rest = v; rest; rest /= base)
		buf[--i] = digits[rest % base];
	int least = s->precision < 0 ? 1 : min(s->precision, 32);
	while ((int)sizeof(buf) - i < least)
		buf[--i] = '0';
	if (s->precision >= 0)
		s->zero = false;
	const char *prefix = negative ? "-" : s->plus ? "+" : s->alt && base == 16 && v ? "0x" : "";
	field(o, s, prefix, buf + i, sizeof(buf) - i);
}

static void text(struct out *o, struct spec *s, const char *str)
{
	int len = 0;

	if (!str)
		str = "(null)";
	while ((s->precision < 0 || len < s->precision) && str[len])
		len++;
	s->zero = false;
	field(o, s, "", str, len);
}

static const char *parse(const char *f, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '#')
			s->alt = true;
		else if (*f == '+')
			s->plus = true;
		else
			break;
	}
	if (*f == '*') {
		s->width = va_arg(*ap, int);
		f++;
	} else {
		s->width = strtoul(f, (char **)&f, 10);
	}
	if (*f == '.' && f[1] == '*') {
		s->precision = va_arg(*ap, int);
		f += 2;
	} else if (*f == '.') {
		s->precision = strtoul(f + 1, (char **)&f, 10);
	}
	for (; *f == 'l' || *f == 'h' || *f == 'z'; f++)
		s->longs += *f == 'l';
	return f;
}

static void convert(struct out *o, struct spec *s, char conv, va_list *ap)
{
	char c;

	switch (conv) {
	case 'd': case 'i': {
		int64_t v = s->longs > 1 ? va_arg(*ap, int64_t) : va_arg(*ap, int);
		number(o, s, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 'd');
		break;
	}
	case 'u': case 'x': case 'X': case 'o':
		s->plus = false;
		number(o, s, s->longs > 1 ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned), false, conv);
		break;
	case 'p':
		s->alt = true;
		number(o, s, va_arg(*ap, uint32_t), false, 'x');
		break;
	case 's':
		text(o, s, va_arg(*ap, const char *));
		break;
	default:
		c = conv == 'c' ? va_arg(*ap, int) : conv;
		s->zero = false;
		field(o, s, "", &c, 1);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		struct spec s;
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &s, &ap);
		if (!*fmt)
			break;
		convert(&o, &s, *fmt, &ap);
	}
	va_end(ap);
	if (size)
		buf[min(o.len, size - 1)] = 0;
	return o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static int vdprintf(int fd, const char *fmt, va_list ap)
{
	char buf[1024];
	int n = vsnprintf(buf, sizeof(buf), fmt, ap);

	return write_all(fd, buf, min(n, (int)sizeof(buf) - 1));
}

int printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vdprintf(1, fmt, ap);
	va_end(ap);
	return n;
}

int dprintf(int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

void fail(const char *fmt, ...)
{
	va_list ap;

	dprintf(2, "%s: ", progname);
	va_start(ap, fmt);
	vdprintf(2, fmt, ap);
	va_end(ap);
	dprintf(2, "\n");
	exit(1);
}

int puts(const char *s)
{
	return printf("%s\n", s);
}

int write_all(int fd, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int r = write(fd, (const char *)buf + done, n - done);
		if (r < 0 && r != -EINTR)
			return r;
		done += r > 0 ? r : 0;
	}
	return n;
}

void reader_init(struct reader *r, int fd)
{
	r->fd = fd;
	r->pos = r->end = 0;
}

int reader_char(struct reader *r)
{
	if (r->pos >= r->end) {
		r->pos = 0;
		r->end = read(r->fd, r->buf, sizeof(r->buf));
		if (r->end <= 0)
			return -1;
	}
	return (uint8_t)r->buf[r->pos++];
}

int reader_line(struct reader *r, char *line, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = reader_char(r)) >= 0 && c != '\n')
		if (n + 1 < size)
			line[n++] = c;
	line[n] = 0;
	return c < 0 && n == 0 ? -1 : (int)n;
}

int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int n = 0, r = 0;

	if (fd < 0)
		return fd;
	while (n < (int)size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
		n += r;
	close(fd);
	buf[n] = 0;
	return r < 0 ? r : n;
}
