/* SPDX-License-Identifier: MIT */
/*
 * poweroff: ends the machine, outcome "exit 0".
 */
#include "abi/reboot.h"
#include "user/libc/libc.h"

int main(void)
{
	int r = reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, NULL);

	fail("%s", strerror(-r));
}
