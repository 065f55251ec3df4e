/* SPDX-License-Identifier: MIT */
/*
 * System calls that change what an inode says of itself: mode, owner, times.
 *
 * There is one user, root, and it may, but for read-only mounts. Owners are kept, so that archives and copies keep them, but decide
 * nothing. What is in /proc says what it says: EPERM. Times before 1697 and after 2242 are EINVAL.
 */
#include "kernel/fd.h"
#include "kernel/syscall.h"

/* Something changed: the common end of all. */
static long changed(struct inode *inode)
{
	inode->ctime = wall_ns();
	return 0;
}

/* By a descriptor that can be used; O_PATH can't. */
static long usable_call(int fd, inode_fn fn, void *arg) { return fd_usable(fd) ? fd_call(fd, fn, arg) : -EBADF; }

/* ---- mode ---- */

/* The type bits can't be changed. */
static long set_mode(struct inode *inode, void *mode)
{
	return may_change(inode) ?: (inode->mode = (inode->mode & S_IFMT) | ((uint32_t)mode & 07777), changed(inode));
}

long sys_fchmodat(int dir, const char *path, uint32_t mode)
{
	return path_call(dir, path, WALK_FOLLOW, set_mode, (void *)mode);
}

long sys_fchmod(int fd, uint32_t mode) { return usable_call(fd, set_mode, (void *)mode); }

/* ---- owner ---- */

#define NO_ID	0xFFFFFFFFu	/* this one stays */

/* A program that ran as its old owner must not run as its new one: chown(2). */
static long set_owner(struct inode *inode, void *ids)
{
	const uint32_t *id = ids;
	int error = may_change(inode);

	if (error)
		return error;
	inode->uid = id[0] == NO_ID ? inode->uid : id[0];
	inode->gid = id[1] == NO_ID ? inode->gid : id[1];
	if (!S_ISDIR(inode->mode))
		inode->mode &= ~(S_ISUID | (inode->mode & S_IXGRP ? S_ISGID : 0));
	return changed(inode);
}

long sys_fchownat(int dir, const char *path, uint32_t uid, uint32_t gid, uint32_t flags)
{
	uint32_t ids[] = { uid, gid };

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return path_call(dir, path, walk_flags_at(flags), set_owner, ids);
}

long sys_fchown32(int fd, uint32_t uid, uint32_t gid)
{
	uint32_t ids[] = { uid, gid };

	return usable_call(fd, set_owner, ids);
}

/* ---- times ---- */

#define UTIME_NOW	0x3FFFFFFFu
#define UTIME_OMIT	0x3FFFFFFEu
#define KEEP		INT64_MAX	/* beyond all that can be told */

/* The i-th of two; no pointer: now. */
static int read_time(uint64_t *time, const uint32_t *user, int i, enum time_shape shape)
{
	static const uint8_t words[] = { [TIMES_64] = 4, [TIMES_32] = 2, [TIMES_US] = 2, [TIMES_S] = 1 };
	uint32_t w[4] = { 0 };

	*time = wall_ns();
	if (!user)
		return 0;
	if (copy_from_user(w, user + i * words[shape], words[shape] * sizeof(w[0])))
		return -EFAULT;
	uint32_t fraction = w[shape == TIMES_64 ? 2 : 1], ns = shape == TIMES_US ? fraction * 1000 : fraction;
	if (shape <= TIMES_32 && fraction == UTIME_NOW)
		return 0;
	if (shape <= TIMES_32 && fraction == UTIME_OMIT) {
		*time = KEEP;
		return 0;
	}
	uint64_t seconds = shape == TIMES_64 ? (uint64_t)w[1] << 32 | w[0] : (uint64_t)(int32_t)w[0];
	if (fraction >= (shape == TIMES_US ? 1000000 : NSEC_PER_SEC) || seconds + INODE_TIME_SPAN >= 2 * INODE_TIME_SPAN)
		return -EINVAL;
	*time = seconds * NSEC_PER_SEC + ns;
	return 0;
}

static long set_times(struct inode *inode, void *times)
{
	const uint64_t *t = times;
	int error = may_change(inode);

	if (error)
		return error;
	inode->atime = t[0] == KEEP ? inode->atime : t[0];
	inode->mtime = t[1] == KEEP ? inode->mtime : t[1];
	return changed(inode);
}

/* Without a path the descriptor itself is meant; with nothing to set nothing is looked at, either. */
long utimens(int dir, const char *path, const void *user, uint32_t flags, enum time_shape shape)
{
	uint64_t t[2];
	int error = read_time(&t[0], user, 0, shape) ?: read_time(&t[1], user, 1, shape);

	if (error || (t[0] == KEEP && t[1] == KEEP))
		return error;
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) || (!path && dir != AT_FDCWD && flags))
		return -EINVAL;
	if (!path && dir != AT_FDCWD)
		return usable_call(dir, set_times, t);
	return path_call(dir, path, walk_flags_at(flags), set_times, t);
}

/* ---- extended attributes: none can be had, as in Linux's ramfs; a list of them is empty ---- */

long no_attribute(struct inode *inode, void *result)
{
	(void)inode;
	return (long)result;
}
