/* SPDX-License-Identifier: MIT */
/*
 * poll(2), and the sets of select(2): FD_SETSIZE bits in 32-bit words, bit fd & 31 of word fd >> 5.
 */
#ifndef ABI_POLL_H
#define ABI_POLL_H

#include <stdint.h>

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200

struct pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};
_Static_assert(sizeof(struct pollfd) == 8, "pollfd");

#define FD_SETSIZE 1024

typedef struct {
	uint32_t fds_bits[FD_SETSIZE / 32];
} fd_set;
_Static_assert(sizeof(fd_set) == 128, "fd_set");

#endif
