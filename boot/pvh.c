/* SPDX-License-Identifier: MIT */
/*
 * The reader of PVH boot information: struct hvm_start_info, version 1 (Xen public/arch-x86/hvm/start_info.h; docs/misc/pvh).
 *
 * Unlike multiboot's structures this one has 64-bit addresses: all may lie anywhere, and window_at refuses what is out of
 * reach. A module that wraps at 2^64 ends before it starts, which boot_info_finish refuses. The command line comes
 * without the image's name. A version 0 structure has no memory map; no loader of ELF kernels that we
 * know still makes one, so it is refused.
 */
#include "boot/window.h"

#define HVM_START_MAGIC	0x336EC578u

struct hvm_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
_Static_assert(offsetof(struct hvm_start_info, memmap) == 40 && sizeof(struct hvm_start_info) == 56, "hvm_start_info, version 1");

struct hvm_module { uint64_t addr, size, cmdline, reserved; };
struct hvm_memmap { uint64_t addr, size; uint32_t type, reserved; };
_Static_assert(sizeof(struct hvm_memmap) == 24 && sizeof(struct hvm_module) == 32, "hvm_start_info's tables");

const char *pvh_read(const struct boot_window *w, uint32_t info, struct boot_info *bi, struct boot_map *map)
{
	const struct hvm_start_info *si = window_at(w, info, sizeof(*si));

	if (!si || si->magic != HVM_START_MAGIC)
		return "the PVH start information is malformed or lies outside of memory";
	if (si->version < 1)
		return "the PVH start information is of version 0, without a memory map";
	bi->acpi_root = si->rsdp;
	if (si->cmdline) {
		const char *wrong = boot_copy_cmdline(w, si->cmdline, bi);
		if (wrong)
			return wrong;
	}
	if (si->nr_modules) {
		const struct hvm_module *m = window_at(w, si->modlist, sizeof(*m));
		if (!m)
			return "the list of modules lies outside of memory";
		boot_set_initrd(bi, m->addr, m->addr + m->size);
	}
	if (si->memmap_entries > 4096)
		return "the memory map is malformed";
	const struct hvm_memmap *e = window_at(w, si->memmap, si->memmap_entries * (uint64_t)sizeof(*e));
	if (!e)
		return "the memory map lies outside of memory";
	for (uint32_t i = 0; i < si->memmap_entries; i++)
		boot_map_add(map, e[i].addr, e[i].size, e[i].type);
	return NULL;
}
