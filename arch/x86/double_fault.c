/* SPDX-License-Identifier: MIT */
/*
 * The last report: a fault while a fault was being raised, mostly because the kernel stack has run
 * out.
 *
 * The processor switches to this task by its TSS: own stack, the kernel's own page tables,
 * interrupts off. What it interrupted stands in the other TSS. The task only reports and ends the
 * run. `current` is taken from the top word of whatever stack is in use, so the interrupted task's
 * pointer is copied there. Platforms that stop a guest at a double fault by themselves never come
 * here.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/desc.h"
#include "arch/x86/traps.h"
#include "kernel/ksyms.h"
#include "kernel/task.h"
#include "mm/page.h"

#define PUSHED	64u		/* a fault on the stack is that near to esp */

extern pgd_t kernel_pgd[PTRS_PER_PGD];	/* boot/start.asm */

struct tss double_fault_tss __attribute__((aligned(128)));
static char stack[KSTACK_SIZE] __attribute__((aligned(KSTACK_SIZE)));
static const struct tss *interrupted;

static struct task **top_word(uint32_t reserved_from) { return (struct task **)(reserved_from + KSTACK_RESERVED) - 1; }

static void __attribute__((noreturn)) report(void)
{
	const struct tss *t = interrupted;
	char name[64];

	*top_word((uint32_t)stack + KSTACK_SIZE - KSTACK_RESERVED) = *top_word(t->esp0);
	klog("\npanic: double fault%s at %s, esp 0x%08x\n",
	     kstack_is_guard(t->esp) || kstack_is_guard(t->esp - PUSHED) ? " (kernel stack overflow)" : "",
	     ksym_name(t->eip, name, sizeof(name)), t->esp);
	klog("  eax 0x%08x ebx 0x%08x ecx 0x%08x edx 0x%08x\n  esi 0x%08x edi 0x%08x ebp 0x%08x eflags 0x%08x\n",
	     t->eax, t->ebx, t->ecx, t->edx, t->esi, t->edi, t->ebp, t->eflags);
	backtrace((const uint32_t *)t->ebp);
	finish(OUTCOME_DOUBLE_FAULT, 0);
}

void double_fault_init(struct tss *other)
{
	interrupted = other;
	*top_word((uint32_t)stack + KSTACK_SIZE - KSTACK_RESERVED) = &idle_task;
	double_fault_tss = (struct tss) {
		.cr3 = virt_to_phys(kernel_pgd), .eip = (uint32_t)report, .eflags = EFLAGS_FIXED,
		.esp = (uint32_t)stack + KSTACK_SIZE - KSTACK_RESERVED,
		.cs = kernel_cs(), .ss = kernel_ds(), .ds = USER_DS, .es = USER_DS,
		.io_map = sizeof(struct tss),
	};
}

/* With a stack that is nowhere even the page fault can't be raised. */
void cpu_double_fault(void)
{
	asm volatile("movl %0,%%esp\n\tpushl %%eax" : : "r" (PUSHED) : "memory");
	__builtin_unreachable();
}
