/* SPDX-License-Identifier: MIT */
/*
 * ramfs: the file system of the root, all in memory. What the calls on files and
 * folders do with it.
 *
 * The functions here keep link counts, references and times; they check no types, their
 * callers do. A folder's link count is 2 (its name and its own ".") and one more for
 * the ".." of each folder in it, as Unix programs expect; 0 marks a folder that has
 * been removed while somebody is still inside. Whatever has lost its last name lives on
 * until the last file, mapping or working directory lets go of it.
 */
#ifndef KERNEL_RAMFS_H
#define KERNEL_RAMFS_H

#include "kernel/inode.h"

#define RAMFS_MAX_SIZE	0xFFFFF000u	/* bytes of a regular file: page numbers stay below 2^20 */

extern const struct inode_ops ramfs_ops;
extern const struct file_ops ramfs_file_ops;	/* of regular files */

static inline bool in_ramfs(const struct inode *inode) { return inode->ops == &ramfs_ops; }

/*
 * An inode without a name: mode's type says which kind, rdev counts for device nodes.
 * NULL: out of memory.
 */
struct inode *ramfs_new(uint32_t mode, uint32_t rdev);
struct inode *ramfs_new_link(const char *text, size_t len);	/* the same for a symbolic link */

/*
 * Gives inode, whose reference is taken over in any case, a name in dir, which has no
 * such name. 0; -ENOMEM, also for an inode that is NULL, so that the result of
 * ramfs_new can be passed on; or -ENOENT when dir itself is removed. In a set-group-ID folder a new inode gets its group.
 */
int ramfs_link(struct inode *dir, const struct name *name, struct inode *inode);
/* Takes a name away that exists; a folder of that name must be empty. */
void ramfs_unlink(struct inode *dir, const struct name *name);
/*
 * Moves a name that exists to a new one, replacing what has that. 0 or -ENOMEM, and
 * then nothing has changed.
 */
int ramfs_move(struct inode *from, const struct name *old, struct inode *to, const struct name *new);
bool ramfs_dir_empty(const struct inode *dir);
/* For mounts: the name of a folder, which has one, leads to another folder. The name's reference on `dir` becomes the caller's, the caller's on `by` the name's. */
void ramfs_replace(struct inode *dir, struct inode *by);
void ramfs_empty(struct inode *root);	/* takes all names away below a folder */

/*
 * Sets the size of a regular file: 0, or -EFBIG beyond RAMFS_MAX_SIZE or the process's
 * RLIMIT_FSIZE (and then SIGXFSZ too). A smaller file gives its pages back, also those
 * that are mapped.
 */
int ramfs_truncate(struct inode *inode, uint64_t size);
void ramfs_drop_pages(struct inode *inode, uint32_t first);	/* frees the pages from `first` on */
/*
 * Appends bytes of the kernel's to a regular file: 0 or a negative errno. For the
 * unpacker: memory may be used up.
 */
int ramfs_append(struct inode *inode, const void *data, uint32_t n);
/*
 * Copies to kernel memory; holes read as zeros. How many bytes there were, fewer than n
 * only at the end of the file.
 */
int32_t ramfs_read_kernel(struct inode *inode, void *to, uint32_t n, uint64_t pos);
pfn_t ramfs_page(struct inode *inode, uint32_t index, bool make, int *err);	/* file_page for ramfs */

#endif
