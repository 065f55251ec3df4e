/* SPDX-License-Identifier: MIT */
/*
 * Some thousand calls on names and descriptors, drawn by lot from a fixed seed: what each of them says depends on all before it. Then what
 * no lot would find: descriptors that only name something, programs that run, flags of getrandom.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "show.h"

#define CALLS	4000
#define ACCESS	3		/* O_ACCMODE, to which musl adds O_PATH */
#define FIRST	3		/* the descriptors that take part */
#define LAST	12

static uint32_t seed = 7;
static char data[8192];

static uint32_t lot(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* One to three names, now and then with dots, doubled slashes or one behind it; or none at all. */
static const char *path(char *to)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "a", "b", "c", "d", ".", ".." };
	uint32_t depth = lot(4) ? 1 : 2 + lot(2);

	*to = 0;
	if (!lot(40))
		return to;
	for (uint32_t i = 0; i < depth; i++) {
		strcat(to, i ? lot(8) ? "/" : "//" : "");
		strcat(to, names[lot(11)]);
	}
	return strcat(to, lot(8) ? "" : lot(2) ? "/" : "/.");
}

/* The other end of a path that leads out of the folder in which all happens is not for us. */
static int is_outside(const char *p)
{
	return strstr(p, "..") != NULL;
}

static int descriptor(void)
{
	return lot(30) ? FIRST + (int)lot(LAST - FIRST) : -1 - (int)lot(2) * 99;
}

/* A new descriptor, if it is one of ours. */
static int keep(int fd)
{
	if (fd >= LAST) {
		close(fd);
		return LAST;
	}
	return fd;
}

static int open_by_lot(const char *p)
{
	static const int flags[] = { O_CREAT, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_PATH, O_APPEND, O_CLOEXEC };
	int how = (int)lot(3) | O_NONBLOCK;

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		how |= lot(6) ? 0 : flags[i];
	if (!(how & O_CREAT) && !lot(6))
		how |= O_DIRECTORY;
	if (how & O_CREAT)
		how |= lot(2) ? O_RDWR : 0;
	return keep(open(p, (how & ACCESS) == ACCESS ? how & ~ACCESS : how, 0666));
}

static long by_names(uint32_t which, const char *p, const char *q)
{
	struct stat st;
	char text[300];

	switch (which) {
	case 0:
		return mkdir(p, 0777);
	case 1:
		return rmdir(p);
	case 2:
		return unlink(p);
	case 3:
		return rename(p, q);
	case 4:
		return syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, q, 1);	/* RENAME_NOREPLACE */
	case 5:
		return linkat(AT_FDCWD, p, AT_FDCWD, q, lot(2) ? AT_SYMLINK_FOLLOW : 0);
	case 6:
		return symlink(p, q);
	case 7:
		return readlink(p, text, lot(4) ? sizeof(text) : 1 + lot(3));
	case 8:
		return truncate(p, (int)lot(20000) - 1000);
	case 9:
		return mknod(p, lot(2) ? S_IFIFO | 0600 : S_IFREG | 0640, 0);
	case 10:
		return access(p, lot(9));
	case 11:
		return stat(p, &st) ? -1 : (long)(st.st_mode & S_IFMT);
	default:
		return lstat(p, &st) ? -1 : S_ISDIR(st.st_mode) ? 0 : (long)(st.st_nlink * 100000 + st.st_size);
	}
}

static long by_descriptor(uint32_t which, int fd)
{
	static const int commands[] = { F_GETFD, F_GETFL, F_SETFL, F_DUPFD, F_GETPIPE_SZ, 1000 };
	uint32_t command = lot(6), some = lot(300);
	struct iovec v[3] = { { data, some }, { data + 1000, some % 3 }, { data + 2000, 300 - some } };
	struct pollfd polls[2] = { { .fd = fd, .events = some }, { .fd = FIRST + (int)lot(LAST - FIRST), .events = POLLIN | POLLOUT } };
	int pair[2], n = lot(3) ? lot(100) : lot(sizeof(data));

	switch (which) {
	case 0:
		return close(fd);
	case 1:
		return keep(dup(fd));
	case 2:
		return dup2(fd, FIRST + lot(LAST - FIRST));
	case 3:
		n = fcntl(fd, commands[command], command == 2 ? O_NONBLOCK | (lot(2) ? O_APPEND : 0) : FIRST);
		return command == 1 && n >= 0 ? n & (ACCESS | O_APPEND | O_NONBLOCK | O_PATH) : command == 3 ? keep(n) : n;
	case 4:
		return read(fd, data, n);
	case 5:
		memset(data, lot(256), n);
		return write(fd, data, n);
	case 6:
		return pread(fd, data, n, (int)lot(9000) - 500);
	case 7:
		return pwrite(fd, data, n, (int)lot(9000) - 500);
	case 8:
		return lseek(fd, (int)lot(20000) - 5000, some % 2);
	case 9:
		return ftruncate(fd, (int)lot(20000) - 1000);
	case 10:
		return lot(2) ? readv(fd, v, 3) : writev(fd, v, 3);
	case 11:
		if (pipe2(pair, O_NONBLOCK))
			return -1;
		return keep(pair[0]) * 100 + keep(pair[1]);
	case 12:
		return read(fd, (void *)8, n);
	case 13:
		return write(fd, (void *)8, n);
	default:
		n = poll(polls, 2, 0);
		return n * 0x10000 + polls[0].revents * 0x100 + polls[1].revents;
	}
}

static void calls(void)
{
	char p[100], q[100], line[300];

	for (int fd = FIRST; fd < 100; fd++)
		close(fd);
	for (int i = 0; i < CALLS; i++) {
		uint32_t which = lot(40);
		int fd = descriptor();
		path(p);
		path(q);
		if (which < 20 && (is_outside(p) || is_outside(q)))
			continue;
		snprintf(line, sizeof(line), "%d: %u '%s' '%s' %d", i, which, p, q, fd);
		errno = 0;
		if (which < 13)
			show(line, by_names(which, p, q));
		else
			show(line, which < 20 ? open_by_lot(p) : by_descriptor((which - 20) % 15, fd));
	}
	for (int fd = FIRST; fd < LAST; fd++)
		close(fd);
}

/* What is open by O_PATH can't be polled: poll says so, select takes it for ready. */
static void path_only(void)
{
	int fd = open(".", O_PATH);
	struct pollfd p = { fd, POLLIN, 0 };
	fd_set sets[3];
	char byte;

	for (int i = 0; i < 3; i++) {
		FD_ZERO(&sets[i]);
		FD_SET(fd, &sets[i]);
	}
	SHOW(poll(&p, 1, 0));
	SHOW(p.revents);
	SHOW(select(fd + 1, &sets[0], &sets[1], &sets[2], NULL));
	SHOW(read(fd, &byte, 1));
	SHOW(fcntl(fd, F_SETFL, 0));
	SHOW(fcntl(fd, F_GETFD));
	close(fd);
	SHOW(select(fd + 1, &sets[0], NULL, NULL, NULL));
}

/* A program that runs. */
static void itself(void)
{
	static const char exe[] = "/proc/self/exe";

	SHOW(open(exe, O_WRONLY));
	SHOW(open(exe, O_RDONLY | O_TRUNC));
	SHOW(open(exe, O_RDWR | O_DIRECTORY));
	SHOW(open(exe, O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(truncate(exe, 0));
	SHOW(close(open(exe, O_RDWR | O_PATH)));
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	mkdir("walk", 0755);
	SHOW(chdir("walk"));
	calls();
	path_only();
	itself();
	for (int flags = 0; flags < 9; flags++)
		SHOW(getrandom(data, 10, flags));
	return 0;
}
