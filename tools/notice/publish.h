/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page for the public: which mail ports are blocked for whom, in which
 * direction, why, since when, what to use instead and whom to ask. BITAG ("Port
 * Blocking", 2013) asks this of whoever blocks ports. The page is made from the
 * checked policy, so that it is true as long as the policy is loaded.
 *
 * Classes have their names; their members are not for the public.
 * The JSON is {"policy": {...}, "rules": [...], "groups": [...],
 * "instead": {...}}; names stand for the policy's own words, "text" members
 * are in the page's language. Fields are added, none is renamed:
 *
 *     policy   name, purpose, contact, review, since (or null), mode
 *              ("enforce", "observe"), hook, language, first_match (true)
 *     rules    number, clause ("residential:17"), action, blocked (false
 *              where it only counts, or the policy only observes), refusal
 *              (or null), direction, ports [{port, service (or null)}],
 *              from and to {within [...], only [...]} (names; empty: any),
 *              users, groups [number], families ["ipv4", "ipv6"], log,
 *              replies, limit {count, unit_s, burst} or null, redirect
 *              [address], exceptions [{clause, action, ports, families,
 *              text}], text {title, from, to, how}
 *     groups   name, dynamic, families, interfaces (true: it has some)
 *     instead  send, read [port]
 */
#ifndef MAILWALL_PUBLISH_H
#define MAILWALL_PUBLISH_H

#include "../../rules/policy/policy.h"
#include "words.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>

enum publish_form { PUBLISH_TEXT, PUBLISH_HTML, PUBLISH_JSON };

/*
 * Writes the page. since is a date as it is to be printed, or NULL. The page
 * depends on these arguments alone, and not on the time. 0 or -ENOMEM; the
 * caller sees a failed stream.
 */
int publish_write(const struct policy *p, const struct lang *l,
		  enum publish_form form, const char *since, FILE *out);

/*
 * Can the port be offered to customers? It can if no outbound clause blocks or
 * redirects it, except for members of a dynamic class. p NULL: every port can.
 */
bool publish_is_open(const struct policy *p, uint16_t port);

#endif
