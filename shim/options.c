/* SPDX-License-Identifier: MIT */
/*
 * What the loader left (Multiboot Specification 0.6.96, 3.3; Multiboot2 2.0, 3.6), and the options.
 *
 * Strings are copied and all ranges taken before memory is handed out. A loader's pointers are followed only below RAM_END and above page 0; paging is
 * not on yet. Words that are no options are named and ignored.
 */
#include "shim/options.h"
#include "kernel/lib.h"
#include "shim/console.h"
#include "shim/machine.h"
#include "shim/memory.h"
#include "shim/switcher.h"

#define MAGIC1		0x2BADB002u
#define MAGIC2		0x36D76289u
#define MB1_CMDLINE	0x04u
#define MB1_MODULES	0x08u
#define MB1_MMAP	0x40u
#define LEAST_RESERVE	(-SWITCHER_TEXT)
#define MOST_RESERVE	(256u << 20)
#define LEAST_MEM	(2u << 20)
#define INFO_MOST	0x10000u	/* bytes of multiboot 2 information, or of a memory map */

struct options options = { .reserve = LEAST_RESERVE };
struct module modules[MAX_MODULES];
unsigned module_count;

/* ---- the command line ---- */

/* A number with K or M behind it; false: no number, or too big. */
static bool size_of(const char *text, uint32_t *out)
{
	uint64_t n = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9' && n <= UINT32_MAX; c++)
		n = n * 10 + (*c - '0');
	if (*c == 'K' || *c == 'k')
		n <<= 10, c++;
	else if (*c == 'M' || *c == 'm')
		n <<= 20, c++;
	*out = n;
	return c != text && !*c && n <= UINT32_MAX;
}

/* 132K means what real hosts take, 0x21000 bytes, which is just that. */
static bool set_reserve(const char *value)
{
	uint32_t n;

	if (!size_of(value, &n) || n < LEAST_RESERVE || n > MOST_RESERVE || n % PAGE_SIZE)
		return false;
	options.reserve = n;
	return true;
}

static const struct { const char *name, *off, *on; bool *set; } switches[] = {
	{ "gates", "direct", "reflect", &options.reflect_all },
	{ "flags", "clear", "live", &options.live_flags },
	{ "sysenter", "off", "on", &options.sysenter },
	{ "tsc", "on", "off", &options.no_tsc },
	{ "time", "steady", "back", &options.set_back },
	{ "irqpending", "clear", "sticky", &options.sticky },
	{ "devices", "on", "off", &options.no_devices },
	{ "pae", "on", "off", &options.two_level },
	{ "abi", "full", "min", &options.abi_min },
	{ "stats", "off", "on", &options.stats },
	{ "trace", "off", "on", &options.trace },
};

/* A bare number is of MiB. */
static bool set_mem(const char *value)
{
	uint32_t n;

	if (!size_of(value, &n))
		return false;
	n = n < LEAST_MEM && n <= RAM_END >> 20 ? n << 20 : n;
	if (n < LEAST_MEM)
		return false;
	options.mem = n;
	return true;
}

static bool set_option(const char *name, const char *value)
{
	if (!strcmp(name, "reserve"))
		return set_reserve(value);
	if (!strcmp(name, "mem"))
		return set_mem(value);
	if (!strcmp(name, "restarts"))
		return size_of(value, &options.restarts);
	if (!strcmp(name, "lifetime"))
		return size_of(value, &options.lifetime);
	if (!strcmp(name, "crash"))
		return (options.crash = machine_crash_kind(value));
	for (unsigned i = 0; i < ARRAY_SIZE(switches); i++) {
		if (strcmp(name, switches[i].name))
			continue;
		*switches[i].set = !strcmp(value, switches[i].on);
		return *switches[i].set || !strcmp(value, switches[i].off);
	}
	return false;
}

void options_parse(const char *cmdline)
{
	char word[64], *value;

	while (*cmdline) {
		unsigned n = 0;

		for (; *cmdline && *cmdline != ' '; cmdline++)
			if (n < sizeof(word) - 1)
				word[n++] = *cmdline;
		word[n] = 0;
		for (; *cmdline == ' '; cmdline++)
			;
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		if (n && !set_option(word, value ? value : ""))
			console_printf("shim: option %s%s%s is ignored\n", word, value ? "=" : "", value ? value : "");
	}
	options.watched = options.stats || options.trace;
	options.look_closer = options.abi_min || options.trace;
}

/* ---- what the loader says ---- */

static const void *at(uint32_t address, uint32_t n)
{
	if (address < PAGE_SIZE || address > RAM_END || n > RAM_END - address)
		refuse("the loader's information lies at 0x%08x", address);
	return (const void *)address;
}

/* Whether a command line begins with the image's own name, as QEMU's do and GRUB's don't: a word with a point or a slash, and no option. */
static bool begins_with_name(const char *from, uint32_t n)
{
	bool name = false;

	for (uint32_t i = 0; i < n && from[i] != ' '; i++) {
		if (from[i] == '=')
			return false;
		name = name || from[i] == '.' || from[i] == '/';
	}
	return name;
}

static void copy_arguments(char *to, const char *from, uint32_t most)
{
	uint32_t n = strnlen(from, most), skip = 0;

	while (begins_with_name(from, n) && skip < n && from[skip] != ' ')
		skip++;
	while (skip < n && from[skip] == ' ')
		skip++;
	if (n - skip >= CMDLINE_SIZE)
		refuse("a command line has more than %u characters", CMDLINE_SIZE - 1);
	memcpy(to, from + skip, n - skip);
	to[n - skip] = 0;
}

static void add_module(uint32_t start, uint32_t end, const char *name, uint32_t most)
{
	if (module_count == MAX_MODULES)
		refuse("more than %u modules", MAX_MODULES);
	if (start > end || start < PAGE_SIZE)
		refuse("module %u lies from 0x%08x to 0x%08x", module_count + 1, start, end);
	memory_take(start, end);
	struct module *m = &modules[module_count++];
	*m = (struct module){ .start = start, .end = end };
	if (name)
		copy_arguments(m->cmdline, name, most);
}

static const char *string_at(uint32_t address)
{
	return at(address, CMDLINE_SIZE * 2);
}

struct mb1_info { uint32_t flags, lower, upper, device, cmdline, mods_count, mods, syms[4], mmap_length, mmap; };
struct mb1_module { uint32_t start, end, string, reserved; };
struct mmap_entry { uint64_t address, length; uint32_t type; } __attribute__((packed));

static void read_map1(uint32_t address, uint32_t length)
{
	const uint8_t *e = at(address, MIN(length, INFO_MOST)), *end = e + MIN(length, INFO_MOST);

	while (e + 4 + sizeof(struct mmap_entry) <= end) {
		const struct mmap_entry *m = (const void *)(e + 4);
		if (m->type == 1)
			memory_add(m->address, m->address + m->length);
		e += *(const uint32_t *)e + 4;
	}
}

static void read1(uint32_t info, char *cmdline)
{
	const struct mb1_info *i = at(info, sizeof(*i));

	if (!(i->flags & MB1_MMAP))
		refuse("the loader gives no memory map");
	read_map1(i->mmap, i->mmap_length);
	if (i->flags & MB1_CMDLINE)
		copy_arguments(cmdline, string_at(i->cmdline), CMDLINE_SIZE * 2);
	const struct mb1_module *m = i->flags & MB1_MODULES ? at(i->mods, sizeof(*m)) : NULL;
	for (uint32_t n = 0; m && n < i->mods_count; n++)
		add_module(m[n].start, m[n].end, m[n].string ? string_at(m[n].string) : NULL, CMDLINE_SIZE * 2);
}

struct mb2_tag { uint32_t type, size; };
enum { MB2_END = 0, MB2_CMDLINE = 1, MB2_MODULE = 3, MB2_MMAP = 6 };

static void read_map2(const uint32_t *tag)
{
	uint32_t step = tag[2];

	if (step < 24)
		refuse("the loader's memory map is malformed");
	for (uint32_t from = 16; from + step <= tag[1]; from += step) {
		const struct mmap_entry *m = (const void *)((const uint8_t *)tag + from);
		if (m->type == 1)
			memory_add(m->address, m->address + m->length);
	}
}

static void read2(uint32_t info, char *cmdline)
{
	uint32_t size = *(const uint32_t *)at(info, 8);

	at(info, MIN(size, INFO_MOST));
	for (uint32_t from = 8; from + 8 <= MIN(size, INFO_MOST);) {
		const uint32_t *tag = (const uint32_t *)(info + from);
		if (tag[0] == MB2_END || tag[1] < 8 || tag[1] > size - from)
			return;
		if (tag[0] == MB2_CMDLINE)
			copy_arguments(cmdline, (const char *)(tag + 2), tag[1] - 8);
		if (tag[0] == MB2_MMAP)
			read_map2(tag);
		if (tag[0] == MB2_MODULE && tag[1] > 16)
			add_module(tag[2], tag[3], (const char *)(tag + 4), tag[1] - 16);
		from += ROUND_UP(tag[1], 8);
	}
}

void boot_read(uint32_t magic, uint32_t info)
{
	static char cmdline[CMDLINE_SIZE];

	if (magic == MAGIC1)
		read1(info, cmdline);
	else if (magic == MAGIC2)
		read2(info, cmdline);
	else
		refuse("the loader is neither multiboot 1 nor 2 (0x%08x)", magic);
	options_parse(cmdline);
}
