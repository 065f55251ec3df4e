/* SPDX-License-Identifier: MIT */
/*
 * The calls about who a process is and what it may use: numbers, groups and sessions, limits, thread-local storage, the machine.
 *
 * Everybody is root and there is one CPU. Limits are kept and shown; those that count are looked at by whoever gives the resource (files, memory,
 * signals). Groups and sessions: POSIX.1-2017, setpgid and setsid.
 */
#include "abi/errno.h"
#include "abi/ldt.h"
#include "abi/reboot.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/utsname.h"
#include "kernel/fd.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/pid.h"
#include "kernel/random.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_internal.h"
#include "kernel/version.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "pv/pv_ops.h"

/* ---- numbers ---- */

long sys_getpid(void)
{
	return current->process->pid;
}

long sys_gettid(void)
{
	return current->pid;
}

long sys_getppid(void)
{
	const struct process *parent = current->process->parent;

	return parent ? parent->pid : 0;
}

long sys_getuid(void)
{
	return 0;
}

long sys_getgroups32(int n, uint32_t *groups)
{
	(void)groups;
	return n < 0 ? -EINVAL : 0;
}

long sys_set_tid_address(int *tid)
{
	current->clear_child_tid = (uint32_t)tid;
	return current->pid;
}

/* Kept, not walked: a thread that dies with a robust lock leaves it locked. */
long sys_set_robust_list(void *head, uint32_t size)
{
	if (size != 12)			/* struct robust_list_head */
		return -EINVAL;
	current->robust_list = (uint32_t)head;
	return 0;
}

/* ---- groups and sessions ---- */

static struct process *process_or_self(int pid)
{
	return pid ? find_process(pid) : current->process;
}

long sys_getpgid(int pid)
{
	const struct process *p = process_or_self(pid);

	return p ? p->pgid : -ESRCH;
}

long sys_getpgrp(void)
{
	return current->process->pgid;
}

long sys_getsid(int pid)
{
	const struct process *p = process_or_self(pid);

	return p ? p->sid : -ESRCH;
}

static int may_move(const struct process *p)
{
	const struct process *me = current->process;

	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	if (p->sid != me->sid || p->sid == p->pid)
		return -EPERM;
	return p != me && p->execed ? -EACCES : 0;
}

long sys_setpgid(int pid, int pgid)
{
	struct process *p;
	int error;

	if (pid < 0 || pgid < 0)
		return -EINVAL;
	p = process_or_self(pid);
	error = may_move(p);
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

static int limit_check(uint32_t resource, uint32_t soft, uint32_t hard)
{
	if (soft > hard)
		return -EINVAL;
	return resource == RLIMIT_NOFILE && hard > FD_MAX ? -EPERM : 0;
}

static int limit_set(struct process *p, uint32_t resource, uint32_t soft, uint32_t hard)
{
	struct mm *mm = process_mm(p);
	int error = limit_check(resource, soft, hard);

	if (error)
		return error;
	p->rlimits[resource][0] = soft;
	p->rlimits[resource][1] = hard;
	if (resource == RLIMIT_STACK && mm)
		mm->stack_limit = soft;
	return 0;
}

long sys_setrlimit(uint32_t resource, const struct rlimit *user)
{
	struct rlimit r;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (copy_from_user(&r, user, sizeof(r)))
		return -EFAULT;
	return limit_set(current->process, resource, r.rlim_cur, r.rlim_max);
}

static long limit_get(uint32_t resource, struct rlimit *user, uint32_t most)
{
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	const uint32_t *limit = current->process->rlimits[resource];
	struct rlimit r = { MIN(limit[0], most), MIN(limit[1], most) };
	return copy_to_user(user, &r, sizeof(r));
}

long sys_getrlimit(uint32_t resource, struct rlimit *user)
{
	return limit_get(resource, user, RLIM_INFINITY);
}

/* The first version knew signed numbers only. */
long sys_old_getrlimit(uint32_t resource, struct rlimit *user)
{
	return limit_get(resource, user, INT32_MAX);
}

static uint64_t widen(uint32_t limit)
{
	return limit == RLIM_INFINITY ? RLIM64_INFINITY : limit;
}

long sys_prlimit64(int pid, uint32_t resource, const struct rlimit64 *new_limit, struct rlimit64 *old_limit)
{
	struct process *p = process_or_self(pid);
	struct rlimit64 new, old;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (new_limit && copy_from_user(&new, new_limit, sizeof(new)))
		return -EFAULT;
	if (!p)
		return -ESRCH;
	old = (struct rlimit64) { widen(p->rlimits[resource][0]), widen(p->rlimits[resource][1]) };
	if (new_limit) {
		if (new.rlim_cur > new.rlim_max)
			return -EINVAL;
		int error = limit_set(p, resource, MIN(new.rlim_cur, RLIM_INFINITY), MIN(new.rlim_max, RLIM_INFINITY));
		if (error)
			return error;
	}
	return old_limit && copy_to_user(old_limit, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_getrusage(int who, struct rusage *user)
{
	struct process *p = current->process;
	struct rusage ru;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	process_account(p);
	memset(&ru, 0, sizeof(ru));
	ru.ru_utime = ns_to_timeval(who == RUSAGE_SELF ? p->utime_ns : who == RUSAGE_CHILDREN ? p->cutime_ns : cycles_to_ns(task_cycles(current)));
	ru.ru_stime = ns_to_timeval(who == RUSAGE_SELF ? p->stime_ns : who == RUSAGE_CHILDREN ? p->cstime_ns : 0);
	return copy_to_user(user, &ru, sizeof(ru));
}

/* ---- thread-local storage: linux-i386.md section 5 ---- */

/* An entry of the GDT from the user's words: Intel SDM volume 3, 3.4.5; privilege level 3, accessed. */
static uint64_t to_descriptor(const struct user_desc *d)
{
	uint32_t type = 1 | (d->flags & USER_DESC_READ_EXEC_ONLY ? 0 : 2) | (d->flags & USER_DESC_CONTENTS) << 1;
	uint32_t low = (d->limit & 0xFFFF) | d->base_addr << 16;
	uint32_t high = (d->base_addr >> 16 & 0xFF) | type << 8 | 0xF000 | (d->limit & 0xF0000) | (d->base_addr & 0xFF000000);

	high |= d->flags & USER_DESC_USEABLE ? 1u << 20 : 0;
	high |= 1u << 22;		/* 32 bits: checked */
	high |= d->flags & USER_DESC_LIMIT_IN_PAGES ? 1u << 23 : 0;
	return (uint64_t)high << 32 | low;
}

static void from_descriptor(struct user_desc *d, uint64_t entry)
{
	uint32_t low = entry, high = entry >> 32;

	d->base_addr = low >> 16 | (high & 0xFF) << 16 | (high & 0xFF000000);
	d->limit = (low & 0xFFFF) | (high & 0xF0000);
	d->flags = USER_DESC_EMPTY;
	if (entry)
		d->flags = (high >> 22 & 1 ? USER_DESC_SEG_32BIT : 0) | (high >> 9 & USER_DESC_CONTENTS) |
			   (high & 0x200 ? 0 : USER_DESC_READ_EXEC_ONLY) | (high & 0x8000 ? 0 : USER_DESC_SEG_NOT_PRESENT) |
			   (high >> 23 & 1 ? USER_DESC_LIMIT_IN_PAGES : 0) | (high >> 20 & 1 ? USER_DESC_USEABLE : 0);
}

static bool desc_empty(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && (d->flags & ~USER_DESC_USEABLE) == USER_DESC_EMPTY;
}

/* Present 32-bit data segments only. */
static bool desc_ok(const struct user_desc *d)
{
	return d->flags & USER_DESC_SEG_32BIT && !(d->flags & 4) && !(d->flags & USER_DESC_SEG_NOT_PRESENT);
}

static int free_slot(const struct task *t)
{
	for (int i = 0; i < 3; i++)
		if (!t->tls[i])
			return GDT_ENTRY_TLS_MIN + i;
	return -ESRCH;
}

int tls_read(struct task *t, void *user, bool alloc)
{
	struct user_desc d;
	bool empty;

	if (copy_from_user(&d, user, sizeof(d)))
		return -EFAULT;
	empty = desc_empty(&d) || (!d.base_addr && !d.limit && !(d.flags & ~USER_DESC_USEABLE));
	if (!empty && !desc_ok(&d))
		return -EINVAL;
	if (alloc && d.entry_number == (uint32_t)-1) {
		int slot = free_slot(t);
		if (slot < 0)
			return slot;
		d.entry_number = slot;
		if (put_user_u32(user, slot))
			return -EFAULT;
	}
	if (d.entry_number < GDT_ENTRY_TLS_MIN || d.entry_number > GDT_ENTRY_TLS_MAX)
		return -EINVAL;
	t->tls[d.entry_number - GDT_ENTRY_TLS_MIN] = empty ? 0 : to_descriptor(&d);
	return 0;
}

long sys_set_thread_area(struct user_desc *user)
{
	int error = tls_read(current, user, true);

	if (!error)
		pv_load_tls(current->tls);
	return error;
}

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

/* ---- the machine ---- */

long sys_newuname(struct utsname *user)
{
	static const struct utsname name = { KERNEL_NAME, "postern", KERNEL_RELEASE, KERNEL_VERSION, "i686", "(none)" };

	return copy_to_user(user, &name, sizeof(name));
}

long sys_sysinfo(struct sysinfo *user)
{
	uint64_t up = clock_ns();
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	div64(&up, NSEC_PER_SEC);
	info.uptime = up;
	info.totalram = pages_total() * PAGE_SIZE;
	info.freeram = pages_free() * PAGE_SIZE;
	info.procs = tasks_count();
	info.mem_unit = 1;
	return copy_to_user(user, &info, sizeof(info));
}

long sys_reboot(uint32_t magic1, uint32_t magic2, uint32_t cmd, void *arg)
{
	(void)arg;
	if (magic1 != LINUX_REBOOT_MAGIC1 || (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
					      magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		finish(OUTCOME_EXIT, 0);
	case LINUX_REBOOT_CMD_RESTART:
		finish(OUTCOME_RESTART, 0);
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_prctl(int option, uint32_t arg)
{
	char name[TASK_COMM_LEN] = "";

	switch (option) {
	case PR_SET_NAME:
		if (strncpy_from_user(name, (const char *)arg, sizeof(name) - 1) == -EFAULT)
			return -EFAULT;
		strlcpy(current->comm, name, sizeof(current->comm));
		return 0;
	case PR_GET_NAME:
		strlcpy(name, current->comm, sizeof(name));
		return copy_to_user((void *)arg, name, sizeof(name));
	default:
		return -EINVAL;
	}
}

/* Returns how many bytes of the mask were written, as the bare call does. */
long sys_sched_getaffinity(int pid, uint32_t size, uint32_t *mask)
{
	if (size < sizeof(*mask) || size % sizeof(*mask))
		return -EINVAL;
	if (pid < 0 || (pid && !find_task(pid)))
		return -ESRCH;
	return put_user_u32(mask, 1) ? -EFAULT : (long)sizeof(*mask);
}

long sys_getcpu(uint32_t *cpu, uint32_t *node, void *unused)
{
	(void)unused;
	if ((cpu && put_user_u32(cpu, 0)) || (node && put_user_u32(node, 0)))
		return -EFAULT;
	return 0;
}

/* Long requests are served piecemeal, so that a signal can end them. */
long sys_getrandom(void *buf, uint32_t n, uint32_t flags)
{
	uint8_t chunk[256];
	uint32_t done = 0;

	if (flags > 7)
		return -EINVAL;
	n = MIN(n, (uint32_t)INT32_MAX);
	while (done < n) {
		uint32_t part = MIN(n - done, sizeof(chunk));
		random_bytes(chunk, part);
		if (copy_to_user((char *)buf + done, chunk, part))
			return done ? (long)done : -EFAULT;
		done += part;
		if (done < n && signal_pending())
			break;
		if (current->work & WORK_RESCHED)
			sched_yield();
	}
	return done;
}
