/* SPDX-License-Identifier: MIT */
/*
 * fpu: x87 and SSE state is each task's own: over switches, fork, exec and signals; what handlers start with, what
 * their frames hold, and x87 exceptions. SSE exceptions are left out: QEMU doesn't raise them. Where the processor has no
 * SSE, checks of it report success. AVX is the system's to switch on; where it has not, its instructions don't exist.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define CW_START    0x37f
#define MXCSR_START 0x1f80

struct image {			/* fxsave's */
	uint16_t cw, sw;
	uint8_t tag, x;
	uint16_t op;
	uint32_t ip, cs, dp, ds, mxcsr, mask;
	uint8_t st[8][16], xmm[8][16];
	uint8_t rest[224];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct image) == 512, "fxsave");

static bool sse, avx;

static void detect(void)
{
	uint32_t a = 1, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	sse = d >> 25 & 1 && d >> 24 & 1;
	if (c >> 27 & 1 && c >> 28 & 1) {
		__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
		avx = (a & 6) == 6;
	}
}

static void save(struct image *i)
{
	memset(i, 0, sizeof(*i));
	if (sse) {
		__asm__ volatile("fxsave %0" : "=m"(*i));
	} else {
		static uint8_t old[108];
		__asm__ volatile("fnsave %0; frstor %0" : "=m"(old));
		memcpy(&i->cw, old, 2), memcpy(&i->sw, old + 4, 2);
		for (int k = 0; k < 8; k++)
			memcpy(i->st[k], old + 28 + 10 * k, 10);
	}
}

/* Three numbers on the x87 stack, a control word and eight SSE registers, all made from n. */
static void load(int n)
{
	static uint32_t words[8][4] __attribute__((aligned(16)));
	uint16_t cw = n & 1 ? 0x27f : 0x77f;
	uint32_t mxcsr = n & 1 ? 0x3f80 : 0x9f80;

	__asm__ volatile("fninit; fldcw %0; fildl %1; fldpi; fildl %1" : : "m"(cw), "m"(n));
	for (int i = 0; i < 32; i++)
		words[i / 4][i % 4] = n * 0x01010101 + i;
	if (sse)
		__asm__ volatile("ldmxcsr %0; movaps (%1), %%xmm0; movaps 16(%1), %%xmm1; movaps 32(%1), %%xmm2; movaps 48(%1), %%xmm3;"
				 "movaps 64(%1), %%xmm4; movaps 80(%1), %%xmm5; movaps 96(%1), %%xmm6; movaps 112(%1), %%xmm7"
				 : : "m"(mxcsr), "r"(words));
}

static bool same(const struct image *a, const struct image *b)
{
	return a->cw == b->cw && a->sw == b->sw && a->mxcsr == b->mxcsr && !memcmp(a->st, b->st, sizeof(a->st)) &&
		!memcmp(a->xmm, b->xmm, sizeof(a->xmm));
}

static bool clean(const struct image *i)
{
	return i->cw == CW_START && (i->sw & 0x3800) == 0 && (i->sw & 0xff) == 0 && (!sse || i->mxcsr == MXCSR_START);
}

/* ---- switches ---- */

static int busy(int n, int rounds)
{
	struct image a, b;

	load(n);
	save(&a);
	while (rounds-- > 0) {
		sched_yield();
		save(&b);
		if (!same(&a, &b))
			return 1;
	}
	return 0;
}

/* Children that never call the kernel, so that only the timer switches between them. */
static int spin(int n)
{
	struct image a, b;

	load(n);
	save(&a);
	for (int i = 0; i < 20000; i++) {
		save(&b);
		if (!same(&a, &b))
			return 1;
	}
	return 0;
}

static void test_switches(void)
{
	int status, bad = 0;

	for (int i = 0; i < 4; i++)
		if (!fork())
			_exit(i < 2 ? busy(i + 3, 200) : spin(i + 7));
	bad = busy(99, 200);
	while (waitpid(-1, &status, 0) > 0)
		bad |= status;
	equal("state is kept over switches", bad, 0);
}

/* The upper half of an AVX register, over switches. */
static int wide(void)
{
	uint32_t mine[4] = { getpid(), 2, 3, 4 }, now[4];

	__asm__ volatile("vbroadcastf128 %0, %%ymm1" : : "m"(mine));
	for (int i = 0; i < 200; i++) {
		sched_yield();
		__asm__ volatile("vextractf128 $1, %%ymm1, %0" : "=m"(now));
		if (memcmp(mine, now, sizeof(mine)))
			return 1;
	}
	return 0;
}

static void test_avx(void)
{
	int status[2] = { -1, -1 };

	for (int i = 0; i < 2; i++)
		if (!fork())
			_exit(wide());
	for (int i = 0; i < 2; i++)
		waitpid(-1, &status[i], 0);
	for (int i = 0; i < 2; i++)
		equal("AVX's registers are each task's own, or there are none", status[i] & ~0x80, avx ? 0 : SIGILL);
}

static void test_fork(void)
{
	struct image a, b;
	int status;

	load(21);
	save(&a);
	int pid = fork();
	save(&b);
	if (!pid)
		_exit(same(&a, &b) ? 0 : 1);
	ok(same(&a, &b), "fork keeps the parent's state");
	waitpid(pid, &status, 0);
	equal("and gives a copy to the child", status, 0);
}

static int child_exec(void)
{
	char *words[] = { "fpu", "clean", NULL };

	load(33);
	execve("/proc/self/exe", words, environ);	/* argv[0] may be no path */
	return 2;
}

/* ---- signals ---- */

static struct image inside;
static uint16_t frame_cw;
static uint32_t frame_mxcsr, frame_magic, frame_pi[2];
static volatile bool edit;

static void on_signal(int sig, siginfo_t *info, struct ucontext *uc)
{
	struct fpstate *f = PTR(uc->uc_mcontext.fpstate);

	(void)sig, (void)info;
	save(&inside);
	frame_cw = f->cw, frame_mxcsr = f->mxcsr, frame_magic = f->magic;
	memcpy(frame_pi, f->st[1], 8);
	if (edit) {
		f->xmm[3][5] = 0xe5;
		f->fxsr_env[0] = (f->fxsr_env[0] & 0xffff0000) | 0x37f;
		f->mxcsr = 0x1fa0;
		f->cw = 0x37f;
	}
	load(77);
}

static void test_signal(void)
{
	struct image a, b;

	signal_info(SIGUSR1, on_signal, 0);
	load(41);
	save(&a);
	raise(SIGUSR1);
	save(&b);
	ok(same(&a, &b), "a handler's floating point doesn't show outside");
	ok(clean(&inside), "a handler starts with a clean state");
	equal("its frame holds the control word", frame_cw & 0xffff, 0x27f);
	ok(!sse || frame_magic == 0, "its frame says that the SSE part is there");
	ok(!sse || frame_mxcsr == 0x3f80, "its frame holds MXCSR");
	ok(frame_pi[0] == 0x2168c235 && frame_pi[1] == 0xc90fdaa2, "its frame holds the x87 registers");
	edit = true;
	raise(SIGUSR1);
	edit = false;
	save(&b);
	ok(!sse || b.xmm[3][5] == 0xe5, "an edit of an SSE register takes effect");
	ok(!sse || b.mxcsr == 0x1fa0, "an edit of MXCSR takes effect");
	equal("an edit of the control word takes effect", b.cw, 0x37f);
}

/* ---- exceptions ---- */

static volatile int last_code, last_trap;
static void on_fpe(int sig, siginfo_t *info, struct ucontext *uc)
{
	struct fpstate *f = PTR(uc->uc_mcontext.fpstate);

	last_code = sig == SIGFPE ? info->si_code : -1;
	last_trap = uc->uc_mcontext.trapno;
	f->cw = CW_START, f->sw = 0;
	f->fxsr_env[0] = CW_START;		/* cw and sw of the other image */
	f->mxcsr = MXCSR_START;
}

static void x87_divide(void)
{
	uint16_t cw = CW_START & ~4;

	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait; fninit" : : "m"(cw));
}

static void x87_invalid(void)
{
	uint16_t cw = CW_START & ~1;

	__asm__ volatile("fninit; fldcw %0; fldz; fldz; fdivrp; fwait; fninit" : : "m"(cw));
}

static void raised(const char *name, void (*fn)(void), int code, int trap)
{
	last_code = last_trap = 0;
	fn();
	equal(name, last_code << 8 | last_trap, code << 8 | trap);
}

static void test_exceptions(void)
{
	signal_info(SIGFPE, on_fpe, 0);
	raised("x87 division by zero", x87_divide, FPE_FLTDIV, 16);
	raised("x87 invalid operation", x87_invalid, FPE_FLTINV, 16);
}

int main(int argc, char **argv)
{
	struct image first;

	(void)argv;
	detect();
	save(&first);
	if (argc > 1)
		return clean(&first) ? 0 : 1;
	plan(18);
	ok(clean(&first), "a program starts with a clean state");
	test_switches();
	test_avx();
	test_fork();
	equal("exec starts with a clean state", in_child(child_exec), 0);
	test_signal();
	test_exceptions();
	return done();
}
