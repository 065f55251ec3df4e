/* SPDX-License-Identifier: MIT */
/*
 * The order of boot, from a door to process 1, and what happens when process 1 ends.
 *
 * Each step may use what stands above it, nothing below. The progress word in the log area counts the stages, so that an
 * onlooker of a silent machine sees how far it came (docs/log.adoc lists the words).
 */
#include "abi/wait.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cycles.h"
#include "arch/x86/desc.h"
#include "arch/x86/traps.h"
#include "boot/boot_info.h"
#include "boot/cmdline.h"
#include "kernel/file.h"
#include "kernel/lib.h"
#include "kernel/random.h"
#include "kernel/task.h"
#include "kernel/tty.h"
#include "mm/fixmap.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "pv/pv.h"
#include "pv/trace.h"
#include "vdso/vdso.h"

/* Counted from the first instruction on, so that the boot line says what a boot costs (PERFORMANCE.md, row 13). */
extern const uint64_t boot_cycles;	/* boot/start.asm: the time-stamp counter at the door */

static const struct { enum cpu_feature feature; const char *name; } needed[] = {
	{ CPU_PAE, "PAE" }, { CPU_TSC, "TSC" }, { CPU_MSR, "MSR" }, { CPU_CX8, "CMPXCHG8B" }, { CPU_CMOV, "CMOV" },
};

/* Everything here was in every CPU since the Pentium Pro, but emulators can leave it out. */
static void check_cpu(void)
{
	cpu_detect();
	for (unsigned i = 0; i < ARRAY_SIZE(needed); i++)
		if (!cpu_has(needed[i].feature))
			refuse("boot: this CPU has no %s, which Postern needs", needed[i].name);
}

/* The hypervisor's share, or what reservetop= plays. */
static void reserve_top(void)
{
	uint32_t bytes = pv_reserve_top(), wanted;
	const char *text = option("reservetop");

	if (text && (!parse_size(text, &wanted) || wanted > 256u << 20))
		option_bad("reservetop");
	else if (text)
		bytes = MAX(bytes, wanted);
	pv_facts.reserve_top = bytes;
	if (bytes)
		reserve_top_address(bytes);
}

/*
 * Descriptors first: they make faults readable. The command line is cut before the platform's own set-up, which may look at
 * options, and the door is named before anything that could refuse.
 */
static void setup_processor(struct boot_info *bi)
{
	desc_init();
	check_cpu();
	klog("boot: %s%s%s, %s\n", boot_door_name(bi->door), *bi->loader ? " by " : "", bi->loader, cpu_info.vendor);
	cmdline_parse(bi->cmdline);
	pv_early_setup(bi);
	pv_memory_map(bi);
	pv_banner();
}

/*
 * The order binds. The top is reserved before the fixmap is used, and NX found before a page-table entry is made; the VDSO
 * images are relocated while they can be written; the call sites are patched before the text becomes read-only; SMEP and
 * SMAP come when the kernel's own mappings are final.
 */
static void setup_memory(struct boot_info *bi)
{
	reserve_top();
	cpu_enable_nx();
	page_init(bi);
	mm_init();
	heap_init(option_is("heap", "debug"));
	vmalloc_init();
	vdso_prepare();
	trace_start();
	pv_patch();
	mm_protect_kernel();
	cpu_protect();
	fpu_init_cpu();
}

/* Interrupts are still off: controllers are set up and handlers registered, but nothing arrives before everybody is ready. */
static void setup_kernel(void)
{
	time_init();
	random_init();
	sched_init();
	pv_irq_controller_init();
	vfs_init();
	tty_init();
	pv_console_init();
	pv_devices_init();
	pv_late_setup();
	vdso_init();
}

/* An initrd above the direct map is only looked at through a mapping; one within gives its frames back. */
static void unpack_initrd(const struct boot_info *bi)
{
	uint32_t size = bi->initrd.end - bi->initrd.start;

	if (!size) {
		klog("initrd: none was given, so the platform is tested instead\n");
		return;
	}
	if (bi->initrd.end <= (uint64_t)max_low_pfn << PAGE_SHIFT) {
		initrd_unpack(phys_to_virt(bi->initrd.start), size);
		page_free_range(PAGE_ALIGN_DOWN(bi->initrd.start), PAGE_ALIGN_UP(bi->initrd.end));
		return;
	}
	void *mapped = ioremap(bi->initrd.start, size);
	if (!mapped)
		refuse("initrd: %u bytes above the direct map are more than can be mapped", size);
	initrd_unpack(mapped, size);
	vfree(mapped);
}

/* ---- crash=HOW: each kind of death, for those who want to see its report and for the tests of the outcomes ---- */

static volatile int *volatile nowhere = (int *)8;	/* the compiler must believe in it */

/* The addition behind the call keeps the compiler from making a loop of it. */
static int overflow_stack(int depth)
{
	volatile char frame[512];

	frame[0] = depth;
	return (nowhere ? overflow_stack(depth + 1) : 0) + frame[0];
}

static void crash_panic(void) { panic("asked for by crash=panic"); }
static void crash_null(void) { (void)*nowhere; }
static void crash_stack(void) { overflow_stack(0); }

static const struct { const char *how; void (*die)(void); } crashes[] = {
	{ "panic", crash_panic }, { "null", crash_null }, { "stack", crash_stack }, { "doublefault", cpu_double_fault },
	{ "triple", cpu_triple_fault },
};

static void crash_if_asked(void)
{
	const char *how = option("crash");

	for (unsigned i = 0; how && i < ARRAY_SIZE(crashes); i++) {
		if (strcmp(how, crashes[i].how))
			continue;
		klog("boot: dying as asked: %s\n", how);
		crashes[i].die();
	}
	if (how)
		option_bad("crash");
}

/* ---- process 1 ---- */

/* init= or /init, with the words behind "--". An error is the user's mistake mostly, but there is nobody to go on. */
static void run_init_program(void)
{
	static const char *argv[INIT_MAX_WORDS + 2];
	static const char *const envp[] = { "HOME=/", "TERM=linux", "PATH=/bin:/tests", NULL };
	const char *path = option("init");
	unsigned n = 0;

	path = path && *path ? path : "/init";
	argv[n++] = path;
	for (char *const *w = init_words(); *w; w++)
		argv[n++] = *w;
	int error = exec_kernel(path, argv, envp);
	if (error)
		panic("cannot run %s as process 1: error %d%s", path, -error, option("init") ? "" : " (is there an initrd?)");
}

/* The first steps of process 1, in the kernel; on return it is in user mode. */
static void process1_start(void)
{
	log_progress(7);
	crash_if_asked();
	vfs_open_console();
	run_init_program();
	log_progress(8);
	klog("boot: %u cycles from the door to process 1\n", (uint32_t)(cycles() - boot_cycles));
}

static void selftest_or_panic(void)
{
	if (pv_selftest())
		panic("the self-test of the platform failed");
}

/* Without an initrd the kernel's own process 1 tests the platform and ends. */
static void process1_selftest(void)
{
	crash_if_asked();
	selftest_or_panic();
	finish(OUTCOME_EXIT, 0);
}

/*
 * The numbers of log_progress are the stages; 7 and 8 are process 1's. Interrupts are on when there are tasks to wake. This
 * stack becomes the idle task's.
 */
void kernel_main(struct boot_info *bi)
{
	klog("Postern: a small paravirtual kernel, on %s\n", pv_facts.name);
	log_progress(1);
	pv_check();
	setup_processor(bi);
	log_progress(2);
	setup_memory(bi);
	log_progress(3);
	setup_kernel();
	log_progress(4);
	unpack_initrd(bi);
	log_progress(5);
	bool alone = bi->initrd.start == bi->initrd.end, selftest = option_is("selftest", "pv");
	if (option("selftest") && !selftest)
		option_bad("selftest");
	irq_enable();
	if (selftest && !alone)
		selftest_or_panic();
	task_create_init(alone ? process1_selftest : process1_start);
	log_progress(6);
	sched_idle_loop();
}

/* Died as an old user land would that can't bear the gate, and early (T13). */
static bool worth_a_second_try(int status)
{
	int sig = WTERMSIG(status);

	if (!vdso_probing() || clock_ns() - current->process->start_ns > NSEC_PER_SEC)
		return false;
	return WIFEXITED(status) ? WEXITSTATUS(status) == 127 : sig == 11 || sig == 6;
}

/* Called in process 1's context when its last thread ends; on return it runs the new program that was loaded into it. */
void process1_died(int status)
{
	if (worth_a_second_try(status)) {
		klog("vdso=probe: process 1 died at once (status 0x%x); trying once more with vdso=off\n", status);
		vdso_turn_off();
		run_init_program();
		return;
	}
	if (WIFEXITED(status))
		finish(OUTCOME_EXIT, WEXITSTATUS(status));
	if (trap_was_int80(current->trapno, current->error))
		panic("process 1's int 0x80 was refused (exception %u, error 0x%x): the host has no gate for it, or no stack (ss1:esp1) in its TSS",
		      current->trapno, current->error);
	panic("process 1 was killed by signal %d; if its C library is older than the VDSO's place, try vdso=compat, or vdso=off",
	      WTERMSIG(status));
}
