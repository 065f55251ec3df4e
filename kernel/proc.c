/* SPDX-License-Identifier: MIT */
/*
 * /proc: the tree. Two tables list the names that are always there; folders of processes appear and vanish with their
 * processes, links in fd/ with the descriptors, both by number.
 *
 * Nothing is kept: a lookup makes an inode that remembers the process's number and what it is, and opening a file makes
 * its text, which lives until the file is closed. A number stands for whichever process bears it at the moment of the
 * lookup or the open. Links to open files (fd/N, exe) are followed to the file itself, so they work for pipes and for
 * files that have no name any more.
 *
 * All inodes have one table of operations: callers ask folders only for entries and links only for targets.
 */
#include "kernel/fd.h"
#include "kernel/inode.h"
#include "kernel/pid.h"
#include "kernel/proc_internal.h"
#include "kernel/ramfs.h"
#include "mm/uaccess.h"

/* What an inode is: proc.id is the process's number (0: of /proc itself), proc.what one of these. */
enum what { THE_FOLDER, FIRST_ROW, FIRST_FD = 64 };

/* The tables of names: one for /proc, one that all processes share. */
static const struct proc_row *rows_of(uint32_t id) { return id ? proc_process_rows : proc_system_rows; }

/* Not for the folder itself, nor for links in fd/. */
static const struct proc_row *row_of(const struct inode *inode)
{
	return rows_of(inode->proc.id) + inode->proc.what - FIRST_ROW;
}

/* Inode numbers that stay the same from lookup to lookup, never 0: twelve bits for what it is, PID_MAX takes fifteen. */
static uint32_t number(uint32_t id, uint32_t what) { return id << 12 | ((what + 1) & 0xFFF); }

/* NULL: the process is gone, or the inode is none of a process. */
static struct task *task_of(const struct inode *inode)
{
	const struct process *p = inode->proc.id ? find_process(inode->proc.id) : NULL;

	return p ? process_task(p) : NULL;
}

/* The open file that a link in fd/ or exe stands for, or NULL. */
static struct file *file_of(const struct inode *inode)
{
	const struct task *t = task_of(inode);

	if (!t || !S_ISLNK(inode->mode))
		return NULL;
	if (inode->proc.what >= FIRST_FD)
		return t->files ? fd_in(t->files, inode->proc.what - FIRST_FD) : NULL;
	return t->mm && !row_of(inode)->show && !row_of(inode)->text ? t->mm->exe : NULL;
}

/* ---- texts ---- */

/* By doubling, so that a long text is not copied for each of its lines. */
char *text_room(struct text *t, size_t n)
{
	size_t size = MAX(2 * t->size, t->len + n + 1);

	if (t->len + n >= t->size) {
		char *larger = kmalloc(size);
		t->failed |= !larger;
		if (!larger)
			return NULL;
		memcpy(larger, t->data, t->len);
		kfree(t->data);
		t->data = larger;
		t->size = size;
	}
	return t->data + t->len;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap, again;
	char *to;

	va_start(ap, fmt);
	va_copy(again, ap);
	size_t n = vsnprintf(NULL, 0, fmt, ap);
	if ((to = text_room(t, n)))
		t->len += vsnprintf(to, n + 1, fmt, again);
	va_end(again);
	va_end(ap);
}

void text_add_path(struct text *t, const struct file *f)
{
	char *to = text_room(t, PATH_MAX);

	if (to)
		t->len += strlen(file_path(f, to, PATH_MAX));
}

static void text_free(struct text *t)
{
	kfree(t->data);
	kfree(t);
}

/* The whole text of a file or link, to be freed by text_free, or an ERR pointer. */
static struct text *make_text(const struct inode *inode)
{
	const struct file *f = file_of(inode);
	const struct proc_row *row = inode->proc.what < FIRST_FD ? row_of(inode) : NULL;
	struct process *p = inode->proc.id ? find_process(inode->proc.id) : NULL;

	if (inode->proc.id && !p)
		return (struct text *)-ESRCH;
	if (!f && (!row || (!row->show && !row->text)))
		return (struct text *)-ENOENT;
	struct text *t = kzalloc(sizeof(*t));
	if (!t)
		return (struct text *)-ENOMEM;
	t->process = p;
	if (f)
		text_add_path(t, f);
	else if (row->show)
		row->show(t);
	else
		text_add(t, "%s", row->text);
	if (!t->failed)
		return t;
	text_free(t);
	return (struct text *)-ENOMEM;
}

/* The text is that of now; a reader of many small pieces sees one moment. */
static int text_open(struct inode *inode, struct file *f)
{
	f->private = make_text(inode);
	return IS_ERR_VALUE((uint32_t)f->private) ? (int)f->private : 0;
}

/* The text belongs to the open file alone; fork and dup share the file. */
static void text_release(struct file *f) { text_free(f->private); }

/* Reading begins anywhere, also behind the end. */
static int32_t text_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	const struct text *t = f->private;

	if (*pos >= t->len)
		return 0;
	uint32_t at = *pos, part = MIN(n, t->len - at);
	if (copy_to_user(buf, t->data + at, part))
		return -EFAULT;
	*pos += part;
	return part;
}

/* Opening for writing is root's right, but no file here takes anything. */
static int32_t text_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos) { return -EINVAL; }

/* The size of a text shows as 0, as on Linux, so SEEK_END is the beginning. */
static const struct file_ops text_ops = {
	.read = text_read, .write = text_write, .seek = file_seek, .open = text_open, .release = text_release,
};

/* ---- links ---- */

/* For readlink, and for those links that are followed by their text (self, cwd, mounts). */
static int link_read(struct inode *link, char *to, size_t size)
{
	struct text *t = make_text(link);

	if (IS_ERR_VALUE((uint32_t)t))
		return (int)t;
	int n = MIN(t->len, size);
	memcpy(to, t->data, n);
	text_free(t);
	return n;
}

/* Open files are gone to directly; -EINVAL sends the path walk by the link's text. */
static int link_follow(struct inode *link, struct inode **target)
{
	struct file *f = file_of(link);

	if (!f)
		return link->proc.what >= FIRST_FD ? -ENOENT : -EINVAL;
	*target = inode_get(f->inode);
	return 0;
}

/* ---- folders ---- */

/* Decimal, without leading zeros, below 10^8. */
static bool parse_number(const struct name *name, uint32_t *value)
{
	return name->len <= 8 && (name->len == 1 || name->text[0] != '0') && parse_digits(name->text, name->len, 10, value);
}

/* For getcwd and the paths of open files: folder and name of an inode. */
static struct inode *where(const struct inode *inode, char *name, size_t size)
{
	uint32_t what = inode->proc.what;

	if (what >= FIRST_FD)
		snprintf(name, size, "%u", what - FIRST_FD);
	else if (what != THE_FOLDER)
		strlcpy(name, row_of(inode)->name, size);
	else if (inode->proc.id)
		snprintf(name, size, "%u", inode->proc.id);
	else
		return ramfs_ops.where(inode, name, size);
	return inode->parent;
}

static const struct inode_ops proc_ops;

/* Folders are read through proc_ops, everything else opens as a text. 0 or -ENOMEM. */
static int new_inode(struct inode *parent, uint32_t mode, uint32_t id, uint32_t what, struct inode **made)
{
	struct inode *inode = inode_new(&proc_ops, S_ISDIR(mode) ? &dir_file_ops : &text_ops, mode, parent);

	*made = inode;
	if (!inode)
		return -ENOMEM;
	inode->mount = parent ? parent->mount : NULL;
	inode->ino = number(id, what);
	inode->proc.id = id;
	inode->proc.what = what;
	return 0;
}

/*
 * A link for a descriptor that is open now; when it is closed, the link leads nowhere. The rights of the link show what
 * the file is open for, as on Linux: programs find out by lstat.
 */
static int look_up_fd(struct inode *dir, const struct name *name, struct inode **found)
{
	static const uint32_t rights[] = { 0500, 0300, 0700, 0700 };	/* by O_ACCMODE */
	const struct task *t = task_of(dir);
	const struct file *f;
	uint32_t fd;

	if (!t || !t->files || !parse_number(name, &fd) || !(f = fd_in(t->files, fd)))
		return -ENOENT;
	return new_inode(dir, S_IFLNK | rights[f->flags & O_ACCMODE], dir->proc.id, FIRST_FD + fd, found);
}

/*
 * In /proc and in /proc/<pid>: a row's name, or a process's number. A folder that somebody holds may outlive its process:
 * then nothing is in it.
 */
static int look_up(struct inode *dir, const struct name *name, struct inode **found)
{
	uint32_t pid, id = dir->proc.id;

	if (dir->proc.what != THE_FOLDER)
		return look_up_fd(dir, name, found);
	if (id && !find_process(id))
		return -ENOENT;
	if (!id && parse_number(name, &pid))
		return find_process(pid) ? new_inode(dir, PROC_FOLDER, pid, THE_FOLDER, found) : -ENOENT;
	for (const struct proc_row *r = rows_of(id); r->name; r++)
		if (strlen(r->name) == name->len && !memcmp(r->name, name->text, name->len))
			return new_inode(dir, r->mode, id, FIRST_ROW + (r - rows_of(id)), found);
	return -ENOENT;
}

/* The first descriptor (of fd/) or process (of /proc) that is numbered from or above, or -1. */
static int next_number(const struct inode *dir, int from)
{
	const struct task *t = task_of(dir);
	const struct process *p;

	if (dir->proc.what != THE_FOLDER)
		return t && t->files ? files_next(t->files, from) : -1;
	p = dir->proc.id ? NULL : next_process(from);
	return p ? p->pid : -1;
}

/* The rows of a folder: at positions 2 and up. False: the sink is full. */
static bool list_rows(uint32_t id, uint64_t *pos, struct dir_sink *sink)
{
	for (const struct proc_row *first = rows_of(id), *r = first; r->name; r++) {
		uint32_t i = r - first;
		if (*pos > 2 + i)
			continue;
		if (!dir_emit(sink, r->name, strlen(r->name), number(id, FIRST_ROW + i), r->mode, 3 + i))
			return false;
		*pos = 3 + i;
	}
	return true;
}

/* Rows, then what goes by number: at positions FIRST_FD + number. A position may be any that the user has sought to. */
static int iterate(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	bool fds = dir->proc.what != THE_FOLDER;
	char name[12];
	int n;

	if (dir->proc.id && !find_process(dir->proc.id))
		return -ENOENT;
	if (!fds && !list_rows(dir->proc.id, pos, sink))
		return 0;
	*pos = MAX(*pos, FIRST_FD);
	while (*pos < INT32_MAX && (n = next_number(dir, *pos - FIRST_FD)) >= 0) {
		uint32_t ino = fds ? number(dir->proc.id, FIRST_FD + n) : number(n, THE_FOLDER);
		*pos = FIRST_FD + n;
		if (!dir_emit(sink, name, snprintf(name, sizeof(name), "%d", n), ino, fds ? PROC_LINK : PROC_FOLDER, *pos + 1))
			return 0;
		++*pos;
	}
	return 0;
}

/* Links are always followed by link_follow first: readlink alone gives their text. */
static const struct inode_ops proc_ops = {
	.lookup = look_up, .iterate = iterate, .readlink = link_read, .follow = link_follow, .where = where,
};

struct inode *proc_root(void)
{
	struct inode *root;

	new_inode(NULL, PROC_FOLDER, 0, THE_FOLDER, &root);
	return root;
}
