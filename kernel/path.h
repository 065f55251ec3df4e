/* SPDX-License-Identifier: MIT */
/*
 * Walking a path to its last name, with everything that can be on the way: ".", "..", symbolic
 * links, slashes at the end.
 *
 * One walk serves every call that takes a path: it ends with the folder of the last name, the name,
 * and the inode if there is one. A walk that succeeded holds references and must be ended; one that
 * failed holds nothing. Search permission is not checked: there is one user.
 */
#ifndef KERNEL_PATH_H
#define KERNEL_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/inode.h"

#define WALK_FOLLOW	1u	/* a symbolic link in the last place is followed */
#define WALK_EMPTY	2u	/* an empty path means the start itself, whatever it is */
#define WALK_NAME	4u	/* the last name itself: never followed, and slashes behind it are not judged */
#define WALK_CREATE	8u	/* O_CREAT: slashes behind the last name are -EISDIR at once */
#define WALK_MAX_LINKS	40u

struct walk {
	struct inode *dir;	/* referenced: the folder of the last name; with an empty path the start */
	struct inode *found;	/* referenced; NULL: dir has no such name */
	struct name name;	/* len 0: the last step had no name: "/", ".", "..", a magic link. Then found is set */
	uint8_t dots;		/* with len 0: 1 for ".", 2 for "..", 3 for an empty path, else 0 */
	uint8_t links;		/* followed so far */
	bool slash;		/* slashes stand behind the last name: it must be a folder */
	char *copy, *target;	/* on the heap: a long path of the user's, the text after a symbolic link; or NULL */
	char small[96];		/* a short path of the user's */
};

/*
 * From a folder (not consumed), with a path in kernel memory that must last until the end of the
 * walk. 0 or a negative errno.
 */
int walk_from(struct walk *w, struct inode *start, const char *path, unsigned flags);
/* From a descriptor or AT_FDCWD, with a user's path. */
int walk_user(struct walk *w, int dirfd, const char *path, unsigned flags);
/* The same for something that must exist: -ENOENT otherwise. */
int walk_existing(struct walk *w, int dirfd, const char *path, unsigned flags);
void walk_free(struct walk *w);		/* what it has on the heap */
static inline void walk_end(struct walk *w)
{
	if (w->found)
		inode_put(w->found);
	inode_put(w->dir);
	if (__builtin_expect(w->target || w->copy, 0))
		walk_free(w);
}

/* Working directory and umask. */
struct fs {
	uint32_t users;
	uint32_t umask;
	struct inode *cwd;	/* referenced */
};

/*
 * Opens what a finished walk found, or makes it (O_CREAT); the walk must have followed links as
 * open_walk_flags says. ERR pointers.
 */
struct file *file_open_walk_rare(struct walk *w, uint32_t flags, uint32_t mode);
static inline struct file *file_open_walk(struct walk *w, uint32_t flags, uint32_t mode)
{
	if (!w->found || (flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY | O_PATH)) || S_ISLNK(w->found->mode))
		return file_open_walk_rare(w, flags, mode);
	return inode_open(w->found, flags);	/* reading what exists is the usual case */
}
unsigned open_walk_flags_rare(uint32_t flags);
static inline unsigned open_walk_flags(uint32_t flags)
{
	return flags & (O_CREAT | O_EXCL | O_NOFOLLOW) ? open_walk_flags_rare(flags) : WALK_FOLLOW;
}

#endif
