/* SPDX-License-Identifier: MIT */
/*
 * Devices: NOTIFY, the device page and the virtio console on it (lguest.md 9).
 *
 * The page behind the guest's RAM holds one descriptor: a console with a queue for input (interrupt 1) and one for output (interrupt 2), legacy virtio rings of
 * 256 descriptors, three pages each, in the pages that follow. Everything in them is the guest's word: descriptors are followed only within
 * its memory, and a chain has at most as many as the ring. Typed characters go to the first guest that has not ended.
 */
#include "abi/virtio_ring.h"
#include "kernel/lib.h"
#include "shim/console.h"
#include "shim/guest.h"
#include "shim/memory.h"
#include "shim/trace.h"

#define QUEUE_SIZE	256u
#define QUEUE_PAGES	3u
#define IRQ_INPUT	1u
#define IRQ_OUTPUT	2u
#define MOST_TEXT	65536u		/* that one NOTIFY prints: the others want the processor, too */

struct rings {
	struct virtq_desc desc[QUEUE_SIZE];
	struct { uint16_t flags, idx, ring[QUEUE_SIZE], used_event; } avail;
	uint8_t unused[PAGE_SIZE - 6 - 2 * QUEUE_SIZE];
	struct { uint16_t flags, idx; struct virtq_used_elem ring[QUEUE_SIZE]; } used;
};
_Static_assert(offsetof(struct rings, avail) == 4096 && offsetof(struct rings, used) == 8192, "legacy layout, aligned to 4096");

struct console_descriptor { struct lguest_device device; struct lguest_queue in, out; } __attribute__((packed));
_Static_assert(sizeof(struct console_descriptor) == 21, "lguest.md 9");

static struct lguest_trace *trace_descriptor(struct guest *g)
{
	return (struct lguest_trace *)(g->memory + g->console.page * PAGE_SIZE + sizeof(struct console_descriptor));
}

static struct rings *rings(struct guest *g, const struct queue *q)
{
	return (struct rings *)(g->memory + q->page * PAGE_SIZE);
}

static struct console_descriptor *descriptor(struct guest *g)
{
	return (struct console_descriptor *)(g->memory + g->console.page * PAGE_SIZE);
}

/* The guest's limit includes the device page even if there is no device. */
void device_init(struct guest *g)
{
	struct virtio_console *c = &g->console;

	*c = (struct virtio_console){ .page = g->memory_pages };
	if (options.no_devices)
		return;
	c->in.page = c->page + 1;
	c->out.page = c->in.page + QUEUE_PAGES;
	*descriptor(g) = (struct console_descriptor){
		.device = { .type = LGUEST_DEVICE_CONSOLE, .num_vq = 2 },
		.in = { QUEUE_SIZE, IRQ_INPUT, c->in.page }, .out = { QUEUE_SIZE, IRQ_OUTPUT, c->out.page },
	};
	if (options.trace)
		trace_descriptor(g)->device = (struct lguest_device){ .type = LGUEST_DEVICE_TRACE, .config_len = 8 };
}

/* ---- queues ---- */

/* The head of the next chain that the guest has made available; false: none. */
static bool next_chain(struct guest *g, struct queue *q, uint16_t *head)
{
	struct rings *r = rings(g, q);

	if (q->seen == r->avail.idx)
		return false;
	*head = r->avail.ring[q->seen++ % QUEUE_SIZE];
	return true;
}

/* The next descriptor of a chain with its bytes in memory; NULL: the end, or the guest has been stopped. */
static void *buffer(struct guest *g, const struct queue *q, uint16_t *index, unsigned *left, uint32_t *n)
{
	if (*index >= QUEUE_SIZE || !*left)
		return NULL;
	const struct virtq_desc d = rings(g, q)->desc[*index];
	(*left)--;
	*index = d.flags & VIRTQ_DESC_NEXT ? d.next : UINT16_MAX;
	*n = d.len;
	return guest_at(g, d.addr >> 32 ? UINT32_MAX : d.addr, d.len);
}

static void done(struct guest *g, struct queue *q, uint16_t head, uint32_t written, unsigned irq)
{
	struct rings *r = rings(g, q);

	r->used.ring[r->used.idx % QUEUE_SIZE] = (struct virtq_used_elem){ head, written };
	r->used.idx++;
	if (!(r->avail.flags & VIRTQ_AVAIL_NO_INTERRUPT))
		guest_raise(g, irq);
}

static void output(struct guest *g)
{
	uint32_t n, room = MOST_TEXT;
	uint16_t head, index;

	for (unsigned chains = 0; chains < QUEUE_SIZE && guest_runs(g) && next_chain(g, &g->console.out, &head); chains++) {
		unsigned left = QUEUE_SIZE;
		const char *text;
		for (index = head; (text = buffer(g, &g->console.out, &index, &left, &n)); room -= MIN(n, room))
			console_guest(g->number, text, MIN(n, room));
		done(g, &g->console.out, head, 0, IRQ_OUTPUT);
	}
}

/* Each chain gets what has been typed, as far as its first buffer goes. */
void device_poll(struct guest *g)
{
	struct queue *q = &g->console.in;
	uint16_t head, index;
	uint32_t n;

	while (g->console.active && guest_runs(g) && console_typed() && next_chain(g, q, &head)) {
		unsigned left = QUEUE_SIZE;
		index = head;
		char *to = buffer(g, q, &index, &left, &n);
		if (to)
			done(g, q, head, console_read(to, n), IRQ_INPUT);
	}
}

/* ---- NOTIFY ---- */

static void status_change(struct guest *g)
{
	struct virtio_console *c = &g->console;
	uint8_t status = descriptor(g)->device.status;

	if (!status) {
		memset(rings(g, &c->in), 0, 2 * QUEUE_PAGES * PAGE_SIZE);
		c->in.seen = c->out.seen = 0;
	}
	c->active = status & LGUEST_DRIVER_OK && !(status & LGUEST_FAILED);
}

static void print(struct guest *g, uint32_t address)
{
	const char *text = guest_at(g, address, 1);
	uint32_t most = g->limit * PAGE_SIZE - address;

	if (text)
		console_guest(g->number, text, strnlen(text, MIN(most, MOST_TEXT)));
}

void device_notify(struct guest *g, uint32_t address)
{
	const struct virtio_console *c = &g->console;

	if (!options.no_devices && address == c->page * PAGE_SIZE)
		status_change(g);
	else if (c->active && address == c->out.page * PAGE_SIZE)
		output(g);
	else if (c->active && address == c->in.page * PAGE_SIZE)
		device_poll(g);
	else if (options.trace && !options.no_devices && address == c->page * PAGE_SIZE + sizeof(struct console_descriptor))
		trace_guest(g, trace_descriptor(g)->address, trace_descriptor(g)->bytes);
	else if (address)
		print(g, address);
}
