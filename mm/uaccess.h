/* SPDX-License-Identifier: MIT */
/*
 * Access to user memory. Each function checks the range, survives a fault, and opens the SMAP
 * window only around the access.
 *
 * The copies live in arch/x86/uaccess.asm with entries in the exception table (section .ex_table:
 * faulting address, fixup address): a fault that mm_fault can't serve continues at the fixup. The
 * only addresses above USER_END that a user pointer may name are the compat VDSO page and its data
 * page (T15), and only for reading; user_range_ok knows.
 */
#ifndef MM_UACCESS_H
#define MM_UACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool user_range_ok(const void *user, size_t n);		/* for reading: user half, or the compat VDSO pages */

/* 0, or -EFAULT (then part of the destination may have been written). */
int copy_from_user(void *to, const void *user, size_t n);
int copy_to_user(void *user, const void *from, size_t n);
int clear_user(void *user, size_t n);
/* Length without the NUL, -EFAULT, or -ENAMETOOLONG when size bytes hold no NUL. */
int strncpy_from_user(char *to, const char *user, size_t size);

/* Single words, aligned or not: 0 or -EFAULT. */
int get_user_u32(uint32_t *to, const void *user);
int put_user_u32(void *user, uint32_t value);

/* The fixup for a faulting kernel instruction, or 0. */
uint32_t fixup_for(uint32_t eip);

#endif
