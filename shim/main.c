/* SPDX-License-Identifier: MIT */
/*
 * The shim: starts the machine, makes the guests, runs them in turn, and ends when all of them have ended.
 *
 * One processor, no threads: a guest runs until something happens to it, the shim deals with that, and goes on with the same guest until its slice
 * is over or it has nothing to do. The run ends as its worst guest did.
 */
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/console.h"
#include "shim/guest.h"
#include "shim/memory.h"
#include "shim/pic.h"
#include "shim/trace.h"

#define SLICE_NS	10000000u	/* if somebody else wants to run */
#define RETRY_NS	1000000u	/* to an interrupt that can't be delivered now, if nothing else happens */
#define MIN_PAGES	512u		/* 2 MiB */
#define ELF_MAGIC	0x464C457Fu

static struct guest guests[MAX_GUESTS];
static unsigned guest_count;
static uint64_t slice_end;		/* of the guest that runs; NEVER while nobody else would */
static struct guest *in_fpu;		/* whose FPU state the processor holds */
static bool has_fxsr;

void shim_main(uint32_t magic, uint32_t info);

/* ---- making guests ---- */

static void find_guests(void)
{
	for (struct module *m = modules; m < modules + module_count; m++) {
		bool elf = m->end - m->start >= 4 && *(const uint32_t *)m->start == ELF_MAGIC;
		if (elf && guest_count == MAX_GUESTS)
			refuse("more than %u guests", MAX_GUESTS);
		if (elf)
			guests[guest_count++].image = m;
		else if (guest_count && !guests[guest_count - 1].initrd)
			guests[guest_count - 1].initrd = m;
		else
			refuse("module %u is neither an ELF image nor the initrd of one", (unsigned)(m - modules) + 1);
	}
	if (!guest_count)
		refuse("there is no guest: give an ELF image as a module");
	if (guest_count > 1 && !has_fxsr)
		refuse("several guests need a processor with FXSAVE, to keep their FPU registers apart");
	for (unsigned i = 0; i < guest_count; i++)
		guests[i].number = guest_count > 1 ? i + 1 : 0;
}

/* Pages of RAM that each guest gets: what mem= says, or an even share. */
static uint32_t guest_pages(void)
{
	uint32_t share = memory_biggest() / guest_count;

	share -= MIN(share, 16 + shadow_pages(share));
	if (options.mem)
		return options.mem / PAGE_SIZE;
	if (share < MIN_PAGES)
		refuse("there is no memory for %u guests", guest_count);
	return share;
}

static void make_guest(struct guest *g, uint32_t pages)
{
	g->memory_pages = pages;
	g->limit = pages + 1 + (options.no_devices ? 0 : 6);
	g->memory = (uint8_t *)memory_pages(g->limit, PAGE_SIZE);
	uint32_t pool = memory_pages(shadow_pages(pages), PAGE_SIZE);
	uint32_t regs_page = memory_pages(1, PAGE_SIZE);
	g->regs = (struct regs *)(regs_page + PAGE_SIZE) - 1;
	g->page = (struct state *)memory_pages(1, PAGE_SIZE);
	if (!g->memory || !pool || !regs_page || !g->page)
		refuse("there is no memory for guests of %u MiB", pages >> 8);
	shadow_init(g, pool, shadow_pages(pages));
	guest_load(g);
}

/* ---- the ends of guests ---- */

static void print_statistics(const struct guest *g)
{
	static const char *const causes[CAUSES] = { "slices", "calls", "fills", "reflections", "emulations", "interrupts" };
	const struct statistics *s = &g->stats;
	char text[350];
	size_t n = 0;

	for (unsigned i = 0; i < CAUSES && n < sizeof(text); i++)
		n += snprintf(text + n, sizeof(text) - n, " %s %llu (%llu)", causes[i], (unsigned long long)s->exits[i], (unsigned long long)s->ticks[i]);
	console_printf("shim: guest %u: exits (ticks)%s; delivered %llu, dropped %llu\n", MAX(g->number, 1u), text,
		       (unsigned long long)s->delivered, (unsigned long long)s->dropped);
	n = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(s->calls) && n < sizeof(text); i++)
		if (s->calls[i])
			n += snprintf(text + n, sizeof(text) - n, " %u:%llu", i, (unsigned long long)s->calls[i]);
	console_printf("shim: guest %u: hypercalls%s\n", MAX(g->number, 1u), n ? text : " none");
}

static void ended(struct guest *g, enum end end, int code)
{
	console_guest_end(g->number);
	g->state = GUEST_ENDED;
	g->end = end;
	g->code = code;
	if (options.stats)
		print_statistics(g);
}

void guest_stop(struct guest *g, const char *fmt, ...)
{
	char reason[200];
	va_list ap;

	if (!guest_runs(g))
		return;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	console_guest_end(g->number);
	console_printf("shim: guest %u stopped: %s\n", MAX(g->number, 1u), reason);
	ended(g, END_STOPPED, 0);
}

/* "postern: outcome WORD [CODE]" as the guest's text; false: it is some other text. */
static bool read_outcome(const char *text, enum end *end, int *code)
{
	static const char prefix[] = "postern: outcome ";
	static const struct { const char *word; enum end end; } words[] = {
		{ "restart", END_RESTART }, { "refused", END_REFUSED }, { "panic", END_PANIC }, { "double-fault", END_DOUBLE_FAULT },
	};

	if (strncmp(text, prefix, sizeof(prefix) - 1))
		return false;
	text += sizeof(prefix) - 1;
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		*end = words[i].end;
		if (!strncmp(text, words[i].word, strlen(words[i].word)))
			return true;
	}
	*end = END_EXIT;
	*code = 0;
	if (strncmp(text, "exit ", 5))
		return false;
	for (text += 5; *text >= '0' && *text <= '9' && *code < 256; text++)
		*code = *code * 10 + (*text - '0');
	return *code < 256;
}

/* A guest with nothing but a reason was switched off (or asked for a restart) without saying how it went: its reason is printed. */
void guest_shutdown(struct guest *g, const char *text, bool restart)
{
	enum end end = restart ? END_RESTART : END_STOPPED;
	int code = 0;

	console_guest_end(g->number);
	if (!read_outcome(text, &end, &code)) {
		end = restart ? END_RESTART : END_STOPPED;
		console_printf("shim: guest %u ended: %s\n", MAX(g->number, 1u), text);
	} else if (g->number) {
		console_printf("shim: guest %u ended: %s\n", g->number, text);
	}
	ended(g, end, code);
}

static bool restart_wanted(const struct guest *g)
{
	return g->state == GUEST_ENDED && (g->end == END_STOPPED || g->end == END_RESTART) && g->restarts < options.restarts;
}

static void __attribute__((noreturn)) end_of_run(void)
{
	const struct guest *worst = &guests[0];

	for (const struct guest *g = guests; g < guests + guest_count; g++)
		if (g->end > worst->end || (g->end == worst->end && g->code > worst->code))
			worst = g;
	if (options.trace)
		trace_end();
	if (options.crash)
		machine_crash(options.crash);
	machine_end(worst->end, worst->code);
}

/* ---- running ---- */

static void set_ts(bool ts)
{
	uint32_t cr0 = read_cr0();

	if (!(cr0 & CR0_TS) == ts)
		write_cr0(cr0 ^ CR0_TS);
}

static void switch_fpu(struct guest *g)
{
	if (in_fpu == g || !has_fxsr)
		return;
	set_ts(false);			/* the last guest's; these instructions would fault */
	if (in_fpu)
		asm volatile("fxsave %0" : "=m" (in_fpu->fpu));
	asm volatile("fxrstor %0" : : "m" (g->fpu));
	in_fpu = g;
}

static void poll(struct guest *g, uint64_t now)
{
	if (guest_runs(g) && now >= g->deadline)
		guest_stop(g, "it has run for %u ms", options.lifetime);
	if (!guest_runs(g))
		return;
	if (g->event <= now) {
		g->event = NEVER;
		guest_raise(g, 0);
	}
	device_poll(g);
	if (g->state == GUEST_HALTED)
		guest_deliver(g);
}

/* Everybody's events; the next one becomes the machine's alarm. */
static void poll_all(void)
{
	uint64_t next = NEVER, now = clock_ns();

	for (struct guest *g = guests; g < guests + guest_count; g++) {
		poll(g, now);
		if (guest_runs(g))
			next = MIN(next, MIN(g->event, g->deadline));
	}
	clock_alarm(next);
}

/* One that is to begin anew wants the processor for that. */
static bool others_ready(const struct guest *me)
{
	for (const struct guest *g = guests; g < guests + guest_count; g++)
		if (g != me && (g->state == GUEST_READY || restart_wanted(g)))
			return true;
	return false;
}

/* A guest alone has no end of its slice, until somebody else wakes up. Each timer interrupt may have been another alarm in its place. */
static void limit_slice(const struct guest *g)
{
	if (slice_end == NEVER && others_ready(g))
		slice_end = clock_ns() + SLICE_NS;
	clock_alarm(slice_end);
}

/* What is due, or was typed, is noticed here and nowhere else: other exits cost as little as they can. */
static void interrupt(struct guest *g, uint32_t irq)
{
	pic_interrupt(irq);
	if (irq == IRQ_TIMER || irq == IRQ_SERIAL) {
		poll_all();
		limit_slice(g);
	}
}

/*
 * The instruction keeps neither eip nor esp: the guest finds the one as 0, for the other what system calls leave in ebp. And it clears the real
 * interrupt flag, without which the guest would keep the processor.
 */
static void reflect_sysenter(struct guest *g)
{
	g->regs->cs = GDT_USER_CS << 3 | 3;
	g->regs->ss = GDT_USER_DS << 3 | 3;
	g->regs->eip = 0;
	g->regs->esp = g->regs->ebp;
	g->regs->eflags |= EFLAGS_IF;
	guest_reflect(g, LGUEST_SYSCALL_VECTOR, 0);
}

/* From virtual-8086 mode by a direct gate: as the switcher does it for the others. */
static void refuse_virtual_8086(struct guest *g)
{
	g->regs->cs = GDT_USER_CS << 3 | 3;
	g->regs->ss = GDT_USER_DS << 3 | 3;
	g->regs->eip = g->regs->esp = 0;
	g->regs->eflags = EFLAGS_IF;
}

static enum cause page_fault(struct guest *g, uint32_t va, uint32_t error)
{
	if (shadow_fault(g, va, &error))
		return BY_FILL;
	if (g->data)
		g->data->cr2 = va;
	guest_reflect(g, VECTOR_PAGE_FAULT, error);
	return BY_REFLECTION;
}

/* The rare ones. */
static enum cause handle_other(struct guest *g, uint32_t vector, uint32_t error)
{
	if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ_END) {
		interrupt(g, vector - VECTOR_IRQ);
		return BY_INTERRUPT;
	}
	if (vector == VECTOR_PROTECTION && g->regs->eip >= SWITCHER_TEXT)
		refuse_virtual_8086(g);
	else if (vector == VECTOR_PROTECTION && guest_emulate(g))
		return BY_EMULATION;
	if (vector >= VECTOR_SWITCHER)
		/* The frame lies lower than the guest's registers did, which are lost. */
		guest_stop(g, "unhandled trap 256: exception %u on the way into the guest", vector - VECTOR_SWITCHER);
	else if (vector == VECTOR_NMI)
		guest_stop(g, "it holds the machine with interrupts off");
	else if (vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK)
		guest_stop(g, "unhandled trap %u (error 0x%x) at 0x%08x", vector, error, g->regs->eip);
	else if (vector == VECTOR_SYSENTER)
		reflect_sysenter(g);
	else
		guest_reflect(g, vector, error);
	return BY_REFLECTION;
}

/* What happened to the guest, and what was done about it. */
static enum cause handle(struct guest *g)
{
	uint32_t vector = g->regs->vector, error = g->regs->error;

	if (vector == VECTOR_PAGE_FAULT)
		return page_fault(g, read_cr2(), error);
	if (vector != VECTOR_HYPERCALL)
		return handle_other(g, vector, error);
	guest_hypercall(g);
	return BY_CALL;
}

/* False: the guest has been stopped. */
static bool deliver(struct guest *g)
{
	guest_deliver(g);
	if (guest_waits(g))
		clock_alarm(clock_ns() + RETRY_NS);
	return guest_runs(g);
}

/* Before the guest is entered: what the shim has done since it was left is charged to what ended its last stay. */
static void enters(struct guest *g)
{
	struct statistics *s = &g->stats;

	s->ticks[s->last] += read_tsc() - s->left;
	s->exits[s->last]++;
	if (options.trace)
		trace_enter(g);
}

static void was_left(struct guest *g)
{
	g->stats.left = read_tsc();
	if (options.trace)
		trace_exit(g);
}

static void run_slice(struct guest *g)
{
	slice_end = NEVER;
	limit_slice(g);
	memory_show_guest((uint32_t)g->regs & ~(PAGE_SIZE - 1), (uint32_t)g->page);
	switch_fpu(g);
	clock_alarm(MIN(g->event, g->deadline));
	g->stats.last = BY_NOTHING;
	while (g->state == GUEST_READY && (slice_end == NEVER || clock_ns() < slice_end)) {
		if (g->pending && !deliver(g))
			break;
		set_ts(g->ts);
		if (options.watched)
			enters(g);
		switcher_run(shadow_cr3(g));
		if (options.watched)
			was_left(g);
		g->stats.last = handle(g);
	}
}

static void __attribute__((noreturn)) run(void)
{
	for (;;) {
		bool any = false, ready = false;

		poll_all();
		for (struct guest *g = guests; g < guests + guest_count; g++) {
			if (restart_wanted(g)) {
				g->restarts++;
				console_printf("shim: guest %u begins anew\n", MAX(g->number, 1u));
				guest_load(g);
				ready = true;
			}
			if (g->state == GUEST_READY) {
				run_slice(g);
				ready = true;
			}
			any = any || guest_runs(g) || restart_wanted(g);
		}
		if (!any)
			end_of_run();
		if (!ready)
			machine_wait();
	}
}

void shim_main(uint32_t magic, uint32_t info)
{
	extern const char __image_start[], __image_end[];

	console_init();
	memory_take((uint32_t)__image_start, (uint32_t)__image_end);
	boot_read(magic, info);
	memory_init();
	machine_init();
	pic_init();
	clock_init();
	has_fxsr = cpuid_edx(1) & CPUID_EDX_FXSR;
	if (options.live_flags && (options.sysenter || options.reflect_all)) {
		console_printf("shim: flags=live: there is no such host with sysenter=on or gates=reflect, which are ignored\n");
		options.sysenter = options.reflect_all = false;
	}
	if (options.sysenter && !machine_reflect_sysenter())
		console_printf("shim: sysenter=on: the processor has no SYSENTER\n");
	find_guests();
	if (options.trace)
		trace_init();
	uint32_t pages = guest_pages();
	for (unsigned i = 0; i < guest_count; i++)
		make_guest(&guests[i], pages);
	run();
}
