/* SPDX-License-Identifier: MIT */
/*
 * See scratch.h.
 */
#include "user/libc/scratch.h"

#include "user/libc/libc.h"

static char folder[64];

void scratch_enter(void)
{
	snprintf(folder, sizeof(folder), "/tmp/%s.%d", progname, getpid());
	int r = mkdir(folder, 0755);
	if (!r)
		r = chdir(folder);
	if (r)
		fail("%s: %s", folder, strerror(-r));
}

/* Empties the working folder; what is a folder (unlink says EISDIR or EPERM) is entered and left again. */
static void empty(void)
{
	struct dir d;
	struct linux_dirent64 *e;
	bool again = true;

	while (again) {
		again = false;
		opendir(&d, ".");
		while ((e = readdir(&d))) {
			if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !unlink(e->d_name))
				continue;
			if (chdir(e->d_name))
				fail("cannot remove %s", e->d_name);
			empty();
			chdir("..");
			rmdir(e->d_name);
			again = true;
		}
		closedir(&d);
	}
}

void scratch_leave(void)
{
	chdir(folder);
	empty();
	chdir("/");
	rmdir(folder);
}

void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		fail("%s: %s", path, strerror(-fd));
	write(fd, text, strlen(text));
	close(fd);
}

int in_child(int (*fn)(void))
{
	int status = -1, pid = fork();

	if (!pid)
		_exit(fn());
	if (pid > 0)
		while (waitpid(pid, &status, 0) == -EINTR)
			;
	return status;
}

long mem_free(void)
{
	char text[2048];
	const char *p = read_file("/proc/meminfo", text, sizeof(text)) > 0 ? strstr(text, "MemFree:") : NULL;

	return p ? strtol(p + 8, NULL, 10) : -1;
}
