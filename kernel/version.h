/* SPDX-License-Identifier: MIT */
/*
 * What the kernel calls itself: uname(2) and /proc/version say the same.
 *
 * The release counts as Linux's: C libraries refuse kernels whose number is below what they were built for.
 */
#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

#define KERNEL_NAME	"Postern"
#define KERNEL_RELEASE	"6.1.0-postern"
#define KERNEL_VERSION	"#1"

#endif
