/* SPDX-License-Identifier: MIT */
/*
 * Flags of mount and umount2. MS_KEPT: what a mount keeps of them; statfs tells it with the same numbers.
 */
#ifndef ABI_MOUNT_H
#define ABI_MOUNT_H

enum {
	MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_NOATIME = 0x400, MS_NODIRATIME = 0x800, MS_KEPT = 0xC0F,
	MS_REMOUNT = 0x20, MS_BIND = 0x1000, MS_MOVE = 0x2000, MS_PROPAGATION = 0x1E0000, MS_NOUSER = (int)0x80000000,
	MS_MAGIC = 0xC0ED,	/* the upper half, if it has nothing to say: programs had to write that before Linux 2.4, and some still do */
	MNT_FORCE = 1, MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8, UMOUNT_FLAGS = MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW,
};

#endif
