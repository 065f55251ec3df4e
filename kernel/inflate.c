/* SPDX-License-Identifier: MIT */
/*
 * Inflate: canonical Huffman codes and copies from what has been unpacked already (RFC
 * 1951), in the frame of gzip (RFC 1952).
 *
 * Codes are found by counting, length by length, without tables: a bit costs about ten
 * instructions, and the whole unpacker fits on three screens. Input is taken byte by
 * byte, never ahead of need, so a byte boundary is wherever the bits at hand end. The
 * output is the window: distances are checked against what has been written.
 *
 * The first thing that is wrong is remembered in the stream. From then on reading may give
 * anything, but every loop ends soon, and nothing is written beyond the room there is.
 */
#include "kernel/inflate.h"
#include "kernel/lib.h"

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
	uint16_t count[MAX_BITS + 1];		/* codes of each length */
	uint16_t symbols[MAX_SYMBOLS];		/* in the order of their codes */
};

struct stream {
	const uint8_t *in, *in_end;
	uint8_t *out;				/* NULL: count only */
	size_t done, room;
	uint32_t bits, bit_count;		/* taken from in and not used yet, the next one lowest: less than a byte */
	const char *problem;			/* the first one; NULL: all is well */
};

static struct code literal_code, distance_code;

static bool fail(struct stream *s, const char *problem)
{
	if (!s->problem)
		s->problem = problem;
	return false;
}

/* The next n bits as a number, n up to 24; the lowest is the first. 0 when they are not there. */
static uint32_t take(struct stream *s, uint32_t n)
{
	for (; s->bit_count < n; s->bit_count += 8) {
		if (s->in == s->in_end)
			return fail(s, "cut off");
		s->bits |= (uint32_t)*s->in++ << s->bit_count;
	}
	uint32_t value = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->bit_count -= n;
	return value;
}

/* What is left of the byte at hand means nothing. */
static void align(struct stream *s) { s->bits = s->bit_count = 0; }

/* Whole bytes of input, or of room for output. */
static bool has_input(struct stream *s, size_t n) { return n <= (size_t)(s->in_end - s->in) || fail(s, "cut off"); }

static bool has_room(struct stream *s, size_t n)
{
	return n <= s->room - s->done || fail(s, "more data than expected");
}

/*
 * Makes a code from the lengths of its symbols (0: unused). `left` is how many codes of
 * the current length are not taken yet: below 0 there are more than bits allow, and the
 * stream is damaged: false. Above 0 at the end the code has gaps, which is fine (a
 * block with one distance has a code of one symbol).
 */
static bool code_make(struct stream *s, struct code *c, const uint8_t *lengths, uint32_t n)
{
	uint16_t place[MAX_BITS + 2] = { 0 };
	int left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (uint32_t i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	for (uint32_t len = 1; len <= MAX_BITS; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return fail(s, "a damaged code");
		place[len + 1] = place[len] + c->count[len];
	}
	for (uint32_t i = 0; i < n; i++)
		if (lengths[i])
			c->symbols[place[lengths[i]]++] = i;
	return true;
}

/*
 * The next symbol; END_OF_BLOCK when there is none, which ends whatever asks. A code comes
 * with its highest bit first. `first` is the smallest code of the current length and `index`
 * how many symbols have shorter ones. The hot loop, so it keeps the bits in registers.
 */
static uint32_t decode(struct stream *s, const struct code *c)
{
	uint32_t code = 0, first = 0, index = 0, bits = s->bits, bit_count = s->bit_count;

	for (uint32_t len = 1; len <= MAX_BITS; len++) {
		if (!bit_count) {
			if (!has_input(s, 1))
				return END_OF_BLOCK;
			bits = *s->in++;
			bit_count = 8;
		}
		code |= bits & 1;
		bits >>= 1;
		bit_count--;
		uint32_t count = c->count[len];
		if (code - first < count) {
			s->bits = bits;
			s->bit_count = bit_count;
			return c->symbols[index + code - first];
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	fail(s, "an unknown code");
	return END_OF_BLOCK;
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
 * has a symbol out of the rule. Byte by byte, for the copy may overlap itself: that is how
 * runs are packed.
 */
static bool match(struct stream *s, uint32_t symbol)
{
	if (symbol > 28)
		return fail(s, "an unknown length");
	uint32_t length = symbol == 28 ? 258 : 3 + extended(s, symbol, 2), d = decode(s, &distance_code);
	if (d > 29)
		return fail(s, "an unknown distance");
	uint32_t distance = 1 + extended(s, d, 1);
	if (distance > s->done)
		return fail(s, "a copy from before the beginning");
	if (!has_room(s, length))
		return false;
	for (; length; length--, s->done++)
		if (s->out)
			s->out[s->done] = s->out[s->done - distance];
	return true;
}

/* Literals and copies until the end of the block. */
static void coded_block(struct stream *s)
{
	uint32_t symbol;

	while (!s->problem && (symbol = decode(s, &literal_code)) != END_OF_BLOCK) {
		if (symbol > END_OF_BLOCK) {
			match(s, symbol - END_OF_BLOCK - 1);
		} else if (has_room(s, 1)) {
			if (s->out)
				s->out[s->done] = symbol;
			s->done++;
		}
	}
}

/* Bytes as they are, behind their length and its complement. */
static void stored_block(struct stream *s)
{
	align(s);
	uint32_t n = take(s, 16);
	if ((n ^ take(s, 16)) != 0xFFFF) {
		fail(s, "a damaged length");
	} else if (has_input(s, n) && has_room(s, n)) {
		if (s->out)
			memcpy(s->out + s->done, s->in, n);
		s->in += n;
		s->done += n;
	}
}

/* The codes that the standard gives (3.2.6). */
static bool fixed_codes(struct stream *s)
{
	uint8_t lengths[MAX_SYMBOLS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	code_make(s, &literal_code, lengths, MAX_SYMBOLS);
	memset(lengths, 5, 30);
	return code_make(s, &distance_code, lengths, 30);
}

/*
 * The code lengths of both codes, themselves coded: 16 repeats the last one, 17 and 18
 * are runs of zeros.
 */
static bool read_lengths(struct stream *s, uint8_t *lengths, uint32_t total)
{
	for (uint32_t n = 0, repeat; n < total; n += repeat) {
		uint32_t symbol = decode(s, &literal_code), value = symbol < 16 ? symbol : 0;
		repeat = symbol < 16 ? 1 : symbol == 16 ? 3 + take(s, 2) : symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (s->problem || repeat > total - n || (symbol == 16 && !n))
			return fail(s, "damaged code lengths");
		memset(lengths + n, symbol == 16 ? lengths[n - 1] : value, repeat);
	}
	return lengths[END_OF_BLOCK] || fail(s, "a block without an end");
}

/* The codes of this block, packed with a third one. */
static bool dynamic_codes(struct stream *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t lengths[32 + MAX_SYMBOLS] = { 0 };
	uint32_t literals = 257 + take(s, 5), distances = 1 + take(s, 5), n = 4 + take(s, 4);

	if (literals > 286 || distances > 30)
		return fail(s, "too many codes");
	for (uint32_t i = 0; i < n; i++)
		lengths[order[i]] = take(s, 3);
	return code_make(s, &literal_code, lengths, 19) && read_lengths(s, lengths, literals + distances) &&
	       code_make(s, &literal_code, lengths, literals) &&
	       code_make(s, &distance_code, lengths + literals, distances);
}

/* Blocks, until one says that it is the last. */
static void inflate(struct stream *s)
{
	for (bool last = false; !last && !s->problem; ) {
		last = take(s, 1);
		uint32_t kind = take(s, 2);
		if (!kind)
			stored_block(s);
		else if (kind == 1 ? fixed_codes(s) : kind == 2 ? dynamic_codes(s) : fail(s, "an unknown kind of block"))
			coded_block(s);
	}
	align(s);
}

/* CRC-32 of gzip (RFC 1952, 8), bit by bit: the polynomial's bits are reversed. */
static uint32_t crc32(const uint8_t *data, size_t n)
{
	uint32_t crc = 0xFFFFFFFF;

	for (; n; n--, data++) {
		crc ^= *data;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xEDB88320 & -(crc & 1));
	}
	return ~crc;
}

static void skip(struct stream *s, uint32_t n)
{
	if (has_input(s, n))
		s->in += n;
}

/*
 * Method 8 is deflate. Flags: 2 header checksum, 4 extra field, 8 name, 16 comment (RFC
 * 1952, 2.3.1); higher ones mean what nobody knows yet.
 */
static void skip_header(struct stream *s)
{
	if (take(s, 24) != 0x088B1F)
		fail(s, "a damaged gzip header");
	uint32_t flags = take(s, 8);
	if (flags & 0xE0)
		fail(s, "a damaged gzip header");
	skip(s, 6);
	if (flags & 4)
		skip(s, take(s, 16));
	for (uint32_t text = 8; text <= 16; text *= 2)
		while ((flags & text) && take(s, 8))
			;
	if (flags & 2)
		skip(s, 2);
}

static uint32_t little32(struct stream *s)
{
	uint32_t low = take(s, 16);

	return low | take(s, 16) << 16;
}

/* Behind the stream stand the checksum and the length modulo 2^32. */
const char *gzip_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t room, size_t *used, size_t *size)
{
	struct stream s = { .in = in, .in_end = in + in_size, .out = out, .room = room };

	skip_header(&s);
	inflate(&s);
	uint32_t checksum = little32(&s);
	if (little32(&s) != (uint32_t)s.done)
		fail(&s, "a wrong length at the end");
	if (!s.problem && out && crc32(out, s.done) != checksum)
		fail(&s, "a wrong checksum");
	*used = s.in - in;
	*size = s.done;
	return s.problem;
}
