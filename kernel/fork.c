/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork, clone: a new task, which shares with its maker what the flags say and gets copies of
 * the rest.
 *
 * First everything that can fail, in a task that nobody knows yet; then, without a failure
 * possible, the new task gets known and runnable. The maker goes on running. Limits: the number of
 * tasks, and a reserve of memory for those that are there, so that a fork bomb is refused (EAGAIN)
 * while the machine can still be used. Namespaces do not exist.
 */
#include "arch/x86/task_switch.h"
#include "kernel/syscall.h"

#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define RESERVE_SHARE	32u		/* of all pages must be free ... */
#define RESERVE_LEAST	16u		/* ... and some more */

/*
 * What the three calls come down to; addresses are the user's. stack 0: the maker's, copied or,
 * with CLONE_VM, shared.
 */
struct clone_request { uint32_t flags, stack; void *tls; uint32_t child_tid; };

/*
 * Combinations that Linux refuses (clone(2), ERRORS), and whether there is room. A signal comes
 * first, or a fork bomb could not be killed.
 */
static int check(uint32_t flags)
{
	if (flags & NAMESPACES || (flags & CSIGNAL) > NSIG)
		return -EINVAL;
	if ((flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) || (flags & CLONE_SIGHAND && !(flags & CLONE_VM)))
		return -EINVAL;
	if (flags & CLONE_PARENT && !current->process->parent)
		return -EINVAL;
	if (signal_pending())
		return -ERESTARTNOINTR;
	if (tasks_count() >= tasks_max() || pages_free() < pages_total() / RESERVE_SHARE + RESERVE_LEAST)
		return -EAGAIN;
	return 0;
}

/* The address space comes last: it is the largest piece, and the likeliest not to fit. */
static int give_resources(struct task *child, uint32_t flags)
{
	const struct task *t = current;

	child->files = flags & CLONE_FILES ? files_get(t->files) : files_fork(t->files);
	child->fsinfo = flags & CLONE_FS ? fs_get(t->fsinfo) : fs_fork(t->fsinfo);
	child->sighand = flags & CLONE_SIGHAND ? t->sighand : sighand_new(t->sighand);
	if (flags & CLONE_SIGHAND)
		t->sighand->users++;
	if (!child->files || !child->fsinfo || !child->sighand)
		return -ENOMEM;
	child->mm = flags & CLONE_VM ? t->mm : mm_fork(t->mm);
	if (flags & CLONE_VM)
		t->mm->users++;
	return child->mm ? 0 : -ENOMEM;
}

/*
 * glibc's fork and others want the child's number in the child's memory: that is its own first
 * step.
 */
static void write_own_tid(void) { put_user_u32((void *)current->set_child_tid, current->pid); }

/*
 * The live FPU state and segment registers are the current task's, so they are taken from the
 * processor.
 */
static void copy_machine_state(struct task *child, const struct clone_request *q)
{
	struct regs *r = task_user_regs(child);

	*r = *task_user_regs(current);
	r->eax = 0;
	if (q->stack)
		r->esp = q->stack;
	fpu_save(child->fpu);
	if (!cpu_has_fxsr)
		fpu_restore(child->fpu);	/* saving has cleared the registers */
	if (child->set_child_tid)
		task_prepare_kernel(child, write_own_tid);
	else
		task_prepare_fork(child);
}

/*
 * A child in the same memory needs a stack of its own for signals too, unless its maker waits for
 * it.
 */
static int set_up(struct task *child, const struct clone_request *q)
{
	uint32_t flags = q->flags;
	int error = flags & CLONE_SETTLS ? tls_read(child, q->tls, false) : 0;

	if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		child->altstack = (stack_t) { .ss_flags = SS_DISABLE };
	if (flags & CLONE_CHILD_SETTID)
		child->set_child_tid = q->child_tid;
	if (flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = q->child_tid;
	copy_machine_state(child, q);
	return error;
}

/* From here on nothing fails. */
static void make_known(struct task *child, struct process *p, uint32_t flags)
{
	if (!(flags & CLONE_THREAD)) {
		p->pid = child->pid;
		pid_attach_process(p);
		list_add_tail(&p->sibling, &p->parent->children);
	}
	pid_attach_task(child);
	process_add_task(p, child);
}

/* The process of the child: a new one, or ours. */
static struct process *choose_process(struct task *child, uint32_t flags)
{
	struct process *me = current->process;

	if (flags & CLONE_THREAD)
		return me;
	return flags & CLONE_PARENT ? process_new(me->parent, child, me->exit_signal) : process_new(me, child, flags & CSIGNAL);
}

/* NULL: *error says why, and everything has been given back. */
static struct task *make_child(const struct clone_request *q, int *error)
{
	struct task *child = task_new();
	struct process *p = NULL;

	*error = child ? give_resources(child, q->flags) ?: set_up(child, q) : -ENOMEM;
	if (!*error && !(p = choose_process(child, q->flags)))
		*error = -ENOMEM;
	if (!*error)
		*error = child->pid = pid_reserve();
	if (*error > 0) {
		make_known(child, p, q->flags);
		return child;
	}
	if (p != current->process)
		kfree(p);
	if (child)
		task_discard(child);
	return NULL;
}

/*
 * The child lends our memory, until it execs or ends. It clears its vfork_wait then; if we are
 * killed before, we do: `done` is on our stack. The child is looked up anew each time, for its
 * record may be gone.
 */
static bool vfork_over(int pid, const struct waitq *done)
{
	struct task *child = find_task(pid);

	if (!child || child->vfork_wait != done)
		return true;
	if (!task_must_end(current))
		return false;
	child->vfork_wait = NULL;
	return true;
}

/* Also fork and vfork: kernel/syscalls.def. */
long sys_clone(uint32_t flags, uint32_t stack, int *parent_tid, struct user_desc *tls, int *child_tid)
{
	const struct clone_request q = { flags, stack, tls, (uint32_t)child_tid };
	int error = check(flags), pid;
	struct waitq done;
	struct task *child;

	if (error)
		return error;
	child = make_child(&q, &error);
	if (!child)
		return error;
	pid = child->pid;
	if (flags & CLONE_PARENT_SETTID)
		put_user_u32(parent_tid, pid);
	waitq_init(&done);
	if (flags & CLONE_VFORK)
		child->vfork_wait = &done;
	wake_task(child);
	if (flags & CLONE_VFORK)
		WAIT_ON(TASK_UNINTERRUPTIBLE, &done, vfork_over(pid, &done), TIME_NEVER);
	return pid;
}

/* Process 1 has no parent and says 0, as on Linux. Here, for this file is compiled for speed: it is the call that nulls are measured with. */
long sys_getppid(void)
{
	const struct process *parent = current->process->parent;

	return parent ? parent->pid : 0;
}
