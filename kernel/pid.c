/* SPDX-License-Identifier: MIT */
/*
 * Numbers: one record for each that is in use, found by a hash.
 *
 * A record knows the task, the process and the members of the process group that bear its number, and counts its users: those three kinds and the
 * members of the session. It goes with the last of them, so a group's or session's number is never given to a new process. Numbers are handed out
 * in a circle. Interrupts look tables up (^C), so changes are made with interrupts off.
 */
#include <stddef.h>
#include "abi/errno.h"
#include "kernel/lib.h"
#include "kernel/pid.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "pv/pv_ops.h"

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
static int last_pid, highest_pid;

static struct pid **bucket(int nr)
{
	return &table[(uint32_t)nr % BUCKETS];
}

static struct pid *lookup(int nr)
{
	struct pid *pid = *bucket(nr);

	while (pid && pid->nr != nr)
		pid = pid->next;
	return pid;
}

/* ---- users of a number; interrupts off ---- */

static struct pid *use(int nr)
{
	struct pid *pid = lookup(nr);

	pid->users++;
	return pid;
}

static void unlink_pid(struct pid *pid)
{
	struct pid **at = bucket(pid->nr);

	while (*at != pid)
		at = &(*at)->next;
	*at = pid->next;
	kfree(pid);
}

static void unuse(struct pid *pid)
{
	if (!--pid->users)
		unlink_pid(pid);
}

static int next_free(void)
{
	int nr = last_pid;

	do
		nr = nr + 1 < PID_MAX ? nr + 1 : PID_FIRST;
	while (lookup(nr));
	return nr;
}

int pid_reserve(void)
{
	struct pid *pid = kzalloc(sizeof(*pid));
	irq_flags_t flags;

	if (!pid)
		return -ENOMEM;
	list_init(&pid->members);
	flags = irq_save();
	pid->nr = last_pid = next_free();
	highest_pid = MAX(highest_pid, last_pid);
	pid->next = *bucket(last_pid);
	*bucket(last_pid) = pid;
	irq_restore(flags);
	return pid->nr;
}

/* ---- who bears it ---- */

void pid_attach_task(struct task *t)
{
	irq_flags_t flags = irq_save();

	use(t->pid)->task = t;
	irq_restore(flags);
}

void pid_detach_task(struct task *t)
{
	irq_flags_t flags = irq_save();
	struct pid *pid = lookup(t->pid);

	pid->task = NULL;
	unuse(pid);
	irq_restore(flags);
}

static void join(struct process *p, int pgid, int sid)
{
	p->pgid = pgid;
	p->sid = sid;
	list_add_tail(&p->pgrp_node, &use(pgid)->members);
	use(sid);
}

static void leave(struct process *p)
{
	list_del(&p->pgrp_node);
	unuse(lookup(p->pgid));
	unuse(lookup(p->sid));
}

void pid_attach_process(struct process *p)
{
	irq_flags_t flags = irq_save();

	use(p->pid)->process = p;
	join(p, p->pgid, p->sid);
	irq_restore(flags);
}

void pid_detach_process(struct process *p)
{
	irq_flags_t flags = irq_save();
	struct pid *pid = lookup(p->pid);

	leave(p);
	pid->process = NULL;
	unuse(pid);
	irq_restore(flags);
}

void pid_move_process(struct process *p, int pgid, int sid)
{
	irq_flags_t flags = irq_save();
	struct pid *group = use(pgid), *session = use(sid);

	leave(p);
	join(p, pgid, sid);
	unuse(group);
	unuse(session);
	irq_restore(flags);
}

/* ---- finding ---- */

struct task *find_task(int nr)
{
	struct pid *pid = lookup(nr);

	return pid ? pid->task : NULL;
}

struct process *find_process(int nr)
{
	struct pid *pid = lookup(nr);

	return pid ? pid->process : NULL;
}

struct process *next_process(int from)
{
	for (int nr = MAX(from, 1); nr <= highest_pid; nr++) {
		struct process *p = find_process(nr);
		if (p)
			return p;
	}
	return NULL;
}

void pgrp_for_each(int pgid, void (*fn)(struct process *p, void *arg), void *arg)
{
	struct pid *pid = lookup(pgid);
	struct process *p, *next;

	if (!pid)
		return;
	pid->users++;
	list_for_each_safe(p, next, &pid->members, pgrp_node)
		fn(p, arg);
	unuse(pid);
}

/* All members of a group are of the same session. */
bool pgrp_exists(int pgid, int sid)
{
	struct pid *pid = lookup(pgid);

	if (!pid || list_empty(&pid->members))
		return false;
	return !sid || container_of(pid->members.next, struct process, pgrp_node)->sid == sid;
}

struct orphan_search { const struct process *leaving; bool guarded; };

static void find_guardian(struct process *p, void *arg)
{
	struct orphan_search *s = arg;
	const struct process *parent = p->parent;

	if (p != s->leaving && p->threads && parent && parent->sid == p->sid && parent->pgid != p->pgid)
		s->guarded = true;
}

bool pgrp_orphaned(int pgid, const struct process *leaving)
{
	struct orphan_search s = { .leaving = leaving };

	pgrp_for_each(pgid, find_guardian, &s);
	return !s.guarded;
}
