/* SPDX-License-Identifier: MIT */
/*
 * System calls on what an inode says of itself: stat in its three shapes, statfs in
 * two, access. What changes it is in kernel/sys_attr.c.
 *
 * One user, root, owns everything: reading and writing is always allowed, executing
 * needs any x bit, as for root on Linux. Folders have size 0. Device numbers are major
 * << 8 | minor, small enough for every shape; a size too big for the old one is
 * EOVERFLOW.
 */
#include "kernel/ramfs.h"
#include "kernel/syscall.h"

/* In units of 512 bytes; holes take none. */
static uint64_t blocks(const struct inode *inode)
{
	return in_ramfs(inode) && S_ISREG(inode->mode) ? (uint64_t)inode->pages.count * (PAGE_SIZE / 512) : 0;
}

/* The two parts of a time, divided as if it counted from the earliest there is. */
static uint32_t split(uint64_t *time) { *time += INODE_TIME_SPAN * NSEC_PER_SEC; return div64(time, NSEC_PER_SEC); }
static uint32_t nanoseconds(uint64_t time) { return split(&time); }
static uint64_t seconds(uint64_t time) { return split(&time), time - INODE_TIME_SPAN; }

/* Owners that 16 bits can't tell show as nobody, as on Linux. */
static uint16_t old_id(uint32_t id) { return id > UINT16_MAX ? 65534 : id; }

/* Of the minor number twenty bits, as Linux packs them around a major one, which is 0. */
static uint32_t st_dev(const struct inode *inode) { return (inode->mount->dev & 0xFF) | (inode->mount->dev & 0xFFF00) << 12; }

/* What struct stat and struct stat64 have in common but for their widths. */
#define STAT_FIELDS(inode)										\
	.st_dev = st_dev(inode), .st_ino = (inode)->ino, .st_mode = (inode)->mode, .st_nlink = (inode)->nlink,	\
	.st_rdev = (inode)->rdev, .st_size = (inode)->size, .st_blksize = PAGE_SIZE, .st_blocks = blocks(inode),	\
	.st_atime = seconds((inode)->atime), .st_atime_nsec = nanoseconds((inode)->atime),			\
	.st_mtime = seconds((inode)->mtime), .st_mtime_nsec = nanoseconds((inode)->mtime),			\
	.st_ctime = seconds((inode)->ctime), .st_ctime_nsec = nanoseconds((inode)->ctime)

/* The 64-byte shape of calls 106 to 108. */
long put_stat(struct inode *inode, void *user)
{
	struct stat st = { STAT_FIELDS(inode), .st_uid = old_id(inode->uid), .st_gid = old_id(inode->gid) };

	if (inode->size > INT32_MAX || inode->nlink > UINT16_MAX || st_dev(inode) > UINT8_MAX)
		return -EOVERFLOW;
	return copy_to_user(user, &st, sizeof(st));
}

long put_stat64(struct inode *inode, void *user)
{
	struct stat64 st = { STAT_FIELDS(inode), .st_ino_low = inode->ino, .st_uid = inode->uid, .st_gid = inode->gid };

	return copy_to_user(user, &st, sizeof(st));
}

/*
 * The shape that glibc 2.36 asks for first. The creation time is not kept; stx_mask
 * says so.
 */
static long put_statx(struct inode *inode, void *user)
{
	struct statx st = {
		.stx_mask = STATX_BASIC_STATS, .stx_blksize = PAGE_SIZE, .stx_nlink = inode->nlink,
		.stx_mode = inode->mode, .stx_ino = inode->ino, .stx_size = inode->size, .stx_blocks = blocks(inode),
		.stx_uid = inode->uid, .stx_gid = inode->gid,
		.stx_dev_minor = inode->mount->dev, .stx_rdev_major = inode->rdev >> 8, .stx_rdev_minor = inode->rdev & 0xFF,
		.stx_atime = { .tv_sec = seconds(inode->atime), .tv_nsec = nanoseconds(inode->atime) },
		.stx_mtime = { .tv_sec = seconds(inode->mtime), .tv_nsec = nanoseconds(inode->mtime) },
		.stx_ctime = { .tv_sec = seconds(inode->ctime), .tv_nsec = nanoseconds(inode->ctime) },
	};

	return copy_to_user(user, &st, sizeof(st));
}

/* ---- stat: flags without a meaning here are accepted ---- */

#define STAT_FLAGS		(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)
#define STATX_SYNC_TYPE		0x6000u		/* AT_STATX_FORCE_SYNC and AT_STATX_DONT_SYNC: one at most */
#define STATX_RESERVED		0x80000000u

long sys_fstatat64(int dir, const char *path, struct stat64 *st, uint32_t flags)
{
	if (flags & ~STAT_FLAGS)
		return -EINVAL;
	return path_call(dir, path, walk_flags_at(flags), put_stat64, st);
}

long sys_statx(int dir, const char *path, uint32_t flags, uint32_t mask, struct statx *st)
{
	if (flags & ~(STAT_FLAGS | STATX_SYNC_TYPE))
		return -EINVAL;
	if ((mask & STATX_RESERVED) || (flags & STATX_SYNC_TYPE) == STATX_SYNC_TYPE)
		return -EINVAL;
	return path_call(dir, path, walk_flags_at(flags), put_statx, st);
}

/* ---- statfs ---- */

/*
 * Two shapes of 16 and 21 words: type, block size, five counts of one or two words, and from word `fsid` on the rest. The
 * counts, of pages in all, free and available, and of files, are 0 but for a limit on the first three, as Linux says.
 */
static long put_words(struct inode *inode, void *user, unsigned fsid)
{
	static const uint32_t magic[] = { 0x858458F6, 0x01021994, 0x9FA0, 0x50495045 };	/* by enum fs_type */
	const struct mount *m = inode->mount;
	uint32_t words[STATFS64_SIZE / 4] = { magic[m->type], PAGE_SIZE, m->limit }, wide = fsid > 7 ? 2 : 1;

	words[2 + wide] = words[2 + 2 * wide] = MAX(m->limit, m->pages) - m->pages;
	words[fsid] = m->dev;
	words[fsid + 2] = NAME_MAX;
	words[fsid + 3] = PAGE_SIZE;
	words[fsid + 4] = 0x20 | m->flags;	/* ST_VALID: flags are told, and they have the numbers of mount's */
	return copy_to_user(user, words, (fsid + 9) * sizeof(words[0]));
}

long put_statfs(struct inode *inode, void *user) { return put_words(inode, user, 7); }
long put_statfs64(struct inode *inode, void *user) { return put_words(inode, user, 12); }

/* ---- access ---- */

/*
 * For root, only execution can be refused, and only of what nobody may execute;
 * searching a folder never. AT_EACCESS makes no difference where real and effective
 * user are the same.
 */
static long check_access(struct inode *inode, void *mode)
{
	uint32_t wanted = (uint32_t)mode, refused = inode->mount->flags;

	if ((wanted & W_OK) && (refused & MS_RDONLY) && (S_ISREG(inode->mode) || S_ISDIR(inode->mode)))
		return -EROFS;
	return (wanted & X_OK) && !S_ISDIR(inode->mode) && (!(inode->mode & 0111) || (refused & MS_NOEXEC)) ? -EACCES : 0;
}

long sys_faccessat2(int dir, const char *path, int mode, uint32_t flags)
{
	if ((mode & ~(R_OK | W_OK | X_OK)) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	return path_call(dir, path, walk_flags_at(flags), check_access, (void *)mode);
}
