/* SPDX-License-Identifier: MIT */
/*
 * Signal frames: what a handler finds on its stack, and the way back.
 *
 * From high to low: the FPU state, then struct sigframe or (SA_SIGINFO) struct rt_sigframe, so that
 * esp + 4 is a multiple of 16 at the handler's first instruction, as after a call. The FXSAVE image
 * is 64-byte aligned. Only what a program may look at is written. The handler returns to the
 * program's restorer, to the VDSO, or, where there is neither, to code in the frame.
 *
 * On the way back nothing in the frame is trusted: only selectors that ring 3 may hold, only flags
 * that it may change; else SIGSEGV.
 */
#include "arch/x86/desc.h"
#include "arch/x86/sigcontext.h"
#include "arch/x86/task_switch.h"
#include "kernel/syscall.h"
#include "vdso/vdso.h"

#define FXSAVE_ALIGN	64u
#define EFLAGS_OF	0x800u
#define EFLAGS_STATUS	0x0D5u		/* SF ZF AF PF CF */
#define EFLAGS_USER	(EFLAGS_AC | EFLAGS_RF | EFLAGS_OF | EFLAGS_DF | EFLAGS_TF | EFLAGS_STATUS)

/* What sigcontext.asm moves as blocks. */
_Static_assert(offsetof(struct sigcontext, eax) - offsetof(struct sigcontext, edi) == offsetof(struct regs, eax), "edi to eax");
_Static_assert(offsetof(struct sigcontext, ss) - offsetof(struct sigcontext, eip) == offsetof(struct regs, ss) - offsetof(struct regs, eip), "eip to ss");

/* pop eax; mov eax, 119; int 0x80    and    mov eax, 173; int 0x80 */
static const uint8_t code[8] = { 0x58, 0xB8, 119, 0, 0, 0, 0xCD, 0x80 };
static const uint8_t rt_code[8] = { 0xB8, 173, 0, 0, 0, 0xCD, 0x80, 0 };

/* The top belongs to it: a stack pointer there is one of an empty stack, which grows down. */
static bool on_altstack(const struct task *t, uint32_t esp)
{
	return esp > t->altstack.ss_sp && esp - t->altstack.ss_sp <= t->altstack.ss_size;
}

int altstack_flags(const struct task *t, uint32_t esp)
{
	return !t->altstack.ss_size ? SS_DISABLE : on_altstack(t, esp) ? SS_ONSTACK : 0;
}

int altstack_set(struct task *t, const stack_t *ss, uint32_t esp)
{
	if (on_altstack(t, esp))
		return -EPERM;
	if (ss->ss_flags & ~(SS_ONSTACK | SS_DISABLE) || ss->ss_flags == (SS_ONSTACK | SS_DISABLE))
		return -EINVAL;
	if (ss->ss_flags & SS_DISABLE) {
		t->altstack = (stack_t) { .ss_flags = SS_DISABLE };
		return 0;
	}
	if (ss->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack = *ss;
	return 0;
}

/* ---- there ---- */

/* Where the FPU state goes, below top; 0 when there is no room for it and the rest. */
static inline __attribute__((always_inline)) uint32_t place_fpu(const struct task *t, uint32_t esp, const struct k_sigaction *action)
{
	bool switched = action->flags & SA_ONSTACK && altstack_flags(t, esp) == 0;
	uint32_t top = switched ? t->altstack.ss_sp + t->altstack.ss_size : esp, fpu;

	if (top < PAGE_SIZE || top > USER_END)
		return 0;
	if (likely(cpu_has_fxsr))
		fpu = ((top - (sizeof(struct fpstate) - FPSTATE_FSAVE_SIZE)) & ~(FXSAVE_ALIGN - 1)) - FPSTATE_FSAVE_SIZE;
	else
		fpu = (top - FPSTATE_FSAVE_SIZE) & ~3u;
	if (t->altstack.ss_size && !switched && on_altstack(t, esp) && !on_altstack(t, fpu - sizeof(struct sigframe)))
		return 0;
	return fpu;
}

/* The return address; code in the frame, to be put there, if nothing else is there. */
static inline uint32_t choose_return(const struct k_sigaction *action, uint32_t trampoline, const void *retcode)
{
	uint32_t to = action->flags & SA_RESTORER ? action->restorer : trampoline;

	return likely(to) ? to : (uint32_t)retcode;
}

/*
 * The handler's registers: sig, info and uc are on its stack, and in eax, edx and ecx for handlers
 * that were compiled with regparm(3), as on Linux. DF clear is what the ABI wants of a function's
 * entry; with TF the handler itself would be stepped through; RF was about the instruction before.
 */
static inline void start_handler(struct regs *r, uint32_t handler, uint32_t frame, int sig, uint32_t info, uint32_t uc)
{
	r->eip = handler;
	r->esp = frame;
	r->eax = sig;
	r->edx = info;
	r->ecx = uc;
	r->ds = r->es = r->ss = USER_DS;
	r->cs = USER_CS;
	r->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
}

/* The mask that the frame keeps. */
static inline const sigset_t *old_mask(const struct task *t)
{
	return unlikely(t->restore_mask) ? &t->saved_mask : &t->blocked;
}

/*
 * Inlined into both who use it: it is the path that is counted (PERFORMANCE.md, row 4). The mask is
 * in two places, for history's sake: its lower word in the sigcontext, its upper in extramask.
 */
static inline __attribute__((always_inline)) int push_classic(struct task *t, struct regs *r, const struct k_sigaction *action, int sig,
								  const sigset_t *mask)
{
	uint32_t fpu = place_fpu(t, r->esp, action);
	struct sigframe *user = (struct sigframe *)(((fpu - sizeof(*user) + 4) & ~15u) - 4);
	struct sigframe_values v;

	v.fpstate = fpu;
	v.oldmask = *mask;
	v.extramask = *mask >> 32;
	v.sig = sig;
	v.pretcode = choose_return(action, vdso_sigreturn(t->mm), user->retcode);
	if (unlikely(!fpu) || fpu_to_frame((void *)fpu) || sigframe_save(user, &v, t))
		return -EFAULT;
	if (unlikely(v.pretcode == (uint32_t)user->retcode) && copy_to_user(user->retcode, code, sizeof(code)))
		return -EFAULT;
	start_handler(r, action->handler, (uint32_t)user, sig, 0, 0);
	return 0;
}

/*
 * Its head is put together here and copied in one piece; the sigcontext is moved without a copy
 * between, as in the classic frame; uc_sigmask comes behind it. retcode is always written:
 * debuggers know a signal frame by it even when the handler returns elsewhere.
 */
static __attribute__((noinline)) int push_rt(struct task *t, struct regs *r, const struct k_sigaction *action, const struct siginfo_head *info)
{
	uint32_t fpu = place_fpu(t, r->esp, action);
	struct rt_sigframe *user = (struct rt_sigframe *)(((fpu - sizeof(*user) + 4) & ~15u) - 4);
	struct sigframe_values v = { .fpstate = fpu, .oldmask = *old_mask(t) };
	struct rt_sigframe f;

	memset(&f, 0, offsetof(struct rt_sigframe, uc.uc_mcontext));
	f.pretcode = choose_return(action, vdso_rt_sigreturn(t->mm), user->retcode);
	f.sig = info->signo;
	f.pinfo = (uint32_t)&user->info;
	f.puc = (uint32_t)&user->uc;
	memcpy(&f.info, info, sizeof(*info));
	f.uc.uc_stack = t->altstack;
	f.uc.uc_stack.ss_flags = altstack_flags(t, r->esp);
	if (!fpu || fpu_to_frame((void *)fpu) || copy_to_user(user, &f, offsetof(struct rt_sigframe, uc.uc_mcontext)) ||
	    sigcontext_save(&user->uc.uc_mcontext, &v, t) || copy_to_user(&user->uc.uc_sigmask, old_mask(t), sizeof(sigset_t)) ||
	    copy_to_user(user->retcode, rt_code, sizeof(rt_code)))
		return -EFAULT;
	start_handler(r, action->handler, (uint32_t)user, f.sig, f.pinfo, f.puc);
	return 0;
}

/* What else changes when a handler starts; or what happens when its frame could not be built. */
static inline bool begin_handler(struct task *t, struct k_sigaction *action, int sig, int error)
{
	if (unlikely(error)) {
		if (sig == SIGSEGV)
			action->handler = SIG_DFL;
		force_signal_fault(SIGSEGV, SI_KERNEL, 0, t->trapno, t->error);
		return false;
	}
	t->restore_mask = false;
	t->blocked |= action->mask;
	if (!(action->flags & SA_NODEFER))
		*sigset_word(&t->blocked, sig) |= signal_bit(sig);
	if (action->flags & SA_RESETHAND)
		action->handler = SIG_DFL;
	return true;
}

/* From deliver_signals. */
bool signal_run_handler(struct task *t, struct k_sigaction *action, const struct siginfo_head *info)
{
	struct regs *r = task_user_regs(t);
	int sig = info->signo;

	if (action->flags & SA_SIGINFO)
		return begin_handler(t, action, sig, push_rt(t, r, action, info));
	return begin_handler(t, action, sig, push_classic(t, r, action, sig, old_mask(t)));
}

/*
 * Nothing else is to be done before ring 3, so the signal needs no queue: it would be the next to
 * be delivered. orig_eax = -1: the call is not one to be made again.
 */
long signal_self(int sig, int code_of)
{
	struct task *t = current;
	struct k_sigaction *action = &t->sighand->action[sig - 1];
	struct regs *r = task_user_regs(t);

	if (t->work || action->handler <= SIG_IGN || sigset_has(&t->blocked, sig) || signal_acts_at_once(sig))
		return -1;
	r->eax = 0;
	r->orig_eax = -1;
	if (likely(!(action->flags & SA_SIGINFO)))
		return begin_handler(t, action, sig, push_classic(t, r, action, sig, &t->blocked)) ? sig : 0;
	struct siginfo_head info = { .signo = sig, .code = code_of, .value = { t->process->pid } };
	return begin_handler(t, action, sig, push_rt(t, r, action, &info)) ? sig : 0;
}

/* ---- and back ---- */

/* The frame's selectors are not those in use. cs and ss may only be the user's own, or of its LDT, where iret has the last word. */
static __attribute__((noinline)) int restore_segments(struct regs *r, const struct sigcontext *user)
{
	struct sigcontext sc;

	if (copy_from_user(&sc, user, sizeof(sc)))
		return -EFAULT;
	if (((sc.cs | 3) != USER_CS && !selector_is_local(sc.cs)) || ((sc.ss | 3) != USER_DS && !selector_is_local(sc.ss)))
		return -EFAULT;
	if (!user_selector_ok(sc.ds) || !user_selector_ok(sc.es))
		return -EFAULT;
	user_segments_set(sc.fs, sc.gs);
	r->es = sc.es;
	r->ds = sc.ds;
	r->cs = sc.cs | 3;
	r->ss = sc.ss | 3;
	current->work |= WORK_SIGNAL;	/* then it is not SYSEXIT that returns, which would load the flat ones */
	return 0;
}

/* result: of sigcontext_restore or sigframe_restore, which have moved the registers */
static inline int restore_rest(struct task *t, struct regs *r, const struct sigcontext *user, const struct sigframe_values *v, int result)
{
	if (unlikely(result) && (result < 0 || restore_segments(r, user)))
		return -EFAULT;
	r->eflags = (r->eflags & ~EFLAGS_USER) | (v->eflags & EFLAGS_USER);
	r->orig_eax = -1;
	if (likely(v->fpstate))
		return fpu_from_frame((const void *)v->fpstate);
	fpu_reset(t->fpu);		/* a program that took the pointer out of its frame wants a fresh one */
	fpu_restore(t->fpu);
	return 0;
}

/*
 * The program is at the place it would have gone back to, or still in the trampoline. SIGSEGV
 * either way.
 */
static __attribute__((noinline)) long bad_frame(void)
{
	force_signal_fault(SIGSEGV, SI_KERNEL, 0, current->trapno, current->error);
	return 0;
}

/* The trampoline has popped the return address and sig. */
long sys_sigreturn(void)
{
	struct task *t = current;
	struct regs *r = task_user_regs(t);
	const struct sigframe *user = (const struct sigframe *)(r->esp - 8);
	struct sigframe_values v;

	if ((uint32_t)user > USER_END - sizeof(*user) || restore_rest(t, r, &user->sc, &v, sigframe_restore(r, user, &v)))
		return bad_frame();
	task_set_blocked(t, (sigset_t)v.extramask << 32 | v.oldmask);
	return r->eax;
}

/* The return address only. A stack in uc_stack that can't be set is no error. */
long sys_rt_sigreturn(void)
{
	struct task *t = current;
	struct regs *r = task_user_regs(t);
	const struct rt_sigframe *user = (const struct rt_sigframe *)(r->esp - 4);
	struct sigframe_values v;
	sigset_t mask;
	stack_t ss;

	if ((uint32_t)user > USER_END - sizeof(*user) || copy_from_user(&mask, &user->uc.uc_sigmask, sizeof(mask)) ||
	    copy_from_user(&ss, &user->uc.uc_stack, sizeof(ss)) ||
	    restore_rest(t, r, &user->uc.uc_mcontext, &v, sigcontext_restore(r, &user->uc.uc_mcontext, &v)))
		return bad_frame();
	task_set_blocked(t, mask);
	altstack_set(t, &ss, r->esp);
	return r->eax;
}

/*
 * Code in a frame on a stack that can't be executed: the handler returned to it, the processor
 * refused, and what the code would have done is done. Without NX, or with a VDSO, this is never
 * needed.
 */
bool sigframe_return_refused(struct regs *r)
{
	uint8_t text[sizeof(code)];

	if (!vdso_off() || copy_from_user(text, (const void *)r->eip, sizeof(text)))
		return false;
	if (!memcmp(text, code, sizeof(text))) {
		r->esp += 4;		/* pop eax */
		r->eax = sys_sigreturn();
		return true;
	}
	if (memcmp(text, rt_code, sizeof(text)))
		return false;
	r->eax = sys_rt_sigreturn();
	return true;
}
