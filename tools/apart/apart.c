/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apart.h"
#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART_NAME "mailwall-store"

const char *apart_path(void)
{
	static char path[PATH_MAX + sizeof(APART_NAME)];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[len > 0 ? len : 0] = 0;
	slash = strrchr(path, '/');
	if (slash) {
		strcpy(slash + 1, APART_NAME);
		if (!access(path, X_OK))
			return path;
	}
	return LIBEXECDIR "/" APART_NAME;
}

int apart_exec(char **argv)
{
	const char *path = apart_path();

	execv(path, argv);
	message_say("cannot run \"%s\", which has the store and its reports: "
		    "%s",
		    path, strerror(errno));
	return EXIT_REFUSED;
}

static void apart_be_child(int out, const char *const *words)
{
	const char *path = apart_path();

	if (dup2(out, STDOUT_FILENO) == STDOUT_FILENO)
		execv(path, (char *const *)words);
	dprintf(STDOUT_FILENO, "cannot run \"%s\": %s\n", path,
		strerror(errno));
	_exit(EXIT_REFUSED);
}

/* Reads to the end; what has no room is dropped. */
static void apart_take_line(int fd, char *line, size_t size)
{
	char rest[256];
	size_t n = 0;
	ssize_t got;

	do {
		bool room = n + 1 < size;

		got = room ? read(fd, line + n, size - 1 - n) :
			     read(fd, rest, sizeof(rest));
		if (got > 0 && room)
			n += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
}

static int apart_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_REFUSED;
}

int apart_ask(const char *const *words, char *line, size_t size)
{
	int ends[2], code;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC)) {
		snprintf(line, size, "cannot make a pipe: %s", strerror(errno));
		return EXIT_REFUSED;
	}
	fflush(stdout);
	child = fork();
	if (!child)
		apart_be_child(ends[1], words);
	close(ends[1]);
	if (child < 0)
		snprintf(line, size, "no process: %s", strerror(errno));
	else
		apart_take_line(ends[0], line, size);
	close(ends[0]);
	code = child < 0 ? EXIT_REFUSED : apart_wait(child);
	if (code && !*line)
		snprintf(line, size, "\"%s\" ended without an answer",
			 apart_path());
	return code;
}

/* Runs it, and returns its output to be read; NULL: errno says why. */
static FILE *apart_start(const char *const *words, pid_t *child)
{
	int ends[2];
	FILE *file;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	fflush(stdout);
	*child = fork();
	if (!*child)
		apart_be_child(ends[1], words);
	close(ends[1]);
	file = *child < 0 ? NULL : fdopen(ends[0], "r");
	if (!file)
		close(ends[0]);
	return file;
}

int apart_ask_lines(const char *const *words,
		    void (*fn)(void *ctx, const char *line), void *ctx)
{
	char line[4096];
	bool whole = true;
	pid_t child = -1;
	FILE *file = apart_start(words, &child);

	if (!file) {
		snprintf(line, sizeof(line), "cannot run \"%s\": %s",
			 apart_path(), strerror(errno));
		fn(ctx, line);
		return child < 0 ? EXIT_REFUSED : apart_wait(child);
	}
	while (fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, "\n");
		bool begins = whole;

		whole = line[len] == '\n';
		line[len] = 0;
		if (begins)
			fn(ctx, line);
	}
	fclose(file);
	return apart_wait(child);
}
