/* SPDX-License-Identifier: MIT */
/*
 * The one C function that the doors' assembly calls.
 */
#ifndef BOOT_BOOT_MAIN_H
#define BOOT_BOOT_MAIN_H

#include <stdint.h>

/*
 * door: enum boot_door; info: physical address of the loader's structure. Boot page tables, boot stack, interrupts off.
 * Does not return.
 */
void boot_main(uint32_t door, uint32_t info);

#endif
