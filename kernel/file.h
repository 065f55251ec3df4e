/* SPDX-License-Identifier: MIT */
/*
 * Files: inodes, open files, descriptor tables, and path walking over ramfs, procfs and devices.
 *
 * Names are cached as a tree of inodes: a directory of ramfs knows its children by a hash, so
 * looking a name up does not grow with the number of files elsewhere. An inode lives while a name,
 * an open file or a mapping refers to it. Reads and writes of ramfs go page by page through
 * inode->pages, the same frames that file mappings show. All operations return counts or negative
 * errnos.
 */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/list.h"
#include "kernel/sched.h"
#include "mm/page.h"

struct dir_sink;
struct file;
struct inode;
struct mm;

/*
 * poll: what a file is ready for now; if table is not NULL, also queues the caller on the file's
 * wait queues.
 */
struct poll_table;
void poll_wait(struct poll_table *table, struct waitq *q);

struct file_ops {
	/* buf is a user address; *pos is the file position (ignored by pipes and terminals). */
	int32_t (*read)(struct file *f, void *buf, uint32_t n, uint64_t *pos);
	int32_t (*write)(struct file *f, const void *buf, uint32_t n, uint64_t *pos);
	int (*ioctl)(struct file *f, uint32_t cmd, uint32_t arg);
	uint32_t (*poll)(struct file *f, struct poll_table *table);	/* POLL* bits */
	int64_t (*seek)(struct file *f, int64_t offset, int whence);	/* sets f->pos and returns it */
	int (*readdir)(struct file *f, struct dir_sink *sink);		/* from f->pos on: kernel/inode.h */
	/*
	 * f is complete: inode, flags, and for devices private as registered. May change ops and
	 * private; may sleep.
	 */
	int (*open)(struct inode *inode, struct file *f);
	void (*release)(struct file *f);	/* the last reference is gone; not called when open failed */
};

/*
 * Every member of every table is set; these are the stubs for what a kind of file can't do, or
 * needn't. file_no_seek is also the mark of files without a position.
 */
int32_t file_no_read(struct file *f, void *buf, uint32_t n, uint64_t *pos);		/* -EINVAL */
int32_t file_no_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos);	/* -EINVAL */
int file_no_ioctl(struct file *f, uint32_t cmd, uint32_t arg);				/* -ENOTTY */
uint32_t file_always_ready(struct file *f, struct poll_table *table);			/* in and out */
int64_t file_no_seek(struct file *f, int64_t offset, int whence);			/* -ESPIPE */
int64_t file_seek(struct file *f, int64_t offset, int whence);		/* the end is inode->size */
int file_no_readdir(struct file *f, struct dir_sink *sink);		/* -ENOTDIR */
int file_open_plain(struct inode *inode, struct file *f);		/* 0 */
void file_release_plain(struct file *f);				/* nothing */

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
	uint32_t can;			/* FILE_READ, ... */
	uint32_t count;			/* descriptors, mappings and calls under way */
	void *private;			/* of the kind: pipe, tty, proc text */
};

static inline struct file *file_get(struct file *f) { f->count++; return f; }
void file_put_last(struct file *f);
static inline void file_put(struct file *f)
{
	if (--f->count == 0)
		file_put_last(f);
}
/* The file of a descriptor of current, not referenced; NULL: EBADF. Valid until the caller sleeps. */
struct file *fd_file(int fd);

/*
 * True for what can be mapped: regular files of ramfs, and /dev/zero (privately). Otherwise mmap is
 * -ENODEV.
 */
bool file_mappable(const struct file *f);
uint32_t file_ino(const struct file *f);	/* inode number, for /proc/<pid>/maps */
/*
 * The frame that holds page `index` of a file mapping, for mm: 0 = beyond the end (SIGBUS) or out
 * of memory (*err says which: -EFAULT or -ENOMEM). The frame's reference stays with the file: take
 * another with page_get. shared: a page that does not exist yet (a hole) is made; else a hole is
 * zero_pfn.
 */
pfn_t file_page(struct file *f, uint32_t index, bool shared, int *err);
/*
 * An unlinked file of nothing but holes, as big as can be, open for reading and writing: shared
 * anonymous memory. NULL: out of memory.
 */
struct file *file_anonymous(void);
/* Kernel-side read for exec: bytes read or a negative errno. to is a kernel address. */
int32_t file_read_kernel(struct file *f, void *to, uint32_t n, uint64_t pos);
/*
 * Opens by kernel path; flags O_*. ERR pointers: use IS_ERR_VALUE((uint32_t)p). For exec: checks
 * that it is a regular executable file.
 */
struct file *file_open(const char *path, uint32_t flags, uint32_t mode);
struct file *file_open_exec(const char *path);
/*
 * Absolute path of an open file, for /proc/<pid>/maps and exe; "(deleted)" without a name,
 * "pipe:[N]" for pipes. Cut to size. Returns to.
 */
char *file_path(const struct file *f, char *to, size_t size);
/* The same for the working directory of fs: for /proc/<pid>/cwd. */
struct fs;
char *fs_cwd_path(const struct fs *fs, char *to, size_t size);

/* Descriptor tables, shared by CLONE_FILES; and cwd and umask, shared by CLONE_FS. */
struct files;
struct files *files_fork(struct files *from);	/* a copy (from NULL: an empty table); NULL: out of memory */
struct files *files_get(struct files *files);
void files_put(struct files *files);
void files_close_on_exec(void);			/* of current; unshares first if the table is shared */
/*
 * For /proc/<pid>/fd: the first open descriptor >= from, or -1; and the file of a descriptor, not
 * referenced, or NULL.
 */
int files_next(const struct files *files, int from);
struct file *files_file(const struct files *files, int fd);
struct fs *fs_fork(struct fs *from);		/* a copy (from NULL: the root, umask 022); NULL: out of memory */
struct fs *fs_get(struct fs *fs);
void fs_put(struct fs *fs);

/* Boot: makes the empty ramfs root with /dev (null, zero, full, random, urandom) and /proc. */
void vfs_init(void);
/*
 * Unpacks the initial RAM disk (newc cpio, gzip allowed, several one after another) into the root.
 * Logs; bad archives are refused.
 */
void initrd_unpack(const void *archive, size_t size);
/* Opens /dev/console as descriptors 0, 1, 2 of current (process 1). */
void vfs_open_console(void);

/*
 * A character device: appears as /dev/NAME; nodes of the archive with this number lead to it too.
 * f->private = private at each open.
 */
void device_register(const char *name, uint32_t major, uint32_t minor, const struct file_ops *ops, void *private);

#endif
