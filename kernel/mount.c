/* SPDX-License-Identifier: MIT */
/*
 * Mounts: file systems in the tree, the calls that put them there and take them away, and how /proc lists them.
 *
 * While a mount is there, the name of the folder that it covers leads to its root, which has the folder's parent; the folder itself
 * is kept and comes back in the end. So what has a name in ramfs can be covered, and the roots of mounts, which have taken over such
 * a name; but neither the first root nor folders of /proc. Each mount is a file system of its own: nothing is seen in two places.
 *
 * A mount is in use while files of it are open, somebody works in it, or another one is mounted in it or on it. Detached lazily it is
 * gone from the tree at once and lives on until the last user lets go. Who is in there finds no way up: ".." of its root is the root.
 */
#include "boot/cmdline.h"
#include "kernel/proc_internal.h"
#include "kernel/ramfs.h"
#include "kernel/syscall.h"

#define MS_REFUSED	(MS_BIND | MS_MOVE | MS_PROPAGATION | MS_NOUSER)

/* By enum fs_type; the mode is the root's if nobody says. */
static const struct { const char *name; uint32_t mode; } types[] = { { "ramfs", 0755 }, { "tmpfs", 01777 }, { "proc", 0555 } };
static struct list mounts = LIST_INIT(mounts);

/* ---- the tree ---- */

struct mount *mount_at(struct inode *dir, enum fs_type type, const char *source, uint32_t flags, uint32_t mode, uint32_t limit)
{
	static uint32_t last_dev;
	struct mount *m = kmalloc(sizeof(*m) + strlen(source) + 1);
	struct inode *root = !m ? NULL : type == FS_PROC ? proc_root() : ramfs_new(S_IFDIR | (mode & 07777), 0);

	if (!root) {
		kfree(m);
		return NULL;
	}
	*m = (struct mount) { .root = root, .covered = dir, .users = 1, .dev = ++last_dev, .flags = flags & MS_KEPT, .limit = limit, .type = type };
	memcpy(m->source, source, strlen(source) + 1);
	list_add_tail(&m->node, &mounts);
	root->mount = m;
	root->nlink = 2;
	if (dir) {
		root->parent = inode_get(dir->parent);
		dir->cover = m;
		dir->mount->users++;
		ramfs_replace(dir, root);
	}
	return m;
}

void mount_free(struct mount *m)
{
	if (m->type != FS_PROC)
		ramfs_empty(m->root);
	inode_put(m->root);
	kfree(m);
}

/* Nothing is mounted in it any more. */
static void detach(struct mount *m)
{
	ramfs_replace(m->root, m->covered);
	mount_put(m->covered->mount);
	inode_put(m->root->parent);
	m->covered->cover = NULL;
	m->covered = m->root->parent = NULL;
	list_del(&m->node);
	mount_put(m);
}

/* Is this where a mount begins, in the tree as it is now? */
static bool is_mount_point(const struct inode *dir) { return dir == root_inode || (dir == dir->mount->root && dir->mount->covered); }

/* ---- mount ---- */

enum { TYPE, SOURCE, OPTIONS };
struct request { uint32_t flags, mode, limit; char text[3][PATH_MAX]; };

/*
 * mode= and size= in a list with commas, which are overwritten. Like Linux, ramfs ignores what else there is. A size of 0 is no
 * limit: then it is 4 GiB.
 */
static int read_options(struct request *r, enum fs_type type)
{
	for (char *next, *text = r->text[OPTIONS]; text; text = next) {
		bool mode = type != FS_PROC && !strncmp(text, "mode=", 5), size = type == FS_TMPFS && !strncmp(text, "size=", 5);
		if ((next = strchr(text, ',')))
			*next++ = 0;
		if (mode ? !text[5] || !parse_digits(text + 5, strlen(text + 5), 8, &r->mode) :
		    size ? !parse_size(text + 5, &r->limit) : *text && type != FS_RAMFS)
			return -EINVAL;
		if (size)
			r->limit = (r->limit - 1) / PAGE_SIZE + 1;
	}
	return 0;
}

/* The flags are replaced; the mode stays, and the limit if none is given. */
static int remount(struct mount *m, const struct inode *root, struct request *r)
{
	r->limit = m->limit;
	if (!is_mount_point(root) || read_options(r, m->type) || (m->limit && r->limit < m->pages))
		return -EINVAL;
	if ((r->flags & MS_RDONLY) && m->writers)
		return -EBUSY;
	m->limit = r->limit;
	m->flags = r->flags & MS_KEPT;
	return 0;
}

/* Can this folder be covered? */
static int check_place(const struct inode *dir)
{
	if (!S_ISDIR(dir->mode) || !dir->nlink)
		return dir->nlink ? -ENOTDIR : -ENOENT;
	return dir == root_inode ? -EBUSY : list_empty(&dir->names) || !is_mount_point(dir->mount->root) ? -EINVAL : 0;
}

static long mount_on(struct inode *dir, void *request)
{
	struct request *r = request;
	enum fs_type type = FS_RAMFS;

	if (r->flags & MS_REMOUNT)
		return remount(dir->mount, dir, r);
	while (type < FS_PIPE && strcmp(types[type].name, r->text[TYPE]))
		type++;
	if (r->flags & MS_REFUSED || type == FS_PIPE)
		return r->flags & MS_REFUSED || !*r->text[TYPE] ? -EINVAL : -ENODEV;
	r->mode = types[type].mode;
	r->limit = type == FS_TMPFS ? pages_total() / 2 : 0;
	dir = mount_top(dir);
	int error = read_options(r, type) ?: check_place(dir);
	const char *source = *r->text[SOURCE] ? r->text[SOURCE] : "none";
	return error ?: mount_at(dir, type, source, r->flags, r->mode, r->limit) ? 0 : -ENOMEM;
}

long sys_mount(const char *source, const char *dir, const char *type, uint32_t flags, const char *options)
{
	const char *const from[] = { type, source, options };
	struct request *r AUTO_FREE = kzalloc(sizeof(*r));
	int error = r ? 0 : -ENOMEM;

	for (unsigned i = 0; error >= 0 && i < ARRAY_SIZE(from); i++)
		error = from[i] ? strncpy_from_user(r->text[i], from[i], PATH_MAX) : 0;
	if (error < 0)
		return error == -ENAMETOOLONG ? -EINVAL : error;
	r->flags = flags >> 16 == MS_MAGIC ? (uint16_t)flags : flags;
	return path_call(AT_FDCWD, dir, WALK_FOLLOW, mount_on, r);
}

/* The uppermost goes, if there are several, and with it whatever has been mounted in it or on it: in the order of mounting backwards. */
long unmount(struct inode *found, void *flags)
{
	struct inode *root = mount_top(found);
	struct mount *m = root->mount, *each, *before;

	if (!is_mount_point(root))
		return -EINVAL;
	if (root == root_inode || (m->users > 1 && !((uint32_t)flags & MNT_DETACH)))
		return -EBUSY;
	m->leaves = true;
	list_for_each(each, &mounts, node)
		each->leaves |= each->covered && each->covered->mount->leaves;
	for (each = container_of(mounts.prev, struct mount, node); each != m; each = before) {
		before = container_of(each->node.prev, struct mount, node);
		if (each->leaves)
			detach(each);
	}
	detach(m);
	return 0;
}

/* ---- /proc/mounts and mountinfo: proc(5) ---- */

/* As one word: what would end it is told in octal. */
static void add_word(struct text *t, const char *word)
{
	for (; *word; word++)
		text_add(t, strchr(" \t\n\\", *word) ? "\\%03o" : "%c", *word);
}

/* What is hidden by another one is told as well. The numbers of mounts are those of their devices. */
static void show(struct text *t, bool info)
{
	static const char *const flags[] = { [1] = ",nosuid", ",nodev", ",noexec", [10] = ",noatime", ",nodiratime" };	/* by bit */
	char *path AUTO_FREE = kmalloc(PATH_MAX);
	const struct mount *m;

	list_for_each(m, &mounts, node) {
		if (!path || inode_path(m->root, path, PATH_MAX))
			continue;
		if (info)
			text_add(t, "%u %u 0:%u ", m->dev, m->covered ? m->covered->mount->dev : 0, m->dev);
		add_word(t, info ? "/" : m->source);
		text_add(t, " ");
		add_word(t, path);
		text_add(t, info ? " %.0s%s" : " %s %s", types[m->type].name, m->flags & MS_RDONLY ? "ro" : "rw");
		for (unsigned i = 1; i < ARRAY_SIZE(flags); i++)
			text_add(t, "%s", m->flags >> i & 1 ? flags[i] : "");
		text_add(t, info ? " - %s " : " 0 0%.0s", types[m->type].name);
		add_word(t, info ? m->source : "");
		text_add(t, info ? " rw\n" : "\n");
	}
	t->failed |= !path;
}

void show_mounts(struct text *t) { show(t, false); }
void show_mountinfo(struct text *t) { show(t, true); }
