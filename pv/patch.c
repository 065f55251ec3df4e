/* SPDX-License-Identifier: MIT */
/*
 * The patcher: every call site of the table becomes the backend's own instructions, a direct call or jump, or nothing.
 *
 * The ladder for a site: the hook is pv_nop -> nothing; the backend has a snippet for it that fits -> the snippet; else a direct call. What is left
 * of the site's bytes is filled with prefixes of the first instruction (DS overrides: they change nothing where segments are flat), so padding
 * executes no instruction of its own; only an empty site costs one no-op. Sites are written through the boot's writable mapping of the text; with
 * pv=nopatch they stay as they are. With pv=nolazy the ways into the lazy modes become nothing, so each update is made at once: a fault
 * that goes away with it is a missing flush. (The ways out stay; nothing waits there.)
 */
#include "boot/cmdline.h"
#include "kernel/lib.h"
#include "pv/backend.h"
#include "pv/pv.h"

#define PREFIX		0x3E	/* DS segment override */
#define NO_OP		0x90
#define CALL_REL32	0xE8
#define JMP_REL32	0xE9
#define REL32_LENGTH	5u
#define ENTRY_CALL	2u	/* push esi; push ebx; call [...]; add esp, 8: where the call stands in PV_SET_ENTRY */
#define CALL_LENGTH	6u	/* call [...]; some sites are longer, by prefixes */
#define LONGEST		15u	/* a site may become one instruction: Intel SDM volume 2, 2.3.11 */

extern const struct pv_site __pv_sites_start[], __pv_sites_end[];

uint16_t pv_site_ends[PV_OP_COUNT][PV_ENDS];
static bool never_lazy;

static void fill(uint8_t *at, unsigned length, const uint8_t *code, unsigned n)
{
	memset(at, PREFIX, length - n);
	memcpy(at + length - n, code, n);
}

/* Where a branch starts doesn't matter, only where it ends. */
static void fill_branch(uint8_t *at, unsigned length, uint8_t opcode, pv_hook target)
{
	uint8_t code[REL32_LENGTH] = { opcode };
	uint32_t distance = (uint32_t)target - (uint32_t)(at + length);

	memcpy(code + 1, &distance, sizeof(distance));
	fill(at, length, code, sizeof(code));
}

static const struct pv_snippet *snippet_for(pv_hook hook, unsigned room)
{
	for (const struct pv_snippet *s = pv_backend->snippets; s < pv_backend->snippets_end; s++)
		if (s->hook == hook && (unsigned)(s->end - s->start) <= room)
			return s;
	return NULL;
}

static enum pv_site_end patch_site(const struct pv_site *site)
{
	static const uint8_t nothing[] = { NO_OP };
	pv_hook hook = pv_hook_at(site->op / sizeof(hook));
	const struct pv_snippet *s = snippet_for(hook, site->length);
	uint8_t *at = (uint8_t *)site->address;

	if (hook == pv_nop || (never_lazy && (site->op == offsetof(struct pv_ops, cpu.lazy_enter) ||
					      site->op == offsetof(struct pv_ops, mmu.lazy_enter)))) {
		fill(at, site->length, nothing, sizeof(nothing));
		return PV_END_NOTHING;
	}
	if (s) {
		fill(at, site->length, s->start, s->end - s->start);
		return PV_END_INLINE;
	}
	if (site->kind == PV_SITE_ENTRY)
		fill_branch(at + ENTRY_CALL, CALL_LENGTH, CALL_REL32, hook);
	else
		fill_branch(at, site->length, site->kind == PV_SITE_JUMP ? JMP_REL32 : CALL_REL32, hook);
	return PV_END_DIRECT;
}

static void check_site(const struct pv_site *site)
{
	BUG_ON(site->op % sizeof(pv_hook) || site->op >= sizeof(struct pv_ops));
	BUG_ON(site->length < CALL_LENGTH || site->length > LONGEST);
}

static void log_ends(const char *what, const uint16_t n[PV_ENDS])
{
	unsigned count = n[PV_END_INLINE] + n[PV_END_DIRECT] + n[PV_END_NOTHING] + n[PV_END_TABLE];

	if (count)
		klog("pv: %u %s: %u inlined, %u direct, %u nothing, %u through the table\n", count, what, n[PV_END_INLINE],
		     n[PV_END_DIRECT], n[PV_END_NOTHING], n[PV_END_TABLE]);
}

void pv_patch(void)
{
	bool leave = option_is("pv", "nopatch"), list = option_is("pv", "sites");
	uint16_t total[PV_ENDS] = { 0 };
	struct cpuid_regs ignored;

	never_lazy = option_is("pv", "nolazy");
	if (option("pv") && !leave && !list && !never_lazy)
		option_bad("pv");
	irq_flags_t flags = irq_save();
	for (const struct pv_site *site = __pv_sites_start; site < __pv_sites_end; site++) {
		check_site(site);
		enum pv_site_end end = leave ? PV_END_TABLE : patch_site(site);
		pv_site_ends[site->op / sizeof(pv_hook)][end]++;
		total[end]++;
	}
	pv_cpuid(0, 0, &ignored);		/* serialises: what was prefetched is fetched anew */
	irq_restore(flags);
	for (unsigned i = 0; list && i < PV_OP_COUNT; i++)
		log_ends(pv_op_names[i], pv_site_ends[i]);
	log_ends("patch sites", total);
}
