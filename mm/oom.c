/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: the biggest process is killed, and its pages are taken at once.
 *
 * The victim needs no CPU time to give its memory back: every process that shares its address space
 * gets SIGKILL, none of them will see user mode again, so the pages and page tables can go right
 * away, whatever the victim is sleeping in. (If its kernel code touches user memory on the way out,
 * it finds zeros or the file's pages.) So each call either frees something or condemns the caller,
 * and callers may simply try again while it returns true.
 *
 * The biggest has the most pages present; of equals the one with the highest number. Process 1 is
 * spared, and so is whoever shares its address space. A victim whose memory is gone is not chosen
 * again. What lies in files of ramfs or was taken by the kernel is not found this way.
 */
#include "kernel/pid.h"
#include "mm/internal.h"

/* Process 1 can't be killed by a signal. */
static struct process *biggest(void)
{
	struct process *best = NULL, *first = next_process(1);
	const struct mm *init = first && first->pid == 1 ? process_mm(first) : NULL;
	uint32_t size = 1;

	for (struct process *p = next_process(2); p; p = next_process(p->pid + 1)) {
		const struct mm *mm = process_mm(p);
		uint32_t rss = mm ? mm_resident(mm) : 0;
		if (rss < size || mm == init)
			continue;
		best = p;
		size = rss;
	}
	return best;
}

int oom_kill(void)
{
	struct process *victim = biggest();

	if (!victim)
		return -1;
	struct mm *mm = process_mm(victim);
	klog("memory: used up; process %d (%s) is killed for its %u KiB\n", victim->pid, victim->leader->comm, mm_resident(mm) * 4);
	for (struct process *p = next_process(2); p; p = next_process(p->pid + 1))
		if (process_mm(p) == mm)
			send_signal_process(p, SIGKILL);
	if (mm == current->mm)
		return 0;
	mm_reap(mm);
	return 1;
}
