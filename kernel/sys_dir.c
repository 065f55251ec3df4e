/* SPDX-License-Identifier: MIT */
/*
 * System calls on names: making, linking, moving and removing them, reading folders,
 * the working directory.
 *
 * Only ramfs can be changed: the names of /proc are made up as they are asked for, and
 * refuse with EPERM. The order of the checks is Linux's, so that a call with several
 * things wrong gives the same error. A folder is removed when it is empty; who is
 * inside stays there, can go up, and can make nothing new.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/*
 * Walks to a name that must not exist yet, which is asked first, before whether one
 * could be made. Slashes behind it are for folders only.
 */
static int walk_new(struct walk *w, int dirfd, const char *path, bool folder)
{
	int error = walk_user(w, dirfd, path, WALK_NAME);

	if (error)
		return error;
	if (w->found)
		error = -EEXIST;
	else if ((w->slash && !folder) || !w->dir->nlink)
		error = -ENOENT;
	else if (!in_ramfs(w->dir))
		error = -EPERM;
	if (error)
		walk_end(w);
	return error;
}

/* Gives an inode the name that w came to, and ends the walk; as ramfs_link. */
static long name_new(struct walk *w, struct inode *inode)
{
	int error = ramfs_link(w->dir, &w->name, inode);

	walk_end(w);
	return error;
}

/*
 * A new inode with a new name. Set-group-ID is handed down from folder to folder, as on
 * Linux, though groups mean nothing here.
 */
static long make_node(int dir, const char *path, uint32_t mode, uint32_t rdev)
{
	struct walk w;
	int error = walk_new(&w, dir, path, S_ISDIR(mode));

	if (error)
		return error;
	mode &= ~current->fsinfo->umask;
	if (S_ISDIR(mode))
		mode |= w.dir->mode & S_ISGID;
	return name_new(&w, ramfs_new(mode, rdev));
}

long sys_mkdirat(int dir, const char *path, uint32_t mode)
{
	return make_node(dir, path, S_IFDIR | (mode & 01777), 0);
}

long sys_mkdir(const char *path, uint32_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

/*
 * dev: minor in bits 0-7 and 20-31, major in bits 8-19, as user space packs it; no type
 * means a regular file.
 */
long sys_mknodat(int dir, const char *path, uint32_t mode, uint32_t dev)
{
	uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	bool device = S_ISCHR(type) || S_ISBLK(type);

	if (S_ISDIR(type))
		return -EPERM;
	if (!S_ISREG(type) && !S_ISFIFO(type) && !device)
		return -EINVAL;
	return make_node(dir, path, type | (mode & 07777), device ? dev & 0xFFFFF : 0);
}

long sys_mknod(const char *path, uint32_t mode, uint32_t dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

/* The text is not looked at; it need not lead anywhere. */
long sys_symlinkat(const char *target, int dir, const char *path)
{
	struct walk w;
	char *text = kmalloc(PATH_MAX);

	if (!text)
		return -ENOMEM;
	int len = strncpy_from_user(text, target, PATH_MAX);
	int error = len > 0 ? walk_new(&w, dir, path, false) : len ? len : -ENOENT;
	if (!error)
		error = name_new(&w, ramfs_new_link(text, len));
	kfree(text);
	return error;
}

long sys_symlink(const char *target, const char *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/*
 * May it have one name more? A folder may not (POSIX leaves it open, Linux refuses),
 * nor what has lost its last one.
 */
static int check_link(const struct inode *inode)
{
	if (!in_ramfs(inode))
		return -EXDEV;
	if (S_ISDIR(inode->mode))
		return -EPERM;
	return inode->nlink ? 0 : -ENOENT;
}

/* Links are not followed unless asked, so a link can have two names as well. */
long sys_linkat(int old_dir, const char *from, int new_dir, const char *to, uint32_t flags)
{
	struct walk old, new;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	unsigned how = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	int error = walk_existing(&old, old_dir, from, how);
	if (error)
		return error;
	error = walk_new(&new, new_dir, to, false);
	if (!error) {
		error = check_link(old.found);
		if (!error)
			error = ramfs_link(new.dir, &new.name, inode_get(old.found));
		walk_end(&new);
	}
	walk_end(&old);
	return error;
}

long sys_link(const char *from, const char *to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/*
 * May the name go? The last step of a path without a name is always a folder: for
 * unlink that is EISDIR; for rmdir "." is EINVAL, ".." can't be empty, and the root is
 * in use (rmdir(2), ERRORS).
 */
static int check_removable(const struct walk *w, bool folder)
{
	if (!w->name.len && !folder)
		return -EISDIR;
	if (!w->name.len)
		return w->last == LAST_DOT ? -EINVAL : w->last == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
	if (!w->found)
		return -ENOENT;
	if (!in_ramfs(w->dir))
		return -EPERM;
	if (!folder && S_ISDIR(w->found->mode))
		return -EISDIR;
	if (!S_ISDIR(w->found->mode))
		return folder || w->slash ? -ENOTDIR : 0;
	if (!in_ramfs(w->found))
		return -EBUSY;
	return ramfs_dir_empty(w->found) ? 0 : -ENOTEMPTY;
}

/*
 * An inode that is still open, or a folder that somebody is in, lives on without a
 * name.
 */
long sys_unlinkat(int dir, const char *path, uint32_t flags)
{
	struct walk w;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	int error = walk_user(&w, dir, path, WALK_NAME);
	if (error)
		return error;
	error = check_removable(&w, flags & AT_REMOVEDIR);
	if (!error)
		ramfs_unlink(w.dir, &w.name);
	walk_end(&w);
	return error;
}

long sys_unlink(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(const char *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* Is `above` the folder itself or one of those above it? */
static bool is_inside(const struct inode *dir, const struct inode *above)
{
	for (; dir; dir = dir->parent)
		if (dir == above)
			return true;
	return false;
}

/*
 * Checks on the two ends of a rename, the new name existing or not. 1: two names of one
 * file, and then nothing happens and both stay (POSIX, rename).
 */
static int check_rename(const struct walk *old, const struct walk *new, uint32_t flags)
{
	const struct inode *from = old->found, *over = new->found;

	if (!old->name.len || !new->name.len)
		return old->name.len && (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	if (!from || !new->dir->nlink)
		return -ENOENT;
	if (over && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!S_ISDIR(from->mode) && (old->slash || new->slash))
		return -ENOTDIR;
	if (!in_ramfs(old->dir) || !in_ramfs(new->dir))
		return in_ramfs(old->dir) == in_ramfs(new->dir) ? -EPERM : -EXDEV;
	if (!in_ramfs(from) || (over && !in_ramfs(over)))
		return -EBUSY;
	if (S_ISDIR(from->mode) && is_inside(new->dir, from))
		return -EINVAL;
	if (!over || over == from)
		return over ? 1 : 0;
	if (S_ISDIR(over->mode) && is_inside(old->dir, over))
		return -ENOTEMPTY;
	if (S_ISDIR(over->mode) != S_ISDIR(from->mode))
		return S_ISDIR(over->mode) ? -EISDIR : -ENOTDIR;
	return S_ISDIR(over->mode) && !ramfs_dir_empty(over) ? -ENOTEMPTY : 0;
}

/* Both paths are walked before anything is judged. */
long sys_renameat2(int old_dir, const char *from, int new_dir, const char *to, uint32_t flags)
{
	struct walk old, new;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	int error = walk_user(&old, old_dir, from, WALK_NAME);
	if (error)
		return error;
	error = walk_user(&new, new_dir, to, WALK_NAME);
	if (!error) {
		error = check_rename(&old, &new, flags);
		if (!error)
			error = ramfs_move(old.dir, &old.name, new.dir, &new.name);
		walk_end(&new);
	}
	walk_end(&old);
	return MIN(error, 0);
}

long sys_renameat(int old_dir, const char *from, int new_dir, const char *to)
{
	return sys_renameat2(old_dir, from, new_dir, to, 0);
}

long sys_rename(const char *from, const char *to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* With an empty path: of a link opened by O_PATH. */
long sys_readlinkat(int dir, const char *path, char *buf, uint32_t size)
{
	struct walk w;

	if ((int32_t)size <= 0)
		return -EINVAL;
	int error = walk_existing(&w, dir, path, WALK_EMPTY);
	if (error)
		return error;
	char *text = kmalloc(PATH_MAX);
	if (!S_ISLNK(w.found->mode))
		error = w.last == LAST_EMPTY ? -ENOENT : -EINVAL;
	else
		error = text ? w.found->ops->readlink(w.found, text, MIN(size, PATH_MAX)) : -ENOMEM;
	if (error > 0 && copy_to_user(buf, text, error))
		error = -EFAULT;
	kfree(text);
	walk_end(&w);
	return error;
}

long sys_readlink(const char *path, char *buf, uint32_t size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

static long change_cwd(struct inode *dir, void *unused)
{
	struct fs *fs = current->fsinfo;

	(void)unused;
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	inode_get(dir);
	inode_put(fs->cwd);
	fs->cwd = dir;
	return 0;
}

long sys_chdir(const char *path)
{
	return path_call(AT_FDCWD, path, WALK_FOLLOW, change_cwd, NULL);
}

long sys_fchdir(int fd)
{
	return fd_call(fd, change_cwd, NULL);
}

/*
 * The result is the length with the NUL, unlike the C library's getcwd. ERANGE: the
 * buffer is too small for it.
 */
long sys_getcwd(char *buf, uint32_t size)
{
	char *path = kmalloc(PATH_MAX);

	if (!path)
		return -ENOMEM;
	long result = inode_path(current->fsinfo->cwd, path, PATH_MAX);
	uint32_t n = strlen(path) + 1;
	if (!result)
		result = n > size ? -ERANGE : copy_to_user(buf, path, n) ? -EFAULT : (long)n;
	kfree(path);
	return result;
}

long sys_umask(uint32_t mask)
{
	uint32_t old = current->fsinfo->umask;

	current->fsinfo->umask = mask & 0777;
	return old;
}

/* ---- reading a folder ---- */

/* Where folder entries go: the user's buffer of getdents64. */
struct dir_sink {
	char *to;		/* user address of the next record */
	uint32_t left;		/* bytes left there */
	int error;		/* -EINVAL: the first entry doesn't fit; -EFAULT; else 0 */
	uint32_t records;
};

/*
 * The record is put together here and copied in one go. d_type is the type of the mode.
 */
bool dir_emit(struct dir_sink *sink, const char *name, uint32_t len, uint32_t ino, uint32_t mode, uint64_t next)
{
	uint32_t head = offsetof(struct linux_dirent64, d_name), size = ROUND_UP(head + len + 1, 8u);
	char record[offsetof(struct linux_dirent64, d_name) + NAME_MAX + 8] __attribute__((aligned(4)));
	struct linux_dirent64 *e = (struct linux_dirent64 *)record;

	if (size > sink->left) {
		sink->error = sink->records ? 0 : -EINVAL;
		return false;
	}
	e->d_ino = ino;
	e->d_off = next;
	e->d_reclen = size;
	e->d_type = mode >> 12 & 15;
	memcpy(e->d_name, name, len);
	memset(e->d_name + len, 0, size - head - len);
	if (copy_to_user(sink->to, record, size)) {
		sink->error = -EFAULT;
		return false;
	}
	sink->to += size;
	sink->left -= size;
	sink->records++;
	return true;
}

/*
 * An error after the first entry is told by the next call. A removed folder has not
 * even "." any more.
 */
long sys_getdents64(int fd, void *buf, uint32_t n)
{
	struct file *f = fd_usable(fd);
	struct dir_sink sink = { .to = buf, .left = n };

	if (!f)
		return -EBADF;
	if (S_ISDIR(f->inode->mode) && !f->inode->nlink)
		return -ENOENT;
	file_get(f);
	int error = f->ops->readdir(f, &sink);
	file_put(f);
	if (sink.to != (char *)buf)
		return sink.to - (char *)buf;
	return error ? error : sink.error;
}
