/* SPDX-License-Identifier: MIT */
/*
 * The gate: modes, places, and the data page.
 *
 * Random mode gives each program its own mapping of the page; addresses in the image are relative
 * to its start. Compat mode has one mapping for all, in the fixmap, with absolute addresses: at
 * 0xffffe000, or below what a hypervisor has taken of the top, which nobody notices because the
 * image is relocated to there (T5). The other way out, no page at all when it can't be at its old
 * address (T6), is vdso=compat,strict.
 *
 * The image's frame is part of the kernel's read-only data, so it is mapped writable nowhere; the
 * data page is a page of the kernel's bss. Off means off: no page, no SYSENTER registers, no entry
 * in the auxiliary vector (T8). What old user land makes of it all can't be known here; vdso=probe
 * only offers the second try to whoever notices that process 1 died.
 */
#include "vdso/vdso.h"

#include "arch/x86/cpu.h"
#include "arch/x86/desc.h"
#include "arch/x86/traps.h"
#include "boot/cmdline.h"
#include "kernel/lib.h"
#include "kernel/pid.h"
#include "kernel/task.h"
#include "mm/fixmap.h"
#include "mm/mm.h"
#include "vdso/data.h"

#define OLD_ADDRESS	0xffffe000u	/* where loaders of before 2004 expected the page */

#define MSR_SYSENTER_CS		0x174u	/* SDM volume 4, table 2-2; the stack pointer, 0x175, is set with each task's stack */
#define MSR_SYSENTER_EIP	0x176u

enum mode { MODE_OFF, MODE_RANDOM, MODE_COMPAT };
enum flag { STRICT = 1, FORCED = 2, PROBE = 4 };

/* vdso/images.asm */
struct vdso_image {
	void *page;
	uint32_t size;
	uint32_t vsyscall, landing_pad;		/* offsets; landing pad 0: it uses int 0x80 */
	uint32_t sigreturn, rt_sigreturn;
};
_Static_assert(sizeof(struct vdso_image) == 24, "rows of vdso/images.asm");
enum { IMAGE_INT80, IMAGE_SYSENTER };
extern const struct vdso_image vdso_images[2];

static const struct { const char *word; enum mode mode; unsigned flags; } words[] = {
	{ "on", MODE_RANDOM, 0 }, { "1", MODE_RANDOM, 0 }, { "enabled", MODE_RANDOM, 0 },
	{ "compat", MODE_COMPAT, 0 }, { "2", MODE_COMPAT, 0 },
	{ "compat,strict", MODE_COMPAT, STRICT }, { "force", MODE_COMPAT, FORCED }, { "probe", MODE_COMPAT, PROBE },
	{ "off", MODE_OFF, 0 }, { "0", MODE_OFF, 0 }, { "disabled", MODE_OFF, 0 },
};

static enum mode mode;
static unsigned flags;
static const struct vdso_image *image;

static union { struct vdso_data data; uint8_t bytes[PAGE_SIZE]; } data_page __attribute__((aligned(4096)));

/* ---- decisions at boot ---- */

static void choose_mode(void)
{
	const char *text = option("vdso");

	mode = MODE_RANDOM;
	for (unsigned i = 0; text && i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i].word)) {
			mode = words[i].mode;
			flags = words[i].flags;
			text = NULL;
		}
	if (text)
		option_bad("vdso");
	if (flags & STRICT && reserved_top) {
		klog("vdso: warning: %u KiB at the top are reserved, so the compat page can't be at 0x%08x: turned off\n",
		     reserved_top >> 10, OLD_ADDRESS);
		mode = MODE_OFF;
	}
}

static const struct vdso_image *choose_image(void)
{
	const char *text = option("vdso_entry");
	bool wanted = text && !strcmp(text, "sysenter");

	if (text && !strcmp(text, "int80"))
		return &vdso_images[IMAGE_INT80];
	if (text && !wanted && strcmp(text, "auto"))
		option_bad("vdso_entry");
	if (cpu_has(CPU_SEP) && (wanted || pv_facts.sysenter_usable))
		return &vdso_images[IMAGE_SYSENTER];
	if (wanted && mode != MODE_OFF)
		klog("vdso: no sysenter entry: this CPU has no SEP; int 0x80 instead\n");
	return &vdso_images[IMAGE_INT80];
}

void vdso_prepare(void)
{
	choose_mode();
	image = choose_image();
	if (!vdso_relocate(image->page, image->size, vdso_compat_base()))
		panic("vdso: the image is damaged");
}

/* ---- setting up ---- */

static bool uses_sysenter(void) { return mode != MODE_OFF && image->landing_pad; }

void vdso_init(void)
{
	vdso_update_clock();
	if (mode == MODE_COMPAT) {
		fixmap_set(FIX_VDSO, virt_to_phys(image->page), PTE_USER);
		fixmap_set(FIX_VDSO_DATA, virt_to_phys(&data_page), PTE_USER | PTE_NX);
	}
	if (uses_sysenter()) {
		pv_write_msr(MSR_SYSENTER_CS, kernel_cs());
		pv_write_msr(MSR_SYSENTER_EIP, (uint32_t)sysenter_entry);
	}
	if (uses_sysenter() && !pv_facts.sysenter_usable)
		desc_int80(int80_or_sysenter);
	klog("vdso: %s\n", vdso_report());
}

void vdso_turn_off(void)
{
	if (mode == MODE_COMPAT) {
		fixmap_clear(FIX_VDSO);
		fixmap_clear(FIX_VDSO_DATA);
	}
	if (uses_sysenter())
		pv_write_msr(MSR_SYSENTER_CS, 0);	/* SYSENTER then faults */
	mode = MODE_OFF;
	klog("vdso: %s\n", vdso_report());
}

/* ---- questions ---- */

bool vdso_off(void) { return mode == MODE_OFF; }

bool vdso_probing(void) { return mode != MODE_OFF && flags & PROBE; }

uint32_t vdso_compat_base(void) { return mode == MODE_COMPAT ? fix_to_virt(FIX_VDSO) : 0; }

uint32_t vdso_sysinfo(const struct mm *mm) { return mm->vdso_base ? mm->vdso_base + image->vsyscall : 0; }

uint32_t vdso_sigreturn(const struct mm *mm) { return mm->vdso_base ? mm->vdso_base + image->sigreturn : 0; }

uint32_t vdso_rt_sigreturn(const struct mm *mm) { return mm->vdso_base ? mm->vdso_base + image->rt_sigreturn : 0; }

const char *vdso_report(void)
{
	static char text[128];
	const char *entry = !image->landing_pad ? "int 0x80" : pv_facts.sysenter_usable ? "sysenter" : "sysenter (slow here)";
	const char *probing = flags & PROBE ? ", probing (vdso=probe)" : "", *forced = flags & FORCED ? " (forced)" : "";
	char moved[40] = "";

	if (mode == MODE_OFF)
		return "off";
	if (mode == MODE_COMPAT && vdso_compat_base() != OLD_ADDRESS)
		snprintf(moved, sizeof(moved), " (relocated from 0x%08x)", OLD_ADDRESS);
	if (mode == MODE_RANDOM)
		snprintf(text, sizeof(text), "random, entry %s", entry);
	else
		snprintf(text, sizeof(text), "compat at 0x%08x%s%s, entry %s%s", vdso_compat_base(), forced, moved, entry, probing);
	return text;
}

/* ---- processes ---- */

static void set_base(struct mm *mm, uint32_t base)
{
	mm->vdso_base = base;
	mm->landing_pad = base && image->landing_pad ? base + image->landing_pad : 0;
}

int vdso_map(struct mm *mm, uint32_t at)
{
	uint32_t got;

	set_base(mm, vdso_compat_base());
	if (mode != MODE_RANDOM)
		return 0;
	got = mm_map_special(mm, at, virt_to_pfn(&data_page), VM_READ, "[vvar]");
	if (!IS_ERR_VALUE(got))
		got = mm_map_special(mm, at + PAGE_SIZE, virt_to_pfn(image->page), VM_READ | VM_EXEC, "[vdso]");
	if (IS_ERR_VALUE(got))
		return (int)got;
	BUG_ON(got != at + PAGE_SIZE);
	set_base(mm, got);
	return 0;
}

/*
 * Every task that runs in mm has a copy of the landing pad, and one that is in a call by SYSENTER
 * goes back to it, so must go to the new one. Rare, so all processes are asked.
 */
void vdso_moved(struct mm *mm, uint32_t from, uint32_t to)
{
	uint32_t old_pad = mm->landing_pad;
	struct task *t;

	if (!from || from != mm->vdso_base)
		return;
	set_base(mm, to);
	for (struct process *p = next_process(0); p; p = next_process(p->pid + 1))
		list_for_each(t, &p->tasks, group_node) {
			if (t->mm != mm)
				continue;
			t->landing_pad = mm->landing_pad;
			if (old_pad && mm->landing_pad && task_user_regs(t)->eip == old_pad)
				task_user_regs(t)->eip = mm->landing_pad;
		}
}

/* ---- the data page ---- */

/*
 * Makes a * mult >> shift into (a << pre_shift) * mult >> 32 without losing a bit of the result;
 * false when that can't be.
 */
static bool fit_factor(struct pv_clock_desc *d)
{
	while (d->mult && !(d->mult >> 31) && d->shift < 32) {
		d->mult <<= 1;
		d->shift++;
	}
	return d->mult && d->shift >= 1 && d->shift <= 32;
}

void vdso_update_clock(void)
{
	volatile struct vdso_data *page = &data_page.data;
	struct pv_clock_desc d;

	pv_describe_clock(&d);
	page->seq |= 1;
	page->usable = d.usable && fit_factor(&d);
	if (!page->usable)
		return;
	page->tsc_base = d.tsc_base;
	page->mult = d.mult;
	page->pre_shift = 32 - d.shift;
	page->base_ns[0] = d.base_ns + wall_offset();
	page->base_ns[1] = d.base_ns;
	page->seq++;
}
