/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows DATABASE FILE stores rows of "minute,address,port,outcome,clause,
 * attempts,syns", fifty thousand in a transaction.
 */
#include "../../rules/base/addr.h"
#include "../../tools/program/program.h"
#include "../../tools/store/store_write.h"
#include "../../tools/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 50000

static bool read_row(char *line, struct store_row *row)
{
	struct addr_range r;
	char *at[7], *rest = line;

	for (int i = 0; i < 7; i++)
		if (!(at[i] = strsep(&rest, ",\r\n")))
			return false;
	if (range_parse(at[1], strlen(at[1]), &r) || r.family != 4)
		return false;
	*row = (struct store_row){ .minute = atoll(at[0]),
				   .family = 4,
				   .port = (uint16_t)atoi(at[2]),
				   .outcome = (uint8_t)atoi(at[3]),
				   .clause = at[4],
				   .attempts = atoi(at[5]),
				   .syns = atoi(at[6]) };
	for (int i = 0; i < 4; i++)
		row->source.byte[i] = (uint8_t)(r.v4.first >> (24 - 8 * i));
	return true;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
	struct store_row row;
	struct fault why;
	struct store *store;
	char line[256];
	size_t n = 0;

	if (!file || store_open(argv[1], true, &store, &why))
		return 2;
	store_begin(store);
	while (fgets(line, sizeof(line), file)) {
		if (!read_row(line, &row))
			return 3;
		store_add(store, &row);
		if (++n % AT_ONCE)
			continue;
		if (store_end(store))
			return 3;
		store_begin(store);
	}
	if (store_end(store))
		return 3;
	store_close(store);
	fclose(file);
	return 0;
}
