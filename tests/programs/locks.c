/* SPDX-License-Identifier: MIT */
/* Locks on files: fcntl's on ranges, of processes and of open files, and flock's; who is in whose way, who waits, and what drops them. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include "show.h"

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
	return fcntl(fd, cmd, &(struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len });
}

/* What is in the way of locking all of it, as another process sees it, and what is still free to lock for it. */
static void others(int fd, pid_t owner)
{
	struct flock l = { .l_type = F_WRLCK };

	if (!fork()) {
		SHOW(fcntl(fd, F_GETLK, &l));
		printf("%d %d %ld %ld %d\n", l.l_type, l.l_whence, (long)l.l_start, (long)l.l_len, l.l_pid == owner);
		for (int i = 0; i < 10; i++)
			printf("%c%c ", lock(fd, F_SETLK, F_RDLCK, i, 1) ? '-' : 'r', lock(fd, F_SETLK, F_WRLCK, i, 1) ? '-' : 'w');
		puts("");
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void ranges(int fd)
{
	SHOW(lock(fd, F_SETLK, F_WRLCK, 2, 6));
	SHOW(lock(fd, F_SETLK, F_UNLCK, 4, 1));
	others(fd, getpid());
	SHOW(lock(fd, F_SETLK, F_RDLCK, 6, 0));
	SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 4));
	others(fd, getpid());
	SHOW(lock(fd, F_SETLK, F_RDLCK, 9, -4));
	others(fd, getpid());
	lseek(fd, 3, SEEK_SET);
	SHOW(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -1, .l_len = 1 }));
	SHOW(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_END, .l_start = -1 }));
	others(fd, getpid());
	close(dup(fd));
	others(fd, getpid());
}

static void refusals(int fd)
{
	int in = open("locks", O_RDONLY), path = open("locks", O_PATH);

	SHOW(lock(in, F_SETLK, F_WRLCK, 0, 0));
	SHOW(lock(in, F_SETLK, F_RDLCK, 0, 0));
	SHOW(lock(path, F_SETLK, F_RDLCK, 0, 0));
	SHOW(lock(fd, F_SETLK, F_RDLCK, -1, 0));
	SHOW(lock(fd, F_SETLK, F_RDLCK, 2, -3));
	SHOW(lock(fd, F_SETLK, 7, 0, 0));
	SHOW(lock(fd, F_GETLK, F_UNLCK, 0, 0));
	SHOW(fcntl(fd, F_SETLK, &(struct flock){ .l_whence = 3 }));
	SHOW(fcntl(fd, F_SETLK, (void *)8));
	SHOW(fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_pid = 1 }));
	SHOW(flock(fd, 0));
	SHOW(flock(fd, LOCK_SH | LOCK_EX));
	SHOW(flock(path, LOCK_SH));
	SHOW(flock(-1, LOCK_SH));
	close(in);
	close(path);
}

/* The child waits until the parent lets go; both say so in order. */
static void waiting(int fd)
{
	lock(fd, F_SETLK, F_WRLCK, 0, 0);
	if (!fork()) {
		SHOW(lock(fd, F_SETLK, F_WRLCK, 5, 1));
		SHOW(lock(fd, F_SETLKW, F_WRLCK, 5, 1));
		_exit(0);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	puts("letting go");
	fflush(stdout);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	wait(NULL);
	SHOW(lock(fd, F_SETLK, F_WRLCK, 5, 1));
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
}

static void open_files(int a)
{
	int b = open("locks", O_RDWR);
	struct flock l = { .l_type = F_WRLCK };

	SHOW(flock(a, LOCK_SH));
	SHOW(flock(b, LOCK_SH | LOCK_NB));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(a, LOCK_EX | LOCK_NB));
	SHOW(flock(b, LOCK_SH | LOCK_NB));
	if (!fork())
		_exit(flock(a, LOCK_UN));
	wait(NULL);
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 0, 3));
	SHOW(lock(b, F_OFD_SETLK, F_WRLCK, 2, 3));
	SHOW(lock(b, F_SETLK, F_WRLCK, 2, 3));
	SHOW(fcntl(b, F_OFD_GETLK, &l));
	printf("%d %ld %ld %d\n", l.l_type, (long)l.l_start, (long)l.l_len, (int)l.l_pid);
	SHOW(flock(a, LOCK_EX | LOCK_NB));
	SHOW(lock(b, F_OFD_SETLK, F_WRLCK, 2, 3));
	if (!fork()) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		puts("done");
		fflush(stdout);
		_exit(0);
	}
	close(a);
	SHOW(lock(b, F_OFD_SETLKW, F_WRLCK, 2, 3));
	wait(NULL);
	close(b);
}

struct waiter { int fd; bool record; long result; };

static void *wait_for_lock(void *arg)
{
	struct waiter *w = arg;

	w->result = w->record ? lock(w->fd, F_SETLKW, F_WRLCK, 0, 1) : flock(w->fd, LOCK_EX);
	w->result = w->result ? errno : 0;
	return NULL;
}

/* The descriptor that a thread waits by is closed before a child lets go; another one of the file is still there. */
static void closed_meanwhile(bool record)
{
	struct waiter w = { open("locks", O_RDWR), record, -1 };
	int has_it[2];
	pthread_t thread;
	pid_t child;

	pipe(has_it);
	if (!(child = fork())) {
		int fd = open("locks", O_RDWR);
		write(has_it[1], "", 1 + (record ? lock(fd, F_SETLK, F_WRLCK, 0, 1) : flock(fd, LOCK_EX)));
		pause();
	}
	read(has_it[0], &(char){ 0 }, 1);
	pthread_create(&thread, NULL, wait_for_lock, &w);
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	int other = dup(w.fd);
	close(w.fd);
	kill(child, SIGKILL);
	wait(NULL);
	pthread_join(thread, NULL);
	printf("closed meanwhile, %s: %s\n", record ? "fcntl" : "flock", w.result ? error_name(w.result) : "granted");
	w.fd = open("locks", O_RDWR);
	if (!record)
		SHOW(flock(w.fd, LOCK_EX | LOCK_NB));
	close(other);
	SHOW(flock(w.fd, LOCK_EX | LOCK_NB));
	close(w.fd);
}

int main(void)
{
	int fd = open("locks", O_RDWR | O_CREAT | O_TRUNC, 0644);

	setvbuf(stdout, NULL, _IONBF, 0);
	write(fd, "0123456789", 10);
	refusals(fd);
	ranges(fd);
	waiting(fd);
	open_files(fd);
	closed_meanwhile(false);
	closed_meanwhile(true);
	return 0;
}
