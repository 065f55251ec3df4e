/* SPDX-License-Identifier: MIT */
/*
 * The shim's command line, and the modules that came with it.
 *
 *	mem=SIZE		memory of each guest, e.g. 64M, or just 64; at least 2M; default: what there is, shared evenly
 *	reserve=SIZE		bytes of address space at the top that guests must leave alone: 132K (default), 2M, 4M, 64M, 168M, ...
 *	gates=direct|reflect	int 0x80 and some exceptions straight to the guest kernel, or by way of the shim
 *	flags=clear|live	live: a reflected trap leaves the program's TF and NT live in the guest's kernel, as by hosts before 3.18; so does
 *				int 0x80, which then never goes directly; without sysenter=on and gates=reflect
 *	sysenter=off|on		SYSENTER faults, as on real hosts; or it is reflected as vector 0x80
 *	tsc=on|off		tsc_khz tells the rate, or 0
 *	time=steady|back	back: every eighth time that it is told is set back by one minute more
 *	irqpending=clear|sticky	sticky: never cleared, as real hosts do by mistake (lguest.md 7.2)
 *	devices=on|off		a virtio console on the device page, or nothing
 *	pae=on|off		off: the guest's tables are read in the two-level format
 *	abi=full|min		min: what docs/lguest.adoc calls optional stops the guest
 *	restarts=N		a guest that was stopped or wants it begins anew, at most N times; its command line then ends in restart=COUNT
 *	lifetime=MS		the first guest is stopped so long after it began
 *	crash=panic|null|text|switcher|stack	when the guests have ended the shim dies: by a panic, a write to address 0, to its code, to
 *				the switcher's, of a full stack
 *	trace=on		what each guest comes for is recorded (abi/trace.h) and sent to COM2, with records that guests make themselves
 *	stats=on		hypercalls and faults of each guest, printed at its end
 */
#ifndef SHIM_OPTIONS_H
#define SHIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_MODULES	16u
#define CMDLINE_SIZE	2048u

struct module { uint32_t start, end; char cmdline[CMDLINE_SIZE]; };

struct options {
	uint32_t mem, reserve, restarts, lifetime;
	unsigned crash;				/* machine_crash_kind, or 0 */
	bool reflect_all, live_flags, sysenter, no_tsc, set_back, sticky, no_devices, two_level, abi_min, stats, trace;
	bool watched, look_closer;		/* stats or trace; abi_min or trace: so that what costs is one question */
};
extern struct options options;
extern struct module modules[MAX_MODULES];
extern unsigned module_count;

/* Reads the loader's information (multiboot 1 or 2): memory map to memory_add, modules, options. Refuses what is malformed. */
void boot_read(uint32_t magic, uint32_t info);
/* Words that are wrong are named and ignored. */
void options_parse(const char *cmdline);

#endif
