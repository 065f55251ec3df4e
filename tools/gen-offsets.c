/* SPDX-License-Identifier: MIT */
/*
 * Layouts and constants for nasm, so that no offset is typed by hand.
 *
 * Never run, see tools/offsets.h; the result is offsets.inc.
 * Names: STRUCT_member; PV_OPS_sub_member for each hook of the table.
 */
#include "abi/errno.h"
#include "abi/lguest.h"
#include "abi/signal.h"
#include "arch/x86/desc.h"
#include "arch/x86/regs.h"
#include "arch/x86/sigcontext.h"
#include "arch/x86/traps.h"
#include "boot/window.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "pv/pv_ops.h"
#include "pv/trace.h"
#include "tools/offsets.h"
#include "vdso/data.h"

#define OP(sub, member)			OFFSET(PV_OPS_##sub##_##member, pv_ops, sub.member);

static void frame(void)
{
	OFFSET(REGS_ebp, regs, ebp);
	OFFSET(REGS_eax, regs, eax);
	OFFSET(REGS_es, regs, es);
	OFFSET(REGS_orig_eax, regs, orig_eax);
	OFFSET(REGS_eip, regs, eip);
	OFFSET(REGS_cs, regs, cs);
	OFFSET(REGS_eflags, regs, eflags);
	OFFSET(REGS_esp, regs, esp);
	OFFSET(REGS_ss, regs, ss);
	DEFINE(REGS_SIZE, sizeof(struct regs));
	DEFINE(EFLAGS_FIXED, EFLAGS_FIXED);
	DEFINE(EFLAGS_TF, EFLAGS_TF);
	DEFINE(EFLAGS_IF, EFLAGS_IF);
}

static void task(void)
{
	OFFSET(TASK_kernel_esp, task, kernel_esp);
	OFFSET(TASK_stack, task, stack);
	OFFSET(TASK_work, task, work);
	OFFSET(TASK_tls, task, tls);
	OFFSET(TASK_tls_used, task, tls_used);
	OFFSET(TASK_fpu, task, fpu);
	OFFSET(TASK_mm, task, mm);
	OFFSET(MM_pgd, mm, pgd);
	DEFINE(KERNEL_BASE, KERNEL_BASE);
	OFFSET(TASK_landing_pad, task, landing_pad);
	DEFINE(KSTACK_SIZE, KSTACK_SIZE);
	DEFINE(KSTACK_RESERVED, KSTACK_RESERVED);
	/* From a frame that came from ring 3 to the stack's top word, which points at the task. */
	DEFINE(FRAME_TASK, sizeof(struct regs) + KSTACK_RESERVED - sizeof(struct task *));
}

static void constants(void)
{
	DEFINE(USER_CS, USER_CS);
	DEFINE(USER_DS, USER_DS);
	DEFINE(USER_END, USER_END);
	DEFINE(SYSCALL_MAX, SYSCALL_MAX);
	DEFINE(EFAULT, EFAULT);
	DEFINE(TRAPS_WITH_ERROR, TRAPS_WITH_ERROR);
	DEFINE(TRACE_THUNKS, TRACE_THUNKS);
	DEFINE(FPSTATE_FSAVE_SIZE, FPSTATE_FSAVE_SIZE);
	OFFSET(FPSTATE_sw, fpstate, sw);
	OFFSET(FPSTATE_status, fpstate, status);
}

static void vdso(void)
{
	OFFSET(VDSO_SEQ, vdso_data, seq);
	OFFSET(VDSO_USABLE, vdso_data, usable);
	OFFSET(VDSO_TSC_BASE, vdso_data, tsc_base);
	OFFSET(VDSO_MULT, vdso_data, mult);
	OFFSET(VDSO_PRE_SHIFT, vdso_data, pre_shift);
	OFFSET(VDSO_BASE_NS, vdso_data, base_ns);
	DEFINE(VDSO_DATA_SIZE, sizeof(struct vdso_data));
}

/* arch/x86/sigcontext.asm */
static void signal_moves(void)
{
	OFFSET(REGS_ds, regs, ds);
	OFFSET(SC_GS, sigcontext, gs);
	OFFSET(SC_FS, sigcontext, fs);
	OFFSET(SC_ES, sigcontext, es);
	OFFSET(SC_DS, sigcontext, ds);
	OFFSET(SC_CS, sigcontext, cs);
	OFFSET(SC_SS, sigcontext, ss);
	OFFSET(SC_EFLAGS, sigcontext, eflags);
	OFFSET(SC_FPSTATE, sigcontext, fpstate);
	OFFSET(SC_OLDMASK, sigcontext, oldmask);
	OFFSET(SIGFRAME_pretcode, sigframe, pretcode);
	OFFSET(SIGFRAME_sig, sigframe, sig);
	OFFSET(SIGFRAME_sc, sigframe, sc);
	OFFSET(SIGFRAME_extramask, sigframe, extramask);
	OFFSET(SC_TRAPNO, sigcontext, trapno);
	OFFSET(SC_ERR, sigcontext, err);
	OFFSET(SC_CR2, sigcontext, cr2);
	OFFSET(TASK_trapno, task, trapno);
	OFFSET(TASK_error, task, error);
	OFFSET(TASK_cr2, task, cr2);
	DEFINE(USER_REGS, KSTACK_SIZE - KSTACK_RESERVED - sizeof(struct regs));
	OFFSET(FRAMEV_fpstate, sigframe_values, fpstate);
	OFFSET(FRAMEV_oldmask, sigframe_values, oldmask);
	OFFSET(FRAMEV_pretcode, sigframe_values, pretcode);
	OFFSET(FRAMEV_sig, sigframe_values, sig);
	OFFSET(FRAMEV_extramask, sigframe_values, extramask);
	OFFSET(FRAMEV_eflags, sigframe_values, eflags);
}

/*
 * For the unwind tables of the signal trampolines: from the stack pointer at their start to the
 * struct sigcontext.
 */
static void signal_frames(void)
{
	OFFSET(SC_EDI, sigcontext, edi);
	OFFSET(SC_ESI, sigcontext, esi);
	OFFSET(SC_EBP, sigcontext, ebp);
	OFFSET(SC_ESP, sigcontext, esp);
	OFFSET(SC_EBX, sigcontext, ebx);
	OFFSET(SC_EDX, sigcontext, edx);
	OFFSET(SC_ECX, sigcontext, ecx);
	OFFSET(SC_EAX, sigcontext, eax);
	OFFSET(SC_EIP, sigcontext, eip);
	DEFINE(RT_FRAME_SC, offsetof(struct rt_sigframe, uc) + offsetof(struct ucontext, uc_mcontext) - offsetof(struct rt_sigframe, sig));
	DEFINE(FRAME_SC, offsetof(struct sigframe, sc) - offsetof(struct sigframe, sig));
}

static void lguest(void)
{
	OFFSET(LGUEST_irq_enabled, lguest_data, irq_enabled);
	OFFSET(LGUEST_irq_pending, lguest_data, irq_pending);
	OFFSET(LGUEST_cr2, lguest_data, cr2);
	DEFINE(LGUEST_VECTOR, LGUEST_VECTOR);
	DEFINE(LGUEST_POWEROFF, LGUEST_POWEROFF);
	DEFINE(LHCALL_INIT, LHCALL_INIT);
	DEFINE(LHCALL_SHUTDOWN, LHCALL_SHUTDOWN);
	DEFINE(LHCALL_NEW_PGTABLE, LHCALL_NEW_PGTABLE);
	DEFINE(LHCALL_HALT, LHCALL_HALT);
	DEFINE(LHCALL_NOTIFY, LHCALL_NOTIFY);
	DEFINE(LHCALL_SEND_INTERRUPTS, LHCALL_SEND_INTERRUPTS);
	DEFINE(DOOR_MULTIBOOT1, DOOR_MULTIBOOT1);
	DEFINE(DOOR_MULTIBOOT2, DOOR_MULTIBOOT2);
	DEFINE(DOOR_PVH, DOOR_PVH);
	DEFINE(DOOR_LGUEST, DOOR_LGUEST);
	DEFINE(BOOT_LGUEST_MAPPED, BOOT_LGUEST_MAPPED);
}

void offsets(void)
{
	frame();
	task();
	constants();
	vdso();
	signal_frames();
	signal_moves();
	lguest();
#include "pv/ops.def"
}
