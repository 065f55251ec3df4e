/* SPDX-License-Identifier: MIT */
/*
 * 64-bit division, which the compiler asks for by these names on i386. Schoolbook in base 2^32 when the divisor
 * fits one word, bit by bit otherwise.
 */
#include "user/libc/libc.h"

uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rem);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);

/* rem may be NULL. */
uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rem)
{
	if (!(b >> 32)) {
		uint32_t hi = a >> 32, lo = a, d = b;
		uint32_t qhi = hi / d, r = hi % d, qlo;
		__asm__("divl %4" : "=a"(qlo), "=d"(r) : "0"(lo), "1"(r), "r"(d) : "cc");
		if (rem)
			*rem = r;
		return (uint64_t)qhi << 32 | qlo;
	}
	uint64_t q = 0, r = 0;
	for (int i = 63; i >= 0; i--) {
		r = r << 1 | (a >> i & 1);
		q <<= 1;
		if (r >= b) {
			r -= b;
			q |= 1;
		}
	}
	if (rem)
		*rem = r;
	return q;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
	return __udivmoddi4(a, b, NULL);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
	uint64_t r;

	__udivmoddi4(a, b, &r);
	return r;
}

int64_t __divdi3(int64_t a, int64_t b)
{
	uint64_t q = __udivmoddi4(a < 0 ? -a : a, b < 0 ? -b : b, NULL);

	return (a < 0) != (b < 0) ? -q : q;
}

int64_t __moddi3(int64_t a, int64_t b)
{
	uint64_t r;

	__udivmoddi4(a < 0 ? -a : a, b < 0 ? -b : b, &r);
	return a < 0 ? -(int64_t)r : (int64_t)r;
}
