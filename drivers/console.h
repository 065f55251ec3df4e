/* SPDX-License-Identifier: MIT */
/*
 * The consoles of a PC: the serial line COM1, the VGA text screen, the PS/2 keyboard. Each registers itself with the terminal
 * (kernel/tty.h) and feeds what it receives to tty_input.
 */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdint.h>

/* Polled, needs nothing, and works with interrupts off; "\n" is sent as it is. Nothing happens if there is no UART. */
void serial_early_write(const char *text, size_t n);
/* COM2, polled as well: records of a trace. 0: there is no such UART. */
uint32_t serial_trace_out(const void *records, size_t n);
/* The rest want memory, interrupts and the terminal: in time for the platform's console_init. */
void serial_init(void);					/* COM1 at 115200 baud 8n1, FIFO, IRQ 4; quiet if there is no UART */
void vga_init(void);					/* text screen at 0xB8000; skipped if there is none */
void keyboard_init(void);				/* PS/2, IRQ 1; US layout; skipped if there is no controller */


/* The console of an lguest host: a virtio console if there is one on the device page, else what NOTIFY prints. */
void lguest_console_init(void);
uint32_t lguest_trace_out(const void *records, size_t n);	/* pv_io_ops.trace_out: by the host's device for it */

#endif
