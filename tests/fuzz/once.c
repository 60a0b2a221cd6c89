/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * once_TARGET FOLDER
 *
 * A fuzz target without its fuzzer: every file of the folder goes through it
 * once, so that what was found stays found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what)
{
	printf("not ok - %s can be read\n", what);
	exit(1);
}

/* In a block of just its size, so that a byte too far is seen. */
static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long end;

	if (!file || fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0)
		fail(path);
	*size = (size_t)end;
	bytes = malloc(*size ? *size : 1);
	rewind(file);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		fail(path);
	fclose(file);
	return bytes;
}

static void run_once(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes;
	size_t size;

	/* Named first: a claim that does not hold ends the program. */
	printf("# %s\n", name);
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	bytes = read_whole(path, &size);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

int main(int argc, char **argv)
{
	const char *folder = argc == 2 ? argv[1] : "";
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), ran = 0;

	if (n < 0)
		fail(folder);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			run_once(folder, entries[i]->d_name);
			ran++;
		}
		free(entries[i]);
	}
	free(entries);
	printf("%sok - its claims hold for the %d files of %s\n",
	       ran ? "" : "not ", ran, folder);
	return !ran;
}
