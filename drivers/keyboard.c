/* SPDX-License-Identifier: MIT */
/*
 * The PS/2 keyboard behind an i8042, US layout: scan codes of set 1 (which the controller translates to) become the
 * bytes that a terminal sends: control characters, ESC [ sequences for the cursor keys, ESC before a key held with
 * Alt, DEL for Backspace, CR for Enter.
 *
 * Not done: lights, key pad digits (Num Lock), function keys, other layouts.
 *
 * Codes: IBM PS/2 Hardware Interface Technical Reference, "Keyboard/Auxiliary Device Controller" and the tables of scan
 * code set 1: a key down sends its code, the same key up the code with bit 7 set. Keys that were added to the first PC's
 * 83 send 0xE0 first. Pause alone sends 0xE1 and five bytes: for us Control and an unknown key, down and up again.
 */
#include "arch/x86/io.h"
#include "drivers/console.h"
#include "kernel/irq.h"
#include "kernel/lib.h"
#include "kernel/tty.h"

#define DATA		0x60u
#define STATUS		0x64u	/* read */
#define COMMAND		0x64u	/* written */
#define IRQ		1u

#define STATUS_OUTPUT	0x01u	/* a byte waits for us */
#define STATUS_INPUT	0x02u	/* the controller has not yet taken our byte */
#define STATUS_MOUSE	0x20u
#define CONFIG_WRITE	0x60u	/* a command */
#define CONFIG		0x65u	/* translation to set 1, mouse off, keyboard on, "system has passed its test", interrupt on */
#define PATIENCE	10000u	/* polls; a controller answers within a few */

/* What keys 0x01 to 0x39 send, without and with Shift. 0: nothing, or handled apart. */
static const char plain[] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == 0x3A + 1 && sizeof(shifted) == sizeof(plain), "one for each key up to the space bar");

/* Keys 0x47 to 0x53, the cursor block: what stands behind ESC [; "-" and "+" are the key pad's own. */
static const char cursor[][3] = { "H", "A", "5~", "-", "D", "", "C", "+", "F", "B", "6~", "2~", "3~" };

enum { LEFT_SHIFT = 0x2A, RIGHT_SHIFT = 0x36, CONTROL = 0x1D, ALT = 0x38, CAPS_LOCK = 0x3A, FIRST_CURSOR = 0x47,
       PAD_ENTER = 0x1C, PAD_SLASH = 0x35 };
enum { RELEASED = 0x80, EXTENDED = 0xE0 };

/* What the keys that are held, and the bytes before this one, have made of the next one. */
static struct { bool shift, control, alt, caps_lock, extended; } keys;

/* Keys that find no room are lost, whole sequences at a time. */
static void send(const char *text, size_t n)
{
	if (n && n <= tty_input_room())
		tty_input(text, n);
}

/* The key pad sends the same codes without the prefix 0xE0: with Num Lock off both mean the same. */
static void cursor_key(uint8_t code)
{
	const char *name = cursor[code - FIRST_CURSOR];
	char text[5];

	if (*name == '-' || *name == '+')
		send(name, 1);
	else if (*name)
		send(text, snprintf(text, sizeof(text), "\033[%s", name));
}

/* Control makes @ to _ and letters control characters; Caps Lock swaps the case of letters only. */
static void character_key(uint8_t code)
{
	char c = (keys.shift ? shifted : plain)[code], text[2] = { '\033' };
	bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	if (keys.caps_lock && letter)
		c ^= 0x20;
	if (keys.control && (c == ' ' || c == '2'))
		c = 0;
	else if (!c)
		return;
	else if (keys.control && c >= '@' && c < 127)
		c &= 0x1F;
	else if (keys.control && (c == '/' || c == '-'))
		c = 0x1F;
	text[1] = c;
	send(text + !keys.alt, 1 + keys.alt);
}

/* True if the key is one that changes what others mean. */
static bool modifier_key(uint8_t code, bool down)
{
	if ((code == LEFT_SHIFT || code == RIGHT_SHIFT) && !keys.extended)
		keys.shift = down;
	else if (code == CONTROL)
		keys.control = down;
	else if (code == ALT)
		keys.alt = down;
	else if (code == CAPS_LOCK)
		keys.caps_lock ^= down;
	else
		return keys.extended && (code == LEFT_SHIFT || code == RIGHT_SHIFT);
	return true;
}

/*
 * A byte of the keyboard's: a prefix, or a key that went down or (RELEASED) up. Behind 0xE0 the codes of Shift are not
 * keys: the keyboard pretends them around a cursor key for the sake of old programs.
 */
static void scan_code(uint8_t byte)
{
	uint8_t code = byte & ~RELEASED;

	if (byte == EXTENDED) {
		keys.extended = true;
		return;
	}
	if (!modifier_key(code, !(byte & RELEASED)) && !(byte & RELEASED)) {
		if (code < sizeof(plain) - 1 && (!keys.extended || code == PAD_ENTER || code == PAD_SLASH))
			character_key(code);
		else if (code >= FIRST_CURSOR && code < FIRST_CURSOR + ARRAY_SIZE(cursor))
			cursor_key(code);
	}
	keys.extended = false;
}

/* The limit is for a controller that went mad; what a mouse says is thrown away. */
static void interrupt(void)
{
	uint8_t status;

	for (unsigned i = 0; i < 32 && (status = io_in8(STATUS)) != 0xFF && status & STATUS_OUTPUT; i++) {
		uint8_t byte = io_in8(DATA);
		if (!(status & STATUS_MOUSE))
			scan_code(byte);
	}
}

/* Gives the controller a byte when it can take one; false: it never can. */
static bool put(uint16_t port, uint8_t byte)
{
	unsigned patience = PATIENCE;

	while (io_in8(STATUS) & STATUS_INPUT)
		if (!patience--)
			return false;
	io_out8(port, byte);
	return true;
}

/*
 * Where there is no controller, reads give 0xFF. What the firmware has left in the output buffer would keep the first
 * interrupt from coming. Not being able to set the controller up is no reason to stop: there may be a serial line.
 */
void keyboard_init(void)
{
	if (io_in8(STATUS) == 0xFF)
		return;
	interrupt();
	if (put(COMMAND, CONFIG_WRITE) && put(DATA, CONFIG))
		irq_register(IRQ, interrupt);
}
