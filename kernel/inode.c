/* SPDX-License-Identifier: MIT */
/*
 * What all kinds of inodes share: their life, folders as open files, and the way from an inode back to its path.
 *
 * Freeing an inode drops its reference to the parent, which may be the parent's last
 * one, and so on upwards: a loop, not a recursion, for a program can nest removed
 * folders as deep as it likes. Inode numbers count up and are not reused.
 */
#include "kernel/inode.h"

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

/* Frees the inode, and each parent that this was the last reference to. */
void inode_put_last(struct inode *inode)
{
	while (inode) {
		struct inode *parent = inode->parent;

		if (inode->ops->drop)
			inode->ops->drop(inode);
		kfree(inode);
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
		inode = mount_top(inode);	/* a folder is where it was, whatever covers it */
		if (inode != root_inode)
			inode = inode->ops->where ? inode->ops->where(inode, name + 1, NAME_MAX + 1) : NULL;
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

/* Folders are read by getdents64 only. */
static int32_t dir_read(struct file *f, void *buf, uint32_t n, uint64_t *pos) { return -EISDIR; }

const struct file_ops dir_file_ops = { .read = dir_read, .seek = file_seek };
