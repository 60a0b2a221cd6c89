/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *system_name(enum system system)
{
	static const char *const names[SYSTEM_N] = {
		[SYSTEM_NONE] = "none",
		[SYSTEM_LINUX] = "linux",
		[SYSTEM_WINDOWS] = "windows",
		[SYSTEM_WINDOWS_OLD] = "windows-old",
		[SYSTEM_BSD] = "bsd",
		[SYSTEM_APPLE] = "apple",
		[SYSTEM_EMBEDDED] = "embedded",
		[SYSTEM_SCANNER] = "scanner",
		[SYSTEM_UNKNOWN] = "unknown",
	};

	return names[system];
}

const char *system_text(enum system system)
{
	static const char *const texts[SYSTEM_N] = {
		[SYSTEM_NONE] = "none",
		[SYSTEM_LINUX] = "Linux",
		[SYSTEM_WINDOWS] = "Windows",
		[SYSTEM_WINDOWS_OLD] = "old Windows",
		[SYSTEM_BSD] = "BSD",
		[SYSTEM_APPLE] = "macOS or iOS",
		[SYSTEM_EMBEDDED] = "a small device",
		[SYSTEM_SCANNER] = "a scanning tool",
		[SYSTEM_UNKNOWN] = "a system that is not known",
	};

	return texts[system];
}

char *systems_text(uint16_t systems, char out[SYSTEMS_TEXT_BYTES])
{
	size_t at = 0;

	out[0] = 0;
	for (enum system s = SYSTEM_LINUX; s < SYSTEM_N; s++) {
		bool more = systems >> s != 0;

		if (!(systems & system_bit(s)))
			continue;
		at += (size_t)snprintf(out + at, SYSTEMS_TEXT_BYTES - at,
				       "%s%s",
				       !at  ? "" :
				       more ? ", " :
					      " and ",
				       system_text(s));
	}
	return out;
}

/* ---- options, a letter each ---- */

#define ORDER_MOST 12

/* RFC 9293, section 3.2; RFC 7323, 2018, 7413 */
static char option_letter(uint8_t kind)
{
	static const char letters[] = {
		[0] = 'E', [1] = 'N', [2] = 'M', [3] = 'W',
		[4] = 'S', [8] = 'T', [34] = 'F'
	};

	return kind < sizeof(letters) && letters[kind] ? letters[kind] : '?';
}

/* Writes the options in their order, up to the end of the list. */
static void option_order(const struct syn_traits *t, char out[ORDER_MOST + 1])
{
	uint32_t at = 0, n = 0;

	while (at < t->options_len && n < ORDER_MOST) {
		uint8_t kind = t->options[at];
		uint32_t left = t->options_len - at;

		out[n++] = option_letter(kind);
		if (kind == 0)
			break;
		if (kind == 1) {
			at++;
			continue;
		}
		if (left < 2 || t->options[at + 1] < 2 ||
		    t->options[at + 1] > left) {
			out[n - 1] = '?';
			break;
		}
		at += t->options[at + 1];
	}
	out[n] = 0;
}

/* ---- the table ---- */

#define WINDOW_SCAN_MOST 4096u /* and a multiple of a quarter of it */

static bool window_any(uint16_t window)
{
	(void)window;
	return true;
}

/* As tools that make SYNs by themselves have it, whatever host they run on. */
static bool window_of_scan(uint16_t window)
{
	return window && window <= WINDOW_SCAN_MOST &&
	       window % (WINDOW_SCAN_MOST / 4) == 0;
}

static bool window_full(uint16_t window)
{
	return window == UINT16_MAX;
}

struct system_row {
	const char *order; /* options, a letter each */
	uint8_t hops;	   /* hop limit at the sender; 0: any */
	enum system system;
	bool (*window)(uint16_t window);
};

/*
 * The first row that fits. Linux' orders follow from which of timestamps,
 * selective acknowledgments and window scale are on; the others were seen.
 */
static const struct system_row system_rows[] = {
	{ "", 0, SYSTEM_SCANNER, window_any },
	{ "M", 0, SYSTEM_SCANNER, window_of_scan },
	{ "M", 255, SYSTEM_SCANNER, window_full },
	{ "M", 0, SYSTEM_EMBEDDED, window_any },
	{ "MSTNW", 64, SYSTEM_LINUX, window_any },
	{ "MSTNWFNN", 64, SYSTEM_LINUX, window_any },
	{ "MST", 64, SYSTEM_LINUX, window_any },
	{ "MNNSNW", 64, SYSTEM_LINUX, window_any },
	{ "MNNTNW", 64, SYSTEM_LINUX, window_any },
	{ "MNW", 64, SYSTEM_LINUX, window_any },
	{ "MNNS", 64, SYSTEM_LINUX, window_any },
	{ "MNNT", 64, SYSTEM_LINUX, window_any },
	{ "MNWNNS", 128, SYSTEM_WINDOWS, window_any },
	{ "MNWST", 128, SYSTEM_WINDOWS, window_any },
	{ "MNNS", 128, SYSTEM_WINDOWS_OLD, window_any },
	{ "MNWST", 64, SYSTEM_BSD, window_any },
	{ "MNNSNWNNT", 64, SYSTEM_BSD, window_any },
	{ "MNWNNTSE", 64, SYSTEM_APPLE, window_full },
	{ "MNWNNTSF", 64, SYSTEM_APPLE, window_full },
};

/* Senders begin with one of three limits, and the way is shorter than that. */
static uint8_t hops_at_sender(uint8_t hop_limit)
{
	return hop_limit <= 64 ? 64 : hop_limit <= 128 ? 128 : 255;
}

enum system system_of_syn(const struct syn_traits *t)
{
	uint8_t hops = hops_at_sender(t->hop_limit);
	char order[ORDER_MOST + 1];

	option_order(t, order);
	for (size_t i = 0; i < sizeof(system_rows) / sizeof(*system_rows);
	     i++) {
		const struct system_row *r = &system_rows[i];

		if ((!r->hops || r->hops == hops) && r->window(t->window) &&
		    !strcmp(r->order, order))
			return r->system;
	}
	return SYSTEM_UNKNOWN;
}
