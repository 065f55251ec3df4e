/* SPDX-License-Identifier: MIT */
/*
 * The handler behind touch.h: notes the fault and goes on at touch_failed by editing the saved esp, ss and eip.
 */
#include "user/libc/touch.h"

#include "user/libc/libc.h"

struct fault fault;

static void on_fault(int sig, siginfo_t *info, struct ucontext *uc)
{
	struct sigcontext *c = &uc->uc_mcontext;

	if (!touch_esp)
		_exit(99);
	fault = (struct fault){ sig, info->si_code, info->si_addr, c->eip, c->trapno, c->err, c->cr2, c->eflags };
	c->esp = touch_esp;
	c->eip = ADDR(touch_failed);
	__asm__("mov %%ss, %0" : "=r"(c->ss));	/* the flat one, whatever the access had */
}

void touch_catch(void)
{
	static const uint8_t sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

	for (size_t i = 0; i < sizeof(sigs); i++)
		signal_info(sigs[i], on_fault, SA_ONSTACK);
}
