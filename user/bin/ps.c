/* SPDX-License-Identifier: MIT */
/*
 * ps: the processes that /proc shows: number, parent, state, name, command line.
 */
#include "user/libc/libc.h"

/* The word behind "Key:" in a status file. */
static void field(const char *status, const char *key, char *out, size_t size)
{
	const char *p = strstr(status, key);
	size_t n = 0;

	if (p)
		for (p += strlen(key); *p == ' ' || *p == '\t'; p++)
			;
	while (p && *p && *p != '\n' && *p != ' ' && *p != '\t' && n + 1 < size)
		out[n++] = *p++;
	out[n] = 0;
}

static void print_process(const char *pid)
{
	char path[64], status[1536], cmd[128], name[32], ppid[12], state[4];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (read_file(path, status, sizeof(status)) < 0)
		return;
	field(status, "Name:", name, sizeof(name));
	field(status, "PPid:", ppid, sizeof(ppid));
	field(status, "State:", state, sizeof(state));
	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	int n = read_file(path, cmd, sizeof(cmd));
	for (int i = 0; i < n - 1; i++)
		if (!cmd[i])
			cmd[i] = ' ';
	printf("%5s %5s %-2s %-12s %s\n", pid, ppid, state, name, n > 0 ? cmd : "");
}

int main(void)
{
	struct dir d;
	struct linux_dirent64 *e;
	int r = opendir(&d, "/proc");

	if (r < 0)
		fail("/proc: %s", strerror(-r));
	printf("  PID  PPID S  NAME         COMMAND\n");
	while ((e = readdir(&d)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			print_process(e->d_name);
	closedir(&d);
	return 0;
}
