/* SPDX-License-Identifier: MIT */
/*
 * Open files: making and dropping them, opening by path, what the kernel itself reads, and the
 * stubs of struct file_ops.
 *
 * A file holds its inode. Opening may sleep (a FIFO waits for its partner), so a file is complete
 * before ops->open is called. A file opened with O_PATH only names its inode.
 */
#include "kernel/file.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/stat.h"
#include "kernel/device.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/path.h"
#include "kernel/pipe.h"
#include "kernel/proc.h"
#include "kernel/ramfs.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"

#define SPARES	8u

struct inode *root_inode;

/* Closed files for the next ones to be opened, linked by private. */
static struct file *spare;
static uint32_t spares;

/* Of files opened with O_PATH; fd_usable keeps every call away from it. */
static const struct file_ops path_file_ops = {
	.read = file_no_read,
	.write = file_no_write,
	.ioctl = file_no_ioctl,
	.poll = file_always_ready,
	.seek = file_no_seek,
	.readdir = file_no_readdir,
	.open = file_open_plain,
	.release = file_release_plain,
};

/* Flags that only say how to open are not kept; close-on-exec belongs to the descriptor. */
static struct file *file_new(struct inode *inode, uint32_t flags)
{
	struct file *f = spare;

	if (likely(f)) {
		spare = f->private;
		spares--;
	} else if (!(f = kmalloc(sizeof(*f)))) {
		return NULL;
	}
	f->ops = inode->fops;
	f->inode = inode_get(inode);
	f->pos = 0;
	f->flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	f->can = (flags + 1) & (FILE_READ | FILE_WRITE);	/* O_RDONLY is 0, O_WRONLY 1, O_RDWR 2 */
	f->count = 1;
	f->private = NULL;
	return f;
}

static void file_free(struct file *f)
{
	inode_put(f->inode);
	if (unlikely(spares >= SPARES)) {
		kfree(f);
		return;
	}
	f->private = spare;
	spare = f;
	spares++;
}

/* The reference to the inode keeps it alive while open sleeps. */
struct file *inode_open(struct inode *inode, uint32_t flags)
{
	struct file *f = file_new(inode, flags);

	if (!f)
		return (struct file *)-ENOMEM;
	if (flags & O_PATH) {
		f->ops = &path_file_ops;
		f->flags = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
		f->can = 0;
		return f;
	}
	int error = f->ops->open == file_open_plain ? 0 : f->ops->open(inode, f);
	if (likely(!error)) {
		if (f->ops->seek != file_no_seek)
			f->can |= FILE_SEEK | f->can * FILE_PREAD;
		return f;
	}
	file_free(f);
	return (struct file *)error;
}

void file_put_last(struct file *f)
{
	f->ops->release(f);
	file_free(f);
}

/* The rare flags; open_walk_flags has dealt with the others. */
unsigned open_walk_flags_rare(uint32_t flags)
{
	bool itself = (flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);

	return (itself ? 0 : WALK_FOLLOW) | ((flags & O_CREAT) && !(flags & O_PATH) ? WALK_CREATE : 0);
}

/* A new, empty regular file at the end of the walk. */
static int create(struct walk *w, uint32_t mode)
{
	if (!in_ramfs(w->dir))
		return -ENOENT;
	if (current->fsinfo)
		mode &= ~current->fsinfo->umask;
	struct inode *inode = ramfs_new(S_IFREG | (mode & 07777), 0);
	if (!inode)
		return -ENOMEM;
	int error = ramfs_link(w->dir, &w->name, inode);
	if (error) {
		inode_put(inode);
		return error;
	}
	w->found = inode;
	return 0;
}

/* May what was found be opened like this? */
static int check_open(const struct inode *inode, uint32_t flags)
{
	bool writing = (flags & O_ACCMODE) || (flags & O_TRUNC);

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (S_ISLNK(inode->mode) && !(flags & O_PATH))
		return (flags & O_DIRECTORY) ? -ENOTDIR : -ELOOP;
	if (S_ISDIR(inode->mode) ? !(flags & O_PATH) && (writing || (flags & O_CREAT)) : flags & O_DIRECTORY)
		return S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
	return 0;
}

/* Opening that makes, cuts or refuses things. O_TRUNC comes last, when the open can't fail any more. */
struct file *file_open_walk_rare(struct walk *w, uint32_t flags, uint32_t mode)
{
	int error;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (w->found)
		error = check_open(w->found, flags);
	else
		error = (flags & O_CREAT) ? create(w, mode) : -ENOENT;
	if (error)
		return (struct file *)error;
	struct file *f = inode_open(w->found, flags);
	if ((flags & O_TRUNC) && !IS_ERR_VALUE(f) && S_ISREG(w->found->mode) && in_ramfs(w->found))
		ramfs_truncate(w->found, 0);
	return f;
}

/* Before the first process there is no working directory; then the root stands for it. */
struct file *file_open(const char *path, uint32_t flags, uint32_t mode)
{
	struct walk w;
	struct inode *cwd = current->fsinfo ? current->fsinfo->cwd : root_inode;
	int error = walk_from(&w, cwd, path, open_walk_flags(flags));

	if (error)
		return (struct file *)error;
	struct file *f = file_open_walk(&w, flags, mode);
	walk_end(&w);
	return f;
}

/* O_NONBLOCK: a FIFO by that name must not keep exec waiting. */
struct file *file_open_exec(const char *path)
{
	struct file *f = file_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (IS_ERR_VALUE(f))
		return f;
	if (S_ISREG(f->inode->mode) && (f->inode->mode & 0111) && in_ramfs(f->inode))
		return f;
	file_put(f);
	return (struct file *)-EACCES;
}

int32_t file_read_kernel(struct file *f, void *to, uint32_t n, uint64_t pos)
{
	if (!in_ramfs(f->inode) || !S_ISREG(f->inode->mode))
		return -EINVAL;
	return ramfs_read_kernel(f->inode, to, MIN(n, (uint32_t)INT32_MAX), pos);
}

bool file_mappable(const struct file *f)
{
	return f->ops == &ramfs_file_ops || f->ops == &zero_file_ops;
}

uint32_t file_ino(const struct file *f)
{
	return f->inode->ino;
}

pfn_t file_page(struct file *f, uint32_t index, bool shared, int *err)
{
	if (f->ops == &ramfs_file_ops)
		return ramfs_page(f->inode, index, shared, err);
	*err = -EFAULT;
	return f->ops == &zero_file_ops && !shared ? zero_pfn : 0;
}

/* The size is the largest there is, so that no page of a mapping lies beyond the end. */
struct file *file_anonymous(void)
{
	struct inode *inode = ramfs_new(S_IFREG | 0600, 0);

	if (!inode)
		return NULL;
	inode->size = RAMFS_MAX_SIZE;
	struct file *f = inode_open(inode, O_RDWR);
	inode_put(inode);
	return IS_ERR_VALUE(f) ? NULL : f;
}

char *file_path(const struct file *f, char *to, size_t size)
{
	if (file_is_pipe(f) && f->inode->dev == DEV_PIPE)
		snprintf(to, size, "pipe:[%u]", f->inode->ino);
	else
		inode_path(f->inode, to, size);
	return to;
}

/* Other names of the descriptors, as programs expect them. */
static void make_fd_links(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct inode *link = ramfs_new(S_IFLNK | 0777, 0);
		if (!link || ramfs_set_target(link, links[i][1], strlen(links[i][1])))
			panic("vfs: no memory for /dev/%s", links[i][0]);
		device_name(links[i][0], link);
	}
}

static void make_folder(const char *name, struct inode *folder)
{
	struct name n;

	name_set(&n, name);
	if (!folder || ramfs_link(root_inode, &n, folder))
		panic("vfs: no memory for /%s", name);
}

/* /proc is one name in the root like any other (kernel/inode.h). */
void vfs_init(void)
{
	root_inode = ramfs_new(S_IFDIR | 0755, 0);
	if (!root_inode)
		panic("vfs: no memory for the root");
	root_inode->nlink = 2;
	make_folder("dev", ramfs_new(S_IFDIR | 0755, 0));
	make_folder("proc", proc_root());
	device_init();
	make_fd_links();
}

/* Without /dev/console process 1 starts with no descriptors, as on Linux. */
void vfs_open_console(void)
{
	struct file *f = file_open("/dev/console", O_RDWR, 0);

	if (IS_ERR_VALUE(f)) {
		klog("vfs: /dev/console can't be opened: error %d\n", -(int)f);
		return;
	}
	for (int fd = 0; fd < 3; fd++)
		if (fd_install(file_get(f), 0, false) < 0)
			panic("vfs: no memory for the first descriptors");
	file_put(f);
}

/* ---- stubs ---- */

int32_t file_no_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	(void)f, (void)buf, (void)n, (void)pos;
	return -EINVAL;
}

int32_t file_no_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos)
{
	(void)f, (void)buf, (void)n, (void)pos;
	return -EINVAL;
}

int file_no_ioctl(struct file *f, uint32_t cmd, uint32_t arg)
{
	(void)f, (void)cmd, (void)arg;
	return -ENOTTY;
}

uint32_t file_always_ready(struct file *f, struct poll_table *table)
{
	(void)f, (void)table;
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

int64_t file_no_seek(struct file *f, int64_t offset, int whence)
{
	(void)f, (void)offset, (void)whence;
	return -ESPIPE;
}

/* Positions beyond the end are fine, for reading (nothing is there) and for writing (a hole). */
int64_t file_seek(struct file *f, int64_t offset, int whence)
{
	int64_t base;

	if (whence == SEEK_SET)
		base = 0;
	else if (whence == SEEK_CUR)
		base = f->pos;
	else if (whence == SEEK_END)
		base = f->inode->size;
	else
		return -EINVAL;
	if (__builtin_add_overflow(base, offset, &offset) || offset < 0)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

int file_no_readdir(struct file *f, struct dir_sink *sink)
{
	(void)f, (void)sink;
	return -ENOTDIR;
}

int file_open_plain(struct inode *inode, struct file *f)
{
	(void)inode, (void)f;
	return 0;
}

void file_release_plain(struct file *f)
{
	(void)f;
}
