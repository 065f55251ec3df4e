/* SPDX-License-Identifier: MIT */
/*
 * Layouts and constants of the lguest ABI for nasm, from abi/lguest.h, so that no offset is typed by hand.
 *
 * Never run, see tools/offsets.h; the result is $(B)/guests/lguest.inc.
 */
#include "abi/lguest.h"
#include "tools/offsets.h"

#define DATA(member)			DEFINE(DATA_##member, offsetof(struct lguest_data, member))
#define BOOT(member)			DEFINE(BOOT_##member, offsetof(struct lguest_boot_params, member))
#define CALL(name)			DEFINE(LHCALL_##name, LHCALL_##name)

static void calls(void)
{
	CALL(FLUSH_ASYNC);
	CALL(INIT);
	CALL(SHUTDOWN);
	CALL(NEW_PGTABLE);
	CALL(FLUSH_TLB);
	CALL(LOAD_IDT_ENTRY);
	CALL(SET_STACK);
	CALL(TS);
	CALL(SET_CLOCKEVENT);
	CALL(HALT);
	CALL(SET_PTE);
	CALL(SET_PGD);
	CALL(LOAD_TLS);
	CALL(NOTIFY);
	CALL(LOAD_GDT_ENTRY);
	CALL(SEND_INTERRUPTS);
	DEFINE(LGUEST_POWEROFF, LGUEST_POWEROFF);
}

static void shared_data(void)
{
	DATA(irq_enabled);
	DATA(blocked_interrupts);
	DATA(cr2);
	DATA(time_sec);
	DATA(time_nsec);
	DATA(irq_pending);
	DATA(hcall_status);
	DATA(hcalls);
	DATA(reserve_mem);
	DATA(tsc_khz);
	DATA(noirq_start);
	DATA(noirq_end);
	DATA(kernel_address);
	DATA(syscall_vec);
	DEFINE(DATA_SIZE, sizeof(struct lguest_data));
	DEFINE(LGUEST_CALL_SIZE, sizeof(struct lguest_call_args));
	DEFINE(LGUEST_RING, LGUEST_RING);
	DEFINE(LGUEST_SLOT_FREE, LGUEST_SLOT_FREE);
	DEFINE(LGUEST_SLOT_READY, LGUEST_SLOT_READY);
}

static void processor(void)
{
	DEFINE(LGUEST_VECTOR, LGUEST_VECTOR);
	DEFINE(LGUEST_IRQ_VECTOR, LGUEST_IRQ_VECTOR);
	DEFINE(LGUEST_SYSCALL_VECTOR, LGUEST_SYSCALL_VECTOR);
	DEFINE(LGUEST_TLS, LGUEST_TLS);
	DEFINE(LGUEST_HOST_CS, LGUEST_HOST_CS);
	DEFINE(LGUEST_KERNEL_CS, LGUEST_KERNEL_CS);
	DEFINE(LGUEST_KERNEL_DS, LGUEST_KERNEL_DS);
}

static void boot_params(void)
{
	BOOT(e820_entries);
	BOOT(version);
	BOOT(type_of_loader);
	BOOT(loadflags);
	BOOT(ramdisk_image);
	BOOT(ramdisk_size);
	BOOT(cmd_line_ptr);
	BOOT(hardware_subarch);
	BOOT(e820);
	DEFINE(E820_size, offsetof(struct lguest_e820, size));
	DEFINE(E820_type, offsetof(struct lguest_e820, type));
	DEFINE(LGUEST_CMDLINE, LGUEST_CMDLINE);
	DEFINE(LGUEST_BOOT_VERSION, LGUEST_BOOT_VERSION);
	DEFINE(LGUEST_SUBARCH, LGUEST_SUBARCH);
	DEFINE(LGUEST_KEEP_SEGMENTS, LGUEST_KEEP_SEGMENTS);
}

void offsets(void)
{
	calls();
	shared_data();
	processor();
	boot_params();
}
