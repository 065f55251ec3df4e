/* SPDX-License-Identifier: MIT */
/*
 * The gate: which VDSO image is used, where it is mapped, and what processes are told of it.
 *
 * vdso_init reads the boot options, relocates the chosen image (always, also by 0: one code path), maps it in the fixmap when the mode is
 * compat, and sets SYSENTER up. Modes and log lines: DESIGN section 6.
 */
#ifndef VDSO_VDSO_H
#define VDSO_VDSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm;

void vdso_init(void);				/* after the fixmap and the heap work */
void vdso_turn_off(void);			/* vdso=probe, second try: as if vdso=off had been given */
bool vdso_probing(void);			/* vdso=probe, first try */
bool vdso_off(void);

int vdso_map(struct mm *mm);			/* for exec: maps it if the mode says so; sets mm->vdso_base and mm->landing_pad; 0 or -errno */
void vdso_moved(struct mm *mm, uint32_t from, uint32_t to);	/* mremap moved the page (to = 0: it was unmapped) */
uint32_t vdso_sysinfo(const struct mm *mm);	/* AT_SYSINFO: address of __kernel_vsyscall, 0: none. AT_SYSINFO_EHDR is mm->vdso_base */
uint32_t vdso_sigreturn(const struct mm *mm);	/* trampolines for signal frames, 0: none */
uint32_t vdso_rt_sigreturn(const struct mm *mm);
uint32_t vdso_compat_base(void);		/* the compat page's address, 0 unless the mode is compat; the data page is one page below */

/* The clock as the data page describes it; called by kernel/time.c whenever the platform's description or the wall clock's offset changes. */
void vdso_update_clock(void);

int vdso_report(char *to, size_t size);		/* the line of the boot log, for /proc/pv */

#endif
