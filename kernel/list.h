/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists, the head being a node like the others. An unlinked node points at itself, so that
 * list_del may be called twice and list_empty(&node) tells whether a node is on a list.
 */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list { struct list *next, *prev; };

#define LIST_INIT(name)	{ &(name), &(name) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

/* node is on no list; before: the node, or the head, that it comes to stand in front of. */
static inline void list_insert(struct list *node, struct list *before)
{
	node->next = before;
	node->prev = before->prev;
	before->prev->next = node;
	before->prev = node;
}

/* Last and first place of the list `head`. */
static inline void list_add_tail(struct list *node, struct list *head) { list_insert(node, head); }
static inline void list_add(struct list *node, struct list *head) { list_insert(node, head->next); }

static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the first node off a list that has one; the node still points where it did. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	head->next = node->next;
	head->next->prev = head;
	return node;
}

/* The structure whose member ptr points at. */
#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))

/*
 * pos goes through the structures that are linked by `member`. The body may add nodes behind pos, but not
 * remove pos: its next is read afterwards. Behind the last one pos is no structure at all.
 */
#define list_for_each(pos, head, member)						\
	for (pos = container_of((head)->next, typeof(*pos), member); &pos->member != (head);	\
	     pos = container_of(pos->member.next, typeof(*pos), member))

/* The same, when the body may remove pos. */
#define list_for_each_safe(pos, tmp, head, member)					\
	for (pos = container_of((head)->next, typeof(*pos), member),			\
	     tmp = container_of(pos->member.next, typeof(*pos), member); &pos->member != (head);	\
	     pos = tmp, tmp = container_of(tmp->member.next, typeof(*tmp), member))

#endif
