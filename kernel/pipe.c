/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: a ring of sixteen page buffers, whose pages are there only while
 * they hold something.
 *
 * Bytes are read from the first buffer and written behind those of the last one. A
 * write that ends in the last page goes there, else it begins a new one, so that what
 * is written at once up to PIPE_BUF never waits half done; it is Linux's rule to the
 * byte. The last page stays when it has been emptied: small messages go through the one
 * page for ever. Every buffer but the last holds something. A pipe belongs to an inode;
 * it lives while anybody has that open. Opening a FIFO waits for the other side to
 * come, which the two counters of openings tell even if it has gone again. No lock: the
 * kernel is not preempted, and copying doesn't sleep.
 */
#include "abi/uio.h"
#include "kernel/fd.h"
#include "kernel/syscall.h"

#define PIPE_PAGES	(PIPE_SIZE / PAGE_SIZE)

/*
 * Bytes start to end of a page hold something. No page: NULL, and both at its end, so
 * that nothing fits.
 */
struct buffer { char *page; uint32_t start, end; };

struct pipe {
	struct buffer *first, *last;		/* in the ring */
	uint32_t readers, writers;		/* open files */
	uint32_t reader_count, writer_count;	/* openings so far */
	struct waitq readable, writable;	/* writable also: a FIFO's opening waits for readers here */
	struct buffer ring[PIPE_PAGES];
};

static bool reads(const struct file *f) { return f->can & FILE_READ; }
static bool writes(const struct file *f) { return f->can & FILE_WRITE; }

/* Most of the time nobody waits; finding that out must cost little. */
static inline void wake(struct waitq *q)
{
	if (!list_empty(&q->waiters))
		wake_all(q);
}

static inline bool empty(const struct pipe *p) { return p->first->start == p->first->end; }

static struct buffer *after(struct pipe *p, struct buffer *b)
{
	return b == &p->ring[PIPE_PAGES - 1] ? p->ring : b + 1;
}

static bool full(struct pipe *p) { return after(p, p->last) == p->first; }

static void drop_page(struct buffer *b)
{
	if (b->page)
		page_put(virt_to_pfn(b->page));
	*b = (struct buffer) { NULL, PAGE_SIZE, PAGE_SIZE };
}

/* Waits for something to read where there is nothing: 1, 0 at the end, or a negative errno. */
static __attribute__((noinline)) int wait_readable(struct file *f, struct pipe *p)
{
	if (!p->writers)
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return WAIT_EVENT(&p->readable, !empty(p) || !p->writers, TIME_NEVER) ? -ERESTARTSYS : !empty(p);
}

/*
 * The first buffer has been read to its end: goes on to the next, or, if it was the
 * only one, to its beginning.
 */
static void finish_first(struct pipe *p)
{
	struct buffer *b = p->first;

	if (likely(b == p->last)) {
		b->start = b->end = 0;
		return;
	}
	p->first = after(p, b);
	drop_page(b);
}

/*
 * Takes up to n bytes out of the first buffer, where there are some: how many, or
 * -EFAULT.
 */
static inline int32_t drain(struct pipe *p, void *to, uint32_t n)
{
	struct buffer *b = p->first;

	n = MIN(n, b->end - b->start);
	if (unlikely(copy_to_user(to, b->page + b->start, n)))
		return -EFAULT;
	b->start += n;
	if (b->start == b->end)
		finish_first(p);
	return n;
}

/* The first buffer was not enough, but there are more. */
static __attribute__((noinline)) int32_t drain_more(struct pipe *p, char *buf, uint32_t n, uint32_t done)
{
	while (done < n && !empty(p)) {
		int32_t part = drain(p, buf + done, n - done);
		if (part < 0)
			break;
		done += part;
	}
	return done;
}

/* What is there is enough: a read doesn't wait for the rest. */
static int32_t pipe_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	struct pipe *p = f->private;
	int32_t done;

	if (unlikely(!n))
		return 0;
	if (empty(p) && (done = wait_readable(f, p)) <= 0)
		return done;
	done = drain(p, buf, n);
	if ((uint32_t)done < n && !empty(p))
		done = drain_more(p, buf, n, done);
	wake(&p->writable);
	return done;
}

/*
 * Waits for a free buffer: 0 or a negative errno. Without readers SIGPIPE comes first;
 * who ignores it sees EPIPE.
 */
static int wait_writable(struct file *f, struct pipe *p)
{
	if (p->readers && full(p)) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		if (WAIT_EVENT(&p->writable, !full(p) || !p->readers, TIME_NEVER))
			return -ERESTARTSYS;
	}
	if (p->readers)
		return 0;
	send_signal_task(current, SIGPIPE);
	return -EPIPE;
}

/*
 * A write of up to PIPE_BUF bytes must not be mixed with others' (POSIX, write): it
 * goes into one page, whose place is found before anything is copied, so it is there as
 * a whole or not at all.
 *
 * Begins a page with n bytes, up to PAGE_SIZE: n, or a negative errno. The last buffer
 * is used if it is empty.
 */
static int32_t begin_page(struct file *f, struct pipe *p, const void *from, uint32_t n)
{
	int error = empty(p) && p->readers ? 0 : wait_writable(f, p);

	if (error)
		return error;
	struct buffer *b = empty(p) ? p->last : after(p, p->last);
	pfn_t pfn = b->page ? virt_to_pfn(b->page) : page_alloc();
	if (!pfn)
		return -ENOMEM;
	if (copy_from_user(pfn_to_virt(pfn), from, n)) {
		if (!b->page)
			page_put(pfn);
		return -EFAULT;
	}
	*b = (struct buffer) { pfn_to_virt(pfn), 0, n };
	p->last = b;
	return n;
}

/*
 * What reaches beyond a whole number of pages may fit behind what was written last: n,
 * else 0.
 */
static uint32_t append(struct pipe *p, const void *from, uint32_t n)
{
	struct buffer *b = p->last;

	if (n - 1 >= PAGE_SIZE - b->end || !p->readers || copy_from_user(b->page + b->end, from, n))
		return 0;
	b->end += n;
	return n;
}

/*
 * Everything but a small write that fits. Waits until all is written, or, without
 * waiting, as much as fits.
 */
static __attribute__((noinline)) int32_t write_pages(struct file *f, struct pipe *p, const char *buf, uint32_t n)
{
	uint32_t done = empty(p) ? 0 : append(p, buf, n % PAGE_SIZE);

	while (done < n) {
		int32_t part = begin_page(f, p, buf + done, MIN(n - done, PAGE_SIZE));
		if (part < 0)
			return done ? (int32_t)done : part;
		done += part;
		wake(&p->readable);
	}
	return done;
}

static int32_t pipe_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos)
{
	struct pipe *p = f->private;

	if (unlikely(!append(p, buf, n)))
		return write_pages(f, p, buf, n);
	wake(&p->readable);
	return n;
}

/* Waits until a vector of up to PIPE_BUF bytes, whose parts are written one by one, needs to wait for none of them: 0 or a negative errno. */
int pipe_wait_room(struct file *f, const struct iovec *v, int n)
{
	struct pipe *p = f->private;
	uint32_t bytes = 0;

	for (int i = 0; i < n && bytes <= PAGE_SIZE; i++)
		bytes += MIN(v[i].iov_len, PAGE_SIZE + 1);
	return bytes <= PAGE_SIZE - p->last->end || bytes > PAGE_SIZE ? 0 : wait_writable(f, p);
}

static uint32_t pipe_unread(const struct file *f)
{
	struct pipe *p = f->private;
	uint32_t n = p->last->end - p->last->start;

	for (struct buffer *b = p->first; b != p->last; b = after(p, b))
		n += b->end - b->start;
	return n;
}

/*
 * f->pos of a reader that came before any writer: the number of openings for writing
 * then. Until that changes there is no hang-up.
 */
static uint32_t pipe_poll(struct file *f, struct poll_table *table)
{
	struct pipe *p = f->private;
	uint32_t ready = 0;

	if (reads(f)) {
		poll_wait(table, &p->readable);
		if (!empty(p))
			ready |= POLLIN | POLLRDNORM;
		if (!p->writers && f->pos != p->writer_count)
			ready |= POLLHUP;
	}
	if (writes(f)) {
		poll_wait(table, &p->writable);
		if (!full(p))
			ready |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			ready |= POLLERR;
	}
	return ready;
}

/* An opening more or less: those who wait for partners, or for what these will do, look again. */
static void count(const struct file *f, int by)
{
	struct pipe *p = f->private;

	p->readers += reads(f) ? by : 0;
	p->writers += writes(f) ? by : 0;
	wake(&p->readable);
	wake(&p->writable);
}

/*
 * The last one frees the pipe. The mode of an open file never changes, so this undoes what
 * join did.
 */
static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;

	count(f, -1);
	if (p->readers || p->writers)
		return;
	for (uint32_t i = 0; i < PIPE_PAGES; i++)
		drop_page(&p->ring[i]);
	kfree(p);
	f->inode->pipe = NULL;
}

/* The pipe of an inode that nobody has open. NULL: out of memory. */
static struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	waitq_init(&p->readable);
	waitq_init(&p->writable);
	for (uint32_t i = 0; i < PIPE_PAGES; i++)
		drop_page(&p->ring[i]);
	p->first = p->last = p->ring;
	return p;
}

/* Takes part as f's mode says, and wakes those who wait for that. */
static void join(struct file *f, struct pipe *p)
{
	f->private = p;
	f->pos = UINT64_MAX;
	p->reader_count += reads(f);
	p->writer_count += writes(f);
	count(f, 1);
}

/*
 * The other side's arrival, for who has joined as the only one: 0 or a negative errno.
 */
static int wait_for_partner(struct file *f)
{
	struct pipe *p = f->private;
	uint32_t readers = p->reader_count, writers = p->writer_count;

	if (!writes(f) && !p->writers) {
		if (f->flags & O_NONBLOCK)
			f->pos = p->writer_count;
		else if (WAIT_EVENT(&p->readable, p->writer_count != writers, TIME_NEVER))
			return -ERESTARTSYS;
	} else if (!reads(f) && !p->readers) {
		if (f->flags & O_NONBLOCK)
			return -ENXIO;
		if (WAIT_EVENT(&p->writable, p->reader_count != readers, TIME_NEVER))
			return -ERESTARTSYS;
	}
	return 0;
}

/*
 * Opening a FIFO by name, or an anonymous pipe, which waits for nobody: whoever opens it again
 * through /proc sees its end if all others have left. A FIFO joins before it waits, for that is what
 * the partner waits for; two who come at the same time let each other in. Access mode 3, which
 * neither reads nor writes, would be counted nowhere.
 */
static int pipe_open(struct inode *inode, struct file *f)
{
	if (!f->can)
		return -EINVAL;
	if (!inode->pipe && !(inode->pipe = pipe_new()))
		return -ENOMEM;
	join(f, inode->pipe);
	int error = inode->mount->type == FS_PIPE ? 0 : wait_for_partner(f);
	if (error)
		pipe_release(f);
	return error;
}

const struct file_ops pipe_file_ops = {
	.read = pipe_read, .write = pipe_write, .unread = pipe_unread, .poll = pipe_poll, .open = pipe_open,
	.release = pipe_release,
};

/* An anonymous pipe stands in no folder and is nothing but a pipe. */
static const struct inode_ops pipe_inode_ops;
static struct mount pipes = { .type = FS_PIPE, .users = 1 };

/*
 * Each end is opened, then given its flags. Both or none.
 */
long sys_pipe2(int *fds, uint32_t flags)
{
	int fd[2] = { -EBADF, -EBADF }, error = 0;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	struct inode *inode = inode_new(&pipe_inode_ops, &pipe_file_ops, S_IFIFO | 0600, NULL);
	if (!inode)
		return -ENOMEM;
	inode->mount = &pipes;
	for (int i = 0; i < 2 && !error; i++) {
		struct file *f = inode_open(inode, i ? O_WRONLY : O_RDONLY);
		fd[i] = IS_ERR_VALUE(f) ? (int)f : fd_install(f, 0, flags & O_CLOEXEC);
		error = MIN(fd[i], 0);
		if (!error)
			f->flags = i | (flags & ~O_CLOEXEC);
		else if (!IS_ERR_VALUE(f))
			file_put(f);
	}
	inode_put(inode);
	if (!error)
		error = copy_to_user(fds, fd, sizeof(fd));
	for (int i = 0; error && i < 2; i++)
		sys_close(fd[i]);	/* of an error number: nothing is open there */
	return error;
}
