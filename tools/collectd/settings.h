/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the block <Plugin mailwall>, read and checked. */
#ifndef MAILWALL_SETTINGS_H
#define MAILWALL_SETTINGS_H

#include "host.h"

struct input_setting {
	char *name;   /* "eth0", or "nflog:25" */
	bool is_file; /* read once, from its beginning to its end */
};

/* Texts are NULL where the option was not given. */
struct settings {
	char *library, *policy, *state;
	char *family, *table;
	struct input_setting inputs[INPUTS_MOST];
	size_t n_inputs;
	size_t memory;	      /* bytes; 0: the engine's default */
	size_t elements_most; /* larger sets are not listed to be counted */
	bool skip_warmup;
	bool given;   /* there was a block */
	bool refused; /* with mistakes, which are in the log */
};

extern struct settings settings;

/* Reads a block into settings. Always 0: mistakes set refused. */
int settings_read(oconfig_item_t *block);
/* Checks the options against each other, once all are read. */
void settings_finish(void);
/* Frees all texts; settings are as if no block had been read. */
void settings_free(void);

#endif
