/* SPDX-License-Identifier: MIT */
/*
 * The consoles of an lguest host: a virtio console if there is one on the device page, else what NOTIFY prints.
 */
#ifndef DRIVERS_LGUEST_CONSOLE_H
#define DRIVERS_LGUEST_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

void lguest_console_init(void);
uint32_t lguest_trace_out(const void *records, size_t n);	/* pv_io_ops.trace_out: by the host's device for it */

#endif
