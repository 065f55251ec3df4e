/* SPDX-License-Identifier: MIT */
/*
 * Loading a guest: its memory, the ELF image, the initrd, boot_params, and the processor as lguest.md 4 says.
 *
 * The image is ELF32 ET_EXEC for i386; its program headers may lie. Each PT_LOAD goes to its physical address; what is not from the file is zero. The initrd
 * is at the end of RAM, the image and pages 0 and 1 (boot_params and command line) must not overlap it or each other.
 */
#include "abi/elf.h"
#include "kernel/lib.h"
#include "shim/clock.h"
#include "shim/guest.h"
#include "shim/memory.h"

#define PARAMS_END	0x2000u		/* boot_params and the command line */

static const char *load_segment(struct guest *g, const Elf32_Phdr *p, uint32_t image_size, uint32_t end)
{
	if (p->p_filesz > p->p_memsz || p->p_offset > image_size || p->p_filesz > image_size - p->p_offset)
		return "a segment that is not in the file";
	if (p->p_paddr < PARAMS_END || p->p_paddr > end || p->p_memsz > end - p->p_paddr)
		return "a segment outside of its memory";
	memcpy(g->memory + p->p_paddr, (const uint8_t *)g->image->start + p->p_offset, p->p_filesz);
	return NULL;
}

static const char *load_image(struct guest *g, uint32_t end)
{
	const Elf32_Ehdr *eh = (const Elf32_Ehdr *)g->image->start;
	uint32_t size = g->image->end - g->image->start;
	const char *wrong = NULL;

	if (size < sizeof(*eh) || eh->e_ident[4] != 1 || eh->e_ident[5] != 1 || eh->e_type != 2 || eh->e_machine != 3)
		return "no ELF32 executable for i386";
	if (eh->e_phentsize != sizeof(Elf32_Phdr) || eh->e_phoff > size || eh->e_phnum > (size - eh->e_phoff) / sizeof(Elf32_Phdr))
		return "program headers that are not in the file";
	const Elf32_Phdr *p = (const Elf32_Phdr *)(g->image->start + eh->e_phoff);
	for (unsigned i = 0; i < eh->e_phnum && !wrong; i++)
		if (p[i].p_type == PT_LOAD)
			wrong = load_segment(g, &p[i], size, end);
	g->regs->eip = eh->e_entry;
	return wrong;
}

/* The end of the RAM that the image may use. */
static uint32_t load_initrd(struct guest *g)
{
	uint32_t end = g->memory_pages * PAGE_SIZE, size = g->initrd ? g->initrd->end - g->initrd->start : 0;
	struct lguest_boot_params *b = (struct lguest_boot_params *)g->memory;

	if (!size || ROUND_UP(size, PAGE_SIZE) >= end - PARAMS_END)
		return size ? 0 : end;
	b->type_of_loader = 0xFF;
	b->ramdisk_size = ROUND_UP(size, PAGE_SIZE);
	b->ramdisk_image = end - b->ramdisk_size;
	memcpy(g->memory + b->ramdisk_image, (const void *)g->initrd->start, size);
	return b->ramdisk_image;
}

static void fill_params(struct guest *g)
{
	struct lguest_boot_params *b = (struct lguest_boot_params *)g->memory;

	b->e820_entries = 1;
	b->e820[0] = (struct lguest_e820){ 0, g->memory_pages * PAGE_SIZE, 1 };
	b->version = LGUEST_BOOT_VERSION;
	b->loadflags = LGUEST_KEEP_SEGMENTS;
	b->cmd_line_ptr = LGUEST_CMDLINE;
	b->kernel_alignment = 0x1000000;
	b->hardware_subarch = LGUEST_SUBARCH;
	strlcpy((char *)g->memory + LGUEST_CMDLINE, g->image->cmdline, CMDLINE_SIZE);
	if (g->restarts) {
		size_t n = strlen(g->image->cmdline);
		snprintf((char *)g->memory + LGUEST_CMDLINE + n, CMDLINE_SIZE - n, " restart=%u", g->restarts);
	}
}

void guest_load(struct guest *g)
{
	g->data = NULL;
	g->ts = false;
	g->ring_next = g->pending = 0;
	g->event = NEVER;
	g->deadline = options.lifetime && g->number < 2 ? clock_ns() + options.lifetime * 1000000ull : NEVER;
	g->state = GUEST_READY;
	memset(g->memory, 0, g->limit * PAGE_SIZE);
	memset(g->fpu, 0, sizeof(g->fpu));
	*(uint16_t *)g->fpu = 0x37F;			/* FCW after FNINIT; MXCSR at 24: Intel SDM volume 1, 10.5.1.2 */
	*(uint32_t *)(g->fpu + 24) = 0x1F80;
	*g->regs = (struct regs){ .cs = LGUEST_KERNEL_CS, .ds = LGUEST_KERNEL_DS, .es = LGUEST_KERNEL_DS, .ss = LGUEST_KERNEL_DS,
				 .eflags = EFLAGS_IF | 2 };
	guest_init_processor(g);
	shadow_reset(g, LINEAR);
	device_init(g);
	fill_params(g);
	uint32_t end = load_initrd(g);
	const char *wrong = end ? load_image(g, end) : "an initrd that its memory has no room for";
	if (wrong)
		guest_stop(g, "its image: %s", wrong);
}
