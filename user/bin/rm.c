/* SPDX-License-Identifier: MIT */
/*
 * rm [-r] [-f] PATH...: removes files, with -r also folders and what they hold; -f says nothing of missing ones.
 */
#include "user/libc/libc.h"

static bool recursive, force;

static int remove_path(const char *path);

/* Entries move up while others go, so the folder is read anew until nothing is left or nothing can go. */
static int remove_folder(const char *path)
{
	for (;;) {
		struct dir d;
		struct linux_dirent64 *e;
		bool some = false;
		int r = opendir(&d, path);
		if (r < 0)
			return r;
		while ((e = readdir(&d))) {
			char sub[512];
			if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
				continue;
			snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
			if ((r = remove_path(sub)) < 0)
				break;
			some = true;
		}
		closedir(&d);
		if (r < 0)
			return r;
		if (!some)
			return rmdir(path);
	}
}

static int remove_path(const char *path)
{
	int r = unlink(path);

	return (r == -EISDIR || r == -EPERM) && recursive ? remove_folder(path) : r;
}

int main(int argc, char **argv)
{
	int c, status = 0;

	while ((c = getopt(argc, argv, "rf")) != -1) {
		if (c == '?')
			return 2;
		recursive |= c == 'r';
		force |= c == 'f';
	}
	for (int i = optind; i < argc; i++) {
		int r = remove_path(argv[i]);
		if (r < 0 && !(r == -ENOENT && force)) {
			dprintf(2, "rm: %s: %s\n", argv[i], strerror(-r));
			status = 1;
		}
	}
	return status;
}
