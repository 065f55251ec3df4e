/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: 64 KiB of bytes between who writes and who reads. */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include "kernel/file.h"

#define PIPE_SIZE	65536u
#define PIPE_BUF	4096u	/* what is written at once up to this size stays together */

extern const struct file_ops pipe_file_ops;	/* also of FIFO nodes */
static inline bool file_is_pipe(const struct file *f) { return f->ops == &pipe_file_ops; }

#endif
