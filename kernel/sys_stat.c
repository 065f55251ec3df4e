/* SPDX-License-Identifier: MIT */
/*
 * System calls on what an inode says of itself: stat in its three shapes, access, chmod.
 *
 * One user, root, owns everything: reading and writing is always allowed, executing needs any x
 * bit, as for root on Linux. Folders have size 0. Device numbers are major << 8 | minor, small
 * enough for every shape; a size too big for the old one is EOVERFLOW.
 */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time.h"
#include "mm/uaccess.h"

/* In units of 512 bytes; holes take none. */
static uint64_t blocks(const struct inode *inode)
{
	return in_ramfs(inode) && S_ISREG(inode->mode) ? (uint64_t)inode->pages.count * (PAGE_SIZE / 512) : 0;
}

/* Splits a time; returns the seconds. */
static uint64_t split(uint64_t time, uint32_t *ns)
{
	*ns = div64(&time, NSEC_PER_SEC);
	return time;
}

/* The 64-byte shape of calls 106 to 108. */
static int put_stat(const struct inode *inode, void *user)
{
	struct stat st = {
		.st_dev = inode->dev, .st_ino = inode->ino, .st_mode = inode->mode, .st_nlink = inode->nlink,
		.st_rdev = inode->rdev, .st_size = inode->size, .st_blksize = PAGE_SIZE, .st_blocks = blocks(inode),
	};

	if (inode->size > INT32_MAX || inode->nlink > UINT16_MAX)
		return -EOVERFLOW;
	st.st_atime = split(inode->atime, &st.st_atime_nsec);
	st.st_mtime = split(inode->mtime, &st.st_mtime_nsec);
	st.st_ctime = split(inode->ctime, &st.st_ctime_nsec);
	return copy_to_user(user, &st, sizeof(st));
}

/* The fields of a packed structure can't be passed by address, hence ns[]. */
static int put_stat64(const struct inode *inode, void *user)
{
	uint32_t ns[3];
	struct stat64 st = {
		.st_dev = inode->dev, .st_ino_low = inode->ino, .st_mode = inode->mode, .st_nlink = inode->nlink,
		.st_rdev = inode->rdev, .st_size = inode->size, .st_blksize = PAGE_SIZE, .st_blocks = blocks(inode),
		.st_ino = inode->ino,
	};

	st.st_atime = split(inode->atime, &ns[0]);
	st.st_mtime = split(inode->mtime, &ns[1]);
	st.st_ctime = split(inode->ctime, &ns[2]);
	st.st_atime_nsec = ns[0];
	st.st_mtime_nsec = ns[1];
	st.st_ctime_nsec = ns[2];
	return copy_to_user(user, &st, sizeof(st));
}

static struct statx_timestamp timestamp(uint64_t time)
{
	uint32_t ns;
	uint64_t seconds = split(time, &ns);

	return (struct statx_timestamp) { .tv_sec = seconds, .tv_nsec = ns };
}

/* The creation time is not kept; stx_mask says so. */
static int put_statx(const struct inode *inode, void *user)
{
	struct statx st = {
		.stx_mask = STATX_BASIC_STATS, .stx_blksize = PAGE_SIZE, .stx_nlink = inode->nlink,
		.stx_mode = inode->mode, .stx_ino = inode->ino, .stx_size = inode->size, .stx_blocks = blocks(inode),
		.stx_dev_minor = inode->dev, .stx_rdev_major = inode->rdev >> 8, .stx_rdev_minor = inode->rdev & 0xFF,
		.stx_atime = timestamp(inode->atime), .stx_mtime = timestamp(inode->mtime),
		.stx_ctime = timestamp(inode->ctime),
	};

	return copy_to_user(user, &st, sizeof(st));
}

/*
 * Any shape, by path. flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH; others are accepted where they
 * mean nothing here.
 */
static int stat_at(int dir, const char *path, uint32_t flags, int (*put)(const struct inode *, void *), void *user)
{
	struct walk w;
	unsigned how = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	int error = walk_existing(&w, dir, path, how);

	if (error)
		return error;
	error = put(w.found, user);
	walk_end(&w);
	return error;
}

/* Works for O_PATH as well. */
static int stat_fd(int fd, int (*put)(const struct inode *, void *), void *user)
{
	struct file *f = fd_file(fd);

	return f ? put(f->inode, user) : -EBADF;
}

/* ---- the calls: by path, by path without following, by descriptor ---- */

long sys_newstat(const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, 0, put_stat, st);
}

long sys_newlstat(const char *path, struct stat *st)
{
	return stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, put_stat, st);
}

long sys_newfstat(int fd, struct stat *st)
{
	return stat_fd(fd, put_stat, st);
}

long sys_stat64(const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, 0, put_stat64, st);
}

long sys_lstat64(const char *path, struct stat64 *st)
{
	return stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, put_stat64, st);
}

long sys_fstat64(int fd, struct stat64 *st)
{
	return stat_fd(fd, put_stat64, st);
}

long sys_fstatat64(int dir, const char *path, struct stat64 *st, uint32_t flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_at(dir, path, flags, put_stat64, st);
}

#define AT_STATX_SYNC_TYPE	0x6000u
#define STATX_RESERVED		0x80000000u

long sys_statx(int dir, const char *path, uint32_t flags, uint32_t mask, struct statx *st)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	return stat_at(dir, path, flags, put_statx, st);
}

/* For root, only execution can be refused. */
long sys_faccessat(int dir, const char *path, int mode)
{
	struct walk w;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	int error = walk_existing(&w, dir, path, WALK_FOLLOW);
	if (error)
		return error;
	if ((mode & X_OK) && !S_ISDIR(w.found->mode) && !(w.found->mode & 0111))
		error = -EACCES;
	walk_end(&w);
	return error;
}

long sys_access(const char *path, int mode)
{
	return sys_faccessat(AT_FDCWD, path, mode);
}

/* The type bits can't be changed. What is in /proc says what it says. */
static int set_mode(struct inode *inode, uint32_t mode)
{
	if (inode->dev == DEV_PROC)
		return -EPERM;
	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	inode->ctime = wall_ns();
	return 0;
}

long sys_fchmodat(int dir, const char *path, uint32_t mode)
{
	struct walk w;
	int error = walk_existing(&w, dir, path, WALK_FOLLOW);

	if (error)
		return error;
	error = set_mode(w.found, mode);
	walk_end(&w);
	return error;
}

long sys_chmod(const char *path, uint32_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchmod(int fd, uint32_t mode)
{
	struct file *f = fd_usable(fd);

	return f ? set_mode(f->inode, mode) : -EBADF;
}
