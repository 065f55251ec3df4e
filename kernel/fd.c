/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the calls that are about descriptors: open, close, dup, fcntl.
 *
 * Open descriptors are known by a bit map, so that the lowest free one is found a word
 * at a time, and closing or copying a table touches the open ones only. A table that
 * has grown stays so.
 */
#include "kernel/fd.h"
#include "abi/resource.h"
#include "kernel/syscall.h"

/* ---- tables ---- */

int files_next(const struct files *files, int from)
{
	for (uint32_t fd = MAX(from, 0); fd < files->size; fd++)
		if (files->slots[fd])
			return fd;
	return -1;
}

/*
 * From the 32 embedded places to FD_MAX: a page of them. Half-way sizes would save
 * little and cost more code.
 */
static int grow(struct files *files)
{
	struct file **slots = kzalloc(FD_MAX * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memcpy(slots, files->first_slots, sizeof(files->first_slots));
	memset(&files->map[1], 0, sizeof(files->map) - sizeof(files->map[0]));
	files->slots = slots;
	files->size = FD_MAX;
	return 0;
}

/*
 * Fork does this each time, so the words of the map that are not in use stay as they
 * are.
 */
struct files *files_fork(struct files *from)
{
	struct files *files = kmalloc(sizeof(*files));

	if (!files)
		return NULL;
	memset(files, 0, offsetof(struct files, map[1]));
	files->users = 1;
	files->size = ARRAY_SIZE(files->first_slots);
	files->slots = files->first_slots;
	if (!from)
		return files;
	if (from->size > files->size && grow(files)) {
		kfree(files);
		return NULL;
	}
	for (uint32_t i = 0; i < from->size / 32; i++) {
		files->map[i] = from->map[i];
		for (uint32_t bits = from->map[i].open; bits; bits &= bits - 1) {
			uint32_t fd = i * 32 + __builtin_ctz(bits);
			files->slots[fd] = file_get(from->slots[fd]);
		}
	}
	return files;
}

struct files *files_get(struct files *files) { files->users++; return files; }

static inline void put_at(struct files *files, uint32_t fd, struct file *f, bool close_on_exec)
{
	files->slots[fd] = f;
	files->map[fd / 32].open |= 1u << fd % 32;
	files->map[fd / 32].cloexec |= (uint32_t)close_on_exec << fd % 32;
}

/* Takes the file out of an open descriptor; with it go the table's locks (kernel/lock.c). */
static inline struct file *take(struct files *files, uint32_t fd)
{
	struct file *f = files->slots[fd];
	uint32_t others = ~(1u << fd % 32);

	files->slots[fd] = NULL;
	files->map[fd / 32].open &= others;
	files->map[fd / 32].cloexec &= others;
	locks_drop_any(f, files);
	return f;
}

/* Closes what `bits`, a copy of a word of the map, says. */
static void close_word(struct files *files, uint32_t i, uint32_t bits)
{
	for (; bits; bits &= bits - 1)
		file_put(take(files, i * 32 + __builtin_ctz(bits)));
}

void files_put(struct files *files)
{
	if (--files->users)
		return;
	for (uint32_t i = 0; i < files->size / 32; i++)
		close_word(files, i, files->map[i].open);
	if (files->slots != files->first_slots)
		kfree(files->slots);
	kfree(files);
}

/*
 * A shared table that can't be copied for want of memory is closed in as it is: better
 * than leaking descriptors into the new program.
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
		close_word(files, i, files->map[i].cloexec);
}

/* ---- finding a free one ---- */

/* The first descriptor number that may not be used. */
static uint32_t limit(void) { return MIN(current->process->rlimits[RLIMIT_NOFILE][0], FD_MAX); }

/*
 * The lowest free descriptor >= from, and a place for it; -EMFILE, -ENOMEM. POSIX
 * promises the lowest one, and shells rely on it (close 0, open: the file is 0). The
 * table grows only below the limit.
 */
static int find_free(struct files *files, uint32_t from)
{
	uint32_t fd = MAX(files->size, from), taken_below = (1u << from % 32) - 1;

	for (uint32_t i = from / 32; i < files->size / 32; i++, taken_below = 0) {
		uint32_t free = ~(files->map[i].open | taken_below);
		if (free) {
			fd = i * 32 + __builtin_ctz(free);
			break;
		}
	}
	if (fd >= limit())
		return -EMFILE;
	return fd >= files->size && grow(files) ? -ENOMEM : (int)fd;
}

int fd_install(struct file *f, uint32_t from, bool close_on_exec)
{
	int fd = find_free(current->files, from);

	if (fd >= 0)
		put_at(current->files, fd, f, close_on_exec);
	return fd;
}

/* find_free(files, 0), quick when one of the first 32 will do. */
static inline int first_free(const struct task *self)
{
	uint32_t free = ~self->files->map[0].open, fd = free ? (uint32_t)__builtin_ctz(free) : FD_MAX;

	return likely(fd < self->process->rlimits[RLIMIT_NOFILE][0]) ? (int)fd : find_free(self->files, 0);
}

/* ---- open and close ---- */

/*
 * The descriptor is found first, so that no file is made or waited for in vain; the
 * open may sleep, and then somebody else may have taken the place. O_LARGEFILE and the
 * like have no meaning here; unknown flags are ignored, as on Linux.
 */
static inline long open_at(int dir, const char *path, uint32_t flags, uint32_t mode)
{
	const struct task *self = current;
	struct files *files = self->files;
	int fd = first_free(self);

	if (unlikely(fd < 0))
		return fd;
	struct file *f = file_open_user(dir, path, flags, mode);
	if (unlikely(IS_ERR_VALUE(f)))
		return (long)f;
	if (likely(!files->slots[fd])) {
		put_at(files, fd, f, flags & O_CLOEXEC);
		return fd;
	}
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_openat(int dir, const char *path, uint32_t flags, uint32_t mode) { return open_at(dir, path, flags, mode); }
long sys_open(const char *path, uint32_t flags, uint32_t mode) { return open_at(AT_FDCWD, path, flags, mode); }

/*
 * The place is free before the file is dropped: that may sleep, and its outcome is
 * nobody's concern.
 */
long sys_close(int fd)
{
	struct files *files = current->files;

	if (!fd_in(files, fd))
		return -EBADF;
	file_put(take(files, fd));
	return 0;
}

/* ---- dup ---- */

static long duplicate(struct file *f, uint32_t from, bool close_on_exec)
{
	int copy = fd_install(f, from, close_on_exec);

	if (copy >= 0)
		file_get(f);
	return copy;
}

long sys_dup(int fd)
{
	struct file *f = fd_file(fd);

	return f ? duplicate(f, 0, false) : -EBADF;
}

/* from != to. What was open at `to` is closed last, for that may sleep. */
static long duplicate_to(int from, uint32_t to, bool close_on_exec)
{
	struct files *files = current->files;
	struct file *f = fd_in(files, from);

	if (!f || to >= limit())
		return -EBADF;
	if (to >= files->size && grow(files))
		return -ENOMEM;
	struct file *old = files->slots[to] ? take(files, to) : NULL;
	put_at(files, to, file_get(f), close_on_exec);
	if (old)
		file_put(old);
	return to;
}

/*
 * The same number twice is no change for dup2, but must be open; for dup3 it is an
 * error.
 */
long sys_dup2(int from, int to)
{
	if (from == to)
		return fd_file(from) ? to : -EBADF;
	return duplicate_to(from, to, false);
}

long sys_dup3(int from, int to, uint32_t flags)
{
	if (from == to || (flags & ~O_CLOEXEC))
		return -EINVAL;
	return duplicate_to(from, to, flags & O_CLOEXEC);
}

/* ---- fcntl ---- */

int fd_set_cloexec(int fd, bool on)
{
	struct files *files = current->files;

	if (!fd_in(files, fd))
		return -EBADF;
	files->map[fd / 32].cloexec &= ~(1u << fd % 32);
	files->map[fd / 32].cloexec |= (uint32_t)on << fd % 32;
	return 0;
}

/* Of these flags F_SETFL changes; others that were given at open stay, silently. */
#define SETTABLE	(O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

/*
 * F_DUPFD at or above the limit is EINVAL, where dup would say EMFILE (POSIX). What concerns the
 * file, not the descriptor, is EBADF for O_PATH.
 */
long sys_fcntl(int fd, uint32_t cmd, uint32_t arg)
{
	struct file *f = fd_file(fd);

	if (!f || ((f->flags & O_PATH) && cmd > F_GETFL && cmd != F_DUPFD_CLOEXEC))
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return arg < limit() ? duplicate(f, arg, cmd == F_DUPFD_CLOEXEC) : -EINVAL;
	case F_GETFD:
		return current->files->map[fd / 32].cloexec >> fd % 32 & FD_CLOEXEC;
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		f->flags = (f->flags & ~SETTABLE) | (arg & SETTABLE);
		return 0;
	case F_GETLK ... F_SETLKW:
	case F_GETLK64 ... F_SETLKW64:
	case F_OFD_GETLK ... F_OFD_SETLKW:
		return lock_fcntl(f, fd, cmd, arg);
	case F_GETPIPE_SZ:
		return file_is_pipe(f) ? (long)PIPE_SIZE : -EBADF;
	default:
		return -EINVAL;
	}
}
