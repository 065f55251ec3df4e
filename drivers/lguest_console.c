/* SPDX-License-Identifier: MIT */
/*
 * The virtio console of an lguest host (lguest.md section 9), with legacy rings: queue 0 for what is typed, queue 1 for output.
 *
 * Each queue has one buffer and so one descriptor at a time. Output is finished when the device has used it, which most hosts do before NOTIFY returns;
 * one that hangs only costs patience. What is typed stays in its buffer while the terminal has no room, and the device gets the buffer back when it
 * is empty. The device hears of its start only once: real hosts take a second word for an error.
 *
 * Where there is no such device, output goes by NOTIFY alone, and nobody can type.
 */
#include "abi/virtio_ring.h"
#include "drivers/console.h"
#include "kernel/tty.h"
#include "pv/lguest.h"
#include "pv/upcalls.h"

#define RING_ALIGN	PAGE_SIZE
#define OUTPUT_SIZE	1024u
#define INPUT_SIZE	256u
#define PATIENCE	100000u		/* calls that a host gets to use a buffer of output */

struct avail { uint16_t flags, idx, ring[]; };
struct used { uint16_t flags, idx; struct virtq_used_elem ring[]; };

struct queue {
	unsigned num, irq;
	uint32_t address;		/* NOTIFY of it is a kick */
	volatile struct virtq_desc *desc;
	volatile struct avail *avail;
	volatile struct used *used;
	uint16_t seen;			/* used buffers that we have taken notice of */
};

static struct queue input, output;
static char typed[INPUT_SIZE], printed[OUTPUT_SIZE];
static unsigned typed_at, typed_end;	/* what is left of typed */

/* The rings lie behind the device page: descriptors and avail, then on a page of its own, used. */
static bool map_queue(struct queue *q, const struct lguest_queue *found)
{
	uint32_t avail = found->num * sizeof(*q->desc);
	uint32_t used = ROUND_UP(avail + sizeof(*q->avail) + (found->num + 1) * sizeof(uint16_t), RING_ALIGN);
	char *at;

	*q = (struct queue){ .num = found->num, .irq = found->irq, .address = found->pfn << PAGE_SHIFT };
	if (!q->num || q->num & (q->num - 1))
		return false;
	at = ioremap((uint64_t)found->pfn << PAGE_SHIFT, used + sizeof(*q->used) + q->num * sizeof(struct virtq_used_elem));
	if (!at)
		return false;
	q->desc = (volatile struct virtq_desc *)at;
	q->avail = (volatile struct avail *)(at + avail);
	q->used = (volatile struct used *)(at + used);
	return true;
}

/* Gives the device its one buffer; memory is ordered as written. */
static void give(struct queue *q, const char *buffer, uint32_t n, uint16_t flags)
{
	q->desc[0].addr = virt_to_phys(buffer);
	q->desc[0].len = n;
	q->desc[0].flags = flags;
	q->avail->ring[q->avail->idx % q->num] = 0;
	asm volatile("" : : : "memory");
	q->avail->idx++;
	lguest_call(LHCALL_NOTIFY, q->address, 0, 0, 0);
}

/* ---- output ---- */

static void write_piece(const char *text, size_t n)
{
	memcpy(printed, text, n);
	give(&output, printed, n, 0);
	for (unsigned i = 0; output.used->idx != output.avail->idx && i < PATIENCE; i++)
		lguest_call(LHCALL_SEND_INTERRUPTS, 0, 0, 0, 0);
}

static void virtio_write(const char *text, size_t n)
{
	IRQ_GUARD;
	for (size_t k; n; n -= k, text += k) {
		k = MIN(n, (size_t)OUTPUT_SIZE);
		write_piece(text, k);
	}
}

/* ---- input ---- */

/* Hands on what has come, as long as there is room. With interrupts off. */
static void receive(void)
{
	for (;;) {
		size_t n = MIN(tty_input_room(), (size_t)(typed_end - typed_at));
		if (n)
			tty_input(typed + typed_at, n);
		typed_at += n;
		if (typed_at != typed_end)
			return;
		if (input.seen != input.used->idx) {
			uint32_t len = input.used->ring[input.seen++ % input.num].len;
			typed_at = 0;
			typed_end = MIN(len, INPUT_SIZE);
		} else if (input.avail->idx == input.seen) {
			give(&input, typed, INPUT_SIZE, VIRTQ_DESC_WRITE);
		} else {
			return;
		}
	}
}

static struct console virtio_console = { .write = virtio_write, .input_room = receive, .has_log = true };
static struct console notify_console = { .write = lguest_print, .has_log = true };

/* ---- finding it ---- */

/* The first of a kind among the descriptors of the page, or NULL. They are not aligned, and a page may lie. */
static volatile struct lguest_device *find_on(char *page, enum lguest_device_type type, unsigned queues)
{
	for (uint32_t at = 0; at + sizeof(struct lguest_device) <= PAGE_SIZE; ) {
		volatile struct lguest_device *d = (volatile struct lguest_device *)(page + at);
		uint32_t size = sizeof(*d) + d->num_vq * sizeof(struct lguest_queue) + 2 * d->feature_len + d->config_len;
		if (d->type == LGUEST_DEVICE_END || at + size > PAGE_SIZE)
			return NULL;
		if (d->type == type && d->num_vq >= queues)
			return d;
		at += size;
	}
	return NULL;
}

/* Resets the device and starts it without any feature. */
static bool start_console(volatile struct lguest_device *d, uint32_t address)
{
	const struct lguest_queue *queues = (const struct lguest_queue *)(d + 1);

	d->status = 0;
	lguest_call(LHCALL_NOTIFY, address, 0, 0, 0);
	if (!map_queue(&input, &queues[0]) || !map_queue(&output, &queues[1]))
		return false;
	output.avail->flags = VIRTQ_AVAIL_NO_INTERRUPT;
	for (unsigned i = 0; i < d->feature_len; i++)
		((volatile uint8_t *)(queues + d->num_vq))[d->feature_len + i] = 0;
	d->status = LGUEST_ACKNOWLEDGE | LGUEST_DRIVER | LGUEST_DRIVER_OK;
	lguest_call(LHCALL_NOTIFY, address, 0, 0, 0);
	return true;
}

/* On the page that the host has put behind the RAM; *address: what NOTIFY is told. */
static volatile struct lguest_device *find(enum lguest_device_type type, unsigned queues, uint32_t *address)
{
	uint32_t at = boot_info.ram_count ? boot_info.ram[boot_info.ram_count - 1].end : 0;
	char *page = ioremap(at, PAGE_SIZE);
	volatile struct lguest_device *d = page ? find_on(page, type, queues) : NULL;

	*address = at + ((char *)d - page);
	return d;
}

void lguest_console_init(void)
{
	uint32_t address;
	volatile struct lguest_device *d = find(LGUEST_DEVICE_CONSOLE, 2, &address);

	if (!d || !start_console(d, address)) {
		console_register(&notify_console);
		return;
	}
	console_register(&virtio_console);
	irq_register(input.irq, receive);
	IRQ_GUARD;
	receive();
}

/* Asked first, with no records. */
uint32_t lguest_trace_out(const void *records, size_t n)
{
	static volatile struct lguest_trace *to;
	static uint32_t address;

	if (!n) {
		to = (volatile struct lguest_trace *)find(LGUEST_DEVICE_TRACE, 0, &address);
		return to && to->device.config_len >= sizeof(*to) - sizeof(to->device);
	}
	to->address = virt_to_phys(records);
	to->bytes = n;
	lguest_call(LHCALL_NOTIFY, address, 0, 0, 0);
	return 1;
}
