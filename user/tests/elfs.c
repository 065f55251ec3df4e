/* SPDX-License-Identifier: MIT */
/*
 * elfs: executes a tiny ELF file, many that are wrong in one field, each field with each of many odd values, then a hundred that are wrong anywhere.
 *
 * The good one exits with 42. What is wrong must be refused with an error (the child then exits with 100 + error) or
 * die of a signal; never anything else, and never hang.
 */
#include "abi/elf.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define BASE 0x10000000u

struct file {
	Elf32_Ehdr e;
	Elf32_Phdr p[2];
	uint8_t code[20];
};

static const struct file good = {
	.e = { .e_ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 }, .e_type = ET_EXEC, .e_machine = EM_386, .e_version = 1,
	       .e_entry = BASE + offsetof(struct file, code), .e_phoff = sizeof(Elf32_Ehdr), .e_ehsize = sizeof(Elf32_Ehdr),
	       .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 2 },
	.p = { { .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(struct file), .p_memsz = sizeof(struct file),
		 .p_flags = PF_R | PF_X, .p_align = 4096 },
	       { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W } },
	.code = { 0xb8, 1, 0, 0, 0, 0xbb, 42, 0, 0, 0, 0xcd, 0x80, 0x0f, 0x0b },	/* exit(42) */
};
static struct file f;

static int run(size_t size)
{
	char *words[] = { "x", NULL }, *none[] = { NULL };
	int fd = open("x", O_WRONLY | O_CREAT | O_TRUNC, 0755), status, pid;

	write(fd, &f, size);
	close(fd);
	pid = fork();
	if (!pid) {
		sys(__NR_alarm, 5);
		_exit(100 - execve("./x", words, none));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define FIELD(text, field, bits, result) { text, offsetof(struct file, field), sizeof(good.field), bits, result }

static const struct {
	const char *name;
	uint16_t at, size;
	uint32_t value;
	int result;
} one[] = {
	FIELD("first byte of the magic", e.e_ident[0], 0x7e, 100 + ENOEXEC),
	FIELD("last byte of the magic", e.e_ident[3], 'f', 100 + ENOEXEC),
	FIELD("OS ABI of Linux", e.e_ident[7], 3, 42),
	FIELD("type: none", e.e_type, 0, 100 + ENOEXEC),
	FIELD("type: object", e.e_type, ET_REL, 100 + ENOEXEC),
	FIELD("type: core", e.e_type, ET_CORE, 100 + ENOEXEC),
	FIELD("machine: ARM", e.e_machine, 40, 100 + ENOEXEC),
	FIELD("machine: none", e.e_machine, 0, 100 + ENOEXEC),
	FIELD("entry at 0", e.e_entry, 0, -SIGSEGV),
	FIELD("entry in nowhere", e.e_entry, 0x20000000, -SIGSEGV),
	FIELD("headers past the end", e.e_phoff, 0x1000, 100 + ENOEXEC),
	FIELD("headers far past the end", e.e_phoff, 0x7ffffff0, 100 + ENOEXEC),
	FIELD("headers at a negative offset", e.e_phoff, 0xfffffff0, 100 + ENOEXEC),
	FIELD("size of a header: 0", e.e_phentsize, 0, 100 + ENOEXEC),
	FIELD("size of a header: 33", e.e_phentsize, 33, 100 + ENOEXEC),
	FIELD("no headers", e.e_phnum, 0, 100 + ENOEXEC),
	FIELD("65535 headers", e.e_phnum, 0xffff, 100 + ENOEXEC),
	FIELD("more headers than there are", e.e_phnum, 100, 100 + ENOEXEC),
	FIELD("one header", e.e_phnum, 1, 42),
	FIELD("section headers in nowhere", e.e_shoff, 0x12345678, 42),
	FIELD("nothing to load", p[0].p_type, PT_NOTE, -1000),
	FIELD("larger in the file than in memory", p[0].p_memsz, 10, -1000),
	FIELD("huge in memory", p[0].p_memsz, 0xfffff000, -1000),
	FIELD("at an address past user space", p[0].p_vaddr, 0xfffff000, -1000),
	FIELD("at address 0", p[0].p_vaddr, 0, -1000),
	FIELD("offset and address that don't match", p[0].p_offset, 1, -1000),
	FIELD("not executable, not readable", p[0].p_flags, 0, -SIGSEGV),
	FIELD("an interpreter that isn't", p[1].p_type, PT_INTERP, -1000),
	FIELD("a section of dynamic linking", p[1].p_type, PT_DYNAMIC, 42),
	FIELD("an unknown header", p[1].p_type, 0x60001234, 42),
};

/* An error or a signal of a program that lost its way; what kernels decide differently is not compared more closely. */
static bool proper(int result)
{
	return result == 42 || (result > 100 && result < 200) || result == -SIGSEGV || result == -SIGILL || result == -SIGBUS ||
		result == -SIGTRAP || result == -SIGFPE || result == -SIGKILL;
}

static void test_fields(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(one); i++) {
		f = good;
		memcpy((char *)&f + one[i].at, &one[i].value, one[i].size);
		int r = run(sizeof(f));
		if (one[i].result == -1000)
			ok(proper(r) && r != 42, one[i].name);
		else
			equal(one[i].name, r, one[i].result);
	}
}

static void test_short(void)
{
	int wrong = 0;

	f = good;
	for (size_t n = 0; n < offsetof(struct file, p); n += 7)
		wrong += run(n) != 100 + ENOEXEC;
	equal("cut off within the header", wrong, 0);
	equal("cut off within the headers", run(offsetof(struct file, p) + 40), 100 + ENOEXEC);
	int r = run(offsetof(struct file, code) + 10);
	ok(proper(r) && r != 42, "cut off within the code");
}

/* An interpreter: the kernel starts it instead, and tells it where the program is. */
static void test_interpreter(void)
{
	f = good;
	f.e.e_type = ET_DYN;
	f.p[0].p_vaddr = 0, f.e.e_entry -= BASE;
	equal("a file that can be anywhere is put somewhere", run(sizeof(f)), 42);
	f = good;
	f.code[6] = 43;
	f.p[0].p_flags = PF_R | PF_W | PF_X;	/* Linux 6.1 must be able to clear the rest of the last page */
	run(sizeof(f));
	rename("x", "ld");
	f = good;
	f.e.e_entry = BASE + 0x555;
	f.p[0].p_vaddr = 0x20000000;
	f.p[1] = (Elf32_Phdr){ .p_type = PT_INTERP, .p_offset = offsetof(struct file, code), .p_filesz = 5 };
	memcpy(f.code, "./ld", 5);
	equal("an interpreter is started", run(sizeof(f)), 43);
	f.p[1].p_filesz = 4;
	equal("a name without an end", run(sizeof(f)), 100 + ENOEXEC);
	f.p[1].p_filesz = 1;
	equal("a name that is empty", run(sizeof(f)), 100 + ENOEXEC);
	f.p[1].p_filesz = 5000;
	equal("a name too long", run(sizeof(f)), 100 + ENOEXEC);
	f.p[1].p_filesz = 5;
	memcpy(f.code, "./no", 5);
	equal("an interpreter that isn't there", run(sizeof(f)), 100 + ENOENT);
	close(open("no", O_CREAT | O_WRONLY, 0755));
	int r = run(sizeof(f));
	ok(r == 100 + ENOEXEC || r == 100 + EIO || r == 100 + 80 /* ELIBBAD */, "an interpreter that is empty");
}

static uint32_t seed = 12345;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static const uint32_t odd[] = { 0, 1, 0xff, 0x7f, 0x80, 0x10, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0xbffff000, 0xc0000000 };

/* Each word and half word behind e_ident, each odd value. */
static void test_every_field(void)
{
	int wrong = 0;

	for (uint32_t at = 16; at < offsetof(struct file, code); at += 2)
		for (uint32_t i = 0; i < 2 * ARRAY_SIZE(odd); i++) {
			f = good;
			memcpy((uint8_t *)&f + at, &odd[i / 2], i % 2 ? 4 : 2);
			int r = run(sizeof(f));
			if (!proper(r)) {
				printf("# %#x at %u: %d\n", odd[i / 2], at, r);
				wrong++;
			}
		}
	equal("every field with every odd value ends in an error or a signal", wrong, 0);
}

static void test_random(void)
{
	int wrong = 0;

	for (int i = 0; i < 100; i++) {
		f = good;
		for (uint32_t n = 1 + rnd(3); n > 0; n--) {
			uint32_t at = 16 + rnd(offsetof(struct file, code) - 20);
			if (rnd(2))
				((uint8_t *)&f)[at] ^= 1 << rnd(8);
			else
				memcpy((uint8_t *)&f + (at & ~3), &odd[rnd(ARRAY_SIZE(odd))], rnd(2) ? 4 : 2);
		}
		int r = run(sizeof(f));
		if (!proper(r)) {
			printf("# mutation %d: %d\n", i, r);
			wrong++;
		}
	}
	equal("random damage ends in an error or a signal", wrong, 0);
}

int main(void)
{
	plan(43);
	scratch_enter();
	f = good;
	equal("a good one", run(sizeof(f)), 42);
	test_fields();
	test_short();
	test_interpreter();
	test_every_field();
	test_random();
	scratch_leave();
	return done();
}
