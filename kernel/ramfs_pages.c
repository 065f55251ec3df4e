/* SPDX-License-Identifier: MIT */
/*
 * ramfs: the contents of regular files, up to 4 GiB and sparse.
 *
 * A file has one array of frame numbers, which doubles until it covers the last page
 * that is there: a word for each page, so a hole costs a thousandth of its size. Frame
 * 0 is a hole and reads as zeros. What lies behind the end in the last page may be
 * rubbish (a mapping can write there), so it is cleared whenever the end moves. Writing
 * stops with ENOSPC while there is still memory left for the kernel to work with: one
 * page in 32, and some.
 */
#include "kernel/ramfs.h"
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define RESERVE		48u		/* frames that writing leaves alone, besides a 32nd of all */

/*
 * Asked before so many pages are added. Files of the archive and shared anonymous
 * memory are not held back by it.
 */
static bool memory_is_short(uint32_t pages) { return pages_free() < RESERVE + pages_total() / 32 + pages; }

/* A limit that somebody has set holds for everybody. */
static bool is_full(const struct mount *m) { return m->limit && m->pages >= m->limit; }

/* The frame of a page; 0: a hole. */
static inline pfn_t frame_of(const struct inode *inode, uint32_t index)
{
	return likely(index < inode->pages.capacity) ? inode->pages.slots[index] : 0;
}

/*
 * Where the frame number of a page is kept, made if need be. NULL: out of memory; a big
 * array, that of a file with a far end, leaves the reserve alone.
 */
static pfn_t *slot_make(struct inode *inode, uint32_t index)
{
	uint32_t capacity = MAX(inode->pages.capacity, 4u);

	while (capacity <= index)
		capacity *= 2;
	if (capacity == inode->pages.capacity)
		return &inode->pages.slots[index];
	uint32_t bytes = capacity * sizeof(pfn_t);
	pfn_t *slots = bytes > PAGE_SIZE && memory_is_short(bytes / PAGE_SIZE) ? NULL : kzalloc(bytes);
	if (!slots)
		return NULL;
	if (inode->pages.slots)
		memcpy(slots, inode->pages.slots, inode->pages.capacity * sizeof(*slots));
	kfree(inode->pages.slots);
	inode->pages.slots = slots;
	inode->pages.capacity = capacity;
	return &slots[index];
}

/* How many of n bytes from pos on lie before the end. */
static uint32_t clip(const struct inode *inode, uint64_t pos, uint32_t n)
{
	if (pos >= inode->size)
		return 0;
	return MIN(n, inode->size - pos);
}

/*
 * A copy of `chunk` bytes of n to or from the user's memory at `user` has failed. If it
 * touched two pages there, the first may be good: makes n end with it, for another try.
 * So a transfer stops at the very byte where the memory ends, as on Linux.
 */
static bool shorten(uint32_t *n, uint32_t done, uint32_t chunk, uintptr_t user)
{
	uint32_t good = PAGE_SIZE - (user & (PAGE_SIZE - 1));

	if (good >= chunk)
		return false;
	*n = done + good;
	return true;
}

/* ---- reading ---- */

/* Any bytes of a file, to the user or the kernel; a hole is not filled by reading. How many, or -EFAULT. */
static int32_t read_pages(const struct inode *inode, char *to, uint32_t n, uint64_t pos, bool user)
{
	uint32_t done = 0;
	int error = 0;

	n = clip(inode, pos, n);
	while (done < n) {
		uint32_t at = pos + done, offset = at & (PAGE_SIZE - 1), chunk = MIN(n - done, PAGE_SIZE - offset);
		pfn_t pfn = frame_of(inode, at >> PAGE_SHIFT);
		const char *from = (char *)pfn_to_virt(pfn ? pfn : zero_pfn) + offset;
		if (user)
			error = copy_to_user(to + done, from, chunk);
		else
			memcpy(to + done, from, chunk);
		if (likely(!error))
			done += chunk;
		else if (!shorten(&n, done, chunk, (uintptr_t)to + done))
			break;
	}
	return done ? (int32_t)done : error;
}

int32_t ramfs_read_kernel(struct inode *inode, void *to, uint32_t n, uint64_t pos)
{
	return read_pages(inode, to, n, pos, false);
}

/* Out of line and called last, so that the usual case has nothing to keep meanwhile. */
static __attribute__((noinline)) int32_t read_slowly(const struct inode *inode, void *buf, uint32_t n, uint64_t *pos)
{
	int32_t done = read_pages(inode, buf, n, *pos, true);

	*pos += MAX(done, 0);
	return done;
}

/*
 * The usual case: all that is asked for lies in one page, which is there. In 32-bit
 * arithmetic.
 */
static int32_t ramfs_read(struct file *f, void *buf, uint32_t n, uint64_t *pos)
{
	const struct inode *inode = f->inode;
	uint32_t at = *pos, offset = at & (PAGE_SIZE - 1);

	if (likely(!(*pos >> 32) && n <= PAGE_SIZE - offset && at + n <= (uint32_t)inode->size)) {
		pfn_t pfn = frame_of(inode, at >> PAGE_SHIFT);
		if (likely(pfn && !copy_to_user(buf, (char *)pfn_to_virt(pfn) + offset, n))) {
			*pos = at + n;
			return n;
		}
	}
	return read_slowly(inode, buf, n, pos);
}

/* ---- writing ---- */

/* Clears what lies behind the end in the last page. */
static void clear_tail(struct inode *inode)
{
	uint32_t offset = inode->size & (PAGE_SIZE - 1);
	pfn_t pfn = offset ? frame_of(inode, inode->size >> PAGE_SHIFT) : 0;

	if (pfn)
		memset((char *)pfn_to_virt(pfn) + offset, 0, PAGE_SIZE - offset);
}

/* Puts n bytes into one page; a new page that the copy fails to fill is given back. */
static int write_page(struct inode *inode, uint32_t at, const void *from, uint32_t n, bool user)
{
	pfn_t pfn = frame_of(inode, at >> PAGE_SHIFT), fresh = 0, *slot = NULL;
	int error = 0;

	if (!pfn) {
		if ((user && memory_is_short(0)) || is_full(inode->mount))
			return -ENOSPC;
		slot = slot_make(inode, at >> PAGE_SHIFT);
		pfn = fresh = !slot ? 0 : n == PAGE_SIZE ? page_alloc() : page_alloc_zeroed();
		if (!fresh)
			return -ENOSPC;
	}
	char *to = (char *)pfn_to_virt(pfn) + (at & (PAGE_SIZE - 1));
	if (user)
		error = copy_from_user(to, from, n);
	else
		memcpy(to, from, n);
	if (error && fresh) {
		page_put(fresh);
	} else if (fresh) {
		*slot = fresh;
		inode->pages.count++;
		inode->mount->pages++;
	}
	return error;
}

/*
 * Writes at a position below RAMFS_MAX_SIZE; bytes done, or the error if there are
 * none.
 */
static int32_t write_at(struct inode *inode, uint64_t pos, const void *from, uint32_t n, bool user)
{
	uint32_t done = 0, at = pos;
	int error = 0;

	n = MIN(n, RAMFS_MAX_SIZE - at);
	if (pos > inode->size)
		clear_tail(inode);
	while (done < n) {
		uint32_t chunk = MIN(n - done, PAGE_SIZE - ((at + done) & (PAGE_SIZE - 1)));
		error = write_page(inode, at + done, (const char *)from + done, chunk, user);
		if (likely(!error))
			done += chunk;
		else if (error != -EFAULT || !shorten(&n, done, chunk, (uintptr_t)from + done))
			break;
	}
	if (!done)
		return error;
	inode->size = MAX(inode->size, pos + done);
	inode->mtime = inode->ctime = wall_ns();
	return done;
}

/*
 * A file may not grow beyond the limit of the process, and a signal tells it so; nor
 * beyond that of ramfs.
 */
static int too_big(uint64_t at, uint32_t limit)
{
	if (at >= limit && limit != RLIM_INFINITY)
		send_signal_task(current, SIGXFSZ);
	return -EFBIG;
}

/*
 * A write beyond the end leaves a hole. As on Linux the position only changes when
 * something has been written, also with O_APPEND.
 */
static int32_t ramfs_write(struct file *f, const void *buf, uint32_t n, uint64_t *pos)
{
	uint64_t at = f->flags & O_APPEND ? f->inode->size : *pos;
	uint32_t limit = current->process->rlimits[RLIMIT_FSIZE][0];

	if (!n)
		return 0;
	if (unlikely(at >= MIN(limit, RAMFS_MAX_SIZE)))
		return too_big(at, limit);
	n = MIN(n, limit - (uint32_t)at);
	int32_t done = write_at(f->inode, at, buf, n, true);
	if (done > 0)
		*pos = at + done;
	return done;
}

/* A count is signed; no archive that fits into memory beside its copy has a bigger file. */
int ramfs_append(struct inode *inode, const void *data, uint32_t n)
{
	int32_t done = n > INT32_MAX ? -EFBIG : write_at(inode, inode->size, data, n, false);

	return done < 0 ? done : (uint32_t)done < n ? -ENOSPC : 0;
}

/* ---- size and pages ---- */

void ramfs_drop_pages(struct inode *inode, uint32_t first)
{
	for (uint32_t i = first; i < inode->pages.capacity; i++) {
		if (!inode->pages.slots[i])
			continue;
		page_put(inode->pages.slots[i]);
		inode->pages.slots[i] = 0;
		inode->pages.count--;
		inode->mount->pages--;
	}
	if (first)
		return;
	kfree(inode->pages.slots);
	inode->pages.slots = NULL;
	inode->pages.capacity = 0;
}

static uint32_t pages_of(uint64_t size) { return (size + PAGE_SIZE - 1) >> PAGE_SHIFT; }

/* Mappings lose the pages as well: what lies behind the end is SIGBUS there. */
int ramfs_truncate(struct inode *inode, uint64_t size)
{
	uint32_t limit = current->process->rlimits[RLIMIT_FSIZE][0], first = pages_of(size);

	if (size > inode->size && size > MIN(limit, RAMFS_MAX_SIZE))
		return too_big(size, limit);
	if (size > inode->size) {
		clear_tail(inode);
	} else if (first < pages_of(inode->size)) {
		mm_cut_file(inode, first);
		ramfs_drop_pages(inode, first);
	}
	inode->size = size;
	clear_tail(inode);
	inode->mtime = inode->ctime = wall_ns();
	return 0;
}

/*
 * A mapping of a file with a name gets no new pages while memory is short (SIGBUS):
 * killing a process would not bring them back. What has no name goes with its
 * processes.
 */
pfn_t ramfs_page(struct inode *inode, uint32_t index, bool make, int *err)
{
	pfn_t pfn = frame_of(inode, index);

	*err = -EFAULT;
	if (index >= pages_of(inode->size))
		return 0;
	if (pfn || !make)
		return pfn ? pfn : zero_pfn;
	if ((inode->nlink && memory_is_short(0)) || is_full(inode->mount))
		return 0;
	*err = -ENOMEM;
	pfn_t *slot = slot_make(inode, index);
	if (!slot || !(*slot = page_alloc_zeroed()))
		return 0;
	inode->pages.count++;
	inode->mount->pages++;
	return *slot;
}

/* ---- the table ---- */

static uint32_t ramfs_unread(const struct file *f) { return f->inode->size - f->pos; }

const struct file_ops ramfs_file_ops = {
	.read = ramfs_read, .write = ramfs_write, .unread = ramfs_unread, .seek = file_seek,
};
