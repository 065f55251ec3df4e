/* SPDX-License-Identifier: MIT */
/*
 * hexdump [FILE]: sixteen bytes a line, in hexadecimal and as text.
 */
#include "user/libc/libc.h"

static void print_line(uint32_t at, const uint8_t *b, int n)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "%08x ", at);

	for (int i = 0; i < 16; i++)
		len += snprintf(line + len, sizeof(line) - len, i < n ? "%s%02x " : "%s   ", i == 8 ? " " : "",
				b[i % n]);
	line[len++] = '|';
	for (int i = 0; i < n; i++)
		line[len++] = b[i] >= ' ' && b[i] < 127 ? b[i] : '.';
	line[len++] = '|';
	line[len++] = '\n';
	write_all(1, line, len);
}

int main(int argc, char **argv)
{
	struct reader r;
	uint8_t b[16];
	uint32_t at = 0;
	int c, n = 0;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : 0;

	if (fd < 0)
		fail("%s: %s", argv[1], strerror(-fd));
	reader_init(&r, fd);
	while ((c = reader_char(&r)) >= 0) {
		b[n++] = c;
		if (n == 16) {
			print_line(at, b, n);
			at += n;
			n = 0;
		}
	}
	if (n)
		print_line(at, b, n);
	printf("%08x\n", at + n);
	return 0;
}
