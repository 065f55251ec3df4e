/* SPDX-License-Identifier: MIT */
/*
 * The initial RAM disk: newc cpio archives, plain or gzipped, several one after
 * another, unpacked into the root.
 *
 * What the archive says is taken with care: sizes are checked by the readers
 * (kernel/cpio.c, kernel/inflate.c), names are walked like anybody's from the root
 * (which is its own parent, so ".." leads nowhere else), missing folders are made, of
 * two entries with one name the later one counts. A broken archive is refused with one
 * line. Of a file with several names (nlink above 1) the entries share an inode; the
 * data comes with one of them, the others have none.
 */
#include "kernel/cpio.h"
#include "kernel/inflate.h"
#include "kernel/log.h"
#include "kernel/path.h"
#include "kernel/ramfs.h"
#include "mm/vmalloc.h"

/* A file whose further names may still come. */
struct link {
	struct link *next;
	uint32_t ino, dev_major, dev_minor;
	struct inode *inode;		/* referenced */
};

static struct link *links;
static uint32_t entries, bytes;

/*
 * Where the inode of an entry with several names is kept, NULL there until the first of them has
 * come. Inode and device number together tell one file from another. NULL: out of memory.
 */
static struct inode **link_place(const struct cpio_entry *e)
{
	struct link *l;

	for (l = links; l; l = l->next)
		if (l->ino == e->ino && l->dev_major == e->dev_major && l->dev_minor == e->dev_minor)
			return &l->inode;
	l = kmalloc(sizeof(*l));
	if (!l)
		return NULL;
	*l = (struct link) { links, e->ino, e->dev_major, e->dev_minor, NULL };
	links = l;
	return &l->inode;
}

/* Inode numbers mean nothing beyond the end of an archive. */
static void forget_links(void)
{
	while (links) {
		struct link *l = links;
		links = l->next;
		if (l->inode)
			inode_put(l->inode);
		kfree(l);
	}
}

/*
 * Makes what is missing of the folders above the last name. path, which lies in the archive, is
 * cut at each slash for a while.
 */
static int make_parents(char *path)
{
	struct walk w;
	int error = 0;

	for (char *p = path + 1; !error && (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		error = walk_from(&w, root_inode, path, WALK_FOLLOW);
		if (error)
			continue;
		if (!w.found)
			error = in_ramfs(w.dir) ? ramfs_link(w.dir, &w.name, ramfs_new(S_IFDIR | 0755, 0)) : -EPERM;
		walk_end(&w);
	}
	return error;
}

/*
 * The inode of an entry, referenced: a new one, or that of an earlier name. NULL: out
 * of memory.
 */
static struct inode *entry_inode(const struct cpio_entry *e)
{
	bool linked = e->nlink > 1 && !S_ISDIR(e->mode) && !S_ISLNK(e->mode);
	struct inode *inode, *single = NULL, **place = linked ? link_place(e) : &single;
	const char *data = (const char *)e->data;

	if (!place || *place)
		return place ? inode_get(*place) : NULL;
	if (S_ISLNK(e->mode))
		inode = ramfs_new_link(data, strnlen(data, MIN(e->size, PATH_MAX - 1)));
	else
		inode = ramfs_new(e->mode & (S_IFMT | 07777), e->rdev_major << 8 | (e->rdev_minor & 0xFF));
	if (inode && linked)
		*place = inode_get(inode);
	return inode;
}

/* Fills an inode that has its name with what the entry says. */
static int fill(struct inode *inode, const struct cpio_entry *e)
{
	int error = 0;

	if (S_ISREG(inode->mode) && e->size) {
		ramfs_drop_pages(inode, 0);
		inode->size = 0;
		error = ramfs_append(inode, e->data, e->size);
		bytes += e->size;
	}
	inode->uid = e->uid;
	inode->gid = e->gid;
	if (e->mtime)
		inode->mtime = inode->ctime = (uint64_t)e->mtime * NSEC_PER_SEC;
	return error;
}

/*
 * The place is taken: a folder keeps its contents and only gets the new mode (0),
 * anything else goes away (1), or stays as it must (0).
 */
static int make_way(struct walk *w, const struct cpio_entry *e)
{
	struct inode *there = w->found;

	if (S_ISDIR(there->mode) && S_ISDIR(e->mode)) {
		if (in_ramfs(there))
			there->mode = S_IFDIR | (e->mode & 07777);
		return 0;
	}
	if (!w->name.len || !in_ramfs(there) || (S_ISDIR(there->mode) && !ramfs_dir_empty(there))) {
		klog("initrd: %s: skipped, a folder is in its place\n", e->name);
		return 0;
	}
	ramfs_unlink(w->dir, &w->name);
	return 1;
}

/*
 * Puts one entry at the end of a finished walk. The name comes before the contents, so
 * that the folder's time is changed by its making; a file whose contents don't fit ends
 * the boot anyway.
 */
static int place(struct walk *w, const struct cpio_entry *e)
{
	if (w->found && !make_way(w, e))
		return 0;
	if (!in_ramfs(w->dir))
		return -EPERM;
	struct inode *inode = entry_inode(e);
	int error = ramfs_link(w->dir, &w->name, inode);
	entries++;
	return error ? error : fill(inode, e);
}

/* A problem with one entry is logged and skipped; want of memory ends it all. */
static void unpack_entry(const struct cpio_entry *e)
{
	/* By the number mode >> 12: FIFO, both devices, folder, file, link; no sockets. */
	const uint32_t known_types = 0x556;
	struct walk w;
	int error = -EINVAL;

	if (known_types >> (e->mode >> 12 & 15) & 1)
		error = walk_from(&w, root_inode, e->name, WALK_NAME);
	if (error == -ENOENT) {
		error = make_parents((char *)e->name);
		if (!error)
			error = walk_from(&w, root_inode, e->name, WALK_NAME);
	}
	if (!error) {
		error = place(&w, e);
		walk_end(&w);
	}
	if (error == -ENOMEM || error == -ENOSPC)
		refuse("initrd: not enough memory for %s", e->name);
	if (error)
		klog("initrd: %s: skipped, error %d\n", e->name, -error);
}

/* One cpio archive; returns what is behind it. */
static const uint8_t *unpack_cpio(const uint8_t *at, const uint8_t *end)
{
	struct cpio c = { at, end, at };
	struct cpio_entry e;
	const char *problem;

	while (!(problem = cpio_next(&c, &e)) && e.name)
		unpack_entry(&e);
	if (problem)
		refuse("initrd: %s, at byte %u of the archive", problem, (unsigned)(c.at - at));
	forget_links();
	return c.at;
}

static void unpack_all(const uint8_t *at, const uint8_t *end, bool inside_gzip);

/*
 * One gzip member: counted first, so that its buffer is as big as it must be and a bomb
 * does no harm. Returns what is behind it.
 */
static const uint8_t *unpack_gzip(const uint8_t *at, const uint8_t *end)
{
	size_t used, size, room = (size_t)MIN(pages_free(), 1u << 18) * PAGE_SIZE;
	const char *problem = gzip_unpack(at, end - at, NULL, room, &used, &size);

	uint8_t *plain = problem ? NULL : vmalloc(MAX(size, 1u));
	if (plain)
		problem = gzip_unpack(at, end - at, plain, size, &used, &size);
	if (problem)
		refuse("initrd: gzip: %s", problem);
	if (!plain)
		refuse("initrd: not enough memory to unpack %u bytes", (unsigned)size);
	unpack_all(plain, plain + size, true);
	vfree(plain);
	return at + used;
}

/* Archives one after another, with zeros between them. */
static void unpack_all(const uint8_t *at, const uint8_t *end, bool inside_gzip)
{
	for (;;) {
		while (at < end && !*at)
			at++;
		if (at == end)
			return;
		if (end - at >= 6 && !memcmp(at, "07070", 5))
			at = unpack_cpio(at, end);
		else if (end - at >= 2 && at[0] == 0x1F && at[1] == 0x8B && !inside_gzip)
			at = unpack_gzip(at, end);
		else
			refuse("initrd: neither a newc cpio archive nor gzip");
	}
}

void initrd_unpack(void *archive, size_t size)
{
	unpack_all(archive, (const uint8_t *)archive + size, false);
	klog("initrd: %u entries, %u KiB of files\n", entries, bytes >> 10);
}
