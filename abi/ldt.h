/* SPDX-License-Identifier: MIT */
/*
 * struct user_desc: how set_thread_area and CLONE_SETTLS describe a TLS segment, and modify_ldt one of the LDT.
 *
 * On 32-bit Linux the TLS slots are GDT entries 6 to 8; entry_number -1 asks for the first free one. The flag
 * bits are written out as masks of one word, which is how i386 lays the bit field out. An empty descriptor
 * (read_exec_only and seg_not_present set, all else zero) frees the slot.
 */
#ifndef ABI_LDT_H
#define ABI_LDT_H

#include <stddef.h>
#include <stdint.h>

#define GDT_ENTRY_TLS_MIN 6
#define GDT_ENTRY_TLS_MAX 8
#define LDT_ENTRIES       8192

#define USER_DESC_SEG_32BIT       0x01
#define USER_DESC_CONTENTS        0x06	/* two bits: 0 data, 1 expand-down, 2 code, 3 conforming code */
#define USER_DESC_READ_EXEC_ONLY  0x08
#define USER_DESC_LIMIT_IN_PAGES  0x10
#define USER_DESC_SEG_NOT_PRESENT 0x20
#define USER_DESC_USEABLE         0x40
#define USER_DESC_FLAGS           0x7F
#define USER_DESC_EMPTY           (USER_DESC_READ_EXEC_ONLY | USER_DESC_SEG_NOT_PRESENT)

struct user_desc {
	uint32_t entry_number;
	uint32_t base_addr;
	uint32_t limit;
	uint32_t flags;
};
_Static_assert(sizeof(struct user_desc) == 16 && offsetof(struct user_desc, flags) == 12, "user_desc");

#endif
