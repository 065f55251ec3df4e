/* SPDX-License-Identifier: MIT */
/*
 * System calls on names: making, linking, moving and removing them, reading folders,
 * the working directory.
 *
 * Only ramfs can be changed: the names of /proc are made up as they are asked for, and
 * refuse with EPERM. A name stays in its file system, and one that leads to another stays where it is. The order of the checks is Linux's, so that a call with several
 * things wrong gives the same error. A folder is removed when it is empty; who is
 * inside stays there, can go up, and can make nothing new.
 */
#include "abi/dirent.h"
#include "kernel/fd.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"

/*
 * A call on the last name of a path, whether that exists or not: fn's result, or the walk's
 * error. fn must not keep what it finds.
 */
typedef long (*name_fn)(struct walk *w, void *arg);

static long name_call(int dir, const char *path, unsigned flags, name_fn fn, void *arg)
{
	struct walk w;
	long result = walk_user(&w, dir, path, flags);

	if (!result) {
		result = fn(&w, arg);
		walk_end(&w);
	}
	return result;
}

/*
 * The same for the calls with two paths. An old name that is followed must exist before the
 * new path is even looked at (link); else both are walked before anything is judged (rename).
 */
static long two_names(int old_dir, const char *from, unsigned how, int new_dir, const char *to,
		      long (*fn)(struct walk *old, struct walk *new, uint32_t flags), uint32_t flags)
{
	struct walk old, new;
	long result = walk_user(&old, old_dir, from, how);

	if (result)
		return result;
	result = old.found || (how & WALK_NAME) ? walk_user(&new, new_dir, to, WALK_NAME) : -ENOENT;
	if (!result) {
		result = fn(&old, &new, flags);
		walk_end(&new);
	}
	walk_end(&old);
	return result;
}

/* ---- new names ---- */

/*
 * May the name be made? That it must not exist is asked first, before whether one could be
 * made. Slashes behind it are for folders only.
 */
static int check_new(const struct walk *w, bool folder)
{
	if (w->found)
		return -EEXIST;
	if ((w->slash && !folder) || !w->dir->nlink)
		return -ENOENT;
	return may_change(w->dir);
}

/* What mknod, mkdir and symlink make; text and len are of a symbolic link. */
struct node { uint32_t mode, rdev; const char *text; uint32_t len; };

/* Set-group-ID is handed down from folder to folder, as on Linux, though groups mean nothing here. */
static long make_node(struct walk *w, void *arg)
{
	const struct node *n = arg;
	uint32_t mode = n->mode & ~current->fsinfo->umask;
	int error = check_new(w, S_ISDIR(mode));

	if (error)
		return error;
	if (S_ISDIR(mode))
		mode |= w->dir->mode & S_ISGID;
	return ramfs_link(w->dir, &w->name, n->text ? ramfs_new_link(n->text, n->len) : ramfs_new(mode, n->rdev));
}

long sys_mkdirat(int dir, const char *path, uint32_t mode)
{
	struct node n = { .mode = S_IFDIR | (mode & 01777) };

	return name_call(dir, path, WALK_NAME, make_node, &n);
}

/*
 * dev: minor in bits 0-7 and 20-31, major in bits 8-19, as user space packs it; no type
 * means a regular file.
 */
long sys_mknodat(int dir, const char *path, uint32_t mode, uint32_t dev)
{
	uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	bool device = S_ISCHR(type) || S_ISBLK(type);
	struct node n = { .mode = type | (mode & 07777), .rdev = device ? dev & 0xFFFFF : 0 };

	if (S_ISDIR(type))
		return -EPERM;
	if (!S_ISREG(type) && !S_ISFIFO(type) && !device)
		return -EINVAL;
	return name_call(dir, path, WALK_NAME, make_node, &n);
}

/* The text is not looked at; it need not lead anywhere. */
long sys_symlinkat(const char *target, int dir, const char *path)
{
	char *text AUTO_FREE = kmalloc(PATH_MAX);
	int len = text ? strncpy_from_user(text, target, PATH_MAX) : -ENOMEM;
	struct node n = { .text = text, .len = len };

	return len > 0 ? name_call(dir, path, WALK_NAME, make_node, &n) : len ? len : -ENOENT;
}

/*
 * May it have one name more? A folder may not (POSIX leaves it open, Linux refuses),
 * nor what has lost its last one.
 */
static int check_link(const struct inode *inode, const struct inode *dir)
{
	if (inode->mount != dir->mount)
		return -EXDEV;
	if (S_ISDIR(inode->mode))
		return -EPERM;
	return inode->nlink ? 0 : -ENOENT;
}

static long make_link(struct walk *old, struct walk *new, uint32_t flags)
{
	int error = check_new(new, false) ?: check_link(old->found, new->dir);

	return error ? error : ramfs_link(new->dir, &new->name, inode_get(old->found));
}

/* Links are not followed unless asked, so a link can have two names as well. */
long sys_linkat(int old_dir, const char *from, int new_dir, const char *to, uint32_t flags)
{
	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	unsigned how = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	return two_names(old_dir, from, how, new_dir, to, make_link, 0);
}

/* ---- names that go ---- */

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
	int error = w->found || (w->dir->mount->flags & MS_RDONLY) ? may_change(w->dir) : -ENOENT;
	if (error)
		return error;
	if (!folder && S_ISDIR(w->found->mode))
		return -EISDIR;
	if (!S_ISDIR(w->found->mode))
		return folder || w->slash ? -ENOTDIR : 0;
	return w->found->mount != w->dir->mount ? -EBUSY : ramfs_dir_empty(w->found) ? 0 : -ENOTEMPTY;
}

/*
 * An inode that is still open, or a folder that somebody is in, lives on without a
 * name.
 */
static long remove_name(struct walk *w, void *folder)
{
	int error = check_removable(w, folder);

	if (!error)
		ramfs_unlink(w->dir, &w->name);
	return error;
}

long sys_unlinkat(int dir, const char *path, uint32_t flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return name_call(dir, path, WALK_NAME, remove_name, (void *)flags);
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
	const struct mount *m = old->dir->mount;

	if (m != new->dir->mount)
		return -EXDEV;
	if (!old->name.len || !new->name.len)
		return old->name.len && (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	int error = (from && new->dir->nlink) || (m->flags & MS_RDONLY) ? may_change(old->dir) : -ENOENT;
	if (error)
		return error;
	if (over && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!S_ISDIR(from->mode) && (old->slash || new->slash))
		return -ENOTDIR;
	if (S_ISDIR(from->mode) && is_inside(new->dir, from))
		return -EINVAL;
	if (over == from)
		return 1;
	if (over && S_ISDIR(over->mode) && is_inside(old->dir, over))
		return -ENOTEMPTY;
	if (over && S_ISDIR(over->mode) != S_ISDIR(from->mode))
		return S_ISDIR(over->mode) ? -EISDIR : -ENOTDIR;
	if (from->mount != m || (over && over->mount != m))
		return -EBUSY;
	return over && S_ISDIR(over->mode) && !ramfs_dir_empty(over) ? -ENOTEMPTY : 0;
}

static long move_name(struct walk *old, struct walk *new, uint32_t flags)
{
	int error = check_rename(old, new, flags) ?: ramfs_move(old->dir, &old->name, new->dir, &new->name);

	return MIN(error, 0);
}

long sys_renameat2(int old_dir, const char *from, int new_dir, const char *to, uint32_t flags)
{
	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	return two_names(old_dir, from, WALK_NAME, new_dir, to, move_name, flags);
}

/* ---- what names say ---- */

struct link_buffer { char *to; uint32_t size; };

/* With an empty path: of a link opened by O_PATH. */
static long read_link(struct walk *w, void *arg)
{
	const struct link_buffer *b = arg;

	if (!w->found || (w->last == LAST_EMPTY && !S_ISLNK(w->found->mode)))
		return -ENOENT;
	if (!S_ISLNK(w->found->mode))
		return -EINVAL;
	char *text AUTO_FREE = kmalloc(PATH_MAX);
	int n = text ? w->found->ops->readlink(w->found, text, MIN(b->size, PATH_MAX)) : -ENOMEM;
	return n > 0 && copy_to_user(b->to, text, n) ? -EFAULT : n;
}

long sys_readlinkat(int dir, const char *path, char *buf, uint32_t size)
{
	struct link_buffer b = { buf, size };

	return (int32_t)size <= 0 ? -EINVAL : name_call(dir, path, WALK_EMPTY, read_link, &b);
}

static long change_cwd(struct inode *dir, void *unused)
{
	struct fs *fs = current->fsinfo;

	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	inode_hold(dir);
	inode_release(fs->cwd);
	fs->cwd = dir;
	return 0;
}

long sys_chdir(const char *path) { return path_call(AT_FDCWD, path, WALK_FOLLOW, change_cwd, NULL); }
long sys_fchdir(int fd) { return fd_call(fd, change_cwd, NULL); }

/*
 * The result is the length with the NUL, unlike the C library's getcwd. ERANGE: the
 * buffer is too small for it.
 */
long sys_getcwd(char *buf, uint32_t size)
{
	char *path AUTO_FREE = kmalloc(PATH_MAX);
	long error = path ? inode_path(current->fsinfo->cwd, path, PATH_MAX) : -ENOMEM;
	uint32_t n = error ? 0 : strlen(path) + 1;

	return error ? error : n > size ? -ERANGE : copy_to_user(buf, path, n) ? -EFAULT : (long)n;
}

long sys_umask(uint32_t mask)
{
	uint32_t old = current->fsinfo->umask;

	current->fsinfo->umask = mask & 0777;
	return old;
}

/* ---- reading a folder ---- */

/* Where folder entries go: the user's buffer of getdents64, or of getdents. */
struct dir_sink {
	bool old;
	char *to;		/* user address of the next record */
	uint32_t left;		/* bytes left there */
	int error;		/* -EINVAL: an entry doesn't fit; -EFAULT; else 0 */
};

/*
 * The record is put together here and copied in one go. d_type is the type of the mode; getdents has it in the last byte.
 */
bool dir_emit(struct dir_sink *sink, const char *name, uint32_t len, uint32_t ino, uint32_t mode, uint64_t next)
{
	uint32_t head = sink->old ? offsetof(struct linux_dirent, d_name) : offsetof(struct linux_dirent64, d_name);
	uint32_t size = sink->old ? ROUND_UP(head + len + 2, 4u) : ROUND_UP(head + len + 1, 8u);
	char record[offsetof(struct linux_dirent64, d_name) + NAME_MAX + 8] __attribute__((aligned(4)));

	if (sink->old)
		*(struct linux_dirent *)record = (struct linux_dirent){ ino, next, size };
	else
		*(struct linux_dirent64 *)record = (struct linux_dirent64){ ino, next, size, mode >> 12 & 15 };
	memcpy(record + head, name, len);	/* after the struct, whose last byte is the first of these */
	memset(record + head + len, 0, size - head - len);
	record[size - 1] = sink->old ? mode >> 12 & 15 : 0;
	sink->error = size > sink->left ? -EINVAL : copy_to_user(sink->to, record, size);
	if (sink->error)
		return false;
	sink->to += size;
	sink->left -= size;
	return true;
}

/* The two entries that every folder has, then the file system's own. */
static int read_folder(struct file *f, struct dir_sink *sink)
{
	struct inode *dir = f->inode;

	if (f->pos == 0 && !dir_emit(sink, ".", 1, dir->ino, dir->mode, 1))
		return 0;
	f->pos = MAX(f->pos, 1);
	struct inode *parent = dir->parent ? dir->parent : dir;
	if (f->pos == 1 && !dir_emit(sink, "..", 2, parent->ino, parent->mode, 2))
		return 0;
	f->pos = MAX(f->pos, 2);
	return dir->ops->iterate(dir, &f->pos, sink);
}

/*
 * An error after the first entry is told by the next call. A removed folder has not
 * even "." any more.
 */
long folder_entries(int fd, void *buf, uint32_t n, bool old)
{
	struct file *f = fd_usable(fd);
	struct dir_sink sink = { .old = old, .to = buf, .left = n > INT32_MAX ? 0 : n };

	if (!f)
		return -EBADF;
	if (!S_ISDIR(f->inode->mode))
		return -ENOTDIR;
	if (!f->inode->nlink)
		return -ENOENT;
	int error = read_folder(f, &sink);
	if (sink.to != (char *)buf)
		return sink.to - (char *)buf;
	return error ? error : sink.error;
}
