/* SPDX-License-Identifier: MIT */
/*
 * sigframes: what a handler finds on its stack and in its registers, what becomes of what it changes there, the
 * alternate stack, hardware exceptions, and returns by frames that make no sense.
 */
#include "user/libc/libc.h"
#include "user/libc/probe.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"
#include "user/libc/touch.h"

static volatile uint32_t handler_esp, handler_eflags;
static volatile int calls;
static struct ucontext context;
static siginfo_t info_seen;
static uint8_t other[16384] __attribute__((aligned(16)));
static void (*edit)(struct sigcontext *c);

static void on_info(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig;
	handler_esp = ADDR(__builtin_frame_address(0)) + 4;
	__asm__ volatile("pushfl; popl %0" : "=r"(handler_eflags));
	calls++;
	context = *uc;
	info_seen = *info;
	if (edit)
		edit(&uc->uc_mcontext);
}

static void set_registers(struct probe_regs *r)
{
	*r = (struct probe_regs){ .eax = __NR_tgkill, .ebx = getpid(), .ecx = gettid(), .edx = SIGUSR1, .esi = 0x11111111,
				  .edi = 0x22222222, .ebp = 0x33333333, .eflags = 0x202 | 0x400 | 0x1 | 0x40 };
}

static void test_registers(uint32_t flags, const char *kind)
{
	struct probe_regs r;
	char name[80];

	signal_info(SIGUSR1, on_info, flags);
	set_registers(&r);
	calls = 0;
	probe_call(ADDR(int80_stub), &r);
	snprintf(name, sizeof(name), "%s: the call's result survives its handler", kind);
	ok(calls == 1 && r.eax == 0, name);
	snprintf(name, sizeof(name), "%s: and so do the registers", kind);
	ok(r.ebx == (uint32_t)getpid() && r.edx == SIGUSR1 && r.esi == 0x11111111 && r.edi == 0x22222222 &&
	   r.ebp == 0x33333333 && r.esp == 0, name);
	snprintf(name, sizeof(name), "%s: and the flags", kind);
	equal(name, r.eflags & 0xcd5, 0x441);
	snprintf(name, sizeof(name), "%s: a handler starts with DF clear", kind);
	equal(name, handler_eflags & 0x400, 0);
	snprintf(name, sizeof(name), "%s: on a stack aligned as for a C function", kind);
	equal(name, handler_esp % 16, 12);
}

static void test_context(void)
{
	struct sigcontext *c = &context.uc_mcontext;

	ok(c->esi == 0x11111111 && c->edi == 0x22222222 && c->ebp == 0x33333333 && c->eax == 0, "context: registers");
	ok(c->cs == 0x73 || c->cs == 0x23, "context: user code segment");
	ok((c->ss == 0x7b || c->ss == 0x2b) && c->ds == c->ss && c->es == c->ss, "context: user data segment");
	equal("context: flags", c->eflags & 0xcd5, 0x441);
	ok(c->eip == ADDR(int80_stub) + 2 && c->esp == c->esp_at_signal, "context: eip and esp");
	ok(context.uc_sigmask == 0 && context.uc_link == 0 && c->oldmask == 0, "context: the mask");
	ok(c->fpstate != 0, "context: floating-point state");
	ok(info_seen.si_signo == SIGUSR1 && info_seen.si_code == SI_TKILL && info_seen.si_pid == getpid(), "siginfo");
}

/* A classic handler's frame starts with the return address, the signal and the sigcontext. */
static volatile uint32_t classic[4];
static void on_classic(int sig)
{
	uint32_t *frame = (uint32_t *)__builtin_frame_address(0) + 1;
	volatile struct sigframe *f = (struct sigframe *)frame;

	classic[0] = f->sig == sig;
	classic[1] = f->sc.esi;
	classic[2] = f->sc.oldmask;
	classic[3] = f->extramask[0];
	f->sc.edi = 0x55555555;
}

static void test_classic(void)
{
	struct probe_regs r;
	struct k_sigaction act = { .handler = ADDR(on_classic) };

	sigaction(SIGUSR1, &act, NULL);
	sigprocmask(SIG_SETMASK, SIGMASK(SIGUSR2) | SIGMASK(40), NULL);
	set_registers(&r);
	probe_call(ADDR(int80_stub), &r);
	sigset_t now;
	sigprocmask(SIG_SETMASK, 0, &now);
	ok(classic[0] && classic[1] == 0x11111111, "classic frame: signal and registers");
	ok(classic[2] == SIGMASK(SIGUSR2) && classic[3] == 1 << (40 - 33), "classic frame: both halves of the mask");
	ok(now == (SIGMASK(SIGUSR2) | SIGMASK(40)), "the mask is back");
	equal("an edit of the frame takes effect", r.edi, 0x55555555);
	equal("and nothing else changed", r.esi, 0x11111111);
}

static void edit_registers(struct sigcontext *c)
{
	c->ebx = 0xaaaa0001, c->esi = 0xaaaa0002, c->eax = 0xaaaa0003;
	c->eflags = (c->eflags & ~0x400) | 0x800 | 0x3000;
}

static void test_edit(void)
{
	struct probe_regs r;

	edit = edit_registers;
	signal_info(SIGUSR1, on_info, 0);
	set_registers(&r);
	probe_call(ADDR(int80_stub), &r);
	edit = NULL;
	ok(r.ebx == 0xaaaa0001 && r.esi == 0xaaaa0002 && r.eax == 0xaaaa0003, "edited registers take effect");
	equal("edited flags, too, but not IOPL", r.eflags & 0x3c00, 0x800);
	ok(r.eflags & 0x200, "interrupts stay on");
}

static void on_mask(int sig, siginfo_t *info, struct ucontext *uc)
{
	(void)sig, (void)info;
	uc->uc_sigmask = SIGMASK(SIGUSR2) | SIGMASK(SIGKILL) | SIGMASK(50);
}

static void test_edit_mask(void)
{
	sigset_t now;

	signal_info(SIGUSR1, on_mask, 0);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, 0, &now);
	ok(now == (SIGMASK(SIGUSR2) | SIGMASK(50)), "an edited mask takes effect, without SIGKILL");
}

/* ---- the alternate stack ---- */

static volatile int change_inside;
static stack_t inside;

static void on_stack(int sig, siginfo_t *info, struct ucontext *uc)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	on_info(sig, info, uc);
	sys(__NR_sigaltstack, NULL, &inside);
	change_inside = sys(__NR_sigaltstack, &none, NULL);
}

static bool on_other(uint32_t esp)
{
	return esp > ADDR(other) && esp < ADDR(other) + sizeof(other);
}

static void test_altstack(void)
{
	stack_t ss = { .ss_sp = ADDR(other), .ss_size = sizeof(other) }, old, odd = ss;

	sys(__NR_sigaltstack, NULL, &old);
	equal("no alternate stack at first", old.ss_flags, SS_DISABLE);
	odd.ss_size = 1000;
	equal("one that is too small", sys(__NR_sigaltstack, &odd, NULL), -ENOMEM);
	odd = ss, odd.ss_flags = 4;
	equal("one with unknown flags", sys(__NR_sigaltstack, &odd, NULL), -EINVAL);
	equal("sigaltstack", sys(__NR_sigaltstack, &ss, NULL), 0);
	sys(__NR_sigaltstack, NULL, &old);
	ok(old.ss_sp == ADDR(other) && old.ss_size == sizeof(other) && old.ss_flags == 0, "it tells");
	signal_info(SIGUSR1, on_stack, 0);
	raise(SIGUSR1);
	ok(!on_other(handler_esp) && inside.ss_flags == 0, "without SA_ONSTACK it is not used");
	sys(__NR_sigaltstack, &ss, NULL);
	signal_info(SIGUSR1, on_stack, SA_ONSTACK);
	raise(SIGUSR1);
	ok(on_other(handler_esp), "with SA_ONSTACK it is");
	equal("inside, it tells so", inside.ss_flags, SS_ONSTACK);
	equal("and can't be changed", change_inside, -EPERM);
	ok(context.uc_stack.ss_sp == ADDR(other) && context.uc_stack.ss_flags == 0, "the context names it");
	sys(__NR_sigaltstack, NULL, &old);
	equal("afterwards it is free again", old.ss_flags, 0);
	ss.ss_flags = SS_DISABLE;
	sys(__NR_sigaltstack, &ss, NULL);
	raise(SIGUSR1);
	ok(!on_other(handler_esp), "disabled, it is not used");
}

/* ---- exceptions ---- */

static const uint8_t code_div[] = { 0x31, 0xd2, 0x31, 0xc9, 0xf7, 0xf1, 0xc3 };		/* xor edx,edx; xor ecx,ecx; div ecx */
static const uint8_t code_ud2[] = { 0x90, 0x0f, 0x0b };
static const uint8_t code_int3[] = { 0xcc, 0xc3 };
static const uint8_t code_into[] = { 0xb0, 0x7f, 0x04, 0x01, 0xce, 0xc3 };		/* mov al,127; add al,1; into */
static const uint8_t code_cli[] = { 0xfa, 0xc3 };
static const uint8_t code_hlt[] = { 0xf4, 0xc3 };
static const uint8_t code_in[] = { 0xe4, 0x80, 0xc3 };					/* in al, 0x80 */
static const uint8_t code_cr[] = { 0x0f, 0x20, 0xc0, 0xc3 };				/* mov eax, cr0 */
static const uint8_t code_int[] = { 0xcd, 0x20, 0xc3 };
static const uint8_t code_seg[] = { 0xb8, 0x10, 0, 0, 0, 0x8e, 0xe0, 0xc3 };		/* mov eax,0x10; mov fs,ax */

static const struct {
	const char *name;
	const uint8_t *code;
	uint8_t sig, code_no, trapno, eip;
	bool no_addr;
} exceptions[] = {
	{ "division by zero", code_div, SIGFPE, FPE_INTDIV, 0, 4, false },
	{ "ud2", code_ud2, SIGILL, ILL_ILLOPN, 6, 1, false },
	{ "int3", code_int3, SIGTRAP, SI_KERNEL, 3, 1, true },
	{ "into", code_into, SIGSEGV, SI_KERNEL, 4, 5, true },
	{ "cli", code_cli, SIGSEGV, SI_KERNEL, 13, 0, true },
	{ "hlt", code_hlt, SIGSEGV, SI_KERNEL, 13, 0, true },
	{ "in", code_in, SIGSEGV, SI_KERNEL, 13, 0, true },
	{ "mov from cr0", code_cr, SIGSEGV, SI_KERNEL, 13, 0, true },
	{ "int 0x20", code_int, SIGSEGV, SI_KERNEL, 13, 0, true },
	{ "load of a kernel segment", code_seg, SIGSEGV, SI_KERNEL, 13, 5, true },
};

static void test_exceptions(void)
{
	char name[80];

	for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++) {
		const uint8_t *code = exceptions[i].code;
		int r = enter(code);
		snprintf(name, sizeof(name), "%s: signal", exceptions[i].name);
		equal(name, r == TOUCH_FAULT ? fault.sig : 0, exceptions[i].sig);
		snprintf(name, sizeof(name), "%s: code", exceptions[i].name);
		equal(name, fault.code, exceptions[i].code_no);
		snprintf(name, sizeof(name), "%s: trap number", exceptions[i].name);
		equal(name, fault.trapno, exceptions[i].trapno);
		snprintf(name, sizeof(name), "%s: where", exceptions[i].name);
		equal(name, fault.eip - ADDR(code), exceptions[i].eip);
		snprintf(name, sizeof(name), "%s: address", exceptions[i].name);
		equal(name, fault.addr, exceptions[i].no_addr ? 0 : fault.eip);
	}
}

static int single_step(void)
{
	uint32_t flags;

	signal_info(SIGTRAP, on_info, 0);
	__asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop; pushfl; andl $~0x100, (%%esp); popfl; nop; pushfl; popl %0"
			 : "=r"(flags));
	return calls == 5 && info_seen.si_code == TRAP_TRACE && !(flags & 0x100) && !(handler_eflags & 0x100) ? 0 : calls;
}

/* ---- frames that make no sense ---- */

static int bad_esp(void)
{
	__asm__ volatile("movl $16, %%esp; movl %0, %%eax; int $0x80; ud2" : : "i"(__NR_rt_sigreturn));
	return 1;
}

static int bad_classic_esp(void)
{
	__asm__ volatile("movl $0xfffffff0, %%esp; movl %0, %%eax; int $0x80; ud2" : : "i"(__NR_sigreturn));
	return 1;
}

static void edit_cs(struct sigcontext *c)
{
	c->cs = 0x60;
}

static void edit_ds(struct sigcontext *c)
{
	c->ds = c->es = 0x68;
}

static void edit_eip(struct sigcontext *c)
{
	c->eip = 0;
}

static void edit_fpstate(struct sigcontext *c)
{
	c->fpstate = 0xfffff000;
}

static int with_edit(void)
{
	signal_info(SIGUSR1, on_info, 0);
	raise(SIGUSR1);
	return 3;
}

/* The child's stack pointer is rubbish when the signal arrives: no frame can be built. */
static int no_stack(void)
{
	signal_info(SIGSEGV, on_info, 0);
	__asm__ volatile("movl $16, %%esp; movl $0, 0" : : : "memory");
	return 1;
}

/* SIGSEGV while it is blocked, and while it is ignored. */
static int fault_blocked(void)
{
	signal_info(SIGSEGV, on_info, 0);
	sigprocmask(SIG_BLOCK, SIGMASK(SIGSEGV), NULL);
	*(volatile int *)PTR(calls = 0) = 1;
	return 1;
}

static int fault_ignored(void)
{
	signal(SIGSEGV, PTR(SIG_IGN));
	*(volatile int *)PTR(calls = 0) = 1;
	return 1;
}

static void test_bad_frames(void)
{
	static const struct {
		const char *name;
		int (*fn)(void);
		void (*edit)(struct sigcontext *c);
		int status;		/* -1: kernels differ, but it ends or goes on as a user program */
	} bad[] = {
		{ "rt_sigreturn with esp in nowhere", bad_esp, NULL, SIGSEGV },
		{ "sigreturn with esp in kernel space", bad_classic_esp, NULL, SIGSEGV },
		{ "return to eip 0", with_edit, edit_eip, SIGSEGV },
		{ "return with a bad floating-point pointer", with_edit, edit_fpstate, SIGSEGV },
		{ "return to a kernel code segment", with_edit, edit_cs, -1 },
		{ "return with kernel data segments", with_edit, edit_ds, -1 },
		{ "a handler without a stack", no_stack, NULL, SIGSEGV },
		{ "a fault with its signal blocked", fault_blocked, NULL, SIGSEGV },
		{ "a fault with its signal ignored", fault_ignored, NULL, SIGSEGV },
	};

	signal(SIGSEGV, PTR(SIG_DFL)), signal(SIGILL, PTR(SIG_DFL));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		edit = bad[i].edit;
		int status = in_child(bad[i].fn) & ~0x80;
		if (bad[i].status == -1)
			ok(status == SIGSEGV || status == SIGILL || status == W_EXITCODE(3, 0), bad[i].name);
		else
			equal(bad[i].name, status, bad[i].status);
	}
	edit = NULL;
}

int main(void)
{
	plan(99);
	test_registers(0, "rt");
	test_context();
	test_registers(SA_NODEFER, "nodefer");
	test_classic();
	test_edit();
	test_edit_mask();
	test_altstack();
	touch_catch();
	test_exceptions();
	calls = 0;
	equal("single-stepping", in_child(single_step), 0);
	test_bad_frames();
	return done();
}
