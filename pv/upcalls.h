/* SPDX-License-Identifier: MIT */
/*
 * All that a backend may use of the kernel (T24): the ordinary functions, gathered in one place.
 */
#ifndef PV_UPCALLS_H
#define PV_UPCALLS_H

#include "arch/x86/cpu.h"	/* what CPUID says */
#include "arch/x86/io.h"	/* ports */
#include "boot/boot_info.h"	/* how we were loaded */
#include "boot/cmdline.h"	/* options */
#include "drivers/console.h"	/* the consoles of a PC */
#include "kernel/irq.h"		/* interrupts */
#include "kernel/lib.h"
#include "kernel/log.h"		/* log, panic, refuse */
#include "kernel/time.h"	/* clock events */
#include "mm/fixmap.h"		/* memory: */
#include "mm/heap.h"
#include "mm/mm.h"		/* whose page tables are mm->pgd */
#include "mm/page.h"
#include "mm/vmalloc.h"

#endif
