/* SPDX-License-Identifier: MIT */
/*
 * Numbers of tasks, processes, groups and sessions. A number stays taken while a task, a process
 * group or a session bears it.
 */
#ifndef KERNEL_PID_H
#define KERNEL_PID_H

#include <stdbool.h>

struct task;
struct process;

#define PID_MAX	32768		/* numbers are below this */

/* Each gives NULL when there is none. */
struct task *find_task(int pid);		/* any living thread */
struct process *find_process(int pid);		/* a thread group, living or zombie */
/* Processes in the order of their numbers, zombies too: the first with a pid >= from. */
struct process *next_process(int from);
/*
 * The members of a process group, zombies too, in the order they came: the one after `after`, or
 * (NULL) the first. Nobody may join or leave between the calls, which no signal brings about by
 * itself.
 */
struct process *pgrp_next(int pgid, const struct process *after);
bool pgrp_exists(int pgid, int sid);		/* a process group of this session (sid 0: of any) */
/*
 * No member but `leaving` has a parent in another group of the same session (POSIX.1-2017, 3.264):
 * nobody could continue it.
 */
bool pgrp_orphaned(int pgid, const struct process *leaving);

/*
 * A number's life: reserved (-ENOMEM, or > 0), then attached to whoever bears it; the last one to
 * be detached frees it. A reserved number must be attached. A process that is attached joins its
 * group and session, whose numbers must be in use or its own.
 */
int pid_reserve(void);
void pid_attach_task(struct task *t);		/* by t->pid */
void pid_detach_task(struct task *t);
void pid_attach_process(struct process *p);	/* by p->pid, p->pgid, p->sid */
void pid_detach_process(struct process *p);
void pid_move_process(struct process *p, int pgid, int sid);	/* to a group and session, whose numbers are in use */

#endif
