/* SPDX-License-Identifier: MIT */
/*
 * The CMOS clock (Motorola MC146818A data sheet): date and time to the second, read at boot.
 *
 * The registers are undefined for 2 ms each second, announced by a flag 244 us before; the flag is waited for, but not for long. Beyond that the whole
 * set is read until it reads the same twice. Values are BCD unless register B says binary. Years are 1970 to 2069, for the register with the
 * century is not in the same place everywhere. The clock is taken to keep UTC. A clock that makes no sense gives 0.
 */
#include "arch/x86/io.h"
#include "arch/x86/pc.h"
#include "kernel/lib.h"
#include "kernel/time.h"

#define INDEX		0x70
#define DATA		0x71
#define REGISTER_A	0x0A
#define A_UPDATING	0x80
#define UPDATE_POLLS	4000	/* of about 1 us each */
#define REGISTER_B	0x0B
#define B_BINARY	0x04
#define B_24_HOURS	0x02
#define HOUR_PM		0x80

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static const struct { uint8_t reg, least, most; } fields[FIELDS] = {
	[SECOND] = { 0, 0, 60 }, [MINUTE] = { 2, 0, 59 }, [HOUR] = { 4, 0, 23 },
	[DAY] = { 7, 1, 31 }, [MONTH] = { 8, 1, 12 }, [YEAR] = { 9, 0, 99 },
};

static uint8_t cmos(uint8_t reg)
{
	io_out8(INDEX, reg);
	return io_in8(DATA);
}

static void read_fields(uint8_t f[FIELDS])
{
	for (int i = 0; i < UPDATE_POLLS && cmos(REGISTER_A) & A_UPDATING; i++)
		;
	for (unsigned i = 0; i < FIELDS; i++)
		f[i] = cmos(fields[i].reg);
}

static void read_steady(uint8_t f[FIELDS])
{
	uint8_t again[FIELDS];

	read_fields(f);
	for (int tries = 0; tries < 8; tries++) {
		read_fields(again);
		if (!memcmp(f, again, sizeof(again)))
			return;
		memcpy(f, again, sizeof(again));
	}
}

/* From the chip's format to numbers; false if one of them can't be. */
static bool decode(uint8_t f[FIELDS], uint8_t format)
{
	bool pm = f[HOUR] & HOUR_PM, sane = true;

	f[HOUR] &= ~HOUR_PM;
	for (unsigned i = 0; i < FIELDS; i++)
		f[i] = format & B_BINARY ? f[i] : (f[i] >> 4) * 10 + (f[i] & 15);
	if (!(format & B_24_HOURS))
		f[HOUR] = f[HOUR] % 12 + (pm ? 12 : 0);
	for (unsigned i = 0; i < FIELDS; i++)
		sane = sane && f[i] >= fields[i].least && f[i] <= fields[i].most;
	return sane;
}

static uint32_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	bool leap = year % 4 == 0;		/* right from 1901 to 2099 */

	return (year - 1970) * 365 + (year - 1969) / 4 + before[month - 1] + (leap && month > 2) + day - 1;
}

uint64_t rtc_wall_ns(void)
{
	uint8_t f[FIELDS];

	read_steady(f);
	if (!decode(f, cmos(REGISTER_B)))
		return 0;
	uint32_t days = days_since_1970(f[YEAR] < 70 ? 2000 + f[YEAR] : 1900 + f[YEAR], f[MONTH], f[DAY]);
	return (((days * 24ull + f[HOUR]) * 60 + f[MINUTE]) * 60 + f[SECOND]) * NSEC_PER_SEC;
}
