/* SPDX-License-Identifier: MIT */
/*
 * Counting and printing of test results: see tap.h.
 */
#include "user/libc/tap.h"

#include "user/libc/libc.h"

static int planned, passed, failed;

void plan(int checks)
{
	planned = checks;
}

bool ok(bool good, const char *name)
{
	if (good)
		printf("ok %s\n", name);
	else
		printf("not ok %s: expected true got false\n", name);
	passed += good;
	failed += !good;
	return good;
}

bool equal(const char *name, long got, long expected)
{
	if (got == expected)
		return ok(true, name);
	printf("not ok %s: expected %ld (%#lx) got %ld (%#lx)\n", name, expected, expected, got, got);
	failed++;
	return false;
}

bool same_text(const char *name, const char *got, const char *expected)
{
	if (!strcmp(got, expected))
		return ok(true, name);
	printf("not ok %s: expected \"%s\" got \"%s\"\n", name, expected, got);
	failed++;
	return false;
}

int done(void)
{
	if (passed + failed != planned) {
		printf("not ok plan: expected %d got %d\n", planned, passed + failed);
		failed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
