/* SPDX-License-Identifier: MIT */
/*
 * Futexes: waiting for a user word to change, by address.
 *
 * A word in a shared file mapping is known by inode and offset, so that processes meet there; every other by address space and address. A waiter queues
 * itself first and looks at the word then, so a wake-up between cannot be lost. Only tasks come here, never interrupts, and the kernel is not
 * preempted: the buckets need no protection.
 */
#include "abi/errno.h"
#include "abi/futex.h"
#include "kernel/file.h"
#include "kernel/futex.h"
#include "kernel/lib.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_internal.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define BUCKETS		64u

struct key { const void *space; uint32_t page, offset; };
struct futex_waiter { struct list node; struct task *task; struct key key; uint32_t bits; bool woken; };

static struct list table[BUCKETS];	/* made on first use */

static struct list *bucket(const struct key *k)
{
	uint32_t hash = ((uint32_t)k->space >> 4) ^ k->page * 0x9E3779B1u ^ k->offset >> 2;
	struct list *b = &table[(hash ^ hash >> 16) % BUCKETS];

	if (!b->next)
		list_init(b);
	return b;
}

static bool same(const struct key *a, const struct key *b)
{
	return a->space == b->space && a->page == b->page && a->offset == b->offset;
}

static int make_key(struct key *k, uint32_t addr, int op)
{
	struct mm *mm = current->mm;
	const struct vma *vma;

	if (addr & 3)
		return -EINVAL;
	if (addr >= USER_END)
		return -EFAULT;
	*k = (struct key) { mm, addr >> PAGE_SHIFT, addr & ~PAGE_MASK };
	if (op & FUTEX_PRIVATE_FLAG)
		return 0;
	vma = vma_find(mm, addr);
	if (!vma || vma->start > addr)
		return -EFAULT;
	if (vma->flags & VM_SHARED && vma->file) {
		k->space = vma->file->inode;
		k->page += vma->pgoff - (vma->start >> PAGE_SHIFT);
	}
	return 0;
}

/* ---- waiting ---- */

static void enqueue(struct futex_waiter *w)
{
	w->task = current;
	w->woken = false;
	list_add_tail(&w->node, bucket(&w->key));
}

/* Until woken (0), the deadline (-ETIMEDOUT) or a signal (-EINTR). */
static int sleep_queued(struct futex_waiter *w, uint64_t deadline)
{
	int result = 0;

	while (!w->woken && !result) {
		set_state(TASK_INTERRUPTIBLE);
		if (signal_pending())
			result = -EINTR;
		else if (!schedule_until(deadline))
			result = -ETIMEDOUT;
	}
	set_state(TASK_RUNNING);
	return w->woken ? 0 : result;
}

static int wait_on(uint32_t addr, int op, uint32_t val, uint32_t bits, uint64_t deadline)
{
	struct futex_waiter w = { .bits = bits };
	uint32_t seen;
	int result = make_key(&w.key, addr, op);

	if (result)
		return result;
	if (!bits)
		return -EINVAL;
	enqueue(&w);
	if (get_user_u32(&seen, (void *)addr))
		result = -EFAULT;
	else if (seen != val)
		result = -EAGAIN;
	else
		result = sleep_queued(&w, deadline);
	list_del(&w.node);
	return w.woken ? 0 : result;
}

static long wait_again(struct restart_block *r)
{
	int result = wait_on(r->a, r->d, r->b, r->c, r->deadline);

	return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

static long futex_wait(uint32_t addr, int op, uint32_t val, uint32_t bits, uint64_t deadline)
{
	int result = wait_on(addr, op, val, bits, deadline);

	if (result != -EINTR)
		return result;
	if (deadline == TIME_NEVER)
		return -ERESTARTSYS;
	current->restart = (struct restart_block) { .fn = wait_again, .deadline = deadline, .a = addr, .b = val, .c = bits, .d = op };
	return -ERESTART_RESTARTBLOCK;
}

/* ---- waking ---- */

static void wake_waiter(struct futex_waiter *w)
{
	w->woken = true;
	list_del(&w->node);
	wake_task(w->task);
}

static int wake_key(const struct key *k, uint32_t count, uint32_t bits)
{
	struct list *b = bucket(k);
	struct futex_waiter *w, *next;
	uint32_t woken = 0;

	list_for_each_safe(w, next, b, node) {
		if (woken == count)
			break;
		if (!same(&w->key, k) || !(w->bits & bits))
			continue;
		wake_waiter(w);
		woken++;
	}
	return woken;
}

/* At least one is woken, as on Linux, even when none is asked for. */
static long futex_wake(uint32_t addr, int op, int count, uint32_t bits)
{
	struct key k;
	int error = make_key(&k, addr, op);

	if (error)
		return error;
	return bits ? wake_key(&k, MAX(count, 1), bits) : -EINVAL;
}

void futex_wake_address(uint32_t addr)
{
	futex_wake(addr, 0, 1, FUTEX_BITSET_MATCH_ANY);
}

static int move_waiters(const struct key *from, const struct key *to, uint32_t count)
{
	struct list *b = bucket(from);
	struct futex_waiter *w, *next;
	uint32_t moved = 0;

	if (same(from, to))
		return 0;
	list_for_each_safe(w, next, b, node) {
		if (moved == count)
			break;
		if (!same(&w->key, from))
			continue;
		list_del(&w->node);
		w->key = *to;
		list_add_tail(&w->node, bucket(to));
		moved++;
	}
	return moved;
}

static long futex_requeue(uint32_t addr, int op, int wake, uint32_t addr2, int move, const uint32_t *expect)
{
	struct key from, to;
	uint32_t seen;
	int error = make_key(&from, addr, op);

	if (!error)
		error = make_key(&to, addr2, op);
	if (error)
		return error;
	if (wake < 0 || move < 0)
		return -EINVAL;
	if (expect && get_user_u32(&seen, (void *)addr))
		return -EFAULT;
	if (expect && seen != *expect)
		return -EAGAIN;
	int woken = wake_key(&from, wake, FUTEX_BITSET_MATCH_ANY);
	return woken + move_waiters(&from, &to, move);
}

/* ---- the calls ---- */

/* WAIT's time is a span, WAIT_BITSET's a time of the monotonic or wall clock. */
static int read_deadline(uint64_t *deadline, int op, const void *user, bool wide)
{
	int command = op & FUTEX_CMD_MASK, error;

	*deadline = TIME_NEVER;
	if (!user || (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET))
		return 0;
	error = timespec_read(deadline, user, wide);
	if (error)
		return error;
	if (command == FUTEX_WAIT)
		*deadline = deadline_after_ns(*deadline);
	else if (op & FUTEX_CLOCK_REALTIME)
		*deadline = wall_to_monotonic(*deadline);
	return 0;
}

static long do_futex(uint32_t addr, int op, uint32_t val, const void *timeout, uint32_t addr2, uint32_t val3, bool wide)
{
	uint64_t deadline;
	int error = read_deadline(&deadline, op, timeout, wide);

	if (error)
		return error;
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return futex_wait(addr, op, val, FUTEX_BITSET_MATCH_ANY, deadline);
	case FUTEX_WAIT_BITSET:
		return futex_wait(addr, op, val, val3, deadline);
	case FUTEX_WAKE:
		return futex_wake(addr, op, val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, op, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, op, val, addr2, (int)(uint32_t)timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, op, val, addr2, (int)(uint32_t)timeout, &val3);
	default:
		return -ENOSYS;
	}
}

long sys_futex(uint32_t *addr, int op, uint32_t val, const struct timespec *timeout, uint32_t *addr2, uint32_t val3)
{
	return do_futex((uint32_t)addr, op, val, timeout, (uint32_t)addr2, val3, false);
}

long sys_futex_time64(uint32_t *addr, int op, uint32_t val, const struct timespec64 *timeout, uint32_t *addr2, uint32_t val3)
{
	return do_futex((uint32_t)addr, op, val, timeout, (uint32_t)addr2, val3, true);
}
