/* SPDX-License-Identifier: MIT */
/*
 * kill [-SIGNAL] PID...: sends a signal (a number or a name with or without SIG; TERM if not said). A negative
 * PID, behind --, means a process group.
 */
#include "user/libc/libc.h"

static int parse_signal(const char *s)
{
	if (*s >= '0' && *s <= '9')
		return atoi(s);
	if (!strncmp(s, "SIG", 3))
		s += 3;
	for (int sig = 1; sig < 32; sig++)
		if (!strcmp(signame(sig) + 3, s))
			return sig;
	fail("unknown signal %s", s);
}

int main(int argc, char **argv)
{
	int i = 1, sig = SIGTERM, status = 0;

	if (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"))
		sig = parse_signal(argv[i++] + 1);
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	if (i >= argc)
		fail("usage: kill [-SIGNAL] PID...");
	for (; i < argc; i++) {
		int r = kill(atoi(argv[i]), sig);
		if (r < 0) {
			dprintf(2, "kill: %s: %s\n", argv[i], strerror(-r));
			status = 1;
		}
	}
	return status;
}
