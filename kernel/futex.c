/* SPDX-License-Identifier: MIT */
/*
 * Futexes: waiting for a user word to change, by address.
 *
 * A word in a shared file mapping is known by inode and offset, so that processes meet there; every
 * other by address space and address. A waiter queues itself first and looks at the word then, so a
 * wake-up between cannot be lost. Only tasks come here, never interrupts, and the kernel is not
 * preempted: the buckets need no protection.
 */
#include "abi/futex.h"
#include "kernel/syscall.h"

#define BUCKETS		64u

struct key { const void *space; uint32_t page, offset; };
/*
 * On the stack of the task that waits, and in its key's bucket; woken says that it has been taken
 * out.
 */
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

/*
 * -EINVAL: not aligned. -EFAULT: nothing is mapped there, or memory that can't change; of a private futex only the copy of the
 * word finds that out.
 */
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
	if (!vma || vma->start > addr || !(vma->flags & (vma->file ? VM_READ | VM_WRITE : VM_WRITE)))
		return -EFAULT;
	if (vma->flags & VM_SHARED && vma->file) {
		k->space = vma->file->inode;
		k->page += vma->pgoff - (vma->start >> PAGE_SHIFT);
	}
	return 0;
}

/* ---- waiting ---- */

/*
 * 0 when woken, -EAGAIN when the word is another than val, -ETIMEDOUT, -EINTR, -EFAULT, -EINVAL. A
 * wake-up that has come counts more than all else.
 */
static int wait_on(uint32_t addr, int op, uint32_t val, uint32_t bits, uint64_t deadline)
{
	struct futex_waiter w = { .task = current, .bits = bits };
	int result = make_key(&w.key, addr, op);
	uint32_t seen;

	if (result || !bits)
		return result ?: -EINVAL;
	list_add_tail(&w.node, bucket(&w.key));
	if (get_user_u32(&seen, (void *)addr))
		result = -EFAULT;
	else if (seen != val)
		result = -EAGAIN;
	else
		result = SLEEP_UNTIL(TASK_INTERRUPTIBLE, w.woken, deadline);
	list_del(&w.node);
	return w.woken ? 0 : result;
}

/*
 * By FUTEX_WAIT, and again by restart_syscall, with the deadline of the first try: a span must not
 * begin anew with each signal.
 */
static long futex_wait(struct restart_block *r)
{
	int result = wait_on(r->a, r->d, r->b, r->c, r->deadline);

	if (result != -EINTR)
		return result;
	if (r->deadline == TIME_NEVER)
		return -ERESTARTSYS;
	current->restart = *r;
	return -ERESTART_RESTARTBLOCK;
}

/* ---- waking ---- */

/*
 * Of those who wait for a key with one of these bits the first `wake` are woken and the next `move`
 * wait for another key from now on, still asleep. Returns how many either happened to. With to ==
 * from nobody moves.
 */
static int wake_or_move(const struct key *from, uint32_t bits, uint32_t wake, const struct key *to, uint32_t move)
{
	struct list *b = bucket(from);
	struct futex_waiter *w, *next;
	uint32_t done = 0;

	if (same(from, to))
		move = 0;
	list_for_each_safe(w, next, b, node) {
		if (done == wake + move)
			break;
		if (!same(&w->key, from) || !(w->bits & bits))
			continue;
		list_del(&w->node);
		if (done++ < wake) {
			w->woken = true;
			wake_task(w->task);
		} else {
			w->key = *to;
			list_add_tail(&w->node, bucket(to));
		}
	}
	return done;
}

/* At least one is woken, as on Linux, even when none is asked for. */
static long futex_wake(uint32_t addr, int op, int count, uint32_t bits)
{
	struct key k;
	int error = make_key(&k, addr, op);

	if (error)
		return error;
	return bits ? wake_or_move(&k, bits, MAX(count, 1), &k, 0) : -EINVAL;
}

/*
 * expect: FUTEX_CMP_REQUEUE, -EAGAIN if the word is another. Returns how many were woken or moved.
 */
static long futex_requeue(uint32_t addr, int op, int wake, uint32_t addr2, int move, const uint32_t *expect)
{
	struct key from, to;
	uint32_t seen;
	int error = make_key(&from, addr, op) ?: make_key(&to, addr2, op);

	if (error)
		return error;
	if (wake < 0 || move < 0)
		return -EINVAL;
	if (expect && get_user_u32(&seen, (void *)addr))
		return -EFAULT;
	if (expect && seen != *expect)
		return -EAGAIN;
	return wake_or_move(&from, FUTEX_BITSET_MATCH_ANY, wake, &to, move);
}

/* ---- the calls ---- */

/* WAIT's time is a span, WAIT_BITSET's a time of the monotonic or wall clock. */
static int read_deadline(uint64_t *deadline, int op, const void *user, bool wide)
{
	int error = user ? timespec_read(deadline, user, wide) : 0;

	if (!user)
		*deadline = TIME_NEVER;
	else if (error)
		return error;
	else if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		*deadline = deadline_after_ns(*deadline);
	else if (op & FUTEX_CLOCK_REALTIME)
		*deadline = wall_to_monotonic(*deadline);
	return 0;
}

/*
 * Commands without a bit set mean all bits. For those that requeue, `timeout` is a number: of
 * waiters to move.
 */
long futex(uint32_t addr, int op, uint32_t val, const void *timeout, uint32_t addr2, uint32_t val3, bool wide)
{
	int command = op & FUTEX_CMD_MASK, error;
	uint32_t bits = command == FUTEX_WAIT || command == FUTEX_WAKE ? FUTEX_BITSET_MATCH_ANY : val3;
	struct restart_block wait = { .fn = futex_wait, .a = addr, .b = val, .c = bits, .d = op };

	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		error = read_deadline(&wait.deadline, op, timeout, wide);
		return error ? error : futex_wait(&wait);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, op, val, bits);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, op, val, addr2, (int)(uint32_t)timeout, command == FUTEX_CMP_REQUEUE ? &val3 : NULL);
	default:
		return -ENOSYS;
	}
}
