/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: the lowest free number first, close-on-exec as a bit map, 32 places embedded,
 * more (up to 1,024) when they are needed.
 */
#ifndef KERNEL_FD_H
#define KERNEL_FD_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/file.h"
#include "kernel/task.h"

#define FD_MAX	1024u		/* the hard limit of RLIMIT_NOFILE can't exceed it */

struct files {
	uint32_t users;			/* tasks */
	uint32_t size;			/* places: a power of two, 32 to FD_MAX */
	struct file **slots;		/* NULL: free */
	uint32_t *open, *cloexec;	/* bit maps of size bits */
	struct file *first_slots[32];	/* until more are needed */
	uint32_t first_open, first_cloexec;
};

/* As files_file and fd_file (kernel/file.h), in line. */
static inline struct file *fd_in(const struct files *files, int fd)
{
	return __builtin_expect((uint32_t)fd < files->size, 1) ? files->slots[fd] : NULL;
}

/* As fd_file, but NULL also for what is open by O_PATH only, which most calls refuse with EBADF. */
static inline struct file *fd_usable(int fd)
{
	struct file *f = fd_in(current->files, fd);

	return f && !(f->flags & O_PATH) ? f : NULL;
}

/*
 * Gives f (whose reference is taken over) the lowest free descriptor >= from: the descriptor, or
 * -EMFILE, -ENOMEM, and then f is as before.
 */
int fd_install(struct file *f, uint32_t from, bool close_on_exec);
/*
 * For calls that open something: the descriptor it will get, before anything is done (-EMFILE,
 * -ENOMEM); and then the result of file_open, which goes there, or to another one if opening slept
 * and the place has been taken. Errors are passed on; f is taken over in any case.
 */
static inline int fd_find_free(void);
static inline int fd_install_found(struct file *f, int fd, bool close_on_exec);
int fd_set_cloexec(int fd, bool on);	/* 0 or -EBADF */

/* ---- in line, for open and close ---- */

int fd_find_free_far(void);		/* beyond the first 32, or none */
int fd_install_elsewhere(struct file *f, bool close_on_exec);

static inline void fd_put_at(struct files *files, uint32_t fd, struct file *f, bool close_on_exec)
{
	files->slots[fd] = f;
	files->open[fd / 32] |= 1u << fd % 32;
	if (close_on_exec)
		files->cloexec[fd / 32] |= 1u << fd % 32;
}

/* Takes the file out of an open descriptor. The close-on-exec bit goes too, so that free ones have none. */
static inline struct file *fd_take(struct files *files, uint32_t fd)
{
	struct file *f = files->slots[fd];
	uint32_t bit = 1u << fd % 32;

	files->slots[fd] = NULL;
	files->open[fd / 32] &= ~bit;
	if (files->cloexec[fd / 32] & bit)
		files->cloexec[fd / 32] &= ~bit;
	return f;
}

static inline int fd_find_free(void)
{
	const struct task *t = current;
	uint32_t free = ~*t->files->open, fd = free ? (uint32_t)__builtin_ctz(free) : FD_MAX;

	return __builtin_expect(fd < t->process->rlimits[RLIMIT_NOFILE][0], 1) ? (int)fd : fd_find_free_far();
}

static inline int fd_install_found(struct file *f, int fd, bool close_on_exec)
{
	struct files *files = current->files;

	if ((uint32_t)f >= (uint32_t)-MAX_ERRNO)
		return (int)f;
	if (files->slots[fd])
		return fd_install_elsewhere(f, close_on_exec);
	fd_put_at(files, fd, f, close_on_exec);
	return fd;
}

#endif
