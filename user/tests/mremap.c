/* SPDX-License-Identifier: MIT */
/*
 * mremap: shrinking, growing, moving and replacing, of private, shared and file mappings, and all its errors.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"
#include "user/libc/touch.h"

#define PAGE 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)
#define MOVE MREMAP_MAYMOVE
#define FIX  (MREMAP_MAYMOVE | MREMAP_FIXED)

/* Pages numbered from 1, each filled with its number. */
static uint8_t *numbered(uint32_t pages)
{
	uint8_t *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	for (uint32_t i = 0; i < pages; i++)
		memset(p + i * PAGE, i + 1, PAGE);
	return p;
}

static int move(void *old, uint32_t from, uint32_t to, int flags, void *new)
{
	void *p = mremap(old, from * PAGE, to * PAGE, flags, new);

	return is_err((long)p) ? (int)(long)p : 0;
}

static bool gone(const uint8_t *p)
{
	return peek(p) == TOUCH_FAULT && fault.code == SEGV_MAPERR;
}

static void test_errors(void)
{
	uint8_t *p = numbered(4);

	equal("an odd address", move(p + 1, 1, 2, MOVE, NULL), -EINVAL);
	equal("a new length of 0", move(p, 1, 0, MOVE, NULL), -EINVAL);
	equal("unknown flags", move(p, 1, 2, 0x40, NULL), -EINVAL);
	equal("fixed without may-move", move(p, 1, 1, MREMAP_FIXED, p + 8 * PAGE), -EINVAL);
	equal("fixed at an odd address", move(p, 1, 1, FIX, p + 8 * PAGE + 1), -EINVAL);
	equal("fixed onto a part of itself", move(p, 2, 2, FIX, p + PAGE), -EINVAL);
	equal("fixed past user space", move(p, 1, 1, FIX, PTR(0xfffff000)), -EINVAL);
	equal("an old length of 0 of private memory", move(p, 0, 1, MOVE, NULL), -EINVAL);
	equal("a huge new length", move(p, 1, 0xffffe, MOVE, NULL), -ENOMEM);
	munmap(p + PAGE, PAGE);
	equal("nothing there", move(p + PAGE, 1, 2, MOVE, NULL), -EFAULT);
	equal("growth over a hole", move(p, 3, 6, MOVE, NULL), -EFAULT);
	mprotect(p + 3 * PAGE, PAGE, PROT_READ);
	equal("growth over two areas", move(p + 2 * PAGE, 2, 6, MOVE, NULL), -EFAULT);
	ok(peek(p) == 1 && peek(p + 2 * PAGE) == 3 && peek(p + 3 * PAGE) == 4, "nothing moved");
	munmap(p, 4 * PAGE);
}

static void test_in_place(void)
{
	uint8_t *p = numbered(6);

	equal("the same length", mremap(p, 6 * PAGE, 6 * PAGE, 0, NULL) == p, 1);
	equal("shrinking", mremap(p, 6 * PAGE, 3 * PAGE, 0, NULL) == p, 1);
	ok(peek(p + 2 * PAGE) == 3 && gone(p + 3 * PAGE), "cuts the tail off");
	equal("growing into free space", mremap(p, 3 * PAGE, 5 * PAGE, 0, NULL) == p, 1);
	ok(peek(p + 2 * PAGE) == 3 && peek(p + 3 * PAGE) == 0 && poke(p + 5 * PAGE - 1, 9) == 0, "adds zeroed pages");
	equal("lengths are rounded up", mremap(p, 5 * PAGE - 100, 5 * PAGE + 1, 0, NULL) == p, 1);
	equal("by a page", poke(p + 6 * PAGE - 1, 1), 0);
	mmap(p + 6 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	equal("growing without room", move(p, 6, 7, 0, NULL), -ENOMEM);
	equal("growing of the middle", move(p, 2, 3, 0, NULL), -ENOMEM);
	munmap(p, 7 * PAGE);
}

static void test_moving(void)
{
	uint8_t *p = numbered(4), *wall = mmap(p + 4 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	uint8_t *q = mremap(p, 4 * PAGE, 8 * PAGE, MOVE, NULL);

	ok(!is_err((long)q) && q != p, "growing may move");
	ok(peek(q) == 1 && peek(q + 3 * PAGE) == 4 && peek(q + 4 * PAGE) == 0, "with the contents");
	ok(gone(p) && gone(p + 3 * PAGE), "and leaves nothing behind");
	uint8_t *to = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);
	memset(to, 0x77, 4 * PAGE);
	ok(mremap(q + PAGE, 2 * PAGE, 2 * PAGE, FIX, to + PAGE) == to + PAGE, "to a fixed place");
	ok(peek(to) == 0x77 && peek(to + PAGE) == 2 && peek(to + 2 * PAGE) == 3 && peek(to + 3 * PAGE) == 0x77,
	   "it replaces what was there");
	ok(peek(q) == 1 && gone(q + PAGE) && gone(q + 2 * PAGE) && peek(q + 3 * PAGE) == 4, "taken from the middle");
	mprotect(to + PAGE, PAGE, PROT_READ);
	ok(mremap(to + PAGE, PAGE, PAGE, FIX, q + PAGE) == q + PAGE && peek(q + PAGE) == 2, "back again");
	ok(poke(q + PAGE, 1) == TOUCH_FAULT && fault.code == SEGV_ACCERR, "rights move along");
	munmap(q, 8 * PAGE), munmap(to, 4 * PAGE), munmap(wall, PAGE);
}

static int child_moves(void *arg)
{
	uint8_t *p = arg, *q = mremap(p, 2 * PAGE, 4 * PAGE, MOVE, NULL);

	q[0] = 50;
	return peek(q + PAGE) == 2 && q[2 * PAGE] == 0 ? 0 : 1;
}

static void test_fork(void)
{
	uint8_t *p = numbered(2);
	int status, pid = fork();

	if (!pid)
		_exit(child_moves(p));
	waitpid(pid, &status, 0);
	equal("a child moves what it shares with its parent", status, 0);
	ok(p[0] == 1 && p[PAGE] == 2, "the parent's is as it was");
	munmap(p, 2 * PAGE);
}

static void test_shared(void)
{
	uint8_t *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open("data", O_RDWR | O_CREAT, 0644);

	p[0] = 5;
	uint8_t *twin = mremap(p, 0, 2 * PAGE, MOVE, NULL);
	ok(!is_err((long)twin) && twin[0] == 5, "an old length of 0 of shared memory makes a second view");
	twin[PAGE] = 6;
	equal("of the same pages", p[PAGE], 6);
	munmap(p, 2 * PAGE), munmap(twin, 2 * PAGE);
	write(fd, "first", 5);
	sys(__NR_pwrite64, fd, "third", 5, 2 * PAGE, 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	uint8_t *q = mremap(p, PAGE, 3 * PAGE, MOVE, NULL);
	ok(!memcmp(q, "first", 5) && !memcmp(q + 2 * PAGE, "third", 5), "a file mapping grows over its file");
	q = mremap(q, 3 * PAGE, 5 * PAGE, MOVE, NULL);
	ok(peek(q + 3 * PAGE) == TOUCH_FAULT && fault.sig == SIGBUS, "and past its end");
	munmap(q, 5 * PAGE), close(fd);
}

int main(void)
{
	plan(36);
	touch_catch();
	scratch_enter();
	test_errors();
	test_in_place();
	test_moving();
	test_fork();
	test_shared();
	scratch_leave();
	return done();
}
