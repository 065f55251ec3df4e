/* SPDX-License-Identifier: MIT */
/*
 * System calls on names: making, linking, moving and removing them, reading folders, the working
 * directory.
 *
 * Only ramfs can be changed: the names of /proc are made up as they are asked for, and refuse with
 * EPERM. The order of the checks is Linux's, so that a call with several things wrong gives the
 * same error. A folder is removed when it is empty; who is inside stays there, can go up, and can
 * make nothing new.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/dir.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/* Walks to a name that must not exist yet. Slashes behind it are for folders only. */
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

/*
 * Gives a new inode (NULL: out of memory), whose reference is taken over, the name that w came to,
 * and ends the walk.
 */
static int name_new(struct walk *w, struct inode *inode)
{
	int error = inode ? ramfs_link(w->dir, &w->name, inode) : -ENOMEM;

	if (inode)
		inode_put(inode);
	walk_end(w);
	return error;
}

/* Set-group-ID is handed down from folder to folder, though groups mean nothing here. */
long sys_mkdirat(int dir, const char *path, uint32_t mode)
{
	struct walk w;
	int error = walk_new(&w, dir, path, true);

	if (error)
		return error;
	mode = (mode & 01777 & ~current->fsinfo->umask) | (w.dir->mode & S_ISGID);
	return name_new(&w, ramfs_new(S_IFDIR | mode, 0));
}

long sys_mkdir(const char *path, uint32_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

/* dev: minor in bits 0-7 and 20-31, major in bits 8-19, as user space packs it. */
long sys_mknod(const char *path, uint32_t mode, uint32_t dev)
{
	struct walk w;
	uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

	if (S_ISDIR(type))
		return -EPERM;
	if (!S_ISREG(type) && !S_ISFIFO(type) && !S_ISCHR(type) && !S_ISBLK(type))
		return -EINVAL;
	int error = walk_new(&w, AT_FDCWD, path, false);
	if (error)
		return error;
	mode = type | (mode & 07777 & ~current->fsinfo->umask);
	return name_new(&w, ramfs_new(mode, S_ISCHR(type) || S_ISBLK(type) ? dev & 0xFFFFF : 0));
}

/* A symbolic link with its text; NULL: out of memory. */
static struct inode *symlink_new(const char *text, size_t len)
{
	struct inode *link = ramfs_new(S_IFLNK | 0777, 0);

	if (link && ramfs_set_target(link, text, len)) {
		inode_put(link);
		return NULL;
	}
	return link;
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
		error = name_new(&w, symlink_new(text, len));
	kfree(text);
	return error;
}

long sys_symlink(const char *target, const char *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/* May it have one name more? */
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
		if (error)
			walk_end(&new);
		else
			error = name_new(&new, inode_get(old.found));
	}
	walk_end(&old);
	return error;
}

long sys_link(const char *from, const char *to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* What the last step of a path must not be when the name is to go. */
static int check_removable(const struct walk *w, bool folder)
{
	if (!w->name.len && !folder)
		return -EISDIR;
	if (!w->name.len)
		return w->dots == 1 ? -EINVAL : w->dots == 2 ? -ENOTEMPTY : -EBUSY;
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

/* An inode that is still open, or a folder that somebody is in, lives on without a name. */
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
		ramfs_unlink(ramfs_find(w.dir, &w.name));
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

/* Checks on the two ends of a rename, the new name existing or not. */
static int check_rename(const struct walk *old, const struct walk *new, uint32_t flags)
{
	if (!old->name.len || !new->name.len)
		return old->name.len && (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	if (!old->found || !new->dir->nlink)
		return -ENOENT;
	if (new->found && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!S_ISDIR(old->found->mode) && (old->slash || new->slash))
		return -ENOTDIR;
	if (!in_ramfs(old->dir) || !in_ramfs(new->dir))
		return in_ramfs(old->dir) == in_ramfs(new->dir) ? -EPERM : -EXDEV;
	if (!in_ramfs(old->found) || (new->found && !in_ramfs(new->found)))
		return -EBUSY;
	if (S_ISDIR(old->found->mode) && is_inside(new->dir, old->found))
		return -EINVAL;
	if (new->found && S_ISDIR(new->found->mode) && is_inside(old->dir, new->found))
		return -ENOTEMPTY;
	return 0;
}

/* May new's inode give way to old's? */
static int check_replace(const struct inode *old, const struct inode *new)
{
	if (!S_ISDIR(new->mode))
		return S_ISDIR(old->mode) ? -ENOTDIR : 0;
	if (!S_ISDIR(old->mode))
		return -EISDIR;
	return ramfs_dir_empty(new) ? 0 : -ENOTEMPTY;
}

/* Two names of one file: nothing happens, both stay. That is the standard's wish. */
static int rename_walked(struct walk *old, struct walk *new, uint32_t flags)
{
	int error = check_rename(old, new, flags);

	if (error || old->found == new->found)
		return error;
	if (new->found)
		error = check_replace(old->found, new->found);
	if (error)
		return error;
	struct entry *over = new->found ? ramfs_find(new->dir, &new->name) : NULL;
	return ramfs_move(ramfs_find(old->dir, &old->name), new->dir, &new->name, over);
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
		error = rename_walked(&old, &new, flags);
		walk_end(&new);
	}
	walk_end(&old);
	return error;
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
	char *text = NULL;
	if (!S_ISLNK(w.found->mode))
		error = !w.name.len && w.dots == 3 ? -ENOENT : -EINVAL;
	else if (!(text = kmalloc(PATH_MAX)))
		error = -ENOMEM;
	else
		error = w.found->ops->readlink(w.found, text, MIN(size, PATH_MAX));
	if (error > 0 && copy_to_user(buf, text, error))
		error = -EFAULT;
	if (text)
		kfree(text);
	walk_end(&w);
	return error;
}

long sys_readlink(const char *path, char *buf, uint32_t size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

/* Goes to a folder, whose reference is taken over. */
static int change_cwd(struct inode *dir)
{
	struct fs *fs = current->fsinfo;

	if (!S_ISDIR(dir->mode)) {
		inode_put(dir);
		return -ENOTDIR;
	}
	inode_put(fs->cwd);
	fs->cwd = dir;
	return 0;
}

long sys_chdir(const char *path)
{
	struct walk w;
	int error = walk_existing(&w, AT_FDCWD, path, WALK_FOLLOW);

	if (error)
		return error;
	error = change_cwd(inode_get(w.found));
	walk_end(&w);
	return error;
}

long sys_fchdir(int fd)
{
	struct file *f = fd_file(fd);

	return f ? change_cwd(inode_get(f->inode)) : -EBADF;
}

/* The result is the length with the NUL. */
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

/* The record is put together here and copied in one go. d_type is the type of the mode. */
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
 * An error after the first entry is told by the next call. A removed folder has not even "." any
 * more.
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
