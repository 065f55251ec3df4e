/* SPDX-License-Identifier: MIT */
/* Calls of families of which programs mostly need one member: who one is, priorities, processors, attributes, folders the old way, times of 64 bits. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include "show.h"

#ifndef SYS_pselect6_time64		/* where times have 64 bits anyhow */
#define SYS_pselect6_time64		SYS_pselect6
#define SYS_rt_sigtimedwait_time64	SYS_rt_sigtimedwait
#endif

static void who_one_is(void)
{
	uid_t u = getuid(), a, b, c;
	gid_t g = getgid();

	SHOW(setuid(u));
	SHOW(setgid(g));
	SHOW(setreuid(-1, u));
	SHOW(setregid(g, -1));
	SHOW(setresuid(u, -1, u));
	SHOW(setresgid(-1, -1, -1));
	SHOW(getresuid(&a, &b, &c));
	SHOW(a == u && b == u && c == u);
	SHOW(getresgid(&a, &b, (gid_t *)8));
	SHOW(setfsuid(u) == (int)u && setfsgid(g) == (int)g);
	SHOW(setuid(-1));
}

static void priorities(void)
{
	int base = getpriority(PRIO_PROCESS, 0);

	SHOW(nice(3) - base);
	SHOW(getpriority(PRIO_PROCESS, getpid()) - base);
	SHOW(setpriority(PRIO_PROCESS, 0, base + 5));
	if (!fork())
		_exit(getpriority(PRIO_PROCESS, 0) - base);
	int status;
	wait(&status);
	SHOW(WEXITSTATUS(status));
	SHOW(setpriority(PRIO_PROCESS, 0, 100));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(getpriority(PRIO_PROCESS, 30000000));
	SHOW(getpriority(3, 0));
	SHOW(setpriority(-1, 0, 0));
}

static void processors(void)
{
	cpu_set_t set, none;

	CPU_ZERO(&none);
	SHOW(sched_getaffinity(0, sizeof(set), &set));
	SHOW(sched_setaffinity(0, sizeof(set), &set));
	SHOW(sched_setaffinity(0, sizeof(none), &none));
	SHOW(sched_setaffinity(30000000, sizeof(set), &set));
	SHOW(sched_setaffinity(0, sizeof(set), (void *)8));
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The record of getdents: two words, its length, the name, and the type in the last byte. */
static void folder_the_old_way(void)
{
	char buf[4096], *names[16];
	int fd, n = 0;

	mkdir("old", 0755);
	mkdir("old/folder", 0755);
	symlink("x", "old/a symbolic link");
	close(open("old/f", O_CREAT | O_WRONLY, 0644));
	fd = open("old", O_RDONLY | O_DIRECTORY);
	SHOW(syscall(SYS_getdents, fd, buf, 8));
	int got = syscall(SYS_getdents, fd, buf, sizeof(buf));
	for (int at = 0; at < got;) {
		char *record = buf + at;
		unsigned short length;
		memcpy(&length, record + 2 * sizeof(long), 2);
		names[n] = malloc(300);
		snprintf(names[n++], 300, "%s %d", record + 2 * sizeof(long) + 2, record[length - 1]);
		at += length;
	}
	qsort(names, n, sizeof(*names), compare);
	for (int i = 0; i < n; i++)
		puts(names[i]);
	SHOW(syscall(SYS_getdents, fd, buf, sizeof(buf)));
	SHOW(listxattr("old/f", buf, sizeof(buf)));
	SHOW(flistxattr(fd, NULL, 0));
	SHOW(llistxattr("old/none", NULL, 0));
	SHOW(syncfs(fd));
	SHOW(syncfs(-1));
	close(fd);
}

static void queued(int sig, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d, code %d, value %d\n", sig, info->si_code, info->si_value.sival_int);
}

static void wide_times(void)
{
	struct { long long sec, nsec; } little = { 0, 20000000 }, bad = { 0, 1000000000 };
	siginfo_t info = { .si_code = SI_QUEUE };
	sigset_t set;

	info.si_value.sival_int = 77;
	sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = queued, .sa_flags = SA_SIGINFO }, NULL);
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), (int)syscall(SYS_gettid), SIGUSR1, &info));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), 30000000, SIGUSR1, &info));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, 0, getpid(), SIGUSR1, &info));
	SHOW(syscall(SYS_pselect6_time64, 0, NULL, NULL, NULL, &little, NULL));
	SHOW(syscall(SYS_pselect6_time64, 0, NULL, NULL, NULL, &bad, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(syscall(SYS_rt_sigtimedwait_time64, &set, NULL, &little, 8));
	raise(SIGUSR2);
	SHOW(syscall(SYS_rt_sigtimedwait_time64, &set, &info, &little, 8));
	SHOW(info.si_signo == SIGUSR2);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	who_one_is();
	folder_the_old_way();
	wide_times();
	processors();
	priorities();
	return 0;
}
