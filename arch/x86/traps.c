/* SPDX-License-Identifier: MIT */
/*
 * What becomes of exceptions.
 *
 * From ring 3: page faults go to the memory manager, everything else is a signal, with number,
 * si_code and address as Linux i386 gives them. From the kernel: an address of the user may be
 * made good by the memory manager; then the exception table says where to go on (user copies,
 * selectors that can't be loaded, iret); anything else is a bug of ours and a panic that says
 * what, where and by which way.
 *
 * Single-stepping: TF never stays live in the kernel. Only SYSENTER brings it in; that trap is
 * taken note of in the task's work and goes on at an entry that puts TF into the user's frame. All
 * handlers start with interrupts off.
 */
#include "arch/x86/traps.h"
#include "abi/errno.h"
#include "arch/x86/desc.h"
#include "kernel/ksyms.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define FAULT_WRITE	2u	/* error code of a page fault: Intel SDM volume 3, section 4.7 */
#define FAULT_USER	4u
#define FAULT_FETCH	16u
#define INT80_GATE	(0x80u << 3 | 2)	/* error code of an exception because of that gate: section 6.13 */
#define CR4_SMAP	(1u << 21)
#define FRAMES_MAX	32u
#define SYSENTER	0x340Fu	/* the instruction's bytes */
#define INT80_BYTES	2u

enum vector {
	DIVIDE, DEBUG, NMI, BREAKPOINT, OVERFLOW, BOUNDS, OPCODE, NO_FPU, DOUBLE_FAULT, BAD_TSS = 10, NOT_PRESENT, STACK, PROTECTION,
	PAGE_FAULT, X87 = 16, ALIGNMENT, MACHINE_CHECK, SIMD,
};

/* Vectors that are not here, and those without a signal, are not expected: SIGSEGV. */
static const struct trap { const char *name; uint8_t signal, code; bool has_address; } traps[32] = {
	[DIVIDE]	= { "division error", SIGFPE, FPE_INTDIV, true },
	[DEBUG]		= { "debug trap", SIGTRAP, TRAP_TRACE, true },
	[NMI]		= { .name = "NMI" },
	[BREAKPOINT]	= { "breakpoint", SIGTRAP, SI_KERNEL, false },
	[OVERFLOW]	= { "overflow", SIGSEGV, SI_KERNEL, false },
	[BOUNDS]	= { "bound range exceeded", SIGSEGV, SI_KERNEL, false },
	[OPCODE]	= { "invalid opcode", SIGILL, ILL_ILLOPN, true },
	[NO_FPU]	= { .name = "FPU not available" },
	[BAD_TSS]	= { "invalid TSS", SIGSEGV, SI_KERNEL, false },
	[NOT_PRESENT]	= { "segment not present", SIGBUS, SI_KERNEL, false },
	[STACK]		= { "stack segment fault", SIGBUS, SI_KERNEL, false },
	[PROTECTION]	= { "general protection fault", SIGSEGV, SI_KERNEL, false },
	[X87]		= { "x87 exception", SIGFPE, 0, true },
	[ALIGNMENT]	= { "alignment check", SIGBUS, BUS_ADRALN, false },
	[MACHINE_CHECK]	= { .name = "machine check" },
	[SIMD]		= { "SSE exception", SIGFPE, 0, true },
};

/* ---- reports ---- */

static bool same_stack(const void *a, const void *b) { return !(((uint32_t)a ^ (uint32_t)b) & ~(KSTACK_SIZE - 1)); }

/*
 * Each frame starts with the caller's frame pointer, then the return address; the caller's frame
 * is always higher, on the same stack. A call may be the last thing in its function, so it is the
 * byte before the return address that is looked up.
 */
void backtrace(const uint32_t *frame)
{
	const void *here = __builtin_frame_address(0);
	char name[64];

	if (!same_stack(frame, here) && !same_stack(frame, current->stack))
		return;
	for (unsigned i = 0; i < FRAMES_MAX && !((uint32_t)frame & 3) && same_stack(frame, frame + 1); i++) {
		const uint32_t *caller = (const uint32_t *)frame[0];

		if (!ksym_is_text(frame[1] - 1))
			return;
		klog("  %s\n", ksym_name(frame[1] - 1, name, sizeof(name)));
		if (caller <= frame || !same_stack(caller, frame))
			return;
		frame = caller;
	}
}

static void regs_log(const struct regs *r)
{
	uint32_t esp = from_user(r) ? r->esp : (uint32_t)&r->esp;

	klog("  eax 0x%08x ebx 0x%08x ecx 0x%08x edx 0x%08x\n  esi 0x%08x edi 0x%08x ebp 0x%08x esp 0x%08x\n",
	     r->eax, r->ebx, r->ecx, r->edx, r->esi, r->edi, r->ebp, esp);
	klog("  eip 0x%08x cs 0x%02x ds 0x%02x es 0x%02x eflags 0x%08x, task %d (%s)\n",
	     r->eip, r->cs & 0xFFFF, r->ds & 0xFFFF, r->es & 0xFFFF, r->eflags, current->pid, current->comm);
}

static void __attribute__((noreturn)) die_of_page_fault(const struct regs *r, uint32_t addr, uint32_t error)
{
	const char *access = error & FAULT_FETCH ? "fetch from" : error & FAULT_WRITE ? "write to" : "read of";
	const char *what = kstack_is_guard(addr) ? "kernel stack overflow" : "kernel page fault";
	char name[64];

	klog("\n");
	regs_log(r);
	panic("%s: %s 0x%08x at %s", what, access, addr, ksym_name(r->eip, name, sizeof(name)));
}

/* ---- page faults ---- */

static bool fix_up(struct regs *r)
{
	uint32_t to = fixup_for(r->eip);

	if (to)
		r->eip = to;
	return to;
}

/* The kernel runs no code of the user, and where SMAP watches, it opens user memory before it looks into it. */
static void check_supervisor_access(const struct regs *r, uint32_t addr, uint32_t error)
{
	char name[64];

	if (error & FAULT_FETCH)
		panic("SMEP: the kernel jumped to user memory at 0x%08x", addr);
	if (!(r->eflags & EFLAGS_AC) && pv_read_cr4() & CR4_SMAP) {
		regs_log(r);
		panic("SMAP: the kernel touched user memory at 0x%08x from %s", addr, ksym_name(r->eip, name, sizeof(name)));
	}
}

static void kernel_page_fault(struct regs *r, uint32_t addr, uint32_t error)
{
	int code;

	if (r->eflags & EFLAGS_IF || r->eip == (uint32_t)sysenter_argument)
		irq_enable();
	if (addr < USER_END) {
		check_supervisor_access(r, addr, error);
		if (!mm_fault(current->mm, addr, error, 0, &code))
			return;
	}
	if (!fix_up(r))
		die_of_page_fault(r, addr, error);
}

void page_fault(struct regs *r, uint32_t addr, uint32_t error)
{
	int code, sig;

	if (!from_user(r)) {
		kernel_page_fault(r, addr, error);
		return;
	}
	irq_enable();
	sig = mm_fault(current->mm, addr, error, r->esp, &code);
	if (sig && !(error & FAULT_FETCH && addr == r->eip && sigframe_return_refused(r)))
		force_signal_fault(sig, code, addr, PAGE_FAULT, error);
}

/* ---- the others ---- */

static void note_nmi(void) { klog("nmi: of unknown reason, ignored\n"); }

/* SYSENTER that faults becomes the int 0x80 before the landing pad, which is the same call once the sixth argument is in its register. */
static bool sysenter_refused(struct regs *r)
{
	uint16_t code;

	if (!current->landing_pad || (uint16_t)r->cs != USER_CS || copy_from_user(&code, (void *)r->eip, sizeof(code)) || code != SYSENTER)
		return false;
	r->esp = r->ebp;
	r->eip = current->landing_pad - INT80_BYTES;
	if (get_user_u32(&r->ebp, (void *)r->esp)) {
		r->eip = current->landing_pad;
		r->eax = -EFAULT;
	}
	return true;
}

static void user_exception(struct regs *r, uint32_t error, uint32_t vector)
{
	if (vector == PROTECTION && sysenter_refused(r))
		return;
	const struct trap *t = &traps[vector];
	int code = vector == X87 || vector == SIMD ? fpu_exception_code(vector == SIMD) : t->code;

	if (!t->signal)
		force_signal_fault(SIGSEGV, SI_KERNEL, 0, vector, error);
	else if (code)
		force_signal_fault(t->signal, code, t->has_address ? r->eip : 0, vector, error);
}

bool trap_was_int80(uint32_t vector, uint32_t error)
{
	return vector == BAD_TSS || (vector == PAGE_FAULT && !(error & FAULT_USER)) || (vector != PAGE_FAULT && error == INT80_GATE);
}

/* By a trap gate that a hypervisor sends here directly the frame's IF is 1 at all times; the platform's own is as it was. */
static void step_into_kernel(struct regs *r)
{
	r->eflags = (r->eflags & ~(EFLAGS_TF | EFLAGS_IF)) | (irq_save() & EFLAGS_IF);
	if (r->eip != (uint32_t)sysenter_entry)
		return;
	r->eip = (uint32_t)sysenter_stepped;
	current->work |= WORK_SINGLESTEP;
}

static void kernel_exception(struct regs *r, uint32_t error, uint32_t vector)
{
	const char *what = traps[vector].name;
	char name[64];

	if (vector == DEBUG) {
		step_into_kernel(r);
		return;
	}
	if (r->eflags & EFLAGS_NT) {	/* the user's, left live by a hypervisor: without it iret goes through */
		r->eflags &= ~EFLAGS_NT;
		return;
	}
	if (fix_up(r))
		return;
	klog("\n");
	regs_log(r);
	panic("kernel exception %u (%s), error 0x%x, at %s", vector, what ? what : "unexpected", error,
	      ksym_name(r->eip, name, sizeof(name)));
}

void exception(struct regs *r, uint32_t error, uint32_t vector)
{
	if (vector == NMI) {
		note_nmi();
	} else if (vector == MACHINE_CHECK) {
		panic("machine check");
	} else if (from_user(r)) {
		irq_enable();
		user_exception(r, error, vector);
	} else {
		kernel_exception(r, error, vector);
	}
}

void bad_return(struct regs *r)
{
	if (r != task_user_regs(current))
		panic("iret refused a frame of the kernel");
	r->cs |= 3;
	force_signal_fault(SIGSEGV, SI_KERNEL, 0, PROTECTION, 0);
}
