/* SPDX-License-Identifier: MIT */
/* Device nodes: an inode with a number; what it does is looked up when it is opened. */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include "kernel/file.h"

/*
 * Of nodes: open puts the device's own in its place, -ENXIO for a number without a
 * device. Until then, and in a file opened with O_PATH, everything is refused.
 */
extern const struct file_ops node_file_ops;
extern const struct file_ops zero_file_ops;	/* /dev/zero, which can be mapped */
/*
 * Makes the folder /dev with null, zero, full, random, urandom and the links to the
 * descriptors.
 */
void device_init(void);

#endif
