/* SPDX-License-Identifier: MIT */
/*
 * ramfs: names and inodes. The contents of regular files are in kernel/ramfs_pages.c.
 *
 * A name is a struct entry. All names of all folders are in one hash, keyed by folder
 * and name, so that finding one does not depend on how many others a folder has. A
 * folder's entries bear increasing cookies, which are the positions of getdents and
 * lseek: they stay valid whatever is made or removed meanwhile.
 */
#include "kernel/ramfs.h"

#define BUCKETS		1024u	/* a page: what a small system has costs one look, ten thousand files ten */

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

static struct entry *buckets[BUCKETS];

/*
 * Folder and name mixed. Inodes are a hundred and some bytes each, so the lower address
 * bits say little.
 */
static inline struct entry **bucket(const struct inode *dir, uint32_t hash)
{
	return &buckets[(hash ^ (uint32_t)dir >> 7) % BUCKETS];
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

/* By the type's four bits. Links are never opened, but for O_PATH, which asks nothing. */
static const struct file_ops *const fops_of[16] = {
	[S_IFREG >> 12] = &ramfs_file_ops, [S_IFDIR >> 12] = &dir_file_ops, [S_IFIFO >> 12] = &pipe_file_ops,
	[S_IFCHR >> 12] = &node_file_ops, [S_IFBLK >> 12] = &node_file_ops, [S_IFLNK >> 12] = &node_file_ops,
};

/* A folder starts with one link, its own "."; the name adds the second. */
struct inode *ramfs_new(uint32_t mode, uint32_t rdev)
{
	struct inode *inode = inode_new(&ramfs_ops, fops_of[mode >> 12 & 15], mode, NULL);

	if (!inode)
		return NULL;
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
	inode->mount = e->dir->mount;
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

/*
 * The inverse. The parent stays known to who is still inside. A folder that loses its last
 * name loses its own "." as well: nlink 0 marks it as removed.
 */
static void detach(struct entry *e, bool last)
{
	struct inode *inode = e->inode;

	list_del(&e->of_inode);
	inode->nlink -= 1 + (last && S_ISDIR(inode->mode));
	e->dir->mtime = e->dir->ctime = inode->ctime = wall_ns();
	if (S_ISDIR(inode->mode))
		e->dir->nlink--;
	inode_put(inode);
}

/* A name without an inode yet, known to folder and hash. */
static struct entry *entry_new(struct inode *dir, const struct name *name)
{
	struct entry *e = kmalloc(sizeof(*e) + name->len), **b = bucket(dir, name->hash);

	if (!e)
		return NULL;
	e->dir = dir;
	e->hash = name->hash;
	e->len = name->len;
	memcpy(e->text, name->text, name->len);
	e->cookie = dir->dir.next++;
	list_add_tail(&e->of_dir, &dir->dir.entries);
	e->chain = *b;
	*b = e;
	return e;
}

static void entry_free(struct entry *e)
{
	struct entry **at = bucket(e->dir, e->hash);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	list_del(&e->of_dir);
	kfree(e);
}

/* A removed folder takes no new names. */
int ramfs_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct entry *e = inode && dir->nlink ? entry_new(dir, name) : NULL;

	if (e && (dir->mode & S_ISGID) && list_empty(&inode->names))
		inode->gid = dir->gid;
	if (e)
		attach(e, inode);
	else if (inode)
		inode_put(inode);
	return e ? 0 : dir->nlink ? -ENOMEM : -ENOENT;
}

static void entry_remove(struct entry *e) { detach(e, true), entry_free(e); }
void ramfs_unlink(struct inode *dir, const struct name *name) { entry_remove(find(dir, name)); }

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
		detach(over, true);
	attach(place, inode_get(e->inode));
	detach(e, false);
	entry_free(e);
	return 0;
}

bool ramfs_dir_empty(const struct inode *dir) { return list_empty(&dir->dir.entries); }

void ramfs_replace(struct inode *dir, struct inode *by)
{
	struct entry *e = container_of(dir->names.next, struct entry, of_inode);

	list_del(&e->of_inode);
	list_add_tail(&e->of_inode, &by->names);
	e->inode = by;
}

/* Always by the first entry: down, where that is a folder with entries of its own, and up from one that has lost them all. */
void ramfs_empty(struct inode *root)
{
	for (struct inode *dir = root; !ramfs_dir_empty(root); dir = ramfs_dir_empty(dir) && dir != root ? dir->parent : dir) {
		struct entry *e = container_of(dir->dir.entries.next, struct entry, of_dir);
		if (S_ISDIR(e->inode->mode) && !ramfs_dir_empty(e->inode))
			dir = e->inode;
		else
			entry_remove(e);
	}
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

/* A reader finds its place again by the cookie, whatever has happened in between. */
static int ramfs_iterate(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	struct entry *e;

	list_for_each(e, &dir->dir.entries, of_dir) {
		if (e->cookie < *pos)
			continue;
		if (!dir_emit(sink, e->text, e->len, e->inode->ino, e->inode->mode, e->cookie + 1))
			break;
		*pos = e->cookie + 1;
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
	.lookup = ramfs_lookup, .iterate = ramfs_iterate, .readlink = ramfs_readlink, .where = ramfs_where,
	.drop = ramfs_drop,
};
