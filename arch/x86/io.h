/* SPDX-License-Identifier: MIT */
/*
 * Port I/O, in one out-of-line place (io.asm), so that a platform without ports can be shown never to reach it.
 */
#ifndef ARCH_X86_IO_H
#define ARCH_X86_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
void io_out16(uint16_t port, uint16_t value);

#endif
