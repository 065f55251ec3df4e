/* SPDX-License-Identifier: MIT */
/*
 * Numbers of tasks, processes, groups and sessions. A number stays taken while a task, a process group or a session bears it.
 */
#ifndef KERNEL_PID_H
#define KERNEL_PID_H

#include <stdbool.h>

struct task;
struct process;

struct task *find_task(int pid);		/* any thread */
struct process *find_process(int pid);		/* a thread group, living or zombie */
bool pgrp_exists(int pgid, int sid);		/* a process group of this session (sid 0: of any) */
/* Processes in the order of their numbers, for /proc: the first with a pid >= from, or NULL. */
struct process *next_process(int from);
void pgrp_for_each(int pgid, void (*fn)(struct process *p, void *arg), void *arg);

#endif
