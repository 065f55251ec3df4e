/* SPDX-License-Identifier: MIT */
/*
 * The consoles of an lguest host: a virtio console if there is one on the device page, else what NOTIFY prints.
 */
#ifndef DRIVERS_LGUEST_CONSOLE_H
#define DRIVERS_LGUEST_CONSOLE_H

void lguest_console_init(void);

#endif
