/* SPDX-License-Identifier: MIT */
/* Files and folders by way of the C library: every way to open, name, list, move, map, and what is refused. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>
#include "show.h"

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, compare);

	for (int i = 0; i < n; i++) {
		printf("%s/%d ", names[i]->d_name, names[i]->d_type);
		free(names[i]);
	}
	printf("(%d)\n", n);
}

static void stat_line(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		printf("%s: %s\n", path, error_name(errno));
	else
		printf("%s: mode %o links %d size %d owner %d %d\n", path, st.st_mode, (int)st.st_nlink,
		       S_ISDIR(st.st_mode) ? 0 : (int)st.st_size, (int)st.st_uid, (int)st.st_gid);
}

static void names(void)
{
	char buf[300], cwd[300];

	SHOW(mkdir("d", 0755));
	SHOW(mkdir("d", 0755));
	SHOW(mkdir("d/e", 0700));
	SHOW(close(open("d/f", O_CREAT | O_WRONLY | O_EXCL, 0640)));
	SHOW(open("d/f", O_CREAT | O_WRONLY | O_EXCL, 0640));
	SHOW(link("d/f", "d/g"));
	SHOW(symlink("f", "d/s"));
	SHOW(symlink("loop", "d/loop"));
	SHOW(open("d/loop", O_RDONLY));
	SHOW(open("d/s", O_RDONLY | O_NOFOLLOW));
	SHOW(open("d/f/x", O_RDONLY));
	SHOW(open("d", O_WRONLY));
	SHOW(open("d/f", O_RDONLY | O_DIRECTORY));
	SHOW(readlink("d/s", buf, sizeof(buf)));
	SHOW(readlink("d/f", buf, sizeof(buf)));
	SHOW(mkfifo("d/p", 0600));
	SHOW(rename("d/g", "d/e/h"));
	SHOW(rename("d", "d/e/d"));
	SHOW(rmdir("d"));
	SHOW(unlink("d"));
	SHOW(rmdir("d/f"));
	list("d");
	stat_line("d");
	stat_line("d/f");
	stat_line("d/s");
	stat_line("d/p");
	stat_line("d/none");
	SHOW(chdir("d/e"));
	getcwd(cwd, sizeof(cwd));
	printf("%s\n", strrchr(cwd, '/'));
	SHOW(getcwd(cwd, 2) != NULL);
	printf("%s\n", strrchr(realpath("../s", buf), '/'));
	SHOW(chdir("../.."));
	memset(buf, 'n', 299);
	buf[299] = 0;
	SHOW(open(buf, O_RDONLY));
	SHOW(access("d/f", X_OK));
	SHOW(access("d/f", R_OK));
	SHOW(chmod("d/f", 04711));
	SHOW(access("d/f", X_OK));
	stat_line("d/f");
}

static void owners_and_times(void)
{
	struct timespec t[2] = { { 1000000000, 123456789 }, { 0, UTIME_OMIT } };
	struct stat st;
	int fd = open("d/f", O_RDWR);

	SHOW(chown("d/f", 5, 6));
	stat_line("d/f");
	SHOW(lchown("d/s", 7, (gid_t)-1));
	SHOW(fchown(fd, (uid_t)-1, 8));
	SHOW(fchownat(AT_FDCWD, "d/none", 1, 1, 0));
	stat_line("d/s");
	stat_line("d/f");
	SHOW(utimensat(AT_FDCWD, "d/f", t, 0));
	stat("d/f", &st);
	printf("%ld %ld, changed %d\n", (long)st.st_atim.tv_sec, (long)st.st_atim.tv_nsec, st.st_mtim.tv_sec > 1000000000);
	t[1] = (struct timespec){ 1234567890, 5 };
	SHOW(futimens(fd, t));
	stat("d/s", &st);
	printf("%ld %ld\n", (long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
	SHOW(utime("d/f", &(struct utimbuf){ 86400, 172800 }));
	SHOW(utimes("d/none", NULL));
	stat("d/f", &st);
	printf("%ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
	SHOW(utimes("d/f", NULL));
	t[0].tv_nsec = 1000000000;
	SHOW(utimensat(AT_FDCWD, "d/f", t, 0));
	t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
	SHOW(utimensat(AT_FDCWD, "d/none", t, 0));
	SHOW(utimensat(AT_FDCWD, "d/none", NULL, 0));
	SHOW(utimensat(AT_FDCWD, "d/f", NULL, 0x8000));
	close(fd);
}

static void contents(void)
{
	char buf[64] = "";
	struct iovec v[2] = { { "one ", 4 }, { "two ", 4 } };
	int fd = open("d/f", O_RDWR | O_APPEND);

	SHOW(writev(fd, v, 2));
	SHOW(pwrite(fd, "X", 1, 1));
	SHOW(write(fd, "three", 5));
	SHOW(pread(fd, buf, 63, 0));
	printf("%s\n", buf);
	SHOW(lseek(fd, 1 << 20, SEEK_SET));
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(ftruncate(fd, 70000));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	SHOW(posix_fadvise(fd, 0, 0, 77) == EINVAL);
	SHOW(posix_fadvise(99, 0, 0, 0) == EBADF);
	char *map = mmap(NULL, 70000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *copy = mmap(NULL, 70000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	map[69999] = '!';
	copy[0] = 'C';
	SHOW(pread(fd, buf, 1, 69999));
	printf("%c %.3s %.3s\n", buf[0], map, copy);
	SHOW(msync(map, 70000, MS_SYNC));
	SHOW(munmap(map, 70000));
	close(fd);
	SHOW(write(fd, "x", 1));
	fd = open("d/f", O_RDONLY | O_CLOEXEC);
	SHOW(write(fd, "x", 1));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(dup2(fd, 50));
	SHOW(fcntl(50, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, 40));
	SHOW(dup3(fd, fd, 0));
	close(fd);
}

static void pipes(void)
{
	int p[2];
	char buf[8], path[40];
	struct pollfd pfd;
	fd_set set;

	SHOW(pipe2(p, O_NONBLOCK));
	SHOW(read(p[0], buf, 8));
	pfd = (struct pollfd){ p[0], POLLIN, 0 };
	SHOW(poll(&pfd, 1, 10));
	SHOW(write(p[1], "abc", 3));
	SHOW(poll(&pfd, 1, -1));
	printf("%d\n", pfd.revents);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	SHOW(select(p[0] + 1, &set, NULL, NULL, &(struct timeval){ 1, 0 }));
	SHOW(posix_fadvise(p[0], 0, 0, 0) == ESPIPE);
	SHOW(lseek(p[0], 0, SEEK_CUR));
	close(p[1]);
	SHOW(read(p[0], buf, 8));
	SHOW(read(p[0], buf, 8));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	SHOW(read(open(path, O_RDONLY), buf, 8));
	close(p[0]);
}

static int found;

static int count(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw, (void)type;
	found++;
	return remove(path);
}

int main(void)
{
	glob_t g;
	struct statvfs vfs;
	char name[] = "fileXXXXXX";

	setvbuf(stdout, NULL, _IONBF, 0);
	umask(022);
	nftw("d", count, 8, FTW_DEPTH | FTW_PHYS);
	names();
	owners_and_times();
	contents();
	pipes();
	SHOW(glob("d/*", 0, NULL, &g));
	for (size_t i = 0; i < g.gl_pathc; i++)
		printf("%s\n", g.gl_pathv[i]);
	int fd = mkstemp(name);
	SHOW(fd >= 0);
	SHOW(fstatvfs(fd, &vfs));
	printf("names of %d bytes\n", (int)vfs.f_namemax);
	SHOW(statvfs("d/none", &vfs));
	unlink(name);
	SHOW(fstatvfs(fd, &vfs));
	DIR *dir = opendir("d");
	long at = 0;
	for (int i = 0; i < 3; i++) {
		at = i == 1 ? telldir(dir) : at;
		readdir(dir);
	}
	seekdir(dir, at);
	SHOW(readdir(dir) != NULL);
	closedir(dir);
	found = 0;
	SHOW(nftw("d", count, 8, FTW_DEPTH | FTW_PHYS));
	printf("walked %d\n", found);
	stat_line("d");
	return 0;
}
