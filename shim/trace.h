/* SPDX-License-Identifier: MIT */
/*
 * trace=on: the shim's own records (abi/trace.h), and those that guests hand over, on the second serial line, COM2.
 *
 * None of these is called otherwise.
 */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include "abi/trace.h"
#include "shim/guest.h"

void trace_init(void);
void trace_exit(const struct guest *g);		/* a guest was left: by what its registers say */
void trace_enter(const struct guest *g);	/* it goes on; what was done is its stats.last */
void trace_hypercall(const struct guest *g, const struct lguest_call_args *a, bool from_ring);
void trace_guest(struct guest *g, uint32_t address, uint32_t bytes);	/* records in a guest's memory */
void trace_end(void);				/* sends what is left */

#endif
