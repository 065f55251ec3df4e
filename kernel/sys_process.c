/* SPDX-License-Identifier: MIT */
/*
 * The calls about who a process is and what it may use: numbers, groups and sessions, limits,
 * thread-local storage and the LDT, the machine.
 *
 * Everybody is root and there is one CPU. Limits are kept and shown; those that count are looked at
 * by whoever gives the resource (files, memory, signals). Groups and sessions: POSIX.1-2017,
 * setpgid and setsid.
 */
#include "abi/ldt.h"
#include "abi/reboot.h"
#include "abi/resource.h"
#include "abi/utsname.h"
#include "kernel/fd.h"
#include "kernel/syscall.h"
#include "kernel/version.h"

/* ---- groups and sessions ---- */

#define NGROUPS_MAX	65536u

/* For setgroups: root's group may be in the list as often as one likes. */
long only_group_0(uint32_t n, const void *groups, uint32_t size)
{
	uint32_t id = 0;
	int error = n > NGROUPS_MAX ? -EINVAL : 0;

	for (; n && !error; n--, groups += size)
		error = copy_from_user(&id, groups, size) ?: id ? -EINVAL : 0;
	return error;
}

/* 0 means the caller wherever a call takes a process. NULL: there is none. Zombies count. */
static struct process *process_or_self(int pid) { return pid ? find_process(pid) : current->process; }

/* For getpgid and getsid. */
long number_of_group(int pid, bool session)
{
	const struct process *p = process_or_self(pid);

	return !p ? -ESRCH : session ? p->sid : p->pgid;
}

/*
 * POSIX.1-2017, setpgid, ERRORS: only oneself and children that have not called exec yet, no
 * session leader, no other session.
 */
static int may_move(const struct process *p)
{
	const struct process *me = current->process;

	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	if (p->sid != me->sid || p->sid == p->pid)
		return -EPERM;
	return p != me && p->execed ? -EACCES : 0;
}

/* To a group of its own (pgid 0 or its pid), or to one that exists in its session. */
long sys_setpgid(int pid, int pgid)
{
	struct process *p = process_or_self(pid);
	int error = pid < 0 || pgid < 0 ? -EINVAL : may_move(p);

	if (error)
		return error;
	if (!pgid)
		pgid = p->pid;
	if (pgid != p->pid && !pgrp_exists(pgid, p->sid))
		return -EPERM;
	if (pgid != p->pgid)
		pid_move_process(p, pgid, p->sid);
	return 0;
}

/*
 * A new session, with the process as its leader and in a group of its own, without a terminal. One
 * that leads a group already can't: the group would be in two sessions (POSIX.1-2017, setsid).
 */
long sys_setsid(void)
{
	struct process *p = current->process;

	if (pgrp_exists(p->pid, 0))
		return -EPERM;
	pid_move_process(p, p->pid, p->pid);
	p->ctty = NULL;
	return p->pid;
}

/* ---- limits and usage ---- */

/*
 * The one way to all limits, in Linux's order of refusals: *old is what it was, new may be NULL. The
 * hard limit may be raised, too: everybody is root; but a descriptor table has FD_MAX places.
 */
static int limit_exchange(int pid, uint32_t resource, const struct rlimit *new, struct rlimit *old)
{
	struct process *p = process_or_self(pid);

	if (!p)
		return -ESRCH;
	if (resource >= RLIM_NLIMITS || (new && new->rlim_cur > new->rlim_max))
		return -EINVAL;
	if (new && resource == RLIMIT_NOFILE && new->rlim_max > FD_MAX)
		return -EPERM;
	memcpy(old, p->rlimits[resource], sizeof(*old));
	if (new)
		memcpy(p->rlimits[resource], new, sizeof(*new));
	if (resource == RLIMIT_STACK && process_mm(p))
		process_mm(p)->stack_limit = p->rlimits[resource][0];
	return 0;
}

long sys_setrlimit(uint32_t resource, const struct rlimit *user)
{
	struct rlimit new, old;

	return copy_from_user(&new, user, sizeof(new)) ? -EFAULT : limit_exchange(0, resource, &new, &old);
}

/* most: the first version knew signed numbers only; more than they can say is the most they can. */
long limit_get(uint32_t resource, struct rlimit *user, uint32_t most)
{
	struct rlimit r = { 0 };
	int error = limit_exchange(0, resource, NULL, &r);

	r = (struct rlimit) { MIN(r.rlim_cur, most), MIN(r.rlim_max, most) };
	return error ?: copy_to_user(user, &r, sizeof(r));
}

static uint64_t widen(uint32_t limit) { return limit == RLIM_INFINITY ? RLIM64_INFINITY : limit; }

/* Here limits have 64 bits, but what they limit has 32: what doesn't fit is no limit. */
long sys_prlimit64(int pid, uint32_t resource, const struct rlimit64 *user_new, struct rlimit64 *user_old)
{
	struct rlimit64 wide = { 0 };
	struct rlimit new, old = { 0 };

	if (user_new && copy_from_user(&wide, user_new, sizeof(wide)))
		return -EFAULT;
	new = (struct rlimit) { MIN(wide.rlim_cur, RLIM_INFINITY), MIN(wide.rlim_max, RLIM_INFINITY) };
	int error = limit_exchange(pid, resource, user_new ? &new : NULL, &old);
	wide = (struct rlimit64) { widen(old.rlim_cur), widen(old.rlim_max) };
	return error ?: user_old ? copy_to_user(user_old, &wide, sizeof(wide)) : 0;
}

/* Page faults, switches and the like are not counted: they stay 0, which getrusage(2) allows. */
int rusage_put(void *user, uint64_t utime_ns)
{
	struct rusage ru = { .ru_utime = ns_to_timeval(utime_ns) };

	return copy_to_user(user, &ru, sizeof(ru));
}

long sys_getrusage(int who, struct rusage *user)
{
	const struct process *p = process_account(current->process);

	if (who < RUSAGE_CHILDREN || who > RUSAGE_THREAD)
		return -EINVAL;
	return rusage_put(user, who == RUSAGE_THREAD ? cycles_to_ns(task_cycles(current)) : who ? p->cutime_ns : p->utime_ns);
}

/* ---- segments: thread-local storage (linux-i386.md section 5), the LDT ---- */

#define DESC_FIXED	0x7100u	/* of a descriptor's upper word (Intel SDM volume 3, 3.4.5): accessed, no system segment, privilege level 3 */
#define TLS_REFUSED	((USER_DESC_CONTENTS & ~2) | USER_DESC_SEG_NOT_PRESENT)
#define USER_DESC_CODE	4	/* of USER_DESC_CONTENTS */
#define DEFAULT_LDT	40u	/* bytes of it: five descriptors, all zero since Linux 2.6 */

/* Base and limit are cut up as the SDM's figure 3-8 shows; then kind, writable or readable, limit in pages, present, usable, 32 bits. */
static uint64_t to_descriptor(const struct user_desc *d)
{
	uint32_t low = (d->limit & 0xFFFF) | d->base_addr << 16;
	uint32_t high = (d->base_addr >> 16 & 0xFF) | (d->limit & 0xF0000) | (d->base_addr & 0xFF000000) | DESC_FIXED;

	high |= (d->flags & 6) << 9 | (~d->flags & 8) << 6 | (d->flags & 0x10) << 19 | (~d->flags & 0x20) << 10;
	high |= (d->flags & 0x40) << 14 | (d->flags & 1) << 22;
	return (uint64_t)high << 32 | low;
}

/* The way back. An empty slot is 0. */
static void from_descriptor(struct user_desc *d, uint64_t entry)
{
	uint32_t low = entry, high = entry >> 32;

	d->base_addr = low >> 16 | (high & 0xFF) << 16 | (high & 0xFF000000);
	d->limit = (low & 0xFFFF) | (high & 0xF0000);
	d->flags = (high >> 9 & 2) | (~high >> 6 & 8) | (high >> 19 & 0x10) | (high >> 14 & 0x40);
	d->flags |= entry ? USER_DESC_SEG_32BIT : USER_DESC_SEG_NOT_PRESENT;
}

static bool desc_empty(const struct user_desc *d) { return !d->base_addr && !d->limit && d->flags == USER_DESC_EMPTY; }

/*
 * All zeros are an empty slot, too, as on Linux; 16-bit segments are refused (see ldt_write). The
 * slot that was chosen is written back before the descriptor is set, so that a fault leaves nothing
 * behind that the program doesn't know of.
 */
int tls_read(struct task *t, void *user, bool alloc)
{
	struct user_desc d;
	uint32_t slot = 0;

	if (copy_from_user(&d, user, sizeof(d)))
		return -EFAULT;
	d.flags &= USER_DESC_FLAGS;
	bool empty = desc_empty(&d) || !(d.base_addr | d.limit | d.flags);
	if (!empty && (!(d.flags & USER_DESC_SEG_32BIT) || d.flags & TLS_REFUSED))
		return -EINVAL;
	if (alloc && d.entry_number == (uint32_t)-1) {
		while (slot < ARRAY_SIZE(t->tls) && t->tls[slot])
			slot++;
		if (slot == ARRAY_SIZE(t->tls))
			return -ESRCH;
		d.entry_number = GDT_ENTRY_TLS_MIN + slot;
		if (put_user_u32(user, d.entry_number))
			return -EFAULT;
	}
	if (d.entry_number < GDT_ENTRY_TLS_MIN || d.entry_number > GDT_ENTRY_TLS_MAX)
		return -EINVAL;
	t->tls[d.entry_number - GDT_ENTRY_TLS_MIN] = empty ? 0 : to_descriptor(&d);
	t->tls_used = true;
	return 0;
}

/* What set_thread_area has set, by the number of the entry. */
long sys_get_thread_area(struct user_desc *user)
{
	struct user_desc d;

	if (get_user_u32(&d.entry_number, user))
		return -EFAULT;
	if (d.entry_number < GDT_ENTRY_TLS_MIN || d.entry_number > GDT_ENTRY_TLS_MAX)
		return -EINVAL;
	from_descriptor(&d, current->tls[d.entry_number - GDT_ENTRY_TLS_MIN]);
	return copy_to_user(user, &d, sizeof(d));
}

static long ldt_read(void *user, uint32_t size)
{
	const struct mm *mm = current->mm;
	uint32_t there;

	if (!mm->ldt)
		return 0;
	size = MIN(size, LDT_ENTRIES * sizeof(*mm->ldt));
	there = MIN(size, mm->ldt_entries * sizeof(*mm->ldt));
	return copy_to_user(user, mm->ldt, there) ?: clear_user((char *)user + there, size - there) ?: (long)size;
}

/*
 * In the old mode base and limit 0 are an empty entry, and there is neither conforming code nor the
 * flag "useable". 16-bit segments that can be a stack are refused, as by a Linux without
 * CONFIG_X86_16BIT: iret would leave the upper half of esp there as the kernel's.
 */
static long ldt_write(const void *user, uint32_t size, bool old)
{
	struct user_desc d;

	if (size != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, user, sizeof(d)))
		return -EFAULT;
	d.flags &= old ? USER_DESC_FLAGS & ~USER_DESC_USEABLE : USER_DESC_FLAGS;
	bool empty = desc_empty(&d) || (old && !d.base_addr && !d.limit);
	bool conforming = (d.flags & USER_DESC_CONTENTS) == USER_DESC_CONTENTS;
	bool stack16 = !(d.flags & (USER_DESC_SEG_32BIT | USER_DESC_CODE | USER_DESC_READ_EXEC_ONLY));
	if (d.entry_number >= LDT_ENTRIES || (conforming && (old || !(d.flags & USER_DESC_SEG_NOT_PRESENT))) || (stack16 && !empty))
		return -EINVAL;
	return mm_set_ldt(d.entry_number, empty ? 0 : to_descriptor(&d));
}

long sys_modify_ldt(int func, void *user, uint32_t size)
{
	if (!pv_facts.ldt_usable)
		return -ENOSYS;
	switch (func) {
	case 0:
		return ldt_read(user, size);
	case 1:
	case 0x11:
		return ldt_write(user, size, func == 1);
	case 2:
		size = MIN(size, DEFAULT_LDT);
		return clear_user(user, size) ?: (long)size;
	}
	return -ENOSYS;
}

/*
 * getpriority and setpriority: niceness is kept and told, but all have equal shares. What getpriority returns is 20 less it; of several
 * processes that of the most favoured one.
 */
long priority(uint32_t which, int who, const int *new)
{
	const struct process *self = current->process;
	long result = -ESRCH;

	if (which > PRIO_USER)
		return -EINVAL;
	if (!who && which != PRIO_USER)
		who = which == PRIO_PROCESS ? self->pid : self->pgid;
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1)) {
		if (who != (which == PRIO_PROCESS ? p->pid : which == PRIO_PGRP ? p->pgid : 0))
			continue;
		if (new)
			p->nice = MAX(MIN(*new, 19), -20);
		result = new ? 0 : MAX(result, 20 - p->nice);
	}
	return result;
}

/* ---- the machine ---- */

/* The machine is i686 whatever the processor: that is the baseline of the user land. */
long sys_newuname(struct utsname *user)
{
	static const struct utsname name = { KERNEL_NAME, "postern", KERNEL_RELEASE, KERNEL_VERSION, "i686", "(none)" };

	return copy_to_user(user, &name, sizeof(name));
}

/* Load averages are not kept: they stay 0. */
long sys_sysinfo(struct sysinfo *user)
{
	struct sysinfo info = {
		.uptime = ns_to_timeval(clock_ns()).tv_sec,
		.totalram = pages_total() * PAGE_SIZE,
		.freeram = pages_free() * PAGE_SIZE,
		.procs = tasks_count(),
		.mem_unit = 1,
	};

	return copy_to_user(user, &info, sizeof(info));
}

/*
 * The magic numbers keep a call that went astray from ending the machine: reboot(2). A halt is a
 * power-off with outcome "exit 0".
 */
long sys_reboot(uint32_t magic1, uint32_t magic2, uint32_t cmd, void *arg)
{
	if (magic1 != LINUX_REBOOT_MAGIC1 || (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
					      magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	if (cmd == LINUX_REBOOT_CMD_HALT || cmd == LINUX_REBOOT_CMD_POWER_OFF)
		finish(OUTCOME_EXIT, 0);
	if (cmd == LINUX_REBOOT_CMD_RESTART)
		finish(OUTCOME_RESTART, 0);
	return cmd == LINUX_REBOOT_CMD_CAD_ON || cmd == LINUX_REBOOT_CMD_CAD_OFF ? 0 : -EINVAL;
}

/* The name alone (linux-i386.md section 2): what else prctl offers, programs can do without. */
long sys_prctl(int option, uint32_t arg)
{
	char name[TASK_COMM_LEN] = "";

	strlcpy(name, current->comm, sizeof(name));	/* and nothing behind its NUL */
	if (option == PR_GET_NAME)
		return copy_to_user((void *)arg, name, sizeof(name));
	if (option != PR_SET_NAME)
		return -EINVAL;
	if (strncpy_from_user(name, (const char *)arg, sizeof(name) - 1) == -EFAULT)
		return -EFAULT;
	memcpy(current->comm, name, sizeof(name));
	return 0;
}

/* Returns how many bytes of the mask were written, as the bare call does. */
long sys_sched_getaffinity(int pid, uint32_t size, uint32_t *mask)
{
	if (!(size << 3) || size % sizeof(*mask))		/* Linux counts bits, in 32 of them */
		return -EINVAL;
	if (pid < 0 || (pid && !find_task(pid)))
		return -ESRCH;
	return put_user_u32(mask, 1) ? -EFAULT : (long)sizeof(*mask);
}

/* The one processor must be among them. */
long sys_sched_setaffinity(int pid, uint32_t size, const uint32_t *mask)
{
	uint32_t bits = 0;

	if (pid < 0 || (pid && !find_task(pid)))
		return -ESRCH;
	if (copy_from_user(&bits, mask, MIN(size, sizeof(bits))))
		return -EFAULT;
	return bits & 1 ? 0 : -EINVAL;
}
