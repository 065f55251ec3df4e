/* SPDX-License-Identifier: MIT */
/*
 * What guests come to the shim for, as records in memory that go to COM2 (PC16550D data sheet, section 8) when they are many, and at the end.
 *
 * Records of guests go there at once: the reader puts all of them in order by their time. Of a guest's word only its number is not believed.
 */
#include "shim/trace.h"
#include "arch/x86/io.h"
#include "kernel/lib.h"
#include "shim/memory.h"

#define PORT		0x2F8u
#define STATUS_CAN_SEND	0x20u
#define FIFO_BYTES	16u
#define RECORDS		4096u
#define MOST_BYTES	65536u		/* that one NOTIFY sends: the others want the processor, too */

enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, FORMAT = 3, STATUS = 5, SCRATCH = 7 };

static struct trace_record *records;
static unsigned used;
static bool present;

/* Where there is no UART the register without meaning doesn't remember: the records are lost. */
void trace_init(void)
{
	records = (struct trace_record *)memory_pages(RECORDS * sizeof(*records) / PAGE_SIZE, PAGE_SIZE);
	if (!records)
		refuse("there is no memory for a trace");
	io_out8(PORT + SCRATCH, 0x5A);
	present = io_in8(PORT + SCRATCH) == 0x5A;
	io_out8(PORT + INTERRUPTS, 0);
	io_out8(PORT + FORMAT, 0x80);	/* divisor: */
	io_out8(PORT + DATA, 1);	/* 115200 baud */
	io_out8(PORT + INTERRUPTS, 0);
	io_out8(PORT + FORMAT, 3);	/* 8n1 */
	io_out8(PORT + FIFO, 0x07);	/* on, empty */
}

static void send(const struct trace_record *r)
{
	const uint8_t *byte = (const uint8_t *)r;

	for (unsigned i = 0; present && i < sizeof(*r); i++) {
		while (i % FIFO_BYTES == 0 && !(io_in8(PORT + STATUS) & STATUS_CAN_SEND))
			;
		io_out8(PORT + DATA, byte[i]);
	}
}

void trace_end(void)
{
	for (unsigned i = 0; i < used; i++)
		send(&records[i]);
	used = 0;
}

static uint8_t number_of(const struct guest *g) { return MAX(g->number, 1u); }

static void add(const struct guest *g, enum trace_class class, enum trace_kind kind, uint32_t code, const uint32_t arg[4])
{
	struct trace_record *r = &records[used++];

	*r = (struct trace_record){ .time = read_tsc(), .vm = number_of(g), .class = class, .kind = kind, .code = code };
	memcpy(r->arg, arg, sizeof(r->arg));
	if (used == RECORDS)
		trace_end();
}

void trace_exit(const struct guest *g)
{
	const struct regs *r = g->regs;

	add(g, TRACE_WORLD, TRACE_BEGIN, r->vector,
	    (const uint32_t[4]){ r->eip, r->cs, r->error, r->vector == VECTOR_PAGE_FAULT ? read_cr2() : 0 });
}

void trace_enter(const struct guest *g)
{
	const struct regs *r = g->regs;

	add(g, TRACE_WORLD, TRACE_END, 0, (const uint32_t[4]){ r->eip, r->cs, r->eflags, g->stats.last });
}

void trace_hypercall(const struct guest *g, const struct lguest_call_args *a, bool from_ring)
{
	add(g, TRACE_HYPERCALL, TRACE_POINT, a->eax | from_ring << 8, (const uint32_t[4]){ a->ebx, a->ecx, a->edx, a->esi });
}

void trace_guest(struct guest *g, uint32_t address, uint32_t bytes)
{
	const struct trace_record *from = guest_at(g, address, MIN(bytes, MOST_BYTES));

	for (unsigned i = 0; from && i < MIN(bytes, MOST_BYTES) / sizeof(*from); i++) {
		struct trace_record r = from[i];
		r.vm = number_of(g);
		send(&r);
	}
}
