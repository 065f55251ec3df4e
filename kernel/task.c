/* SPDX-License-Identifier: MIT */
/*
 * Making and dropping tasks and processes, and what exec does to them.
 *
 * A task owns its kernel stack, its FPU area and references to mm, files, fs and sighand;
 * task_discard drops what there is, so whoever builds a task can stop at any point. The idle task
 * and its process 0 are static: they own nothing but the boot stack.
 */
#include "abi/futex.h"
#include "abi/resource.h"
#include "arch/x86/task_switch.h"
#include "kernel/fd.h"
#include "kernel/syscall.h"

#define STACK_DEFAULT	(8u << 20)
#define SIGPENDING	11		/* RLIMIT_SIGPENDING */
#define PAGES_PER_TASK	16u		/* what a small forked process takes, about: the limit lets tasks use up half of memory or so */
#define TASKS_MIN	32u
#define TASKS_MAX	16000u		/* half the numbers, so that a free one is soon found */

/*
 * What runs when nothing else does: the boot, then the idle loop. It has no number, is in no table
 * and can't be signalled, so nobody looks at its lists; it exists so that `current` always points at
 * something whole.
 */
static struct process idle_process = { .leader = &idle_task };
struct task idle_task = { .stack = boot_stack, .process = &idle_process, .comm = "idle" };
static uint32_t count;			/* living tasks */

uint32_t tasks_count(void) { return count; }

/*
 * Half of the numbers at most, and about as many as fit into half of memory, but some in any case.
 */
uint32_t tasks_max(void) { return MIN(MAX(pages_total() / PAGES_PER_TASK, TASKS_MIN), TASKS_MAX); }

/* ---- handlers ---- */

/*
 * SIG_DFL, no flags and no mask are zeros. Few actions were ever touched, so only those are copied,
 * and cleared again when a record becomes the spare one: that is all zeros.
 */
static struct sighand *spare_sighand;

static void actions_set(struct sighand *s, const struct sighand *from, sigset_t which)
{
	for (; which; which &= which - 1)
		s->action[sigset_first(which) - 1] = from ? from->action[sigset_first(which) - 1] : (struct k_sigaction) { 0 };
}

struct sighand *sighand_new(const struct sighand *from)
{
	struct sighand *s = spare_sighand ? spare_sighand : kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	spare_sighand = NULL;
	s->users = 1;
	s->touched = from ? from->touched : 0;
	actions_set(s, from, s->touched);
	return s;
}

void sighand_put(struct sighand *s)
{
	if (--s->users)
		return;
	kfree(spare_sighand);
	actions_set(s, NULL, s->touched);
	spare_sighand = s;
}

/* ---- tasks ---- */

/*
 * What a child inherits without being asked; its name too. fork.c gives it the rest, which by its
 * flags is shared, copied or new.
 */
static void task_inherit(struct task *t)
{
	const struct task *from = current;

	memcpy(t->tls, from->tls, sizeof(t->tls));
	t->tls_used = from->tls_used;
	memcpy(t->comm, from->comm, sizeof(t->comm));
	t->landing_pad = from->landing_pad;
	t->blocked = from->blocked;
	t->altstack = from->altstack;
}

struct task *task_new(void)
{
	struct task *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	task_inherit(t);
	t->state = TASK_UNINTERRUPTIBLE;
	list_init(&t->run_node);
	list_init(&t->group_node);
	list_init(&t->pending.queued);
	t->stack = kstack_alloc();
	t->fpu = kmalloc(sizeof(*t->fpu));
	if (!t->stack || !t->fpu) {
		task_discard(t);
		return NULL;
	}
	*(struct task **)((char *)t->stack + KSTACK_SIZE - sizeof(t)) = t;	/* see current_task() */
	return t;
}

/* A task that never ran, or not all of it: of what there is a reference is dropped. */
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

/*
 * What process 1 inherits from the idle task. Limits that nobody looks at are kept and shown all
 * the same.
 */
static void default_limits(struct process *p)
{
	memset(p->rlimits, 0xFF, sizeof(p->rlimits));		/* RLIM_INFINITY */
	p->rlimits[RLIMIT_STACK][0] = STACK_DEFAULT;
	p->rlimits[RLIMIT_CORE][0] = 0;
	p->rlimits[RLIMIT_NOFILE][0] = p->rlimits[RLIMIT_NOFILE][1] = FD_MAX;
	p->rlimits[RLIMIT_NPROC][0] = p->rlimits[RLIMIT_NPROC][1] = tasks_max();
	p->rlimits[SIGPENDING][0] = p->rlimits[SIGPENDING][1] = SIGNALS_QUEUED_MAX;
}

uint64_t itimer_now(const struct itimer *it)
{
	return it == &it->process->itimers[ITIMER_REAL] ? clock_ns() : cycles_to_ns(process_cycles(it->process));
}

/*
 * An interval that is shorter than it takes to serve it must not keep the machine from everything
 * else.
 */
static void itimer_over(struct timer *timer)
{
	static const uint8_t signals[] = { [ITIMER_REAL] = SIGALRM, [ITIMER_VIRTUAL] = SIGVTALRM, [ITIMER_PROF] = SIGPROF };
	struct itimer *it = container_of(timer, struct itimer, timer);
	uint64_t now = itimer_now(it);

	if (now >= it->due) {
		send_signal_process(it->process, signals[it - it->process->itimers]);
		it->due = it->interval ? it->due + it->interval : 0;
	}
	if (it->due)
		timer_arm(timer, MAX(it->due, now + ITIMER_LEAST) - now + clock_ns());
}

/*
 * Group, session, terminal and limits are the maker's, also when its parent becomes another's
 * (CLONE_PARENT). Everything that is not set here begins as zero.
 */
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
	list_init(&p->pending.queued);
	p->start_ns = clock_ns();
	for (unsigned i = 0; i < ARRAY_SIZE(p->itimers); i++)
		p->itimers[i] = (struct itimer) { .timer.fire = itimer_over, .process = p };
	p->pgid = current->process->pgid;
	p->sid = current->process->sid;
	p->ctty = current->process->ctty;
	memcpy(p->rlimits, current->process->rlimits, sizeof(p->rlimits));
	p->nice = current->process->nice;
	return p;
}

/* Interrupts walk a process's threads to signal them. */
void process_add_task(struct process *p, struct task *t)
{
	IRQ_GUARD;

	t->process = p;
	list_add_tail(&t->group_node, &p->tasks);
	p->threads++;
	count++;
}

/* Signals that were sent to the thread alone die with it; those sent to the process stay. */
void process_remove_task(struct process *p, struct task *t)
{
	IRQ_GUARD;

	list_del(&t->group_node);
	p->threads--;
	count--;
	p->cycles += task_cycles(t);
	signals_forget(p, t, ~0ull);
}

/* Threads end one by one: the leader may be a zombie while others live on, and must not make the process look dead. */
struct task *process_task(const struct process *p)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (t->mm)
			return t;
	return p->leader;
}

uint64_t process_cycles(const struct process *p)
{
	uint64_t sum = p->cycles;
	const struct task *t;

	list_for_each(t, &p->tasks, group_node)
		sum += task_cycles(t);
	return sum;
}

/*
 * Here, not when a process ends or is waited for: the conversion is long, and hardly anybody asks.
 */
struct process *process_account(struct process *p)
{
	p->utime_ns = MAX(p->utime_ns, cycles_to_ns(process_cycles(p)));
	p->cutime_ns = MAX(p->cutime_ns, cycles_to_ns(p->child_cycles));
	return p;
}

/* ---- process 1 ---- */

/*
 * Process 1 leads its own group and session. It has no memory until it execs, so its first steps
 * are in the kernel. Should it not be possible to make it there is nothing to go on with.
 */
void task_create_init(void (*fn)(void))
{
	struct task *t = task_new();
	struct process *p;

	default_limits(&idle_process);
	p = t ? process_new(NULL, t, SIGCHLD) : NULL;
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
	wake_task(t);
}

/* ---- exec ---- */

/*
 * A leader that has ended leaves its record and its number to the thread that execs: POSIX.1-2017,
 * exec: the process ID stays.
 */
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

/*
 * Two threads that exec at the same time: the second finds that it must end, which its way back to
 * ring 3 sees to.
 */
int exec_kill_other_threads(void)
{
	struct task *t = current;
	struct process *p = t->process;

	if (task_must_end(t))
		return -EINTR;
	if (p->threads > 1) {
		irq_flags_t flags = irq_save();

		p->sole = t;
		process_update_urgent(p);
		process_stir(p, t);
		irq_restore(flags);
		WAIT_ON(TASK_UNINTERRUPTIBLE, &p->thread_wait, p->threads == 1 || p->exiting, TIME_NEVER);
		p->sole = NULL;
		process_update_urgent(p);
		if (p->exiting)
			return -EINTR;
	}
	if (t != p->leader)
		become_leader(p, t);
	return 0;
}

/*
 * SIG_IGN stays, everything else goes (POSIX.1-2017, exec). Few actions were ever touched: only
 * those are looked at.
 */
int exec_reset_signals(void)
{
	struct task *t = current;
	struct sighand *s = t->sighand;

	if (s->users > 1) {
		s = sighand_new(s);
		if (!s)
			return -ENOMEM;
		t->sighand->users--;
		t->sighand = s;
	}
	for (sigset_t left = s->touched; left; left &= left - 1) {
		struct k_sigaction *action = &s->action[sigset_first(left) - 1];
		*action = (struct k_sigaction) { .handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
	}
	t->altstack = (stack_t) { .ss_flags = SS_DISABLE };
	t->restart.fn = NULL;
	t->trapno = t->error = t->cr2 = 0;
	return 0;
}

/* The word is cleared before anybody is woken: that is what a joining thread waits for. */
void exec_done(void)
{
	struct task *t = current;

	if (t->clear_child_tid) {
		put_user_u32((void *)t->clear_child_tid, 0);
		futex(t->clear_child_tid, FUTEX_WAKE, 1, NULL, 0, 0, false);
	}
	t->clear_child_tid = 0;
	if (t->vfork_wait)
		wake_all(t->vfork_wait);
	t->vfork_wait = NULL;
}
