/* SPDX-License-Identifier: MIT */
/*
 * memory: brk, mmap, munmap, mprotect, madvise, msync and the stack: results, errors, faults and what is where afterwards.
 *
 * mremap has a program of its own. Nothing here depends on NX or on where the kernel puts a mapping.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"
#include "user/libc/touch.h"

#define PAGE 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

static uint8_t *map(uint32_t pages, int prot, int flags)
{
	return mmap(NULL, pages * PAGE, prot, flags, -1, 0);
}

static int err(void *p)
{
	return is_err((long)p) ? (int)(long)p : 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* The access at p faulted as told. */
static void faulted(const char *name, int result, const volatile void *p, int sig, int code)
{
	if (result != TOUCH_FAULT)
		equal(name, result, TOUCH_FAULT);
	else if (fault.sig != sig || fault.code != code)
		equal(name, fault.sig << 16 | fault.code, sig << 16 | code);
	else
		equal(name, fault.addr, ADDR(p));
}

static void test_brk(void)
{
	uint32_t start = sys(__NR_brk, 0);

	equal("brk of an address below the heap changes nothing", sys(__NR_brk, 1), start);
	equal("brk of an address in kernel space changes nothing", sys(__NR_brk, 0xfffffff0), start);
	uint8_t *p = PTR((start + PAGE - 1) & -PAGE);
	equal("brk grows", sys(__NR_brk, p + 3 * PAGE), ADDR(p + 3 * PAGE));
	ok(all_zero(p, 3 * PAGE), "new heap is zero");
	memset(p, 0xaa, 3 * PAGE);
	equal("brk keeps an unaligned break", sys(__NR_brk, p + PAGE + 5), ADDR(p + PAGE + 5));
	equal("brk tells it", sys(__NR_brk, 0), ADDR(p + PAGE + 5));
	equal("the page of an unaligned break stays", peek(p + PAGE + 4095), 0xaa);
	faulted("heap past the break is gone", peek(p + 2 * PAGE), p + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
	sys(__NR_brk, p + 3 * PAGE);
	equal("what was in the page of the break is still there", peek(p + 2 * PAGE - 1), 0xaa);
	ok(all_zero(p + 2 * PAGE, PAGE), "regrown heap is zero");
	equal("brk shrinks", sys(__NR_brk, start), start);
	faulted("shrunk heap is gone", poke(p + PAGE, 1), p + PAGE, SIGSEGV, SEGV_MAPERR);
}

static void test_mmap_errors(void)
{
	int file = open("data", O_RDONLY), out = open("data", O_WRONLY), dir = open(".", O_RDONLY), fd[2];

	pipe(fd);
	equal("mmap of length 0", err(mmap(NULL, 0, RW, ANON, -1, 0)), -EINVAL);
	equal("mmap of nearly 4 GiB", err(mmap(NULL, 0xfffff000, RW, ANON, -1, 0)), -ENOMEM);
	equal("mmap whose length overflows", err(mmap(NULL, 0xffffffff, RW, ANON, -1, 0)), -ENOMEM);
	equal("mmap neither shared nor private", err(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0)), -EINVAL);
	equal("mmap fixed at an odd address", err(mmap(PTR(0x10000001), PAGE, RW, ANON | MAP_FIXED, -1, 0)), -EINVAL);
	equal("mmap fixed past user space", err(mmap(PTR(0xfffff000), PAGE, RW, ANON | MAP_FIXED, -1, 0)), -ENOMEM);
	equal("mmap of a bad descriptor", err(mmap(NULL, PAGE, RW, MAP_PRIVATE, 99, 0)), -EBADF);
	equal("mmap of a folder", err(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0)), -ENODEV);
	equal("mmap of a pipe", err(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd[0], 0)), -ENODEV);
	equal("mmap of a file open for writing only", err(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, out, 0)), -EACCES);
	equal("mmap shared and writable of a file open for reading",
	      err(mmap(NULL, PAGE, RW, MAP_SHARED, file, 0)), -EACCES);
	equal("mmap private and writable of the same", err(mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 0)), 0);
	struct mmap_arg_struct a = { 0, PAGE, PROT_READ, MAP_PRIVATE, file, 100 };
	equal("old mmap at an offset inside a page", sys(__NR_mmap, &a), -EINVAL);
	a.offset = 0;
	uint8_t *p = PTR(sys(__NR_mmap, &a));
	ok(!err(p) && !memcmp(p, "page", 4), "old mmap");
	close(file), close(out), close(dir), close(fd[0]), close(fd[1]);
}

static void test_fixed(void)
{
	uint8_t *p = map(4, RW, ANON);

	memset(p, 1, 4 * PAGE);
	ok(mmap(p + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE, "mmap fixed replaces");
	ok(peek(p + PAGE - 1) == 1 && all_zero(p + PAGE, 2 * PAGE) && peek(p + 3 * PAGE) == 1, "only what it covers");
	equal("mmap fixed without replacing, occupied",
	      err(mmap(p + 3 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0)), -EEXIST);
	equal("the same, occupied in its last page",
	      err(mmap(p - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0)), -EEXIST);
	munmap(p + PAGE, PAGE);
	ok(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + PAGE, "the same, free");
	munmap(p + 2 * PAGE, PAGE);
	ok(mmap(p + 2 * PAGE + 1, PAGE - 1, RW, ANON, -1, 0) == p + 2 * PAGE, "a free hint is taken, rounded down");
	ok(mmap(p, PAGE, RW, ANON, -1, 0) != p, "an occupied hint is not");
	munmap(p, 4 * PAGE);
}

static void test_munmap(void)
{
	uint8_t *p = map(5, RW, ANON);

	memset(p, 7, 5 * PAGE);
	equal("munmap at an odd address", munmap(p + 1, PAGE), -EINVAL);
	equal("munmap of length 0", munmap(p, 0), -EINVAL);
	equal("munmap of nearly 4 GiB", munmap(p, 0xfffff000), -EINVAL);
	equal("munmap in the middle", munmap(p + 2 * PAGE, 1), 0);
	equal("the page before stays", peek(p + 2 * PAGE - 1), 7);
	equal("the page behind stays", peek(p + 3 * PAGE), 7);
	faulted("the first byte is gone", peek(p + 2 * PAGE), p + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
	faulted("the last byte is gone", poke(p + 3 * PAGE - 1, 1), p + 3 * PAGE - 1, SIGSEGV, SEGV_MAPERR);
	equal("munmap over the hole", munmap(p + PAGE, 3 * PAGE), 0);
	faulted("left of it gone", peek(p + PAGE), p + PAGE, SIGSEGV, SEGV_MAPERR);
	ok(peek(p) == 7 && peek(p + 4 * PAGE) == 7, "both ends stay");
	equal("munmap of what is not mapped", munmap(p + PAGE, PAGE), 0);
	munmap(p, 5 * PAGE);
}

static uint8_t *hidden;

static int write_what_was_hidden(void) { return mprotect(hidden, PAGE, RW) ?: poke(hidden, 9); }

static void test_mprotect(void)
{
	uint8_t *p = map(4, RW, ANON);

	memset(p, 5, 4 * PAGE);
	equal("mprotect at an odd address", mprotect(p + 1, PAGE, PROT_READ), -EINVAL);
	equal("mprotect of length 0", mprotect(p, 0, PROT_NONE), 0);
	equal("mprotect with an unknown bit", mprotect(p, PAGE, 0x40), -EINVAL);
	equal("mprotect to read only", mprotect(p + PAGE, PAGE, PROT_READ), 0);
	equal("still readable", peek(p + PAGE), 5);
	faulted("write to read-only memory", poke(p + PAGE + 9, 1), p + PAGE + 9, SIGSEGV, SEGV_ACCERR);
	equal("trap number of a page fault", fault.trapno, 14);
	equal("its error code: present, write, user", fault.err & 15, 7);
	equal("cr2 in the frame", fault.cr2, ADDR(p + PAGE + 9));
	ok(poke(p, 1) == 0 && poke(p + 2 * PAGE, 1) == 0, "neighbours still writable");
	mprotect(p, 2 * PAGE, PROT_NONE);
	faulted("read of forbidden memory", peek(p + PAGE), p + PAGE, SIGSEGV, SEGV_ACCERR);
	hidden = p;
	int status = in_child(write_what_was_hidden);
	mprotect(p, 2 * PAGE, RW);
	ok(!status && peek(p) == 1 && peek(p + PAGE) == 5 && poke(p + PAGE, 6) == 0, "contents kept, writable again");
	munmap(p + 2 * PAGE, PAGE);
	equal("mprotect over a hole", mprotect(p + PAGE, 3 * PAGE, PROT_READ), -ENOMEM);
	equal("it changed what lay before the hole", poke(p + PAGE, 1), TOUCH_FAULT);
	equal("and nothing behind it", poke(p + 3 * PAGE, 1), 0);
	equal("mprotect of nothing", mprotect(p + 2 * PAGE, PAGE, PROT_READ), -ENOMEM);
	uint8_t *none = map(1, PROT_NONE, ANON);
	faulted("memory mapped without rights", poke(none, 1), none, SIGSEGV, SEGV_ACCERR);
	mprotect(none, PAGE, RW);
	ok(all_zero(none, PAGE), "is zero once allowed");
	munmap(p, 4 * PAGE), munmap(none, PAGE);
}

static void test_kernel_rights(void)
{
	int fd[2], file = open("data", O_RDONLY);
	uint8_t *p = map(2, RW, ANON);

	pipe(fd);
	mprotect(p + PAGE, PAGE, PROT_READ);
	equal("read into read-only memory", read(file, p + PAGE, 10), -EFAULT);
	equal("write from read-only memory", write(fd[1], p + PAGE, 10), 10);
	equal("read of a file that meets read-only memory halfway", read(file, p + PAGE - 6, 20), 6);
	mprotect(p + PAGE, PAGE, PROT_NONE);
	equal("write from forbidden memory", write(fd[1], p + PAGE, 10), -EFAULT);
	munmap(p, 2 * PAGE);
	equal("read into unmapped memory", read(file, p, 10), -EFAULT);
	close(fd[0]), close(fd[1]), close(file);
}

static void test_null(void)
{
	faulted("read of address 0", peek(NULL), NULL, SIGSEGV, SEGV_MAPERR);
	equal("its error code: absent, read, user", fault.err & 15, 4);
	faulted("jump to address 0", enter(NULL), NULL, SIGSEGV, SEGV_MAPERR);
	equal("eip in the frame is 0", fault.eip, 0);
	faulted("read of kernel space", peek(PTR(0xfffff000)), PTR(0xfffff000), SIGSEGV, SEGV_MAPERR);
	faulted("write to the program's code", poke((void *)test_null, 0), (void *)test_null, SIGSEGV, SEGV_ACCERR);
}

static void test_file_maps(void)
{
	int fd = open("data", O_RDWR);
	uint8_t *priv = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	uint8_t *shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	uint8_t *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	char buf[8] = "";

	ok(!memcmp(priv, "page", 4) && !memcmp(priv + PAGE, "next", 4), "private file mapping");
	ok(!memcmp(second, "next", 4), "mapping at an offset");
	ok(all_zero(priv + PAGE + 4, PAGE - 4), "the rest of the last page is zero");
	faulted("past the end of the file", peek(priv + 2 * PAGE), priv + 2 * PAGE, SIGBUS, BUS_ADRERR);
	memcpy(priv, "mine", 4);
	sys(__NR_pread64, fd, buf, 4, 0, 0);
	same_text("private write stays out of the file", buf, "page");
	memcpy(shared, "ours", 4);
	sys(__NR_pread64, fd, buf, 4, 0, 0);
	same_text("shared write is in the file", buf, "ours");
	ok(!memcmp(priv, "mine", 4), "and not in the private copy");
	sys(__NR_pwrite64, fd, "text", 4, PAGE, 0);
	ok(!memcmp(second, "text", 4) && !memcmp(shared + PAGE, "text", 4), "write() shows in shared mappings");
	equal("madvise(DONTNEED) of a private file mapping", sys(__NR_madvise, priv, PAGE, MADV_DONTNEED), 0);
	ok(!memcmp(priv, "ours", 4), "brings back the file's bytes");
	close(fd);
	ok(!memcmp(shared, "ours", 4), "a mapping outlives its descriptor");
	unlink("data");
	ok(!memcmp(shared + PAGE, "text", 4), "and its file's name");
	munmap(priv, 3 * PAGE), munmap(shared, 3 * PAGE), munmap(second, PAGE);
}

static void test_truncated_map(void)
{
	int fd = open("short", O_RDWR | O_CREAT, 0600);

	sys(__NR_ftruncate, fd, 2 * PAGE);
	uint8_t *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	p[10] = 1, p[PAGE] = 2;
	sys(__NR_ftruncate, fd, 5);
	faulted("a page cut off by ftruncate", peek(p + PAGE), p + PAGE, SIGBUS, BUS_ADRERR);
	sys(__NR_ftruncate, fd, 2 * PAGE);
	ok(p[10] == 0 && p[PAGE] == 0, "what ftruncate cut off comes back as zero");
	munmap(p, 2 * PAGE), close(fd);
}

static uint8_t *priv_page, *shared_page;

static int child_writes(void)
{
	bool good = priv_page[0] == 1 && shared_page[0] == 1;

	priv_page[0] = shared_page[0] = 2;
	return good && priv_page[0] == 2 ? 7 : 8;
}

static void test_fork(void)
{
	priv_page = map(1, RW, ANON);
	shared_page = map(2, RW, MAP_SHARED | MAP_ANONYMOUS);
	priv_page[0] = shared_page[0] = 1;
	equal("a child sees its parent's memory", in_child(child_writes), W_EXITCODE(7, 0));
	equal("a child's write to private memory stays there", priv_page[0], 1);
	equal("a child's write to shared memory shows", shared_page[0], 2);
	ok(all_zero(shared_page + PAGE, PAGE), "untouched shared memory is zero");
	int fd[2], status;
	char c = 0;
	pipe(fd);
	int pid = fork();
	if (!pid) {
		read(fd[0], &c, 1);
		_exit(priv_page[0] == 1 && shared_page[1] == 9 ? 5 : 6);
	}
	priv_page[0] = 3;
	shared_page[1] = 9;
	write(fd[1], "x", 1);
	waitpid(pid, &status, 0);
	equal("a parent's write reaches the child only if shared", status, W_EXITCODE(5, 0));
	munmap(priv_page, PAGE), munmap(shared_page, 2 * PAGE);
	close(fd[0]), close(fd[1]);
}

static void test_advice(void)
{
	uint8_t *p = map(4, RW, ANON);

	memset(p, 3, 4 * PAGE);
	equal("madvise(DONTNEED)", sys(__NR_madvise, p + PAGE, PAGE + 1, MADV_DONTNEED), 0);
	ok(p[PAGE - 1] == 3 && all_zero(p + PAGE, 2 * PAGE) && p[3 * PAGE] == 3, "drops the pages it touches");
	equal("madvise at an odd address", sys(__NR_madvise, p + 1, PAGE, MADV_DONTNEED), -EINVAL);
	equal("madvise with unknown advice", sys(__NR_madvise, p, PAGE, 12345), -EINVAL);
	equal("madvise of length 0", sys(__NR_madvise, p, 0, MADV_DONTNEED), 0);
	munmap(p + 2 * PAGE, PAGE);
	equal("madvise over a hole", sys(__NR_madvise, p, 4 * PAGE, MADV_DONTNEED), -ENOMEM);
	ok(p[0] == 0 && p[3 * PAGE] == 0, "did the rest");
	equal("msync", sys(__NR_msync, p, PAGE, MS_SYNC), 0);
	equal("msync over a hole", sys(__NR_msync, p + PAGE, 2 * PAGE, MS_ASYNC), -ENOMEM);
	equal("msync at an odd address", sys(__NR_msync, p + 1, PAGE, MS_SYNC), -EINVAL);
	equal("msync with an unknown flag", sys(__NR_msync, p, PAGE, 8), -EINVAL);
	equal("msync both ways", sys(__NR_msync, p, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
	munmap(p, 4 * PAGE);
}

/* With a stack of at most 256 KiB: what lies half-way is there once touched, what lies below is not. */
static int child_stack(void)
{
	static uint8_t other[16384];
	struct rlimit limit = { 256 << 10, 256 << 10 };
	stack_t ss = { .ss_sp = ADDR(other), .ss_size = sizeof(other) };
	uint32_t sp = ADDR(__builtin_frame_address(0));
	uint8_t *deep = PTR(sp - (128 << 10)), *low = PTR(sp - (300 << 10));

	sys(__NR_setrlimit, RLIMIT_STACK, &limit);
	sys(__NR_sigaltstack, &ss, NULL);
	if (peek(deep) != 0 || poke(deep, 3) != 0 || peek(deep) != 3)
		return 1;
	if (poke(low, 3) != TOUCH_FAULT || fault.sig != SIGSEGV || fault.code != SEGV_MAPERR)
		return 2;
	return fault.addr == ADDR(low) ? 0 : 3;
}

int main(void)
{
	plan(106);
	touch_catch();
	scratch_enter();
	make_file("data", "page");
	int fd = open("data", O_WRONLY);
	sys(__NR_pwrite64, fd, "next", 4, PAGE, 0);
	close(fd);
	test_brk();
	test_mmap_errors();
	test_fixed();
	test_munmap();
	test_mprotect();
	test_kernel_rights();
	test_null();
	test_file_maps();
	test_truncated_map();
	test_fork();
	test_advice();
	equal("the stack grows on demand up to its limit", in_child(child_stack), 0);
	scratch_leave();
	return done();
}
