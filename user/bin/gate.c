/* SPDX-License-Identifier: MIT */
/*
 * gate [-n]: the kernel's small gate as a process sees it.
 *
 * Prints the auxiliary vector, the VDSO's ELF header, program headers, dynamic section and symbols, the bytes of
 * __kernel_vsyscall and the two signal trampolines disassembled, then calls each way into the kernel and says what
 * it costs in TSC ticks (the median of 11 rounds of 100 calls). -n leaves the timing out.
 */
#include "user/libc/libc.h"
#include "user/libc/vdso.h"

static const struct {
	uint32_t type;
	const char *name;
} aux_names[] = {
	{ AT_PHDR, "PHDR" }, { AT_PHENT, "PHENT" }, { AT_PHNUM, "PHNUM" }, { AT_PAGESZ, "PAGESZ" }, { AT_BASE, "BASE" },
	{ AT_FLAGS, "FLAGS" }, { AT_ENTRY, "ENTRY" }, { AT_UID, "UID" }, { AT_EUID, "EUID" }, { AT_GID, "GID" },
	{ AT_EGID, "EGID" }, { AT_PLATFORM, "PLATFORM" }, { AT_HWCAP, "HWCAP" }, { AT_CLKTCK, "CLKTCK" },
	{ AT_SECURE, "SECURE" }, { AT_RANDOM, "RANDOM" }, { AT_HWCAP2, "HWCAP2" }, { AT_EXECFN, "EXECFN" },
	{ AT_SYSINFO, "SYSINFO" }, { AT_SYSINFO_EHDR, "SYSINFO_EHDR" }, { AT_MINSIGSTKSZ, "MINSIGSTKSZ" },
};

static void print_auxv(void)
{
	puts("auxiliary vector");
	for (const struct auxv *a = auxv; a->a_type != AT_NULL; a++) {
		const char *name = "", *text = "";
		for (size_t i = 0; i < ARRAY_SIZE(aux_names); i++)
			if (aux_names[i].type == a->a_type)
				name = aux_names[i].name;
		if (a->a_type == AT_PLATFORM || a->a_type == AT_EXECFN)
			text = PTR(a->a_val);
		printf("  %2u %-12s 0x%08x %s\n", a->a_type, name, a->a_val, text);
	}
}

static void print_headers(const struct vdso *v)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = { { PT_LOAD, "LOAD" }, { PT_DYNAMIC, "DYNAMIC" }, { PT_NOTE, "NOTE" },
		      { PT_GNU_EH_FRAME, "GNU_EH_FRAME" }, { PT_GNU_STACK, "GNU_STACK" } };

	printf("VDSO at %p: ELF type %u, machine %u, entry 0x%08x, %u program headers, %u section headers\n",
	       (const void *)v->ehdr, v->ehdr->e_type, v->ehdr->e_machine, v->ehdr->e_entry, v->ehdr->e_phnum,
	       v->ehdr->e_shnum);
	printf("addresses in it are %s\n", v->bias ? "relative to its start" : "absolute");
	for (int i = 0; i < v->ehdr->e_phnum; i++) {
		const Elf32_Phdr *p = &v->phdr[i];
		const char *name = "?";
		for (size_t k = 0; k < ARRAY_SIZE(types); k++)
			if (types[k].type == p->p_type)
				name = types[k].name;
		printf("  %-12s offset 0x%04x vaddr 0x%08x size 0x%04x %c%c%c\n", name, p->p_offset, p->p_vaddr,
		       p->p_memsz, p->p_flags & PF_R ? 'r' : '-', p->p_flags & PF_W ? 'w' : '-',
		       p->p_flags & PF_X ? 'x' : '-');
	}
}

static void print_dynamic(const struct vdso *v)
{
	printf("dynamic section of %s\n", v->soname);
	for (const Elf32_Dyn *d = v->dyn; d->d_tag != DT_NULL; d++)
		printf("  %-10s 0x%08x\n", dyn_name(d->d_tag), d->d_un.d_val);
	puts("symbols");
	for (uint32_t i = 1; i < v->nsyms; i++)
		printf("  0x%08x %4u %s%s%s\n", v->sym[i].st_value, v->sym[i].st_size, v->str + v->sym[i].st_name,
		       *vdso_version(v, i) ? "@" : "", vdso_version(v, i));
}

/* One instruction into text; the number of bytes it has. Only what the page's stubs are made of is known. */
static int disassemble(const uint8_t *p, char *out, size_t size)
{
	static const char regs[][4] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" };

	if (*p >= 0x50 && *p <= 0x5f) {
		snprintf(out, size, "%s %s", *p < 0x58 ? "push" : "pop", regs[*p & 7]);
		return 1;
	}
	if (*p >= 0xb8 && *p <= 0xbf) {
		snprintf(out, size, "mov %s, %d", regs[*p & 7], p[1] | p[2] << 8 | p[3] << 16 | p[4] << 24);
		return 5;
	}
	if ((*p == 0x89 || *p == 0x8b) && p[1] >= 0xc0) {
		int rm = p[1] & 7, reg = p[1] >> 3 & 7;
		snprintf(out, size, "mov %s, %s", regs[*p == 0x89 ? rm : reg], regs[*p == 0x89 ? reg : rm]);
		return 2;
	}
	if (*p == 0x0f && (p[1] == 0x34 || p[1] == 0x05)) {
		snprintf(out, size, "%s", p[1] == 0x34 ? "sysenter" : "syscall");
		return 2;
	}
	if (*p == 0xcd || *p == 0xeb) {
		snprintf(out, size, *p == 0xcd ? "int %#x" : "jmp %+d", *p == 0xcd ? p[1] : (int8_t)p[1]);
		return 2;
	}
	snprintf(out, size, *p == 0xc3 ? "ret" : *p == 0x90 ? "nop" : "db 0x%02x", *p);
	return 1;
}

static void print_code(const struct vdso *v, const char *name)
{
	const uint8_t *p = PTR(vdso_lookup(v, name, NULL)), *end = p;

	for (uint32_t i = 1; i < v->nsyms; i++)
		if (!strcmp(v->str + v->sym[i].st_name, name))
			end = p + v->sym[i].st_size;
	printf("%s\n", name);
	while (p && p < end) {
		char text[32], bytes[32];
		int n = disassemble(p, text, sizeof(text)), len = 0;
		for (int i = 0; i < n; i++)
			len += snprintf(bytes + len, sizeof(bytes) - len, "%02x ", p[i]);
		printf("  %p  %-16s %s\n", (const void *)p, bytes, text);
		p += n;
	}
}

/* ---- what each way costs ---- */

static volatile int caught;

static void handler(int sig)
{
	caught = sig;
}

static void handler_info(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)info, (void)uc;
	caught = sig;
}

static void by_int80(void)
{
	sys80(__NR_getppid);
}

static void by_gate(void)
{
	sys(__NR_getppid);
}

static void by_signal(void)
{
	kill(getpid(), SIGUSR1);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void time_it(const char *name, void (*fn)(void))
{
	enum { ROUNDS = 11, CALLS = 100 };
	uint32_t t[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t from = rdtsc();
		for (int k = 0; k < CALLS; k++)
			fn();
		t[i] = ((uint32_t)rdtsc() - from) / CALLS;
	}
	sort(t, ROUNDS, sizeof(t[0]), by_value);
	printf("  %-44s %6u ticks\n", name, t[ROUNDS / 2]);
}

static void call_each(bool timing)
{
	int pid = getppid();

	puts("calls");
	printf("  int 0x80 %s\n", sys80(__NR_getppid) == pid ? "works" : "FAILS");
	printf("  %s %s\n", ADDR(int80_stub) == sysinfo ? "(no gate: int 0x80 again)" : "__kernel_vsyscall",
	       sys(__NR_getppid) == pid ? "works" : "FAILS");
	signal(SIGUSR1, handler);
	by_signal();
	printf("  sigreturn %s\n", caught == SIGUSR1 ? "works" : "FAILS");
	if (timing) {
		time_it("getppid by int 0x80", by_int80);
		time_it("getppid by AT_SYSINFO", by_gate);
		time_it("kill, handler, sigreturn", by_signal);
	}
	caught = 0;
	signal_info(SIGUSR1, handler_info, 0);
	by_signal();
	printf("  rt_sigreturn %s\n", caught == SIGUSR1 ? "works" : "FAILS");
	if (timing)
		time_it("kill, handler, rt_sigreturn", by_signal);
}

int main(int argc, char **argv)
{
	struct vdso v;
	const char *problem;

	print_auxv();
	if (vdso_open(&v, &problem)) {
		print_headers(&v);
		print_dynamic(&v);
		print_code(&v, "__kernel_vsyscall");
		print_code(&v, "__kernel_sigreturn");
		print_code(&v, "__kernel_rt_sigreturn");
	} else {
		printf("no VDSO: %s\n", problem);
	}
	call_each(!(argc > 1 && !strcmp(argv[1], "-n")));
	return 0;
}
