/* SPDX-License-Identifier: MIT */
/*
 * /proc: files whose text is made when they are opened. kernel/proc.c holds the generators; the tree is looked up by kernel/inode.c.
 */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include <stddef.h>
#include <stdint.h>

struct inode;

/* The root inode of /proc, for the mount (kernel/proc.c). */
struct inode *proc_root(void);

#endif
