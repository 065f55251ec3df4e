// SPDX-License-Identifier: MIT
// Headers of programs and first lines of scripts: what is accepted, what is refused with which error, and a fuzzer that checks the promises.
// sources: kernel/elf.c kernel/script.c
// also: long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "abi/errno.h"
#include "kernel/elf.h"

static int failed;
static uint32_t seed = 1;

static void ok(int good, const char *name)
{
	printf("%sok %s\n", good ? "" : "not ", name);
	failed |= !good;
}

static uint32_t rnd(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8 | seed << 24;
}

static const Elf32_Ehdr good_header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 }, .e_type = ET_EXEC, .e_machine = EM_386,
	.e_version = 1, .e_entry = 0x8048100, .e_phoff = 52, .e_ehsize = 52, .e_phentsize = 32, .e_phnum = 3 };
static const Elf32_Phdr good_phdrs[3] = { { PT_LOAD, 0, 0x8048000, 0, 0x300, 0x300, 5, 0x1000 },
	{ PT_LOAD, 0x300, 0x8049300, 0, 0x20, 0x5000, 6, 0x1000 }, { PT_GNU_STACK, 0, 0, 0, 0, 0, 6, 16 } };

static int survey(const Elf32_Ehdr *eh, const Elf32_Phdr *ph, struct elf_plan *plan)
{
	int err = elf_check(eh);

	return err ? err : elf_survey(eh, ph, plan);
}

static void test_good(void)
{
	struct elf_plan plan;
	int err = survey(&good_header, good_phdrs, &plan);

	ok(!err && plan.low == 0x8048000 && plan.high == 0x804f000 && plan.end == 0x804e300, "a program");
	ok(plan.phdr == 0x8048034 && !plan.exec_stack && !plan.relocatable && !plan.interp_size, "its plan");
}

#define HEADER(name, expected, change) do {						\
	Elf32_Ehdr eh = good_header;							\
	struct elf_plan plan;								\
	change;										\
	ok(survey(&eh, good_phdrs, &plan) == (expected), name);				\
} while (0)

#define SEGMENT(name, expected, change) do {						\
	Elf32_Phdr ph[3];								\
	struct elf_plan plan;								\
	memcpy(ph, good_phdrs, sizeof(ph));						\
	change;										\
	ok(survey(&good_header, ph, &plan) == (expected), name);			\
} while (0)

static void test_bad(void)
{
	HEADER("magic", -ENOEXEC, eh.e_ident[0] = 0);
	HEADER("64-bit", -ENOEXEC, eh.e_ident[EI_CLASS] = 2);
	HEADER("relocatable object", -ENOEXEC, eh.e_type = ET_REL);
	HEADER("another machine", -ENOEXEC, eh.e_machine = 62);
	HEADER("no program headers", -ENOEXEC, eh.e_phnum = 0);
	HEADER("65535 program headers", -ENOEXEC, eh.e_phnum = 65535);
	HEADER("odd size of program headers", -ENOEXEC, eh.e_phentsize = 33);
	HEADER("entry in the kernel", -ENOEXEC, eh.e_entry = 0xc0100000);
	HEADER("shared object", 0, eh.e_type = ET_DYN);
	SEGMENT("file part longer than memory", -EINVAL, ph[0].p_filesz = 0x301);
	SEGMENT("into the kernel", -EINVAL, ph[0].p_memsz = 0xc0000000 - 0x8048000 + 1);
	SEGMENT("up to the kernel", 0, ph[0].p_memsz = 0xc0000000 - 0x8048000);
	SEGMENT("around the end", -EINVAL, ph[0].p_memsz = 0xffffffff);
	SEGMENT("kernel address", -EINVAL, ph[0].p_vaddr = 0xffffe000);
	SEGMENT("null page", -EINVAL, ph[0].p_vaddr = 0);
	SEGMENT("misaligned", -EINVAL, ph[0].p_vaddr++);
	SEGMENT("file offset around the end", -EINVAL, ph[1].p_offset = 0xfffff300; ph[1].p_filesz = 0xd01);
	SEGMENT("no file part, any offset", 0, ph[1].p_filesz = 0; ph[1].p_offset = 0xffffffff);
	SEGMENT("nothing to load", -ENOEXEC, ph[0].p_type = ph[1].p_type = PT_NOTE);
	SEGMENT("interpreter's name too long", -ENOEXEC, ph[2].p_type = PT_INTERP; ph[2].p_filesz = 5000);
	SEGMENT("interpreter without a name", -ENOEXEC, ph[2].p_type = PT_INTERP; ph[2].p_filesz = 1);
	SEGMENT("an interpreter", 0, ph[2].p_type = PT_INTERP; ph[2].p_filesz = 9);
}

static int promises(const Elf32_Ehdr *eh, const void *phdrs, const struct elf_plan *plan)
{
	if (plan->low >= plan->high || plan->high > 0xc0000000 || plan->low & 4095 || plan->high & 4095 || plan->end > plan->high)
		return 0;
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		Elf32_Phdr p = elf_phdr(phdrs, i);
		if (p.p_type != PT_LOAD || !p.p_memsz)
			continue;
		uint64_t end = (uint64_t)p.p_vaddr + p.p_memsz;
		if (p.p_filesz > p.p_memsz || p.p_vaddr < plan->low || end > plan->end || (!plan->relocatable && p.p_vaddr < 4096))
			return 0;
		if (p.p_filesz && ((p.p_vaddr ^ p.p_offset) & 4095 || (uint64_t)p.p_offset + p.p_filesz > 0xffffffff))
			return 0;
	}
	return 1;
}

static void fuzz(int rounds)
{
	int accepted = 0, kept = 1;

	for (int i = 0; i < rounds; i++) {
		Elf32_Ehdr eh = good_header;
		uint32_t words[24];
		struct elf_plan plan;

		memcpy(words, good_phdrs, sizeof(words));
		eh.e_type = rnd() & 1 ? ET_EXEC : ET_DYN;
		eh.e_phoff = rnd() & 1 ? 52 : rnd();
		for (unsigned k = rnd() & 3; k; k--) {
			static const uint32_t values[] = { 0, 1, 0xfff, 0x1000, 0x8048000, 0xbffff000, 0xc0000000, 0xfffff000, 0xffffffff };
			words[rnd() % 24] = rnd() & 1 ? rnd() : values[rnd() % 9] + (rnd() & 1) * 0x300;
		}
		if (!survey(&eh, (const Elf32_Phdr *)words, &plan)) {
			accepted++;
			kept &= promises(&eh, words, &plan);
		}
	}
	ok(kept, "what is accepted keeps the promises");
	ok(accepted > rounds / 20 && accepted < rounds, "the fuzzer finds both kinds");
}

static int line(const char *text, uint32_t n, const char *interp, const char *arg)
{
	char *copy = malloc(n + 1), *i = NULL, *a = NULL;
	int err;

	memcpy(copy, text, n);
	err = script_parse(copy, n, &i, &a);
	if (!err && interp && (strcmp(i, interp) || !a != !arg || (arg && strcmp(a, arg))))
		err = 1;
	free(copy);
	return err;
}
#define LINE(text, interp, arg)	(line(text, sizeof(text) - 1, interp, arg))

static void test_scripts(void)
{
	char text[600] = "#!/bin/sh ";

	ok(!LINE("#!/bin/sh\necho", "/bin/sh", NULL), "a script");
	ok(!LINE("#! \t/bin/awk \t -f  -x \t\n", "/bin/awk", "-f  -x"), "blanks");
	ok(!LINE("#!/bin/sh", "/bin/sh", NULL), "no newline");
	ok(!LINE("#!/bin/sh\0x\n", "/bin/sh", NULL), "a NUL");
	ok(LINE("#!", NULL, NULL) == -ENOEXEC && LINE("#! \t\n/bin/sh", NULL, NULL) == -ENOEXEC, "no interpreter");
	memset(text + 10, 'x', sizeof(text) - 10);
	text[255] = '\n';
	ok(!line(text, 512, NULL, NULL), "a line of 256 bytes");
	text[255] = 'x';
	ok(line(text, 512, NULL, NULL) == -ENOEXEC && line(text, 256, NULL, NULL) == -ENOEXEC, "a line of more");
	ok(!line(text, 255, NULL, NULL), "a file of 255 bytes");
	for (int i = 0; i < 20000; i++) {
		uint32_t n = 2 + rnd() % 40;
		for (uint32_t k = 2; k < n; k++)
			text[k] = "#!/ \t\n\0xy"[rnd() % 9];
		int err = line(text, n, NULL, NULL);
		failed |= err && err != -ENOEXEC;
	}
	ok(!failed, "noise");
}

int main(int argc, char **argv)
{
	(void)argv;
	test_good();
	test_bad();
	fuzz(argc > 1 ? 20000000 : 300000);
	test_scripts();
	return failed;
}
