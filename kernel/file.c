/* SPDX-License-Identifier: MIT */
/*
 * Open files: making and dropping them, opening by path, what the kernel itself reads.
 *
 * A file holds its inode. Opening may sleep (a FIFO waits for its partner), so a file
 * is complete before ops->open is called. A file opened with O_PATH only names its
 * inode: it has no operations, and fd_usable keeps the calls away.
 */
#include "kernel/fd.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "mm/mm.h"

#define SPARES	8u		/* closed files that are kept: opening and closing again then costs no kmalloc */

/* What an open must not have if it is to be the plain one. */
#define RARE_FLAGS	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_NOFOLLOW | O_PATH)

static struct file *spare;	/* linked by private */
static uint32_t spares;

/* ---- making and dropping ---- */

/*
 * Flags that only say how to open are not kept; close-on-exec belongs to the
 * descriptor.
 */
static inline struct file *file_new(struct inode *inode, uint32_t flags)
{
	struct file *f = spare;

	if (likely(f)) {
		spare = f->private;
		spares--;
	} else if (!(f = kmalloc(sizeof(*f)))) {
		return NULL;
	}
	f->ops = inode->fops;
	f->inode = inode_hold(inode);
	f->pos = 0;
	f->flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	f->can = (flags + 1) & (FILE_READ | FILE_WRITE);	/* O_RDONLY is 0, O_WRONLY 1, O_RDWR 2 */
	f->count = 1;
	f->writes = 0;
	f->private = NULL;
	return f;
}

static inline void file_free(struct file *f)
{
	if (unlikely(f->writes)) {
		f->inode->writers -= f->writes;
		f->inode->mount->writers -= f->writes > 0;
	}
	inode_release(f->inode);
	if (unlikely(spares >= SPARES)) {
		kfree(f);
		return;
	}
	f->private = spare;
	spare = f;
	spares++;
}

struct file *inode_open(struct inode *inode, uint32_t flags)
{
	struct file *f = file_new(inode, flags);

	if (!f)
		return (struct file *)-ENOMEM;
	int error = f->ops->open ? f->ops->open(inode, f) : 0;
	if (unlikely(error)) {
		file_free(f);
		return (struct file *)error;
	}
	if (f->ops->seek)	/* asked after open, which may have put a device's operations there */
		f->can |= FILE_SEEK | f->can * FILE_PREAD;
	return f;
}

void file_put_last(struct file *f)
{
	if (f->ops->release)
		f->ops->release(f);
	locks_drop_any(f, f);
	file_free(f);
}

/* ---- opening by path ---- */

/*
 * O_PATH: a name for the inode; nothing is opened, so FIFOs don't wait and devices need
 * not exist.
 */
static struct file *open_path_only(struct inode *inode, uint32_t flags)
{
	struct file *f = file_new(inode, flags);

	if (!f)
		return (struct file *)-ENOMEM;
	f->ops = &node_file_ops;
	f->can = 0;
	return f;
}

/*
 * A new, empty regular file at the end of the walk. ENOENT in /proc is what Linux says
 * there. The kernel's own opens before the first process have no umask.
 */
static int create(struct walk *w, uint32_t mode)
{
	int error = may_change(w->dir);

	if (error)
		return error == -EPERM ? -ENOENT : error;
	if (current->fsinfo)
		mode &= ~current->fsinfo->umask;
	struct inode *inode = ramfs_new(S_IFREG | (mode & 07777), 0);
	error = ramfs_link(w->dir, &w->name, inode);
	if (!error)
		w->found = inode_get(inode);
	return error;
}

/*
 * May what was found be opened like this? In the order in which Linux finds out
 * (fs/namei.c, do_open and may_open): the race for being first comes before everything,
 * then links that were not followed, then folders, then what is read-only, then programs that run.
 */
static int check_open(const struct inode *inode, uint32_t flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (S_ISLNK(inode->mode) && !(flags & O_PATH))
		return (flags & O_DIRECTORY) ? -ENOTDIR : -ELOOP;
	if (S_ISDIR(inode->mode))
		return flags & (O_ACCMODE | O_TRUNC | O_CREAT) ? -EISDIR : 0;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (!S_ISREG(inode->mode) || !(flags & (O_ACCMODE | O_TRUNC)))
		return 0;
	return inode->mount->flags & MS_RDONLY ? -EROFS : inode->writers < 0 ? -ETXTBSY : 0;
}

/*
 * Opening that makes, cuts or refuses things. O_PATH takes its meaning from all flags
 * but three. O_TRUNC comes last, when the open can't fail any more.
 */
static struct file *open_rare(struct walk *w, uint32_t flags, uint32_t mode)
{
	int error = -ENOENT;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	if (w->found)
		error = check_open(w->found, flags);
	else if (flags & O_CREAT)
		error = create(w, mode);
	if (error)
		return (struct file *)error;
	if (flags & O_PATH)
		return open_path_only(w->found, flags);
	struct file *f = inode_open(w->found, flags);
	if (IS_ERR_VALUE(f) || !S_ISREG(w->found->mode))
		return f;
	f->writes = f->can >> 1 & 1;
	w->found->writers += f->writes;
	w->found->mount->writers += f->writes;
	if ((flags & O_TRUNC) && in_ramfs(w->found))
		ramfs_truncate(w->found, 0);
	return f;
}

/*
 * A link in the last place is not followed by who asks for that, and not by who wants
 * to be the first.
 */
static inline unsigned walk_flags(uint32_t flags)
{
	if (likely(!(flags & RARE_FLAGS)))
		return WALK_FOLLOW;
	bool itself = (flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	return (itself ? 0 : WALK_FOLLOW) | ((flags & O_CREAT) && !(flags & O_PATH) ? WALK_CREATE : 0);
}

/* Ends a walk that came out with this error. Reading what exists is the usual case. */
static inline struct file *open_walked(struct walk *w, int error, uint32_t flags, uint32_t mode)
{
	if (unlikely(error))
		return (struct file *)error;
	bool plain = w->found && !(flags & RARE_FLAGS);
	struct file *f = likely(plain) ? inode_open(w->found, flags) : open_rare(w, flags, mode);
	walk_end(w);
	return f;
}

struct file *file_open_user(int dir, const char *path, uint32_t flags, uint32_t mode)
{
	struct walk w;
	int error = walk_user(&w, dir, path, walk_flags(flags));

	return open_walked(&w, error, flags, mode);
}

/*
 * By a kernel path. Before the first process there is no working directory; then the
 * root stands for it.
 */
static struct file *file_open(const char *path, uint32_t flags)
{
	struct walk w;
	int error = walk_from(&w, current->fsinfo ? current->fsinfo->cwd : root_inode, path, walk_flags(flags));

	return open_walked(&w, error, flags, 0);
}

/* O_NONBLOCK: a FIFO by that name must not keep exec waiting. */
struct file *file_open_exec(const char *path)
{
	struct file *f = file_open(path, O_RDONLY | O_NONBLOCK);

	if (IS_ERR_VALUE(f))
		return f;
	bool refused = f->ops != &ramfs_file_ops || !(f->inode->mode & 0111) || (f->inode->mount->flags & MS_NOEXEC);
	int error = refused ? -EACCES : f->inode->writers > 0 ? -ETXTBSY : 0;
	if (!error)
		return f;
	file_put(f);
	return (struct file *)error;
}

int32_t file_read_kernel(struct file *f, void *to, uint32_t n, uint64_t pos)
{
	if (f->ops != &ramfs_file_ops)
		return -EINVAL;
	return ramfs_read_kernel(f->inode, to, MIN(n, (uint32_t)INT32_MAX), pos);
}

/* ---- what kinds of files share, and mappings ---- */

/*
 * Positions beyond the end are fine, for reading (nothing is there) and for writing (a
 * hole).
 */
#define POSITION_HIGH	0x1000u		/* upper word of the first position that is too far, as on 32-bit Linux: 4 Gi pages */

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
	if (__builtin_add_overflow(base, offset, &offset) || (uint32_t)(offset >> 32) >= POSITION_HIGH)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

bool file_mappable(const struct file *f) { return f->ops == &ramfs_file_ops || f->ops == &zero_file_ops; }

pfn_t file_page(struct file *f, uint32_t index, bool shared, int *err)
{
	if (f->ops == &ramfs_file_ops)
		return ramfs_page(f->inode, index, shared, err);
	*err = -EFAULT;
	return f->ops == &zero_file_ops && !shared ? zero_pfn : 0;
}

/*
 * The size is the largest there is, so that no page of a mapping lies beyond the end.
 */
struct file *file_anonymous(void)
{
	struct inode *inode = ramfs_new(S_IFREG | 0600, 0);

	if (!inode)
		return NULL;
	inode->mount = root_inode->mount;
	inode->size = RAMFS_MAX_SIZE;
	struct file *f = inode_open(inode, O_RDWR);
	inode_put(inode);
	return IS_ERR_VALUE(f) ? NULL : f;
}

char *file_path(const struct file *f, char *to, size_t size)
{
	if (f->inode->mount->type == FS_PIPE)
		snprintf(to, size, "pipe:[%u]", f->inode->ino);
	else
		inode_path(f->inode, to, size);
	return to;
}

/* ---- boot ---- */

/* Nothing can be out of memory yet. */
void vfs_init(void)
{
	root_inode = mount_at(NULL, FS_RAMFS, "rootfs", 0, 0755, 0)->root;
	device_init();
}

/* Without /dev/console process 1 starts with no descriptors, as on Linux. */
void vfs_open_console(void)
{
	struct file *f = file_open("/dev/console", O_RDWR);

	if (IS_ERR_VALUE(f)) {
		klog("vfs: /dev/console can't be opened: error %d\n", -(int)f);
		return;
	}
	for (int fd = 0; fd < 3; fd++)
		fd_install(file_get(f), 0, false);
	file_put(f);
}
