/* SPDX-License-Identifier: MIT */
/*
 * The shim's own processor state: GDT, IDT, TSS, reports, and how the run ends.
 *
 * Segments are flat and never reloaded: the same two selectors stand in each guest's GDT. The task register points at SWITCHER_STATE for
 * good, which is the running guest's page in both worlds; only in the shim's own tables it is writable, so only there the double-fault
 * task gate can be used. Vectors above the interrupts have no gate here.
 */
#include "shim/machine.h"
#include <stdarg.h>
#include "arch/x86/io.h"
#include "kernel/ksyms.h"
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/console.h"
#include "shim/memory.h"
#include "shim/pic.h"
#include "shim/switcher.h"

#define GATE_INTERRUPT	0x8E00u
#define GATE_TASK	0x8500u
#define OWN_GATES	48u
#define EXIT_PORT	0xF4u			/* QEMU's isa-debug-exit */
#define MSR_SYSENTER_CS	0x174u			/* and 0x175 esp, 0x176 eip: Intel SDM volume 4, table 2-2 */
#define FRAMES_MAX	24u

struct own_frame { uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax, vector, error, eip, cs, eflags; };

uint64_t host_gdt[GDT_ENTRIES] __attribute__((aligned(8)));
uint64_t host_idt[OWN_GATES] __attribute__((aligned(8)));
static struct tss double_fault_tss __attribute__((aligned(128)));

extern const uint32_t own_stubs[OWN_GATES];
extern char stack_top[], double_fault_stack_top[], own_stack_guard[];

uint32_t cpuid_edx(uint32_t leaf)
{
	uint32_t eax = leaf & 0x80000000, ebx, ecx, edx;

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "=c" (ecx), "=d" (edx));
	if (eax < leaf || eax > leaf + 0xFFFF)
		return 0;
	eax = leaf;
	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "=c" (ecx), "=d" (edx));
	return edx;
}

/* ---- reports ---- */

static void say(const char *prefix, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	console_printf("shim: %s%s\n", prefix, text);
}

static void backtrace(const uint32_t *frame)
{
	char name[64];

	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		if ((uint32_t)frame < (uint32_t)own_stack_guard + PAGE_SIZE || (uint32_t)frame > (uint32_t)stack_top - 8 || (uint32_t)frame & 3)
			return;
		console_printf("  %s\n", ksym_name(frame[1] - 1, name, sizeof(name)));
		frame = (const uint32_t *)frame[0];
	}
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("panic: ", fmt, ap);
	va_end(ap);
	backtrace(__builtin_frame_address(0));
	machine_end(END_SHIM_PANIC, 0);
}

void refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("refused: ", fmt, ap);
	va_end(ap);
	machine_end(END_REFUSED, 0);
}

static void __attribute__((noreturn)) report(const char *what, const struct own_frame *f, const uint32_t *stack)
{
	char name[64];

	console_printf("shim: panic: %s, error 0x%x, at %s, cr2 0x%08x\n", what, f->error, ksym_name(f->eip, name, sizeof(name)), read_cr2());
	console_printf("  eax 0x%08x ebx 0x%08x ecx 0x%08x edx 0x%08x\n  esi 0x%08x edi 0x%08x ebp 0x%08x eflags 0x%08x\n",
		       f->eax, f->ebx, f->ecx, f->edx, f->esi, f->edi, f->ebp, f->eflags);
	backtrace(stack);
	machine_end(END_SHIM_PANIC, 0);
}

void own_exception(const struct own_frame *f);
void own_exception(const struct own_frame *f)
{
	char what[32];

	snprintf(what, sizeof(what), "exception %u", f->vector);
	report(what, f, (const uint32_t *)f->ebp);
}

/* The double-fault task: the interrupted state is in the TSS of the state page. */
static void __attribute__((noreturn)) double_fault(void)
{
	const struct tss *t = &((const struct state *)SWITCHER_STATE)->tss;
	const struct own_frame f = { .edi = t->edi, .esi = t->esi, .ebp = t->ebp, .ebx = t->ebx, .edx = t->edx, .ecx = t->ecx, .eax = t->eax,
				     .eip = t->eip, .eflags = t->eflags };

	report("double fault", &f, (const uint32_t *)t->ebp);
}

static void crash_panic(void) { panic("asked for by crash=panic"); }
static void crash_null(void) { asm volatile("movl $0, 0" : : : "memory"); }
static void crash_text(void) { asm volatile("movb $0, __text_start" : : : "memory"); }
static void crash_switcher(void) { asm volatile("movb $0, switcher_page" : : : "memory"); }
static void crash_stack(void) { asm volatile("1:\tpush $0\n\tjmp 1b"); }

static const struct { const char *name; void (*die)(void); } crashes[] = {
	{ "panic", crash_panic }, { "null", crash_null }, { "text", crash_text }, { "switcher", crash_switcher }, { "stack", crash_stack },
};

unsigned machine_crash_kind(const char *name)
{
	unsigned kind = ARRAY_SIZE(crashes);

	while (kind && strcmp(crashes[kind - 1].name, name))
		kind--;
	return kind;
}

void machine_crash(unsigned kind)
{
	console_printf("shim: dying as asked: %s\n", crashes[kind - 1].name);
	crashes[kind - 1].die();
}

/* ---- tables ---- */

static uint64_t gate(uint32_t selector, uint32_t offset, uint32_t type)
{
	return (uint64_t)((offset & 0xFFFF0000) | type) << 32 | selector << 16 | (offset & 0xFFFF);
}

static uint64_t tss_descriptor(uint32_t base)
{
	return (uint64_t)(base & 0xFF000000) << 32 | 0x89ull << 40 | (uint64_t)(base & 0xFFFFFF) << 16 | (sizeof(struct tss) - 1);
}

static void init_double_fault(void)
{
	double_fault_tss = (struct tss) {
		.cr3 = memory_cr3(), .eip = (uint32_t)double_fault, .esp = (uint32_t)double_fault_stack_top - 16, .eflags = 2,
		.cs = HOST_CS, .ss = HOST_DS, .ds = HOST_DS, .es = HOST_DS, .io_map = sizeof(struct tss),
	};
}

void machine_init(void)
{
	extern const char host_gdt_pointer[], host_idt_pointer[];

	host_gdt[HOST_CS / 8] = HOST_CODE;
	host_gdt[HOST_DS / 8] = HOST_DATA;
	host_gdt[GDT_TSS] = tss_descriptor(SWITCHER_STATE + offsetof(struct state, tss));
	host_gdt[GDT_DOUBLE_FAULT_TSS] = tss_descriptor((uint32_t)&double_fault_tss);
	for (unsigned v = 0; v < OWN_GATES; v++)
		host_idt[v] = gate(HOST_CS, own_stubs[v], GATE_INTERRUPT);
	host_idt[VECTOR_DOUBLE_FAULT] = gate(GDT_DOUBLE_FAULT_TSS * 8, 0, GATE_TASK);
	init_double_fault();
	asm volatile("lgdt %0\n\tlidt %1\n\tljmp %2, $1f\n1:\tmov %3, %%ss\n\tmov %3, %%ds\n\tmov %3, %%es\n\tmov %4, %%fs\n\tmov %4, %%gs\n\t"
		     "lldt %w4\n\tltr %w5"
		     : : "m" (*host_gdt_pointer), "m" (*host_idt_pointer), "i" (HOST_CS), "r" (HOST_DS), "r" (0), "r" (GDT_TSS * 8) : "memory");
	if (cpuid_edx(1) & CPUID_EDX_SEP)
		write_msr(MSR_SYSENTER_CS, 0);
}

bool machine_reflect_sysenter(void)
{
	if (!(cpuid_edx(1) & CPUID_EDX_SEP))
		return false;
	write_msr(MSR_SYSENTER_CS, HOST_CS);
	write_msr(MSR_SYSENTER_CS + 1, SWITCHER_REGS + PAGE_SIZE);
	write_msr(MSR_SYSENTER_CS + 2, (uint32_t)switcher_sysenter);
	return true;
}

void own_interrupt(uint32_t irq);
void own_interrupt(uint32_t irq)
{
	pic_interrupt(irq);
}

/* ---- the end ---- */

static const struct { const char *word; uint8_t port; } ends[] = {
	[END_EXIT] = { "exit", 0x10 }, [END_RESTART] = { "restart", 4 }, [END_REFUSED] = { "refused", 3 }, [END_PANIC] = { "panic", 1 },
	[END_DOUBLE_FAULT] = { "double-fault", 2 }, [END_STOPPED] = { "stopped", 5 }, [END_SHIM_PANIC] = { "shim-panic", 6 },
};

void machine_end(enum end end, int code)
{
	static const struct desc_ptr nothing = { 0, 0 };
	char line[64], number[8];

	snprintf(number, sizeof(number), " %d", code);
	snprintf(line, sizeof(line), "postern: outcome %s%s", ends[end].word, end == END_EXIT ? number : "");
	if (!console_said(line))
		console_printf("%s\n", line);
	io_out8(EXIT_PORT, end == END_EXIT ? 0x10 + MIN(code, 64) : ends[end].port);
	if (end == END_RESTART) {
		io_out8(0x64, 0xFE);			/* keyboard controller: pulse the reset line, */
		asm volatile("lidt %0\n\tud2" : : "m" (nothing));	/* or else by a triple fault */
	}
	if (end == END_EXIT) {
		io_out16(0x604, 0x2000);		/* QEMU's ACPI PM1a control block: S5 */
		io_out16(0xB004, 0x2000);		/* the same on Bochs and old QEMUs */
	}
	for (;;)
		asm volatile("cli; hlt");
}
