/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the files of a language, and reports every mistake in them. */
#include "words_priv.h"
#include "../program/fault.h"
#include "../program/utf8.h"
#include "../program/whole_file.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/diag.h"

#include <stdio.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef DATADIR
#define DATADIR "/usr/local/share/mailwall"
#endif

#define ENGLISH	       "en"
#define FILE_MOST      ((size_t)1 << 20)
#define NAME_BYTES     24 /* name of a language: "pt_BR" */
#define MISTAKES_MOST  50 /* mistakes that are reported of one file */
#define WHOLE_BYTES(s) (sizeof(s) - 1)

/* The callback for mistakes. */
struct listener {
	void (*say)(void *ctx, const char *sentence);
	void *ctx;
};

static __attribute__((format(printf, 2, 3))) void
words_say(const struct listener *l, const char *fmt, ...)
{
	struct fault f = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, args);
	va_end(args);
	if (l->say)
		l->say(l->ctx, f.text);
}

/* Is the word in a list with single blanks? */
static bool words_is_listed(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && !memcmp(list, word, len))
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}

/* ---- a file ---- */

struct reader {
	const struct listener *listener;
	const char *path;
	unsigned int line;
	struct arena *arena;
	const char **names; /* names of all keys */
	const char **texts; /* text of each key; NULL: absent */
	unsigned int *at;   /* line of each key */
	int key; /* key of an indented line; -1: none, or a bad one */
	bool began;
	size_t mistakes;
};

static __attribute__((format(printf, 2, 3))) void
words_mistake(struct reader *r, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (r->mistakes++ < MISTAKES_MOST)
		words_say(r->listener, "%s:%u: error: %s", r->path, r->line,
			  text);
}

/*
 * Lists the placeholders of a key for a sentence: "it may have {first},
 * {last}".
 */
static const char *words_placeholders(struct reader *r, int key)
{
	const char *list = words_key_placeholders(key), *text = "";

	if (!*list)
		return "it has none";
	while (*list) {
		size_t n = strcspn(list, " ");

		text = arena_printf(r->arena, "%s%s{%.*s}", text,
				    *text ? ", " : "", (int)n, list);
		list += n + (list[n] == ' ');
	}
	return arena_printf(r->arena, "it may have %s", text);
}

static void words_check_placeholders(struct reader *r, const char *text)
{
	const char *key = r->names[r->key];

	for (text = strpbrk(text, "{}"); text; text = strpbrk(text, "{}")) {
		size_t n = strcspn(++text, "{}");

		if (text[-1] == '}' || text[n] != '}') {
			words_mistake(
				r,
				"a \"%c\" stands alone; a placeholder is a "
				"name in {}, in one line",
				text[-1]);
			continue;
		}
		if (!words_is_listed(words_key_placeholders(r->key), text, n))
			words_mistake(
				r,
				"\"{%.*s}\" is not a placeholder of \"%s\"; %s",
				n > 40 ? 40 : (int)n, text, key,
				words_placeholders(r, r->key));
		text += n + 1;
	}
}

static void words_add_piece(struct reader *r, const char *text)
{
	const char *before;

	if (r->key < 0 || !*text)
		return;
	words_check_placeholders(r, text);
	before = r->texts[r->key];
	r->texts[r->key] = arena_printf(r->arena, "%s%s%s", before,
					*before ? " " : "", text);
}

static const char **words_key_names(struct arena *a)
{
	const char **names =
		arena_alloc(a, (size_t)words_key_count() * sizeof(*names));

	for (int i = 0; i < words_key_count(); i++)
		names[i] = words_key_name(a, i);
	return names;
}

static void words_unknown_key(struct reader *r, const char *name, size_t len)
{
	words_mistake(r, "there is no key \"%.*s\"; %s",
		      len > 60 ? 60 : (int)len, name,
		      did_you_mean(r->arena, name, len, r->names,
				   (size_t)words_key_count(),
				   "en.words has all that there are"));
}

static int words_find_key(const struct reader *r, const char *name, size_t len)
{
	for (int i = 0; i < words_key_count(); i++)
		if (strlen(r->names[i]) == len &&
		    !memcmp(r->names[i], name, len))
			return i;
	return -1;
}

static void words_begin_key(struct reader *r, const char *name, size_t len)
{
	r->began = true;
	r->key = words_find_key(r, name, len);
	if (r->key < 0) {
		words_unknown_key(r, name, len);
		return;
	}
	if (r->texts[r->key]) {
		words_mistake(r,
			      "there is a text for \"%s\" already, in line %u",
			      r->names[r->key], r->at[r->key]);
		r->key = -1;
		return;
	}
	r->at[r->key] = r->line;
	r->texts[r->key] = "";
}

static void words_read_assignment(struct reader *r, char *line)
{
	char *equals = strchr(line, '=');
	size_t len = equals ? (size_t)(equals - line) : 0;

	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (!len) {
		r->key = -1;
		words_mistake(
			r,
			"\"%.40s\" is neither \"key = text\" nor a comment; "
			"indent what belongs to the text above",
			line);
		return;
	}
	words_begin_key(r, line, len);
	words_add_piece(r, equals + 1 + strspn(equals + 1, " \t"));
}

/* False: the line holds bytes that cannot be printed. */
static bool words_check_bytes(struct reader *r, const char *line, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(line + i, len - i);

		if (!n) {
			words_mistake(
				r, "this line is not UTF-8; save the file as "
				   "UTF-8");
			return false;
		}
		if (line[i] != '\t' && utf8_is_control(line + i, n)) {
			words_mistake(
				r, "there is a control character in this line; "
				   "take it out");
			return false;
		}
		i += n;
	}
	return true;
}

static void words_read_line(struct reader *r, const char *bytes, size_t len)
{
	char *line;
	size_t blanks;

	while (len && strchr(" \t\r", bytes[len - 1]) && bytes[len - 1])
		len--;
	if (!words_check_bytes(r, bytes, len))
		return;
	line = arena_strndup(r->arena, bytes, len);
	blanks = strspn(line, " \t");
	if (!line[blanks] || line[blanks] == '#')
		return;
	if (!blanks)
		words_read_assignment(r, line);
	else if (!r->began)
		words_mistake(
			r, "an indented line goes on with the text above, and "
			   "there is none; begin with \"key = text\"");
	else
		words_add_piece(r, line + blanks);
}

static void words_check_empty(struct reader *r)
{
	for (int i = 0; i < words_key_count(); i++) {
		if (!r->texts[i] || *r->texts[i])
			continue;
		r->line = r->at[i];
		words_mistake(
			r,
			"\"%s\" has no text; write one, or take the line out "
			"to have it said in English",
			r->names[i]);
	}
}

static int words_read_text(struct reader *r, const char *text, size_t len)
{
	static const char mark[] =
		"\xef\xbb\xbf"; /* byte order mark of some editors */
	const char *end = text + len;

	if (len >= WHOLE_BYTES(mark) && !memcmp(text, mark, WHOLE_BYTES(mark)))
		text += WHOLE_BYTES(mark);
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol)
			eol = end;
		r->line++;
		words_read_line(r, text, (size_t)(eol - text));
		text = eol + 1;
	}
	words_check_empty(r);
	if (r->mistakes > MISTAKES_MOST)
		words_say(r->listener, "%s: %zu more mistakes are not shown",
			  r->path, r->mistakes - MISTAKES_MOST);
	return r->mistakes ? -EBADMSG : 0;
}

static int words_refuse(const struct listener *l, const char *path, int error)
{
	words_say(l, "cannot read \"%s\": %s", path, strerror(-error));
	return error;
}

/* ---- files ---- */

/* The folder in the source that the program was made in; NULL: installed. */
static const char *words_beside(struct arena *a)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
	const char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
	const char *folder;

	if (!slash || n == sizeof(path))
		return NULL;
	folder = arena_printf(a, "%.*s/tools/notice/lang", (int)(slash - path),
			      path);
	return access(folder, X_OK) ? NULL : folder;
}

static const char *words_folder(struct arena *a)
{
	const char *given = getenv("MAILWALL_LANG_DIR"), *beside;

	if (given && *given)
		return given;
	beside = words_beside(a);
	return beside ? beside : DATADIR "/lang";
}

static const char *words_path_of(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s.words", words_folder(a), name);
}

static int words_read_file(const struct listener *l, struct arena *a,
			   const char *name, const char **texts)
{
	struct reader r = {
		.listener = l, .arena = a, .texts = texts, .key = -1
	};
	const char *text;
	size_t len;
	int fd, error;

	r.names = words_key_names(a);
	r.at = arena_alloc(a, (size_t)words_key_count() * sizeof(*r.at));
	r.path = words_path_of(a, name);
	fd = open(r.path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return words_refuse(l, r.path, -errno);
	error = whole_file_read(fd, &text, &len);
	close(fd);
	if (error)
		return words_refuse(l, r.path, error);
	error = len > FILE_MOST ? words_refuse(l, r.path, -EFBIG) :
				  words_read_text(&r, text, len);
	free((char *)text);
	return error;
}

static bool words_has_file(struct arena *a, const char *name)
{
	return !access(words_path_of(a, name), F_OK);
}

/* All languages of the folder, for a sentence; or the first with the prefix. */
static const char *words_names_there(struct arena *a, const char *prefix)
{
	const char *found = NULL;
	struct dirent **items;
	int n = scandir(words_folder(a), &items, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = items[i]->d_name;
		size_t len = strcspn(name, ".");

		if (strcmp(name + len, ".words") ||
		    strncmp(name, prefix, strlen(prefix)))
			continue;
		if (!found)
			found = arena_strndup(a, name, len);
		else if (!*prefix)
			found = arena_printf(a, "%s, %.*s", found, (int)len,
					     name);
	}
	for (int i = 0; i < n; i++)
		free(items[i]);
	if (n >= 0)
		free(items);
	return found;
}

/* ---- which one ---- */

/* Turns "pt-BR.UTF-8" into "pt_BR"; false: no name of a language. */
static bool words_plain_name(const char *given, char out[NAME_BYTES])
{
	size_t len = strcspn(given, ".@");

	if (!len || len >= NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[i] = given[i] == '-' ? '_' : given[i];
		if (!strchr("_0123456789", out[i]) &&
		    !((out[i] | 0x20) >= 'a' && (out[i] | 0x20) <= 'z'))
			return false;
	}
	out[len] = '\0';
	if (!strcmp(out, "C") || !strcmp(out, "POSIX"))
		strcpy(out, ENGLISH);
	return true;
}

/* Tries es_AR, es, and then the first file of es_*. */
static const char *words_find_name(struct arena *a, const char *name)
{
	const char *language = arena_strndup(a, name, strcspn(name, "_"));

	if (words_has_file(a, name))
		return arena_strndup(a, name, strlen(name));
	if (words_has_file(a, language))
		return language;
	return words_names_there(a, arena_printf(a, "%s_", language));
}

static int words_unknown_language(const struct listener *l, struct arena *a,
				  const char *given)
{
	const char *there = words_names_there(a, "");

	words_say(l, "there is no translation \"%.40s\" in \"%s\"; %s%s", given,
		  words_folder(a), there ? "there are " : "it has none at all",
		  there ? there :
			  ", set MAILWALL_LANG_DIR to the folder that has");
	return -EINVAL;
}

/* ---- loading ---- */

static int words_check_english(const struct listener *listener,
			       const struct lang *l)
{
	size_t missing = 0;

	for (int i = 0; i < WORDS_N; i++) {
		if (l->texts[i])
			continue;
		if (missing++ < MISTAKES_MOST)
			words_say(listener,
				  "%s: error: it has no text for \"%s\"; "
				  "English has to be complete",
				  words_path_of(l->arena, ENGLISH),
				  words_key_name(l->arena, i));
	}
	return missing ? -EBADMSG : 0;
}

static int words_load_texts(const struct listener *listener, struct lang *l)
{
	size_t size = (size_t)words_key_count() * sizeof(*l->texts);
	const char **own = arena_alloc(l->arena, size);
	int error;

	l->texts = arena_alloc(l->arena, size);
	error = words_read_file(listener, l->arena, ENGLISH, l->texts);
	if (!error)
		error = words_check_english(listener, l);
	if (!error && strcmp(l->name, ENGLISH))
		error = words_read_file(listener, l->arena, l->name, own);
	else
		memcpy(own, l->texts, size);
	for (int i = 0; i < words_key_count(); i++) {
		if (!own[i])
			continue;
		l->texts[i] = own[i];
		l->translated += i < WORDS_N;
	}
	return error;
}

static int words_load_language(const struct listener *listener, struct lang *l,
			       const char *given)
{
	char name[NAME_BYTES], *dash;

	if (words_plain_name(given, name))
		l->name = words_find_name(l->arena, name);
	if (!l->name)
		return words_unknown_language(listener, l->arena, given);
	l->tag = arena_strndup(l->arena, l->name, strlen(l->name));
	dash = strchr(l->tag, '_');
	if (dash)
		*dash = '-';
	return words_load_texts(listener, l);
}

static int words_no_memory(const struct listener *listener, struct lang *l)
{
	words_free(l);
	words_say(listener, "out of memory");
	return -ENOMEM;
}

int words_load(const char *name, struct lang **out,
	       void (*say)(void *ctx, const char *sentence), void *ctx)
{
	const struct listener listener = { say, ctx };
	struct lang *l = calloc(1, sizeof(*l));
	int error;

	*out = NULL;
	if (!l || !(l->arena = arena_new()) ||
	    setjmp(*arena_on_failure(l->arena)))
		return words_no_memory(&listener, l);
	error = words_load_language(&listener, l,
				    name && *name ? name : ENGLISH);
	if (error)
		words_free(l);
	else
		*out = l;
	return error;
}

void words_free(struct lang *l)
{
	if (!l)
		return;
	arena_free(l->arena);
	free(l);
}
