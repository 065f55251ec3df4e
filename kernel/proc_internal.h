/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc share: proc.c is the tree, proc_system.c and proc_process.c hold the tables of names and make
 * the texts.
 *
 * A text is made as a whole when a file is opened, by a function that appends to a struct text. If it did not fit, the
 * buffer is made bigger and the function runs again: so it need not care for offsets, for lack of memory, nor for
 * processes that end while somebody reads.
 */
#ifndef KERNEL_PROC_INTERNAL_H
#define KERNEL_PROC_INTERNAL_H

#include "abi/stat.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "kernel/time_internal.h"
#include "mm/mm.h"

struct text {
	size_t size;		/* room for characters, and for one NUL behind them */
	size_t len;		/* what has been appended; above size: it did not fit */
	struct process *process;	/* whose /proc/<pid> it is; NULL in /proc itself */
	char data[];
};

void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const void *bytes, size_t n);
void text_add_from(struct text *t, int (*make)(char *to, size_t size));	/* make returns the length, as snprintf does */
/* Where max bytes may be written, whose number is then added to t->len; NULL: not in this buffer, the next will do. */
char *text_room(struct text *t, size_t max);

/* A name in a folder. What has neither show nor text stands for an open file, or is the folder fd. */
struct proc_row {
	const char *name;
	uint32_t mode;
	void (*show)(struct text *t);
	const char *text;	/* instead of show, where it never changes */
};

#define PROC_TEXT	(S_IFREG | 0444)
#define PROC_LINK	(S_IFLNK | 0777)
#define PROC_FOLDER	(S_IFDIR | 0555)

/* Of /proc and of /proc/<pid>; a row without a name ends them. */
extern const struct proc_row proc_system_rows[], proc_process_rows[];

/* A task of p that still has an address space; if none has, its leader. */
struct task *process_task(const struct process *p);

#endif
