/* SPDX-License-Identifier: MIT */
/*
 * The gate: which VDSO image is used, where it is mapped, and what processes are told of it.
 *
 * The boot options vdso= and vdso_entry= choose the mode (random, compat, off) and the image. The
 * image is always relocated, also by 0: one code path. The data page lies one page below the image
 * in both modes. Modes and log lines: DESIGN section 6.
 */
#ifndef VDSO_VDSO_H
#define VDSO_VDSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm;

/*
 * Reads the options, decides, and relocates the image in its page of .data.ro_after_init: after
 * reserve_top_address(), before mm_protect_kernel(). Logs warnings only.
 */
void vdso_prepare(void);
/*
 * Maps the compat page, sets SYSENTER up, logs what was decided: after the fixmap and time_init().
 */
void vdso_init(void);
void vdso_turn_off(void);			/* vdso=probe, second try: as if vdso=off had been given */
bool vdso_probing(void);			/* vdso=probe, first try */
bool vdso_off(void);

/*
 * For exec: in random mode maps the data page at the given address, which must be free together
 * with the page above it, and the page above. Sets mm->vdso_base and mm->landing_pad in every mode.
 * 0 or -errno.
 */
int vdso_map(struct mm *mm, uint32_t at);
/*
 * mremap moved a special page of mm from one address to another (to = 0: it was unmapped). Other
 * pages than the VDSO's own are no matter.
 */
void vdso_moved(struct mm *mm, uint32_t from, uint32_t to);
/*
 * Adds base to every address in the image, which was linked at 0 (T5): entry, program headers, section headers, dynamic
 * section, symbols. Code is position-independent. The image is size bytes at a word-aligned place.
 * False when it is no i386 shared object or something in it lies outside of it; part of it may have
 * been changed then, but nothing outside.
 */
bool vdso_relocate(void *image, uint32_t size, uint32_t base);
/*
 * Addresses as a process sees them, 0: it has no gate. AT_SYSINFO is __kernel_vsyscall
 * (AT_SYSINFO_EHDR is mm->vdso_base); the trampolines are where a signal handler returns to
 * that was installed without SA_RESTORER.
 */
uint32_t vdso_sysinfo(const struct mm *mm);
uint32_t vdso_sigreturn(const struct mm *mm);
uint32_t vdso_rt_sigreturn(const struct mm *mm);
uint32_t vdso_compat_base(void);		/* the compat page's address, 0 unless the mode is compat; the data page is one page below */

/*
 * The clock as the data page describes it; called by kernel/time.c whenever the platform's
 * description or the wall clock's offset changes.
 */
void vdso_update_clock(void);

const char *vdso_report(void);		/* the line of the boot log, for /proc/pv; valid until the next call */

#endif
