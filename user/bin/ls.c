/* SPDX-License-Identifier: MIT */
/*
 * ls [-l] [-a] [PATH...]: names in alphabetical order, one a line; -l with type, permissions, size, -a with
 * the ones that begin with a dot.
 */
#include "user/libc/libc.h"

static bool show_long, show_all;

static void print_one(const char *folder, const char *name)
{
	struct stat64 st;
	char path[512], mode[] = "?rwxrwxrwx", target[256] = "";
	static const char types[] = "?pc?d?b?-?l?s???";

	if (!show_long) {
		printf("%s\n", name);
		return;
	}
	snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
	if (lstat64(path, &st) < 0) {
		printf("?????????? ?          ? %s\n", name);
		return;
	}
	mode[0] = types[st.st_mode >> 12 & 15];
	for (int i = 0; i < 9; i++)
		if (!(st.st_mode >> (8 - i) & 1))
			mode[i + 1] = '-';
	int n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof(target) - 1) : 0;
	target[max(n, 0)] = 0;
	printf("%s %2u %8lld %s%s%s\n", mode, st.st_nlink, (long long)st.st_size, name, n > 0 ? " -> " : "", target);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *path)
{
	struct dir d;
	struct linux_dirent64 *e;
	char **names = NULL;
	int n = 0;
	int r = opendir(&d, path);

	if (r == -ENOTDIR) {
		print_one("", path);
		return 0;
	}
	if (r < 0) {
		dprintf(2, "ls: %s: %s\n", path, strerror(-r));
		return 1;
	}
	while ((e = readdir(&d))) {
		if (e->d_name[0] == '.' && !show_all)
			continue;
		if (n % 64 == 0 && !(names = realloc(names, (n + 64) * sizeof(char *))))
			fail("out of memory");
		names[n++] = strdup(e->d_name);
	}
	closedir(&d);
	sort(names, n, sizeof(char *), by_name);
	for (int i = 0; i < n; i++)
		print_one(path, names[i]);
	return 0;
}

int main(int argc, char **argv)
{
	int c, status = 0;

	while ((c = getopt(argc, argv, "la1")) != -1) {
		if (c == '?')
			return 2;
		show_long |= c == 'l';
		show_all |= c == 'a';
	}
	if (optind == argc)
		return list(".");
	for (int i = optind; i < argc; i++) {
		if (argc - optind > 1)
			printf("%s:\n", argv[i]);
		status |= list(argv[i]);
	}
	return status;
}
