/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: the lowest free number first, close-on-exec as a bit map, 32
 * places embedded and 1,024 once they are needed.
 *
 * A place that is taken always holds a file, and its bit in `open` is set; the
 * close-on-exec bit of a free one is clear.
 */
#ifndef KERNEL_FD_H
#define KERNEL_FD_H

#include "abi/fcntl.h"
#include "kernel/file.h"
#include "kernel/task.h"

#define FD_MAX	1024u		/* the hard limit of RLIMIT_NOFILE can't exceed it */

struct files {
	uint32_t users;			/* tasks */
	uint32_t size;			/* places: 32 or FD_MAX */
	struct file **slots;		/* NULL: free */
	struct file *first_slots[32];	/* until more are needed; then a page of FD_MAX places takes over */
	struct { uint32_t open, cloexec; } map[FD_MAX / 32];	/* of 32 descriptors each; valid up to size */
};

/* The file of a descriptor, not referenced; NULL: EBADF. Valid until the caller sleeps. */
static inline struct file *fd_in(const struct files *files, int fd)
{
	return __builtin_expect((uint32_t)fd < files->size, 1) ? files->slots[fd] : NULL;
}

static inline struct file *fd_file(int fd) { return fd_in(current->files, fd); }
/*
 * As fd_file, but NULL also for what is open by O_PATH only, which most calls refuse
 * with EBADF.
 */
static inline struct file *fd_usable(int fd)
{
	struct file *f = fd_in(current->files, fd);

	return f && !(f->flags & O_PATH) ? f : NULL;
}

/*
 * Gives f (whose reference is taken over) the lowest free descriptor >= from of
 * current: the descriptor, or -EMFILE, -ENOMEM, and then f is as before.
 */
int fd_install(struct file *f, uint32_t from, bool close_on_exec);
int fd_set_cloexec(int fd, bool on);	/* 0 or -EBADF */

extern struct list locks;		/* kernel/lock.c: of all files */
void locks_drop(const struct inode *inode, const void *owner, bool whole);	/* whole: flock's alone */
/* The file is closed: what the owner, a descriptor table or the file itself, has locked in it is free. */
static inline void locks_drop_any(const struct file *f, const void *owner)
{
	if (__builtin_expect(!list_empty(&locks), 0))
		locks_drop(f->inode, owner, false);
}
long lock_fcntl(struct file *f, int fd, uint32_t cmd, uint32_t arg);

#endif
