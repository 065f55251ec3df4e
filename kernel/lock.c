/* SPDX-License-Identifier: MIT */
/*
 * Locks that bind only who asks for them: fcntl's on ranges of bytes, and flock's on whole files, which know nothing of each
 * other. There are few, so one list holds those of all files.
 *
 * Whose a lock is: a descriptor table's (F_SETLK), and closing any of its descriptors of that file drops it; or an open file's
 * (F_OFD_SETLK, flock), dropped when the last descriptor is closed. An owner's own locks are never in its way: a new one replaces
 * what it covers. Deadlocks are not found out; a signal ends the waiting.
 */
#include "kernel/fd.h"
#include "kernel/inode.h"
#include "kernel/syscall.h"

struct lock {
	struct list node;
	const void *owner;
	const struct inode *inode;
	bool whole;			/* flock's */
	int16_t type;			/* F_RDLCK, F_WRLCK; as a wish also F_UNLCK */
	int32_t pid;			/* for F_GETLK; -1: an open file's */
	uint64_t start, last;		/* bytes */
};

struct list locks = LIST_INIT(locks);
static struct waitq changed = { LIST_INIT(changed.waiters) };

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->inode == b->inode && a->whole == b->whole && a->start <= b->last && b->start <= a->last;
}

/* What keeps the wish from being granted, or NULL. */
static const struct lock *obstacle(const struct lock *wish)
{
	const struct lock *l;

	list_for_each(l, &locks, node)
		if (overlap(l, wish) && l->owner != wish->owner && (l->type == F_WRLCK || wish->type == F_WRLCK))
			return l;
	return NULL;
}

void locks_drop(const struct inode *inode, const void *owner, bool whole)
{
	struct lock *l, *next;

	list_for_each_safe(l, next, &locks, node)
		if (l->inode == inode && l->owner == owner && l->whole >= whole) {
			list_del(&l->node);
			kfree(l);
		}
	wake_all(&changed);
}

/*
 * What the owner had there gives way: pieces before and behind stay, of which the one behind may be new; what is alike and touches
 * becomes one. By F_UNLCK nothing comes instead. 0 or -ENOLCK.
 */
static int grant(struct lock *wish)
{
	struct lock *l, *next, *new = kmalloc(sizeof(*new)), *behind = kmalloc(sizeof(*behind));
	bool failed = !new || !behind;

	list_for_each_safe(l, next, &locks, node) {
		if (failed || l->owner != wish->owner || l->inode != wish->inode || l->whole != wish->whole ||
		    l->start > wish->last + 1 || wish->start > l->last + 1)
			continue;
		if (l->type == wish->type) {
			wish->start = MIN(wish->start, l->start);
			wish->last = MAX(wish->last, l->last);
		} else if (l->last > wish->last && l->start <= wish->last) {
			*behind = *l;
			behind->start = wish->last + 1;
			list_add(&behind->node, &l->node);
			behind = NULL;
		}
		if (l->start > wish->last)
			continue;
		if (l->start < wish->start) {
			l->last = MIN(l->last, wish->start - 1);
			continue;
		}
		list_del(&l->node);
		kfree(l);
	}
	if (!failed && wish->type != F_UNLCK) {
		*new = *wish;
		list_for_each(l, &locks, node)		/* by their starts: F_GETLK tells the first */
			if (l->start > new->start)
				break;
		list_insert(&new->node, &l->node);
		new = NULL;
	}
	kfree(new);
	kfree(behind);
	wake_all(&changed);
	return failed ? -ENOLCK : 0;
}

/* May sleep; if a table's descriptor is closed meanwhile, nobody would drop the lock. An open file's goes with the file. */
static long set(struct file *f, int fd, struct lock *wish, bool wait)
{
	int error = 0;

	file_get(f);
	if (wish->type != F_UNLCK && obstacle(wish)) {
		if (wish->whole)	/* lest two that share wait for each other to be alone */
			locks_drop(f->inode, f, true);
		error = !wait ? -EAGAIN : WAIT_EVENT(&changed, !obstacle(wish), TIME_NEVER) ? -ERESTARTSYS : 0;
		if (!error && wish->owner != f && fd_file(fd) != f)
			error = -EBADF;
	}
	error = error ?: grant(wish);
	file_put(f);
	return error;
}

long sys_flock(int fd, int op)
{
	static const int16_t types[] = { [LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK };
	struct file *f = fd_usable(fd);
	uint32_t what = op & ~LOCK_NB;

	if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
		return -EINVAL;
	if (!f)
		return -EBADF;
	return set(f, fd, &(struct lock){ .owner = f, .inode = f->inode, .whole = true, .type = types[what], .last = UINT64_MAX }, !(op & LOCK_NB));
}

/* The bytes that struct flock means. A length of 0 is all there may ever be; a negative one means those before the start. */
static int read_range(const struct file *f, const struct flock64 *from, struct lock *to)
{
	const int64_t bases[] = { [SEEK_SET] = 0, [SEEK_CUR] = f->pos, [SEEK_END] = f->inode->size };
	int64_t start, last = INT64_MAX;

	if ((uint16_t)from->l_whence > SEEK_END)
		return -EINVAL;
	if (__builtin_add_overflow(bases[from->l_whence], from->l_start, &start) ||
	    (from->l_len > 0 && __builtin_add_overflow(start, from->l_len - 1, &last)))
		return -EOVERFLOW;
	if (start < 0 || (from->l_len < 0 && start + from->l_len < 0))
		return -EINVAL;
	to->start = from->l_len < 0 ? start + from->l_len : start;
	to->last = from->l_len < 0 ? start - 1 : last;
	return 0;
}

/* Three commands each for struct flock, for struct flock64, and for open files: get, set, set and wait. */
long lock_fcntl(struct file *f, int fd, uint32_t cmd, uint32_t arg)
{
	bool narrow = cmd < F_GETLK64, ofd = cmd >= F_OFD_GETLK;
	uint32_t what = cmd - (narrow ? F_GETLK : ofd ? F_OFD_GETLK : F_GETLK64);
	struct flock l32;
	struct flock64 l;

	if (copy_from_user(narrow ? (void *)&l32 : &l, (void *)arg, narrow ? sizeof(l32) : sizeof(l)))
		return -EFAULT;
	if (narrow)
		l = (struct flock64){ l32.l_type, l32.l_whence, l32.l_start, l32.l_len, l32.l_pid };
	struct lock wish = { .owner = ofd ? f : (void *)current->files, .inode = f->inode, .type = l.l_type, .pid = ofd ? -1 : current->process->pid };
	int error = read_range(f, &l, &wish);
	if (error || (uint16_t)wish.type > F_UNLCK || (ofd && l.l_pid) || (!what && wish.type == F_UNLCK))
		return error ?: -EINVAL;
	if (what)
		return wish.type != F_UNLCK && !(f->can & (wish.type == F_RDLCK ? FILE_READ : FILE_WRITE)) ? -EBADF :
			set(f, fd, &wish, what == 2);
	const struct lock *other = obstacle(&wish);
	l.l_type = F_UNLCK;
	if (other)
		l = (struct flock64){ other->type, SEEK_SET, other->start, other->last == INT64_MAX ? 0 : other->last - other->start + 1, other->pid };
	if (narrow && other && l.l_start + MAX(l.l_len - 1, 0) > INT32_MAX)
		return -EOVERFLOW;
	if (narrow)
		l32 = (struct flock){ l.l_type, l.l_whence, l.l_start, l.l_len, l.l_pid };
	return copy_to_user((void *)arg, narrow ? (void *)&l32 : &l, narrow ? sizeof(l32) : sizeof(l));
}
