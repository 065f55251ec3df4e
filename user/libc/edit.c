/* SPDX-License-Identifier: MIT */
/*
 * A line editor for the shell: raw terminal input, cursor and history keys, one screen row.
 *
 * Keys: arrows, Home, End, Delete, Backspace, ^A ^E ^B ^F start/end/left/right, ^P ^N history, ^K ^U cut to the end
 * and the whole line, ^W cut a word, ^L clear, ^C give up, ^D end of file on an empty line (at the
 * end of another it enters the line, as a terminal does by itself). A line longer than
 * the row scrolls sideways. Only four escape sequences are sent, which every terminal and QEMU's console know.
 */
#include "user/libc/libc.h"

#define HISTORY 32
#define CTRL(c) ((c) & 31)

enum { KEY_UP = 256, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE, KEY_OTHER };

struct editor {
	const char *prompt;
	char *line;
	int size;
	int len;
	int pos;
	int columns;
	int past;	/* the history entry shown; history_len for the new line */
};

static char *past[HISTORY];
static int history_len;

const char *history(int i)
{
	return i >= 0 && i < history_len ? past[i] : NULL;
}

static void remember(const char *line)
{
	if (!*line || (history_len && !strcmp(past[history_len - 1], line)))
		return;
	if (history_len == HISTORY) {
		free(past[0]);
		memmove(past, past + 1, (HISTORY - 1) * sizeof(past[0]));
		history_len--;
	}
	past[history_len] = strdup(line);
	history_len += past[history_len] != NULL;
}

/* Draws as much of the line as fits the row with the cursor in it. */
static void refresh(const struct editor *e)
{
	int lead = strlen(e->prompt), width = e->columns - lead - 1;
	int from = e->pos > width ? e->pos - width : 0;

	dprintf(1, "\r\033[K%s%.*s", e->prompt, min(width, e->len - from), e->line + from);
	if (e->pos < e->len)
		dprintf(1, "\r\033[%dC", lead + e->pos - from);
}

static void insert(struct editor *e, char c)
{
	if (e->len + 1 >= e->size)
		return;
	memmove(e->line + e->pos + 1, e->line + e->pos, e->len - e->pos);
	e->line[e->pos++] = c;
	e->len++;
}

static void cut(struct editor *e, int from, int to)
{
	memmove(e->line + from, e->line + to, e->len - to);
	e->len -= to - from;
	e->pos = from;
}

static void cut_word(struct editor *e)
{
	int from = e->pos;

	while (from > 0 && e->line[from - 1] == ' ')
		from--;
	while (from > 0 && e->line[from - 1] != ' ')
		from--;
	cut(e, from, e->pos);
}

static void recall(struct editor *e, int step)
{
	int to = e->past + step;

	if (to < 0 || to > history_len)
		return;
	e->past = to;
	strlcpy(e->line, to < history_len ? past[to] : "", e->size);
	e->len = e->pos = strlen(e->line);
}

static int byte(void)
{
	uint8_t c;
	int n;

	do {
		n = read(0, &c, 1);
	} while (n == -EINTR);
	return n == 1 ? c : -1;
}

/* ESC [ letter, ESC O letter, or ESC [ digits ~ */
static int escape(void)
{
	static const char letters[] = "ABCDHF";
	int c = byte(), n = 0;

	if (c != '[' && c != 'O')
		return KEY_OTHER;
	while ((c = byte()) >= '0' && c <= '9')
		n = n * 10 + c - '0';
	if (c == '~')
		return n == 3 ? KEY_DELETE : n == 1 || n == 7 ? KEY_HOME : n == 4 || n == 8 ? KEY_END : KEY_OTHER;
	const char *l = c > 0 ? strchr(letters, c) : NULL;
	return l && *l ? KEY_UP + (l - letters) : KEY_OTHER;
}

static void edit_key(struct editor *e, int c)
{
	if (c == KEY_UP || c == CTRL('P'))
		recall(e, -1);
	else if (c == KEY_DOWN || c == CTRL('N'))
		recall(e, 1);
	else if ((c == KEY_LEFT || c == CTRL('B')) && e->pos > 0)
		e->pos--;
	else if ((c == KEY_RIGHT || c == CTRL('F')) && e->pos < e->len)
		e->pos++;
	else if (c == KEY_HOME || c == CTRL('A'))
		e->pos = 0;
	else if (c == KEY_END || c == CTRL('E'))
		e->pos = e->len;
	else if ((c == KEY_DELETE || c == CTRL('D')) && e->pos < e->len)
		cut(e, e->pos, e->pos + 1);
	else if ((c == 127 || c == CTRL('H')) && e->pos > 0)
		cut(e, e->pos - 1, e->pos);
	else if (c == CTRL('K'))
		e->len = e->pos;
	else if (c == CTRL('U'))
		cut(e, 0, e->len);
	else if (c == CTRL('W'))
		cut_word(e);
	else if (c == CTRL('L'))
		dprintf(1, "\033[H\033[J");
	else if (c >= ' ' && c < 256)
		insert(e, c);
}

/* A character typed at the end of a line that fits the row only has to be shown. */
static bool just_typed(const struct editor *e, int c, int was)
{
	return c >= ' ' && c < 127 && e->len == was + 1 && e->pos == e->len && (int)strlen(e->prompt) + e->len < e->columns - 1;
}

static int edit_loop(struct editor *e)
{
	refresh(e);
	for (;;) {
		int was = e->len, c = byte();
		if (c < 0 || (c == CTRL('D') && !e->len))
			return -1;
		if (c == '\r' || c == '\n' || (c == CTRL('D') && e->pos == e->len))
			return e->len;
		if (c == CTRL('C'))
			return -EINTR;
		edit_key(e, c == 27 ? escape() : c);
		e->line[e->len] = 0;
		if (just_typed(e, c, was))
			dprintf(1, "%c", c);
		else
			refresh(e);
	}
}

int edit_line(const char *prompt, char *line, size_t size)
{
	struct editor e = { .prompt = prompt, .line = line, .size = size, .past = history_len };
	struct termios saved, raw;
	struct winsize ws;

	e.columns = ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 20 ? ws.ws_col : 80;
	tcgetattr(0, &saved);
	raw = saved;
	raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(IXON | ICRNL);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(0, &raw);
	line[0] = 0;
	int r = edit_loop(&e);
	tcsetattr(0, &saved);
	dprintf(1, r == -EINTR ? "^C\n" : "\n");
	line[r < 0 ? 0 : e.len] = 0;
	remember(line);
	return r;
}
