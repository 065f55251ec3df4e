/* SPDX-License-Identifier: MIT */
/*
 * What a guest's processor does at interrupts and exceptions: gates, descriptors, frames.
 *
 * Two ways lead from a trap to the guest's handler. By reflection: the processor comes to the shim, which pushes the frame that the guest would have found
 * (lguest.md 7.3) and goes on at the gate's offset. Or directly (7.5), for int 0x80 alone, if the guest's gate is a trap gate: the processor changes from
 * ring 3 to ring 1 by the TSS's ss1:esp1 and the shim sees nothing. Other hosts let some exceptions go the same way.
 *
 * Whatever a guest loads is made harmless here: handlers run at LGUEST_KERNEL_CS, descriptors of the system kind (gates, TSS, LDT) are stored as absent,
 * and privilege level 0 becomes 1.
 */
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/guest.h"
#include "shim/memory.h"

#define GATE_PRESENT	0x8000u		/* of a gate's high word: Intel SDM volume 3, section 6.11 */
#define GATE_TYPE(high)	((high) >> 8 & 0x1F)
#define GATE_INTERRUPT	0xEu
#define GATE_TRAP	0xFu
#define GATE_DPL	0x6000u
#define RING1		0x2000u		/* DPL 1 */

#define SEGMENT_S	0x1000u		/* code or data; of a descriptor's high word: section 3.4.5 */
#define SEGMENT_A	0x0100u
#define ERROR_CODES	(1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21)

/* Vectors that the guest can't have (2, 8, 15, 31), and those that the shim must see (7, 13, 14). */
#define IGNORED		(1u << 2 | 1u << 8 | 1u << 15 | 1u << 31)
#define NEVER_DIRECT	(IGNORED | 1u << 7 | 1u << 13 | 1u << 14)

/* ---- gates and descriptors ---- */

static uint64_t gate(uint32_t selector, uint32_t offset, uint32_t flags)
{
	return (uint64_t)((offset & 0xFFFF0000) | flags) << 32 | selector << 16 | (offset & 0xFFFF);
}

/* The switcher's own gate for a vector. DPL as the guest wants it for its exceptions and int 0x80, 1 for the hypercall. */
static uint64_t host_gate(unsigned vector, uint32_t dpl)
{
	if (!switcher_stubs[vector])
		return 0;
	if (vector == VECTOR_HYPERCALL)
		dpl = RING1;
	else if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ_END)
		dpl = 0;
	return gate(HOST_CS, switcher_stubs[vector], GATE_PRESENT | GATE_INTERRUPT << 8 | dpl);
}

/* On other hosts. Here exceptions come to the shim, but their handlers find the flags as if they had not. */
static bool may_be_direct(uint32_t vector, uint32_t high)
{
	if (options.reflect_all || GATE_TYPE(high) != GATE_TRAP)
		return false;
	return (vector == LGUEST_SYSCALL_VECTOR && !options.live_flags) || (vector < 32 && !(NEVER_DIRECT >> vector & 1));
}

/*
 * In ring 1, before the guest's handler: testb $VM, 10(%esp); jz HANDLER; hlt. From virtual-8086 mode IOPL comes along, with which ring 1 could do
 * input and output; HLT is refused all the same, and so the shim hears of it. The guest can't change what ss and cs
 * are here: with another stack segment nothing is direct, since 10(%esp) might then be elsewhere.
 */
static void set_direct(struct guest *g, uint32_t handler)
{
	static const uint8_t code[] = { 0xF6, 0x44, 0x24, 10, EFLAGS_VM >> 16, 0x0F, 0x84, 0, 0, 0, 0, 0xF4 };
	uint32_t distance = handler - (SWITCHER_STATE + offsetof(struct state, direct) + 11);

	memcpy(g->page->direct, code, sizeof(code));
	memcpy(g->page->direct + 7, &distance, sizeof(distance));
}

void guest_set_gate(struct guest *g, uint32_t vector, uint32_t low, uint32_t high)
{
	uint32_t type = GATE_TYPE(high);

	if (vector < 32 && IGNORED >> vector & 1)
		return;
	if (vector > 255) {
		guest_stop(g, "LOAD_IDT_ENTRY of vector 0x%x", vector);
		return;
	}
	if (high & GATE_PRESENT && type != GATE_INTERRUPT && type != GATE_TRAP) {
		guest_stop(g, "LOAD_IDT_ENTRY of vector %u with a gate of type 0x%x", vector, type);
		return;
	}
	if (!(high & GATE_PRESENT))
		low = high = 0;
	g->gates[vector] = (uint64_t)high << 32 | low;
	if (vector == LGUEST_SYSCALL_VECTOR)
		set_direct(g, (high & 0xFFFF0000) | (low & 0xFFFF));
	if (vector == LGUEST_SYSCALL_VECTOR && may_be_direct(vector, high) && g->page->tss.ss1 == LGUEST_KERNEL_DS)
		g->page->idt[vector] = gate(LGUEST_KERNEL_CS, SWITCHER_STATE + offsetof(struct state, direct),
					    GATE_PRESENT | GATE_TRAP << 8 | (high & GATE_DPL));
	else
		g->page->idt[vector] = host_gate(vector, high & GATE_DPL);
}

void guest_set_stack_segment(struct guest *g, uint16_t ss)
{
	const uint64_t syscall = g->gates[LGUEST_SYSCALL_VECTOR];

	g->page->tss.ss1 = ss;
	guest_set_gate(g, LGUEST_SYSCALL_VECTOR, syscall, syscall >> 32);
}

/*
 * The kernel's own two stay flat: set_direct() counts on it. The accessed bit is set beforehand: the guest's view of the table is read-only,
 * the processor's too. A segment that is not present stays so: loading it is #NP or #SS, not #GP.
 */
void guest_set_descriptor(struct guest *g, uint32_t index, uint32_t low, uint32_t high)
{
	if (index >= LGUEST_GDT_ENTRIES) {
		guest_stop(g, "LOAD_GDT_ENTRY of entry 0x%x", index);
		return;
	}
	if (index == HOST_CS / 8 || index == HOST_DS / 8 || index == GDT_TSS || index == GDT_DOUBLE_FAULT_TSS)
		return;
	if (index == LGUEST_KERNEL_CS / 8 || index == LGUEST_KERNEL_DS / 8)
		return;
	if (!(high & SEGMENT_S))
		low = high = 0;
	else
		high |= SEGMENT_A | (high & GATE_DPL ? 0 : RING1);
	g->page->gdt[index] = (uint64_t)high << 32 | low;
}

void guest_init_processor(struct guest *g)
{
	struct state *s = g->page;

	memset(s, 0, sizeof(*s));
	memset(g->gates, 0, sizeof(g->gates));
	for (unsigned v = 0; v < 256; v++)
		s->idt[v] = host_gate(v, 0);
	s->gdt[HOST_CS / 8] = HOST_CODE;
	s->gdt[HOST_DS / 8] = HOST_DATA;
	s->gdt[LGUEST_KERNEL_CS / 8] = HOST_CODE | (uint64_t)RING1 << 32;
	s->gdt[LGUEST_KERNEL_DS / 8] = HOST_DATA | (uint64_t)RING1 << 32;
	s->tss.esp0 = SWITCHER_REGS + PAGE_SIZE;
	s->tss.ss0 = HOST_DS;
	s->tss.esp1 = 0;
	s->tss.ss1 = LGUEST_KERNEL_DS;
	s->tss.io_map = sizeof(s->tss);
	s->idt_pointer = (struct desc_ptr){ sizeof(s->idt) - 1, SWITCHER_STATE + offsetof(struct state, idt) };
	s->gdt_pointer = (struct desc_ptr){ sizeof(s->gdt) - 1, SWITCHER_STATE + offsetof(struct state, gdt) };
	s->host_cr3 = memory_cr3();
}

/* ---- frames ---- */

static bool from_user(const struct guest *g)
{
	return (g->regs->cs & 3) == 3;
}

/* The frame, on the interrupted stack or, from ring 3, on SET_STACK's. IF is the virtual one. */
static bool push_frame(struct guest *g, unsigned vector, uint32_t error)
{
	struct regs *r = g->regs;
	bool user = from_user(g);
	const uint32_t eflags = (r->eflags & ~EFLAGS_IF) | (g->data->irq_enabled & EFLAGS_IF);
	const uint32_t frame[] = { error, r->eip, r->cs, eflags, r->esp, r->ss };
	const uint32_t *from = frame + !(vector < 32 && ERROR_CODES >> vector & 1);
	uint32_t bytes = (frame + (user ? 6 : 4) - from) * sizeof(*frame);

	if (user) {
		r->esp = g->page->tss.esp1;
		r->ss = g->page->tss.ss1;
	}
	r->esp -= bytes;
	return shadow_write(g, r->esp, from, bytes);
}

static void enter(struct guest *g, unsigned vector, uint32_t error)
{
	uint64_t to = g->gates[vector];
	struct regs *r = g->regs;

	if (!push_frame(g, vector, error)) {
		guest_stop(g, "no stack at 0x%08x for trap %u at 0x%08x", r->esp, vector, r->eip);
		return;
	}
	r->cs = LGUEST_KERNEL_CS;
	r->eip = (to >> 32 & 0xFFFF0000) | (to & 0xFFFF);
	r->eflags &= ~(EFLAGS_RF | EFLAGS_VM | EFLAGS_IOPL);
	if (!options.live_flags || may_be_direct(vector, to >> 32))
		r->eflags &= ~(EFLAGS_TF | EFLAGS_NT);
	if (GATE_TYPE((uint32_t)(to >> 32)) == GATE_INTERRUPT)
		g->data->irq_enabled = 0;
}

void guest_reflect(struct guest *g, unsigned vector, uint32_t error)
{
	if (!g->data || !g->gates[vector]) {
		guest_stop(g, "unhandled trap %u at 0x%08x (%s 0x%x)", vector, g->regs->eip, vector == VECTOR_PAGE_FAULT ? "address" : "error",
			   vector == VECTOR_PAGE_FAULT && g->data ? g->data->cr2 : error);
		return;
	}
	enter(g, vector, error);
}

/* ---- virtual interrupts ---- */

void guest_raise(struct guest *g, unsigned irq)
{
	g->pending |= 1u << irq;
}

static void tell_time(struct guest *g)
{
	static uint64_t back;
	static unsigned times;

	if (options.set_back && ++times % 8 == 0)
		back += 60 * NSEC_PER_SEC;
	uint64_t ns = clock_wall_ns() - back;

	g->data->time_nsec = div64(&ns, NSEC_PER_SEC);
	g->data->time_sec = ns;
}

/* lguest.md 7.2. Without interrupts on, the guest is told that there is something, and asks again when it can. */
void guest_deliver(struct guest *g)
{
	if (!g->data)
		return;
	uint32_t ready = g->pending & ~g->data->blocked_interrupts;
	if (!ready || (g->regs->eip >= g->noirq_start && g->regs->eip < g->noirq_end))
		return;
	if (g->state == GUEST_HALTED) {
		g->data->irq_enabled = EFLAGS_IF;
		g->state = GUEST_READY;
	}
	if (!g->data->irq_enabled) {
		g->data->irq_pending = EFLAGS_IF;
		return;
	}
	unsigned irq = __builtin_ctz(ready);
	if (!g->gates[LGUEST_IRQ_VECTOR + irq])
		return;
	g->pending &= ~(1u << irq);
	tell_time(g);
	if (!options.sticky && !(g->pending & ~g->data->blocked_interrupts))
		g->data->irq_pending = 0;
	g->stats.delivered++;
	enter(g, LGUEST_IRQ_VECTOR + irq, 0);
}

bool guest_waits(const struct guest *g)
{
	return g->data && g->pending & ~g->data->blocked_interrupts;
}

/* ---- what ring 1 may do and the processor refuses (lguest.md 8) ---- */

struct instruction { uint8_t opcode; unsigned length; bool words; };

static bool fetch(struct guest *g, struct instruction *in)
{
	uint8_t bytes[2] = { 0 };

	if (!shadow_read(g, g->regs->eip, bytes, 1))
		return false;
	in->words = bytes[0] == 0x66;
	if (in->words && !shadow_read(g, g->regs->eip + 1, bytes, 1))
		return false;
	in->opcode = bytes[0];
	in->length = 1 + in->words;
	return true;
}

/* IN reads ones, OUT does nothing, CLI is skipped: there are no ports, and interrupts are a word in memory. */
bool guest_emulate(struct guest *g)
{
	struct instruction in;

	if (from_user(g) || g->regs->error || !fetch(g, &in))
		return false;
	if ((in.opcode & 0xF4) != 0xE4 && in.opcode != 0xFA)
		return false;
	if (in.opcode == 0xE4 || in.opcode == 0xEC)
		g->regs->eax |= 0xFF;
	else if (in.opcode == 0xE5 || in.opcode == 0xED)
		g->regs->eax |= in.words ? 0xFFFF : 0xFFFFFFFF;
	g->regs->eip += in.length + (in.opcode < 0xE8);
	return true;
}
