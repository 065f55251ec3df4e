/* SPDX-License-Identifier: MIT */
/*
 * poll, select and their forms with a signal mask: waiting for several files at once.
 *
 * All become one array of struct pollfd in kernel memory. The first look at the files
 * also queues the caller on their wait queues; the task's state is set before that, so
 * a wake-up between look and sleep is not lost. Each queue entry holds its file, for
 * another thread may close the descriptor meanwhile, and the wait queue must not go
 * away under us.
 */
#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/signal.h"
#include "kernel/syscall.h"
#include "kernel/time_internal.h"
#include "mm/heap.h"
#include "mm/uaccess.h"

#define NOW		0u		/* a deadline: don't wait */
#define SMALL		8u		/* descriptors that need no memory from the heap */
#define ALWAYS_READY	(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define READY_IN	(POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define READY_OUT	(POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

struct poll_entry { struct waiter waiter; struct file *file; };

struct poll_table {
	struct poll_entry *next;	/* where the next entry goes; there is room for two of each file */
	struct file *file;		/* the one being looked at */
};

void poll_wait(struct poll_table *t, struct waitq *q)
{
	if (!t)
		return;
	t->next->file = file_get(t->file);
	waitq_add(q, &t->next->waiter);
	t->next++;
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
			mask = f->ops->poll ? f->ops->poll(f, ready ? NULL : t) : ALWAYS_READY;
			mask &= (uint16_t)fds[i].events | POLLERR | POLLHUP | POLLNVAL;
		}
		fds[i].revents = mask;
		ready += mask != 0;
	}
	return ready;
}

/*
 * Waits until a file is ready or the deadline (monotonic; NOW, TIME_NEVER) has passed:
 * how many are, 0, -EINTR, -ENOMEM.
 */
static int poll_files(struct pollfd *fds, uint32_t n, uint64_t deadline)
{
	struct poll_entry small[SMALL], *entries = small;
	bool expired = deadline == NOW;
	int ready;

	if (!expired && 2 * n > SMALL && !(entries = kmalloc(2 * n * sizeof(*entries))))
		return -ENOMEM;
	struct poll_table table = { .next = entries }, *t = expired ? NULL : &table;
	for (;;) {
		set_state(TASK_INTERRUPTIBLE);
		ready = look(fds, n, t);
		t = NULL;
		if (ready || expired)
			break;
		if (signal_pending()) {
			ready = -EINTR;
			break;
		}
		expired = !schedule_until(deadline);
	}
	set_state(TASK_RUNNING);
	while (table.next-- > entries) {	/* dropping a file may free its queue: only after that has been left */
		waitq_remove(&table.next->waiter);
		file_put(table.next->file);
	}
	if (entries != small)
		kfree(entries);
	return ready;
}

/*
 * poll with the user's array, of which only revents is written; errors -EINTR, -EFAULT,
 * -EINVAL, -ENOMEM.
 */
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

/* ---- poll ---- */

static long poll_until(struct pollfd *fds, uint32_t n, uint64_t deadline);

/*
 * From restart_syscall, when the process has been stopped and goes on, say. The
 * deadline is still the first one.
 */
static long poll_again(struct restart_block *r)
{
	return poll_until((struct pollfd *)r->a, r->b, r->deadline);
}

static long poll_until(struct pollfd *fds, uint32_t n, uint64_t deadline)
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

	return poll_until(fds, n, deadline);
}

/* ---- time spans and signal masks ---- */

/*
 * How the calls pass a time span: with microseconds, nanoseconds, or nanoseconds and
 * 64-bit seconds.
 */
enum span { TIMEVAL, TIMESPEC, TIMESPEC64 };

/*
 * The deadline that a user's time span means, NULL being for ever. 0, -EFAULT or
 * -EINVAL.
 */
static int read_span(const void *user, enum span kind, uint64_t *deadline)
{
	struct timeval tv;
	uint64_t ns;
	int error = 0;

	*deadline = TIME_NEVER;
	if (!user)
		return 0;
	if (kind != TIMEVAL)
		error = timespec_read(&ns, user, kind == TIMESPEC64);
	else if (copy_from_user(&tv, user, sizeof(tv)))
		error = -EFAULT;
	else if (tv.tv_sec < 0 || tv.tv_usec < 0)
		error = -EINVAL;
	else
		ns = (uint64_t)tv.tv_sec * NSEC_PER_SEC + (uint64_t)tv.tv_usec * NSEC_PER_USEC;
	if (!error)
		*deadline = ns ? deadline_after_ns(ns) : NOW;
	return error;
}

/*
 * Writes back how much of the span is left, also after a signal; that this may fail is
 * nobody's concern.
 */
static void write_span(void *user, enum span kind, uint64_t deadline)
{
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0;
	struct timeval tv = ns_to_timeval(left);

	if (user && kind == TIMEVAL)
		copy_to_user(user, &tv, sizeof(tv));
	else if (user)
		timespec_write(user, left, kind == TIMESPEC64);
}

/*
 * Puts another signal mask (NULL: none) in place until mask_end. 0, -EFAULT or -EINVAL.
 */
static int mask_begin(const sigset_t *mask, uint32_t size, sigset_t *old)
{
	sigset_t set;

	*old = current->blocked;
	if (!mask)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	signals_set_blocked(set & ~UNBLOCKABLE);
	return 0;
}

/*
 * The call's result. If a signal ended it, the old mask comes back only when the signal
 * has been dealt with.
 */
static long mask_end(long result, const sigset_t *mask, sigset_t old)
{
	if (mask && result == -EINTR) {
		current->saved_mask = old;
		current->restore_mask = true;
	} else if (mask) {
		signals_set_blocked(old);
	}
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* ---- ppoll ---- */

static long ppoll(struct pollfd *fds, uint32_t n, void *timeout, enum span kind, const sigset_t *mask, uint32_t size)
{
	uint64_t deadline;
	sigset_t old;
	long result = read_span(timeout, kind, &deadline);

	if (!result)
		result = mask_begin(mask, size, &old);
	if (result)
		return result;
	result = poll_user(fds, n, deadline);
	write_span(timeout, kind, deadline);
	return mask_end(result, mask, old);
}

long sys_ppoll(struct pollfd *fds, uint32_t n, struct timespec *timeout, const sigset_t *mask, uint32_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC, mask, size);
}

long sys_ppoll_time64(struct pollfd *fds, uint32_t n, struct timespec64 *timeout, const sigset_t *mask, uint32_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC64, mask, size);
}

/* ---- select ---- */

/*
 * What a descriptor in each of the three sets waits for (Linux, fs/select.c: POLLIN_SET
 * and so on).
 */
static const uint32_t wanted[3] = { READY_IN, READY_OUT, POLLPRI };

/* The sets as an array of pollfd. Returns how many, or -EBADF. */
static int sets_to_fds(const fd_set sets[3], int n, struct pollfd *fds)
{
	int count = 0;

	for (int fd = 0; fd < n; fd++) {
		uint32_t events = 0;
		for (int i = 0; i < 3; i++)
			events |= sets[i].fds_bits[fd / 32] >> fd % 32 & 1 ? wanted[i] : 0;
		if (!events)
			continue;
		if (!fd_usable(fd))
			return -EBADF;
		fds[count++] = (struct pollfd) { fd, events, 0 };
	}
	return count;
}

/*
 * The inverse: leaves in each set what is ready and was asked for; how many bits. A
 * descriptor that is ready in two sets counts twice (POSIX, select).
 */
static int fds_to_sets(const struct pollfd *fds, int count, fd_set sets[3])
{
	int bits = 0;

	for (int k = 0; k < count; k++) {
		uint32_t word = fds[k].fd / 32, bit = 1u << fds[k].fd % 32;
		for (int i = 0; i < 3; i++) {
			if (!((uint16_t)fds[k].revents & wanted[i]))
				sets[i].fds_bits[word] &= ~bit;
			bits += !!(sets[i].fds_bits[word] & bit);
		}
	}
	return bits;
}

/*
 * As on Linux at most FD_SETSIZE descriptors count, and the sets change only on
 * success.
 */
static long select_user(int n, fd_set *const user[3], uint64_t deadline)
{
	fd_set sets[3] = { 0 };
	uint32_t bytes = (n + 31) / 32 * 4;

	for (int i = 0; i < 3; i++) {
		if (user[i] && copy_from_user(&sets[i], user[i], bytes))
			return -EFAULT;
		if (n % 32)	/* what lies behind the n-th bit comes back as 0 */
			sets[i].fds_bits[n / 32] &= (1u << n % 32) - 1;
	}
	struct pollfd *fds = kmalloc(MAX(n, 1) * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	int count = sets_to_fds(sets, n, fds);
	long result = count < 0 ? count : poll_files(fds, count, deadline);
	if (result >= 0)
		result = fds_to_sets(fds, count, sets);
	kfree(fds);
	for (int i = 0; result >= 0 && i < 3; i++)
		if (user[i] && copy_to_user(user[i], &sets[i], bytes))
			result = -EFAULT;
	return result;
}

/* What select and pselect6 share, with a mask or without. */
static long select_until(int n, fd_set *const user[3], void *timeout, enum span kind,
			 const sigset_t *mask, uint32_t size)
{
	uint64_t deadline;
	sigset_t old;
	long result = n < 0 ? -EINVAL : read_span(timeout, kind, &deadline);

	if (!result)
		result = mask_begin(mask, size, &old);
	if (result)
		return result;
	result = select_user(MIN(n, FD_SETSIZE), user, deadline);
	write_span(timeout, kind, deadline);
	return mask_end(result, mask, old);
}

long sys_select(int n, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout)
{
	return select_until(n, (fd_set *[3]) { in, out, ex }, timeout, TIMEVAL, NULL, 0);
}

/*
 * A seventh argument would be one too many: the last is a pair in memory, of the mask's
 * address and its size.
 */
long sys_pselect6(int n, fd_set *in, fd_set *out, fd_set *ex, struct timespec *timeout, const uint32_t *mask)
{
	uint32_t pair[2] = { 0 };

	if (mask && copy_from_user(pair, mask, sizeof(pair)))
		return -EFAULT;
	return select_until(n, (fd_set *[3]) { in, out, ex }, timeout, TIMESPEC, (const sigset_t *)pair[0], pair[1]);
}
