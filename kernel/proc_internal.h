/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc share: proc.c is the tree, proc_system.c and proc_process.c make the texts.
 *
 * A text is made as a whole when a file is opened, by a function that appends to a struct text; if it did not fit,
 * the buffer is made bigger and the function runs again. So it need not care for offsets, nor for processes that end
 * meanwhile.
 */
#ifndef KERNEL_PROC_INTERNAL_H
#define KERNEL_PROC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/lib.h"

struct process;
struct task;

struct text {
	size_t size;		/* room for characters, and for one NUL behind them */
	size_t len;		/* what has been appended; above size: it did not fit */
	char data[];
};

void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const void *bytes, size_t n);
void text_add_from(struct text *t, int (*make)(char *to, size_t size));	/* make returns the length, as snprintf does */

/* p is the process of a file in /proc/<pid>; NULL in /proc itself. Return 0 or a negative errno for open. */
typedef int (*show_fn)(struct text *t, struct process *p);

int show_cmdline(struct text *t, struct process *p);
int show_cpuinfo(struct text *t, struct process *p);
int show_filesystems(struct text *t, struct process *p);
int show_kmsg(struct text *t, struct process *p);
int show_loadavg(struct text *t, struct process *p);
int show_meminfo(struct text *t, struct process *p);
int show_mountinfo(struct text *t, struct process *p);
int show_mounts(struct text *t, struct process *p);
int show_pv(struct text *t, struct process *p);
int show_self(struct text *t, struct process *p);
int show_system_stat(struct text *t, struct process *p);
int show_uptime(struct text *t, struct process *p);
int show_version(struct text *t, struct process *p);

int show_process_auxv(struct text *t, struct process *p);
int show_process_cmdline(struct text *t, struct process *p);
int show_process_comm(struct text *t, struct process *p);
int show_process_cwd(struct text *t, struct process *p);
int show_process_environ(struct text *t, struct process *p);
int show_process_maps(struct text *t, struct process *p);
int show_process_root(struct text *t, struct process *p);
int show_process_stat(struct text *t, struct process *p);
int show_process_status(struct text *t, struct process *p);

/* A task of p that still has an address space; if none has, any task. */
struct task *process_task(const struct process *p);
uint32_t clock_ticks(uint64_t ns);	/* hundredths of a second, as user land counts time (AT_CLKTCK) */

#endif
