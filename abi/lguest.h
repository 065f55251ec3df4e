/* SPDX-License-Identifier: MIT */
/*
 * The lguest ABI, versions 3.2 to 3.18, in its PAE form: what guest and host tell each other.
 *
 * A guest kernel runs at ring 1, its user programs at ring 3; it asks by `int 0x1F` with the call's number in eax and up to four
 * arguments in ebx, ecx, edx and esi. No call returns anything: who breaks the rules is stopped with a reason. Interrupts are a word in
 * struct lguest_data, faults are reflected through the guest's own gates. The numbers are those of the fact sheet abi/lguest.md; its
 * sections are given.
 */
#ifndef ABI_LGUEST_H
#define ABI_LGUEST_H

#include <stddef.h>
#include <stdint.h>

#define LGUEST_VECTOR		0x1F	/* DPL 1: ring 3 gets #GP */
#define LGUEST_IRQ_VECTOR	32	/* virtual interrupt n comes by gate 32 + n (7.1); 0 is the timer */
#define LGUEST_IRQS		16	/* at least (3.2) */
#define LGUEST_SYSCALL_VECTOR	0x80

/* Hypercalls (section 2): what ebx, ecx, edx and esi hold. Addresses are guest-physical unless it says virtual. */
enum lguest_call {
	LHCALL_FLUSH_ASYNC	= 0,	/* does nothing; the ring has been drained before it */
	LHCALL_INIT		= 1,	/* address of lguest_data; comes first, once */
	LHCALL_SHUTDOWN		= 2,	/* address of a text, enum lguest_shutdown */
	LHCALL_NEW_PGTABLE	= 4,	/* address of the four top-level entries; the first one ends linear mode */
	LHCALL_FLUSH_TLB	= 5,	/* 0: user part of the current tables, else everything */
	LHCALL_LOAD_IDT_ENTRY	= 6,	/* vector, low and high word of the gate */
	LHCALL_SET_STACK	= 7,	/* ss (ring 1), esp (virtual), pages below it that traps may need: at most 2 */
	LHCALL_TS		= 8,	/* CR0.TS: 0 or not */
	LHCALL_SET_CLOCKEVENT	= 9,	/* nanoseconds from now to interrupt 0, one shot; 0: none */
	LHCALL_HALT		= 10,	/* until an interrupt that isn't blocked; enables interrupts itself */
	LHCALL_SET_PMD		= 13,	/* address of the PMD page, index */
	LHCALL_SET_PTE		= 14,	/* address of the top level, virtual address, low and high word of the entry */
	LHCALL_SET_PGD		= 15,	/* address of the top level, index 0 to 3 */
	LHCALL_LOAD_TLS		= 16,	/* address of three descriptors, CPU */
	LHCALL_NOTIFY		= 17,	/* address of a text to print, of a device's descriptor or of a queue (section 9) */
	LHCALL_LOAD_GDT_ENTRY	= 18,	/* index, low and high word of the descriptor */
	LHCALL_SEND_INTERRUPTS	= 19,	/* does nothing; pending interrupts are delivered after any call */
};

enum lguest_shutdown { LGUEST_POWEROFF = 1, LGUEST_RESTART = 2 };
#define LGUEST_SHUTDOWN_TEXT	128	/* bytes of SHUTDOWN's text that the host reads */

/* Segments (section 5). Host rules: 10, 11, 16 and 31 are the host's; handlers start at LGUEST_KERNEL_CS. */
#define LGUEST_GDT_ENTRIES	32
#define LGUEST_TLS		6	/* to 8 */
#define LGUEST_HOST_CS		0x50
#define LGUEST_HOST_DS		0x58
#define LGUEST_KERNEL_CS	0x61
#define LGUEST_KERNEL_DS	0x69

/* The asynchronous ring (2.1). */
#define LGUEST_RING		64
#define LGUEST_SLOT_FREE	0xFF
#define LGUEST_SLOT_READY	0

struct lguest_call_args { uint32_t eax, ebx, ecx, edx, esi; };

/* Shared by guest and host, in the guest's memory (section 3). irq_enabled and irq_pending hold 0 or 0x200 only. */
struct lguest_data {
	uint32_t irq_enabled;			/* both */
	uint32_t blocked_interrupts;		/* guest: bit n masks interrupt n */
	uint32_t cr2;				/* host: of the last reflected page fault */
	uint32_t time_sec, time_nsec;		/* host: wall clock, at INIT and at each delivery */
	uint32_t irq_pending;			/* host: one could not be delivered because irq_enabled was 0 */
	uint8_t hcall_status[LGUEST_RING];	/* both */
	struct lguest_call_args hcalls[LGUEST_RING];	/* guest */
	uint32_t reserve_mem;			/* host at INIT: bytes at the top of the address space that are not the guest's */
	uint32_t tsc_khz;			/* host at INIT: 0: the TSC is not to be used */
	uint32_t noirq_start, noirq_end;	/* guest before INIT: [start, end) of eip where nothing is delivered */
	uint32_t kernel_address;		/* guest before INIT: the same in all address spaces from here on; a multiple of 1 GiB (16.3) */
	uint32_t syscall_vec;			/* guest before INIT: 0x80 */
};

_Static_assert(sizeof(struct lguest_data) == 0x570, "section 3");
_Static_assert(offsetof(struct lguest_data, irq_pending) == 0x014 && offsetof(struct lguest_data, hcall_status) == 0x018, "section 3");
_Static_assert(offsetof(struct lguest_data, hcalls) == 0x058 && offsetof(struct lguest_data, reserve_mem) == 0x558, "section 3");
_Static_assert(offsetof(struct lguest_data, noirq_start) == 0x560 && offsetof(struct lguest_data, syscall_vec) == 0x56C, "section 3");

/* What is in page 0 at the start (4.1); all else is zero. The command line follows at LGUEST_CMDLINE. */
#define LGUEST_CMDLINE		0x1000
#define LGUEST_BOOT_VERSION	0x0207
#define LGUEST_SUBARCH		1
#define LGUEST_KEEP_SEGMENTS	0x40

struct lguest_e820 { uint64_t address, size; uint32_t type; } __attribute__((packed));

struct lguest_boot_params {
	uint8_t zero0[0x1E8];
	uint8_t e820_entries;
	uint8_t zero1[0x206 - 0x1E9];
	uint16_t version;
	uint8_t zero2[0x210 - 0x208];
	uint8_t type_of_loader;			/* 0xFF if there is an initrd */
	uint8_t loadflags;
	uint8_t zero3[0x218 - 0x212];
	uint32_t ramdisk_image, ramdisk_size;	/* the size is rounded up to pages */
	uint8_t zero4[0x228 - 0x220];
	uint32_t cmd_line_ptr;
	uint8_t zero5[0x230 - 0x22C];
	uint32_t kernel_alignment;
	uint8_t zero6[0x23C - 0x234];
	uint32_t hardware_subarch;
	uint8_t zero7[0x2D0 - 0x240];
	struct lguest_e820 e820[1];
	uint8_t zero8[0x1000 - 0x2E4];
} __attribute__((packed));

_Static_assert(sizeof(struct lguest_boot_params) == 0x1000 && offsetof(struct lguest_boot_params, version) == 0x206, "section 4.1");
_Static_assert(offsetof(struct lguest_boot_params, cmd_line_ptr) == 0x228 && offsetof(struct lguest_boot_params, hardware_subarch) == 0x23C, "4.1");
_Static_assert(offsetof(struct lguest_boot_params, e820) == 0x2D0 && offsetof(struct lguest_boot_params, ramdisk_image) == 0x218, "section 4.1");

/* The device page, at the end of RAM: descriptors one behind the other, type 0 ends (section 9). Not aligned. */
enum lguest_device_type { LGUEST_DEVICE_END = 0, LGUEST_DEVICE_NET = 1, LGUEST_DEVICE_BLOCK = 2, LGUEST_DEVICE_CONSOLE = 3, LGUEST_DEVICE_RNG = 4,
			  LGUEST_DEVICE_TRACE = 0x54 };	/* of this shim alone: a struct lguest_trace, no queue; NOTIFY has its records taken */
enum lguest_device_status { LGUEST_ACKNOWLEDGE = 1, LGUEST_DRIVER = 2, LGUEST_DRIVER_OK = 4, LGUEST_FAILED = 0x80 };

struct lguest_device {
	uint8_t type, num_vq, feature_len, config_len, status;	/* then num_vq queues, features offered, features taken, configuration */
} __attribute__((packed));
struct lguest_queue { uint16_t num, irq; uint32_t pfn; } __attribute__((packed));
struct lguest_trace { struct lguest_device device; uint32_t address, bytes; } __attribute__((packed));

_Static_assert(sizeof(struct lguest_device) == 5 && sizeof(struct lguest_queue) == 8, "section 9");

#endif
