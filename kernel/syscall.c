/* SPDX-License-Identifier: MIT */
/*
 * The call table, made from kernel/syscalls.def. Numbers without a line lead to sys_ni_syscall, as
 * do numbers beyond (entry.asm).
 *
 * Each function has its own type; the table holds them as what entry.asm calls, six words by the
 * kernel's calling convention, of which a function looks at those it declares.
 */
#include "kernel/syscall.h"

long sys_ni_syscall(void) { return -ENOSYS; }

#define SYSCALL(nr, name, ...)		[nr] = (syscall_fn)(void *)sys_##name,
#define SYSCALL_AS(nr, name, function)	[nr] = (syscall_fn)(void *)sys_##function,
#define SYSCALL_IS(nr, name, call, ...)	[nr] = (syscall_fn)(void *)sys_##name,

#pragma GCC diagnostic ignored "-Woverride-init"	/* the lines stand over the default */
syscall_fn syscall_table[SYSCALL_MAX] RO_AFTER_INIT = {
	[0 ... SYSCALL_MAX - 1] = (syscall_fn)(void *)sys_ni_syscall,
#include "kernel/syscalls.def"
};
