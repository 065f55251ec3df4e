/* SPDX-License-Identifier: MIT */
/*
 * System calls on open files: read and write in all their forms, seeking, truncation,
 * ioctl, sync.
 *
 * A call that may sleep holds the file for its duration, since another thread can close
 * the descriptor meanwhile. As on Linux a single transfer moves at most 0x7FFFF000
 * bytes (MAX_RW_COUNT), and 2 GiB or more are asked for in error. Whether the file is open the right way and has a position is
 * one bit of file->can.
 */
#include "abi/termios.h"
#include "abi/uio.h"
#include "kernel/fd.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"

#define MAX_TRANSFER	0x7FFFF000u
#define SMALL_VECTOR	8		/* elements that need no memory from the heap */

/* The file of fd if it can do this, else NULL. */
static inline struct file *file_that(int fd, uint32_t can)
{
	struct file *f = fd_in(current->files, fd);

	return likely(f && (f->can & can)) ? f : NULL;
}

/* ---- read and write ---- */

static __attribute__((noinline)) long closed_meanwhile(struct file *f, long done)
{
	file_put_last(f);
	return done;
}

/* The file is held for as long as it takes: another thread may close the descriptor. */
static inline __attribute__((always_inline)) long move(struct file *f, void *buf, uint32_t n, uint64_t *pos, bool write)
{
	file_get(f);
	long done = write ? f->ops->write(f, buf, n, pos) : f->ops->read(f, buf, n, pos);
	return likely(--f->count) ? done : closed_meanwhile(f, done);
}

/* Nothing, or very much. */
static __attribute__((noinline)) long move_odd(struct file *f, void *buf, uint32_t n, uint64_t *pos, bool write)
{
	if (!user_range_ok(buf, n))
		return -EFAULT;
	return n > INT32_MAX ? -EINVAL : move(f, buf, MIN(n, MAX_TRANSFER), pos, write);
}

static inline long transfer(struct file *f, void *buf, uint32_t n, uint64_t *pos, bool write)
{
	return likely(n - 1 < MAX_TRANSFER) ? move(f, buf, n, pos, write) : move_odd(f, buf, n, pos, write);
}

/* The hottest of all. */
long sys_read(int fd, void *buf, uint32_t n)
{
	struct file *f = file_that(fd, FILE_READ);

	return likely(f) ? transfer(f, buf, n, &f->pos, false) : -EBADF;
}

long sys_write(int fd, const void *buf, uint32_t n)
{
	struct file *f = file_that(fd, FILE_WRITE);

	return likely(f) ? transfer(f, (void *)buf, n, &f->pos, true) : -EBADF;
}

/* A transfer must end below 2^63: the last 4 GiB before that are too near. */
static inline bool position_ok(int64_t pos) { return (uint32_t)(pos >> 32) < INT32_MAX; }

/* Why pread or pwrite can't be, in Linux's order; one of its reasons holds. suitable: the file can do it, so the position can't be. */
static long position_error(int fd, int64_t pos, bool suitable)
{
	const struct file *f = fd_usable(fd);

	if (pos < 0 || suitable)
		return -EINVAL;
	return f && !(f->can & FILE_SEEK) ? -ESPIPE : -EBADF;
}

/* The position comes in two words on the stack, the low one first, as the compiler would pass it. */
long sys_pread64(int fd, void *buf, uint32_t n, int64_t pos)
{
	struct file *f = file_that(fd, FILE_PREAD);

	return likely(f && position_ok(pos)) ? transfer(f, buf, n, (uint64_t *)&pos, false) : position_error(fd, pos, f);
}

long sys_pwrite64(int fd, const void *buf, uint32_t n, int64_t pos)
{
	struct file *f = file_that(fd, FILE_PWRITE);

	return likely(f && position_ok(pos)) ? transfer(f, (void *)buf, n, (uint64_t *)&pos, true) : position_error(fd, pos, f);
}

/*
 * Copies a vector in and checks it before anything is moved: no length of 2 GiB or
 * more, no address of the kernel's.
 */
static int read_vector(struct iovec *to, const struct iovec *user, int n)
{
	if (copy_from_user(to, user, n * sizeof(*to)))
		return -EFAULT;
	for (int i = 0; i < n; i++) {
		if (to[i].iov_len > INT32_MAX)
			return -EINVAL;
		if (!user_range_ok((void *)to[i].iov_base, to[i].iov_len))
			return -EFAULT;
	}
	return 0;
}

/*
 * A vector is as good as one transfer in order: an error after the first bytes is not
 * told, for they are gone. So the elements are served one after another, until one is
 * served only in part.
 */
static long transfer_vector(struct file *f, const struct iovec *v, int n, bool write)
{
	long done = 0, part;
	uint32_t left = MAX_TRANSFER;

	for (int i = 0; i < n && left; i++) {
		uint32_t len = MIN(v[i].iov_len, left);
		void *buf = (void *)v[i].iov_base;
		if (!len)
			continue;
		part = transfer(f, buf, len, &f->pos, write);
		if (part < 0)
			return done ? done : part;
		done += part;
		left -= part;
		if ((uint32_t)part < len)
			break;
	}
	return done;
}

/*
 * readv and writev (kernel/syscalls.def). That the descriptor is not open the right way is told
 * before anything else. An empty vector is fine.
 */
long transfer_user_vector(int fd, const struct iovec *user, int n, bool write)
{
	struct iovec small[SMALL_VECTOR], *heap AUTO_FREE = NULL, *v = small;
	struct file *f = file_that(fd, write ? FILE_WRITE : FILE_READ);

	if (!f)
		return -EBADF;
	if ((uint32_t)n > UIO_MAXIOV)
		return -EINVAL;
	if (n > SMALL_VECTOR && !(v = heap = kmalloc(n * sizeof(*v))))
		return -ENOMEM;
	long done = read_vector(v, user, n);
	if (!done) {
		file_get(f);
		done = (write && file_is_pipe(f) ? pipe_wait_room(f, v, n) : 0) ?: transfer_vector(f, v, n, write);
		file_put(f);
	}
	return done;
}

/* ---- position and control ---- */

/* SEEK_DATA and SEEK_HOLE (3 and 4) are known to pipes at least. */
static int64_t seek(int fd, int64_t offset, int whence)
{
	struct file *f = fd_usable(fd);

	if (!f)
		return -EBADF;
	if ((uint32_t)whence > 4)
		return -EINVAL;
	return f->ops->seek ? f->ops->seek(f, offset, whence) : -ESPIPE;
}

/*
 * Files are up to 4 GiB, so the old call may not be able to tell a position: it has
 * changed all the same, as on Linux.
 */
long sys_lseek(int fd, int32_t offset, int whence)
{
	int64_t pos = seek(fd, offset, whence);

	return pos > INT32_MAX ? -EOVERFLOW : (long)pos;
}

long sys_llseek(int fd, uint32_t high, uint32_t low, int64_t *result, int whence)
{
	int64_t pos = seek(fd, (uint64_t)high << 32 | low, whence);

	return pos < 0 ? (long)pos : copy_to_user(result, &pos, sizeof(pos));
}

/* What concerns the descriptor or the flags is the same for all files. */
long sys_ioctl(int fd, uint32_t cmd, uint32_t arg)
{
	struct file *f = fd_usable(fd);
	uint32_t on;

	if (!f)
		return -EBADF;
	if (cmd == FIOCLEX || cmd == FIONCLEX)
		return fd_set_cloexec(fd, cmd == FIOCLEX);
	if (cmd == FIONBIO && get_user_u32(&on, (void *)arg))
		return -EFAULT;
	if (cmd == FIONBIO) {
		f->flags = (f->flags & ~O_NONBLOCK) | (on ? O_NONBLOCK : 0);
		return 0;
	}
	if (cmd == FIONREAD && f->ops->unread)
		return put_user_u32((void *)arg, f->ops->unread(f));
	if (!f->ops->ioctl)
		return -ENOTTY;
	file_get(f);
	long result = f->ops->ioctl(f, cmd, arg);
	file_put(f);
	return result;
}

/* ---- size ---- */

/*
 * What the path leads to must be a regular file; a negative size is told before
 * anything is looked at.
 */
static long truncate_inode(struct inode *inode, void *size)
{
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	return may_change(inode) ?: inode->writers < 0 ? -ETXTBSY : ramfs_truncate(inode, *(uint64_t *)size);
}

long sys_truncate64(const char *path, int64_t size)
{
	return size < 0 ? -EINVAL : path_call(AT_FDCWD, path, WALK_FOLLOW, truncate_inode, &size);
}

long sys_ftruncate64(int fd, int64_t size)
{
	struct file *f = fd_usable(fd);

	if (size < 0)
		return -EINVAL;
	if (!f)
		return -EBADF;
	return (f->can & FILE_WRITE) && S_ISREG(f->inode->mode) ? truncate_inode(f->inode, &size) : -EINVAL;
}

/* There is nothing behind the memory. What has no store can't be synced: EINVAL, as Linux says for pipes and terminals. */
long sys_fsync(int fd)
{
	struct file *f = fd_usable(fd);

	if (!f)
		return -EBADF;
	return S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode) ? 0 : -EINVAL;
}

#define POSIX_FADV_LAST	5	/* POSIX_FADV_NOREUSE */

/* Advice is only looked at: everything is in memory already. */
long sys_fadvise64_64(int fd, int64_t offset, int64_t len, uint32_t advice)
{
	const struct file *f = fd_usable(fd);

	if (!f)
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		return -ESPIPE;
	return len < 0 || advice > POSIX_FADV_LAST ? -EINVAL : 0;
}
