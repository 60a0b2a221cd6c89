/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state folder for each test, and a program that has it. */
#ifndef MAILWALL_TEST_STATE_FOLDER_H
#define MAILWALL_TEST_STATE_FOLDER_H

#include "../../unit.h"

#include "../../../../tools/program/fault.h"
#include "../../../../tools/program/program.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char state_dir[64];
static struct program program;

static inline const char *state_path(const char *name)
{
	return arena_printf(program.arena, "%s/%s", state_dir, name);
}

static inline void state_write(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(state_path(name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline char *state_read(const char *name)
{
	FILE *file = fopen(state_path(name), "rb");
	char *text = arena_alloc(program.arena, 1 << 20);

	assert_non_null(file);
	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static inline int state_remove_one(const char *path, const struct stat *st,
				   int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int state_open_one(const char *path, const struct stat *st,
				 int kind, struct FTW *at)
{
	(void)at;
	return S_ISDIR(st->st_mode) && kind == FTW_D ? chmod(path, 0700) : 0;
}

static inline int state_make(void **ctx)
{
	(void)ctx;
	strcpy(state_dir, "/tmp/mailwall-state-XXXXXX");
	if (!mkdtemp(state_dir))
		return -1;
	program = (struct program){ .arena = arena_new(),
				    .run_dir = state_dir,
				    .state_dir = state_dir,
				    .quiet = true };
	return program.arena ? 0 : -1;
}

static inline int state_drop(void **ctx)
{
	(void)ctx;
	arena_free(program.arena);
	nftw(state_dir, state_open_one, 8, FTW_PHYS);
	return nftw(state_dir, state_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A test that has a state folder. */
#define CLAIMED_STATE(fn)                                                      \
	{                                                                      \
		fn##_claim, fn##_test, state_make, state_drop, NULL            \
	}

#endif
