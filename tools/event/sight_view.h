/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view that a monitor has of the loaded rules, and its event "sight". The
 * struct has no pointers: a copy may go to another process.
 */
#ifndef MAILWALL_SIGHT_VIEW_H
#define MAILWALL_SIGHT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

/*
 * A row is a complaint: its name, and whether a monitor that reads groups is
 * blind with it to what is blocked.
 */
#define SIGHT_COMPLAINTS(X)                                                    \
	X(NO_POLICY, "no-policy", true)                                        \
	X(OTHER_POLICY, "other-policy", true)                                  \
	X(OTHER_RULES, "other-rules", true)                                    \
	X(NO_LOG, "no-log", true)                                              \
	X(NO_GROUP_LOG, "no-group-log", true)                                  \
	X(OPEN, "open", true)                                                  \
	X(FAULT, "fault", false)                                               \
	X(OBSERVES, "observe", false)                                          \
	X(UNKNOWN, "unknown", false)

enum sight_complaint {
#define SIGHT_ENUM(name, text, blinds) SIGHT_##name,
	SIGHT_COMPLAINTS(SIGHT_ENUM)
#undef SIGHT_ENUM
		SIGHT_N
};

#define SIGHT_ITEMS_MOST 16
#define SIGHT_TEXT_BYTES 320

struct sight_view {
	bool looked;	 /* there is a view; all else is unset without it */
	bool known;	 /* the loaded rules were read */
	bool reads_logs; /* an NFLOG group is read: complaints are of these */
	bool observes;	 /* mode of what is loaded */
	bool acting;	 /* the loaded policy enforces, and no fault opens it */
	char policy[64], digest[64]; /* "": none is loaded */
	uint32_t counts[SIGHT_N];    /* complaints of each kind */
	uint32_t n, more;	     /* items; complaints without a place */
	struct {
		enum sight_complaint complaint;
		char text[SIGHT_TEXT_BYTES];
	} items[SIGHT_ITEMS_MOST];
};

const char *sight_complaint_name(enum sight_complaint complaint);

/* "enforce", "observe"; NULL: nothing is loaded, or that is not known. */
const char *sight_mode(const struct sight_view *view);
/* Does no complaint keep the monitor from seeing what is blocked? */
bool sight_sees(const struct sight_view *view);

json_t *sight_json(const struct sight_view *view, int64_t time_us);

#endif
