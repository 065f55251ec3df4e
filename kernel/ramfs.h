/* SPDX-License-Identifier: MIT */
/*
 * ramfs: the file system of the root, all in memory. What the calls on files and folders do with
 * it.
 *
 * A name is a struct entry, on three lists: the hash of all names (keyed by folder and name), its
 * folder's entries in the order in which they were made, and its inode's names. The functions here
 * keep link counts, references and times; they check no types, the callers do.
 */
#ifndef KERNEL_RAMFS_H
#define KERNEL_RAMFS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/inode.h"

#define RAMFS_MAX_SIZE	0xFFFFF000u	/* bytes of a regular file */

struct entry {
	struct entry *chain;		/* in the hash */
	struct inode *dir;		/* not referenced: an entry is gone before its folder */
	struct inode *inode;		/* referenced */
	struct list of_dir, of_inode;
	uint64_t cookie;		/* position in the folder: counts up from 2 */
	uint32_t hash;
	uint32_t len;
	char text[];			/* not terminated */
};

extern const struct inode_ops ramfs_ops;
extern const struct file_ops ramfs_file_ops;

static inline bool in_ramfs(const struct inode *inode) { return inode->ops == &ramfs_ops; }

/*
 * An inode without a name: mode's type says which kind, rdev counts for device nodes. NULL: out of
 * memory.
 */
struct inode *ramfs_new(uint32_t mode, uint32_t rdev);
int ramfs_set_target(struct inode *link, const char *text, size_t len);		/* 0 or -ENOMEM */
/* Gives inode a name in dir, which has no such name. 0, -ENOMEM, or -ENOENT when dir itself is removed. */
int ramfs_link(struct inode *dir, const struct name *name, struct inode *inode);
struct entry *ramfs_find(const struct inode *dir, const struct name *name);	/* or NULL */
void ramfs_unlink(struct entry *e);
bool ramfs_dir_empty(const struct inode *dir);
/*
 * Moves e to a new name, which replaces `over` if that is not NULL. 0 or -ENOMEM, and then nothing
 * has changed.
 */
int ramfs_move(struct entry *e, struct inode *dir, const struct name *name, struct entry *over);
/* Sets the size of a regular file: 0, or -EFBIG. */
int ramfs_truncate(struct inode *inode, uint64_t size);
void ramfs_drop_pages(struct inode *inode);	/* frees all pages of a regular file that is about to go */
/*
 * Appends bytes of the kernel's to a regular file: 0 or a negative errno. For the unpacker: memory
 * may be used up.
 */
int ramfs_append(struct inode *inode, const void *data, uint32_t n);
int32_t ramfs_read_kernel(struct inode *inode, void *to, uint32_t n, uint64_t pos);
pfn_t ramfs_page(struct inode *inode, uint32_t index, bool make, int *err);	/* file_page for ramfs */

#endif
