/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc share: proc.c is the tree, proc_system.c and proc_process.c hold the tables of names and make
 * the texts.
 *
 * A text is made as a whole when a file is opened, by a function that appends to a struct text, which grows as needed.
 * So that function need not care for offsets, for lack of memory, nor for processes that end while somebody reads.
 */
#ifndef KERNEL_PROC_INTERNAL_H
#define KERNEL_PROC_INTERNAL_H

#include "abi/stat.h"
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "mm/mm.h"

struct text {
	char *data;		/* with a NUL behind it */
	size_t size, len;	/* room, and how much has been appended */
	bool failed;		/* something found no memory: nobody will see the text */
	struct process *process;	/* whose /proc/<pid> it is; NULL in /proc itself */
};

void text_add_path(struct text *t, const struct file *f);
void show_mounts(struct text *t);	/* kernel/mount.c */
void show_mountinfo(struct text *t);
/* Where n bytes and a NUL may be written, whose number is then added to t->len; NULL: no memory. */
char *text_room(struct text *t, size_t n);

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

#endif
