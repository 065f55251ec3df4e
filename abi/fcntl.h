/* SPDX-License-Identifier: MIT */
/*
 * Flags of open, openat, fcntl, lseek, access and the *at calls, as Linux i386 defines them.
 *
 * O_LARGEFILE is accepted and has no effect: every file offset of Postern is 64 bits wide. The values that
 * look odd (O_DIRECTORY, O_NOFOLLOW) are i386's own; other processors number them differently.
 */
#ifndef ABI_FCNTL_H
#define ABI_FCNTL_H

#include <stdint.h>

#define O_RDONLY        00000000
#define O_WRONLY        00000001
#define O_RDWR          00000002
#define O_ACCMODE       00000003
#define O_CREAT         00000100
#define O_EXCL          00000200
#define O_NOCTTY        00000400
#define O_TRUNC         00001000
#define O_APPEND        00002000
#define O_NONBLOCK      00004000
#define O_DSYNC         00010000
#define O_ASYNC         00020000
#define O_DIRECT        00040000
#define O_LARGEFILE     00100000
#define O_DIRECTORY     00200000
#define O_NOFOLLOW      00400000
#define O_NOATIME       01000000
#define O_CLOEXEC       02000000
#define O_SYNC          04010000
#define O_PATH          010000000
#define O_TMPFILE       020200000

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_GETLK64       12
#define F_SETLK64       13
#define F_SETLKW64      14
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_DUPFD_CLOEXEC 1030
#define F_GETPIPE_SZ    1032
#define FD_CLOEXEC      1

#define F_RDLCK         0
#define F_WRLCK         1
#define F_UNLCK         2

#define LOCK_SH         1
#define LOCK_EX         2
#define LOCK_NB         4
#define LOCK_UN         8

#define SEEK_SET        0
#define SEEK_CUR        1
#define SEEK_END        2

#define F_OK            0
#define X_OK            1
#define W_OK            2
#define R_OK            4

#define AT_FDCWD                (-100)
#define AT_SYMLINK_NOFOLLOW     0x100
#define AT_EACCESS              0x200
#define AT_REMOVEDIR            0x200
#define AT_SYMLINK_FOLLOW       0x400
#define AT_NO_AUTOMOUNT         0x800
#define AT_EMPTY_PATH           0x1000

#define RENAME_NOREPLACE        1
#define GRND_NONBLOCK           1
#define GRND_RANDOM             2

/* Record lock, as F_GETLK and F_SETLK take it. */
struct flock {
	int16_t l_type;
	int16_t l_whence;
	int32_t l_start;
	int32_t l_len;
	int32_t l_pid;
};
_Static_assert(sizeof(struct flock) == 16, "i386 flock");

/* The same for F_GETLK64 and F_SETLK64, and for the locks of open files. */
struct flock64 {
	int16_t l_type;
	int16_t l_whence;
	int64_t l_start;
	int64_t l_len;
	int32_t l_pid;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct flock64) == 24, "i386 flock64");

#endif
