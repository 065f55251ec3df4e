/* SPDX-License-Identifier: MIT */
/*
 * Numbers: one record for each that is in use, found by a hash.
 *
 * A record knows the task, the process and the members of the process group that bear its number,
 * and counts its users: those three kinds and the members of the session. It goes with the last of
 * them, so a group's or session's number is never given to a new process (POSIX.1-2017, 3.297: a
 * process ID is not reused while a process group has it). Numbers are handed out in a circle.
 * Interrupts look tables up (^C), so changes are made with interrupts off.
 */
#include "kernel/pid.h"
#include "abi/errno.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "mm/heap.h"

#define BUCKETS		1024u
#define PID_FIRST	2		/* after the circle's first round */

struct pid {
	struct pid *next;		/* of its bucket */
	int nr;
	uint32_t users;
	struct task *task;
	struct process *process;
	struct list members;		/* of struct process.pgrp_node */
};

static struct pid *table[BUCKETS];
static struct pid nobody = { .members = LIST_INIT(nobody.members) };	/* for numbers that are not in use */
static int last_pid, highest_pid;

static struct pid **bucket(int nr) { return &table[(uint32_t)nr % BUCKETS]; }

/* Never NULL. Chains stay short: there are at most 32 numbers to a bucket. */
static struct pid *lookup(int nr)
{
	struct pid *pid = *bucket(nr);

	while (pid && pid->nr != nr)
		pid = pid->next;
	return pid ? pid : &nobody;
}

/* ---- users of a number; interrupts off ---- */

/* The number is in use, or has just been reserved. */
static struct pid *use(int nr)
{
	struct pid *pid = lookup(nr);

	pid->users++;
	return pid;
}

static void unuse(struct pid *pid)
{
	struct pid **at = bucket(pid->nr);

	if (--pid->users)
		return;
	while (*at != pid)
		at = &(*at)->next;
	*at = pid->next;
	kfree(pid);
}

/*
 * There always is one: the number of tasks is limited to half of them (TASKS_MAX), and few groups
 * outlive their leaders.
 */
static int next_free(void)
{
	int nr = last_pid;

	do
		nr = nr + 1 < PID_MAX ? nr + 1 : PID_FIRST;
	while (lookup(nr) != &nobody);
	return nr;
}

/* Without a user yet, so it is not given out again, and lookups find a record that nobody bears. */
int pid_reserve(void)
{
	struct pid *pid = kzalloc(sizeof(*pid));

	if (!pid)
		return -ENOMEM;
	list_init(&pid->members);
	IRQ_GUARD;
	pid->nr = last_pid = next_free();
	highest_pid = MAX(highest_pid, last_pid);
	pid->next = *bucket(last_pid);
	*bucket(last_pid) = pid;
	return pid->nr;
}

/* ---- who bears it ---- */

/* The leader's number is its process's as well: two users of one record. An interrupt finds the task or not. */
void pid_attach_task(struct task *t) { use(t->pid)->task = t; }

/* A thread can't be found any more; its process still can, until it has been waited for. */
void pid_detach_task(struct task *t)
{
	IRQ_GUARD;
	struct pid *pid = lookup(t->pid);

	pid->task = NULL;
	unuse(pid);
}

/* The sid of a session and the pgid of a group are each used once by every member. */
static void join(struct process *p, int pgid, int sid)
{
	p->pgid = pgid;
	p->sid = sid;
	list_add_tail(&p->pgrp_node, &use(pgid)->members);
	use(sid);
}

void pid_attach_process(struct process *p)
{
	IRQ_GUARD;

	use(p->pid)->process = p;
	join(p, p->pgid, p->sid);
}

void pid_detach_process(struct process *p)
{
	IRQ_GUARD;
	struct pid *pid = lookup(p->pid);

	list_del(&p->pgrp_node);
	unuse(lookup(p->pgid));
	unuse(lookup(p->sid));
	pid->process = NULL;
	unuse(pid);
}

/* The new numbers are used before the old ones are given up: they may be the same. */
void pid_move_process(struct process *p, int pgid, int sid)
{
	IRQ_GUARD;
	struct pid *group = lookup(p->pgid), *session = lookup(p->sid);

	list_del(&p->pgrp_node);
	join(p, pgid, sid);
	unuse(group);
	unuse(session);
}

/* ---- finding ---- */

struct task *find_task(int nr) { return lookup(nr)->task; }
struct process *find_process(int nr) { return lookup(nr)->process; }

/* Without a list of all processes: its readers (/proc, kill -1) are in no hurry. */
struct process *next_process(int from)
{
	struct process *p = NULL;

	for (int nr = MAX(from, 1); !p && nr <= highest_pid; nr++)
		p = find_process(nr);
	return p;
}

/* Members come and go only by fork, exit's burial, wait4, setpgid and setsid. */
struct process *pgrp_next(int pgid, const struct process *after)
{
	const struct pid *pid = lookup(pgid);
	struct list *next = after ? after->pgrp_node.next : pid->members.next;

	return next == &pid->members ? NULL : container_of(next, struct process, pgrp_node);
}

/* All members of a group are of the same session. */
bool pgrp_exists(int pgid, int sid)
{
	const struct process *p = pgrp_next(pgid, NULL);

	return p && (!sid || p->sid == sid);
}

/* Zombies guard nobody, and nobody needs to guard them. */
bool pgrp_orphaned(int pgid, const struct process *leaving)
{
	for (const struct process *p = pgrp_next(pgid, NULL); p; p = pgrp_next(pgid, p)) {
		const struct process *parent = p->parent;

		if (p != leaving && p->threads && parent && parent->sid == p->sid && parent->pgid != p->pgid)
			return false;
	}
	return true;
}
