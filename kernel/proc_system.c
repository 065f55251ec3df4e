/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc about the machine and the kernel, in Linux's formats where Linux has the file; and syslog(2).
 *
 * Processor time is what the processes have been charged with, those that were waited for included; all else counts
 * as idle.
 */
#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/x86/cpu.h"
#include "boot/cmdline.h"
#include "kernel/log.h"
#include "kernel/pid.h"
#include "kernel/proc_internal.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/version.h"
#include "mm/page.h"
#include "mm/uaccess.h"
#include "pv/pv.h"
#include "vdso/vdso.h"

#define KB_PER_PAGE	(PAGE_SIZE / 1024)

uint32_t clock_ticks(uint64_t ns)
{
	div64(&ns, NSEC_PER_SEC / 100);
	return ns;
}

int show_self(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "%d", current->process->pid);
	return 0;
}

/* The options that were understood, and process 1's words. */
int show_cmdline(struct text *t, struct process *p)
{
	static const char *const names[] = {
#define OPTION(name, values, text) name,
#include "boot/options.def"
#undef OPTION
	};

	(void)p;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = option(names[i]);
		if (value)
			text_add(t, "%s%s%s%s", t->len ? " " : "", names[i], *value ? "=" : "", value);
	}
	if (*init_words())
		text_add(t, "%s--", t->len ? " " : "");
	for (char *const *w = init_words(); *w; w++)
		text_add(t, " %s", *w);
	text_add(t, "\n");
	return 0;
}

static int make_cpuinfo(char *to, size_t size)
{
	return cpu_show(to, size);
}

int show_cpuinfo(struct text *t, struct process *p)
{
	(void)p;
	text_add_from(t, make_cpuinfo);
	return 0;
}

/* The platform's report, then the gate's line. */
int show_pv(struct text *t, struct process *p)
{
	(void)p;
	text_add_from(t, pv_report);
	text_add_from(t, vdso_report);
	return 0;
}

int show_filesystems(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "nodev\tramfs\nnodev\tproc\n");
	return 0;
}

int show_mounts(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "rootfs / ramfs rw 0 0\nproc /proc proc rw 0 0\n");
	return 0;
}

int show_mountinfo(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "1 0 0:1 / / rw - ramfs rootfs rw\n2 1 0:3 / /proc rw - proc proc rw\n");
	return 0;
}

int show_version(struct text *t, struct process *p)
{
	(void)p;
	text_add(t, "%s version %s %s\n", KERNEL_NAME, KERNEL_RELEASE, KERNEL_VERSION);
	return 0;
}

/* The log as it is, not Linux's records. */
int show_kmsg(struct text *t, struct process *p)
{
	uint32_t pos = 0;

	(void)p;
	t->len = t->size < LOG_SIZE ? LOG_SIZE : log_read(&pos, t->data, LOG_SIZE);
	return 0;
}

/* There is no cache to give back: files of ramfs are memory in use. */
int show_meminfo(struct text *t, struct process *p)
{
	uint32_t total = pages_total() * KB_PER_PAGE, unused = pages_free() * KB_PER_PAGE;
	const struct { const char *name; uint32_t kb; } lines[] = {
		{ "MemTotal:", total }, { "MemFree:", unused }, { "MemAvailable:", unused }, { "Buffers:", 0 }, { "Cached:", 0 },
		{ "SwapCached:", 0 }, { "SwapTotal:", 0 }, { "SwapFree:", 0 }, { "Shmem:", 0 },
	};

	(void)p;
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		text_add(t, "%-15s %8u kB\n", lines[i].name, lines[i].kb);
	return 0;
}

struct totals { uint64_t user, system, idle; unsigned tasks, running, last_pid; };

/* A process's own time and that of the children it has waited for: so none is counted twice. */
static void count(struct totals *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1)) {
		struct task *t;

		process_account(p);
		sum->user += p->utime_ns + p->cutime_ns;
		sum->system += p->stime_ns + p->cstime_ns;
		sum->last_pid = p->pid;
		list_for_each(t, &p->tasks, group_node) {
			sum->tasks++;
			sum->running += t->state == TASK_RUNNING;
		}
	}
	uint64_t busy = sum->user + sum->system, now = clock_ns();
	sum->idle = now > busy ? now - busy : 0;
}

/* One processor, which is also the sum. Interrupts and switches are not counted. */
int show_system_stat(struct text *t, struct process *p)
{
	struct totals sum;
	uint64_t boot = wall_ns() - clock_ns();

	(void)p;
	count(&sum);
	div64(&boot, NSEC_PER_SEC);
	for (int i = 0; i < 2; i++)
		text_add(t, "cpu%s %u 0 %u %u 0 0 0 0 0 0\n", i ? "0" : " ", clock_ticks(sum.user), clock_ticks(sum.system),
			 clock_ticks(sum.idle));
	text_add(t, "intr 0\nctxt 0\nbtime %u\nprocesses %u\nprocs_running %u\nprocs_blocked 0\n", (uint32_t)boot,
		 sum.last_pid, sum.running);
	return 0;
}

/* Seconds since boot, and how many of them were idle. */
int show_uptime(struct text *t, struct process *p)
{
	struct totals sum;
	uint32_t up = clock_ticks(clock_ns()), idle;

	(void)p;
	count(&sum);
	idle = clock_ticks(sum.idle);
	text_add(t, "%u.%02u %u.%02u\n", up / 100, up % 100, idle / 100, idle % 100);
	return 0;
}

/* No averages are kept: what is running now besides the reader stands for all three. */
int show_loadavg(struct text *t, struct process *p)
{
	struct totals sum;

	(void)p;
	count(&sum);
	unsigned load = sum.running ? sum.running - 1 : 0;
	text_add(t, "%u.00 %u.00 %u.00 %u/%u %u\n", load, load, load, sum.running, sum.tasks, sum.last_pid);
	return 0;
}

/* ---- syslog(2): the log for dmesg ---- */

enum { SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR, SYSLOG_CONSOLE_OFF,
       SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD, SYSLOG_SIZE_BUFFER };

static uint32_t cleared;	/* log position that SYSLOG_CLEAR has set */

/* Where the text begins that is left since `from`, and where it ends: the ring itself knows, by reading it through. */
static uint32_t log_bounds(uint32_t from, uint32_t *end)
{
	char chunk[256];
	uint32_t pos = from;
	size_t n = log_read(&pos, chunk, sizeof(chunk));
	uint32_t begin = pos - n;

	while (n)
		n = log_read(&pos, chunk, sizeof(chunk));
	*end = pos;
	return begin;
}

/* The last len bytes of the log. */
static long read_log(char *buf, uint32_t len)
{
	char chunk[256];
	uint32_t end, pos = log_bounds(cleared, &end), done = 0;

	if (end - pos > len)
		pos = end - len;
	while (done < len) {
		size_t n = log_read(&pos, chunk, MIN(sizeof(chunk), len - done));
		if (!n)
			break;
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
		done += n;
	}
	return done;
}

/* Reading by SYSLOG_READ takes what was read away, as clearing does, but never waits for more. Levels don't exist. */
long sys_syslog(int type, char *buf, int len)
{
	uint32_t end;
	long done = 0;

	switch (type) {
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		done = read_log(buf, len);
		if (type == SYSLOG_READ_ALL || done < 0)
			return done;
		log_bounds(cleared, &cleared);
		return done;
	case SYSLOG_CLEAR:
		log_bounds(cleared, &cleared);
		return 0;
	case SYSLOG_SIZE_UNREAD:
		done = log_bounds(cleared, &end);
		return end - (uint32_t)done;
	case SYSLOG_SIZE_BUFFER:
		return LOG_SIZE;
	default:
		return type < SYSLOG_CLOSE || type > SYSLOG_SIZE_BUFFER ? -EINVAL : 0;
	}
}
