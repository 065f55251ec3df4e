/* SPDX-License-Identifier: MIT */
/*
 * The VGA text screen: 80 columns, 25 rows, the escape sequences that the shell's line editor and simple programs
 * send.
 *
 * Scrolling moves the start address of the screen through the 32 KiB of text memory, a row at a time, and copies only
 * when its end is reached. Known: CR, LF, BS, TAB, BEL (silent), ESC [ n A B C D (move), n ; m H or f (place), n J
 * and n K (erase). Other sequences, colours among them, are read over. Registers of the CRT controller: IBM VGA
 * technical reference, index 0x0C to 0x0F.
 */
#include "arch/x86/io.h"
#include "drivers/console.h"
#include "kernel/lib.h"
#include "kernel/tty.h"
#include "mm/vmalloc.h"
#include "pv/pv_ops.h"

/* Colour text memory: 32 KiB of two-byte cells, character and attribute. */
#define MEMORY		0xB8000u
#define MEMORY_ROWS	204u
#define COLUMNS		80u
#define ROWS		25u
#define CRTC		0x3D4u
#define START_HIGH	0x0Cu
#define CURSOR_HIGH	0x0Eu
#define BLANK		0x0720u		/* a light grey space on black */

/* One screen; where it is now, and how far the escape sequence has come that it is in. */
static struct {
	volatile uint16_t *memory;
	unsigned top;			/* row of memory that the screen starts at */
	unsigned row, column;		/* of the cursor; column COLUMNS: the next character goes to a new row */
	enum { TEXT, ESCAPE, SEQUENCE } state;
	unsigned parameters[2], count;	/* of the sequence */
} screen;

/* A place on the screen; column and row may run over to what comes next in memory. */
static volatile uint16_t *cell(unsigned row, unsigned column)
{
	return screen.memory + (screen.top + row) * COLUMNS + column;
}

/* Both are places of cell(); backwards, it is nothing. */
static void blank(volatile uint16_t *from, volatile uint16_t *to)
{
	while (from < to)
		*from++ = BLANK;
}

/* A pair of registers, the high byte first. One 16-bit write sets index and value. */
static void set_crtc(uint8_t high_index, unsigned value)
{
	io_out16(CRTC, (value & 0xFF00) | high_index);
	io_out16(CRTC, (value & 0xFF) << 8 | (high_index + 1));
}

/*
 * The column stays: the terminal sends CR with it (ONLCR). Below the last row the screen moves down its memory by a row,
 * or back to the beginning with the rows that stay.
 */
static void line_feed(void)
{
	if (++screen.row < ROWS)
		return;
	screen.row = ROWS - 1;
	if (screen.top + ROWS == MEMORY_ROWS) {
		for (unsigned i = 0; i < (ROWS - 1) * COLUMNS; i++)
			screen.memory[i] = *cell(1, i);
		screen.top = 0;
	} else {
		screen.top++;
	}
	blank(cell(ROWS - 1, 0), cell(ROWS, 0));
	set_crtc(START_HIGH, screen.top * COLUMNS);
}


/* A character in the last column leaves the cursor behind it: the row is only ended if another one follows. */
static void put(char c)
{
	if (screen.column == COLUMNS) {
		screen.column = 0;
		line_feed();
	}
	*cell(screen.row, screen.column++) = (BLANK & 0xFF00) | (uint8_t)c;
}

/* What else there is below a blank does nothing, as on Linux's screen. */
static void control(char c)
{
	if (c == '\n')
		line_feed();
	else if (c == '\r')
		screen.column = 0;
	else if (c == '\b' && screen.column)
		screen.column--;
	else if (c == '\t')
		screen.column = MIN(ROUND_UP(screen.column + 1, 8u), COLUMNS - 1);
	else if (c == '\033')
		screen.state = ESCAPE;
}

/* Erases from the cursor on (0), up to it (1), or all (2), of the range from `first` to `end`. */
static void erase(unsigned how, volatile uint16_t *first, volatile uint16_t *end)
{
	volatile uint16_t *cursor = cell(screen.row, MIN(screen.column, COLUMNS - 1));

	blank(how == 0 ? cursor : first, how == 1 ? cursor + 1 : end);
}

static void place(int row, int column)
{
	screen.row = MIN(MAX(row, 0), (int)ROWS - 1);
	screen.column = MIN(MAX(column, 0), (int)COLUMNS - 1);
}

/*
 * The letter that ends a sequence says what it does (ECMA-48, section 8.3). No parameter counts as 1 for moves and
 * places, 0 for erasing. Parameters are below 10,000, so nothing overflows.
 */
static void sequence_end(char c)
{
	int n = screen.parameters[0], by = MAX(n, 1);

	if (c >= 'A' && c <= 'D')
		place(screen.row + (c == 'A' ? -by : c == 'B' ? by : 0), screen.column + (c == 'C' ? by : c == 'D' ? -by : 0));
	else if (c == 'H' || c == 'f')
		place(by - 1, (int)screen.parameters[1] - 1);
	else if (c == 'J')
		erase(n, cell(0, 0), cell(ROWS, 0));
	else if (c == 'K')
		erase(n, cell(screen.row, 0), cell(screen.row + 1, 0));
}

/* Behind ESC [: digits and semicolons, then one letter; '?' and such are passed over. */
static void sequence(char c)
{
	unsigned *parameter = &screen.parameters[MIN(screen.count, 1u)];

	if (c >= '0' && c <= '9') {
		*parameter = MIN(*parameter * 10 + (c - '0'), 9999u);
	} else if (c == ';') {
		screen.count++;
	} else if (c >= '@' || c < ' ') {
		screen.state = TEXT;
		sequence_end(c);
	}
}

/* One byte of output, by the state that those before have left. Bytes above 127 appear as in code page 437. */
static void byte(char c)
{
	if (screen.state == SEQUENCE) {
		sequence(c);
	} else if (screen.state == ESCAPE) {
		screen.state = c == '[' ? SEQUENCE : TEXT;
		screen.parameters[0] = screen.parameters[1] = screen.count = 0;
	} else if ((uint8_t)c < ' ') {
		control(c);
	} else {
		put(c);
	}
}

/*
 * With interrupts off, since a handler that logs must find the cursor in a sane place. The hardware's cursor follows once
 * at the end: port I/O costs an exit under a hypervisor.
 */
static void vga_write(const char *text, size_t n)
{
	IRQ_GUARD;
	while (n--)
		byte(*text++);
	set_crtc(CURSOR_HIGH, (screen.top + screen.row) * COLUMNS + MIN(screen.column, COLUMNS - 1));
}

/* Memory, and a CRT controller whose cursor register holds what is written. */
static bool is_there(void)
{
	*screen.memory = 0x0155;
	screen.memory[1] = 0x02AA;
	set_crtc(CURSOR_HIGH, 0x0123);
	io_out8(CRTC, CURSOR_HIGH + 1);
	return *screen.memory == 0x0155 && screen.memory[1] == 0x02AA && io_in8(CRTC + 1) == 0x23;
}

static struct console vga_console = { .write = vga_write };

/* A hypervisor without a VGA leaves the memory unmapped or constant, so it is tried before anything is shown. */
void vga_init(void)
{
	screen.memory = ioremap(MEMORY, MEMORY_ROWS * COLUMNS * 2);
	if (!screen.memory || !is_there())
		return;
	blank(cell(0, 0), cell(ROWS, 0));
	set_crtc(START_HIGH, 0);
	console_register(&vga_console);
}
