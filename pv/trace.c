/* SPDX-License-Identifier: MIT */
/*
 * Recording a trace: hooks of the table and gates are replaced by thunks (trace.asm), before the table is patched into the call sites.
 *
 * A record is made wherever the kernel is, be it within another record's making, by an interrupt; so nothing here may use a hook, places in the ring are
 * taken by one instruction, together with the time, and only the outermost sends records away.
 */
#include "pv/trace.h"
#include "arch/x86/cycles.h"
#include "arch/x86/desc.h"
#include "arch/x86/traps.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "mm/page.h"
#include "mm/vmalloc.h"

#define RECORDS		16384u			/* a power of two: positions wrap at 2^32 */
#define FIRST_IRQ	32u			/* vector */
#define PAGE_FAULT	14u
#define DOUBLE_FAULT	8u			/* a task gate: there is no frame */
#define OP(member)	(offsetof(struct pv_ops, member) / sizeof(pv_hook))

/* Those that are not TRACE_OP. */
static const uint8_t classes[PV_OP_COUNT] = {
	[OP(cpu.set_kernel_stack)] = TRACE_SWITCH,
	[OP(cpu.hypercall)] = TRACE_HYPERCALL,
	[OP(cpu.iret)] = TRACE_RETURN,
	[OP(cpu.iret_user)] = TRACE_RETURN,
	[OP(cpu.sysexit)] = TRACE_RETURN,
	[OP(mmu.activate)] = TRACE_FLUSH,
	[OP(mmu.flush_tlb_user)] = TRACE_FLUSH,
	[OP(mmu.flush_tlb_kernel)] = TRACE_FLUSH,
	[OP(mmu.flush_tlb_one)] = TRACE_FLUSH,
};

static uint32_t wanted;				/* TRACE_BIT of classes */
static uint32_t targets[TRACE_THUNKS];		/* where each thunk goes on */
static struct trace_record *ring, *piece;	/* all records; those that are on their way, in one page of the direct map */
static volatile uint32_t head, tail;		/* positions of the next record, and of the first that nobody has taken */
static unsigned depth;				/* records that are being made */
static bool can_send;

/* Of the thread that a stack belongs to; boot's first has none yet. */
static uint16_t task_on(uint32_t esp)
{
	const struct task *t = *(struct task **)((esp | (KSTACK_SIZE - 1)) - 3);

	return (uint32_t)t >= KERNEL_BASE ? t->pid : 0;
}

/* The first record that is left tells of those that are not, itself included. */
unsigned trace_take(struct trace_record *to, unsigned most)
{
	uint32_t lost = head - tail - RECORDS;
	unsigned n = 0;

	if ((int32_t)lost > 0) {
		struct trace_record *r = &ring[(tail += lost) % RECORDS];
		*r = (struct trace_record){ .time = r->time, .class = TRACE_LOST, .arg = { lost + 1 } };
	}
	while (n < most && tail != head)
		to[n++] = ring[tail++ % RECORDS];
	return n;
}

/* Each piece on its way may make a record or two. */
static void send(void)
{
	unsigned n;

	do {
		n = trace_take(piece, TRACE_PIECE);
		if (n)
			pv_trace_out(piece, n * sizeof(*piece));
	} while (n == TRACE_PIECE);
}

void trace_add(enum trace_class class, enum trace_kind kind, uint32_t code, const uint32_t arg[4])
{
	struct trace_record r = { .class = class, .kind = kind, .code = code };
	uint32_t position;

	if (!(wanted & TRACE_BIT(class)))
		return;
	depth++;
	r.task = task_on((uint32_t)&r);
	memcpy(r.arg, arg, sizeof(r.arg));
	do {
		position = head;
		r.time = cycles();
	} while (!__sync_bool_compare_and_swap(&head, position, position + 1));
	ring[position % RECORDS] = r;
	if (can_send && depth == 1 && head - tail >= RECORDS / 2)
		send();
	depth--;
}

/* ---- what the thunks call ---- */

static void add_vector(unsigned vector, const uint32_t *stack)
{
	if (vector >= FIRST_IRQ) {
		trace_add(TRACE_IRQ, TRACE_BEGIN, vector - FIRST_IRQ, (const uint32_t[4]){ stack[0], stack[1] });
		return;
	}
	uint32_t (*read_cr2)(void) = (uint32_t (*)(void))targets[OP(cpu.read_cr2)];
	unsigned eip = TRAPS_WITH_ERROR >> vector & 1;

	trace_add(TRACE_TRAP, TRACE_BEGIN, vector,
		  (const uint32_t[4]){ stack[eip], stack[eip + 1], eip ? stack[0] : 0, vector == PAGE_FAULT ? read_cr2() : 0 });
}

static void add_hook(unsigned index, const struct trace_frame *f)
{
	const uint32_t *frame = f->stack + (index == OP(cpu.sysexit));	/* there the system call's number lies below */

	switch (classes[index]) {
	case TRACE_RETURN:
		trace_add(TRACE_RETURN, TRACE_END, index, (const uint32_t[4]){ frame[0], frame[1], frame[2], f->eax });
		break;
	case TRACE_HYPERCALL:
		trace_add(TRACE_HYPERCALL, TRACE_POINT, f->eax, (const uint32_t[4]){ f->ebx, f->ecx, f->edx, f->esi });
		break;
	case TRACE_SWITCH:
		trace_add(TRACE_SWITCH, TRACE_POINT, index, (const uint32_t[4]){ f->eax, task_on(f->eax) });
		break;
	default:
		trace_add(classes[index], TRACE_POINT, index, (const uint32_t[4]){ f->eax, f->edx, f->ecx, f->stack[1] });
	}
}

/* The end of the run comes with whatever is still here. */
void trace_thunk(struct trace_frame *f)
{
	unsigned number = (f->next - (uint32_t)trace_thunks) / TRACE_THUNK_SIZE - 1;

	f->next = targets[number];
	if (number >= PV_OP_COUNT)
		add_vector(number - PV_OP_COUNT, f->stack);
	else
		add_hook(number, f);
	if (can_send && number == OP(init.shutdown))
		send();
}

/* ---- what a panic tells ---- */

static bool is_operation(const struct trace_record *r)
{
	return r->class == TRACE_HYPERCALL || r->class == classes[r->code % PV_OP_COUNT];
}

uint32_t trace_end(void) { return head; }

void trace_show(unsigned most, uint32_t end)
{
	uint32_t at = end, first = end - MIN(end, RECORDS);

	while (most && at != first)
		most -= is_operation(&ring[--at % RECORDS]);
	for (; at != end; at++) {
		const struct trace_record r = ring[at % RECORDS];
		if (is_operation(&r))
			klog("  %s %u: 0x%x 0x%x 0x%x 0x%x\n", r.class == TRACE_HYPERCALL ? "hypercall" : pv_op_names[r.code % PV_OP_COUNT], r.code,
			     r.arg[0], r.arg[1], r.arg[2], r.arg[3]);
	}
}

/* ---- putting them into place ---- */

static uint32_t replace(unsigned number, uint32_t target)
{
	targets[number] = target;
	return (uint32_t)trace_thunks + number * TRACE_THUNK_SIZE;
}

/* What a platform has no need of stays unseen. Of read_cr2 the target is known in any case. */
static void replace_hooks(void)
{
	pv_hook *member = (pv_hook *)&pv_ops;

	for (unsigned i = 0; i < PV_OP_COUNT; i++) {
		uint32_t thunk = replace(i, (uint32_t)member[i]);
		if (member[i] != pv_nop && i != OP(io.trace_out) && (wanted & TRACE_BIT(classes[i]) || i == OP(init.shutdown)))
			member[i] = (pv_hook)thunk;
	}
}

static void replace_gates(void)
{
	uint32_t entries[TRACE_VECTORS];

	for (unsigned v = 0; v < TRACE_VECTORS; v++) {
		uint32_t thunk = replace(PV_OP_COUNT + v, gate_entries[v]);
		bool traced = v != DOUBLE_FAULT && wanted & TRACE_BIT(v < FIRST_IRQ ? TRACE_TRAP : TRACE_IRQ);
		entries[v] = traced ? thunk : gate_entries[v];
	}
	desc_gates(entries);
}

void trace_install(uint32_t classes_wanted)
{
	pfn_t pfn = page_alloc();

	ring = vmalloc(RECORDS * sizeof(*ring));
	if (!pfn || !ring)
		refuse("trace: there is no memory for %u KiB of records", RECORDS * sizeof(*ring) >> 10);
	piece = pfn_to_virt(pfn);
	can_send = pv_trace_out(NULL, 0);
	wanted = classes_wanted;
	replace_hooks();
	replace_gates();
}
