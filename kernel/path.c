/* SPDX-License-Identifier: MIT */
/*
 * Path walking (see kernel/path.h), and the working directory it starts from.
 *
 * A symbolic link is not followed by recursion: its text and the rest of the path are
 * put together in a fresh buffer, and the walk goes on there. So the depth of links
 * costs no stack; forty of them end in ELOOP. Nothing in a walk sleeps, hence nobody
 * can change a folder under it.
 */
#include "kernel/path.h"
#include "kernel/fd.h"
#include "mm/uaccess.h"

/*
 * Cuts the next name off and hashes it on the way; returns what stands behind it: '/'
 * or the end.
 */
static inline const char *take_name(struct name *n, const char *p)
{
	uint32_t hash = 0;
	const char *start = p;

	for (uint8_t c = *p; likely(c > '/') || (c && c != '/'); c = *++p)
		hash = name_hash_step(hash, c);
	n->text = start;
	n->len = p - start;
	n->hash = hash;
	return p;
}

/* "//" is "/" everywhere. */
static inline const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

/* Replaces the folder by another, whose reference is taken over. */
static void enter(struct walk *w, struct inode *dir)
{
	inode_put(w->dir);
	w->dir = dir;
}

/* The walk ends at an inode without a name; the reference is taken over. */
static int end_at(struct walk *w, struct inode *found, enum walk_last last)
{
	w->found = found;
	w->name.len = 0;
	w->last = last;
	return 0;
}

/*
 * Puts the text of a link before the rest of the path, in a new buffer. rest may lie in
 * the old one, so that is freed last.
 */
static int follow_text(struct walk *w, struct inode *link, const char *rest, const char **path)
{
	char *text = kmalloc(PATH_MAX);

	if (!text)
		return -ENOMEM;
	int n = link->ops->readlink(link, text, PATH_MAX - 1);
	if (n == 0)
		n = -ENOENT;
	else if (n > 0 && n + strlen(rest) >= PATH_MAX)
		n = -ENAMETOOLONG;
	if (n < 0) {
		kfree(text);
		return n;
	}
	memcpy(text + n, rest, strlen(rest) + 1);
	kfree(w->heap);
	*path = w->heap = text;
	if (*text == '/')
		enter(w, inode_get(root_inode));
	return 1;
}

/*
 * Follows the link that was found; the result is step's. Links that lead to an open
 * file (/proc/self/fd/0) go to the inode at once: its text may name nothing.
 */
static int follow(struct walk *w, const char *rest, const char **path)
{
	struct inode *link = w->found, *target;
	int result = ++w->links > WALK_MAX_LINKS ? -ELOOP : link->ops->follow ? link->ops->follow(link, &target) : -EINVAL;

	w->found = NULL;
	if (result == -EINVAL) {
		result = follow_text(w, link, rest, path);
	} else if (!result && *rest) {
		enter(w, target);
		result = 1;
	} else if (!result) {
		result = end_at(w, target, LAST_OTHER);
	}
	inode_put(link);
	return result;
}

/*
 * A name that no file system is asked for: none at all (the path is only slashes), "."
 * or "..", or one that is too long. The root is its own parent; so is that of a file system which has been detached.
 */
static __attribute__((noinline)) int special_name(struct walk *w, bool last)
{
	enum walk_last which = w->name.len == 1 ? LAST_DOT : LAST_DOTDOT;

	if (!w->name.len)
		return end_at(w, inode_get(w->dir), LAST_OTHER);
	if (w->name.len > NAME_MAX)
		return -ENAMETOOLONG;
	struct inode *to = inode_get(which == LAST_DOTDOT && w->dir->parent ? mount_top(w->dir->parent) : w->dir);
	if (last)
		return end_at(w, to, which);
	enter(w, to);
	return 1;
}

static inline bool is_special(const struct name *n)
{
	return n->len - 1 >= NAME_MAX || (n->text[0] == '.' && (n->len == 1 || (n->len == 2 && n->text[1] == '.')));
}

/*
 * One component of the path. 1: go on at *path; 0: that was the last one; else a
 * negative errno. A link in the last place is followed when slashes stand behind it,
 * whatever the flags say (POSIX, 4.13 Pathname Resolution), but not by the calls on
 * names.
 */
static inline int step(struct walk *w, const char **path, unsigned flags)
{
	const char *rest = *path = take_name(&w->name, skip_slashes(*path));

	if (!S_ISDIR(w->dir->mode))
		return -ENOTDIR;
	if (*rest) {
		*path = skip_slashes(rest);
		/* Never has to be taken back: a link that is followed then hands the slashes on. */
		w->slash = !**path;
	}
	if (unlikely(is_special(&w->name)))
		return special_name(w, !**path);
	if (unlikely(w->slash && (flags & WALK_CREATE)))
		return -EISDIR;
	int error = w->dir->ops->lookup(w->dir, &w->name, &w->found);
	if (error)
		return !**path && error == -ENOENT ? 0 : error;
	bool through = **path || (flags & WALK_FOLLOW) || (w->slash && !(flags & WALK_NAME));
	if (unlikely(S_ISLNK(w->found->mode)) && through)
		return follow(w, rest, path);
	if (**path) {
		enter(w, w->found);
		w->found = NULL;
		return 1;
	}
	return unlikely(w->slash) && !S_ISDIR(w->found->mode) && !(flags & WALK_NAME) ? -ENOTDIR : 0;
}

static inline void begin(struct walk *w, struct inode *start)
{
	w->dir = inode_get(start);
	w->found = NULL;
	w->links = 0;
	w->slash = false;
	w->last = LAST_NAME;
}

/* An empty path, or no such descriptor. */
static __attribute__((noinline)) int run_nowhere(struct walk *w, struct inode *start, bool empty, unsigned flags)
{
	if (start && flags & WALK_EMPTY) {
		begin(w, start);
		return end_at(w, inode_get(start), LAST_EMPTY);
	}
	kfree(w->heap);
	return empty && !(flags & WALK_EMPTY) ? -ENOENT : -EBADF;
}

/* The walk proper. start NULL: there is no such descriptor. w->heap is set, and freed when the walk fails. */
static int run(struct walk *w, struct inode *start, const char *path, unsigned flags)
{
	int result;

	if (unlikely(!start || !*path))
		return run_nowhere(w, start, !*path, flags);
	begin(w, start);
	do
		result = step(w, &path, flags);
	while (result > 0);
	if (unlikely(result < 0))
		walk_end(w);
	return result;
}

int walk_from(struct walk *w, struct inode *start, const char *path, unsigned flags)
{
	w->heap = NULL;
	return run(w, *path == '/' ? root_inode : start, path, flags);
}

/* 0 or more; -EFAULT, -ENAMETOOLONG, -ENOMEM. */
static __attribute__((noinline)) int copy_long(struct walk *w, const char *user_path)
{
	w->heap = kmalloc(PATH_MAX);
	return w->heap ? strncpy_from_user(w->heap, user_path, PATH_MAX) : -ENOMEM;
}

int walk_user(struct walk *w, int dirfd, const char *user_path, unsigned flags)
{
	const char *path = w->small;
	int error = strncpy_from_user(w->small, user_path, sizeof(w->small));

	w->heap = NULL;
	if (unlikely(error < 0)) {
		error = error == -ENAMETOOLONG ? copy_long(w, user_path) : error;
		path = w->heap;
		if (error < 0) {
			kfree(w->heap);
			return error;
		}
	}
	if (*path == '/')
		return run(w, root_inode, path, flags);
	if (dirfd == AT_FDCWD)
		return run(w, current->fsinfo->cwd, path, flags);
	struct file *f = fd_in(current->files, dirfd);
	return run(w, f ? f->inode : NULL, path, flags);
}

long path_call(int dirfd, const char *path, unsigned flags, inode_fn fn, void *arg)
{
	struct walk w;
	long result = walk_user(&w, dirfd, path, flags);

	if (!result) {
		result = w.found ? fn(w.found, arg) : -ENOENT;
		walk_end(&w);
	}
	return result;
}

long fd_call(int fd, inode_fn fn, void *arg)
{
	struct file *f = fd_file(fd);

	return f ? fn(f->inode, arg) : -EBADF;
}

unsigned walk_flags_at(uint32_t at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* ---- working directory and umask ---- */

struct fs *fs_fork(struct fs *from)
{
	struct fs *fs = kmalloc(sizeof(*fs));

	if (fs)
		*fs = (struct fs) { 1, from ? from->umask : 022, inode_hold(from ? from->cwd : root_inode) };
	return fs;
}

struct fs *fs_get(struct fs *fs) { fs->users++; return fs; }

void fs_put(struct fs *fs)
{
	if (--fs->users)
		return;
	inode_release(fs->cwd);
	kfree(fs);
}
