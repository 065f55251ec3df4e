// SPDX-License-Identifier: MIT
// The command line: how it is cut into options and words, what is refused, and that no text makes it leave its buffer.
// sources: boot/cmdline.c kernel/string.c
// flags: -fno-builtin
// also: long
#include "boot/cmdline.h"
#include "kernel/lib.h"
#include "kernel/log.h"

int printf(const char *fmt, ...);
void *malloc(size_t n);
void free(void *p);

static int failed, logged;
static uint32_t seed = 1;

void klog(const char *fmt, ...)
{
	(void)fmt;
	logged++;
}

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void check(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed |= !good;
}

static char *parsed;
static void parse(const char *text)
{
	size_t n = strlen(text) + 1;

	free(parsed);
	parsed = memcpy(malloc(n), text, n);
	logged = 0;
	cmdline_parse(parsed);
}

static bool words_are(const char *const *expect)
{
	char *const *w = init_words();

	for (; *expect && *w; expect++, w++)
		if (strcmp(*expect, *w))
			return false;
	return !*expect && !*w;
}

#define WORDS(...) words_are((const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

static void test_options(void)
{
	parse("");
	check("nothing", !option("vdso") && WORDS() && !logged);
	parse("vdso=compat norandmaps  reservetop=4M");
	check("options", option_is("vdso", "compat") && option_is("norandmaps", "") && option_is("reservetop", "4M") && WORDS());
	check("an option that was not given", !option("init") && !option_is("init", "") && !logged);
	parse("vdso=on vdso=off");
	check("the last of equal ones counts", option_is("vdso", "off"));
	parse("vdso");
	check("an option without its value", option_is("vdso", ""));
	parse("vdso=a=b");
	check("only the first = cuts", option_is("vdso", "a=b"));
	parse("VDSO=on vds=on vdsox=on =on quiet");
	check("unknown options are named and ignored", !option("vdso") && logged == 5);
	parse("init=\"/a b\" vdso='x\"y'");
	check("quotes keep blanks", option_is("init", "/a b") && option_is("vdso", "x\"y"));
	parse("init=\"/open to the end");
	check("a quote that doesn't end", option_is("init", "/open to the end"));
	parse("\t vdso=on\n\t");
	check("other blanks", option_is("vdso", "on") && !logged);
	option_bad("vdso");
	check("a bad value is named", logged == 1);
}

static void test_words(void)
{
	parse("vdso=on -- vdso=off -c 'echo a  b' -- ''");
	check("words behind --", WORDS("vdso=off", "-c", "echo a  b", "--", "") && option_is("vdso", "on"));
	parse("--");
	check("no words", WORDS());
	parse("-- -n");
	check("one word", WORDS("-n"));
	parse("--x y");
	check("-- must be a word of its own", WORDS() && logged == 2);
	parse("-- 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34");
	int n = 0;
	while (init_words()[n])
		n++;
	check("32 words at most", n == INIT_MAX_WORDS && !strcmp(init_words()[31], "32"));
	parse("init=/x");
	check("words of an earlier line are gone", WORDS());
}

static void test_many_options(void)
{
	char text[2048] = "";

	for (int i = 0; i < 200; i++)
		strlcpy(text + strlen(text), "vdso=on ", 9);
	parse(text);
	check("too many options do no harm", option_is("vdso", "on"));
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint32_t bytes;
		bool good;
	} t[] = {
		{ "0", 0, true }, { "4096", 4096, true }, { "0x1000", 4096, true }, { "0XfF", 255, true }, { "4K", 4096, true },
		{ "132k", 135168, true }, { "4M", 4 << 20, true }, { "0x10m", 16 << 20, true }, { "3G", 3221225472u, true },
		{ "4294967295", 4294967295u, true }, { "4194303K", 4294966272u, true }, { "010", 10, true },
		{ "", 0, false }, { "K", 0, false }, { "x", 0, false }, { "0x", 0, false }, { "-1", 0, false }, { "+1", 0, false },
		{ " 1", 0, false }, { "1 ", 0, false }, { "1KB", 0, false }, { "1T", 0, false }, { "4G", 0, false },
		{ "4294967296", 0, false }, { "4194304K", 0, false }, { "18446744073709551616", 0, false }, { "1a", 0, false },
		{ "0x1g1", 0, false }, { "99999999999999999999999999", 0, false }, { "1.5M", 0, false },
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint32_t bytes = 77;
		bool r = parse_size(t[i].text, &bytes);
		if (r != t[i].good || bytes != (r ? t[i].bytes : 77)) {
			printf("# %s: %d %u\n", t[i].text, r, bytes);
			good = false;
		}
	}
	check("sizes, right and wrong", good);
}

/* Every word and value lies in the text and ends there; nothing else is promised of rubbish. */
static bool inside(const char *p, size_t n)
{
	return p >= parsed && p < parsed + n && p + strlen(p) < parsed + n;
}

static void test_rubbish(int times)
{
	static const char *const pieces[] = { "vdso", "init", "=", " ", "\"", "'", "--", " -- ", "a", "\n", "reservetop=", "\xff", "0x" };
	bool good = true;

	while (times-- > 0 && good) {
		char text[256] = "";
		uint32_t bytes;
		for (int n = rnd(30); n > 0; n--)
			strlcpy(text + strlen(text), pieces[rnd(ARRAY_SIZE(pieces))], 12);
		size_t n = strlen(text) + 1;
		parse(text);
		for (char *const *w = init_words(); *w; w++)
			good &= inside(*w, n);
		good &= !option("init") || !*option("init") || inside(option("init"), n);
		if (option("reservetop"))
			parse_size(option("reservetop"), &bytes);
	}
	check("rubbish", good);
}

int main(int argc, char **argv)
{
	(void)argv;
	test_options();
	test_words();
	test_many_options();
	test_sizes();
	test_rubbish(argc > 1 ? 3000000 : 100000);
	free(parsed);
	return failed;
}
