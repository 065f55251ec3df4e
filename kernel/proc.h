/* SPDX-License-Identifier: MIT */
/*
 * /proc: files whose text is made when they are opened. The tree is kernel/proc.c; what it looks like to the rest of
 * the kernel is one inode, which kernel/device.c and kernel/ramfs.c put under the name "proc" in the root.
 */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

struct inode;

/* The folder /proc, made at the first call; the caller takes a reference of its own. NULL: out of memory. */
struct inode *proc_root(void);

#endif
