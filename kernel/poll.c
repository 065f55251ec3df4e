/* SPDX-License-Identifier: MIT */
/*
 * poll, ppoll and select: waiting for several files at once.
 *
 * All three become one array of struct pollfd in kernel memory. The first look at the files also
 * queues the caller on their wait queues; the task's state is set before that, so a wake-up between
 * look and sleep is not lost. Each queue entry holds its file, for another thread may close the
 * descriptor meanwhile, and the wait queue must not go away under us.
 */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/time.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/signal.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/uaccess.h"

#define NOW		0u		/* a deadline: don't wait */
#define SMALL		8u		/* descriptors that need no memory from the heap */
#define READY_IN	(POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define READY_OUT	(POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

struct poll_entry { struct waiter waiter; struct file *file; };
struct poll_block { struct poll_block *next; uint32_t used; struct poll_entry entries[SMALL]; };

struct poll_table {
	struct poll_block *last;	/* where the next entry goes; more are linked behind it */
	struct file *file;		/* the one being looked at */
	bool failed;			/* out of memory */
	struct poll_block first;
};

/* Blocks form a list that begins with the newest and ends with the one on the stack. */
static struct poll_block *more(struct poll_table *t)
{
	struct poll_block *block = kmalloc(sizeof(*block));

	if (!block) {
		t->failed = true;
		return NULL;
	}
	block->next = t->last;
	block->used = 0;
	return t->last = block;
}

/* Called by ops->poll, for each wait queue whose wake-up may change the answer. */
void poll_wait(struct poll_table *t, struct waitq *q)
{
	if (!t)
		return;
	struct poll_block *block = t->last->used < SMALL ? t->last : more(t);
	if (!block)
		return;
	struct poll_entry *e = &block->entries[block->used++];
	e->file = file_get(t->file);
	waitq_add(q, &e->waiter);
}

/* Dropping a file may free its wait queue: only after the queue has been left. */
static void leave_queues(struct poll_table *t)
{
	struct poll_block *block = t->last, *next;

	for (; block; block = next) {
		next = block->next;
		for (uint32_t i = 0; i < block->used; i++) {
			waitq_remove(&block->entries[i].waiter);
			file_put(block->entries[i].file);
		}
		if (block != &t->first)
			kfree(block);
	}
}

/* Looks at every file once; how many are ready. Queues nowhere once one is. */
static int look(struct pollfd *fds, uint32_t n, struct poll_table *t)
{
	int ready = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct file *f = fds[i].fd < 0 ? NULL : fd_usable(fds[i].fd);
		uint32_t mask = fds[i].fd < 0 ? 0 : POLLNVAL;
		if (f) {
			if (t)
				t->file = f;
			mask = f->ops->poll(f, ready ? NULL : t);
			mask &= (uint16_t)fds[i].events | POLLERR | POLLHUP | POLLNVAL;
		}
		fds[i].revents = mask;
		ready += mask != 0;
	}
	return ready;
}

/*
 * Waits until a file is ready or the deadline (monotonic; NOW, TIME_NEVER) has passed: how many
 * are, 0, -EINTR or -ENOMEM.
 */
static int poll_files(struct pollfd *fds, uint32_t n, uint64_t deadline)
{
	struct poll_table table = { .last = &table.first }, *t = deadline == NOW ? NULL : &table;
	bool expired = deadline == NOW;
	int ready;

	for (;;) {
		set_state(TASK_INTERRUPTIBLE);
		ready = look(fds, n, t);
		t = NULL;
		if (ready || expired || table.failed)
			break;
		if (signal_pending()) {
			ready = -EINTR;
			break;
		}
		expired = !schedule_until(deadline);
	}
	set_state(TASK_RUNNING);
	leave_queues(&table);
	return table.failed && !ready ? -ENOMEM : ready;
}

/* poll with the user's array; errors -EINTR, -EFAULT, -EINVAL, -ENOMEM. */
static int poll_user(struct pollfd *user, uint32_t n, uint64_t deadline)
{
	struct pollfd small[SMALL], *fds = small;

	if (n > current->process->rlimits[RLIMIT_NOFILE][0] || n > FD_MAX)
		return -EINVAL;
	if (n > SMALL && !(fds = kmalloc(n * sizeof(*fds))))
		return -ENOMEM;
	int result = copy_from_user(fds, user, n * sizeof(*fds));
	if (!result)
		result = poll_files(fds, n, deadline);
	for (uint32_t i = 0; result >= 0 && i < n; i++)
		if (copy_to_user(&user[i].revents, &fds[i].revents, sizeof(fds[i].revents)))
			result = -EFAULT;
	if (fds != small)
		kfree(fds);
	return result;
}

static long poll_result(struct pollfd *fds, uint32_t n, uint64_t deadline);

/*
 * From restart_syscall, when the process has been stopped and goes on, say. The deadline is still
 * the first one.
 */
static long poll_again(struct restart_block *r)
{
	return poll_result((struct pollfd *)r->a, r->b, r->deadline);
}

static long poll_result(struct pollfd *fds, uint32_t n, uint64_t deadline)
{
	int result = poll_user(fds, n, deadline);

	if (result != -EINTR)
		return result;
	current->restart = (struct restart_block) {
		.fn = poll_again, .deadline = deadline, .a = (uint32_t)fds, .b = n,
	};
	return -ERESTART_RESTARTBLOCK;
}

/* The timeout is in milliseconds; negative: for ever. */
long sys_poll(struct pollfd *fds, uint32_t n, int timeout)
{
	uint64_t deadline = timeout < 0 ? TIME_NEVER : timeout ? clock_ns() + (uint64_t)timeout * NSEC_PER_MSEC : NOW;

	return poll_result(fds, n, deadline);
}

/* How the calls pass a time span: with microseconds, nanoseconds, or nanoseconds and 64-bit seconds. */
enum span { TIMEVAL, TIMESPEC, TIMESPEC64 };

/* The deadline that a user's time span means, NULL being for ever. 0, -EFAULT or -EINVAL. */
static int read_span(const void *user, enum span kind, uint64_t *deadline)
{
	struct timespec64 ts;
	struct timespec narrow;

	*deadline = TIME_NEVER;
	if (!user)
		return 0;
	if (kind == TIMESPEC64 ? copy_from_user(&ts, user, sizeof(ts)) : copy_from_user(&narrow, user, sizeof(narrow)))
		return -EFAULT;
	if (kind != TIMESPEC64)
		ts = (struct timespec64) { .tv_sec = narrow.tv_sec, .tv_nsec = narrow.tv_nsec };
	if (kind == TIMEVAL && ts.tv_nsec >= 0) {
		ts.tv_sec += (uint32_t)ts.tv_nsec / 1000000;
		ts.tv_nsec = (uint32_t)ts.tv_nsec % 1000000 * NSEC_PER_USEC;
	}
	if (ts.tv_sec < 0 || (uint32_t)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (!ts.tv_sec && !ts.tv_nsec)
		*deadline = NOW;
	else if (ts.tv_sec <= UINT32_MAX)	/* more is for ever */
		*deadline = clock_ns() + (uint64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

/* Writes back how much of the span is left; that this may fail is nobody's concern. */
static void write_span(void *user, enum span kind, uint64_t deadline)
{
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0;
	uint32_t ns = div64(&left, NSEC_PER_SEC);
	struct timespec64 ts = { left, ns, 0 };
	struct timespec narrow = { left, kind == TIMEVAL ? ns / NSEC_PER_USEC : ns };

	if (user && kind == TIMESPEC64)
		copy_to_user(user, &ts, sizeof(ts));
	else if (user)
		copy_to_user(user, &narrow, sizeof(narrow));
}

/*
 * poll under another signal mask. If a signal ends it, the old mask comes back only when the signal
 * has been dealt with.
 */
static int poll_masked(struct pollfd *fds, uint32_t n, uint64_t deadline, const sigset_t *mask, uint32_t size)
{
	sigset_t set, old = current->blocked;

	if (!mask)
		return poll_user(fds, n, deadline);
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	signals_set_blocked(set & ~UNBLOCKABLE);
	int result = poll_user(fds, n, deadline);
	if (result == -EINTR) {
		current->saved_mask = old;
		current->restore_mask = true;
	} else {
		signals_set_blocked(old);
	}
	return result;
}

/* The time left is written back also after a signal, so that a program can go on with it. */
static long ppoll(struct pollfd *fds, uint32_t n, void *timeout, enum span kind, const sigset_t *mask, uint32_t size)
{
	uint64_t deadline;
	int result = read_span(timeout, kind, &deadline);

	if (result)
		return result;
	result = poll_masked(fds, n, deadline, mask, size);
	write_span(timeout, kind, deadline);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_ppoll(struct pollfd *fds, uint32_t n, struct timespec *timeout, const sigset_t *mask, uint32_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC, mask, size);
}

long sys_ppoll_time64(struct pollfd *fds, uint32_t n, struct timespec64 *timeout, const sigset_t *mask, uint32_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC64, mask, size);
}

/* The three sets of select, in kernel memory; absent ones are empty. */
struct sets { fd_set in, out, ex; };

/* The rest of the set, beyond n descriptors, is empty. */
static int read_set(fd_set *to, const fd_set *user, uint32_t bytes)
{
	memset(to, 0, sizeof(*to));
	return user ? copy_from_user(to, user, bytes) : 0;
}

static int write_set(fd_set *user, const fd_set *from, uint32_t bytes)
{
	return user ? copy_to_user(user, from, bytes) : 0;
}

/* The sets as an array of pollfd, in one block of memory with them. Returns how many, or -EBADF. */
static int sets_to_fds(const struct sets *s, int n, struct pollfd *fds)
{
	int count = 0;

	for (int fd = 0; fd < n; fd++) {
		uint32_t word = fd / 32, bit = 1u << fd % 32;
		uint32_t in = s->in.fds_bits[word] & bit, out = s->out.fds_bits[word] & bit;
		uint32_t ex = s->ex.fds_bits[word] & bit;
		uint32_t events = (in ? READY_IN : 0) | (out ? READY_OUT : 0) | (ex ? POLLPRI : 0);
		if (!events)
			continue;
		if (!fd_usable(fd))
			return -EBADF;
		fds[count++] = (struct pollfd) { fd, events, 0 };
	}
	return count;
}

/* The inverse: leaves in each set what is ready and was asked for; how many bits. */
static int fds_to_sets(const struct pollfd *fds, int count, struct sets *s)
{
	struct sets asked = *s;
	int bits = 0;

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < count; i++) {
		uint32_t word = fds[i].fd / 32, bit = 1u << fds[i].fd % 32, ready = (uint16_t)fds[i].revents;
		uint32_t in = ready & READY_IN ? bit & asked.in.fds_bits[word] : 0;
		uint32_t out = ready & READY_OUT ? bit & asked.out.fds_bits[word] : 0;
		uint32_t ex = ready & POLLPRI ? bit & asked.ex.fds_bits[word] : 0;
		s->in.fds_bits[word] |= in;
		s->out.fds_bits[word] |= out;
		s->ex.fds_bits[word] |= ex;
		bits += !!in + !!out + !!ex;
	}
	return bits;
}

/* select on sets in kernel memory. */
static int select_sets(struct sets *s, int n, uint64_t deadline)
{
	struct pollfd *fds = kmalloc(MAX(n, 1) * sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	int count = sets_to_fds(s, n, fds), result = count;
	if (count >= 0)
		result = poll_files(fds, count, deadline);
	if (result >= 0)
		result = fds_to_sets(fds, count, s);
	kfree(fds);
	return result;
}

/* As on Linux at most FD_SETSIZE descriptors count, and the sets change only on success. */
long sys_select(int n, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout)
{
	struct sets s;
	uint64_t deadline;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, FD_SETSIZE);
	uint32_t bytes = (n + 31) / 32 * 4;
	int result = read_span(timeout, TIMEVAL, &deadline);
	if (result)
		return result;
	if (read_set(&s.in, in, bytes) || read_set(&s.out, out, bytes) || read_set(&s.ex, ex, bytes))
		return -EFAULT;
	result = select_sets(&s, n, deadline);
	write_span(timeout, TIMEVAL, deadline);
	if (result == -EINTR)
		return -ERESTARTNOHAND;
	if (result < 0)
		return result;
	if (write_set(in, &s.in, bytes) || write_set(out, &s.out, bytes) || write_set(ex, &s.ex, bytes))
		return -EFAULT;
	return result;
}
