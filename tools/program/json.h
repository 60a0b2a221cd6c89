/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents of the program. */
#ifndef MAILWALL_JSON_H
#define MAILWALL_JSON_H

#include <jansson.h>

struct diags;

/*
 * Makes a JSON string of any bytes: what is not UTF-8 becomes "?". NULL makes
 * null.
 */
json_t *text_json(const char *text);
/* Makes the array "diagnostics" of what is wrong with a policy. */
json_t *diags_json(const struct diags *diags);
/* Prints one document to standard output and frees it. Returns an exit code. */
int print_json(json_t *document);

#endif
