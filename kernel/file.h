/* SPDX-License-Identifier: MIT */
/*
 * Open files, descriptor tables and working directories, as the rest of the kernel sees
 * them.
 *
 * A file is what one open made: a position and flags over an inode (kernel/inode.h). It
 * is counted; it lives while a descriptor, a mapping or a call under way refers to it.
 * Operations return counts or 0, or negative errnos.
 */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "kernel/sched.h"
#include "mm/page.h"

struct file; struct fs; struct inode; struct poll_table;

/* Called by ops->poll for each queue whose wake-up may change its answer, two at most. */
void poll_wait(struct poll_table *table, struct waitq *q);

/* Members may be NULL: then there is nothing to do, or what their comments say. */
struct file_ops {
	/*
	 * buf is a user address; *pos is the file position (ignored by pipes and
	 * terminals). Never NULL where the kind of file can be opened that way.
	 */
	int32_t (*read)(struct file *f, void *buf, uint32_t n, uint64_t *pos);
	int32_t (*write)(struct file *f, const void *buf, uint32_t n, uint64_t *pos);
	int (*ioctl)(struct file *f, uint32_t cmd, uint32_t arg);	/* NULL: -ENOTTY */
	uint32_t (*unread)(const struct file *f);	/* FIONREAD: bytes that a read would find now. NULL: it is ioctl's business */
	/* What f is ready for now, as POLL* bits. NULL: for everything, always. */
	uint32_t (*poll)(struct file *f, struct poll_table *table);
	/* Sets f->pos and returns it. NULL: -ESPIPE, the mark of files without a position. */
	int64_t (*seek)(struct file *f, int64_t offset, int whence);
	/*
	 * f is complete: inode and flags. May change ops and private; may sleep.
	 */
	int (*open)(struct inode *inode, struct file *f);
	void (*release)(struct file *f);	/* the last reference is gone; not called when open failed */
};

int64_t file_seek(struct file *f, int64_t offset, int whence);		/* ops->seek where the end is inode->size */

#define FILE_READ	1u	/* open for reading */
#define FILE_WRITE	2u	/* open for writing */
#define FILE_PREAD	4u	/* open for reading, and it has a position */
#define FILE_PWRITE	8u	/* open for writing, and it has a position */
#define FILE_SEEK	16u	/* has a position */

struct file {
	const struct file_ops *ops;
	struct inode *inode;		/* referenced */
	uint64_t pos;
	uint32_t flags;			/* O_* as F_GETFL shows them */
	uint32_t can;			/* FILE_READ, ...: what read and write must check, in one bit */
	uint32_t count;			/* descriptors, mappings and calls under way */
	int32_t writes;			/* its share of inode->writers */
	void *private;			/* of the kind: pipe, tty, proc text */
};

static inline struct file *file_get(struct file *f) { f->count++; return f; }
void file_put_last(struct file *f);
static inline void file_put(struct file *f)
{
	if (--f->count == 0)
		file_put_last(f);
}
/*
 * Opening by a user's path from a descriptor or AT_FDCWD; flags O_*. ERR pointers
 * (IS_ERR_VALUE of mm/mm.h). May sleep.
 */
struct file *file_open_user(int dir, const char *path, uint32_t flags, uint32_t mode);
/*
 * For exec, by a kernel path: -EACCES unless it is a regular file with an x bit. ERR
 * pointers.
 */
struct file *file_open_exec(const char *path);
/* Kernel-side read of a regular file, for exec: bytes read or a negative errno. */
int32_t file_read_kernel(struct file *f, void *to, uint32_t n, uint64_t pos);

/*
 * True for what can be mapped: regular files of ramfs, and /dev/zero (privately).
 * Otherwise mmap is -ENODEV.
 */
bool file_mappable(const struct file *f);
/*
 * The frame that holds page `index` of a file mapping, for mm: 0 = beyond the end
 * (SIGBUS) or out of memory (*err says which: -EFAULT or -ENOMEM). The frame's
 * reference stays with the file: take another with page_get. shared: a page that does
 * not exist yet (a hole) is made; else a hole is zero_pfn.
 */
pfn_t file_page(struct file *f, uint32_t index, bool shared, int *err);
/*
 * An unlinked file of nothing but holes, as big as can be: shared anonymous memory.
 * NULL: out of memory.
 */
struct file *file_anonymous(void);

/* For /proc: the absolute path ("(deleted)" without a name, "pipe:[N]"). */
char *file_path(const struct file *f, char *to, size_t size);		/* cut to size; returns to */

/*
 * Descriptor tables, shared by CLONE_FILES; and working directory and umask, shared by
 * CLONE_FS.
 */
struct files;
struct files *files_fork(struct files *from);	/* a copy (from NULL: an empty table); NULL: out of memory */
struct files *files_get(struct files *files);
void files_put(struct files *files);
void files_close_on_exec(void);			/* of current; unshares first if the table is shared */
int files_next(const struct files *files, int from);		/* the first open descriptor >= from, or -1 */
struct fs *fs_fork(struct fs *from);		/* a copy (from NULL: the root, umask 022); NULL: out of memory */
struct fs *fs_get(struct fs *fs);
void fs_put(struct fs *fs);

/* Boot: makes the ramfs root with /dev (see kernel/device.c) and /proc. */
void vfs_init(void);
/*
 * Unpacks the initial RAM disk (newc cpio, gzip allowed, several one after another);
 * bad archives are refused. Its names are changed for a while.
 */
void initrd_unpack(void *archive, size_t size);
/* Opens /dev/console as descriptors 0, 1, 2 of current (process 1). */
void vfs_open_console(void);
/* A character device: appears as /dev/NAME; every node of this number (major << 8 | minor) leads to it. */
void device_register(const char *name, uint32_t number, const struct file_ops *ops);

#endif
