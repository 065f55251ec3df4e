/* SPDX-License-Identifier: MIT */
/*
 * Choosing the platform and checking its table.
 *
 * Backends are asked in order, the most specific first; native is the last and takes what nobody else wants. The table and the facts are
 * read-only once boot is over (mm_protect_kernel); a backend completes them in early_setup at the latest.
 *
 * A member that a backend has forgotten never is a jump to address 0: it becomes `missing` when the table is installed, which does nothing and so
 * lives long enough for pv_check to name it.
 */
#include "kernel/lib.h"
#include "pv/backend.h"
#include "pv/pv.h"

struct pv_ops pv_ops RO_AFTER_INIT = { 0 };
struct pv_facts pv_facts RO_AFTER_INIT = { .name = "unknown" };
const struct pv_backend *pv_backend RO_AFTER_INIT = NULL;

static const struct pv_backend *const backends[] = { &lguest_backend, &native_backend };

const char *const pv_op_names[PV_OP_COUNT] = {
#define OP(sub, member)	[offsetof(struct pv_ops, sub.member) / sizeof(void *)] = #sub "." #member,
#include "pv/ops.def"
#undef OP
};

enum {
#define OP(sub, member)	OP_##sub##_##member,
#include "pv/ops.def"
#undef OP
	OPS
};
_Static_assert(OPS == PV_OP_COUNT, "pv/ops.def lists every member of struct pv_ops");
#define OP(sub, member)	_Static_assert(OP_##sub##_##member == offsetof(struct pv_ops, sub.member) / sizeof(void *), "in the same order");
#include "pv/ops.def"
#undef OP

static void missing(void)
{
}

void pv_install(struct boot_info *bi)
{
	pv_hook *member = (pv_hook *)&pv_ops;
	unsigned i = 0;

	while (i + 1 < ARRAY_SIZE(backends) && !backends[i]->init->detect(bi))
		i++;
	const struct pv_backend *b = backends[i];
	pv_backend = b;
	pv_ops = (struct pv_ops){ *b->init, *b->cpu, *b->mmu, *b->irq, *b->time, *b->io, *b->smp };
	pv_facts = *b->facts;
	for (i = 0; i < PV_OP_COUNT; i++)
		if (!member[i])
			member[i] = missing;
}

void pv_check(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PV_OP_COUNT; i++) {
		if (pv_hook_at(i) != missing)
			continue;
		klog("pv: %s has no %s\n", pv_facts.name, pv_op_names[i]);
		count++;
	}
	if (count)
		panic("the table of %s lacks %u operations", pv_facts.name, count);
}
