/* SPDX-License-Identifier: MIT */
/*
 * dirs: folders, names and links: every rule of mkdir, rmdir, unlink, rename, link, symlink, readlink, chdir, getcwd
 * and getdents64, as errors and as what is there afterwards.
 */
#include "user/libc/libc.h"
#include "user/libc/scratch.h"
#include "user/libc/tap.h"

static int link(const char *a, const char *b)
{
	return sys(__NR_link, a, b);
}

static int symlink(const char *a, const char *b)
{
	return sys(__NR_symlink, a, b);
}

static bool holds(const char *path, const char *text)
{
	char buf[64];

	return read_file(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

static int kind(const char *path)
{
	struct stat64 st;
	int r = lstat64(path, &st);

	return r < 0 ? r : (int)(st.st_mode & S_IFMT);
}

static int links(const char *path)
{
	struct stat64 st;

	return lstat64(path, &st) < 0 ? -1 : (int)st.st_nlink;
}

static void test_mkdir(void)
{
	equal("mkdir", mkdir("d", 0755), 0);
	equal("mkdir again", mkdir("d", 0755), -EEXIST);
	equal("mkdir over a file", mkdir("file", 0755), -EEXIST);
	equal("mkdir over a link to nowhere", mkdir("broken", 0755), -EEXIST);
	equal("mkdir with a slash behind", mkdir("slash/", 0755), 0);
	equal("mkdir in nothing", mkdir("none/x", 0755), -ENOENT);
	equal("mkdir below a file", mkdir("file/x", 0755), -ENOTDIR);
	equal("mkdir of the empty name", mkdir("", 0755), -ENOENT);
	equal("mkdir of .", mkdir(".", 0755), -EEXIST);
	equal("mkdir of the root", mkdir("/", 0755), -EEXIST);
	equal("a new folder has two links", links("d"), 2);
	mkdir("d/sub", 0700);
	equal("and three with a folder in it", links("d"), 3);
	equal("rmdir of a full one", rmdir("d"), -ENOTEMPTY);
	equal("rmdir", rmdir("d/sub"), 0);
	equal("links go down again", links("d"), 2);
	equal("rmdir of nothing", rmdir("d/sub"), -ENOENT);
	equal("rmdir of a file", rmdir("file"), -ENOTDIR);
	equal("rmdir of .", rmdir("d/."), -EINVAL);
	equal("rmdir of ..", rmdir("d/.."), -ENOTEMPTY);
	equal("rmdir through a link", (symlink("d", "dl"), rmdir("dl")), -ENOTDIR);
	equal("rmdir with a slash behind", rmdir("slash/"), 0);
}

static void test_unlink(void)
{
	make_file("u", "x");
	equal("unlink", unlink("u"), 0);
	equal("unlink again", unlink("u"), -ENOENT);
	equal("unlink of a folder", unlink("d"), -EISDIR);
	equal("unlink of a file with a slash behind", unlink("file/"), -ENOTDIR);
	equal("unlink below a file", unlink("file/x"), -ENOTDIR);
	equal("unlink of a link takes the link", (unlink("dl"), kind("d")), S_IFDIR);
	equal("unlinkat takes a folder if told", sys(__NR_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR), 0);
	equal("unlinkat with unknown flags", sys(__NR_unlinkat, AT_FDCWD, "file", 1), -EINVAL);
}

static void test_link(void)
{
	equal("link", link("file", "hard"), 0);
	equal("both have two links", links("file") * 10 + links("hard"), 22);
	make_file("hard", "changed");
	ok(holds("file", "changed"), "they are one file");
	equal("link over what exists", link("file", "hard"), -EEXIST);
	equal("link of nothing", link("none", "x"), -ENOENT);
	equal("link of a folder", (mkdir("d", 0755), link("d", "x")), -EPERM);
	equal("link into nothing", link("file", "none/x"), -ENOENT);
	equal("link below a file", link("file", "file/x"), -ENOTDIR);
	equal("link to a name with a slash behind", link("file", "y/"), -ENOENT);
	equal("link of a link is a link", (link("broken", "bl"), kind("bl")), S_IFLNK);
	equal("linkat may follow", sys(__NR_linkat, AT_FDCWD, "broken", AT_FDCWD, "x", AT_SYMLINK_FOLLOW), -ENOENT);
	unlink("hard");
	equal("unlink of one of two", links("file"), 1);
	unlink("bl");
}

static void test_symlink(void)
{
	char buf[32];

	memset(buf, 'z', sizeof(buf));
	equal("symlink", symlink("some/where", "sl"), 0);
	equal("readlink", readlink("sl", buf, sizeof(buf)), 10);
	ok(!memcmp(buf, "some/wherezz", 12), "it adds no end");
	equal("readlink into less", readlink("sl", buf, 4), 4);
	equal("readlink into nothing", readlink("sl", buf, 0), -EINVAL);
	equal("readlink of a file", readlink("file", buf, 8), -EINVAL);
	equal("readlink of a folder", readlink("d", buf, 8), -EINVAL);
	equal("readlink of nothing", readlink("none", buf, 8), -ENOENT);
	equal("symlink over what exists", symlink("x", "sl"), -EEXIST);
	equal("symlink to the empty name", symlink("", "e"), -ENOENT);
	equal("symlink at the empty name", symlink("x", ""), -ENOENT);
	equal("a link's size is its length", (unlink("sl"), symlink("d", "sl")), 0);
	make_file("d/in", "inside");
	ok(holds("sl/in", "inside"), "a link to a folder leads there");
	equal("a link with a slash behind is its target", (unlink("sl/in"), kind("sl/")), S_IFDIR);
	char name[4] = "l0";
	symlink("d", "l0");
	for (int i = 1; i <= 41; i++) {
		char at[4], to[4];
		snprintf(at, 4, "l%d", i), snprintf(to, 4, "l%d", i - 1);
		symlink(to, at);
	}
	struct stat64 st;
	strcpy(name, "l39");
	equal("40 links in a row", stat64(name, &st), 0);
	equal("41 are too many", stat64("l40", &st), -ELOOP);
	unlink("sl");
}

static void test_rename(void)
{
	make_file("a", "A"), make_file("b", "B"), mkdir("full", 0755), mkdir("full/sub", 0755), mkdir("bare", 0755);
	equal("rename", rename("a", "c"), 0);
	ok(kind("a") == -ENOENT && holds("c", "A"), "moves");
	equal("rename onto a file", rename("c", "b"), 0);
	ok(holds("b", "A") && kind("c") == -ENOENT, "replaces");
	equal("rename onto itself", rename("b", "b"), 0);
	link("b", "b2");
	equal("rename onto another name of the same file", rename("b", "b2"), 0);
	equal("does nothing", kind("b"), S_IFREG);
	equal("rename of nothing", rename("none", "x"), -ENOENT);
	equal("rename into nothing", rename("b", "none/x"), -ENOENT);
	equal("rename of a file onto a folder", rename("b", "bare"), -EISDIR);
	equal("rename of a folder onto a file", rename("bare", "b"), -ENOTDIR);
	equal("rename of a folder onto a full one", rename("bare", "full"), -ENOTEMPTY);
	equal("rename of a folder onto an empty one", rename("full", "bare"), 0);
	equal("took its contents along", kind("bare/sub"), S_IFDIR);
	equal("rename into itself", rename("bare", "bare/sub/x"), -EINVAL);
	equal("rename onto its own parent", rename("bare/sub", "bare"), -ENOTEMPTY);
	equal("rename of a folder with a slash behind", rename("bare/", "r2/"), 0);
	equal("rename of a file to a slash behind", rename("b", "x/"), -ENOTDIR);
	equal("rename of .", rename(".", "x"), -EBUSY);
	equal("rename to ..", rename("b", ".."), -EBUSY);
	equal("moving a folder moves its parent's link count",
	      (mkdir("p1", 0755), mkdir("p1/m", 0755), mkdir("p2", 0755), rename("p1/m", "p2/m")), 0);
	equal("one down, one up", links("p1") * 10 + links("p2"), 23);
	chdir("p2/m");
	equal(".. leads to the new parent", kind("../../p2/m"), S_IFDIR);
	chdir("../..");
	equal("renameat2 without replacing", sys(__NR_renameat2, AT_FDCWD, "b", AT_FDCWD, "b2", RENAME_NOREPLACE), -EEXIST);
	equal("renameat2 to a free name", sys(__NR_renameat2, AT_FDCWD, "b", AT_FDCWD, "b3", RENAME_NOREPLACE), 0);
	equal("renameat2 with unknown flags", sys(__NR_renameat2, AT_FDCWD, "b3", AT_FDCWD, "b4", 0x100), -EINVAL);
}

static void test_cwd(void)
{
	char buf[128], here[128];
	int n = getcwd(here, sizeof(here)), fd;

	equal("getcwd tells its length with the end", n, strlen(here) + 1);
	equal("getcwd into too little", getcwd(buf, n - 1), -ERANGE);
	equal("getcwd into just enough", getcwd(buf, n), n);
	equal("chdir", chdir("p2/m/.."), 0);
	getcwd(buf, sizeof(buf));
	ok(!strncmp(buf, here, n - 1) && !strcmp(buf + n - 1, "/p2"), "getcwd is without dots");
	equal("chdir to a file", chdir("../file"), -ENOTDIR);
	equal("chdir to nothing", chdir("none"), -ENOENT);
	equal("chdir to the empty name", chdir(""), -ENOENT);
	fd = open("..", O_RDONLY | O_DIRECTORY);
	equal("fchdir", sys(__NR_fchdir, fd), 0);
	equal("openat relative to a folder", close(sys(__NR_openat, fd, "file", O_RDONLY)), 0);
	equal("mkdirat with an absolute path needs no folder", sys(__NR_mkdirat, 99, here, 0755), -EEXIST);
	equal("mkdirat of a bad descriptor", sys(__NR_mkdirat, 99, "x", 0755), -EBADF);
	int file = open("file", O_RDONLY);
	equal("openat relative to a file", sys(__NR_openat, file, "x", O_RDONLY), -ENOTDIR);
	equal("fchdir to a file", sys(__NR_fchdir, file), -ENOTDIR);
	equal("fchdir to a bad descriptor", sys(__NR_fchdir, 99), -EBADF);
	close(fd), close(file);
	mkdir("gone", 0755), chdir("gone"), rmdir("../gone");
	equal("getcwd in a removed folder", getcwd(buf, sizeof(buf)), -ENOENT);
	equal("creating in a removed folder", open("x", O_CREAT | O_WRONLY, 0644), -ENOENT);
	equal("it still has its parent", chdir(".."), 0);
	equal("chdir to the root", (chdir("/"), getcwd(buf, sizeof(buf))), 2);
	same_text("getcwd there", buf, "/");
	chdir(here);
}

/* 200 names come once each, in whatever order and pieces, with the right kinds and . and ..; the offset can go back. */
static void test_getdents(void)
{
	static uint8_t seen[200];
	char name[16];
	struct dir d;
	struct linux_dirent64 *e;
	int dots = 0, wrong = 0, first = 0, fd;

	mkdir("many", 0755), chdir("many");
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		i % 3 ? close(open(name, O_CREAT | O_WRONLY, 0644)) : i % 2 ? symlink("x", name) : mkdir(name, 0755);
	}
	opendir(&d, ".");
	while ((e = readdir(&d))) {
		int i = atoi(e->d_name + 1);
		int type = i % 3 ? DT_REG : i % 2 ? DT_LNK : DT_DIR;
		if (e->d_name[0] == '.') {
			dots += e->d_type == DT_DIR;
			continue;
		}
		seen[i]++;
		wrong += e->d_type != type || e->d_reclen % 8 || !e->d_ino;
	}
	for (int i = 0; i < 200; i++)
		wrong += seen[i] != 1;
	equal("getdents64: each name once, with its kind", wrong, 0);
	equal("getdents64: . and ..", dots, 2);
	equal("getdents64: the end stays", getdents64(d.fd, d.buf, sizeof(d.buf)), 0);
	lseek(d.fd, 0, SEEK_SET);
	first = getdents64(d.fd, d.buf, 32);
	ok(first == 24 || first == 32, "getdents64: starts anew after lseek");
	equal("getdents64: no room for one", getdents64(d.fd, d.buf, 10), -EINVAL);
	closedir(&d);
	fd = open("n1", O_RDONLY);
	equal("getdents64: a file", getdents64(fd, d.buf, 1024), -ENOTDIR);
	equal("getdents64: a bad descriptor", getdents64(99, d.buf, 1024), -EBADF);
	close(fd);
	chdir("..");
}

int main(void)
{
	plan(110);
	scratch_enter();
	make_file("file", "x");
	symlink("nowhere", "broken");
	test_mkdir();
	test_unlink();
	test_link();
	test_symlink();
	test_rename();
	test_cwd();
	test_getdents();
	scratch_leave();
	return done();
}
