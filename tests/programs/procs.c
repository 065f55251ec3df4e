/* SPDX-License-Identifier: MIT */
/* Processes: fork, exec in all its ways, pipelines, groups, limits. Called with a word it is the program that it execs. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/wait.h>
#include "show.h"

extern char **environ;
static char *self;

static int child(char **argv)
{
	if (!strcmp(argv[1], "fd"))
		printf("descriptor 30 %s, 31 %s\n", fcntl(30, F_GETFD) < 0 ? "closed" : "open", fcntl(31, F_GETFD) < 0 ? "closed" : "open");
	else
		printf("child %s of %s, COLOUR=%s\n", argv[1], strrchr(argv[0], '/') ? "a path" : argv[0], getenv("COLOUR"));
	return 3;
}

static int finished(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void execs(void)
{
	char *words[] = { "name", "word", NULL }, *env[] = { "COLOUR=red", NULL };
	pid_t pid;
	int fd;

	if (!(pid = fork()))
		execve(self, words, env);
	printf("execve %d\n", finished(pid));
	if (!(pid = vfork())) {
		execve("/no/such", words, env);
		_exit(errno == ENOENT ? 44 : 1);
	}
	printf("vfork %d\n", finished(pid));
	setenv("COLOUR", "green", 1);
	int error = posix_spawn(&pid, self, NULL, NULL, words, environ);
	printf("spawn %d, error %d\n", finished(pid), error);
	SHOW(posix_spawnp(&pid, "no-such-program", NULL, NULL, words, environ));
	fd = open("script", O_CREAT | O_TRUNC | O_WRONLY, 0644);
	dprintf(fd, "#!%s scripted\n", self);
	close(fd);
	SHOW(execl("script", "script", NULL));
	chmod("script", 0755);
	if (!(pid = fork()))
		execl("./script", "script", NULL);
	printf("script %d\n", finished(pid));
	fd = open("script", O_TRUNC | O_WRONLY);
	dprintf(fd, "no program\n");
	close(fd);
	SHOW(execl("script", "script", NULL));
	SHOW(execl("/", "script", NULL));
	unlink("script");
	dup2(1, 30);
	dup2(1, 31);
	fcntl(31, F_SETFD, FD_CLOEXEC);
	if (!(pid = fork()))
		execl(self, "name", "fd", NULL);
	finished(pid);
}

static void shells(void)
{
	char line[80];
	FILE *f = popen("echo from the shell; exit 5", "r");

	while (fgets(line, sizeof(line), f))
		printf("%s", line);
	printf("pclose %d\n", WEXITSTATUS(pclose(f)));
	printf("system %d\n", WEXITSTATUS(system("exit 6")));
	f = popen("cat", "w");
	fprintf(f, "to the shell\n");
	pclose(f);
}

static void groups(void)
{
	pid_t pid;

	if (!(pid = fork())) {
		SHOW(setpgid(0, 0));
		SHOW(getpgrp() == getpid());
		SHOW(setsid());
		if (!(pid = fork())) {
			SHOW(setsid() == getpid());
			SHOW(getsid(0) == getpid());
			SHOW(open("/dev/tty", O_RDWR));
			_exit(0);
		}
		_exit(finished(pid));
	}
	printf("%d\n", finished(pid));
	SHOW(setpgid(999999, 0));
}

static void limits(void)
{
	struct rlimit r;
	struct rusage usage;
	struct tms t;
	cpu_set_t set;
	char name[16] = "";

	SHOW(getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = 10;
	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	SHOW(dup2(1, 20));
	SHOW(getrusage(RUSAGE_CHILDREN, &usage));
	SHOW(getrusage(77, &usage));
	SHOW(times(&t) != -1);
	SHOW(sched_getaffinity(0, sizeof(set), &set));
	printf("some processor: %d\n", CPU_COUNT(&set) > 0);
	SHOW(sched_yield());
	SHOW(prctl(PR_SET_NAME, "renamed-program", 0, 0, 0));
	SHOW(prctl(PR_GET_NAME, name, 0, 0, 0));
	printf("%s\n", name);
}

int main(int argc, char **argv)
{
	int status, exits = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	self = realpath("/proc/self/exe", NULL);
	if (argc > 1)
		return child(argv);
	execs();
	shells();
	groups();
	for (int i = 0; i < 20; i++)
		if (!fork())
			_exit(i);
	while (wait(&status) > 0)
		exits += WEXITSTATUS(status);
	printf("20 children, sum %d\n", exits);
	SHOW(wait(&status));
	limits();
	return 0;
}
