/* SPDX-License-Identifier: MIT */
/*
 * ldt [limits]: modify_ldt, and life in segments of one's own: data, stack and code, in calls, faults, signals, forks and threads.
 *
 * Where the kernel has no modify_ldt that is all there is to say. "limits" adds what only a processor shows that enforces the limits and the kinds of
 * segments: QEMU's emulation does not, Bochs does. Entries of the table are used for one thing each, so that the code below can name them.
 */
#include "abi/futex.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"
#include "user/libc/touch.h"

enum { FLAT = 1, WORD, CODE, FLAT_CODE, ABSENT, EMPTY, READ_ONLY, EXEC_ONLY, SHIFTED, DOWN, PAGE, SHORT, TOP, SIXTEEN, SIXTEEN_CODE, LAST = 40, MOST = LDT_ENTRIES - 1 };

#define SELECTOR(entry)	((entry) << 3 | 7)
#define DATA		USER_DESC_SEG_32BIT
#define PAGES		(USER_DESC_SEG_32BIT | USER_DESC_LIMIT_IN_PAGES)
#define EXPAND_DOWN	(1 << 1)
#define CODE_SEGMENT	(2 << 1)
#define CONFORMING	(3 << 1)
#define ALL		0xFFFFFu
#define SHIFT		0x1000u
#define POP_EBP		0x5d

static int limits;
static uint32_t table[LDT_ENTRIES * 2];
static uint8_t other[16384] __attribute__((aligned(16)));
static volatile uint32_t words[4] = { 0x11111111, 0x22222222, 0x33333333, 0x44444444 };

static int describe(int func, uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags)
{
	struct user_desc d = { entry, base, limit, flags };

	return sys(__NR_modify_ldt, func, &d, sizeof(d));
}

static int set(uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags)
{
	return describe(0x11, entry, base, limit, flags);
}

static int clear(uint32_t entry)
{
	return set(entry, 0, 0, USER_DESC_EMPTY);
}

/* ---- single steps that may fault, for enter(); `selector` and `offset` are theirs ---- */

static volatile uint32_t selector, offset;
static volatile struct { uint32_t eip; uint16_t cs; } __attribute__((packed)) target, back;	/* for far jumps */
extern char load_fs[], load_ds[], load_ss[], read_fs[], write_fs[], read_ss[], lar[], lsl[], verr[], verw[], far_call[], far_jump[], call_cs[], call_end[], spin[], call16[];

__asm__(".text\n"
	"load_fs:  mov selector, %eax; mov %eax, %fs; mov %fs, %eax; ret\n"
	"load_ds:  mov selector, %eax; mov %eax, %ds; mov %ds, %eax; push %ss; pop %ds; ret\n"
	"load_ss:  mov %ss, %ecx; mov selector, %eax; mov %eax, %ss; mov %ss, %eax; mov %ecx, %ss; ret\n"
	"read_fs:  mov offset, %ecx; mov selector, %eax; mov %eax, %fs; mov %fs:(%ecx), %eax; ret\n"
	"write_fs: mov offset, %ecx; mov selector, %eax; mov %eax, %fs; movl $0, %fs:(%ecx); xor %eax, %eax; ret\n"
	"read_ss:  mov %ss, %edx; mov offset, %ecx; mov selector, %eax; mov %eax, %ss; mov %ss:(%ecx), %eax; mov %edx, %ss; ret\n"
	"lar:      xor %eax, %eax; lar selector, %eax; ret\n"
	"lsl:      mov $-2, %eax; lsl selector, %eax; ret\n"
	"verr:     xor %eax, %eax; verr selector; setz %al; ret\n"
	"verw:     xor %eax, %eax; verw selector; setz %al; ret\n"
	"far_call: lcall *target; ret\n"
	"far_jump: ljmp *target; ret\n"
	/* What is jumped to, with the registers as the system call wants them: the result stays in eax, cs goes to ecx. */
	"call_cs:  int $0x80; mov %cs, %ecx; ljmp *back\n"
	"call_end: lret\n"
	"spin:     movl $1, spun; jmp spin\n"
	"call16:   int $0x80; .byte 0x8c, 0xc9, 0x67, 0x66, 0xff, 0x2d; .long back\n");	/* the same of 16 bits: mov cx, cs; jmp far [dword back] */

static uint32_t code_segment(void)
{
	uint32_t cs;

	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	return cs;
}

static int step(const void *code, uint32_t entry)
{
	selector = SELECTOR(entry);
	fault = (struct fault){ 0 };
	return enter(code);
}

/* What refuses a selector names it in the error code. */
static void faults(const char *name, const void *code, uint32_t entry, int sig, uint32_t trap)
{
	uint32_t err = code == load_fs || code == load_ds || code == load_ss || code == far_jump ? entry << 3 | 4 : 0;

	step(code, entry);
	ok(fault.sig == sig && fault.trapno == trap && (trap == 14 || (fault.code == SI_KERNEL && fault.err == err)), name);
}

/*
 * To code in the segment of an entry, where eip is an offset, and back: its eax and, in *cs, its ecx. By far jumps, because QEMU 7.2 takes the stack of
 * a far call in ring 3 for the kernel's, which SMAP forbids.
 */
static int jump_to(uint32_t entry, uint32_t eip, int eax, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t *cs)
{
	target.eip = eip, target.cs = SELECTOR(entry);
	back.cs = code_segment();
	__asm__ volatile("movl $1f, back; ljmp *target; 1:" : "+a"(eax), "+c"(ecx) : "b"(ebx), "d"(edx) : "memory", "cc");
	*cs = ecx & 0xffff;
	return eax;
}

/* int 0x80 in the code segment of an entry, which lies at base; *cs: where the call came back to. */
static int call_in(uint32_t entry, uint32_t base, int nr, uint32_t ebx, uint32_t ecx, uint32_t edx, uint32_t *cs)
{
	return jump_to(entry, ADDR(call_cs) - base, nr, ebx, ecx, edx, cs);
}

/* ---- the call ---- */

static int read_ldt(void *to, uint32_t size)
{
	return sys(__NR_modify_ldt, 0, to, size);
}

static void test_errors(void)
{
	struct user_desc d = { .entry_number = FLAT, .limit = ALL, .flags = PAGES };
	char zeros[40];

	equal("without a table there is nothing to read", read_ldt(table, 64), 0);
	memset(zeros, 1, sizeof(zeros));
	equal("the default table, 40 bytes", sys(__NR_modify_ldt, 2, zeros, 40), 40);
	ok(!zeros[0] && !zeros[39] && !memcmp(zeros, zeros + 1, 39), "all of them zero");
	equal("the default table, 7 bytes", sys(__NR_modify_ldt, 2, zeros, 7), 7);
	equal("the default table to a bad address", sys(__NR_modify_ldt, 2, PTR(16), 40), -EFAULT);
	equal("function 3", sys(__NR_modify_ldt, 3, &d, sizeof(d)), -ENOSYS);
	equal("function -1", sys(__NR_modify_ldt, -1, &d, sizeof(d)), -ENOSYS);
	equal("a structure too short", sys(__NR_modify_ldt, 0x11, &d, 15), -EINVAL);
	equal("one too long", sys(__NR_modify_ldt, 1, &d, 17), -EINVAL);
	equal("one too short at a bad address", sys(__NR_modify_ldt, 1, PTR(16), 0), -EINVAL);
	equal("one at a bad address", sys(__NR_modify_ldt, 0x11, PTR(16), sizeof(d)), -EFAULT);
	equal("entry 8192", set(LDT_ENTRIES, 0, ALL, PAGES), -EINVAL);
	equal("entry -1", set(-1, 0, ALL, PAGES), -EINVAL);
	equal("entry 8192 to be emptied", clear(LDT_ENTRIES), -EINVAL);
	equal("conforming code", set(FLAT, 0, ALL, PAGES | CONFORMING), -EINVAL);
	equal("conforming code in the old mode", describe(1, FLAT, 0, ALL, PAGES | CONFORMING), -EINVAL);
	equal("the same, not present", describe(1, FLAT, 0, ALL, PAGES | CONFORMING | USER_DESC_SEG_NOT_PRESENT), -EINVAL);
	equal("after all that there still is nothing", read_ldt(table, 64), 0);
}

static const struct { const char *name; uint8_t func; uint32_t base, limit, flags; uint64_t made; } made[] = {
	{ "flat data", 0x11, 0, ALL, PAGES, 0x00cff3000000ffff },
	{ "flat code", 0x11, 0, ALL, PAGES | CODE_SEGMENT, 0x00cffb000000ffff },
	{ "base and limit", 0x11, 0x12345678, 0x9abcd, DATA, 0x1249f3345678abcd },
	{ "data that grows down", 0x11, 0x1000, 0xfff, DATA | EXPAND_DOWN, 0x0040f70010000fff },
	{ "data that is read only", 0x11, 0, 0xfff, DATA | USER_DESC_READ_EXEC_ONLY, 0x0040f10000000fff },
	{ "code that can't be read", 0x11, 0, 0xfff, DATA | CODE_SEGMENT | USER_DESC_READ_EXEC_ONLY, 0x0040f90000000fff },
	{ "data that is not present", 0x11, 0, 0xfff, DATA | USER_DESC_SEG_NOT_PRESENT, 0x0040730000000fff },
	{ "conforming code that is not present", 0x11, 0, 0xfff, DATA | CONFORMING | USER_DESC_SEG_NOT_PRESENT, 0x00407f0000000fff },
	{ "useable data", 0x11, 0, 0xfff, DATA | USER_DESC_USEABLE, 0x0050f30000000fff },
	{ "in the old mode there is no such flag", 1, 0, 0xfff, DATA | USER_DESC_USEABLE, 0x0040f30000000fff },
	{ "a limit of 32 bits is cut", 0x11, 0, 0xffffffff, DATA, 0x004ff3000000ffff },
	{ "unknown flags are ignored", 0x11, 0, 0xfff, DATA | 0xffffff00, 0x0040f30000000fff },
	{ "data at 0 of limit 0", 0x11, 0, 0, DATA, 0x0040f30000000000 },
	{ "in the old mode that is an empty entry", 1, 0, 0, DATA | CODE_SEGMENT, 0 },
	{ "16-bit code", 0x11, 0, 0xfff, CODE_SEGMENT, 0x0000fb0000000fff },
	{ "16-bit data, read only", 0x11, 0, 0xfff, USER_DESC_READ_EXEC_ONLY, 0x0000f10000000fff },
	{ "an empty entry", 0x11, 0, 0, USER_DESC_EMPTY, 0 },
	{ "an empty one in the old mode", 1, 0, 0, USER_DESC_EMPTY, 0 },
};

static void test_descriptors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		uint64_t *entry = (uint64_t *)table + LAST;
		int r = describe(made[i].func, LAST, made[i].base, made[i].limit, made[i].flags);
		table[LAST * 2] = 1;
		ok(!r && read_ldt(table, (LAST + 1) * 8) == (LAST + 1) * 8 && *entry == made[i].made, made[i].name);
	}
}

static void test_reading(void)
{
	uint64_t *all = (uint64_t *)table;
	char few[16];

	set(FLAT, 0, ALL, PAGES);
	memset(few, 0x55, sizeof(few));
	equal("ten bytes of it", read_ldt(few, 10), 10);
	ok(few[8] == -1 && few[9] == -1 && few[10] == 0x55, "are ten bytes");
	equal("nothing of it", read_ldt(few, 0), 0);
	memset(table, 0x55, sizeof(table));
	equal("all of it and more", read_ldt(table, 0x100000), sizeof(table));
	ok(all[FLAT] == made[0].made && !all[LAST] && !all[0] && !all[MOST], "behind its end there are zeros");
	equal("to a bad address", read_ldt(PTR(16), 8), -EFAULT);
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	equal("to one that ends early", read_ldt(page + 4096 - 16, 32), -EFAULT);
	munmap(page, 4096);
	equal("the last entry", set(MOST, 0x1000, 0x1000, DATA), 0);
	read_ldt(table, sizeof(table));
	ok(all[MOST] == 0x0040f30010001000 && all[FLAT] == made[0].made, "a table of all entries");
}

/* ---- data ---- */

static void prepare(void)
{
	set(FLAT, 0, ALL, PAGES);
	set(WORD, ADDR(words), 7, DATA);
	set(CODE, ADDR(call_cs), call_end - call_cs - 1, DATA | CODE_SEGMENT);
	set(FLAT_CODE, 0, ALL, PAGES | CODE_SEGMENT);
	set(ABSENT, 0, ALL, PAGES | USER_DESC_SEG_NOT_PRESENT);
	clear(EMPTY);
	set(READ_ONLY, 0, ALL, PAGES | USER_DESC_READ_EXEC_ONLY);
	set(EXEC_ONLY, 0, ALL, PAGES | CODE_SEGMENT | USER_DESC_READ_EXEC_ONLY);
	set(SHIFTED, SHIFT, ALL, PAGES);
	set(DOWN, ADDR(words) - 0xfff - 1, 0xfff, DATA | EXPAND_DOWN);
	set(PAGE, ADDR(other), 0, PAGES);
	set(TOP, 0xfffff000, ALL, PAGES);
}

static void test_loading(void)
{
	prepare();
	equal("fs takes a selector", step(load_fs, FLAT), SELECTOR(FLAT));
	equal("ds, too", step(load_ds, FLAT), SELECTOR(FLAT));
	equal("and of read-only data", step(load_ds, READ_ONLY), SELECTOR(READ_ONLY));
	equal("and of code", step(load_ds, CODE), SELECTOR(CODE));
	equal("ss takes one of data", step(load_ss, FLAT), SELECTOR(FLAT));
	faults("fs of an empty entry", load_fs, EMPTY, SIGSEGV, 13);
	faults("fs of one behind the last", load_fs, MOST - 1, SIGSEGV, 13);
	faults("fs of a segment not present", load_fs, ABSENT, SIGBUS, 11);
	faults("fs of code that can't be read", load_fs, EXEC_ONLY, SIGSEGV, 13);
	faults("ds of an empty entry", load_ds, EMPTY, SIGSEGV, 13);
	faults("ss of read-only data", load_ss, READ_ONLY, SIGSEGV, 13);
	faults("ss of code", load_ss, CODE, SIGSEGV, 13);
	faults("ss not present", load_ss, ABSENT, SIGBUS, 12);
	equal("lar", step(lar, FLAT) & 0xf0ff00, 0xc0f300);
	equal("lar of code", step(lar, CODE) & 0xf0ff00, 0x40fb00);
	equal("lar of an empty entry", step(lar, EMPTY), 0);
	equal("lsl", step(lsl, WORD), 7);
	equal("lsl in pages", step(lsl, PAGE), 0xfff);
	equal("lsl of an empty entry", step(lsl, EMPTY), -2);
	ok(step(verr, READ_ONLY) && !step(verw, READ_ONLY) && step(verw, FLAT) && !step(verr, EXEC_ONLY), "verr and verw");
}

static void test_data(void)
{
	offset = 4;
	equal("a word in a segment", step(read_fs, WORD), words[1]);
	equal("a word written in one", step(write_fs, WORD), 0);
	equal("is written", words[1], 0);
	words[1] = 0x22222222;
	offset = 0x1000;
	equal("in one that grows down", step(read_fs, DOWN), words[0]);
	equal("by the stack's segment", step(read_ss, DOWN), words[0]);
	offset = 0x1000 + ADDR(words);
	equal("in one that wraps around", step(read_fs, TOP), words[0]);
	offset = 0xd0000000;
	faults("of the kernel's in a flat one", read_fs, FLAT, SIGSEGV, 14);
	offset = 0;
	set(TOP, 0xc0100000, ALL, PAGES);
	faults("of the kernel's in one that begins there", read_fs, TOP, SIGSEGV, 14);
	faults("of the kernel's to be written", write_fs, TOP, SIGSEGV, 14);
}

static void test_limits(void)
{
	offset = 4;
	equal("up to the limit", step(read_fs, WORD), words[1]);
	offset = 5;
	faults("past the limit", read_fs, WORD, SIGSEGV, 13);
	faults("past the limit of the stack", read_ss, WORD, SIGBUS, 12);
	faults("past it to be written", write_fs, WORD, SIGSEGV, 13);
	offset = 0xffc;
	equal("up to a limit in pages", step(read_fs, PAGE), 0);
	faults("past it, the other way", read_fs, DOWN, SIGSEGV, 13);
	faults("and of such a stack", read_ss, DOWN, SIGBUS, 12);
	offset = 0xffd;
	faults("past a limit in pages", read_fs, PAGE, SIGSEGV, 13);
	offset = ADDR(words);
	faults("a read-only segment to be written", write_fs, READ_ONLY, SIGSEGV, 13);
	target.eip = call_end - call_cs, target.cs = SELECTOR(CODE);
	faults("a call past the end of code", far_call, 0, SIGSEGV, 13);
	set(LAST, ADDR(call_end), 0, DATA | CODE_SEGMENT);
	target.eip = 0, target.cs = SELECTOR(LAST);
	equal("a call of its last byte", step(far_call, LAST), 0);
}

/* ---- calls, wherever the segments are ---- */

/* A call with ds, es, fs and ss of a flat entry: are they as before? The gate may leave the flat ones in all but fs. *result: the call's. */
static bool flat_call(long (*call)(int, ...), int nr, uint32_t a, uint32_t b, uint32_t c, int *result)
{
	uint32_t flat, ds, es, fs, ss;

	__asm__ volatile("mov %%ss, %0" : "=r"(flat));
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%ss" : : "r"(SELECTOR(FLAT)) : "memory");
	*result = call(nr, a, b, c);
	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%ss, %3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(ss));
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" : : "r"(flat) : "memory");
	if (call == sys && ss == flat)
		ss = SELECTOR(FLAT);
	if (call == sys && ds == flat && es == flat)
		ds = es = SELECTOR(FLAT);
	return ds == SELECTOR(FLAT) && es == ds && fs == ds && ss == ds;
}

/* A call with the stack in segment SHIFTED: esp, seen from the stack's top, what was popped, what lies there in the flat segment. */
extern int shifted_call(int nr, uint32_t a, uint32_t b, uint32_t c);
static volatile uint32_t shifted_top, shifted_esp, shifted_popped, shifted_flat;

__asm__("shifted_call: push %ebx; push %edi; push %ebp; mov 16(%esp), %eax; mov 20(%esp), %ebx; mov 24(%esp), %ecx; mov 28(%esp), %edx\n"
	"mov %ss, %edi; mov %esp, %ebp; mov %esp, shifted_top; mov selector, %ss; lea -0x1000(%esp), %esp\n"
	"push $0x12345678; int $0x80; mov %esp, shifted_esp; popl shifted_popped; mov %edi, %ss; mov %ebp, %esp\n"
	"mov -4(%esp), %ecx; mov %ecx, shifted_flat; pop %ebp; pop %edi; pop %ebx; ret\n");

static bool shifted_well(void)
{
	return shifted_esp == shifted_top - SHIFT - 4 && shifted_popped == 0x12345678;
}

/* Either there are no stacks of 16 bits, or the upper half of esp is the program's there. */
static bool stack16(void)
{
	uint32_t base = ADDR(other) & ~0xffffu, before, after, result;
	int r = set(SIXTEEN, base, 0xffff, 0);

	if (r)
		return r == -EINVAL;
	__asm__ volatile("mov %%ss, %%edx; mov %%esp, %%edi; mov %%esp, %%esi; mov %4, %%ss; int $0x80; xchg %%esp, %%edi; mov %%edx, %%ss"
			 : "=a"(result), "=&S"(before), "=&D"(after) : "0"(__NR_getpid), "r"(SELECTOR(SIXTEEN)) : "edx", "memory", "cc");
	return result == (uint32_t)getpid() && before == after;
}

static void test_calls(void)
{
	uint32_t cs;
	int r;

	ok(flat_call(sys80, __NR_getpid, 0, 0, 0, &r) && r == getpid(), "a call in flat segments of one's own");
	ok(flat_call(sys, __NR_getpid, 0, 0, 0, &r) && r == getpid(), "by the gate, in these or in the flat ones");
	equal("a call in a code segment of one's own", call_in(CODE, ADDR(call_cs), __NR_getpid, 0, 0, 0, &cs), getpid());
	equal("stays in it", cs, SELECTOR(CODE));
	selector = SELECTOR(SHIFTED);
	equal("a call with a stack segment of one's own", shifted_call(__NR_getpid, 0, 0, 0), getpid());
	ok(shifted_well() && shifted_flat == 0x12345678, "which begins elsewhere");
	set(SIXTEEN_CODE, ADDR(call16), 11, CODE_SEGMENT);
	ok(jump_to(SIXTEEN_CODE, 0, __NR_getpid, 0, 0, 0, &cs) == getpid() && cs == SELECTOR(SIXTEEN_CODE), "in a code segment of 16 bits");
	ok(stack16(), "a stack of 16 bits");
	target.eip = ADDR(call_cs), target.cs = SELECTOR(EMPTY);
	faults("a far jump to an empty entry", far_jump, EMPTY, SIGSEGV, 13);
	target.cs = SELECTOR(FLAT);
	faults("to data", far_jump, FLAT, SIGSEGV, 13);
	set(LAST, 0, ALL, PAGES | CODE_SEGMENT | USER_DESC_SEG_NOT_PRESENT);
	target.cs = SELECTOR(LAST);
	faults("to code that is not present", far_jump, LAST, SIGBUS, 11);
}

/* ---- signals ---- */

static struct { int calls; uint32_t cs, ds, es, ss, frame; struct sigcontext c; } seen;
static void (*edit)(struct sigcontext *c);

static void on_signal(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig, (void)info;
	__asm__ volatile("mov %%cs, %0; mov %%ds, %1; mov %%es, %2; mov %%ss, %3" : "=r"(seen.cs), "=r"(seen.ds), "=r"(seen.es), "=r"(seen.ss));
	seen.calls++;
	seen.frame = ADDR(__builtin_frame_address(0)) + 4;
	seen.c = uc->uc_mcontext;
	if (edit)
		edit(&uc->uc_mcontext);
}

static bool handler_was_flat(void)
{
	return seen.cs == code_segment() && seen.ds == seen.ss && seen.es == seen.ss && !(seen.ss & 4);
}

static bool on_other(uint32_t esp)
{
	return esp > ADDR(other) && esp < ADDR(other) + sizeof(other);
}

/* A signal to oneself out of code segment `entry`; where the program is afterwards. */
static uint32_t signal_in(uint32_t entry, uint32_t base)
{
	uint32_t cs = 0;

	call_in(entry, base, __NR_tgkill, getpid(), gettid(), SIGUSR1, &cs);
	return cs;
}

static void edit_move(struct sigcontext *c)
{
	c->cs = SELECTOR(CODE), c->eip -= ADDR(call_cs);
}

static void test_signals(void)
{
	stack_t ss = { .ss_sp = ADDR(other), .ss_size = sizeof(other) };
	int r;

	signal_info(SIGUSR1, on_signal, SA_ONSTACK);
	equal("after a handler code goes on in its segment", signal_in(CODE, ADDR(call_cs)), SELECTOR(CODE));
	ok(seen.calls == 1 && handler_was_flat(), "the handler has flat ones");
	ok(seen.c.cs == SELECTOR(CODE) && seen.c.eip == 2, "and finds the others in its frame");
	ok(flat_call(sys80, __NR_tgkill, getpid(), gettid(), SIGUSR1, &r) && !r && handler_was_flat(), "data segments come back, too");
	ok(seen.c.ds == SELECTOR(FLAT) && seen.c.es == seen.c.ds && seen.c.fs == seen.c.ds && seen.c.ss == seen.c.ds, "out of its frame");
	sys(__NR_sigaltstack, &ss, NULL);
	selector = SELECTOR(SHIFTED);
	ok(!shifted_call(__NR_tgkill, getpid(), gettid(), SIGUSR1) && shifted_well(), "a stack segment comes back");
	ok(seen.c.ss == SELECTOR(SHIFTED) && seen.c.esp == shifted_esp && on_other(seen.frame), "after a handler on the alternate stack");
	ss.ss_flags = SS_DISABLE;
	sys(__NR_sigaltstack, &ss, NULL);
	signal_info(SIGUSR1, on_signal, 0);
	edit = edit_move;
	equal("a frame that names another code segment", signal_in(FLAT_CODE, 0), SELECTOR(CODE));
	edit = NULL;
}

/*
 * rt_sigreturn by the gate, out of the handler of a call that came by the gate: the frame's eip is then where the gate returns to anyhow, but in
 * another segment. What stands above the frame's first word may be lost; a gate that pops three words has pushed them.
 */
static void on_gate(int sig, siginfo_t *info, struct ucontext *uc)
{
	uint32_t frame = ADDR(__builtin_frame_address(0)) + 4;

	(void)sig, (void)info;
	uc->uc_mcontext.cs = SELECTOR(FLAT_CODE);
	__asm__ volatile("mov %0, %%esp; jmp *%1" : : "r"(frame + (*(uint8_t *)PTR(uc->uc_mcontext.eip) == POP_EBP ? 16 : 4)), "r"(sysinfo), "a"(__NR_rt_sigreturn));
}

static void test_gate(void)
{
	uint32_t cs;

	signal_info(SIGUSR1, on_gate, 0);
	sys(__NR_tgkill, getpid(), gettid(), SIGUSR1);
	cs = code_segment();
	target.cs = seen.cs;
	__asm__ volatile("movl $1f, target; ljmp *target; 1:" : : : "memory");
	equal("sigreturn by the gate to another code segment", cs, SELECTOR(FLAT_CODE));
	equal("and back", code_segment(), seen.cs);
}

/* ---- frames and segments gone bad: how a child ends ---- */

static struct sigcontext changes;

static void edit_bad(struct sigcontext *c)
{
	if (changes.cs)
		c->cs = changes.cs, c->eip = changes.eip;
	if (changes.ss)
		c->ss = changes.ss;
	if (changes.ds)
		c->ds = c->es = changes.ds;
	if (changes.fs)
		c->fs = c->gs = changes.fs;
}

/* 1: ds and es are null, 2: fs and gs are. */
static int return_bad(void)
{
	uint32_t ds, es, fs, gs, pid = getpid(), tid = gettid();

	edit = edit_bad;
	signal_info(SIGUSR1, on_signal, 0);
	__asm__ volatile("int $0x80; mov %%ds, %0; push %%ss; pop %%ds; mov %%es, %1; push %%ss; pop %%es; mov %%fs, %2; mov %%gs, %3"
			 : "=&a"(ds), "=&S"(es), "=&D"(fs), "=&r"(gs) : "0"(__NR_tgkill), "b"(pid), "c"(tid), "d"(SIGUSR1) : "memory");
	return (ds < 4 && es < 4 ? 1 : 0) | (fs < 4 && gs < 4 ? 2 : 0);
}

/* The processor refuses the way back from a call; which signal that is depends on the kernel's own word size. */
static bool refused(int status)
{
	status &= ~0x80;
	return status == SIGSEGV || status == SIGBUS || status == SIGILL;
}

static void test_bad_frames(void)
{
	static const struct { const char *name; struct sigcontext c; } bad[] = {
		{ "a frame with an empty code segment", { .cs = SELECTOR(EMPTY) } }, { "with data for code", { .cs = SELECTOR(FLAT) } },
		{ "with code that is not present", { .cs = SELECTOR(ABSENT) } }, { "with code behind the table", { .cs = SELECTOR(MOST - 1) } },
		{ "with an empty stack segment", { .ss = SELECTOR(EMPTY) } }, { "with one that is read only", { .ss = SELECTOR(READ_ONLY) } },
		{ "with one that is code", { .ss = SELECTOR(CODE) } }, { "with one that is not present", { .ss = SELECTOR(ABSENT) } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		changes = bad[i].c;
		ok(refused(in_child(return_bad)), bad[i].name);
	}
	changes = (struct sigcontext){ .fs = SELECTOR(EMPTY), .ds = SELECTOR(EMPTY) };
	equal("empty data segments become null", in_child(return_bad), W_EXITCODE(3, 0));
	changes = (struct sigcontext){ .fs = SELECTOR(FLAT), .ds = SELECTOR(ABSENT) };
	equal("and such as are not present", in_child(return_bad), W_EXITCODE(1, 0));
	if (!limits)
		return;
	changes = (struct sigcontext){ .cs = SELECTOR(CODE), .eip = 0x1000 };
	ok(refused(in_child(return_bad)), "with eip past the end of its segment");
}

static struct user_desc none = { .entry_number = CODE, .flags = USER_DESC_EMPTY };

/* Sawing off the branch; and what the handler of that finds. */
static int clear_own_code(void)
{
	uint32_t cs;

	return call_in(CODE, ADDR(call_cs), __NR_modify_ldt, 0x11, ADDR(&none), sizeof(none), &cs);
}

static void on_end(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig, (void)info;
	_exit(uc->uc_mcontext.cs == SELECTOR(CODE) && uc->uc_mcontext.eip == 2 ? 5 : 6);
}

static int clear_and_catch(void)
{
	signal_info(SIGSEGV, on_end, 0), signal_info(SIGBUS, on_end, 0), signal_info(SIGILL, on_end, 0);
	return clear_own_code();
}

static uint32_t clear_own_data(void)
{
	uint32_t ds;

	set(LAST, 0, ALL, PAGES);
	none.entry_number = LAST;
	__asm__ volatile("mov %1, %%ds; mov %1, %%es; int $0x80; mov %%ds, %0; push %%ss; pop %%ds; push %%ss; pop %%es"
			 : "=&a"(ds) : "S"(SELECTOR(LAST)), "0"(__NR_modify_ldt), "b"(0x11), "c"(&none), "d"(sizeof(none)) : "memory");
	return ds;
}

static void test_clearing(void)
{
	ok(refused(in_child(clear_own_code)), "an entry emptied by the code in it");
	equal("which its frame says", in_child(clear_and_catch), W_EXITCODE(5, 0));
	equal("ds of an entry that it empties", clear_own_data(), 0);
}

/* ---- processes and threads ---- */

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID)

static volatile int running, spun;
static volatile uint32_t fs_then;

static void start(int (*fn)(void *))
{
	running = 1;
	thread_clone(THREAD, other + sizeof(other), fn, NULL, NULL, NULL, (int *)&running);
}

static void join(void)
{
	while (running)
		sys(__NR_futex, &running, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void snooze(void)
{
	struct timespec t = { 0, 2000000 };

	nanosleep(&t, NULL);
}

static int set_in_thread(void *arg)
{
	(void)arg;
	return set(LAST, ADDR(words + 3), 3, DATA);
}

/* Sleeps, with fs what is taken away meanwhile. */
static int hold_fs(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%fs" : : "r"(SELECTOR(LAST)));
	for (spun = 1; spun == 1;)
		snooze();
	__asm__ volatile("mov %%fs, %0" : "=r"(fs_then));
	return 0;
}

static int run_in_code(void *arg)
{
	(void)arg;
	target.eip = ADDR(spin), target.cs = SELECTOR(LAST);
	__asm__ volatile("ljmp *target");
	return 0;
}

static int clear_other_code(void)
{
	spun = 0;
	set(LAST, 0, ALL, PAGES | CODE_SEGMENT);
	start(run_in_code);
	while (!spun)
		snooze();
	clear(LAST);
	for (int i = 0; i < 500; i++)
		snooze();
	return 1;
}

static void test_threads(void)
{
	offset = 0;
	start(set_in_thread);
	join();
	equal("what a thread sets is there for all", step(read_fs, LAST), words[3]);
	spun = 0;
	start(hold_fs);
	while (!spun)
		snooze();
	clear(LAST);
	spun = 2;
	join();
	equal("a segment taken from a thread that sleeps", fs_then, 0);
	ok(refused(in_child(clear_other_code)), "one taken from a thread that runs in it");
}

static int look_and_change(void)
{
	offset = 0;
	return step(read_fs, WORD) == (int)words[0] && !set(WORD, ADDR(words + 1), 3, DATA) && step(read_fs, WORD) == (int)words[1] ? 3 : 4;
}

static int exec_self(void)
{
	static char *const args[] = { "ldt", "exec", NULL };

	__asm__ volatile("mov %0, %%fs" : : "r"(SELECTOR(FLAT)));
	return execve("/proc/self/exe", args, environ);
}

static int after_exec(void)
{
	uint32_t fs;

	__asm__ volatile("mov %%fs, %0" : "=r"(fs));
	selector = SELECTOR(FLAT);
	return fs == 0 && read_ldt(table, 64) == 0 && !enter(lar) ? 3 : 4;
}

/* Each with its own segment, by turns. */
static int look_often(void)
{
	uint32_t got, expected = words[getpid() & 3];

	set(WORD, ADDR(words + (getpid() & 3)), 3, DATA);
	__asm__ volatile("mov %0, %%fs" : : "r"(SELECTOR(WORD)));
	for (int i = 0; i < 200; i++) {
		sched_yield();
		__asm__ volatile("mov %%fs:0, %0" : "=r"(got));
		if (got != expected)
			return 4;
	}
	return 3;
}

static void test_processes(void)
{
	int status, good = 0, mine;

	offset = 0;
	equal("a child has the table and may change it", in_child(look_and_change), W_EXITCODE(3, 0));
	equal("which does not change its parent's", step(read_fs, WORD), words[0]);
	equal("exec drops it", in_child(exec_self), W_EXITCODE(3, 0));
	for (int i = 0; i < 4; i++)
		if (!fork())
			_exit(look_often());
	mine = look_often();
	for (int i = 0; i < 4; i++)
		good += waitpid(-1, &status, 0) > 0 && status == W_EXITCODE(3, 0);
	ok(good == 4 && mine == 3, "five processes with segments of their own");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return after_exec();
	limits = argc > 1;
	if (read_ldt(table, 0) == -ENOSYS) {
		plan(1);
		equal("no modify_ldt", set(FLAT, 0, ALL, PAGES), -ENOSYS);
		return done();
	}
	plan(limits ? 127 : 115);
	touch_catch();
	test_errors();
	test_descriptors();
	test_reading();
	test_loading();
	test_data();
	if (limits)
		test_limits();
	test_calls();
	test_signals();
	test_gate();
	signal(SIGSEGV, SIG_DFL), signal(SIGBUS, SIG_DFL), signal(SIGILL, SIG_DFL);	/* no accesses that may fault from here on */
	test_bad_frames();
	test_clearing();
	test_threads();
	test_processes();
	return done();
}
