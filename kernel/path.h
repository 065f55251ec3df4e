/* SPDX-License-Identifier: MIT */
/*
 * Walking a path to its last name, with everything that can be on the way: ".", "..",
 * symbolic links, slashes at the end.
 *
 * One walk serves every call that takes a path: it ends with the folder of the last
 * name, the name, and the inode if there is one. A walk that succeeded holds references
 * and must be ended by walk_end; one that failed holds nothing. Search permission is
 * not checked: there is one user, root, whom it never stops.
 */
#ifndef KERNEL_PATH_H
#define KERNEL_PATH_H

#include "kernel/inode.h"

/*
 * How the last name is treated. Which call wants what (POSIX, 4.13 Pathname Resolution,
 * and the calls' own pages): open, chdir, truncate, chmod, access, stat follow; lstat,
 * readlink, O_NOFOLLOW, and O_CREAT with O_EXCL do not; those that make, move or remove
 * the name itself (mkdir, symlink, link's second path, rename, unlink, rmdir) take
 * WALK_NAME. Links before the last name are always followed.
 */
#define WALK_FOLLOW	1u	/* a symbolic link in the last place is followed */
#define WALK_EMPTY	2u	/* an empty path means the start itself, whatever it is (AT_EMPTY_PATH) */
#define WALK_NAME	4u	/* the last name itself: never followed, and slashes behind it are not judged */
#define WALK_CREATE	8u	/* O_CREAT: slashes behind the last name are -EISDIR at once */
#define WALK_MAX_LINKS	40u	/* as on Linux; one more is -ELOOP */

/* What the last step was, when it had no name of its own. Other: "/", or a magic link of /proc. */
enum walk_last { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_EMPTY, LAST_OTHER };

struct walk {
	struct inode *dir;	/* referenced: the folder of the last name; with an empty path the start */
	struct inode *found;	/* referenced; NULL: dir has no such name */
	struct name name;	/* len 0: the last step had no name, and then found is set */
	uint8_t last;		/* enum walk_last */
	uint8_t links;		/* followed so far */
	bool slash;		/* slashes stand behind the last name: it must be a folder */
	char *heap;		/* a long path, or the text after a symbolic link; else NULL */
	char small[96];		/* a short path of the user's: nearly all are */
};

/*
 * From a folder (not consumed), with a path in kernel memory that must last until
 * walk_end. 0 or a negative errno.
 */
int walk_from(struct walk *w, struct inode *start, const char *path, unsigned flags);
/*
 * From a descriptor or AT_FDCWD, with a user's path. An empty path is -ENOENT before a
 * bad descriptor is -EBADF.
 */
int walk_user(struct walk *w, int dirfd, const char *path, unsigned flags);

static inline void walk_end(struct walk *w)
{
	if (w->found)
		inode_put(w->found);
	inode_put(w->dir);
	if (__builtin_expect(w->heap != NULL, 0))
		kfree(w->heap);
}

/*
 * Most calls on what exists come by path and by descriptor and then do the same with
 * the inode: fn(inode, arg) is that. path_call returns the walk's error or fn's result;
 * fd_call returns -EBADF without such a file, and fn may not sleep.
 */
typedef long (*inode_fn)(struct inode *inode, void *arg);
long path_call(int dirfd, const char *path, unsigned flags, inode_fn fn, void *arg);
long fd_call(int fd, inode_fn fn, void *arg);		/* also of files opened by O_PATH */

/*
 * The walk's flags for the AT_* flags of a call that follows by default:
 * AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH count, all others are the caller's to check.
 */
unsigned walk_flags_at(uint32_t at_flags);

/* Working directory and umask, shared by CLONE_FS. */
struct fs {
	uint32_t users;		/* tasks */
	uint32_t umask;		/* permission bits that new files don't get */
	struct inode *cwd;	/* referenced */
};

#endif
