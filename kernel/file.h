/* SPDX-License-Identifier: MIT */
/*
 * Files: inodes, open files, descriptor tables, and path walking over ramfs, procfs and devices.
 *
 * Names are cached as a tree of inodes: a directory of ramfs knows its children by a hash, so looking a name up does not grow with the
 * number of files elsewhere. An inode lives while a name, an open file or a mapping refers to it. Reads and writes of ramfs go page
 * by page through inode->pages, the same frames that file mappings show. All operations return counts or negative errnos.
 */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/list.h"
#include "kernel/sched.h"
#include "mm/page.h"

struct file;
struct inode;
struct mm;
struct stat64;

/* poll: what a file is ready for now; if table is not NULL, also queues the caller on the file's wait queues. */
struct poll_table;
void poll_wait(struct poll_table *table, struct waitq *q);

struct file_ops {
	/* buf is a user address; *pos is the file position (ignored by pipes and terminals). */
	int32_t (*read)(struct file *f, void *buf, uint32_t n, uint64_t *pos);
	int32_t (*write)(struct file *f, const void *buf, uint32_t n, uint64_t *pos);
	int (*ioctl)(struct file *f, uint32_t cmd, uint32_t arg);
	uint32_t (*poll)(struct file *f, struct poll_table *table);	/* POLL* bits */
	int64_t (*seek)(struct file *f, int64_t offset, int whence);
	int (*readdir)(struct file *f, void *dirent_sink);		/* kernel/readdir */
	int (*open)(struct inode *inode, struct file *f);
	void (*release)(struct file *f);				/* last reference is gone */
};
/* Every member of every table is set; these are the stubs for what a kind of file can't do. */

struct file {
	const struct file_ops *ops;
	struct inode *inode;		/* referenced */
	uint64_t pos;
	uint32_t flags;			/* O_* as F_GETFL shows them */
	uint32_t count;			/* descriptors and mappings */
	void *private;			/* of the kind: pipe, tty, proc text */
};

struct file *file_get(struct file *f);
void file_put(struct file *f);
struct file *fd_file(int fd);		/* of current, not referenced; NULL: EBADF. Valid until the caller sleeps or closes */

/*
 * The frame that holds page `index` of a file mapping, for mm: 0 = beyond the end (SIGBUS) or out of memory (*err says which: -EFAULT or -ENOMEM).
 * The frame's reference stays with the file: take another with page_get. shared: a page that does not exist yet (a hole) is made.
 */
pfn_t file_page(struct file *f, uint32_t index, bool shared, int *err);
/* Kernel-side read for exec: bytes read or a negative errno. to is a kernel address. */
int32_t file_read_kernel(struct file *f, void *to, uint32_t n, uint64_t pos);
/* Opens by kernel path; flags O_*. ERR pointers: use IS_ERR_VALUE((uint32_t)p). For exec: checks that it is a regular executable file. */
struct file *file_open(const char *path, uint32_t flags, uint32_t mode);
struct file *file_open_exec(const char *path);
/* Absolute path of an open file, for /proc/<pid>/maps and exe: returns to. */
char *file_path(const struct file *f, char *to, size_t size);

/* Descriptor tables, shared by CLONE_FILES; and root, cwd, umask, shared by CLONE_FS. */
struct files;
struct fs;
struct files *files_fork(struct files *from);	/* NULL: out of memory */
struct files *files_get(struct files *files);
void files_put(struct files *files);
void files_close_on_exec(void);			/* of current; unshares first if the table is shared */
struct fs *fs_fork(struct fs *from);
struct fs *fs_get(struct fs *fs);
void fs_put(struct fs *fs);

/* Boot: mounts the empty ramfs root, then unpacks the initial RAM disk (newc cpio, gzip allowed) into it. Logs; bad archives are refused. */
void vfs_init(void);
void initrd_unpack(const void *archive, size_t size);
/* /dev and /proc appear in the root if the archive lacks them; opens /dev/console as descriptors 0, 1, 2 of current (process 1). */
void vfs_open_console(void);

/* A character device: appears as /dev/NAME. */
void device_register(const char *name, uint32_t major, uint32_t minor, const struct file_ops *ops, void *private);

#endif
