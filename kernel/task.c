/* SPDX-License-Identifier: MIT */
/*
 * Making and dropping tasks and processes, and what exec does to them.
 *
 * A task owns its kernel stack, its FPU area and references to mm, files, fs and sighand; task_discard drops what there is, so whoever builds a task can
 * stop at any point. The idle task and its process 0 are static: they own nothing but the boot stack.
 */
#include "abi/errno.h"
#include "abi/resource.h"
#include "arch/x86/task_switch.h"
#include "kernel/fd.h"
#include "kernel/file.h"
#include "kernel/futex.h"
#include "kernel/lib.h"
#include "kernel/log.h"
#include "kernel/pid.h"
#include "kernel/task.h"
#include "mm/heap.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "pv/pv_ops.h"

#define STACK_DEFAULT	(8u << 20)
#define SIGPENDING	11		/* RLIMIT_SIGPENDING */
#define PAGES_PER_TASK	16u		/* what a small forked process takes, about: the limit lets tasks use up half of memory or so */
#define TASKS_MIN	32u
#define TASKS_MAX	16000u		/* half the numbers, so that a free one is soon found */

static struct process idle_process = {
	.leader = &idle_task,
	.tasks = LIST_INIT(idle_process.tasks),
	.children = LIST_INIT(idle_process.children),
	.sibling = LIST_INIT(idle_process.sibling),
	.pending.queued = LIST_INIT(idle_process.pending.queued),
	.child_wait = WAITQ_INIT(idle_process.child_wait),
	.thread_wait = WAITQ_INIT(idle_process.thread_wait),
};

struct task idle_task = {
	.stack = boot_stack,
	.state = TASK_RUNNING,
	.run_node = LIST_INIT(idle_task.run_node),
	.group_node = LIST_INIT(idle_task.group_node),
	.pending.queued = LIST_INIT(idle_task.pending.queued),
	.process = &idle_process,
	.comm = "idle",
};

static uint32_t count;			/* living tasks */

uint32_t tasks_count(void)
{
	return count;
}

uint32_t tasks_max(void)
{
	return MIN(MAX(pages_total() / PAGES_PER_TASK, TASKS_MIN), TASKS_MAX);
}

/* ---- handlers ---- */

struct sighand *sighand_new(const struct sighand *from)
{
	struct sighand *s = kmalloc(sizeof(*s));

	if (!s)
		return NULL;
	if (from)
		*s = *from;
	else
		memset(s, 0, sizeof(*s));
	s->users = 1;
	return s;
}

void sighand_put(struct sighand *s)
{
	if (!--s->users)
		kfree(s);
}

/* ---- tasks ---- */

long restart_none(struct restart_block *r)
{
	(void)r;
	return -EINTR;
}

/* A copy of the current task, without what it may not share. */
static void task_reset(struct task *t)
{
	t->stack = NULL;
	t->fpu = NULL;
	t->mm = NULL;
	t->files = NULL;
	t->fsinfo = NULL;
	t->sighand = NULL;
	t->work = 0;
	t->state = TASK_UNINTERRUPTIBLE;
	list_init(&t->run_node);
	list_init(&t->group_node);
	sigqueue_init(&t->pending);
	t->cycles = 0;
	t->waited = 0;
	t->restore_mask = false;
	t->forced.sig = 0;
	t->restart.fn = restart_none;
	t->set_child_tid = t->clear_child_tid = t->robust_list = 0;
	t->vfork_wait = NULL;
}

struct task *task_new(void)
{
	struct task *t = kmalloc(sizeof(*t));

	if (!t)
		return NULL;
	*t = *current;
	task_reset(t);
	t->stack = kstack_alloc();
	t->fpu = kmalloc(sizeof(*t->fpu));
	if (!t->stack || !t->fpu) {
		task_discard(t);
		return NULL;
	}
	*(struct task **)((char *)t->stack + KSTACK_SIZE - sizeof(t)) = t;
	return t;
}

void task_discard(struct task *t)
{
	if (t->mm)
		mm_put(t->mm);
	if (t->files)
		files_put(t->files);
	if (t->fsinfo)
		fs_put(t->fsinfo);
	if (t->sighand)
		sighand_put(t->sighand);
	if (t->stack)
		kstack_free(t->stack);
	kfree(t->fpu);
	kfree(t);
}

/* ---- processes ---- */

static void default_limits(struct process *p)
{
	memset(p->rlimits, 0xFF, sizeof(p->rlimits));		/* RLIM_INFINITY */
	p->rlimits[RLIMIT_STACK][0] = STACK_DEFAULT;
	p->rlimits[RLIMIT_CORE][0] = 0;
	p->rlimits[RLIMIT_NOFILE][0] = p->rlimits[RLIMIT_NOFILE][1] = FD_MAX;
	p->rlimits[RLIMIT_NPROC][0] = p->rlimits[RLIMIT_NPROC][1] = tasks_max();
	p->rlimits[SIGPENDING][0] = p->rlimits[SIGPENDING][1] = SIGNALS_QUEUED_MAX;
}

static void itimer_over(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimer_real);

	send_signal_process(p, SIGALRM, NULL);
	if (p->itimer_interval)
		timer_arm(timer, MAX(timer->expires + p->itimer_interval, clock_ns() + ITIMER_LEAST));
}

struct process *process_new(struct process *parent, struct task *leader, int exit_signal)
{
	struct process *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->leader = leader;
	p->parent = parent;
	p->exit_signal = exit_signal;
	list_init(&p->tasks);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->pgrp_node);
	waitq_init(&p->child_wait);
	waitq_init(&p->thread_wait);
	sigqueue_init(&p->pending);
	p->start_ns = clock_ns();
	p->itimer_real.fire = itimer_over;
	if (!parent) {
		default_limits(p);
		return p;
	}
	p->pgid = current->process->pgid;
	p->sid = current->process->sid;
	p->ctty = current->process->ctty;
	memcpy(p->rlimits, current->process->rlimits, sizeof(p->rlimits));
	return p;
}

void process_add_task(struct process *p, struct task *t)
{
	irq_flags_t flags = irq_save();

	t->process = p;
	list_add_tail(&t->group_node, &p->tasks);
	p->threads++;
	count++;
	irq_restore(flags);
}

void process_remove_task(struct process *p, struct task *t)
{
	irq_flags_t flags = irq_save();

	list_del(&t->group_node);
	p->threads--;
	count--;
	p->cycles += task_cycles(t);
	sigqueue_flush(p, &t->pending, ~0ull);
	irq_restore(flags);
}

struct mm *process_mm(const struct process *p)
{
	const struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (t->mm)
			return t->mm;
	return NULL;
}

void process_account(struct process *p)
{
	uint64_t sum = p->cycles;
	const struct task *t;

	list_for_each(t, &p->tasks, group_node)
		sum += task_cycles(t);
	p->utime_ns = MAX(p->utime_ns, cycles_to_ns(sum));
}

/* ---- process 1 ---- */

void task_create_init(void (*fn)(void))
{
	struct task *t = task_new();
	struct process *p = t ? process_new(NULL, t, SIGCHLD) : NULL;

	if (!p || !(t->files = files_fork(NULL)) || !(t->fsinfo = fs_fork(NULL)) || !(t->sighand = sighand_new(NULL)))
		panic("no memory for process 1");
	fpu_reset(t->fpu);
	memset(task_user_regs(t), 0, sizeof(struct regs));
	t->pid = p->pid = p->pgid = p->sid = pid_reserve();
	strlcpy(t->comm, "init", sizeof(t->comm));
	pid_attach_process(p);
	pid_attach_task(t);
	process_add_task(p, t);
	task_prepare_kernel(t, fn);
	sched_add(t);
}

/* ---- exec ---- */

static void wait_until_alone(struct process *p)
{
	struct waiter w;

	waitq_add(&p->thread_wait, &w);
	for (;;) {
		set_state(TASK_UNINTERRUPTIBLE);
		if (p->threads == 1 || p->exiting)
			break;
		schedule();
	}
	set_state(TASK_RUNNING);
	waitq_remove(&w);
}

/* The leader has ended before; only its record is left. */
static void become_leader(struct process *p, struct task *t)
{
	task_bury();
	kfree(p->leader);
	pid_detach_task(t);
	t->pid = p->pid;
	p->leader = t;
	p->exit_code = 0;
	pid_attach_task(t);
}

int exec_kill_other_threads(void)
{
	struct task *t = current, *other;
	struct process *p = t->process;

	if (task_must_end(t))
		return -EINTR;
	if (p->threads > 1) {
		p->sole = t;
		process_update_urgent(p);
		list_for_each(other, &p->tasks, group_node) {
			if (other == t)
				continue;
			other->work |= WORK_SIGNAL;
			wake_stopped(other);
		}
		wait_until_alone(p);
		p->sole = NULL;
		process_update_urgent(p);
		if (p->exiting)
			return -EINTR;
	}
	if (t != p->leader)
		become_leader(p, t);
	return 0;
}

int exec_reset_signals(void)
{
	struct task *t = current;

	if (t->sighand->users > 1) {
		struct sighand *own = sighand_new(t->sighand);
		if (!own)
			return -ENOMEM;
		t->sighand->users--;
		t->sighand = own;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(t->sighand->action); i++) {
		struct k_sigaction *a = &t->sighand->action[i];
		*a = (struct k_sigaction) { .handler = a->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
	}
	t->altstack = (stack_t) { .ss_flags = SS_DISABLE };
	t->restart.fn = restart_none;
	t->trapno = t->error = t->cr2 = 0;
	return 0;
}

void exec_done(void)
{
	struct task *t = current;

	if (t->clear_child_tid) {
		put_user_u32((void *)t->clear_child_tid, 0);
		futex_wake_address(t->clear_child_tid);
	}
	t->clear_child_tid = t->robust_list = 0;
	if (t->vfork_wait)
		wake_all(t->vfork_wait);
	t->vfork_wait = NULL;
}
