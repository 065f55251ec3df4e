/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the calls that only move descriptors: close, dup, fcntl.
 *
 * A table knows its open descriptors by a bit map, so that the lowest free one is found a word at a
 * time, and closing or copying touches the open ones only. It grows by doubling: one block with the
 * places and both maps; it never shrinks. A place that is taken always holds a file. Record locks
 * succeed at once: they would only matter between users that are not there.
 */
#include "kernel/fd.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/lib.h"
#include "kernel/pipe.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

struct file *files_file(const struct files *files, int fd)
{
	return fd_in(files, fd);
}

struct file *fd_file(int fd)
{
	return fd_in(current->files, fd);
}

int files_next(const struct files *files, int from)
{
	for (uint32_t fd = MAX(from, 0); fd < files->size; fd++)
		if (files->slots[fd])
			return fd;
	return -1;
}

/* Room for `size` descriptors, a power of two above 32. */
static int grow(struct files *files, uint32_t size)
{
	struct file **slots = kzalloc(size * sizeof(*slots) + 2 * (size / 8));

	if (!slots)
		return -ENOMEM;
	uint32_t *open = (uint32_t *)(slots + size), *cloexec = open + size / 32;
	memcpy(slots, files->slots, files->size * sizeof(*slots));
	memcpy(open, files->open, files->size / 8);
	memcpy(cloexec, files->cloexec, files->size / 8);
	if (files->slots != files->first_slots)
		kfree(files->slots);
	files->slots = slots;
	files->open = open;
	files->cloexec = cloexec;
	files->size = size;
	return 0;
}

/* Zeroed: every place free, nothing to close. */
static struct files *files_new(uint32_t size)
{
	struct files *files = kzalloc(sizeof(*files));

	if (!files)
		return NULL;
	files->users = 1;
	files->size = 32;
	files->slots = files->first_slots;
	files->open = &files->first_open;
	files->cloexec = &files->first_cloexec;
	if (size > 32 && grow(files, size) < 0) {
		kfree(files);
		return NULL;
	}
	return files;
}

/* Only descriptors that are open cost anything. */
struct files *files_fork(struct files *from)
{
	struct files *files = files_new(from ? from->size : 32);

	if (!files || !from)
		return files;
	for (uint32_t i = 0; i < from->size / 32; i++) {
		files->cloexec[i] = from->cloexec[i];
		files->open[i] = from->open[i];
		for (uint32_t bits = from->open[i]; bits; bits &= bits - 1) {
			uint32_t fd = i * 32 + __builtin_ctz(bits);
			files->slots[fd] = file_get(from->slots[fd]);
		}
	}
	return files;
}

struct files *files_get(struct files *files)
{
	files->users++;
	return files;
}

/* Closes what stands in word i of a map. */
static void close_word(struct files *files, uint32_t i, uint32_t bits)
{
	for (; bits; bits &= bits - 1)
		file_put(fd_take(files, i * 32 + __builtin_ctz(bits)));
}

void files_put(struct files *files)
{
	if (--files->users)
		return;
	for (uint32_t i = 0; i < files->size / 32; i++)
		close_word(files, i, files->open[i]);
	if (files->slots != files->first_slots)
		kfree(files->slots);
	kfree(files);
}

/*
 * A shared table that can't be copied for want of memory is closed in as it is: better than leaking
 * descriptors into the new program.
 */
void files_close_on_exec(void)
{
	struct files *files = current->files;

	if (files->users > 1 && (files = files_fork(current->files))) {
		files_put(current->files);
		current->files = files;
	}
	files = current->files;
	for (uint32_t i = 0; i < files->size / 32; i++)
		close_word(files, i, files->cloexec[i]);
}

/* The lowest free descriptor >= from; files->size when all are taken. */
static uint32_t lowest_free(const struct files *files, uint32_t from)
{
	uint32_t taken_below = (1u << from % 32) - 1;

	for (uint32_t i = from / 32; i < files->size / 32; i++, taken_below = 0) {
		uint32_t free = ~(files->open[i] | taken_below);
		if (likely(free))
			return i * 32 + __builtin_ctz(free);
	}
	return MAX(files->size, from);
}

/* The first descriptor number that may not be used. */
static uint32_t fd_limit(void)
{
	return MIN(current->process->rlimits[RLIMIT_NOFILE][0], FD_MAX);
}

/* Makes place for descriptor fd, which is below FD_MAX. */
static int make_place(struct files *files, uint32_t fd)
{
	uint32_t size = files->size;

	while (size <= fd)
		size *= 2;
	return size == files->size ? 0 : grow(files, size);
}

/*
 * The lowest free descriptor >= from, and a place for it; -EMFILE, -ENOMEM. The table grows only
 * below the limit.
 */
static int find_free(struct files *files, uint32_t from)
{
	uint32_t fd = lowest_free(files, from);

	if (fd >= fd_limit())
		return -EMFILE;
	int error = fd < files->size ? 0 : make_place(files, fd);
	return error ? error : (int)fd;
}

int fd_install(struct file *f, uint32_t from, bool close_on_exec)
{
	int fd = find_free(current->files, from);

	if (fd >= 0)
		fd_put_at(current->files, fd, f, close_on_exec);
	return fd;
}

int fd_find_free_far(void)
{
	return find_free(current->files, 0);
}

/* Somebody was quicker. */
int fd_install_elsewhere(struct file *f, bool close_on_exec)
{
	int fd = fd_install(f, 0, close_on_exec);

	if (fd < 0)
		file_put(f);
	return fd;
}

/*
 * The place is free before the file is dropped: that may sleep, and its outcome is nobody's
 * concern.
 */
long sys_close(int fd)
{
	struct files *files = current->files;

	if (!fd_in(files, fd))
		return -EBADF;
	file_put(fd_take(files, fd));
	return 0;
}

/* Another descriptor for the same file. */
static int duplicate(int fd, uint32_t from, bool close_on_exec)
{
	struct file *f = fd_in(current->files, fd);

	if (!f)
		return -EBADF;
	if (from >= fd_limit())
		return -EINVAL;
	int copy = fd_install(f, from, close_on_exec);
	if (copy >= 0)
		file_get(f);
	return copy;
}

/* Unlike F_DUPFD this is EMFILE even with a limit of 0. */
long sys_dup(int fd)
{
	struct file *f = fd_in(current->files, fd);

	if (!f)
		return -EBADF;
	int copy = fd_install(f, 0, false);
	if (copy >= 0)
		file_get(f);
	return copy;
}

/* from != to. What was open at `to` is closed last, for that may sleep. */
static int duplicate_to(int from, uint32_t to, bool close_on_exec)
{
	struct files *files = current->files;
	struct file *f = fd_in(files, from), *old = NULL;

	if (!f || to >= fd_limit())
		return -EBADF;
	int error = make_place(files, to);
	if (error)
		return error;
	if (files->slots[to])
		old = fd_take(files, to);
	fd_put_at(files, to, file_get(f), close_on_exec);
	if (old)
		file_put(old);
	return to;
}

/* The same number twice is no change, but must be open. */
long sys_dup2(int from, int to)
{
	if (from == to)
		return fd_file(from) ? to : -EBADF;
	return duplicate_to(from, to, false);
}

/* The same number twice is an error here. */
long sys_dup3(int from, int to, uint32_t flags)
{
	if (from == to || (flags & ~O_CLOEXEC))
		return -EINVAL;
	return duplicate_to(from, to, flags & O_CLOEXEC);
}

int fd_set_cloexec(int fd, bool on)
{
	struct files *files = current->files;

	if (!fd_in(files, fd))
		return -EBADF;
	files->cloexec[fd / 32] &= ~(1u << fd % 32);
	if (on)
		files->cloexec[fd / 32] |= 1u << fd % 32;
	return 0;
}

/* "Nobody holds a lock": l_type, the first field of every struct flock. */
static int get_lock(uint32_t arg)
{
	int16_t type = F_UNLCK;

	return copy_to_user((void *)arg, &type, sizeof(type));
}

/* The rest of the flags stays as it was opened, silently. */
static int set_flags(struct file *f, uint32_t flags)
{
	uint32_t settable = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;

	f->flags = (f->flags & ~settable) | (flags & settable);
	return 0;
}

/* Commands before the check for O_PATH concern the descriptor; the others, the file. */
long sys_fcntl(int fd, uint32_t cmd, uint32_t arg)
{
	struct file *f = fd_in(current->files, fd);

	if (!f)
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(fd, arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return current->files->cloexec[fd / 32] >> fd % 32 & FD_CLOEXEC;
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	}
	if (f->flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_flags(f, arg);
	case F_GETLK:
	case F_GETLK64:
		return get_lock(arg);
	case F_SETLK:
	case F_SETLKW:
	case F_SETLK64:
	case F_SETLKW64:
		return 0;
	case F_GETPIPE_SZ:
		return file_is_pipe(f) ? (long)PIPE_SIZE : -EBADF;
	default:
		return -EINVAL;
	}
}
