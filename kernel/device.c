/* SPDX-License-Identifier: MIT */
/*
 * Character devices: the table by number, the nodes in /dev, and the devices without
 * hardware: null, zero, full, random, urandom.
 *
 * A node only knows its number, so a node that an archive or mknod makes works like the
 * kernel's own, also when the device is registered later. /dev itself is an ordinary
 * ramfs folder.
 */
#include "kernel/ramfs.h"
#include "kernel/syscall.h"

static struct device { uint32_t number; const struct file_ops *ops; } devices[16];
static uint32_t device_count;
static struct inode *folder;	/* /dev */

/*
 * The device's own open decides; there are few devices, so they are just tried in turn.
 */
static int device_open(struct inode *inode, struct file *f)
{
	if (inode->mount->flags & MS_NODEV)
		return -EACCES;
	for (uint32_t i = 0; S_ISCHR(inode->mode) && i < device_count; i++) {
		if (devices[i].number != inode->rdev)
			continue;
		f->ops = devices[i].ops;
		return f->ops->open ? f->ops->open(inode, f) : 0;
	}
	return -ENXIO;
}

static int32_t null_read(struct file *f, void *buf, uint32_t n, uint64_t *pos) { return 0; }

/* All is swallowed, unread: even a bad address is fine, as on Linux. */
static int32_t null_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos) { return n; }

static int32_t zero_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	int error = clear_user(buf, n);
	return error ? error : (int32_t)n;
}

/* For testing what programs do on a full disk. */
static int32_t full_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos) { return -ENOSPC; }

/* A request for very much can be interrupted, and lets others run meanwhile. */
int32_t random_to_user(void *buf, uint32_t n)
{
	char bytes[256];
	uint32_t done = 0;

	while (done < n && !(done && signal_pending())) {
		uint32_t chunk = MIN(n - done, sizeof(bytes));
		random_bytes(bytes, chunk);
		if (copy_to_user((char *)buf + done, bytes, chunk))
			return done ? (int32_t)done : -EFAULT;
		done += chunk;
		if (current->work & WORK_RESCHED)
			schedule();
	}
	return done;
}

static int32_t random_read(struct file *f, void *buf, uint32_t n, uint64_t *pos) { return random_to_user(buf, n); }

/*
 * Position is without meaning, but asking for it is no error: programs seek in
 * /dev/null to see whether it is a pipe.
 */
static int64_t no_position(struct file *f, int64_t offset, int whence) { return 0; }

const struct file_ops node_file_ops = { .open = device_open };
const struct file_ops zero_file_ops = { zero_read, null_write, .seek = no_position };
static const struct file_ops null_ops = { null_read, null_write, .seek = no_position };
static const struct file_ops full_ops = { zero_read, full_write, .seek = no_position };
static const struct file_ops random_ops = { random_read, null_write, .seek = no_position };

/* Before the archive is unpacked, so no name is taken. */
static void add_name(struct inode *dir, const char *text, struct inode *inode)
{
	struct name name;

	name_set(&name, text);
	if (ramfs_link(dir, &name, inode))
		panic("device: no memory for %s", text);
}

/* Only during boot. The table is small; overrunning it is a bug of ours. */
void device_register(const char *name, uint32_t number, const struct file_ops *ops)
{
	BUG_ON(device_count == ARRAY_SIZE(devices));
	devices[device_count++] = (struct device) { number, ops };
	add_name(folder, name, ramfs_new(S_IFCHR | 0666, number));
}

/*
 * The numbers are Linux's (Documentation/admin-guide/devices.txt); the links are where
 * programs expect them.
 */
void device_init(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	};

	folder = ramfs_new(S_IFDIR | 0755, 0);
	add_name(root_inode, "proc", folder);
	mount_at(folder, FS_PROC, "proc", 0, 0, 0);
	add_name(root_inode, "dev", folder = ramfs_new(S_IFDIR | 0755, 0));
	for (uint32_t i = 0; i < ARRAY_SIZE(links); i++)
		add_name(folder, links[i][0], ramfs_new_link(links[i][1], strlen(links[i][1])));
	device_register("null", 1 << 8 | 3, &null_ops);
	device_register("zero", 1 << 8 | 5, &zero_file_ops);
	device_register("full", 1 << 8 | 7, &full_ops);
	device_register("random", 1 << 8 | 8, &random_ops);
	device_register("urandom", 1 << 8 | 9, &random_ops);
}
