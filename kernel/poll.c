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
#include "abi/resource.h"
#include "kernel/fd.h"
#include "kernel/syscall.h"

#define NOW		0u		/* a deadline: don't wait */
#define SMALL		8u		/* descriptors that need no memory from the heap */
#define ALWAYS_READY	(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define READY_IN	(POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define READY_OUT	(POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

struct poll_entry { struct waiter waiter; struct file *file; };

struct poll_table {
	struct poll_entry *next;	/* where the next entry goes; there is room for two of each file */
	struct file *file;		/* the one being looked at; NULL: nobody queues (any more) */
};

void poll_wait(struct poll_table *t, struct waitq *q)
{
	if (!t->file)
		return;
	t->next->file = file_get(t->file);
	waitq_add(q, &t->next->waiter);
	t->next++;
}

/* Looks at every file once; how many are ready. queue: on their wait queues, until one is. */
static int look(struct pollfd *fds, uint32_t n, struct poll_table *t, bool queue)
{
	int ready = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct file *f = fds[i].fd < 0 ? NULL : fd_usable(fds[i].fd);
		uint32_t mask = fds[i].fd < 0 ? 0 : POLLNVAL;
		if (f) {
			t->file = queue && !ready ? f : NULL;
			mask = f->ops->poll ? f->ops->poll(f, t) : ALWAYS_READY;
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
	struct poll_entry small[SMALL], *heap AUTO_FREE = NULL, *entries = small;
	struct poll_table table = { 0 };
	bool queue = true;
	int ready;

	if (deadline == NOW)
		return look(fds, n, &table, false);
	if (2 * n > SMALL && !(entries = heap = kmalloc(2 * n * sizeof(*entries))))
		return -ENOMEM;
	table.next = entries;
	int error = SLEEP_UNTIL(TASK_INTERRUPTIBLE, (ready = look(fds, n, &table, queue), queue = false, ready), deadline);
	while (table.next-- > entries) {	/* dropping a file may free its queue: only after that has been left */
		waitq_remove(&table.next->waiter);
		file_put(table.next->file);
	}
	return error == -EINTR ? error : ready;
}

/*
 * poll with the user's array, of which only revents is written; errors -EINTR, -EFAULT,
 * -EINVAL, -ENOMEM.
 */
static int poll_user(struct pollfd *user, uint32_t n, uint64_t deadline)
{
	struct pollfd small[SMALL], *heap AUTO_FREE = NULL, *fds = small;

	if (n > current->process->rlimits[RLIMIT_NOFILE][0] || n > FD_MAX)
		return -EINVAL;
	if (n > SMALL && !(fds = heap = kmalloc(n * sizeof(*fds))))
		return -ENOMEM;
	int result = copy_from_user(fds, user, n * sizeof(*fds)) ?: poll_files(fds, n, deadline);
	for (uint32_t i = 0; result >= 0 && i < n; i++)
		if (copy_to_user(&user[i].revents, &fds[i].revents, sizeof(fds[i].revents)))
			result = -EFAULT;
	return result;
}

/* ---- poll ---- */

/*
 * From restart_syscall, when the process has been stopped and goes on, say. The
 * deadline is still the first one.
 */
static long poll_again(struct restart_block *r)
{
	int result = poll_user((struct pollfd *)r->a, r->b, r->deadline);

	return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

/* The timeout is in milliseconds; negative: for ever. */
long sys_poll(struct pollfd *fds, uint32_t n, int timeout)
{
	uint64_t deadline = timeout < 0 ? TIME_NEVER : timeout ? clock_ns() + (uint64_t)timeout * NSEC_PER_MSEC : NOW;
	int result = poll_user(fds, n, deadline);

	if (result != -EINTR)
		return result;
	current->restart = (struct restart_block) { .fn = poll_again, .deadline = deadline, .a = (uint32_t)fds, .b = n };
	return -ERESTART_RESTARTBLOCK;
}

/* ---- select's sets ---- */

/*
 * What a descriptor in each of the three sets waits for (Linux, fs/select.c: POLLIN_SET
 * and so on, where one that can't be polled, by O_PATH or closed meanwhile, is ready).
 */
static const uint32_t wanted[3] = { READY_IN | POLLNVAL, READY_OUT | POLLNVAL, POLLPRI | POLLNVAL };

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
		if (!fd_file(fd))
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
 * success. What lies behind the n-th bit in the last word comes back as 0.
 */
static long select_user(uint32_t n, fd_set *const *user, uint64_t deadline)
{
	fd_set sets[3] = { 0 };

	n = MIN(n, FD_SETSIZE);
	uint32_t bytes = (n + 31) / 32 * 4;
	for (int i = 0; i < 3; i++) {
		if (user[i] && copy_from_user(&sets[i], user[i], bytes))
			return -EFAULT;
		if (n % 32)
			sets[i].fds_bits[n / 32] &= (1u << n % 32) - 1;
	}
	struct pollfd *fds AUTO_FREE = kmalloc(MAX(n, 1u) * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	int count = sets_to_fds(sets, n, fds);
	long result = count < 0 ? count : poll_files(fds, count, deadline);
	if (result >= 0)
		result = fds_to_sets(fds, count, sets);
	for (int i = 0; result >= 0 && i < 3; i++)
		if (user[i] && copy_to_user(user[i], &sets[i], bytes))
			result = -EFAULT;
	return result;
}

/* ---- with a time span and a signal mask ---- */

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
 * Serves ppoll (fds) or select (sets, fds NULL) under another signal mask (NULL: the present
 * one). If a signal ended it, the old mask comes back only when the signal has been dealt with.
 */
static long serve(struct pollfd *fds, fd_set *const *sets, uint32_t n, void *timeout, enum span kind,
		  const sigset_t *mask, uint32_t size)
{
	uint64_t deadline;
	sigset_t set, old = current->blocked;
	long result = read_span(timeout, kind, &deadline);

	if (!result && mask)
		result = size != sizeof(set) ? -EINVAL : copy_from_user(&set, mask, sizeof(set));
	if (result)
		return result;
	if (mask)
		task_set_blocked(current, set & ~UNBLOCKABLE);
	result = sets ? select_user(n, sets, deadline) : poll_user(fds, n, deadline);
	write_span(timeout, kind, deadline);
	if (mask && result == -EINTR) {
		current->saved_mask = old;
		current->restore_mask = true;
	} else if (mask) {
		task_set_blocked(current, old);
	}
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* ppoll and ppoll_time64 (kernel/syscalls.def). */
long poll_masked(struct pollfd *fds, uint32_t n, void *timeout, bool wide, const sigset_t *mask, uint32_t size)
{
	return serve(fds, NULL, n, timeout, wide ? TIMESPEC64 : TIMESPEC, mask, size);
}

long sys_select(int n, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout)
{
	return n < 0 ? -EINVAL : serve(NULL, (fd_set *[3]) { in, out, ex }, n, timeout, TIMEVAL, NULL, 0);
}

/*
 * A seventh argument would be one too many: the last is a pair in memory, of the mask's
 * address and its size.
 */
long select_masked(int n, fd_set *in, fd_set *out, fd_set *ex, void *timeout, bool wide, const uint32_t *mask)
{
	uint32_t pair[2] = { 0 };

	if (mask && copy_from_user(pair, mask, sizeof(pair)))
		return -EFAULT;
	if (n < 0)
		return -EINVAL;
	return serve(NULL, (fd_set *[3]) { in, out, ex }, n, timeout, wide ? TIMESPEC64 : TIMESPEC, (const sigset_t *)pair[0], pair[1]);
}
