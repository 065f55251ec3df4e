/* SPDX-License-Identifier: MIT */
/*
 * A guest: one virtual machine with one virtual processor, and everything the shim knows of it.
 *
 * Its memory is one piece of the machine's, so guest-physical address 0 is at `memory`; every guest-physical address is checked against
 * `limit` before it is used. What a guest breaks ends in guest_stop(): the reason is printed, the others go on.
 */
#ifndef SHIM_GUEST_H
#define SHIM_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "abi/lguest.h"
#include "shim/machine.h"
#include "shim/options.h"
#include "shim/shadow.h"
#include "shim/switcher.h"

#define MAX_GUESTS	8u

enum guest_state { GUEST_READY, GUEST_HALTED, GUEST_ENDED };

/* A device of the bus page with two rings: the console. */
struct queue { uint32_t page; uint16_t seen; bool waiting; };
struct virtio_console { bool active; struct queue in, out; uint32_t page; };

/* Why a guest came to the shim, by what was done about it. */
enum cause { BY_NOTHING, BY_CALL, BY_FILL, BY_REFLECTION, BY_EMULATION, BY_INTERRUPT, CAUSES };

/* ticks: of the time-stamp counter, between leaving the guest and going back. The first four are counted with stats=on or trace=on only. */
struct statistics {
	uint64_t exits[CAUSES], ticks[CAUSES];
	uint64_t left;					/* when the guest was left last, and why */
	enum cause last;
	uint64_t calls[LHCALL_SEND_INTERRUPTS + 1];	/* hypercalls by number, those of the ring included */
	uint64_t delivered, dropped;			/* virtual interrupts; page tables of shadows thrown away */
};

struct guest {
	unsigned number;			/* from 1; 0 if it is the only one */
	enum guest_state state;
	struct regs *regs;			/* in its register page; while it runs they mean nothing */
	uint8_t *memory;
	uint32_t memory_pages, limit;		/* RAM, and with the device's pages */
	struct lguest_data *data;		/* in its memory; NULL before INIT */
	uint32_t noirq_start, noirq_end, kernel_address;	/* as they were at INIT */

	/* Processor. */
	struct state *page;			/* its state page, */
	uint64_t gates[256];			/* as the guest gave them; 0: none */
	bool ts;				/* CR0.TS as the guest sees it */
	uint8_t fpu[512] __attribute__((aligned(16)));	/* while another guest runs */
	unsigned ring_next;			/* slot of the ring that is looked at next */

	/* Interrupts and time. */
	uint32_t pending;			/* bit n: virtual interrupt n */
	uint64_t event;				/* when interrupt 0 is due, in clock_ns; NEVER */
	uint64_t deadline;			/* when its life is over, whatever it does; NEVER */

	struct shadows shadows;
	struct virtio_console console;

	/* How it was loaded, and how it ended. */
	const struct module *image, *initrd;
	unsigned restarts;
	enum end end;
	int code;
	struct statistics stats;
};

/* Ends this guest with a reason; what it was doing must be given up by the caller, by returning. */
void guest_stop(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* By its own wish: the text of SHUTDOWN, and whether it asked for a restart. */
void guest_shutdown(struct guest *g, const char *text, bool restart);
static inline bool guest_runs(const struct guest *g) { return g->state != GUEST_ENDED; }

/* The bytes [address, address + n) of the guest's memory, or NULL after stopping it: "bad address". */
void *guest_at(struct guest *g, uint32_t address, uint32_t n);

/* interrupt.c */
void guest_raise(struct guest *g, unsigned irq);
/* Pushes a frame for one of the guest's gates; stops it if it has none. error: pushed for those exceptions that have one. */
void guest_reflect(struct guest *g, unsigned vector, uint32_t error);
/* Before each entry: the lowest pending interrupt, if it may come. */
void guest_deliver(struct guest *g);
/* Whether there is one that the guest doesn't mask and that still could not come. */
bool guest_waits(const struct guest *g);
void guest_set_gate(struct guest *g, uint32_t vector, uint32_t low, uint32_t high);
void guest_set_stack_segment(struct guest *g, uint16_t ss);
void guest_set_descriptor(struct guest *g, uint32_t index, uint32_t low, uint32_t high);
void guest_init_processor(struct guest *g);
/* An instruction of ring 1 that raised #GP and that the host does for it; false: none of those. */
bool guest_emulate(struct guest *g);

/* hypercall.c */
void guest_hypercall(struct guest *g);
/* device.c */
void device_init(struct guest *g);
void device_notify(struct guest *g, uint32_t address);
void device_poll(struct guest *g);	/* input that has come */
/* load.c: memory, boot_params and registers as at the start (lguest.md 4), or stops it with what is wrong with the image. */
void guest_load(struct guest *g);

#endif
