/* SPDX-License-Identifier: MIT */
/*
 * /proc: the tree. One table lists every name; folders of processes appear and vanish with their processes, by
 * number.
 *
 * Nothing is kept: a lookup makes an inode that remembers the process's number and the row of the table, and opening
 * a file makes its text, which lives until the file is closed. A number stands for whichever process bears it at the
 * moment of the lookup or the open. Links to open files (fd/N, exe) are followed to the file itself, so they work for
 * pipes and for files that have no name any more.
 */
#include "kernel/proc.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/file.h"
#include "kernel/inode.h"
#include "kernel/pid.h"
#include "kernel/proc_internal.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define TEXT	(S_IFREG | 0444)
#define LINK	(S_IFLNK | 0777)
#define FOLDER	(S_IFDIR | 0555)

enum place { IN_ROOT, IN_PROCESS };

/* For links that stand for open files; where there is none, there is no text either. */
static int show_no_text(struct text *t, struct process *p)
{
	(void)t, (void)p;
	return -ENOENT;
}

static const struct row {
	const char *name;
	enum place place;
	uint32_t mode;
	show_fn show;
} rows[] = {
	{ "cmdline", IN_ROOT, TEXT, show_cmdline },
	{ "cpuinfo", IN_ROOT, TEXT, show_cpuinfo },
	{ "filesystems", IN_ROOT, TEXT, show_filesystems },
	{ "kmsg", IN_ROOT, TEXT, show_kmsg },
	{ "loadavg", IN_ROOT, TEXT, show_loadavg },
	{ "meminfo", IN_ROOT, TEXT, show_meminfo },
	{ "mounts", IN_ROOT, TEXT, show_mounts },
	{ "pv", IN_ROOT, TEXT, show_pv },
	{ "self", IN_ROOT, LINK, show_self },
	{ "stat", IN_ROOT, TEXT, show_system_stat },
	{ "uptime", IN_ROOT, TEXT, show_uptime },
	{ "version", IN_ROOT, TEXT, show_version },
	{ "auxv", IN_PROCESS, TEXT, show_process_auxv },
	{ "cmdline", IN_PROCESS, TEXT, show_process_cmdline },
	{ "comm", IN_PROCESS, TEXT, show_process_comm },
	{ "cwd", IN_PROCESS, LINK, show_process_cwd },
	{ "environ", IN_PROCESS, TEXT, show_process_environ },
	{ "exe", IN_PROCESS, LINK, show_no_text },
	{ "fd", IN_PROCESS, FOLDER, NULL },
	{ "maps", IN_PROCESS, TEXT, show_process_maps },
	{ "mountinfo", IN_PROCESS, TEXT, show_mountinfo },
	{ "mounts", IN_PROCESS, TEXT, show_mounts },
	{ "root", IN_PROCESS, LINK, show_process_root },
	{ "stat", IN_PROCESS, TEXT, show_process_stat },
	{ "status", IN_PROCESS, TEXT, show_process_status },
};

/* What an inode is: proc.id is the process's number (0 in /proc itself), proc.what a row or one of these. */
enum what { PROCESS_FOLDER = ARRAY_SIZE(rows), ROOT_FOLDER, FIRST_FD };

/* Inode numbers that stay the same from lookup to lookup. */
static uint32_t number(uint32_t id, uint32_t what)
{
	return id << 12 | (what & 0xFFF);
}

/* NULL: the process is gone, or the inode is none of a process. */
static struct process *process_of(const struct inode *inode)
{
	return inode->proc.id ? find_process(inode->proc.id) : NULL;
}

/* The open file that a link in fd/ or exe stands for, or NULL. */
static struct file *file_of(const struct inode *link)
{
	const struct process *p = process_of(link);
	const struct task *t = p ? process_task(p) : NULL;

	if (!t)
		return NULL;
	if (link->proc.what >= FIRST_FD)
		return t->files ? files_file(t->files, link->proc.what - FIRST_FD) : NULL;
	return t->mm && rows[link->proc.what].show == show_no_text ? t->mm->exe : NULL;
}

/* ---- texts ---- */

/* Nothing is copied once something did not fit, but the length goes on, so that the next buffer is big enough. */
void text_add_bytes(struct text *t, const void *bytes, size_t n)
{
	if (t->len <= t->size && n <= t->size - t->len)
		memcpy(t->data + t->len, bytes, n);
	t->len += n;
}

void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = t->len <= t->size ? t->size - t->len + 1 : 0;
	va_list ap;

	va_start(ap, fmt);
	t->len += vsnprintf(room ? t->data + t->len : NULL, room, fmt, ap);
	va_end(ap);
}

void text_add_from(struct text *t, int (*make)(char *to, size_t size))
{
	char none[1];
	bool room = t->len <= t->size;

	t->len += make(room ? t->data + t->len : none, room ? t->size - t->len + 1 : 1);
}

/*
 * The whole text of a row, to be freed by kfree, or an ERR pointer. It is made once more in a bigger buffer if it did
 * not fit, with some to spare, for it may grow meanwhile.
 */
static struct text *make_text(show_fn show, struct process *p)
{
	for (size_t size = 1024; ; ) {
		struct text *t = kmalloc(sizeof(*t) + size + 1);
		if (!t)
			return (struct text *)-ENOMEM;
		t->size = size;
		t->len = 0;
		int error = show(t, p);
		if (!error && t->len <= size)
			return t;
		size = ROUND_UP(t->len + 256, 4096u);
		kfree(t);
		if (error)
			return (struct text *)error;
	}
}

/* The text is that of now; a reader of many small pieces sees one moment. */
static int text_open(struct inode *inode, struct file *f)
{
	struct process *p = process_of(inode);

	if (inode->proc.id && !p)
		return -ESRCH;
	f->private = make_text(rows[inode->proc.what].show, p);
	return IS_ERR_VALUE((uint32_t)f->private) ? (int)f->private : 0;
}

static void text_release(struct file *f)
{
	kfree(f->private);
}

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

static const struct file_ops text_ops = {
	.read = text_read,
	.write = file_no_write,
	.ioctl = file_no_ioctl,
	.poll = file_always_ready,
	.seek = file_seek,
	.readdir = file_no_readdir,
	.open = text_open,
	.release = text_release,
};

/* ---- links ---- */

/* Takes at most size bytes of an allocated text of n bytes, and frees it. */
static int cut_to(char *to, size_t size, const void *allocated, const char *text, size_t n)
{
	n = MIN(n, size);
	memcpy(to, text, n);
	kfree((void *)allocated);
	return n;
}

/* The path of the open file, or what the row's function writes. */
static int link_read(struct inode *link, char *to, size_t size)
{
	struct process *p = process_of(link);
	const struct file *f = file_of(link);

	if ((link->proc.id && !p) || (link->proc.what >= FIRST_FD && !f))
		return -ENOENT;
	if (f) {
		char *path = kmalloc(PATH_MAX);
		return path ? cut_to(to, size, path, path, strlen(file_path(f, path, PATH_MAX))) : -ENOMEM;
	}
	struct text *t = make_text(rows[link->proc.what].show, p);
	return IS_ERR_VALUE((uint32_t)t) ? (int)t : cut_to(to, size, t, t->data, t->len);
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

/* Decimal, without leading zeros, below 2^28. */
static bool parse_number(const struct name *name, uint32_t *value)
{
	if (name->len > 8 || (name->len > 1 && name->text[0] == '0'))
		return false;
	*value = 0;
	for (uint32_t i = 0; i < name->len; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return false;
		*value = *value * 10 + (name->text[i] - '0');
	}
	return true;
}

/* For getcwd and the paths of open files: folder and name of an inode. */
static struct inode *where(const struct inode *inode, char *name, size_t size)
{
	uint32_t what = inode->proc.what;

	if (what == ROOT_FOLDER)
		strlcpy(name, "proc", size);
	else if (what == PROCESS_FOLDER)
		snprintf(name, size, "%u", inode->proc.id);
	else if (what >= FIRST_FD)
		snprintf(name, size, "%u", what - FIRST_FD);
	else
		strlcpy(name, rows[what].name, size);
	return inode->parent;
}

static int look_up(struct inode *dir, const struct name *name, struct inode **found);
static int look_up_fd(struct inode *dir, const struct name *name, struct inode **found);
static int list_root(struct inode *dir, uint64_t *pos, struct dir_sink *sink);
static int list_process(struct inode *dir, uint64_t *pos, struct dir_sink *sink);
static int list_fds(struct inode *dir, uint64_t *pos, struct dir_sink *sink);

#define PROC_OPS(look_up_function, iterate_function, read_function, follow_function) {				\
	.lookup = look_up_function, .iterate = iterate_function, .readlink = read_function,			\
	.follow = follow_function, .where = where, .free = inode_free_plain }

static const struct inode_ops file_inode_ops = PROC_OPS(inode_no_lookup, inode_no_iterate, inode_no_readlink, inode_no_follow);
static const struct inode_ops link_inode_ops = PROC_OPS(inode_no_lookup, inode_no_iterate, link_read, link_follow);
static const struct inode_ops root_inode_ops = PROC_OPS(look_up, list_root, inode_no_readlink, inode_no_follow);
static const struct inode_ops process_inode_ops = PROC_OPS(look_up, list_process, inode_no_readlink, inode_no_follow);
static const struct inode_ops fd_inode_ops = PROC_OPS(look_up_fd, list_fds, inode_no_readlink, inode_no_follow);

/* ops says what kind it is; folders are read through them, everything else opens as a text. */
static struct inode *new_inode(const struct inode_ops *ops, uint32_t mode, struct inode *parent, uint32_t id, uint32_t what)
{
	struct inode *inode = inode_new(ops, S_ISDIR(mode) ? &dir_file_ops : &text_ops, mode, parent);

	if (!inode)
		return NULL;
	inode->dev = DEV_PROC;
	inode->ino = number(id, what);
	inode->proc.id = id;
	inode->proc.what = what;
	return inode;
}

static int hand_over(struct inode *inode, struct inode **found)
{
	*found = inode;
	return inode ? 0 : -ENOMEM;
}

static bool same_name(const struct name *name, const char *text)
{
	return strlen(text) == name->len && !memcmp(text, name->text, name->len);
}

/* In /proc and in /proc/<pid>: a row's name, or a process's number. */
static int look_up(struct inode *dir, const struct name *name, struct inode **found)
{
	uint32_t pid, id = dir->proc.id;
	enum place place = id ? IN_PROCESS : IN_ROOT;

	if (id && !find_process(id))
		return -ENOENT;
	if (!id && parse_number(name, &pid))
		return find_process(pid) ? hand_over(new_inode(&process_inode_ops, FOLDER, dir, pid, PROCESS_FOLDER), found) : -ENOENT;
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		if (r->place != place || !same_name(name, r->name))
			continue;
		const struct inode_ops *ops = S_ISDIR(r->mode) ? &fd_inode_ops : S_ISLNK(r->mode) ? &link_inode_ops : &file_inode_ops;
		return hand_over(new_inode(ops, r->mode, dir, id, i), found);
	}
	return -ENOENT;
}

/* The descriptors of the process whose fd/ this is, or NULL. */
static struct files *files_of(const struct inode *dir)
{
	const struct process *p = process_of(dir);
	const struct task *t = p ? process_task(p) : NULL;

	return t ? t->files : NULL;
}

/* The rights of the link show what the file is open for. */
static int look_up_fd(struct inode *dir, const struct name *name, struct inode **found)
{
	struct files *files = files_of(dir);
	uint32_t fd;
	const struct file *f;

	if (!files || !parse_number(name, &fd) || !(f = files_file(files, fd)))
		return -ENOENT;
	static const uint32_t rights[] = { 0500, 0300, 0700, 0700 };
	return hand_over(new_inode(&link_inode_ops, S_IFLNK | rights[f->flags & O_ACCMODE], dir, dir->proc.id, FIRST_FD + fd), found);
}

static bool emit_number(struct dir_sink *sink, uint32_t value, uint32_t ino, uint32_t mode, uint64_t next)
{
	char name[12];
	uint32_t len = snprintf(name, sizeof(name), "%u", value);

	return dir_emit(sink, name, len, ino, mode, next);
}

/* Positions 2 and up are the rows, those of other folders left out. False when the sink is full. */
static bool list_rows(uint32_t id, uint64_t *pos, struct dir_sink *sink)
{
	for (; *pos < 2 + ARRAY_SIZE(rows); ++*pos) {
		uint32_t i = *pos - 2;
		if (rows[i].place == (id ? IN_PROCESS : IN_ROOT) &&
		    !dir_emit(sink, rows[i].name, strlen(rows[i].name), number(id, i), rows[i].mode, *pos + 1))
			return false;
	}
	return true;
}

/* Behind the rows the processes: position PROCESSES + pid. */
static int list_root(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	enum { PROCESSES = 2 + ARRAY_SIZE(rows) };
	struct process *p;

	(void)dir;
	if (!list_rows(0, pos, sink))
		return 0;
	while ((p = next_process(*pos - PROCESSES))) {
		*pos = PROCESSES + p->pid;
		if (!emit_number(sink, p->pid, number(p->pid, PROCESS_FOLDER), FOLDER, *pos + 1))
			return 0;
		++*pos;
	}
	return 0;
}

static int list_process(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	if (!find_process(dir->proc.id))
		return -ENOENT;
	list_rows(dir->proc.id, pos, sink);
	return 0;
}

/* Position 2 + descriptor. */
static int list_fds(struct inode *dir, uint64_t *pos, struct dir_sink *sink)
{
	const struct files *files = files_of(dir);
	int fd;

	while (files && *pos < INT32_MAX && (fd = files_next(files, *pos - 2)) >= 0) {
		*pos = 2 + fd;
		if (!emit_number(sink, fd, number(dir->proc.id, FIRST_FD + fd), S_IFLNK | 0777, *pos + 1))
			return 0;
		++*pos;
	}
	return 0;
}

/* Made once; the mount keeps it. */
struct inode *proc_root(void)
{
	static struct inode *root;

	if (!root)
		root = new_inode(&root_inode_ops, FOLDER, NULL, 0, ROOT_FOLDER);
	return root;
}
