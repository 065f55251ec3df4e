/* SPDX-License-Identifier: MIT */
/*
 * The environment: a NULL-terminated list of NAME=VALUE strings, copied to the heap by the first change.
 *
 * Replaced strings are not freed: they may be the kernel's own, on the initial stack.
 */
#include "user/libc/libc.h"

static char **find(const char *name, size_t len)
{
	for (char **p = environ; *p; p++)
		if (!strncmp(*p, name, len) && (*p)[len] == '=')
			return p;
	return NULL;
}

char *getenv(const char *name)
{
	size_t len = strlen(name);
	char **p = find(name, len);

	return p ? *p + len + 1 : NULL;
}

static int append(char *entry)
{
	static char **owned;
	size_t n = 0;

	while (environ[n])
		n++;
	char **copy = malloc((n + 2) * sizeof(char *));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, environ, n * sizeof(char *));
	copy[n] = entry;
	copy[n + 1] = NULL;
	free(owned);
	owned = environ = copy;
	return 0;
}

int setenv(const char *name, const char *value)
{
	size_t len = strlen(name);
	char **p = find(name, len);

	if (!value) {
		for (; p && *p; p++)
			*p = p[1];
		return 0;
	}
	size_t size = len + strlen(value) + 2;
	char *entry = malloc(size);
	if (!entry)
		return -ENOMEM;
	snprintf(entry, size, "%s=%s", name, value);
	if (!p)
		return append(entry);
	*p = entry;
	return 0;
}
