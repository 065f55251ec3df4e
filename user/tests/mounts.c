/* SPDX-License-Identifier: MIT */
/*
 * mounts [storm]: what mount, umount and umount2 do, refuse and leave behind, for ramfs, tmpfs and proc; what is read-only; what /proc/mounts says.
 *
 * storm: mounts until the memory is used up, and has it all back afterwards; for a small machine of its own.
 *
 * Needs root. On Linux it goes into a mount namespace of its own, which Postern neither has nor needs.
 */
#include "abi/mount.h"
#include "abi/statfs.h"
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

#define NR_UMOUNT	22
#define NR_UNSHARE	310
#define MS_REC		0x4000
#define MS_SILENT	0x8000
#define MS_PRIVATE	0x40000

static char here[128];

static int mount(const char *source, const char *dir, const char *type, uint32_t flags, const char *options)
{
	return sys(__NR_mount, source, dir, type, flags, options);
}

static int ramfs(const char *dir) { return mount("none", dir, "ramfs", 0, NULL); }
static int umount(const char *dir) { return sys(NR_UMOUNT, dir); }
static int umount2(const char *dir, int flags) { return sys(__NR_umount2, dir, flags); }

/* Device, inode, links and mode of a path; all 0 if there is none. */
static struct stat64 status(const char *path)
{
	struct stat64 st;

	if (stat64(path, &st) < 0)
		memset(&st, 0, sizeof(st));
	return st;
}

static bool same_place(const char *a, const char *b)
{
	struct stat64 x = status(a), y = status(b);

	return x.st_ino && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static bool exists(const char *path) { return status(path).st_ino != 0; }
static bool same_device(const char *a, const char *b) { return status(a).st_dev == status(b).st_dev; }

static struct statfs64 statfs(const char *path)
{
	struct statfs64 fs;

	memset(&fs, 0, sizeof(fs));
	sys(__NR_statfs64, path, sizeof(fs), &fs);
	return fs;
}

/* The options of the last mount at here/dir whose source and type are these, from /proc/mounts; NULL: it isn't listed. */
static char *listed(const char *source, const char *dir, const char *type)
{
	static char text[65536];
	char start[512], *line = text, *found = NULL;

	snprintf(start, sizeof(start), "%s %s/%s %s ", source, here, dir, type);
	if (read_file("/proc/self/mounts", text, sizeof(text)) < 0)
		return NULL;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (!strncmp(line, start, strlen(start)))
			found = line + strlen(start);
	}
	return found;
}

static void test_refused(void)
{
	static char text[8192];

	memset(text, 'x', sizeof(text));
	equal("mount of an unknown type", mount("none", "m", "nofs", 0, NULL), -ENODEV);
	equal("mount without a type", mount("none", "m", NULL, 0, NULL), -EINVAL);
	equal("mount on nothing", ramfs("none"), -ENOENT);
	equal("mount on the empty name", ramfs(""), -ENOENT);
	equal("mount on a file", ramfs("file"), -ENOTDIR);
	equal("mount below a file", ramfs("file/x"), -ENOTDIR);
	equal("mount with an endless source", mount(text, "m", "ramfs", 0, NULL), -EINVAL);
	equal("mount with an endless type", mount("none", "m", text, 0, NULL), -EINVAL);
	equal("mount with an endless path", ramfs(text), -ENAMETOOLONG);
	equal("mount with options that are nowhere", mount("none", "m", "ramfs", 0, PTR(16)), -EFAULT);
	equal("mount with a flag of the kernel's own", mount("none", "m", "ramfs", 0x80000000, NULL), -EINVAL);
	equal("a remount of no mount", mount("none", "m", "ramfs", MS_REMOUNT, NULL), -EINVAL);
	equal("umount of nothing", umount("none"), -ENOENT);
	equal("umount of a folder", umount("m"), -EINVAL);
	equal("umount of a file", umount("file"), -EINVAL);
	equal("umount2 with unknown flags", umount2("m", 16), -EINVAL);
	mkdir("gone", 0755), chdir("gone"), rmdir("../gone");
	equal("mount on a removed folder", ramfs("."), -ENOENT);
	chdir("..");
}

static void test_ramfs(void)
{
	char buf[128], expected[160];

	make_file("m/under", "x");
	uint32_t links = status(".").st_nlink, dev = status("m").st_dev;
	equal("mount of ramfs", mount("some where", "m", "ramfs", MS_SILENT, ""), 0);
	ok(!exists("m/under"), "what was there is covered");
	ok(status("m").st_dev != dev, "a device of its own");
	equal("the root's links", status("m").st_nlink, 2);
	equal("the root's mode", status("m").st_mode, S_IFDIR | 0755);
	equal("links of the folder around it", status(".").st_nlink, links);
	ok(same_place("m/..", ".") && same_place("m/../m/.", "m"), ".. leads out");
	equal("statfs tells the type", statfs("m").f_type == RAMFS_MAGIC, 1);
	ok(listed("some\\040where", "m", "ramfs") != NULL, "listed in /proc/mounts, blanks in octal");
	mkdir("m/d", 0755);
	make_file("m/d/file", "x");
	ok(same_device("m/d/file", "m") && exists("m/d/file"), "files in it have its device");
	chdir("m/d"), getcwd(buf, sizeof(buf)), chdir("../..");
	snprintf(expected, sizeof(expected), "%s/m/d", here);
	same_text("getcwd in it", buf, expected);
	equal("link across", sys(__NR_link, "file", "m/x"), -EXDEV);
	equal("rename across", rename("file", "m/x"), -EXDEV);
	equal("rename of a folder across", rename("m/d", "d"), -EXDEV);
	equal("rename within", rename("m/d", "m/e"), 0);
	equal("rmdir of a mount point", rmdir("m"), -EBUSY);
	equal("unlink of a mount point", unlink("m"), -EISDIR);
	equal("rename of a mount point", rename("m", "x"), -EBUSY);
	equal("rename onto a mount point", rename("other", "m"), -EBUSY);
	equal("rename of a file onto one", rename("file", "m"), -EISDIR);
	equal("umount of a folder in it", umount("m/e"), -EINVAL);
	equal("umount with a slash behind", umount("m/"), 0);
	ok(exists("m/under"), "what was there is back");
	ok(status("m").st_dev == dev && !listed("some\\040where", "m", "ramfs"), "and nothing else");
	equal("umount again", umount("m"), -EINVAL);
	unlink("m/under");
}

static int waits_in_m(void) { return chdir("m") ?: umount("/proc/self/cwd") == -EBUSY ? 7 : 1; }

static void test_busy(void)
{
	ramfs("m");
	make_file("m/file", "text");
	int fd = open("m/file", O_RDONLY);
	equal("umount while a file is open", umount("m"), -EBUSY);
	equal("by force", umount2("m", MNT_FORCE), -EBUSY);
	void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	equal("while one is mapped", umount("m"), -EBUSY);
	munmap(map, 4096);
	fd = open("m", O_PATH);
	equal("while one is open as a path", umount("m"), -EBUSY);
	close(fd);
	fd = open("m/gone", O_CREAT | O_RDWR, 0644), unlink("m/gone");
	equal("while a removed one is open", umount("m"), -EBUSY);
	close(fd);
	chdir("m");
	equal("while somebody is in it", umount("../m"), -EBUSY);
	equal("by the name .", umount("."), -EBUSY);
	chdir("..");
	equal("while a child is in it", WEXITSTATUS(in_child(waits_in_m)), 7);
	mkdir("m/n", 0755);
	equal("a mount in it", ramfs("m/n"), 0);
	equal("keeps it busy", umount("m"), -EBUSY);
	ok(same_place("m/n/../..", "."), ".. leads out of both");
	equal("until it goes", umount("m/n"), 0);
	equal("umount at last", umount("m"), 0);
}

static void test_stacked(void)
{
	equal("a mount", ramfs("m"), 0);
	make_file("m/first", "x");
	chdir("m");
	equal("another one on top", ramfs("../m"), 0);
	ok(exists("first") && !exists("../m/first"), "covers it, but for who is in there");
	char buf[128], expected[160];
	getcwd(buf, sizeof(buf));
	snprintf(expected, sizeof(expected), "%s/m", here);
	same_text("whose path is the same", buf, expected);
	equal("by . a third one gets on top", mount("third", ".", "ramfs", 0, NULL), 0);
	ok(listed("third", "m", "ramfs") != NULL, "as is listed");
	equal("and by . it goes", umount("."), 0);
	equal("back to two", mount("third", "../m", "ramfs", 0, NULL), 0);
	chdir("..");
	ok(!exists("m/first"), "not seen");
	equal("umount of the third", umount("m"), 0);
	equal("and of the second", umount("m"), 0);
	ok(exists("m/first"), "seen again");
	equal("and of the first", umount("m"), 0);
	equal("and no more", umount("m"), -EINVAL);
	ramfs("m"), mkdir("m/n", 0755), chdir("m/n"), ramfs("../../m");
	make_file("../top", "x");
	ok(exists("../../m/top"), ".. comes to what is on top");
	chdir("../..");
	umount("m"), umount("m");
}

static void test_lazy(void)
{
	char buf[16];

	ramfs("m"), mkdir("m/d", 0755), mkdir("m/n", 0755), make_file("m/d/file", "text"), ramfs("m/n"), make_file("m/n/file", "inner");
	int fd = open("m/d/file", O_RDWR), inner = open("m/n/file", O_RDONLY), dir = open(".", O_RDONLY);
	chdir("m/d");
	equal("umount2 lazily", umount2("../../m", MNT_DETACH), 0);
	sys(__NR_fchdir, dir);
	ok(!exists("m/d") && !listed("none", "m", "ramfs") && !listed("none", "m/n", "ramfs"), "is gone with all that was in it");
	equal("a file is still there", read(fd, buf, sizeof(buf)), 4);
	equal("that of the inner mount, too", read(inner, buf, sizeof(buf)), 5);
	close(inner), close(fd);
	ramfs("m"), chdir("m"), mkdir("d", 0755), chdir("d");
	umount2("..", MNT_DETACH);
	make_file("new", "x");
	ok(exists("new"), "new files can be made");
	chdir("..");
	ok(same_place("..", ".") && exists("d/new"), "the root is the end of the way up");
	equal("it can't be unmounted again", umount("."), -EINVAL);
	ok(ramfs("d") < 0, "nor can it be mounted in");
	equal("nor be remounted", mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY, NULL), -EINVAL);
	sys(__NR_fchdir, dir);
	close(dir);
	equal("the folder can be removed", rmdir("m"), 0);
	mkdir("m", 0755);
}

/* Here, because giving groups away is root's right as well. */
static void test_groups(void)
{
	mkdir("set", 0755), sys(__NR_chown32, "set", 3, 7), sys(__NR_chmod, "set", 02755);
	make_file("set/file", "x"), mkdir("set/dir", 0755), sys(__NR_symlink, "x", "set/link"), sys(__NR_link, "file", "set/hard");
	struct stat64 link = { 0 };
	lstat64("set/link", &link);
	equal("a new file gets its folder's group", status("set/file").st_gid, 7);
	equal("but not the owner", status("set/file").st_uid, 0);
	equal("so does a link", link.st_gid, 7);
	equal("so does a folder", status("set/dir").st_gid, 7);
	equal("which hands it on", status("set/dir").st_mode, S_IFDIR | S_ISGID | 0755);
	equal("what has a name keeps its own", status("set/hard").st_gid, 0);
	rename("file", "set/file");
	equal("also when it moves", status("set/file").st_gid, 0);
	rename("set/file", "file");
	sys(__NR_chmod, "set", 0755), make_file("set/other", "x");
	equal("in other folders a file has its maker's", status("set/other").st_gid, 0);
}

static void test_links(void)
{
	sys(__NR_symlink, "m", "link");
	equal("mount follows links", ramfs("link"), 0);
	equal("umount2 need not", umount2("link", UMOUNT_NOFOLLOW), -EINVAL);
	equal("but may", umount2("link", 0), 0);
	unlink("link");
	equal("flags with the mark of before Linux 2.4", mount("none", "m", "ramfs", 0xC0ED0000 | MS_NOSUID, NULL), 0);
	umount("m");
}

static int run_program(void)
{
	char *words[] = { "m/program", NULL };

	return execve("m/program", words, words + 1) == -EACCES ? 7 : 1;
}

static void test_read_only(void)
{
	static const uint32_t zero[4];

	ramfs("m"), mkdir("m/d", 0755), make_file("m/file", "text"), sys(__NR_mknod, "m/null", S_IFCHR | 0666, 1 << 8 | 3);
	int fd = open("m/file", O_RDWR), reader = open("m/file", O_RDONLY);
	equal("remount read-only with a writer", mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), -EBUSY);
	close(fd);
	equal("and with readers", mount("none", "m", "ramfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	close(reader);
	ok(!strncmp(listed("none", "m", "ramfs") ?: "", "ro", 2), "is listed");
	equal("is told by statfs", statfs("m").f_flags & 1, 1);
	equal("open for writing", open("m/file", O_WRONLY), -EROFS);
	equal("open for cutting", open("m/file", O_RDONLY | O_TRUNC), -EROFS);
	equal("open of a new file", open("m/new", O_CREAT | O_RDWR, 0644), -EROFS);
	equal("open to create what is there", close(open("m/file", O_CREAT | O_RDONLY, 0644)), 0);
	equal("open to be the first", open("m/file", O_CREAT | O_EXCL | O_RDONLY, 0644), -EEXIST);
	equal("open of a device for writing", close(open("m/null", O_WRONLY)), 0);
	equal("mkdir", mkdir("m/new", 0755), -EROFS);
	equal("mkdir of what is there", mkdir("m/d", 0755), -EEXIST);
	equal("mknod", sys(__NR_mknod, "m/new", S_IFIFO | 0644, 0), -EROFS);
	equal("symlink", sys(__NR_symlink, "x", "m/new"), -EROFS);
	equal("link", sys(__NR_link, "m/file", "m/new"), -EROFS);
	equal("rename", rename("m/file", "m/new"), -EROFS);
	equal("rename of nothing", rename("m/none", "m/new"), -EROFS);
	equal("unlink", unlink("m/file"), -EROFS);
	equal("unlink of nothing", unlink("m/none"), -EROFS);
	equal("rmdir", rmdir("m/d"), -EROFS);
	equal("chmod", sys(__NR_chmod, "m/file", 0600), -EROFS);
	equal("chown", sys(__NR_chown32, "m/file", 0, 0), -EROFS);
	equal("times", sys(__NR_utimensat, AT_FDCWD, "m/file", zero, 0), -EROFS);
	equal("truncate", sys(__NR_truncate, "m/file", 0), -EROFS);
	equal("access for writing", sys(__NR_access, "m/file", W_OK), -EROFS);
	equal("access for writing of a device", sys(__NR_access, "m/null", W_OK), 0);
	equal("remount for writing", mount(NULL, "m", NULL, MS_REMOUNT, NULL), 0);
	equal("mkdir then", mkdir("m/new", 0755), 0);
	equal("remount without programs and devices", mount(NULL, "m", NULL, MS_REMOUNT | MS_NOEXEC | MS_NODEV | MS_NOSUID, NULL), 0);
	ok(!strncmp(listed("none", "m", "ramfs") ?: "", "rw,nosuid,nodev,noexec", 22), "is listed, too");
	make_file("m/program", "#!/no/such/program\n");
	sys(__NR_chmod, "m/program", 0755);
	equal("no program runs", WEXITSTATUS(in_child(run_program)), 7);
	equal("no program may run", sys(__NR_access, "m/program", X_OK), -EACCES);
	equal("no device opens", open("m/null", O_RDONLY), -EACCES);
	equal("umount of it", umount("m"), 0);
}

static void test_tmpfs(void)
{
	static char page[4096];

	equal("tmpfs", mount("t", "m", "tmpfs", 0, NULL), 0);
	equal("its mode", status("m").st_mode, S_IFDIR | 01777);
	ok(statfs("m").f_type == TMPFS_MAGIC && statfs("m").f_blocks > 0, "has a size");
	umount("m");
	equal("with options", mount("t", "m", "tmpfs", 0, "size=8k,mode=700"), 0);
	equal("its mode then", status("m").st_mode, S_IFDIR | 0700);
	ok(statfs("m").f_blocks == 2 && statfs("m").f_bfree == 2, "and size");
	int fd = open("m/file", O_CREAT | O_RDWR, 0644);
	equal("what fits is written", write(fd, page, 4096) + write(fd, page, 4000), 8096);
	equal("what doesn't isn't", (lseek(fd, 8192, SEEK_SET), write(fd, page, 1)), -ENOSPC);
	equal("nothing is free", statfs("m").f_bfree, 0);
	equal("nor can it be less", mount(NULL, "m", NULL, MS_REMOUNT, "size=4k"), -EINVAL);
	equal("but more", mount(NULL, "m", NULL, MS_REMOUNT, "size=12k"), 0);
	equal("is free then", statfs("m").f_bfree, 1);
	sys(__NR_ftruncate, fd, 4096);
	equal("and when a file gets smaller", statfs("m").f_bfree, 2);
	equal("a remount with an unknown option", mount(NULL, "m", NULL, MS_REMOUNT, "nonsense=1"), -EINVAL);
	close(fd);
	umount("m");
	equal("tmpfs with an unknown option", mount("t", "m", "tmpfs", 0, "size=8k,nonsense=1"), -EINVAL);
	equal("tmpfs with a bad size", mount("t", "m", "tmpfs", 0, "size=x"), -EINVAL);
	equal("tmpfs with a bad mode", mount("t", "m", "tmpfs", 0, "mode=8"), -EINVAL);
	equal("tmpfs with an empty mode", mount("t", "m", "tmpfs", 0, "mode="), -EINVAL);
	equal("ramfs with a mode", mount("t", "m", "ramfs", 0, "mode=711"), 0);
	equal("has it", status("m").st_mode, S_IFDIR | 0711);
	umount("m");
	equal("ramfs ignores the unknown", mount("t", "m", "ramfs", 0, "nonsense=1,size=8k"), 0);
	umount("m");
	equal("nothing of it is left", umount("m"), -EINVAL);
}

static void test_proc(void)
{
	char a[64], b[64];

	equal("proc", mount("p", "m", "proc", 0, NULL), 0);
	equal("its type", statfs("m").f_type == PROC_SUPER_MAGIC, 1);
	ok(read_file("m/self/comm", a, sizeof(a)) > 0 && read_file("/proc/self/comm", b, sizeof(b)) > 0, "can be read");
	same_text("and is the same", a, b);
	ok(same_place("m/..", "."), ".. leads out");
	uint32_t dev = status("m").st_dev;
	equal("once more", mount("p", "m", "proc", 0, NULL), 0);
	ok(status("m").st_dev != dev && status("/proc").st_dev != dev, "with a device of its own");
	equal("umount of that", umount("m"), 0);
	equal("with an unknown option", mount("p", "other", "proc", 0, "nonsense=1"), -EINVAL);
	int fd = open("m/self/status", O_RDONLY);
	equal("umount while a file is open", umount("m"), -EBUSY);
	close(fd);
	chdir("m/self");
	equal("umount while somebody is in it", umount("../../m"), -EBUSY);
	chdir(here);
	equal("umount of proc", umount("m"), 0);
	ok(!exists("m/self"), "it is gone");
	ok(exists("/proc/self"), "/proc is as before");
}

/* As deep as a path can be, on one place as high, and both gone at once. */
static void test_many(void)
{
	int deep = 0, high = 0;

	chdir("m");
	for (int i = 0; i < 300; i++)
		deep += !mkdir("n", 0755) && !ramfs("n") && !chdir("n");
	equal("mounts in mounts", deep, 300);
	chdir(here);
	for (int i = 0; i < 300; i++)
		high += !ramfs("other");
	equal("mounts on mounts", high, 300);
	for (int i = 0; i < 299; i++)
		high -= !umount("other");
	equal("leave one by one", high, 1);
	equal("to the last", umount("other"), 0);
	equal("a whole branch goes at once", umount2("m/n", MNT_DETACH), 0);
	ok(!listed("none", "m/n", "ramfs") && !listed("none", "m/n/n", "ramfs"), "with all of it");
	equal("and leaves a folder", rmdir("m/n"), 0);
}

/* Sixteen on one place, the next ones in the first of them, and so on. The first time the kernel makes what it keeps for reuse. */
static int storm(void)
{
	long before = 0;
	int n = 0, error = 0;

	plan(3);
	for (int round = 0; round < 3; round++) {
		scratch_enter(), mkdir("n", 0755), getcwd(here, sizeof(here));
		before = mem_free();
		for (n = 0; !(error = ramfs(n % 16 ? "." : "n")); n++)
			if (n % 16 == 0)
				chdir("n"), mkdir("n", 0755), close(open("file", O_CREAT | O_RDWR, 0644));
		printf("# %d mounts\n", n);
		chdir(here);
		while (!umount2("n", MNT_DETACH))
			;
		scratch_leave();
	}
	equal("mounts end for want of memory", error, -ENOMEM);
	ok(n > 1000, "not before");
	equal("free memory in KiB is the same", mem_free(), before);
	return done();
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return storm();
	plan(169);
	sys(NR_UNSHARE, CLONE_NEWNS);
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	scratch_enter();
	getcwd(here, sizeof(here));
	if (ramfs(".")) {
		scratch_leave();
		fail("needs to be root");
	}
	chdir(here);
	mkdir("m", 0755), mkdir("other", 0755), make_file("file", "x");
	test_refused();
	test_ramfs();
	test_busy();
	test_stacked();
	test_lazy();
	test_links();
	test_groups();
	test_read_only();
	test_tmpfs();
	test_proc();
	test_many();
	chdir("/");
	umount(here);
	scratch_leave();
	return done();
}
