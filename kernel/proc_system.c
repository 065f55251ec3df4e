/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc about the machine and the kernel, in Linux's formats where Linux has the file; and syslog(2).
 *
 * Processor time is what the processes have been charged with, those that were waited for included; all else counts
 * as idle.
 */
#include "arch/x86/cpu.h"
#include "boot/cmdline.h"
#include "kernel/proc_internal.h"
#include "kernel/syscall.h"
#include "kernel/version.h"
#include "pv/pv.h"
#include "pv/trace.h"
#include "vdso/vdso.h"

#define KB_PER_PAGE	(PAGE_SIZE / 1024)

/* The reader's own number: /proc/self is a link that everybody sees differently. */
static void show_self(struct text *t) { text_add(t, "%d", current->process->pid); }

/* The options that were understood, and process 1's words. */
static void show_cmdline(struct text *t)
{
	static const char *const names[] = {
#define OPTION(name, values, text) name,
#include "boot/options.def"
#undef OPTION
	};

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
}

/* What is shown by those who know: the platform, and the gate's line of the boot log. */
static void show_pv(struct text *t)
{
	pv_report(t);
	text_add(t, "%s", vdso_report());
}

/* Whoever opens it takes the records; what it does meanwhile goes into the next ones. */
static void show_trace(struct text *t)
{
	struct trace_record *to;
	unsigned n;

	do {
		to = (struct trace_record *)text_room(t, TRACE_PIECE * sizeof(*to));
		IRQ_GUARD;
		n = to ? trace_take(to, TRACE_PIECE) : 0;
		t->len += n * sizeof(*to);
	} while (n == TRACE_PIECE);
}

/*
 * There is no cache to give back: files of ramfs are memory in use. The lines are those that free, top and busybox look
 * for.
 */
static void show_meminfo(struct text *t)
{
	uint32_t total = pages_total() * KB_PER_PAGE, unused = pages_free() * KB_PER_PAGE;
	const struct { const char *name; uint32_t kb; } lines[] = {
		{ "MemTotal:", total }, { "MemFree:", unused }, { "MemAvailable:", unused }, { "Buffers:", 0 }, { "Cached:", 0 },
		{ "SwapCached:", 0 }, { "SwapTotal:", 0 }, { "SwapFree:", 0 }, { "Shmem:", 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		text_add(t, "%-15s %8u kB\n", lines[i].name, lines[i].kb);
}

/* What top and uptime want to know. Times are in ns. */
struct totals { uint64_t busy, idle; unsigned tasks, running, last_pid; };

/* A process's own time and that of the children it has waited for: so none is counted twice. */
static void count(struct totals *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (struct process *p = next_process(1); p; p = next_process(p->pid + 1)) {
		struct task *t;

		sum->busy += process_account(p)->utime_ns + p->cutime_ns;
		sum->last_pid = p->pid;
		list_for_each(t, &p->tasks, group_node) {
			sum->tasks++;
			sum->running += t->state == TASK_RUNNING;
		}
	}
	sum->idle = MAX(clock_ns(), sum->busy) - sum->busy;
}

/* One processor, which is also the sum. Interrupts and switches are not counted. */
static void show_stat(struct text *t)
{
	struct totals sum;
	uint64_t boot = wall_ns() - clock_ns();

	count(&sum);
	div64(&boot, NSEC_PER_SEC);
	for (int i = 0; i < 2; i++)
		text_add(t, "cpu%s %u 0 0 %u 0 0 0 0 0 0\n", i ? "0" : " ", ns_to_ticks(sum.busy), ns_to_ticks(sum.idle));
	text_add(t, "intr 0\nctxt 0\nbtime %u\nprocesses %u\nprocs_running %u\nprocs_blocked 0\n", (uint32_t)boot,
		 sum.last_pid, sum.running);
}

/* Seconds since boot, and how many of them were idle. */
static void show_uptime(struct text *t)
{
	struct totals sum;
	uint32_t up = ns_to_ticks(clock_ns()), idle;

	count(&sum);
	idle = ns_to_ticks(sum.idle);
	text_add(t, "%u.%02u %u.%02u\n", up / 100, up % 100, idle / 100, idle % 100);
}

/* No averages are kept: what is running now besides the reader stands for all three. */
static void show_loadavg(struct text *t)
{
	struct totals sum;

	count(&sum);
	unsigned load = sum.running ? sum.running - 1 : 0;
	text_add(t, "%u.00 %u.00 %u.00 %u/%u %u\n", load, load, load, sum.running, sum.tasks, sum.last_pid);
}

/* Sorted, as ls shows them. Nothing is ever paged in or out, which is what vmstat looks for. mounts leads to the process's own, as on Linux. */
const struct proc_row proc_system_rows[] = {
	{ "cmdline", PROC_TEXT, show_cmdline, NULL },
	{ "cpuinfo", PROC_TEXT, cpu_show, NULL },
	{ "filesystems", PROC_TEXT, NULL, "nodev\tramfs\nnodev\ttmpfs\nnodev\tproc\n" },
	{ "loadavg", PROC_TEXT, show_loadavg, NULL },
	{ "meminfo", PROC_TEXT, show_meminfo, NULL },
	{ "mounts", PROC_LINK, NULL, "self/mounts" },
	{ "pv", PROC_TEXT, show_pv, NULL },
	{ "self", PROC_LINK, show_self, NULL },
	{ "stat", PROC_TEXT, show_stat, NULL },
	{ "trace", PROC_TEXT, show_trace, NULL },
	{ "uptime", PROC_TEXT, show_uptime, NULL },
	{ "version", PROC_TEXT, NULL, KERNEL_NAME " version " KERNEL_RELEASE " " KERNEL_VERSION "\n" },
	{ "vmstat", PROC_TEXT, NULL, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n" },
	{ NULL, 0, NULL, NULL },
};

/* ---- syslog(2): the log for dmesg ---- */

/* The actions by Linux's numbers: syslog(2). */
enum { SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR, SYSLOG_CONSOLE_OFF,
       SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD, SYSLOG_SIZE_BUFFER };

static uint32_t cleared;	/* log position that SYSLOG_CLEAR has set, or a reader that takes away */

/* The log from position pos up to position end. */
static long copy_log(char *buf, uint32_t pos, uint32_t end)
{
	char chunk[256];
	uint32_t done = 0;
	size_t n;

	while (pos != end && (n = log_read(&pos, chunk, MIN(sizeof(chunk), end - pos)))) {
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
		done += n;
	}
	return done;
}

/*
 * syslog(2). Reading gives the last len bytes that are left; by SYSLOG_READ and SYSLOG_READ_CLEAR it takes them away, but
 * never waits for more. Levels don't exist.
 */
long sys_syslog(int type, char *buf, int len)
{
	uint32_t end = log_written(), unread = MIN(end - cleared, LOG_SIZE);
	long done = 0;

	switch (type) {
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		done = copy_log(buf, end - MIN(unread, (uint32_t)len), end);
		if (type == SYSLOG_READ_ALL || done < 0)
			return done;
		/* fall through */
	case SYSLOG_CLEAR:
		cleared = end;
		return done;
	case SYSLOG_SIZE_UNREAD:
		return unread;
	case SYSLOG_SIZE_BUFFER:
		return LOG_SIZE;
	default:
		return type < SYSLOG_CLOSE || type > SYSLOG_SIZE_BUFFER ? -EINVAL : 0;
	}
}
