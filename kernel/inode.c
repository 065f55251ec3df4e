/* SPDX-License-Identifier: MIT */
/*
 * What all kinds of inodes share: their life, the stubs of the tables, folders as open
 * files, and the way from an inode back to its path.
 *
 * Freeing an inode drops its reference to the parent, which may be the parent's last
 * one, and so on upwards: a loop, not a recursion, for a program can nest removed
 * folders as deep as it likes. Inode numbers count up and are not reused.
 */
#include "kernel/inode.h"
#include "abi/errno.h"
#include "kernel/lib.h"
#include "kernel/time.h"
#include "mm/heap.h"

struct inode *root_inode;
static uint32_t last_ino;

struct inode *inode_new(const struct inode_ops *ops, const struct file_ops *fops, uint32_t mode, struct inode *parent)
{
	struct inode *inode = kzalloc(sizeof(*inode));

	if (!inode)
		return NULL;
	inode->ops = ops;
	inode->fops = fops;
	inode->count = 1;
	inode->mode = mode;
	inode->nlink = 1;
	inode->ino = ++last_ino;
	inode->atime = inode->mtime = inode->ctime = wall_ns();
	inode->parent = parent ? inode_get(parent) : NULL;
	list_init(&inode->names);
	return inode;
}

void inode_free_plain(struct inode *inode)
{
	kfree(inode);
}

/* Frees the inode, and each parent that this was the last reference to. */
void inode_put_last(struct inode *inode)
{
	while (inode) {
		struct inode *parent = inode->parent;

		inode->ops->free(inode);
		inode = parent && --parent->count == 0 ? parent : NULL;
	}
}

void name_set(struct name *n, const char *text)
{
	n->text = text;
	n->hash = 0;
	for (n->len = 0; text[n->len]; n->len++)
		n->hash = name_hash_step(n->hash, text[n->len]);
}

/*
 * The path is put together from its end, downwards in the buffer, one "/name" at a
 * time; then it moves to the front. The root alone is "/", for it has no name.
 */
int inode_path(const struct inode *inode, char *to, size_t size)
{
	char name[NAME_MAX + 2] = "/";
	size_t at = size - 1;
	int error = 0;

	to[at] = 0;
	do {
		if (inode != root_inode)
			inode = inode->ops->where(inode, name + 1, NAME_MAX + 1);
		size_t n = strlen(name);
		if (!inode) {
			error = -ENOENT;
		} else if (n > at) {
			error = -ENAMETOOLONG;
		} else {
			at -= n;
			memcpy(to + at, name, n);
		}
	} while (!error && inode != root_inode);
	memmove(to, to + at, size - at);
	if (error == -ENOENT)
		strlcpy(to, "(deleted)", size);
	return error;
}

/* The two entries that every folder has, then the file system's own. */
static int dir_readdir(struct file *f, struct dir_sink *sink)
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

/* Folders are read by getdents64 only. */
static int32_t dir_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	(void)f, (void)buf, (void)n, (void)pos;
	return -EISDIR;
}

const struct file_ops dir_file_ops = {
	.read = dir_read,
	.write = file_no_write,
	.ioctl = file_no_ioctl,
	.poll = file_always_ready,
	.seek = file_seek,
	.readdir = dir_readdir,
	.open = file_open_plain,
	.release = file_release_plain,
};

/* ---- stubs ---- */

int inode_no_lookup(struct inode *dir, const struct name *name, struct inode **found)
{
	(void)dir, (void)name, (void)found;
	return -ENOTDIR;
}

int inode_no_iterate(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	(void)dir, (void)pos, (void)sink;
	return -ENOTDIR;
}

int inode_no_readlink(struct inode *link, char *to, size_t size)
{
	(void)link, (void)to, (void)size;
	return -EINVAL;
}

int inode_no_follow(struct inode *link, struct inode **target)
{
	(void)link, (void)target;
	return -EINVAL;
}
