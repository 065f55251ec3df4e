/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for address layout, AT_RANDOM, getrandom and /dev/urandom: a ChaCha20 generator (RFC 8439) keyed from
 * RDRAND if there is one, the time-stamp counter and interrupt times. It never waits and never fails. `norandmaps` does
 * not touch it. Under QEMU's -icount, without RDRAND, it is deterministic.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_init(void);
void random_stir(uint32_t word);		/* from interrupts: cheap */
/* n bytes, 32 for each block of about 2,000 instructions. to is a kernel address. */
void random_bytes(void *to, size_t n);
/* The same for a user, n below 2 GiB: bytes done, fewer only by a signal; -EFAULT. For /dev/urandom and getrandom. */
int32_t random_to_user(void *buf, uint32_t n);

#endif
