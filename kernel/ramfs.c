/* SPDX-License-Identifier: MIT */
/*
 * ramfs: names and inodes. The contents of regular files are in kernel/ramfs_pages.c.
 *
 * A name is a struct entry. All names of all folders are in one hash, keyed by folder
 * and name, which grows with their number, so that finding one does not depend on how
 * many there are, here or elsewhere. A folder's entries bear increasing cookies, which
 * are the positions of getdents and lseek: they stay valid whatever is made or removed
 * meanwhile. A folder remembers where the last reader stood (the hint), so that reading
 * on is quick in big ones.
 */
#include "kernel/ramfs.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "kernel/device.h"
#include "kernel/lib.h"
#include "kernel/pipe.h"
#include "kernel/time.h"
#include "mm/heap.h"

#define FIRST_BUCKETS	256u

struct entry {
	struct entry *chain;		/* in the hash */
	struct inode *dir;		/* not referenced: an entry is gone before its folder */
	struct inode *inode;		/* referenced */
	struct list of_dir, of_inode;	/* the folder's entries, oldest first; the inode's names */
	uint64_t cookie;		/* position in the folder: counts up from 2, behind "." and ".." */
	uint32_t hash;
	uint32_t len;
	char text[];			/* not terminated */
};

/* ---- the hash ---- */

static struct entry *first_buckets[FIRST_BUCKETS];
static struct entry **buckets = first_buckets;
static uint32_t mask = FIRST_BUCKETS - 1;	/* their number, a power of two, less 1 */
static uint32_t names;

/*
 * Folder and name mixed. Inodes are a hundred and some bytes each, so the lower address
 * bits say little.
 */
static inline struct entry **bucket(const struct inode *dir, uint32_t hash)
{
	return &buckets[(hash ^ (uint32_t)dir >> 7) & mask];
}

static void hash_insert(struct entry *e)
{
	struct entry **b = bucket(e->dir, e->hash);

	e->chain = *b;
	*b = e;
}

/*
 * Twice as many buckets; without memory they stay as they are, only slower. They never
 * become fewer.
 */
static void hash_grow(void)
{
	struct entry **old = buckets, *e, *next;
	uint32_t old_size = mask + 1;
	struct entry **new = kzalloc(2 * old_size * sizeof(*new));

	if (!new)
		return;
	buckets = new;
	mask = 2 * old_size - 1;
	for (uint32_t i = 0; i < old_size; i++) {
		for (e = old[i]; e; e = next) {
			next = e->chain;
			hash_insert(e);
		}
	}
	if (old != first_buckets)
		kfree(old);
}

/* A word at any address; the compiler makes one load of it. */
static inline uint32_t word_at(const char *p)
{
	uint32_t word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

/* By words from the end, the first of which may overlap the second. */
static inline bool same_text(const char *a, const char *b, int32_t n)
{
	if (unlikely(n < 4)) {
		while (n && a[n - 1] == b[n - 1])
			n--;
		return !n;
	}
	for (n -= 4; n > 0; n -= 4)
		if (word_at(a + n) != word_at(b + n))
			return false;
	return word_at(a) == word_at(b);
}

/*
 * Equal hashes nearly always mean equal texts, so the text is looked at once per
 * lookup.
 */
static inline struct entry *find(const struct inode *dir, const struct name *name)
{
	struct entry *e = *bucket(dir, name->hash);

	while (e && (e->hash != name->hash || e->dir != dir || e->len != name->len ||
		     !same_text(e->text, name->text, name->len)))
		e = e->chain;
	return e;
}

/* ---- inodes ---- */

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
		return &node_file_ops;
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

struct inode *ramfs_new_link(const char *text, size_t len)
{
	struct inode *link = ramfs_new(S_IFLNK | 0777, 0);

	if (!link)
		return NULL;
	link->target = kmalloc(len + 1);
	if (!link->target) {
		inode_put(link);
		return NULL;
	}
	memcpy(link->target, text, len);
	link->size = len;
	return link;
}

static int ramfs_readlink(struct inode *link, char *to, size_t size)
{
	size_t n = MIN(size, link->size);

	memcpy(to, link->target, n);
	return n;
}

/* Nobody can have it open any more, so FIFOs have no pipe, and folders are empty. */
static void ramfs_drop(struct inode *inode)
{
	if (S_ISREG(inode->mode))
		ramfs_drop_pages(inode, 0);
	else if (S_ISLNK(inode->mode))
		kfree(inode->target);
}

/* ---- names ---- */

/*
 * Links are counted and the parent is set: a folder's ".." is a link to the parent.
 * Takes the reference over.
 */
static void attach(struct entry *e, struct inode *inode)
{
	e->inode = inode;
	list_add_tail(&e->of_inode, &inode->names);
	inode->nlink++;
	e->dir->mtime = e->dir->ctime = inode->ctime = wall_ns();
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
	e->dir->mtime = e->dir->ctime = inode->ctime = wall_ns();
	if (S_ISDIR(inode->mode))
		e->dir->nlink--;
	inode_put(inode);
}

/*
 * A name without an inode yet, known to folder and hash, which keeps two names a bucket
 * on average.
 */
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
	if (++names > 2 * (mask + 1))
		hash_grow();
	hash_insert(e);
	return e;
}

/* The hint goes to the entry before, which the reader has had as well. */
static void entry_free(struct entry *e)
{
	struct inode *dir = e->dir;
	struct list *before = e->of_dir.prev;
	struct entry **at = bucket(dir, e->hash);

	if (dir->dir.hint == e)
		dir->dir.hint = before == &dir->dir.entries ? NULL : container_of(before, struct entry, of_dir);
	list_del(&e->of_dir);
	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	names--;
	kfree(e);
}

/* A removed folder takes no new names. */
int ramfs_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct entry *e = inode && dir->nlink ? entry_new(dir, name) : NULL;

	if (e)
		attach(e, inode);
	else if (inode)
		inode_put(inode);
	return e ? 0 : dir->nlink ? -ENOMEM : -ENOENT;
}

/*
 * The folder that loses its name loses its own "." as well: nlink 0 marks it as
 * removed.
 */
static void drop_inode(struct entry *e)
{
	if (S_ISDIR(e->inode->mode))
		e->inode->nlink--;
	detach(e);
}

void ramfs_unlink(struct inode *dir, const struct name *name)
{
	struct entry *e = find(dir, name);

	drop_inode(e);
	entry_free(e);
}

/*
 * What may fail comes first. A name that is replaced keeps its place and its cookie and
 * only changes its inode, so nobody who looks at any time finds neither the old nor the
 * new file (POSIX, rename).
 */
int ramfs_move(struct inode *from, const struct name *old, struct inode *to, const struct name *new)
{
	struct entry *e = find(from, old), *over = find(to, new), *place = over ? over : entry_new(to, new);

	if (!place)
		return -ENOMEM;
	if (over)
		drop_inode(over);
	attach(place, inode_get(e->inode));
	detach(e);
	entry_free(e);
	return 0;
}

bool ramfs_dir_empty(const struct inode *dir)
{
	return list_empty(&dir->dir.entries);
}

/* ---- the table ---- */

static int ramfs_lookup(struct inode *dir, const struct name *name, struct inode **found)
{
	struct entry *e = find(dir, name);

	if (!e)
		return -ENOENT;
	*found = inode_get(e->inode);
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

	while ((e = entry_at(dir, *pos)) &&
	       dir_emit(sink, e->text, e->len, e->inode->ino, e->inode->mode, e->cookie + 1)) {
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

const struct inode_ops ramfs_ops = {
	.lookup = ramfs_lookup,
	.iterate = ramfs_iterate,
	.readlink = ramfs_readlink,
	.where = ramfs_where,
	.drop = ramfs_drop,
};
