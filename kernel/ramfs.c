/* SPDX-License-Identifier: MIT */
/*
 * ramfs: names and inodes. The contents of regular files are in kernel/ramfs_pages.c.
 *
 * All names of all folders are in one hash, which doubles and halves with their number, so that
 * finding one does not depend on how many there are, here or elsewhere. A folder's entries bear
 * increasing cookies, which are the positions of getdents and lseek: they stay valid whatever is
 * made or removed meanwhile. A folder remembers where the last reader stood (the hint), so that
 * reading on is quick in big ones.
 */
#include "kernel/ramfs.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "kernel/device.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/pipe.h"
#include "kernel/time.h"
#include "mm/heap.h"

#define MIN_BUCKETS	256u

static struct entry *first_buckets[MIN_BUCKETS];
static struct entry **buckets = first_buckets;
static uint32_t mask = MIN_BUCKETS - 1;		/* their number, a power of two, less 1 */
static uint32_t names;

/* Folder and name mixed. Inodes are a hundred and some bytes each, so the lower address bits say little. */
static inline struct entry **bucket(const struct inode *dir, uint32_t hash)
{
	return &buckets[(hash ^ (uint32_t)dir >> 7) & mask];
}

/* Changes the number of buckets; without memory it stays as it is, only slower. */
static void resize(uint32_t size)
{
	struct entry **old = buckets, *e, *next;
	uint32_t old_size = mask + 1;
	struct entry **new = size == MIN_BUCKETS ? first_buckets : kzalloc(size * sizeof(*new));

	if (!new)
		return;
	if (new == first_buckets)
		memset(new, 0, sizeof(first_buckets));
	buckets = new;
	mask = size - 1;
	for (uint32_t i = 0; i < old_size; i++) {
		for (e = old[i]; e; e = next) {
			struct entry **b = bucket(e->dir, e->hash);
			next = e->chain;
			e->chain = *b;
			*b = e;
		}
	}
	if (old != first_buckets)
		kfree(old);
}

/* Two names a bucket on average before it doubles. */
static void hash_add(struct entry *e)
{
	if (++names > 2 * (mask + 1))
		resize(2 * (mask + 1));
	struct entry **b = bucket(e->dir, e->hash);
	e->chain = *b;
	*b = e;
}

/*
 * A quarter of a name a bucket before it halves: far enough from doubling not to swing. The first
 * table is never freed.
 */
static void hash_remove(struct entry *e)
{
	struct entry **at = bucket(e->dir, e->hash);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	if (--names < (mask + 1) / 4 && mask >= MIN_BUCKETS)
		resize((mask + 1) / 2);
}

/* A word at any address; the compiler makes one load of it. */
static inline uint32_t word_at(const char *p)
{
	uint32_t word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * From the end by words, the first of which may overlap the second. Equal hashes nearly always mean
 * equal texts.
 */
static inline bool same_text(const char *a, const char *b, int32_t n)
{
	int32_t i = n - 4;

	if (unlikely(i < 0)) {
		while (n && a[n - 1] == b[n - 1])
			n--;
		return !n;
	}
	for (; i > 0; i -= 4)
		if (word_at(a + i) != word_at(b + i))
			return false;
	return word_at(a) == word_at(b);
}

static inline struct entry *find(const struct inode *dir, const struct name *name)
{
	struct entry *e;

	for (e = *bucket(dir, name->hash); e; e = e->chain)
		if (e->hash == name->hash && e->dir == dir && e->len == name->len &&
		    same_text(e->text, name->text, name->len))
			break;
	return e;
}

struct entry *ramfs_find(const struct inode *dir, const struct name *name)
{
	return find(dir, name);
}

static int ramfs_lookup(struct inode *dir, const struct name *name, struct inode **found)
{
	struct entry *e = find(dir, name);

	if (!e)
		return -ENOENT;
	*found = inode_get(e->inode);
	return 0;
}

/* Links are never opened, but for O_PATH, which asks nothing. */
static const struct file_ops *fops_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &ramfs_file_ops;
	case S_IFDIR:
		return &dir_file_ops;
	case S_IFIFO:
		return &pipe_file_ops;
	default:
		return &device_node_ops;
	}
}

/* A folder starts with one link, its own "."; the name adds the second. */
struct inode *ramfs_new(uint32_t mode, uint32_t rdev)
{
	struct inode *inode = inode_new(&ramfs_ops, fops_of(mode), mode, NULL);

	if (!inode)
		return NULL;
	inode->dev = DEV_RAMFS;
	inode->rdev = rdev;
	inode->nlink = S_ISDIR(mode);
	if (S_ISDIR(mode)) {
		list_init(&inode->dir.entries);
		inode->dir.next = 2;
	}
	return inode;
}

int ramfs_set_target(struct inode *link, const char *text, size_t len)
{
	link->target = kmalloc(len + 1);
	if (!link->target)
		return -ENOMEM;
	memcpy(link->target, text, len);
	link->target[len] = 0;
	link->size = len;
	return 0;
}

static int ramfs_readlink(struct inode *link, char *to, size_t size)
{
	size_t n = MIN(size, link->size);

	memcpy(to, link->target, n);
	return n;
}

/* A folder changes when a name comes or goes. */
static void touch_dir(struct inode *dir)
{
	dir->mtime = dir->ctime = wall_ns();
}

/* Links counted and the parent set: a folder's ".." is a link to the parent. */
static void attach(struct entry *e, struct inode *inode)
{
	e->inode = inode_get(inode);
	list_add_tail(&e->of_inode, &inode->names);
	inode->nlink++;
	inode->ctime = wall_ns();
	if (S_ISDIR(inode->mode)) {
		struct inode *old = inode->parent;
		inode->parent = inode_get(e->dir);
		e->dir->nlink++;
		if (old)
			inode_put(old);
	}
}

/* The inverse. The parent stays known to who is still inside. */
static void detach(struct entry *e)
{
	struct inode *inode = e->inode;

	list_del(&e->of_inode);
	inode->nlink--;
	inode->ctime = wall_ns();
	if (S_ISDIR(inode->mode))
		e->dir->nlink--;
	inode_put(inode);
}

/* A name without an inode yet, known to folder and hash. */
static struct entry *entry_new(struct inode *dir, const struct name *name)
{
	struct entry *e = kmalloc(sizeof(*e) + name->len);

	if (!e)
		return NULL;
	e->dir = dir;
	e->hash = name->hash;
	e->len = name->len;
	memcpy(e->text, name->text, name->len);
	e->cookie = dir->dir.next++;
	list_add_tail(&e->of_dir, &dir->dir.entries);
	hash_add(e);
	touch_dir(dir);
	return e;
}

/* The hint goes to the entry before, which the reader has had as well. */
static void entry_free(struct entry *e)
{
	struct inode *dir = e->dir;
	struct list *before = e->of_dir.prev;

	if (dir->dir.hint == e)
		dir->dir.hint = before == &dir->dir.entries ? NULL : container_of(before, struct entry, of_dir);
	list_del(&e->of_dir);
	hash_remove(e);
	touch_dir(dir);
	kfree(e);
}

/* A removed folder takes no new names. */
int ramfs_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	if (!dir->nlink)
		return -ENOENT;
	struct entry *e = entry_new(dir, name);
	if (!e)
		return -ENOMEM;
	attach(e, inode);
	return 0;
}

/* A folder that loses its name loses its own "." as well: nlink 0 marks it as removed. */
void ramfs_unlink(struct entry *e)
{
	if (S_ISDIR(e->inode->mode))
		e->inode->nlink--;
	detach(e);
	entry_free(e);
}

bool ramfs_dir_empty(const struct inode *dir)
{
	return list_empty(&dir->dir.entries);
}

/*
 * What may fail comes first. `over` keeps its place and its cookie and only changes its inode, so
 * nobody who looks at any time finds neither the old nor the new file.
 */
int ramfs_move(struct entry *e, struct inode *dir, const struct name *name, struct entry *over)
{
	struct inode *inode = e->inode;
	struct entry *to = over ? over : entry_new(dir, name);

	if (!to)
		return -ENOMEM;
	if (over) {
		if (S_ISDIR(over->inode->mode))
			over->inode->nlink--;
		detach(over);
		touch_dir(dir);
	}
	attach(to, inode);
	detach(e);
	entry_free(e);
	return 0;
}

/* The first entry at or behind a position; NULL at the end. */
static struct entry *entry_at(struct inode *dir, uint64_t pos)
{
	struct entry *e = dir->dir.hint;
	struct list *at = e && e->cookie <= pos ? &e->of_dir : dir->dir.entries.next;

	for (; at != &dir->dir.entries; at = at->next) {
		e = container_of(at, struct entry, of_dir);
		if (e->cookie >= pos)
			return e;
	}
	return NULL;
}

/* The hint is where this reader has come to; the next call finds its place at once. */
static int ramfs_iterate(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	struct entry *e;

	while ((e = entry_at(dir, *pos))) {
		const struct inode *inode = e->inode;
		if (!dir_emit(sink, e->text, e->len, inode->ino, inode->mode, e->cookie + 1))
			break;
		*pos = e->cookie + 1;
		dir->dir.hint = e;
	}
	return 0;
}

/* Of several names, the oldest one. */
static struct inode *ramfs_where(const struct inode *inode, char *name, size_t size)
{
	if (list_empty(&inode->names))
		return NULL;
	const struct entry *e = container_of(inode->names.next, struct entry, of_inode);
	size_t n = MIN(e->len, size - 1);
	memcpy(name, e->text, n);
	name[n] = 0;
	return e->dir;
}

/* Nobody can have it open any more, so FIFOs have no pipe, and folders are empty. */
static void ramfs_free(struct inode *inode)
{
	if (S_ISREG(inode->mode))
		ramfs_drop_pages(inode);
	else if (S_ISLNK(inode->mode))
		kfree(inode->target);
	kfree(inode);
}

const struct inode_ops ramfs_ops = {
	.lookup = ramfs_lookup,
	.iterate = ramfs_iterate,
	.readlink = ramfs_readlink,
	.follow = inode_no_follow,
	.where = ramfs_where,
	.free = ramfs_free,
};
