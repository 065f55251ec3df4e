/* SPDX-License-Identifier: MIT */
/*
 * A guest of the shim that means no good: tests/test_shim.py runs it beside a well-behaved one.
 *
 * It is started again after each thing that it has tried (the shim's restarts=), and its command line says for which time: "restart=N". N chooses the attack;
 * beyond the list come batches of random hypercalls, and then of random code, seeded by N. An attack must end in a fault that the guest gets (it then goes on), in nothing at
 * all, or in the guest's being stopped. What must never happen is told by `alarm`: the guest prints BREACH, which the test looks for, as it does for a shim that died.
 * The command line: "attacks=COUNT batches=COUNT calls=PER-BATCH code=BATCHES restart=N"; "loop=TICKS flood=CALLS" shorten two attacks for slow machines. Or "spin=1": it does
 * nothing, for ever; "spin=2": after a SYSENTER, whose entry turns the real interrupts off; "spin=3": three times for loop= ticks, having asked for an event first; "spin=4":
 * it asks for one, is idle for loop= ticks, and turns interrupts off.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/lguest.h"
#include "user/libc/rubbish.h"

#define TOP		0xFFFDF000u	/* the switcher: text, registers, state */
#define PAGE		4096u
#define TRAP_NONE	-1
#define KERNEL_CS	LGUEST_KERNEL_CS
#define KERNEL_DS	LGUEST_KERNEL_DS
#define USER_CS		0x73u
#define USER_DS		0x7Bu

static struct lguest_data data __attribute__((aligned(16)));
static uint64_t pdpt[4] __attribute__((aligned(32)));
static uint64_t pmd[512] __attribute__((aligned(4096))), tables[4][512] __attribute__((aligned(4096)));
static char ring1_stack[2 * PAGE] __attribute__((aligned(4096)));
static uint8_t code_page[PAGE] __attribute__((aligned(4096)));
static uint32_t memory_size, seed;

int attempt(void (*what)(void));	/* the vector of the trap that it ended in, or TRAP_NONE */
void leave_to(uint32_t eip, uint32_t eflags);
extern const uint32_t stubs[33];
extern char user_return[], user_code[], int80_stub[];
void hostile(void);

asm(	"	.globl start\n"
	"start:	movl $boot_stack_end, %esp\n"
	"	call hostile\n"
	"	ud2\n"
	"attempt:\n"
	"	pushl %ebx; pushl %esi; pushl %edi; pushl %ebp\n"
	"	movl %esp, saved_esp\n"
	"	call *%eax\n"
	"	movl $-1, %eax\n"
	"out:	popl %ebp; popl %edi; popl %esi; popl %ebx\n"
	"	ret\n"
	"trapped:\n"
	"	movl $0x69, %eax\n"
	"	movl %eax, %ds; movl %eax, %es; movl %eax, %ss\n"
	"	popl %eax\n"
	"	movl saved_esp, %esp\n"
	"	pushl $2; popfl\n"
	"	jmp out\n"
	"leave_to:\n"			/* ring 3 with eflags of our choice */
	"	pushl $0x7B; pushl $boot_stack_end; pushl %edx; pushl $0x73; pushl %eax\n"
	"	movl $0x7B, %eax; movl %eax, %ds; movl %eax, %es\n"
	"	iret\n"
	"	.altmacro\n"
	"	.macro stub n\n"
	"stub\\n:	pushl $\\n; jmp trapped\n"
	"	.endm\n"
	"	.set i, 0\n"
	"	.rept 32\n"
	"	stub %i\n"
	"	.set i, i + 1\n"
	"	.endr\n"
	"int80_stub: pushl $0x80; jmp trapped\n"
	"	.macro address n\n"
	"	.long stub\\n\n"
	"	.endm\n"
	"	.section .rodata\n"
	"	.align 4\n"
	"stubs:\n"
	"	.set i, 0\n"
	"	.rept 32\n"
	"	address %i\n"
	"	.set i, i + 1\n"
	"	.endr\n"
	"	.long int80_stub\n"
	"	.bss\n"
	"	.align 16\n"
	"saved_esp: .skip 4\n"
	"	.skip 16384\n"
	"boot_stack_end:\n"
	"	.skip 64\n"
	"	.text\n");

static void call(uint32_t n, uint32_t b, uint32_t c, uint32_t d, uint32_t s)
{
	asm volatile("int $0x1F" : : "a" (n), "b" (b), "c" (c), "d" (d), "S" (s) : "memory");
}

static void say(const char *text)
{
	call(LHCALL_NOTIFY, (uint32_t)text, 0, 0, 0);
}

static void alarm(const char *text)
{
	say("BREACH: ");
	say(text);
	say("\n");
}

static uint32_t random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed ^ seed >> 15;
}

/* A number that somebody may not have thought of: small, near a limit, or anything. */
static uint32_t odd_number(void)
{
	static const uint32_t favourites[] = {
		0, 1, 2, 3, 4, 7, 8, 0xFFF, 0x1000, 0x1F, 0x20, 0x80, 0x69, 0x68, 0x6B, 0xC0000000, 0xBFFFFFFF, TOP, TOP + 0x1000, TOP + 0x2000, TOP - 1, 0xFFFFFFFF,
		0xFFFFFFF8, 0xFFFFF000, 0x7FFFFFFF, 0x80000000, 0x8E00, 0x8F00, 0xEF00, 0x00CF9B00, 0x00CF9300, 0x0000E500, 0x00008900,
	};
	uint32_t r = random();

	switch (r >> 28) {
	case 0 ... 6: return favourites[r % (sizeof(favourites) / sizeof(*favourites))];
	case 7 ... 9: return memory_size - 64 + r % 128;
	case 10 ... 12: return r % memory_size;
	default: return random();
	}
}

/* ---- set-up ---- */

static void set_gate(unsigned vector, uint32_t entry, uint32_t type)
{
	call(LHCALL_LOAD_IDT_ENTRY, vector, KERNEL_CS << 16 | (entry & 0xFFFF), (entry & 0xFFFF0000) | type, 0);
}

static void own_tables(void)
{
	for (unsigned t = 0; t < 4; t++)
		for (unsigned i = 0; i < 512; i++)
			tables[t][i] = ((t * 512 + i) << 12) | 0x67;
	for (unsigned t = 0; t < 4; t++)
		pmd[t] = (uint32_t)tables[t] | 0x67;
	pdpt[0] = pdpt[3] = (uint32_t)pmd | 1;
	call(LHCALL_NEW_PGTABLE, (uint32_t)pdpt, 0, 0, 0);
}

static void set_up(void)
{
	const struct lguest_boot_params *b = (const struct lguest_boot_params *)0;

	asm volatile("" : "+r" (b));
	memory_size = b->e820[0].size;
	for (unsigned i = 0; i < LGUEST_RING; i++)
		data.hcall_status[i] = LGUEST_SLOT_FREE;
	data.kernel_address = 0xC0000000;
	data.syscall_vec = LGUEST_SYSCALL_VECTOR;
	data.blocked_interrupts = 0xFFFFFFFF;
	call(LHCALL_INIT, (uint32_t)&data, 0, 0, 0);
	for (unsigned v = 0; v < 32; v++)
		set_gate(v, stubs[v], v == 3 ? 0xEE00 : 0x8E00);
	set_gate(0x80, stubs[32], 0xEF00);
	call(LHCALL_LOAD_GDT_ENTRY, 14, 0xFFFF, 0x00CFFB00, 0);
	call(LHCALL_LOAD_GDT_ENTRY, 15, 0xFFFF, 0x00CFF300, 0);
	own_tables();
	call(LHCALL_SET_STACK, KERNEL_DS, (uint32_t)ring1_stack + sizeof(ring1_stack), 2, 0);
}

static uint32_t option(const char *name, uint32_t otherwise)
{
	const char *c = (const char *)LGUEST_CMDLINE;
	uint32_t n = 0;

	for (; *c; c++) {
		unsigned i = 0;
		while (name[i] && c[i] == name[i])
			i++;
		if (name[i])
			continue;
		for (c += i; *c >= '0' && *c <= '9'; c++)
			n = n * 10 + *c - '0';
		return n;
	}
	return otherwise;
}

/* ---- attacks ---- */

static uint32_t target;

static void write_target(void) { *(volatile uint32_t *)target = 0x41414141; }
static void read_target(void) { (void)*(volatile uint32_t *)target; }
static void map_and_touch(uint64_t entry) { tables[3][9] = entry; target = 3 * 0x200000 + 9 * PAGE; attempt(write_target); }

static void map_frame_beyond(void) { map_and_touch(((uint64_t)memory_size + 0x100000) | 0x67); }
static void map_frame_4g(void) { map_and_touch(0x100000067ull); }
static void map_frame_1mib_beyond_64g(void) { map_and_touch(0xFFFFF00000067ull); }
static void table_beyond(void) { pmd[9] = (memory_size + 0x8000) | 0x67; target = 9 * 0x200000; attempt(write_target); }
static void large_page(void) { pmd[9] = 0x80 | 0x67; target = 9 * 0x200000; attempt(write_target); }
static void directory_beyond(void) { pdpt[1] = 0x40000000 | 1; target = 0x40000000; attempt(read_target); }
static void directory_reserved(void) { pdpt[1] = (uint32_t)pmd | 0x1E7; target = 0x40000000; attempt(read_target); }
static void directory_is_shim(void) { pdpt[1] = 0x100000 | 1; target = 0x40000000; attempt(read_target); }

/* Its own tables as data pages and as tables at once; the shim's shadows must not care. */
static void table_in_itself(void)
{
	tables[3][10] = (uint32_t)tables[3] | 0x67;
	tables[3][11] = (uint32_t)pmd | 0x67;
	pmd[10] = (uint32_t)pmd | 0x67;
	for (target = 10 * 0x200000; target < 11 * 0x200000; target += PAGE)
		attempt(read_target);
}

static void write_switcher_text(void)
{
	target = TOP;
	if (attempt(write_target) != 14)
		alarm("the switcher's code could be written");
}

static void write_state(void)
{
	for (target = TOP + 0x2000; target < TOP + 0x3000; target += 64)
		if (attempt(write_target) != 14)
			alarm("the state page could be written");
}

static void write_registers(void)
{
	for (target = TOP + 0x1000; target < TOP + 0x2000; target += 4)
		attempt(write_target);
}

static void touch_the_top(void)
{
	for (target = TOP + 0x3000; target; target += PAGE)
		if (attempt(read_target) != 14 || attempt(write_target) != 14)
			alarm("something is mapped above the switcher");
}

static void pte_at_top(void) { call(LHCALL_SET_PTE, (uint32_t)pdpt, TOP + 0x2000, 0x67, 0); }

static void own_map_of_top(void)
{
	pmd[511] = (uint32_t)tables[0] | 0x67;
	target = TOP - PAGE;
	attempt(write_target);
	write_switcher_text();
}

static void far_call(void) { asm volatile("lcall $0x48, $0"); }
static void far_jump_tss(void) { asm volatile("ljmp $0x80, $0"); }
static void far_jump_48(void) { asm volatile("ljmp $0x48, $1f\n1:"); }
static void far_call_host(void) { asm volatile("lcall $0x50, $0xFFFDF000"); }
static void load_48(void) { asm volatile("movw %w0, %%es" : : "r" (0x48)); }
static void stack_58(void) { asm volatile("movw %w0, %%ss" : : "r" (0x58)); }

static uint32_t ring_now(void) { uint32_t cs; asm volatile("mov %%cs, %0" : "=r" (cs)); return cs & 3; }

static void descriptor(uint32_t low, uint32_t high, void (*use)(void))
{
	call(LHCALL_LOAD_GDT_ENTRY, 9, low, high, 0);
	attempt(use);
	if (!ring_now())
		alarm("ring 0");
}

static void call_gate(void) { descriptor(0x00500000 | (uint16_t)TOP, (TOP & 0xFFFF0000) | 0xEC00, far_call); }
static void call_gate_16(void) { descriptor(0x00500000, 0xE400, far_call); }
static void task_gate(void) { descriptor(0x00800000, 0xE500, far_call); }
static void interrupt_gate_in_gdt(void) { descriptor(0x00500000, 0xEE00, far_call); }
static void tss(void) { descriptor(0x67, 0xE900, far_call); }
static void busy_tss(void) { call(LHCALL_LOAD_GDT_ENTRY, 16, 0x67, 0xEB00, 0); attempt(far_jump_tss); }
static void ldt(void) { descriptor(0xFFFF, 0xE200, load_48); }
static void conforming(void) { descriptor(0xFFFF, 0x00CF9F00, far_jump_48); }
static void code_dpl0(void) { descriptor(0xFFFF, 0x00CF9B00, far_jump_48); }
static void data_dpl0(void) { descriptor(0xFFFF, 0x00CF9300, load_48); }
static void not_present(void) { descriptor(0xFFFF, 0x00CF1300, load_48); }
static void host_segments(void) { attempt(far_call_host); attempt(stack_58); call(LHCALL_LOAD_GDT_ENTRY, 10, 0xFFFF, 0x00CFFB00, 0); attempt(far_call_host); }
static void gdt_index(void) { call(LHCALL_LOAD_GDT_ENTRY, 32, 0, 0, 0); }

/* The selector stays in gs while its descriptor goes away. */
static void in_use(uint32_t low, uint32_t high)
{
	call(LHCALL_LOAD_GDT_ENTRY, 9, 0xFFFF, 0x00CFB300, 0);
	asm volatile("movw %w0, %%gs" : : "r" (0x49));
	call(LHCALL_LOAD_GDT_ENTRY, 9, low, high, 0);
}

static void descriptor_in_use(void) { in_use(0, 0); }

/* The switcher's #NP is none of the guest's, whatever its gate for that. */
static void absent_in_use(void) { set_gate(11, stubs[11], 0xAF00); in_use(0xFFFF, 0x00CF3300); }

static void gate_of_type(void) { set_gate(40, stubs[0], 0x8000 | (seed & 31) << 8); }
static void gate_vector(void) { set_gate(256, stubs[0], 0x8E00); }
static void gates_of_the_host(void) { for (unsigned v = 0; v < 256; v++) set_gate(v, TOP, v & 1 ? 0xEF00 : 0xEE00); asm volatile("int $0x80"); }
static void gate_into_switcher(void) { set_gate(0x80, TOP + 0x40, 0xEF00); asm volatile("int $0x80"); }
static void int_all(void) { asm volatile("int $0x20"); }
static void int_99(void) { asm volatile("int $0x63"); }
static void ints(void) { if (attempt(int_all) != 13 || attempt(int_99) != 13) alarm("int to a vector of the host"); }

static void stack_ring0(void) { call(LHCALL_SET_STACK, 0x68, (uint32_t)ring1_stack, 1, 0); }
static void stack_pages(void) { call(LHCALL_SET_STACK, KERNEL_DS, (uint32_t)ring1_stack, 3, 0); }
static void stack_nowhere(void) { call(LHCALL_SET_STACK, KERNEL_DS, 0x80000000, 1, 0); }
static void stack_in_switcher(void) { call(LHCALL_SET_STACK, KERNEL_DS, TOP + 0x2000, 2, 0); }

static void in_ring3(void) { leave_to((uint32_t)user_code, 0x202); }
static void ring3_stack_gone(void) { call(LHCALL_SET_STACK, KERNEL_DS, 0x80000000, 0, 0); in_ring3(); }
static void ring3_stack_top(void) { call(LHCALL_SET_STACK, KERNEL_DS, TOP + 0x2010, 0, 0); in_ring3(); }
static void ring3_bad_ss1(void) { call(LHCALL_SET_STACK, 0x49, (uint32_t)ring1_stack + PAGE, 0, 0); in_ring3(); }
static void ring3_nt(void) { leave_to((uint32_t)user_code, 0x4202); }
static void ring3_ac_tf(void) { leave_to((uint32_t)user_code, 0x40302); }
static void ring3_vm(void) { leave_to((uint32_t)user_code, 0x20202); }
static void ring3_iopl(void) { leave_to((uint32_t)user_code, 0x3202); }
static void ring3_all_flags(void) { leave_to((uint32_t)user_code, 0xFFFFFFFF); }
asm("user_code: pushfl; movl $1, %eax; int $0x80; ud2");

/* An emulator may let ring 1 enter virtual-8086 mode with flags of its choice; a direct gate must not lead back with them. */
static void enter_vm(uint16_t code, uint32_t cs, uint32_t eflags)
{
	*(volatile uint16_t *)(cs << 4) = code;
	asm volatile("pushl $0; pushl $0; pushl $0; pushl $0; pushl $0; pushl $0x8000; pushl %1; pushl %0; pushl $0; iret" : : "r" (cs), "r" (eflags));
}

#define INT_80		0x80CDu
#define JUMP_TO_ITSELF	0xFEEBu

static void enter_vm_iopl(void) { enter_vm(INT_80, 0x700, 0x23202); }

/* There with interrupts off no interrupt gets through; the second time the frame looks like one of the switcher's own ring. */
static void vm_holds(void) { enter_vm(JUMP_TO_ITSELF, 0x700, 0x23002); }
static void vm_holds_as_host(void) { enter_vm(JUMP_TO_ITSELF, 0x50, 0x23002); }

static void vm_iopl(void)
{
	uint32_t flags;

	attempt(enter_vm_iopl);
	asm volatile("pushfl; popl %0" : "=r" (flags));
	if (flags & 0x3000)
		alarm("ring 1 has input and output");
}

static void flags_nt(void) { asm volatile("pushl $0x4002; popfl; int $0x1F; iret" : : "a" (LHCALL_FLUSH_ASYNC)); }
static void flags_tf(void) { asm volatile("pushl $0x102; popfl; int $0x1F; nop" : : "a" (LHCALL_FLUSH_ASYNC)); }
static void flags_all(void) { asm volatile("pushl $-1; popfl; int $0x1F" : : "a" (LHCALL_FLUSH_ASYNC)); }
static void mov_ss_int(void) { asm volatile("pushl $0x102; popfl; movl %%ss, %%edx; movl %%edx, %%ss; int $0x1F" : : "a" (LHCALL_FLUSH_ASYNC) : "edx"); }
static void mov_ss_int3(void) { asm volatile("pushl $0x102; popfl; movl %%ss, %%edx; movl %%edx, %%ss; int3" : : : "edx"); }
static void flags(void) { attempt(flags_nt); attempt(flags_tf); attempt(flags_all); attempt(mov_ss_int); attempt(mov_ss_int3); }

static void p_cr0(void) { asm volatile("mov %0, %%cr0" : : "r" (0x11)); }
static void p_cr3(void) { asm volatile("mov %0, %%cr3" : : "r" (pdpt)); }
static void p_cr4(void) { asm volatile("mov %0, %%cr4" : : "r" (0)); }
static void p_dr7(void) { asm volatile("mov %0, %%dr7" : : "r" (0x400)); }
static void p_lgdt(void) { asm volatile("lgdt data"); }
static void p_lidt(void) { asm volatile("lidt data"); }
static void p_ltr(void) { asm volatile("ltr %w0" : : "r" (0x80)); }
static void p_lldt(void) { asm volatile("lldt %w0" : : "r" (0x88)); }
static void p_wrmsr(void) { asm volatile("wrmsr" : : "c" (0x176), "a" (0), "d" (0)); }
static void p_hlt(void) { asm volatile("hlt"); }
static void p_sti(void) { asm volatile("sti"); }
static void p_ins(void) { asm volatile("rep insb" : : "d" (0x60), "c" (16), "D" (ring1_stack)); }
static void p_outs(void) { asm volatile("rep outsb" : : "d" (0xF4), "c" (16), "S" (ring1_stack)); }
static void p_invlpg(void) { asm volatile("invlpg 0"); }
static void p_wbinvd(void) { asm volatile("wbinvd"); }
static void p_clts(void) { asm volatile("clts"); }
static void p_lmsw(void) { asm volatile("lmsw %w0" : : "r" (1)); }
static void p_sysenter(void) { asm volatile("sysenter"); }
static void p_sysexit(void) { asm volatile("sysexit"); }

static void privileged(void)
{
	static void (*const them[])(void) = { p_cr0, p_cr3, p_cr4, p_dr7, p_lgdt, p_lidt, p_ltr, p_lldt, p_wrmsr, p_hlt, p_sti, p_ins, p_outs,
		p_invlpg, p_wbinvd, p_clts, p_lmsw, p_sysenter, p_sysexit };
	for (unsigned i = 0; i < sizeof(them) / sizeof(*them); i++) {
		int trap = attempt(them[i]);
		if (trap != 13 && trap != 6)
			alarm("a privileged instruction went through");
	}
}

static void out_f4(void) { asm volatile("outb %b0, %w1" : : "a" (0x10), "d" (0xF4)); }
static void in_60(void) { uint8_t v; asm volatile("inb $0x60, %0" : "=a" (v)); if (v != 0xFF) alarm("a port could be read"); }

static void set_esp_and_fault(void) { asm volatile("movl $0x80000000, %esp; ud2"); }
static void set_esp_and_int(void) { asm volatile("movl $0xFFFE2000, %esp; int3"); }
static void set_esp_0(void) { asm volatile("xorl %esp, %esp; ud2"); }

static void init_twice(void) { call(LHCALL_INIT, (uint32_t)&data, 0, 0, 0); }
static void shutdown_nowhere(void) { call(LHCALL_SHUTDOWN, 0xFFFFFFFF, 1, 0, 0); }
static void notify_nowhere(void) { call(LHCALL_NOTIFY, memory_size + 0x100000, 0, 0, 0); }
static void tls_nowhere(void) { call(LHCALL_LOAD_TLS, memory_size + 0x7000 - 8, 0, 0, 0); }
static void pgtable_nowhere(void) { call(LHCALL_NEW_PGTABLE, 0xFFFFFFF8, 0, 0, 0); }
static void pgtable_at_end(void) { call(LHCALL_NEW_PGTABLE, memory_size + 0x7000 - 8, 0, 0, 0); target = 0xC0000000; attempt(read_target); }
static void pgtable_odd(void) { call(LHCALL_NEW_PGTABLE, (uint32_t)pdpt + 3, 0, 0, 0); target = 0xC0000000; attempt(read_target); }
static void pgd_index(void) { call(LHCALL_SET_PGD, (uint32_t)pdpt, 4, 0, 0); }
static void pgd_3(void) { for (unsigned i = 0; i < 8; i++) { call(LHCALL_NEW_PGTABLE, (uint32_t)pdpt, 0, 0, 0); call(LHCALL_SET_PGD, (uint32_t)pdpt, 3, 0, 0); } write_switcher_text(); }
static void pmd_all(void) { for (unsigned i = 0; i < 512; i++) call(LHCALL_SET_PMD, (uint32_t)pmd, i, 0, 0); write_switcher_text(); }
static void set_pte_beyond(void) { call(LHCALL_SET_PTE, (uint32_t)pdpt, 0x600000, 0x67, 1); }
static void unknown_call(void) { call(11, 0, 0, 0, 0); }

/* Forty tables in turn: more than there are shadows. */
static void many_tables(void)
{
	static uint64_t tops[40][4] __attribute__((aligned(32)));

	for (unsigned n = 0; n < 400; n++) {
		tops[n % 40][0] = tops[n % 40][3] = (uint32_t)pmd | 1;
		tops[n % 40][n % 2 + 1] = n % 3 ? 0 : (uint32_t)pmd | 1;
		call(LHCALL_NEW_PGTABLE, (uint32_t)tops[n % 40], 0, 0, 0);
		target = (n % 4) << 30 | (n * 0x5000 & 0x3FFFFF);
		attempt(read_target);
	}
	write_switcher_text();
}

/* The shadow that filled the kernel's table is given to other tables, and the kernel's middle level changes. */
static void pmd_of_the_forgotten(void)
{
	static uint64_t tops[4][4] __attribute__((aligned(32)));
	volatile uint32_t *seen = (volatile uint32_t *)0xC0600000;

	pdpt[0] = pdpt[3] = (uint32_t)pmd | 1;
	for (unsigned i = 0; i < 2; i++)
		*(volatile uint32_t *)((i + 2) * 0x200000) = i;
	pmd[3] = (uint32_t)tables[2] | 0x67;
	(void)*seen;
	for (unsigned n = 0; n < 4; n++) {
		tops[n][0] = tops[n][3] = (uint32_t)pmd | 1;
		call(LHCALL_NEW_PGTABLE, (uint32_t)tops[n], 0, 0, 0);
	}
	pmd[3] = (uint32_t)tables[3] | 0x67;
	call(LHCALL_SET_PMD, (uint32_t)pmd, 3, 0, 0);
	if (*seen != 1)
		alarm("the kernel's middle level has changed, but not for it");
}

static void ring_of(uint32_t call_number, uint32_t b, uint32_t c)
{
	for (unsigned i = 0; i < LGUEST_RING; i++) {
		data.hcalls[i] = (struct lguest_call_args){ call_number, b, c, 0x67, 0 };
		data.hcall_status[i] = LGUEST_SLOT_READY;
	}
	call(LHCALL_FLUSH_ASYNC, 0, 0, 0, 0);
}

static void ring_of_shutdowns(void) { ring_of(LHCALL_SHUTDOWN, (uint32_t)"from the ring", LGUEST_RESTART); }
static void ring_of_inits(void) { ring_of(LHCALL_INIT, (uint32_t)&data, 0); }
static void ring_of_tables(void) { ring_of(LHCALL_NEW_PGTABLE, (uint32_t)pdpt, 0); }
static void ring_is_table(void) { ring_of(LHCALL_NEW_PGTABLE, (uint32_t)&data, 0); target = 0xC0000000; attempt(read_target); }

/* Entries that change between the call that names them and the use. */
static void change_before_use(void)
{
	target = 0x600000 + 20 * PAGE;
	for (unsigned i = 0; i < 64; i++) {
		tables[3][20] = (random() % memory_size & ~0xFFFu) | 0x67;
		call(LHCALL_SET_PTE, (uint32_t)pdpt, target, (random() % memory_size & ~0xFFFu) | 0x67, 0);
		pmd[3] = i & 1 ? (uint32_t)tables[3] | 0x67 : (uint32_t)tables[2] | 0x65;
		attempt(read_target);
		call(LHCALL_SET_PMD, (uint32_t)pmd, 3, 0, 0);
	}
}

static void console_rings(void)
{
	struct lguest_device *d = (struct lguest_device *)memory_size;
	const struct lguest_queue *q = (const struct lguest_queue *)(d + 1);

	call(LHCALL_SET_PTE, (uint32_t)pdpt, 0, 0, 0);
	for (unsigned i = 0; i < 8; i++)
		tables[3][100 + i] = (memory_size + i * PAGE) | 0x67;
	d = (struct lguest_device *)(0x600000 + 100 * PAGE);
	q = (const struct lguest_queue *)(d + 1);
	d->status = LGUEST_ACKNOWLEDGE | LGUEST_DRIVER | LGUEST_DRIVER_OK;
	call(LHCALL_NOTIFY, memory_size, 0, 0, 0);
	uint32_t *ring = (uint32_t *)(0x600000 + 104 * PAGE);
	for (unsigned i = 0; i < 3072; i++)
		ring[i] = i < 1024 && i % 4 == 3 ? 1 | (random() & 0xFF) << 16 : odd_number();
	call(LHCALL_NOTIFY, q[1].pfn * PAGE, 0, 0, 0);
	for (unsigned i = 0; i < 256; i++)
		((uint64_t *)ring)[2 * i] = i * PAGE, ring[4 * i + 2] = i % 7, ring[4 * i + 3] = 1 | (i + 1) << 16;
	call(LHCALL_NOTIFY, q[1].pfn * PAGE, 0, 0, 0);
}

/* The device of traces (trace=on), or whatever is behind the console: any address and length, and any bytes in place of records. */
static void trace_device(void)
{
	call(LHCALL_SET_PTE, (uint32_t)pdpt, 0, 0, 0);
	tables[3][100] = memory_size | 0x67;
	struct lguest_trace *t = (struct lguest_trace *)(0x600000 + 100 * PAGE + sizeof(struct lguest_device) + 2 * sizeof(struct lguest_queue));
	uint32_t at = memory_size + sizeof(struct lguest_device) + 2 * sizeof(struct lguest_queue);

	for (unsigned i = 0; i < 40; i++) {
		t->address = i < 20 ? (uint32_t)ring1_stack + random() % PAGE : memory_size - 16 * (random() % 8);
		t->bytes = i < 20 ? odd_number() % 4000 : 16 * (random() % 8);
		call(LHCALL_NOTIFY, at, 0, 0, 0);
	}
	for (unsigned i = 0; i < 1000; i++) {		/* the first of them that is not its own stops it */
		t->address = odd_number();
		t->bytes = odd_number();
		t->device = (struct lguest_device){ random(), random(), random(), random(), random() };
		call(LHCALL_NOTIFY, at + random() % 3, 0, 0, 0);
	}
}

static uint64_t tsc(void) { uint64_t v; asm volatile("rdtsc" : "=A" (v)); return v; }
static void loop_without_interrupts(void) { data.irq_enabled = 0; for (uint64_t from = tsc(), most = option("loop=", 300000000); tsc() - from < most;); }
static void flood(void) { for (unsigned i = 0, most = option("flood=", 30000); i < most; i++) call(LHCALL_FLUSH_TLB, 1, 0, 0, 0); }
static void flood_of_text(void) { for (unsigned i = 0; i < 50; i++) say("spam\n"); }
static void clock_flood(void) { data.blocked_interrupts = 0; for (unsigned i = 0; i < 2000; i++) { data.irq_enabled = 0x200; call(LHCALL_SET_CLOCKEVENT, 1, 0, 0, 0); } }
static void irq_enabled_odd(void) { data.irq_enabled = 0xFFFFFFFF; data.blocked_interrupts = 0; call(LHCALL_SET_CLOCKEVENT, 1, 0, 0, 0); for (unsigned i = 0; i < 20000; i++) asm volatile("nop"); }
static void ts_and_fpu(void) { call(LHCALL_TS, 1, 0, 0, 0); asm volatile("fninit"); }

static void (*const attacks[])(void) = {
	ts_and_fpu, map_frame_beyond, map_frame_4g, map_frame_1mib_beyond_64g, table_beyond, large_page, directory_beyond, directory_reserved, directory_is_shim,
	table_in_itself, write_switcher_text, write_state, write_registers, touch_the_top, pte_at_top, own_map_of_top,
	call_gate, call_gate_16, task_gate, interrupt_gate_in_gdt, tss, busy_tss, ldt, conforming, code_dpl0, data_dpl0, not_present,
	host_segments, gdt_index, descriptor_in_use, absent_in_use, gate_of_type, gate_vector, gates_of_the_host, gate_into_switcher, ints,
	stack_ring0, stack_pages, stack_nowhere, stack_in_switcher, in_ring3, ring3_stack_gone, ring3_stack_top, ring3_bad_ss1, ring3_nt, ring3_ac_tf, ring3_vm, vm_iopl, vm_holds, vm_holds_as_host, ring3_iopl,
	ring3_all_flags, flags, privileged, out_f4, in_60, set_esp_and_fault, set_esp_and_int, set_esp_0,
	init_twice, shutdown_nowhere, notify_nowhere, tls_nowhere, pgtable_nowhere, pgtable_at_end, pgtable_odd, pgd_index, pgd_3, pmd_all, set_pte_beyond, unknown_call,
	many_tables, pmd_of_the_forgotten, ring_of_shutdowns, ring_of_inits, ring_of_tables, ring_is_table, change_before_use, console_rings, trace_device,
	loop_without_interrupts, flood, flood_of_text, clock_flood, irq_enabled_odd,
};
#define ATTACKS	(sizeof(attacks) / sizeof(*attacks))

static uint32_t random_calls, calls_made;

/* Mostly within the rules, so that a batch lasts; 1 call in 256 has four arguments of any kind. */
static void one_random_call(void)
{
	static const uint8_t gates[] = { 0x8E, 0x8F, 0xEE, 0xEF, 0 };
	uint32_t b = odd_number(), c = odd_number(), d = odd_number(), s = random() & 1, r = random(), n = r % 20;

	if (r >> 24) {
		if (n == LHCALL_SHUTDOWN || n == LHCALL_HALT || n == LHCALL_INIT || n == 3 || n == 11 || n == 12)
			n = LHCALL_SET_PTE;
		if (n == LHCALL_LOAD_IDT_ENTRY)
			b &= 0xFF, d = (d & 0xFFFF00FF) | gates[(r >> 8) % sizeof(gates)] << 8;
		if (n == LHCALL_LOAD_GDT_ENTRY || n == LHCALL_SET_PGD)
			b = n == LHCALL_SET_PGD ? (uint32_t)pdpt : (b & 31) == 12 || (b & 31) == 13 ? 9 : b & 31, c = n == LHCALL_SET_PGD ? c & 3 : c;
		if (n == LHCALL_NEW_PGTABLE)
			b = (uint32_t)pdpt;
		if (n == LHCALL_SET_STACK)
			b = KERNEL_DS, c = (uint32_t)ring1_stack + sizeof(ring1_stack) - (c & 0xFFF), d &= 1;
		if (n == LHCALL_SET_PTE)
			b = (uint32_t)pdpt, c = 0x400000 + (c & 0x3FFFFF), d = (d % memory_size & ~0xF80u) | 1, s = 0;
		if (n == LHCALL_NOTIFY)
			b = (uint32_t)"";
		if (n == LHCALL_LOAD_TLS)
			b %= memory_size;
	} else {
		n = r % 21 == LHCALL_HALT ? LHCALL_TS : r % 21;		/* nothing would wake it */
	}
	call(n, b, c, d, s);
	if (n == LHCALL_SET_PTE) {
		target = c;
		if (r & 0x100)
			attempt(read_target);
	}
	calls_made++;
}

static void many_random_calls(void)
{
	for (uint32_t i = 0; i < random_calls; i++)
		one_random_call();
}

#define CODES	50u

/* Ring 1 executes rubbish, with registers and a stack that lead into this guest's memory and everywhere else. */
static void random_code(void)
{
	static uint32_t stack[1024] __attribute__((aligned(4096)));

	for (unsigned i = 0; i < 1024; i++)
		stack[i] = random() % 4 ? random() % memory_size : odd_number();
	for (unsigned i = 500; i < 508; i++)
		stack[i] = random() % 2 ? random() % 20 : odd_number();
	stack[508] = (uint32_t)code_page + random() % 64;
	asm volatile("movl %0, %%esp; popal; ret" : : "r" (&stack[500]));
	__builtin_unreachable();
}

/* A fault brings the next; a loop lasts until the guest's lifetime is over. */
static void many_random_codes(void)
{
	for (unsigned i = 0; i < CODES; i++) {
		rubbish(code_page, sizeof(code_page), random);
		attempt(random_code);
	}
}

void hostile(void)
{
	uint32_t n = option("restart=", 0), wanted = option("attacks=", ATTACKS), batches = option("batches=", 0);

	seed = n;
	set_up();
	random_calls = option("calls=", 1000);
	if (wanted > ATTACKS)
		wanted = ATTACKS;
	if (option("spin=", 0) == 2)
		attempt(p_sysenter);
	if (option("spin=", 0) == 3) {
		for (unsigned i = 0; i < 3; i++) {
			call(LHCALL_SET_CLOCKEVENT, 1000000, 0, 0, 0);
			loop_without_interrupts();
		}
		call(LHCALL_SHUTDOWN, (uint32_t)"postern: outcome exit 0", LGUEST_POWEROFF, 0, 0);
	}
	if (option("spin=", 0) == 4) {
		call(LHCALL_SET_CLOCKEVENT, 1000000, 0, 0, 0);
		loop_without_interrupts();
		attempt(vm_holds);
	}
	while (option("spin=", 0))
		;
	if (n < wanted)
		attempt(attacks[n]);
	else if (n - wanted < batches)
		attempt(many_random_calls);
	else if (n - wanted - batches < option("code=", 0))
		many_random_codes();
	else
		call(LHCALL_SHUTDOWN, (uint32_t)"postern: outcome exit 0", LGUEST_POWEROFF, 0, 0);
	if (!ring_now())
		alarm("ring 0");
	call(LHCALL_SHUTDOWN, (uint32_t)"tried", LGUEST_RESTART, 0, 0);
}
