/* SPDX-License-Identifier: MIT */
/*
 * Path walking (see kernel/path.h), and the working directory it starts from.
 *
 * A symbolic link is not followed by recursion: its text and the rest of the path are put together
 * in a fresh buffer, and the walk goes on there. So the depth of links costs no stack; forty of
 * them end in ELOOP. Nothing in a walk sleeps.
 */
#include "kernel/path.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/uaccess.h"

/* Cuts the next name off; returns what stands behind it: '/' or the end. */
static const char *take_name(struct name *n, const char *p)
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
static const char *skip_slashes(const char *p)
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
static int end_at(struct walk *w, struct inode *found, unsigned dots)
{
	w->found = found;
	w->name.len = 0;
	w->dots = dots;
	return 0;
}

/*
 * The text of a link and the rest of the path in a new buffer, where the walk goes on. rest may lie
 * in the old one.
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
	kfree(w->target);
	w->target = text;
	*path = text;
	if (*text == '/')
		enter(w, inode_get(root_inode));
	return 1;
}

/* Follows a link, whose reference is dropped; the result is step's. */
static int follow(struct walk *w, struct inode *link, const char *rest, const char **path)
{
	struct inode *target;
	int result = ++w->links > WALK_MAX_LINKS ? -ELOOP : link->ops->follow(link, &target);

	if (result == -EINVAL) {
		result = follow_text(w, link, rest, path);
	} else if (!result && *rest) {
		enter(w, target);
		*path = rest;
		result = 1;
	} else if (!result) {
		result = end_at(w, target, 0);
	}
	inode_put(link);
	return result;
}

/* The two names that every folder has and that no file system is asked for. */
static bool is_dots(const struct name *n)
{
	return n->text[0] == '.' && (n->len == 1 || (n->len == 2 && n->text[1] == '.'));
}

/* "." or "..": the root is its own parent. */
static int step_dots(struct walk *w, bool last)
{
	unsigned dots = w->name.len;

	if (dots == 2 && w->dir->parent)
		enter(w, inode_get(w->dir->parent));
	return last ? end_at(w, inode_get(w->dir), dots) : 1;
}

/* A name that is none, or too long, or has a meaning of its own: as step; 2: an ordinary name after all. */
static int special_name(struct walk *w, const char *rest, const char **path)
{
	*path = skip_slashes(rest);
	if (!w->name.len)
		return end_at(w, inode_get(w->dir), 0);
	if (w->name.len > NAME_MAX)
		return -ENAMETOOLONG;
	return is_dots(&w->name) ? step_dots(w, !**path) : 2;
}

/* The last name, with slashes behind it if rest is not empty. */
static inline int last_name(struct walk *w, const char *rest, const char **path, unsigned flags)
{
	struct inode *found;
	int error = w->dir->ops->lookup(w->dir, &w->name, &found);

	if (error)
		return error == -ENOENT ? 0 : error;
	if (S_ISLNK(found->mode) && ((flags & WALK_FOLLOW) || (*rest && !(flags & WALK_NAME))))
		return follow(w, found, rest, path);
	w->found = found;
	return 0;
}

/* A name with something behind it. */
static int inner_name(struct walk *w, const char *rest, const char **path, unsigned flags)
{
	struct inode *found;

	*path = skip_slashes(rest);
	if (!**path) {
		w->slash = true;
		if (flags & WALK_CREATE)
			return -EISDIR;
		int result = last_name(w, rest, path, flags);
		bool wrong = !result && w->found && !S_ISDIR(w->found->mode) && !(flags & WALK_NAME);
		return wrong ? -ENOTDIR : result;
	}
	int error = w->dir->ops->lookup(w->dir, &w->name, &found);
	if (error)
		return error;
	if (S_ISLNK(found->mode))
		return follow(w, found, rest, path);
	enter(w, found);
	return 1;
}

/* One component of the path. 1: go on at *path; 0: that was the last one; else a negative errno. */
static inline int step(struct walk *w, const char **path, unsigned flags)
{
	const char *rest = take_name(&w->name, skip_slashes(*path));

	if (!S_ISDIR(w->dir->mode))
		return -ENOTDIR;
	if (unlikely(w->name.len - 1 >= NAME_MAX || *w->name.text == '.')) {
		int result = special_name(w, rest, path);
		if (result != 2)
			return result;
	}
	w->slash = false;
	return *rest ? inner_name(w, rest, path, flags) : last_name(w, rest, path, flags);
}

/* The walk proper; w->copy is set. Consumes the reference to start. */
static int run(struct walk *w, struct inode *start, const char *path, unsigned flags)
{
	int result = -ENOENT;

	w->dir = start;
	w->found = NULL;
	w->target = NULL;
	w->links = 0;
	w->slash = false;
	if (likely(*path)) {
		do
			result = step(w, &path, flags);
		while (result > 0);
	} else if (flags & WALK_EMPTY) {
		result = end_at(w, inode_get(start), 3);
	}
	if (result < 0)
		walk_end(w);
	return result;
}

int walk_from(struct walk *w, struct inode *start, const char *path, unsigned flags)
{
	w->copy = NULL;
	return run(w, inode_get(*path == '/' ? root_inode : start), path, flags);
}

/* A path too long for w->small, on the heap; NULL and *error. */
static const char *copy_long_path(struct walk *w, const char *path, int *error)
{
	w->copy = kmalloc(PATH_MAX);
	*error = w->copy ? strncpy_from_user(w->copy, path, PATH_MAX) : -ENOMEM;
	if (*error >= 0)
		return w->copy;
	kfree(w->copy);
	return NULL;
}

/* The folder that a descriptor stands for; NULL: none. An empty path is ENOENT before that, as on Linux. */
static struct inode *start_at(int dirfd, const char *path, unsigned flags)
{
	struct file *f = !*path && !(flags & WALK_EMPTY) ? NULL : fd_in(current->files, dirfd);

	return f ? f->inode : NULL;
}

int walk_user(struct walk *w, int dirfd, const char *user_path, unsigned flags)
{
	struct inode *start = root_inode;
	const char *path = w->small;
	int error = strncpy_from_user(w->small, user_path, sizeof(w->small));

	w->copy = NULL;
	if (error == -ENAMETOOLONG)
		path = copy_long_path(w, user_path, &error);
	if (unlikely(error < 0))
		return error;
	if (*path != '/') {
		start = dirfd == AT_FDCWD ? current->fsinfo->cwd : start_at(dirfd, path, flags);
		if (unlikely(!start)) {
			error = *path || (flags & WALK_EMPTY) ? -EBADF : -ENOENT;
			kfree(w->copy);
			return error;
		}
	}
	return run(w, inode_get(start), path, flags);
}

int walk_existing(struct walk *w, int dirfd, const char *path, unsigned flags)
{
	int error = walk_user(w, dirfd, path, flags);

	if (!error && !w->found) {
		walk_end(w);
		error = -ENOENT;
	}
	return error;
}

void walk_free(struct walk *w)
{
	kfree(w->target);
	kfree(w->copy);
}

/* ---- working directory and umask ---- */

struct fs *fs_fork(struct fs *from)
{
	struct fs *fs = kmalloc(sizeof(*fs));

	if (fs) {
		fs->users = 1;
		fs->umask = from ? from->umask : 022;
		fs->cwd = inode_get(from ? from->cwd : root_inode);
	}
	return fs;
}

struct fs *fs_get(struct fs *fs)
{
	fs->users++;
	return fs;
}

void fs_put(struct fs *fs)
{
	if (--fs->users)
		return;
	inode_put(fs->cwd);
	kfree(fs);
}

char *fs_cwd_path(const struct fs *fs, char *to, size_t size)
{
	inode_path(fs->cwd, to, size);
	return to;
}
