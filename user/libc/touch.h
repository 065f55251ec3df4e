/* SPDX-License-Identifier: MIT */
/*
 * Single accesses that may fault, and what the fault was: for tests of protection and of exceptions.
 *
 * touch_catch() installs the handler (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP; on the alternate stack if there is
 * one). Then peek, poke and enter return TOUCH_FAULT if the access faulted and leave its story in `fault`. One access
 * at a time; a fault outside of these functions ends the process with status 99.
 */
#ifndef USER_LIBC_TOUCH_H
#define USER_LIBC_TOUCH_H

#include <stdint.h>

#define TOUCH_FAULT (-1)

struct fault {
	int sig;
	int code;		/* si_code */
	uint32_t addr;		/* si_addr */
	uint32_t eip, trapno, err, cr2, eflags;
};
extern struct fault fault;

void touch_catch(void);
int peek(const volatile void *p);	/* the byte there */
int poke(volatile void *p, int byte);	/* 0 */
int enter(const void *code);		/* calls it: what it leaves in eax */

/* touch.asm, for the handler: the stack pointer of the access under way, 0 if none; where to continue. */
extern uint32_t touch_esp;
extern char touch_failed[];

#endif
