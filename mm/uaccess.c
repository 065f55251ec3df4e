/* SPDX-License-Identifier: MIT */
/*
 * Access to user memory: the ranges. What then touches it is in arch/x86/uaccess.asm.
 *
 * A pointer of the user may name the lower 3 GiB, and for reading the two pages of the compat
 * gate, which lie above the kernel. A range never wraps around and never reaches from the one into
 * anything else. Nothing here sleeps but by a page fault. A failed access leaves no trace but what
 * it has copied by then.
 */
#include "mm/uaccess.h"
#include "abi/errno.h"
#include "kernel/lib.h"
#include "mm/page.h"
#include "vdso/vdso.h"

size_t user_readable(const void *user);		/* called by uaccess.asm, too */
/*
 * arch/x86/uaccess.asm, without checks: 0 or -EFAULT; user_string: length, most if there is no
 * NUL, or -EFAULT
 */
int user_clear(void *user, size_t n);
int user_string(char *to, const char *user, size_t most);
int user_get32(uint32_t *to, const void *user);
int user_put32(void *user, uint32_t value);

struct fixup { uint32_t faulting, go_on; };
extern const struct fixup __ex_table_start[], __ex_table_end[];

static inline bool in_user_half(const void *user, size_t n) { return n <= USER_END && (uint32_t)user <= USER_END - n; }

/* How many bytes from here on the user may read. */
size_t user_readable(const void *user)
{
	uint32_t at = (uint32_t)user;

	if (likely(at < USER_END))
		return USER_END - at;
	uint32_t gate = vdso_compat_base();
	if (gate && at - (gate - PAGE_SIZE) < 2 * PAGE_SIZE)
		return gate + PAGE_SIZE - at;
	return 0;
}

bool user_range_ok(const void *user, size_t n) { return in_user_half(user, n) || n - 1 < user_readable(user); }

int clear_user(void *user, size_t n) { return likely(in_user_half(user, n)) ? user_clear(user, n) : -EFAULT; }

/* Where the buffer would reach beyond the user's half: a string that still goes on where that ends is a fault. */
static __attribute__((noinline)) int strncpy_near_end(char *to, const char *user, size_t size)
{
	size_t readable = user_readable(user);
	int most = MIN(size, readable), length = user_string(to, user, most);

	return length < most ? length : readable < size ? -EFAULT : -ENAMETOOLONG;
}

int strncpy_from_user(char *to, const char *user, size_t size)
{
	if (unlikely(!in_user_half(user, size)))
		return strncpy_near_end(to, user, size);
	int length = user_string(to, user, size);
	return likely(length < (int)size) ? length : -ENAMETOOLONG;
}

int get_user_u32(uint32_t *to, const void *user)
{
	return likely(in_user_half(user, sizeof(*to))) ? user_get32(to, user) : copy_from_user(to, user, sizeof(*to));
}

int put_user_u32(void *user, uint32_t value)
{
	return likely(in_user_half(user, sizeof(value))) ? user_put32(user, value) : -EFAULT;
}

/* Only needed when something has gone wrong; the table is short. */
uint32_t fixup_for(uint32_t eip)
{
	for (const struct fixup *f = __ex_table_start; f < __ex_table_end; f++)
		if (f->faulting == eip)
			return f->go_on;
	return 0;
}
