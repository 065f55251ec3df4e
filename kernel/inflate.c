/* SPDX-License-Identifier: MIT */
/*
 * Inflate: canonical Huffman codes and copies from what has been unpacked already (RFC
 * 1951), in the frame of gzip (RFC 1952).
 *
 * A code is decoded in two steps: the next nine bits index a table that knows all codes
 * up to that length; longer ones are found by counting, length by length. Reading
 * beyond the input yields zero bits and is noticed at the next check, so that the inner
 * loop needs no test per bit. Over-subscribed codes are refused; incomplete ones only
 * where the standard allows none: a code that does not exist is an error when it is
 * met. The output is the window: distances are checked against what has been written.
 */
#include "kernel/inflate.h"
#include <stdbool.h>
#include "kernel/lib.h"

#define FAST_BITS	9u
#define MAX_BITS	15u
#define MAX_SYMBOLS	288u
#define END_OF_BLOCK	256u

/*
 * A canonical code (RFC 1951, 3.2.2): given only the length of each symbol's code,
 * codes of one length are consecutive numbers in the order of their symbols, and longer
 * codes follow shorter ones. So how many codes there are of each length, and the
 * symbols in order, say all.
 */
struct code {
	uint16_t fast[1u << FAST_BITS];		/* length << 9 | symbol; 0: longer, or none */
	uint16_t count[MAX_BITS + 1];		/* codes of each length */
	uint16_t symbols[MAX_SYMBOLS];		/* in the order of their codes */
};

struct stream {
	const uint8_t *in, *in_end;
	uint8_t *out;				/* NULL: count only */
	size_t done, room;
	uint32_t bits, bit_count;		/* taken from in and not used yet, the next one lowest */
	uint32_t missing;			/* bytes read beyond the end */
};

static struct code literal_code, distance_code;

/*
 * At least n valid bits in s->bits. n is up to 24: a byte is added whenever fewer than
 * n are there, and 23 + 8 still fit into the word.
 */
static void need(struct stream *s, uint32_t n)
{
	while (s->bit_count < n) {
		if (s->in < s->in_end)
			s->bits |= (uint32_t)*s->in++ << s->bit_count;
		else
			s->missing++;
		s->bit_count += 8;
	}
}

/* The next n bits as a number, n up to 24; the lowest is the first. */
static uint32_t take(struct stream *s, uint32_t n)
{
	need(s, n);
	uint32_t value = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->bit_count -= n;
	return value;
}

/* True when more bits have been used than there were. */
static bool overrun(const struct stream *s)
{
	return s->missing * 8 > s->bit_count;
}

/* Huffman codes come with their highest bit first, everything else with its lowest. */
static uint32_t reverse(uint32_t code, uint32_t n)
{
	uint32_t result = 0;

	for (; n; n--, code >>= 1)
		result = result << 1 | (code & 1);
	return result;
}

/*
 * Makes a code from the lengths of its symbols (0: unused). `left` is how many codes of
 * the current length are not taken yet: below 0 there are more than bits allow, and the
 * stream is damaged: false. Above 0 at the end the code has gaps, which is fine (a
 * block with one distance has a code of one symbol).
 */
static bool code_make(struct code *c, const uint8_t *lengths, uint32_t n)
{
	uint16_t next[MAX_BITS + 2], place[MAX_BITS + 2];
	int32_t left = 1;

	memset(c, 0, sizeof(*c));
	for (uint32_t i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	next[1] = place[1] = 0;
	for (uint32_t len = 1; len <= MAX_BITS; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return false;
		next[len + 1] = (next[len] + c->count[len]) << 1;
		place[len + 1] = place[len] + c->count[len];
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = lengths[i];
		if (!len)
			continue;
		c->symbols[place[len]++] = i;
		uint32_t code = reverse(next[len]++, len);
		for (; len <= FAST_BITS && code < 1u << FAST_BITS; code += 1u << len)
			c->fast[code] = len << 9 | i;
	}
	return true;
}

/*
 * The next symbol, or -1 for a code that stands for none. Codes longer than FAST_BITS
 * are found by their length: `first` is the smallest code of that length and `index`
 * how many symbols have shorter ones.
 */
static int decode(struct stream *s, const struct code *c)
{
	need(s, MAX_BITS);
	uint32_t entry = c->fast[s->bits & ((1u << FAST_BITS) - 1)];
	if (entry) {
		s->bits >>= entry >> 9;
		s->bit_count -= entry >> 9;
		return entry & 511;
	}
	int code = 0, first = 0, index = 0;
	for (uint32_t len = 1; len <= MAX_BITS; len++) {
		code |= s->bits >> (len - 1) & 1;
		int count = c->count[len];
		if (code - first < count) {
			s->bits >>= len;
			s->bit_count -= len;
			return c->symbols[index + code - first];
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return -1;
}

/* Byte by byte, for the copy may overlap itself: that is how runs are packed. */
static const char *copy_back(struct stream *s, uint32_t length, uint32_t distance)
{
	if (distance > s->done)
		return "a copy from before the beginning";
	if (length > s->room - s->done)
		return "more data than expected";
	if (s->out) {
		uint8_t *to = s->out + s->done;
		for (uint32_t i = 0; i < length; i++)
			to[i] = to[(ptrdiff_t)i - (ptrdiff_t)distance];
	}
	s->done += length;
	return NULL;
}

/*
 * The number that a length or distance symbol and its extra bits stand for, less the
 * smallest one. The tables of RFC 1951, 3.2.5, follow one rule: the first symbols have
 * no extra bits, and then each 2^group of them have one bit more than those before,
 * every symbol going on where the last one ended.
 */
static uint32_t extended(struct stream *s, uint32_t symbol, uint32_t group)
{
	uint32_t step = symbol >> group, size = 1u << group;

	if (!step)
		return symbol;
	return ((size | (symbol & (size - 1))) << (step - 1)) + take(s, step - 1);
}

/*
 * A length symbol has been read: the rest of it, the distance, and the copy. 258 alone
 * has a symbol out of the rule.
 */
static const char *match(struct stream *s, uint32_t symbol)
{
	if (symbol > 28)
		return "an unknown length";
	uint32_t length = symbol == 28 ? 258 : 3 + extended(s, symbol, 2);
	int d = decode(s, &distance_code);
	if (d < 0 || d > 29)
		return "an unknown distance";
	return copy_back(s, length, 1 + extended(s, d, 1));
}

/* Literals and copies until the end of the block. */
static const char *coded_block(struct stream *s)
{
	const char *problem = NULL;

	while (!problem) {
		int symbol = decode(s, &literal_code);
		if (overrun(s))
			return "cut off";
		if (symbol < 0)
			return "an unknown code";
		if (symbol == END_OF_BLOCK)
			return NULL;
		if (symbol > (int)END_OF_BLOCK) {
			problem = match(s, symbol - END_OF_BLOCK - 1);
			continue;
		}
		if (s->done == s->room)
			return "more data than expected";
		if (s->out)
			s->out[s->done] = symbol;
		s->done++;
	}
	return problem;
}

/* Gives back whole bytes that were taken from the input in advance. */
static void align(struct stream *s)
{
	uint32_t ahead = s->bit_count / 8;

	s->in -= ahead > s->missing ? ahead - s->missing : 0;
	s->bits = s->bit_count = s->missing = 0;
}

/* Bytes as they are, behind their length and its complement. */
static const char *stored_block(struct stream *s)
{
	if (overrun(s))
		return "cut off";
	align(s);
	if (s->in_end - s->in < 4)
		return "cut off";
	uint32_t n = s->in[0] | s->in[1] << 8, inverse = s->in[2] | s->in[3] << 8;
	s->in += 4;
	if ((n ^ inverse) != 0xFFFF)
		return "a damaged length";
	if (n > (size_t)(s->in_end - s->in))
		return "cut off";
	if (n > s->room - s->done)
		return "more data than expected";
	if (s->out)
		memcpy(s->out + s->done, s->in, n);
	s->in += n;
	s->done += n;
	return NULL;
}

/* The codes that the standard gives (3.2.6). */
static const char *fixed_block(struct stream *s)
{
	uint8_t lengths[MAX_SYMBOLS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	code_make(&literal_code, lengths, MAX_SYMBOLS);
	memset(lengths, 5, 30);
	code_make(&distance_code, lengths, 30);
	return coded_block(s);
}

/*
 * The code lengths of both codes, themselves coded: 16 repeats the last one, 17 and 18
 * are runs of zeros.
 */
static const char *read_lengths(struct stream *s, uint8_t *lengths, uint32_t total)
{
	uint32_t n = 0;

	while (n < total) {
		int symbol = decode(s, &literal_code);
		uint32_t repeat = 1, value = symbol;
		if (symbol < 0 || overrun(s) || (symbol == 16 && !n))
			return "damaged code lengths";
		if (symbol == 16)
			value = lengths[n - 1], repeat = 3 + take(s, 2);
		else if (symbol > 16)
			value = 0, repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (repeat > total - n)
			return "damaged code lengths";
		memset(lengths + n, value, repeat);
		n += repeat;
	}
	return NULL;
}

/*
 * The codes come first, packed with a third one. Without an end-of-block symbol the
 * block could not end.
 */
static const char *dynamic_block(struct stream *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t lengths[32 + MAX_SYMBOLS];
	uint32_t literals = 257 + take(s, 5), distances = 1 + take(s, 5), n = 4 + take(s, 4);

	if (literals > 286 || distances > 30)
		return "too many codes";
	memset(lengths, 0, 19);
	for (uint32_t i = 0; i < n; i++)
		lengths[order[i]] = take(s, 3);
	if (!code_make(&literal_code, lengths, 19))
		return "damaged code lengths";
	const char *problem = read_lengths(s, lengths, literals + distances);
	if (problem)
		return problem;
	if (!lengths[END_OF_BLOCK] || !code_make(&literal_code, lengths, literals) ||
	    !code_make(&distance_code, lengths + literals, distances))
		return "a damaged code";
	return coded_block(s);
}

static const char *unknown_block(struct stream *s)
{
	(void)s;
	return "an unknown kind of block";
}

/* Blocks, until one says that it is the last. */
static const char *inflate(struct stream *s)
{
	static const char *(*const kinds[4])(struct stream *s) = {
		stored_block, fixed_block, dynamic_block, unknown_block,
	};
	const char *problem = NULL;
	bool last = false;

	while (!problem && !last && !overrun(s)) {
		last = take(s, 1);
		problem = kinds[take(s, 2)](s);
	}
	if (!problem && overrun(s))
		problem = "cut off";
	if (!problem)
		align(s);
	return problem;
}

/*
 * CRC-32 of gzip (RFC 1952, 8), bit by bit but four at a time: the table has the
 * remainders of the sixteen nibbles.
 */
static uint32_t crc32(const uint8_t *data, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
		0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
	};
	uint32_t crc = 0xFFFFFFFF;

	for (; n; n--, data++) {
		crc ^= *data;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* Behind a terminated string of the header; NULL: it doesn't end. */
static const uint8_t *skip_string(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p)
		p++;
	return p < end ? p + 1 : NULL;
}

/*
 * Behind the header; NULL: it is damaged. Flags: 2 header checksum, 4 extra field, 8
 * name, 16 comment (RFC 1952, 2.3.1).
 */
static const uint8_t *skip_header(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 12 || p[0] != 0x1F || p[1] != 0x8B || p[2] != 8 || (p[3] & 0xE0))
		return NULL;
	uint8_t flags = p[3];
	p += 10;
	if (flags & 4)
		p += 2 + (p[0] | p[1] << 8);
	for (uint8_t text = 8; p && text <= 16; text *= 2)
		if (flags & text)
			p = skip_string(p, end);
	if (p && (flags & 2))
		p += 2;
	return p && p <= end ? p : NULL;
}

static uint32_t little32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Behind the stream stand the checksum and the length modulo 2^32. */
const char *gzip_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t room, size_t *used, size_t *size)
{
	const uint8_t *end = in + in_size, *data = skip_header(in, end);
	struct stream s = { .in = data, .in_end = end, .out = out, .room = room };

	if (!data)
		return "a damaged gzip header";
	const char *problem = inflate(&s);
	if (problem)
		return problem;
	if (s.in_end - s.in < 8)
		return "cut off";
	if ((uint32_t)s.done != little32(s.in + 4))
		return "a wrong length at the end";
	if (out && crc32(out, s.done) != little32(s.in))
		return "a wrong checksum";
	*used = s.in + 8 - in;
	*size = s.done;
	return NULL;
}
