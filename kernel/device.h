/* SPDX-License-Identifier: MIT */
/*
 * Device nodes: an inode with a number; what it does is looked up when it is opened.
 */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include "kernel/file.h"

/* Of nodes: open puts the device's own in its place; -ENXIO for a number without a device. */
extern const struct file_ops device_node_ops;
extern const struct file_ops zero_file_ops;	/* /dev/zero, which can be mapped */
/* Gives an inode, whose reference is taken over, a name in /dev, unless that is taken. */
void device_name(const char *name, struct inode *inode);
void device_init(void);				/* registers null, zero, full, random, urandom */

#endif
