/* SPDX-License-Identifier: MIT */
/*
 * process: fork, vfork, clone, exec and wait: results, errors, what a new program is given and what it keeps.
 *
 * With a first word of its own the program is the one that is executed (see played).
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static const char *self;
static char huge[140000];

/* ---- the programs that are executed ---- */

static int show_words(int argc, char **argv, char **envp)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]", argv[i]);
	printf("|");
	for (; *envp; envp++)
		printf("[%s]", *envp);
	return argc;
}

static bool aux_good(void)
{
	const uint8_t *random = PTR(getauxval(AT_RANDOM));
	int nonzero = 0;

	for (int i = 0; random && i < 16; i++)
		nonzero += random[i] != 0;
	return getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHENT) == 32 && getauxval(AT_PHNUM) >= 2 && getauxval(AT_PHDR) &&
		getauxval(AT_ENTRY) && getauxval(AT_CLKTCK) == 100 && getauxval(AT_BASE) == 0 && getauxval(AT_FLAGS) == 0 &&
		getauxval(AT_SECURE) == 0 && nonzero > 4 && getauxval(AT_UID) == (uint32_t)sys(__NR_getuid32) &&
		getauxval(AT_EGID) == (uint32_t)sys(__NR_getegid32) &&
		!strcmp(PTR(getauxval(AT_EXECFN)), "./program") && !strcmp(PTR(getauxval(AT_PLATFORM)), "i686");
}

/* What exec resets and what it keeps: handlers go, ignored signals and masks stay, the alternate stack goes. */
static int check_state(void)
{
	struct k_sigaction act;
	sigset_t set, pending;
	stack_t ss;
	int bad = 0;

	sigaction(SIGUSR1, NULL, &act);
	bad |= act.handler != SIG_DFL;
	sigaction(SIGUSR2, NULL, &act);
	bad |= (act.handler != SIG_IGN) << 1;
	sigprocmask(SIG_BLOCK, 0, &set);
	bad |= (set != (SIGMASK(SIGTERM) | SIGMASK(45))) << 2;
	sys(__NR_rt_sigpending, &pending, 8);
	bad |= (pending != SIGMASK(SIGTERM)) << 3;
	sys(__NR_sigaltstack, NULL, &ss);
	bad |= (ss.ss_flags != SS_DISABLE) << 4;
	bad |= (sys(__NR_umask, 0) != 0123) << 5;
	uint16_t gs;
	__asm__("movw %%gs, %0" : "=r"(gs));
	return bad | (gs != 0) << 6;
}

static int played(int argc, char **argv, char **envp)
{
	if (!strcmp(argv[1], "words"))
		return show_words(argc - 2, argv + 2, envp);
	if (!strcmp(argv[1], "aux"))
		return !aux_good();
	if (!strcmp(argv[1], "state"))
		return check_state();
	if (!strcmp(argv[1], "pid"))
		return atoi(argv[2]) != getpid();
	return show_words(argc, argv, envp);
}

/* ---- running them ---- */

static char output[512];

static int capture(const char *path, char *const argv[], char *const envp[])
{
	int fd[2], status, n, at = 0;

	pipe2(fd, O_CLOEXEC);
	int pid = fork();
	if (!pid) {
		dup2(fd[1], 1);
		_exit(-execve(path, argv, envp));
	}
	close(fd[1]);
	while ((n = read(fd[0], output + at, sizeof(output) - 1 - at)) > 0)
		at += n;
	output[at] = 0;
	close(fd[0]);
	waitpid(pid, &status, 0);
	return status;
}

static void test_exec(void)
{
	char *words[] = { "zero", "words", "", "two words", "x=y", NULL }, *env[] = { "A=1", "B=", "", NULL }, *none[] = { NULL };
	char *aux[] = { "p", "aux", NULL };

	equal("exec passes words: number", capture("./program", words, env), W_EXITCODE(3, 0));
	same_text("exec passes words and environment", output, "[][two words][x=y]|[A=1][B=][]");
	equal("exec with an empty environment", capture("./program", words, none), W_EXITCODE(3, 0));
	same_text("it is empty", output, "[][two words][x=y]|");
	equal("exec with no environment at all", capture("./program", words, NULL), W_EXITCODE(3, 0));
	equal("the auxiliary vector", capture("./program", aux, none), 0);
}

static int state_child(void)
{
	static uint8_t stack[8192];
	stack_t ss = { .ss_sp = ADDR(stack), .ss_size = sizeof(stack) };
	char *words[] = { "p", "state", NULL };

	signal(SIGUSR1, PTR(ADDR(exit)));
	signal(SIGUSR2, PTR(SIG_IGN));
	sigprocmask(SIG_SETMASK, SIGMASK(SIGTERM) | SIGMASK(45), NULL);
	raise(SIGTERM);
	sys(__NR_sigaltstack, &ss, NULL);
	sys(__NR_umask, 0123);
	set_thread_pointer(ADDR(stack));
	execve("./program", words, environ);
	return 127;
}

static int pid_child(void)
{
	char number[16], *words[] = { "p", "pid", number, NULL };

	snprintf(number, sizeof(number), "%d", getpid());
	execve("./program", words, environ);
	return 127;
}

static void test_exec_errors(void)
{
	static char *big[] = { "p", huge, NULL };
	char *words[] = { "p", NULL };
	char **many = malloc(70 * sizeof(*many));
	static const struct {
		const char *name, *path;
		int result;
	} t[] = {
		{ "exec of nothing", "./none", -ENOENT }, { "exec of an empty name", "", -ENOENT },
		{ "exec below a file", "./program/x", -ENOTDIR }, { "exec of a folder", "./dir", -EACCES },
		{ "exec of a file without x", "./plain", -EACCES }, { "exec of an empty file", "./empty", -ENOEXEC },
		{ "exec of text", "./text", -ENOEXEC }, { "exec of half an ELF header", "./half", -ENOEXEC },
		{ "exec of a script without an interpreter", "./bare", -ENOEXEC },
		{ "exec of a script whose interpreter is missing", "./lost", -ENOENT },
		{ "exec of a script that interprets itself", "./selfish", -ELOOP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		equal(t[i].name, execve(t[i].path, words, environ), t[i].result);
	memset(huge, 'h', sizeof(huge) - 1);
	equal("exec with a word of 140000 bytes", execve("./program", big, environ), -E2BIG);
	huge[131000] = 0;
	for (int i = 0; i < 69; i++)
		many[i] = huge;
	many[69] = NULL;
	equal("exec with 9 MB of words", execve("./program", many, environ), -E2BIG);
	equal("exec with bad words", sys(__NR_execve, "./program", 16, environ), -EFAULT);
	equal("exec with a bad environment", sys(__NR_execve, "./program", words, 16), -EFAULT);
	char *bad[] = { "p", PTR(16), NULL };
	equal("exec with a bad word", execve("./program", bad, environ), -EFAULT);
	equal("exec with a bad name", sys(__NR_execve, 16, words, environ), -EFAULT);
	free(many);
}

static void script(const char *path, const char *text)
{
	make_file(path, text);
	sys(__NR_chmod, path, 0755);
}

static void test_scripts(void)
{
	char *words[] = { "zero", "a", "b", NULL }, *env[] = { NULL };

	script("s1", "#!./program\nrest\n");
	equal("script", capture("./s1", words, env), W_EXITCODE(4, 0));
	same_text("it gets the script's name and the words", output, "[./program][./s1][a][b]|");
	script("s2", "#!  ./program  -o two  words \t \nrest\n");
	equal("script with an argument", capture("./s2", words, env), W_EXITCODE(5, 0));
	same_text("which is one word, trimmed", output, "[./program][-o two  words][./s2][a][b]|");
	script("s3", "#!./s1 through\n");
	equal("script of a script", capture("./s3", words, env), W_EXITCODE(6, 0));
	same_text("both names and arguments", output, "[./program][./s1][through][./s3][a][b]|");
	script("s4", "#!./program");
	equal("script without a newline", capture("./s4", words, env), W_EXITCODE(4, 0));
	script("s5", "#!./program\n");
	sys(__NR_chmod, "s5", 0644);
	equal("script without x", capture("./s5", words, env), W_EXITCODE(EACCES, 0));
}

/* ---- fork, vfork, clone ---- */

static volatile int shared;

static void test_vfork(void)
{
	int status;

	shared = 1;
	int pid = vfork();
	if (!pid) {
		shared = 2;
		_exit(shared + 10);
	}
	equal("vfork shares memory and waits", shared, 2);
	equal("its child is waited for", waitpid(pid, &status, 0), pid);
	equal("with its status", status, W_EXITCODE(12, 0));
	char *words[] = { "p", "pid", "0", NULL };
	pid = vfork();
	if (!pid) {
		execve("./program", words, NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	equal("vfork and exec", status, W_EXITCODE(1, 0));
}

static void test_clone(void)
{
	static int ptid, ctid, status;
	int pid = sys(__NR_clone, SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, 0, &ptid, 0, &ctid);

	if (!pid)
		_exit(ctid == getpid() ? 0 : 1);
	waitpid(pid, &status, 0);
	ok(ptid == pid && ctid == 0 && status == 0, "clone stores the child's number on both sides");
	signal(SIGUSR1, PTR(SIG_IGN));
	pid = sys(__NR_clone, SIGUSR1, 0, 0, 0, 0);
	if (!pid)
		_exit(3);
	equal("wait doesn't see a child with another signal", waitpid(-1, &status, 0), -ECHILD);
	equal("but with __WALL", waitpid(-1, &status, __WALL), pid);
	pid = sys(__NR_clone, 0, 0, 0, 0, 0);
	if (!pid)
		_exit(4);
	equal("or with __WCLONE", waitpid(pid, &status, __WCLONE), pid);
	signal(SIGUSR1, PTR(SIG_DFL));
	equal("CLONE_SIGHAND without CLONE_VM", sys(__NR_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), -EINVAL);
	equal("CLONE_THREAD without CLONE_SIGHAND", sys(__NR_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), -EINVAL);
	int before = open(".", O_RDONLY);
	close(before);
	pid = sys(__NR_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		open("plain", O_RDONLY);
		_exit(chdir("dir"));
	}
	waitpid(pid, &status, 0);
	equal("CLONE_FILES shares descriptors", close(before), 0);
	equal("CLONE_FS shares the folder", chdir("../dir"), 0);
	chdir("..");
}

/* ---- wait ---- */

static int status_of(int how)
{
	int status = 0, pid = fork();

	if (!pid)
		_exit(how);
	sys(__NR_waitpid, pid, &status, 0);
	return status;
}

static void test_wait(void)
{
	int status = 77, fd[2], a, b;
	struct rusage usage;

	equal("wait without children", waitpid(-1, &status, 0), -ECHILD);
	equal("wait for a stranger", waitpid(1, &status, 0), -ECHILD);
	equal("wait with unknown options", waitpid(-1, &status, 0x40), -EINVAL);
	equal("status", status, 77);
	equal("exit code", status_of(255), W_EXITCODE(255, 0));
	equal("exit codes are 8 bits", status_of(0x1234), W_EXITCODE(0x34, 0));
	pipe(fd);
	a = fork();
	if (!a) {
		read(fd[0], &status, 1);
		_exit(1);
	}
	equal("WNOHANG with a running child", waitpid(-1, &status, WNOHANG), 0);
	b = fork();
	if (!b)
		_exit(2);
	equal("wait for a given child", wait4(b, &status, 0, &usage), b);
	ok(usage.ru_maxrss >= 0 && usage.ru_utime.tv_sec == 0, "its resource usage");
	write(fd[1], "x", 1);
	equal("wait for any", waitpid(-1, NULL, 0), a);
	equal("wait again", waitpid(a, &status, 0), -ECHILD);
	a = fork();
	if (!a) {
		setpgid(0, 0);
		_exit(5);
	}
	setpgid(a, a);
	equal("wait for the own group misses others", waitpid(0, &status, WNOHANG), -ECHILD);
	equal("wait for a group", waitpid(-a, &status, 0), a);
	close(fd[0]), close(fd[1]);
}

static int session_child(void)
{
	int r = setsid() == getpid() && getpgid(0) == getpid() && sys(__NR_getsid, 0) == getpid() ? 0 : 1;

	return r | (setsid() != -EPERM) << 1 | (setpgid(0, 0) != -EPERM) << 2;
}

static void test_groups(void)
{
	int status, pid = fork();

	if (!pid)
		for (;;)
			sys(__NR_pause);
	equal("a child is in its parent's group", getpgid(pid), getpgid(0));
	equal("getpgrp", sys(__NR_getpgrp), getpgid(0));
	equal("setpgid of a child", setpgid(pid, pid), 0);
	equal("moved it", getpgid(pid), pid);
	equal("back again", setpgid(pid, getpgid(0)), 0);
	equal("setpgid to a group that isn't", setpgid(pid, 0x3fffffff), -EPERM);
	equal("setpgid to a negative group", setpgid(pid, -1), -EINVAL);
	equal("setpgid of nobody", setpgid(0x3fffffff, 0), -ESRCH);
	equal("setpgid of the parent", setpgid(getppid(), 0), -ESRCH);
	equal("getpgid of nobody", getpgid(0x3fffffff), -ESRCH);
	equal("getsid of a child", sys(__NR_getsid, pid), sys(__NR_getsid, 0));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	equal("setsid and what it forbids", in_child(session_child), 0);
}

static void copy_self(void)
{
	int from = open(self, O_RDONLY), to = open("program", O_WRONLY | O_CREAT, 0755), n;
	char buf[4096];

	if (from < 0)
		fail("%s: %s", self, strerror(-from));
	while ((n = read(from, buf, sizeof(buf))) > 0)
		write_all(to, buf, n);
	close(from), close(to);
}

int main(int argc, char **argv, char **envp)
{
	self = argv[0];
	if (argc > 1)
		return played(argc, argv, envp);
	plan(70);
	scratch_enter();
	copy_self();
	mkdir("dir", 0755);
	make_file("plain", "#!./program\n");
	script("empty", ""), script("text", "some text that is neither ELF nor a script\n"), script("half", "\177ELF\1\1\1");
	script("bare", "#!\n"), script("lost", "#!/no/such/program x\n"), script("selfish", "#!./selfish\n");
	test_exec();
	equal("exec resets handlers, alternate stack and %gs, and keeps the rest", in_child(state_child), 0);
	equal("exec keeps the process number", in_child(pid_child), 0);
	test_exec_errors();
	test_scripts();
	test_vfork();
	test_clone();
	test_wait();
	test_groups();
	scratch_leave();
	return done();
}
