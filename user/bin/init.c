/* SPDX-License-Identifier: MIT */
/*
 * init: process 1.
 *
 *	init			greets, runs the shell on the console, powers off when it ends
 *	init -c 'COMMAND'	runs one command through the shell and exits with its status
 *	init PROGRAM ARG...	the same for a program (an absolute path)
 *
 * The words come from the kernel's command line behind "--"; QEMU's -append may quote the command. Descriptors
 * 0, 1 and 2 are given by the kernel. /etc/rc, if there is one, is run by the shell before all else. Whatever is orphaned
 * is reaped here. Exiting ends the machine; so do the signals by which busybox's poweroff, halt and reboot ask for it.
 */
#include "abi/reboot.h"
#include "user/libc/libc.h"

/* The child leads a session of its own, whose terminal is the console: ^C and ^Z reach it, not process 1. */
static int start(const char *path, char *const argv[])
{
	int pid = fork();

	if (pid)
		return pid;
	setsid();
	ioctl(0, TIOCSCTTY, 0);
	tcsetpgrp(0, getpid());
	int r = execve(path, argv, environ);
	dprintf(2, "init: %s: %s\n", path, strerror(-r));
	_exit(127);
}

/* Reaps until PID itself ends; a signal that killed it becomes 128 + number, as in a shell. */
static int wait_for(int pid)
{
	int status, got;

	if (pid < 0)
		fail("fork: %s", strerror(-pid));
	do {
		got = waitpid(-1, &status, 0);
	} while (got != pid && (got > 0 || got == -EINTR));
	if (got < 0)
		fail("wait: %s", strerror(-got));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void greet(void)
{
	struct utsname u;
	char motd[256] = "";

	uname(&u);
	read_file("/etc/motd", motd, sizeof(motd));
	printf("\n%s %s on %s. %s\n", u.sysname, u.release, u.machine, motd);
}

static void asked_to_end(int sig)
{
	reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	       sig == SIGTERM ? LINUX_REBOOT_CMD_RESTART : LINUX_REBOOT_CMD_POWER_OFF, NULL);
}

static void run_rc(void)
{
	char *sh[] = { "sh", "/etc/rc", NULL }, found[1];

	if (read_file("/etc/rc", found, sizeof(found)) >= 0)
		wait_for(start("/bin/sh", sh));
}

/* Some loaders split a quoted command at its blanks; join what is left of it, without the quotes. */
static void join(char *out, size_t size, char **words)
{
	out[0] = 0;
	for (; *words; words++) {
		strlcat(out, *words, size);
		if (words[1])
			strlcat(out, " ", size);
	}
	size_t n = strlen(out);
	if (n > 1 && (out[0] == '"' || out[0] == '\'') && out[n - 1] == out[0]) {
		memmove(out, out + 1, n - 2);
		out[n - 2] = 0;
	}
}

int main(int argc, char **argv)
{
	static char command[1024];
	struct stat64 usr;

	if (!stat64("/usr/bin", &usr))		/* packages of Debian's come before the names of busybox's applets, which are in /bin */
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	if (!getenv("PATH"))
		setenv("PATH", "/bin:/tests");
	setenv("HOME", "/");
	if (!getenv("TERM"))
		setenv("TERM", "vt100");
	signal(SIGUSR1, asked_to_end);
	signal(SIGUSR2, asked_to_end);
	signal(SIGTERM, asked_to_end);
	run_rc();
	if (argc > 2 && !strcmp(argv[1], "-c")) {
		join(command, sizeof(command), argv + 2);
		char *sh[] = { "sh", "-c", command, NULL };
		return wait_for(start("/bin/sh", sh));
	}
	if (argc > 1 && argv[1][0] == '/')
		return wait_for(start(argv[1], argv + 1));
	greet();
	char *sh[] = { "-sh", NULL };
	wait_for(start("/bin/sh", sh));
	asked_to_end(0);
	return 0;
}
