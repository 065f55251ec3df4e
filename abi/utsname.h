/* SPDX-License-Identifier: MIT */
/*
 * uname(2) (122): six NUL-terminated strings of 65 bytes each.
 */
#ifndef ABI_UTSNAME_H
#define ABI_UTSNAME_H

#define UTS_LEN 65

struct utsname {
	char sysname[UTS_LEN];
	char nodename[UTS_LEN];
	char release[UTS_LEN];
	char version[UTS_LEN];
	char machine[UTS_LEN];
	char domainname[UTS_LEN];
};
_Static_assert(sizeof(struct utsname) == 390, "new_utsname");

#endif
