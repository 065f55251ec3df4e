/* SPDX-License-Identifier: MIT */
/*
 * Cutting the command line into options and the words of process 1.
 *
 * Words are separated by blanks; a word may hold "..." or '...' with blanks in it, whose quotes are dropped. The first word "--" ends the
 * options. Works in place on the caller's text and remembers only pointers into it. Warnings go to the log.
 */
#include "boot/cmdline.h"
#include "kernel/lib.h"
#include "kernel/log.h"

static char *words[INIT_MAX_WORDS + 1];

static const char *const known[] = {
#define OPTION(name, values, text) name,
#include "boot/options.def"
#undef OPTION
};
static const char *values[ARRAY_SIZE(known)];	/* NULL: not given */

/* Cuts the next word off *text: its first character, or NULL at the end. */
static char *next_word(char **text)
{
	char *in = *text, *out, *word, quote = 0;

	while (*in == ' ' || *in == '\t' || *in == '\n')
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in && (quote || (*in != ' ' && *in != '\t' && *in != '\n')); in++) {
		if (quote ? *in == quote : *in == '"' || *in == '\'')
			quote = quote ? 0 : *in;
		else
			*out++ = *in;
	}
	*text = *in ? in + 1 : in;
	*out = 0;
	return word;
}

static void add_option(char *word)
{
	char *equals = strchr(word, '=');

	if (equals)
		*equals = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i], word))
			continue;
		values[i] = equals ? equals + 1 : "";
		return;
	}
	klog("boot: unknown option %s ignored\n", word);
}

void cmdline_parse(char *text)
{
	char *word;
	unsigned n = 0;

	memset(values, 0, sizeof(values));
	while ((word = next_word(&text)) && strcmp(word, "--"))
		add_option(word);
	while (word && n < INIT_MAX_WORDS && (word = next_word(&text)))
		words[n++] = word;
	words[n] = NULL;
}

const char *option(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			return values[i];
	return NULL;
}

bool option_is(const char *name, const char *value)
{
	const char *given = option(name);

	return given && !strcmp(given, value);
}

void option_bad(const char *name)
{
	klog("boot: warning: %s=%s is not understood and ignored\n", name, option(name));
}

static int digit(char c)
{
	int d = c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0';

	return c >= '0' && (c <= '9' || d >= 10) && d < 36 ? d : 36;
}

static unsigned unit_shift(char unit)
{
	return unit == 'K' || unit == 'k' ? 10 : unit == 'M' || unit == 'm' ? 20 : unit == 'G' || unit == 'g' ? 30 : 0;
}

bool parse_size(const char *text, uint32_t *bytes)
{
	int base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	uint64_t value = 0;

	text += base == 16 ? 2 : 0;
	if (digit(*text) >= base)
		return false;
	for (; digit(*text) < base; text++) {
		value = value * base + digit(*text);
		if (value > UINT32_MAX)
			return false;
	}
	unsigned shift = unit_shift(*text);
	value <<= shift;
	if (text[shift ? 1 : 0] || value > UINT32_MAX)
		return false;
	*bytes = value;
	return true;
}

char *const *init_words(void)
{
	return words;
}
