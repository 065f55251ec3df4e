/* SPDX-License-Identifier: MIT */
/*
 * A reader of newc cpio archives (see kernel/cpio.h).
 *
 * Every length comes from the archive and is believed only after it has been compared
 * with what is left; padding may be cut off at the very end of the archive. The
 * checksum of 070702 is checked, being a plain sum of the data's bytes.
 */
#include "kernel/cpio.h"
#include "kernel/lib.h"

#define HEADER_SIZE	110u
#define NAME_LIMIT	4096u

/* Takes n bytes and the padding after them. NULL: there are not so many. */
static const uint8_t *take(struct cpio *c, uint32_t n)
{
	const uint8_t *taken = c->at;

	if (n > (size_t)(c->end - c->at))
		return NULL;
	c->at += n;
	size_t pad = -(size_t)(c->at - c->start) & 3;
	c->at += MIN(pad, (size_t)(c->end - c->at));
	return taken;
}

/* The checksum of 070702. */
static uint32_t sum(const uint8_t *data, uint32_t n)
{
	uint32_t total = 0;

	while (n--)
		total += *data++;
	return total;
}

/*
 * The name's padding is counted from the start of the header, the data's from that of
 * the archive: both are multiples of 4, so one rule serves.
 */
const char *cpio_next(struct cpio *c, struct cpio_entry *e)
{
	const uint8_t *header = c->at;

	if ((size_t)(c->end - c->at) < HEADER_SIZE)
		return "cut off in a header";
	if (memcmp(header, "07070", 5) || (header[5] != '1' && header[5] != '2'))
		return "not a newc cpio archive";
	for (int i = 0; i < CPIO_FIELDS; i++)
		if (!parse_digits((const char *)header + 6 + 8 * i, 8, 16, &e->fields[i]))
			return "a header field is not a number";
	if (e->name_size < 2 || e->name_size > NAME_LIMIT)
		return "a name is empty or too long";
	c->at += HEADER_SIZE;
	e->name = (const char *)take(c, e->name_size);
	if (!e->name || e->name[e->name_size - 1] || strnlen(e->name, e->name_size) != e->name_size - 1)
		return "a name is cut off or not terminated";
	if (e->name_size == 11 && !memcmp(e->name, "TRAILER!!!", 11)) {
		e->name = NULL;
		return NULL;
	}
	e->data = take(c, e->size);
	if (!e->data)
		return "a file is longer than the archive";
	if (header[5] == '2' && e->size && sum(e->data, e->size) != e->check)
		return "a checksum is wrong";
	return NULL;
}
