/* SPDX-License-Identifier: MIT */
/*
 * reboot: starts the machine anew, outcome "restart".
 */
#include "abi/reboot.h"
#include "user/libc/libc.h"

int main(void)
{
	int r = reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, NULL);

	fail("%s", strerror(-r));
}
