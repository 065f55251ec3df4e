/* SPDX-License-Identifier: MIT */
/*
 * Cutting the command line into options and the words of process 1.
 *
 * Words are separated by blanks; a word may hold "..." or '...' with blanks in it, whose quotes are dropped. The first
 * word "--" ends the options. Works in place on the caller's text and remembers only pointers into it, since there is no
 * heap yet. Warnings go to the log.
 */
#include "boot/cmdline.h"
#include "kernel/lib.h"
#include "kernel/log.h"

/* Pointers into the caller's text. The last place holds the NULL that ends them. */
static char *words[INIT_MAX_WORDS + 1];

/* Every option, from the one list that the documentation prints, too. */
static const char *const known[] = {
#define OPTION(name, values, text) name,
#include "boot/options.def"
#undef OPTION
};
static const char *values[ARRAY_SIZE(known)];	/* NULL: not given */

/*
 * Cuts the next word off *text: its first character, or NULL at the end. Dropping quotes only shortens it, so it is
 * written over itself; a quote that doesn't end takes the rest of the line.
 */
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

/* Where an option's value is kept; NULL: there is no such option. */
static const char **value_of(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			return &values[i];
	return NULL;
}

static void add_option(char *word)
{
	char *equals = strchr(word, '=');

	if (equals)
		*equals = 0;
	const char **value = value_of(word);
	if (value)
		*value = equals ? equals + 1 : "";
	else
		klog("boot: unknown option %s ignored\n", word);
}

/* A word too many for process 1 is lost with those behind it. */
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
	const char **value = value_of(name);

	return value ? *value : NULL;
}

/* Never true for an option without a value, unless value is "". */
bool option_is(const char *name, const char *value)
{
	const char *given = option(name);

	return given && !strcmp(given, value);
}

/* One wording for every option, so that a user can look for it. */
void option_bad(const char *name) { klog("boot: warning: %s=%s is not understood and ignored\n", name, option(name)); }

/* Checked at each digit, so that no number of them wraps. A unit multiplies once more by up to 2^30: 62 bits at most. */
bool parse_size(const char *text, uint32_t *bytes)
{
	static const char digits[] = "0123456789abcdefABCDEF", units[] = "kmg";
	const char *digit, *unit;
	uint64_t value = 0;
	unsigned base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10, count = 0;

	for (text += base == 16 ? 2 : 0; *text && (digit = strchr(digits, *text)); text++, count++) {
		unsigned d = digit - digits < 16 ? digit - digits : digit - digits - 6;
		value = value * base + d;
		if (d >= base || value > UINT32_MAX)
			return false;
	}
	if (*text && (unit = strchr(units, *text | 0x20))) {
		value <<= 10 * (unit - units + 1);
		text++;
	}
	if (!count || *text || value > UINT32_MAX)
		return false;
	*bytes = value;
	return true;
}

char *const *init_words(void) { return words; }
