/* SPDX-License-Identifier: MIT */
/*
 * Inodes: what a name stands for, and what a kind of file system must offer: ramfs
 * (kernel/ramfs.c) and /proc (kernel/proc.c).
 *
 * An inode is counted: one reference each for a name in a ramfs folder, an open file, a
 * working directory, a child folder's parent pointer. The last inode_put frees it. Names are not cached beyond ramfs itself: for /proc each lookup
 * makes a new inode, which dies when nobody uses it.
 *
 * A mount costs the path walk nothing: while it is there, the name of the folder that it covers simply leads to its root, whose
 * parent is the folder's (kernel/mount.c).
 */
#ifndef KERNEL_INODE_H
#define KERNEL_INODE_H

#include "abi/errno.h"
#include "abi/mount.h"
#include "abi/stat.h"
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/list.h"
#include "mm/heap.h"

#define NAME_MAX	255u		/* bytes of one name, without a NUL */
#define PATH_MAX	4096u		/* bytes of a path, with the NUL */
#define INODE_TIME_SPAN	(1ull << 33)	/* s: times lie within so much around 1970 */

/* A component of a path; text is not terminated. hash is name_hash's. */
struct name {
	const char *text;
	uint32_t len;			/* 1 to NAME_MAX */
	uint32_t hash;
};

/*
 * FNV-1a (Fowler, Noll, Vo; 32 bits): two instructions a character. A hash begins with
 * 0.
 */
static inline uint32_t name_hash_step(uint32_t hash, char c) { return (hash ^ (uint8_t)c) * 0x01000193u; }
void name_set(struct name *n, const char *text);	/* from a terminated string, which must last */

/*
 * Where readdir puts entries. Returns false when the buffer is full: stop, and leave
 * the position at this entry. next: the position behind it. mode gives the entry's
 * type.
 */
struct dir_sink;
bool dir_emit(struct dir_sink *sink, const char *name, uint32_t len, uint32_t ino, uint32_t mode, uint64_t next);

/* NULL where a kind has no folders, no links, or nothing to say. */
struct inode_ops {
	/*
	 * Of folders: 0 with a referenced inode in *found, or -ENOENT. "." and ".."
	 * never come here.
	 */
	int (*lookup)(struct inode *dir, const struct name *name, struct inode **found);
	/*
	 * Of folders: emits the entries from position *pos >= 2 on ("." is at 0, ".."
	 * at 1) and moves *pos; 0 or a negative errno.
	 */
	int (*iterate)(struct inode *dir, uint64_t *pos, struct dir_sink *sink);
	/*
	 * Of symbolic links: the text without a NUL, at most size bytes of it; its
	 * length or a negative errno. to is a kernel address.
	 */
	int (*readlink)(struct inode *link, char *to, size_t size);
	/*
	 * Of symbolic links whose target needs no name (/proc/self/fd/0): 0 with a
	 * referenced inode, or -EINVAL (as if NULL): go by the text.
	 */
	int (*follow)(struct inode *link, struct inode **target);
	/*
	 * The folder it stands in and its name there, terminated, for paths; NULL: it
	 * has lost its name, or (without the function) never had one. The root folder
	 * is never asked.
	 */
	struct inode *(*where)(const struct inode *inode, char *name, size_t size);
	/*
	 * The last reference is gone: frees what the kind keeps in it, but neither the
	 * inode itself nor the parent.
	 */
	void (*drop)(struct inode *inode);
};

/* FS_TMPFS is ramfs with a limit. FS_PIPE is that of pipe(2), which is mounted nowhere. */
enum fs_type { FS_RAMFS, FS_TMPFS, FS_PROC, FS_PIPE };

/* A file system in use, normally as a part of the tree. */
struct mount {
	struct list node;		/* in the order of mounting: what lies in or on another one comes behind it */
	struct inode *root, *covered;	/* the folder whose name now leads to root; NULL: of the first mount, and of what is detached */
	uint32_t users;			/* its place in the tree, mounts inside, open files, working directories: the last one frees it */
	uint32_t writers;		/* regular files open for writing */
	uint32_t pages, limit;		/* of its files; limit 0: none */
	uint32_t dev, flags;		/* minor number of st_dev, whose major is 0; of MS_KEPT */
	enum fs_type type;
	bool leaves;			/* while it is detached */
	char source[];			/* what /proc/mounts says first */
};

struct pipe; struct entry;

struct inode {
	const struct inode_ops *ops;
	const struct file_ops *fops;	/* of files opened on it; device nodes: those that find the device */
	uint32_t count;
	int32_t writers;		/* files open for writing, or, negative, programs that run: never both (ETXTBSY) */
	uint32_t mode;			/* S_IF* and permission bits */
	uint32_t nlink;
	uint32_t uid, gid;		/* told, no more */
	uint32_t ino;
	struct mount *mount, *cover;	/* not referenced: its own, which lives as long as it has inodes; and the one that covers the folder */
	uint32_t rdev;			/* device nodes: major << 8 | minor */
	uint64_t size;
	uint64_t atime, mtime, ctime;	/* ns since 1970; below 0 they wrap: before it */
	struct inode *parent;		/* referenced; NULL: the root, and files of ramfs that are no folders */
	struct list names;		/* its entries in ramfs folders (struct entry.of_inode) */
	union {				/* the kind's own */
		struct { struct list entries; uint64_t next; } dir;	/* ramfs */
		struct { pfn_t *slots; uint32_t capacity, count; } pages;	/* ramfs */
		char *target;		/* ramfs: symbolic link */
		struct pipe *pipe;	/* pipes and FIFOs while open */
		struct { uint32_t id, what; } proc;
	};
};

extern struct inode *root_inode;
extern const struct file_ops dir_file_ops;	/* of folders, which are read by getdents64 through ops->iterate */

/*
 * A zeroed inode with count 1, nlink 1, a number of its own and the three times set to
 * now; parent is referenced if given. NULL: out of memory.
 */
struct inode *inode_new(const struct inode_ops *ops, const struct file_ops *fops, uint32_t mode, struct inode *parent);
static inline struct inode *inode_get(struct inode *inode) { inode->count++; return inode; }
void inode_put_last(struct inode *inode);
static inline void inode_put(struct inode *inode) { if (--inode->count == 0) inode_put_last(inode); }

/*
 * A new file system takes the place of a folder that has a name; with NULL it is the first, which nobody covers. NULL: out of
 * memory.
 */
struct mount *mount_at(struct inode *dir, enum fs_type type, const char *source, uint32_t flags, uint32_t mode, uint32_t limit);
/* The uppermost of what covers a folder; the folder itself, if nothing does. */
static inline struct inode *mount_top(const struct inode *dir)
{
	while (dir->cover)
		dir = dir->cover->root;
	return (struct inode *)dir;
}
void mount_free(struct mount *m);	/* the last user has gone */

static inline void mount_put(struct mount *m) { if (__builtin_expect(!--m->users, 0)) mount_free(m); }

/* A reference that keeps its mount in use, too: that of an open file or a working directory. */
static inline struct inode *inode_hold(struct inode *inode) { inode->mount->users++; return inode_get(inode); }
static inline void inode_release(struct inode *inode)
{
	struct mount *m = inode->mount;

	inode_put(inode);
	mount_put(m);
}

/* May its names, or what it says of itself, change? 0, -EROFS, or -EPERM in /proc, which says what is. */
static inline int may_change(const struct inode *i) { return i->mount->flags & MS_RDONLY ? -EROFS : i->mount->type == FS_PROC ? -EPERM : 0; }

/*
 * A new open file on an inode (takes a reference of its own): ERR pointers as in
 * file_open. flags: O_*.
 */
struct file *inode_open(struct inode *inode, uint32_t flags);
/*
 * Absolute path: 0; -ENAMETOOLONG: only the end of it has found room; -ENOENT: a name
 * on the way is lost, the text is "(deleted)".
 */
int inode_path(const struct inode *inode, char *to, size_t size);

/* ---- the kinds of files that are no files of ramfs ---- */

#define PIPE_SIZE	65536u
#define PIPE_BUF	4096u	/* what is written at once up to this size stays together */

extern const struct file_ops pipe_file_ops;	/* pipes and FIFO nodes: bytes between who writes and who reads */
struct iovec;
int pipe_wait_room(struct file *f, const struct iovec *v, int n);	/* before a vector is written */
static inline bool file_is_pipe(const struct file *f) { return f->ops == &pipe_file_ops; }

/*
 * Of device nodes, which have a number: open puts the device's own in its place, -ENXIO for a number without a
 * device. Until then, and in a file opened with O_PATH, everything is refused.
 */
extern const struct file_ops node_file_ops;
extern const struct file_ops zero_file_ops;	/* /dev/zero, which can be mapped */
/*
 * Makes the first names in the root: proc, where that is mounted, and the folder dev with null, zero, full, random, urandom and the
 * links to the descriptors.
 */
void device_init(void);

struct inode *proc_root(void);		/* a new folder /proc. NULL: out of memory */

#endif
