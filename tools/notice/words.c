/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"
#include "../program/utf8.h"
#include "../program/program.h"
#include "../program/whole_file.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef DATADIR
#define DATADIR "/usr/local/share/mailwall"
#endif

#define ENGLISH	       "en"
#define FILE_MOST      ((size_t)1 << 20)
#define NAME_BYTES     24 /* of a language: "pt_BR" */
#define MISTAKES_MOST  50 /* that are said of one file */
#define COLUMNS	       72
#define WHOLE_BYTES(s) (sizeof(s) - 1)

struct lang {
	struct arena *arena;
	const char *name, *tag;
	/* By key; after loading, only those of services may be NULL. */
	const char **texts;
	size_t translated;
};

/* ---- keys ---- */

static const struct {
	const char *name, *placeholders;
} keys[WORDS_N] = {
#define WORDS_ROW(id, key, placeholders) [WORD_##id] = { key, placeholders },
	WORDS_KEYS(WORDS_ROW)
#undef WORDS_ROW
};

const char *words_key_name(enum word_key key)
{
	return keys[key].name;
}

/* Behind the keys of the table stand two of each service. */
enum service_text { SERVICE_NAME, SERVICE_INSTEAD, SERVICE_TEXTS };

static int key_count(void)
{
	return WORDS_N + SERVICE_TEXTS * (int)n_services;
}

static int service_key(const struct service *s, enum service_text text)
{
	return WORDS_N + SERVICE_TEXTS * (int)(s - services) + (int)text;
}

static const char *key_name(struct arena *a, int key)
{
	const struct service *s;

	if (key < WORDS_N)
		return keys[key].name;
	s = &services[(key - WORDS_N) / SERVICE_TEXTS];
	return key == service_key(s, SERVICE_NAME) ?
		       arena_printf(a, "service.%s", s->name) :
		       arena_printf(a, "instead.%u", s->port);
}

static const char *key_placeholders(int key)
{
	return key < WORDS_N ? keys[key].placeholders : "";
}

static const char **key_names(struct arena *a)
{
	const char **names =
		arena_alloc(a, (size_t)key_count() * sizeof(*names));

	for (int i = 0; i < key_count(); i++)
		names[i] = key_name(a, i);
	return names;
}

/* Is the word one of those in a list with single blanks? */
static bool listed(const char *list, const char *word, size_t len)
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
	const char *path;
	unsigned int line;
	struct arena *arena;
	const char **names; /* of all keys */
	const char **texts; /* of each; NULL: not there */
	unsigned int *at;   /* the line of each */
	int key; /* that an indented line goes on with; -1: none, or bad */
	bool began;
	size_t mistakes;
};

static __attribute__((format(printf, 2, 3))) void mistake(struct reader *r,
							  const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (r->mistakes++ < MISTAKES_MOST)
		message_say("%s:%u: error: %s", r->path, r->line, text);
}

/* "{attempts} and {first}", for a sentence. */
static const char *placeholders_told(struct reader *r, int key)
{
	const char *list = key_placeholders(key), *told = "";

	if (!*list)
		return "it has none";
	while (*list) {
		size_t n = strcspn(list, " ");

		told = arena_printf(r->arena, "%s%s{%.*s}", told,
				    *told ? ", " : "", (int)n, list);
		list += n + (list[n] == ' ');
	}
	return arena_printf(r->arena, "it may have %s", told);
}

static void check_placeholders(struct reader *r, const char *text)
{
	const char *key = r->names[r->key];

	for (text = strpbrk(text, "{}"); text; text = strpbrk(text, "{}")) {
		size_t n = strcspn(++text, "{}");

		if (text[-1] == '}' || text[n] != '}') {
			mistake(r,
				"a \"%c\" stands alone; a placeholder is a "
				"name in {}, in one line",
				text[-1]);
			continue;
		}
		if (!listed(key_placeholders(r->key), text, n))
			mistake(r,
				"\"{%.*s}\" is not a placeholder of \"%s\"; %s",
				n > 40 ? 40 : (int)n, text, key,
				placeholders_told(r, r->key));
		text += n + 1;
	}
}

static void add_piece(struct reader *r, const char *text)
{
	const char *before;

	if (r->key < 0 || !*text)
		return;
	check_placeholders(r, text);
	before = r->texts[r->key];
	r->texts[r->key] = arena_printf(r->arena, "%s%s%s", before,
					*before ? " " : "", text);
}

static void unknown_key(struct reader *r, const char *name, size_t len)
{
	mistake(r, "there is no key \"%.*s\"; %s", len > 60 ? 60 : (int)len,
		name,
		did_you_mean(r->arena, name, len, r->names, (size_t)key_count(),
			     "en.words has all that there are"));
}

static int key_by_name(const struct reader *r, const char *name, size_t len)
{
	for (int i = 0; i < key_count(); i++)
		if (strlen(r->names[i]) == len &&
		    !memcmp(r->names[i], name, len))
			return i;
	return -1;
}

static void new_key(struct reader *r, const char *name, size_t len)
{
	r->began = true;
	r->key = key_by_name(r, name, len);
	if (r->key < 0) {
		unknown_key(r, name, len);
		return;
	}
	if (r->texts[r->key]) {
		mistake(r, "there is a text for \"%s\" already, in line %u",
			r->names[r->key], r->at[r->key]);
		r->key = -1;
		return;
	}
	r->at[r->key] = r->line;
	r->texts[r->key] = "";
}

static void read_assignment(struct reader *r, char *line)
{
	char *equals = strchr(line, '=');
	size_t len = equals ? (size_t)(equals - line) : 0;

	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (!len) {
		r->key = -1;
		mistake(r,
			"\"%.40s\" is neither \"key = text\" nor a comment; "
			"indent what belongs to the text above",
			line);
		return;
	}
	new_key(r, line, len);
	add_piece(r, equals + 1 + strspn(equals + 1, " \t"));
}

/* False if the line is not text that can be printed. */
static bool check_bytes(struct reader *r, const char *line, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(line + i, len - i);

		if (!n) {
			mistake(r, "this line is not UTF-8; save the file as "
				   "UTF-8");
			return false;
		}
		if (line[i] != '\t' && utf8_is_control(line + i, n)) {
			mistake(r, "there is a control character in this line; "
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
	if (!check_bytes(r, bytes, len))
		return;
	line = arena_strndup(r->arena, bytes, len);
	blanks = strspn(line, " \t");
	if (!line[blanks] || line[blanks] == '#')
		return;
	if (!blanks)
		read_assignment(r, line);
	else if (!r->began)
		mistake(r, "an indented line goes on with the text above, and "
			   "there is none; begin with \"key = text\"");
	else
		add_piece(r, line + blanks);
}

static void check_empty(struct reader *r)
{
	for (int i = 0; i < key_count(); i++) {
		if (!r->texts[i] || *r->texts[i])
			continue;
		r->line = r->at[i];
		mistake(r,
			"\"%s\" has no text; write one, or take the line out "
			"to have it said in English",
			r->names[i]);
	}
}

static int read_text(struct reader *r, const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf"; /* some editors begin so */
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
	check_empty(r);
	if (r->mistakes > MISTAKES_MOST)
		message_say("%s: %zu more mistakes are not shown", r->path,
			    r->mistakes - MISTAKES_MOST);
	return r->mistakes ? EXIT_NO : EXIT_DONE;
}

static int words_refuse(const char *path, int error)
{
	message_say("cannot read \"%s\": %s", path, strerror(error));
	return EXIT_REFUSED;
}

/* ---- files ---- */

static const char *folder(void)
{
	const char *given = getenv("MAILWALL_LANG_DIR");

	return given && *given ? given : DATADIR "/lang";
}

static const char *words_path_of(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s.words", folder(), name);
}

static int words_read_file(struct arena *a, const char *name,
			   const char **texts)
{
	struct reader r = { .arena = a, .texts = texts, .key = -1 };
	const char *text;
	size_t len;
	int fd, error;

	r.names = key_names(a);
	r.at = arena_alloc(a, (size_t)key_count() * sizeof(*r.at));
	r.path = words_path_of(a, name);
	fd = open(r.path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return words_refuse(r.path, errno);
	error = whole_file_read(fd, &text, &len);
	close(fd);
	if (error)
		return words_refuse(r.path, -error);
	error = len > FILE_MOST ? words_refuse(r.path, EFBIG) :
				  read_text(&r, text, len);
	free((char *)text);
	return error;
}

static bool has_file(struct arena *a, const char *name)
{
	return !access(words_path_of(a, name), F_OK);
}

/* The names before ".words", for a sentence; or the first that begins so. */
static const char *names_there(struct arena *a, const char *prefix)
{
	const char *found = NULL;
	struct dirent **items;
	int n = scandir(folder(), &items, NULL, alphasort);

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

/* "pt-BR.UTF-8" to "pt_BR"; false if it is no name of a language. */
static bool plain_name(const char *given, char out[NAME_BYTES])
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

/* es_AR, es, and then es_ES or whichever there is. */
static const char *find_name(struct arena *a, const char *name)
{
	const char *language = arena_strndup(a, name, strcspn(name, "_"));

	if (has_file(a, name))
		return arena_strndup(a, name, strlen(name));
	if (has_file(a, language))
		return language;
	return names_there(a, arena_printf(a, "%s_", language));
}

static int unknown_language(struct arena *a, const char *given)
{
	const char *there = names_there(a, "");

	message_say("there is no translation \"%.40s\" in \"%s\"; %s%s", given,
		    folder(), there ? "there are " : "it has none at all",
		    there ? there :
			    ", set MAILWALL_LANG_DIR to the folder that has");
	return EXIT_USAGE;
}

/* ---- loading ---- */

static int check_english(const struct lang *l)
{
	size_t missing = 0;

	for (int i = 0; i < WORDS_N; i++) {
		if (l->texts[i])
			continue;
		if (missing++ < MISTAKES_MOST)
			message_say("%s: error: it has no text for \"%s\"; "
				    "English has "
				    "to be complete",
				    words_path_of(l->arena, ENGLISH),
				    keys[i].name);
	}
	return missing ? EXIT_NO : EXIT_DONE;
}

static int load_texts(struct lang *l)
{
	size_t size = (size_t)key_count() * sizeof(*l->texts);
	const char **own = arena_alloc(l->arena, size);
	int code;

	l->texts = arena_alloc(l->arena, size);
	code = words_read_file(l->arena, ENGLISH, l->texts);

	if (code == EXIT_DONE)
		code = check_english(l);
	if (code == EXIT_DONE && strcmp(l->name, ENGLISH))
		code = words_read_file(l->arena, l->name, own);
	else
		memcpy(own, l->texts, size);
	for (int i = 0; i < key_count(); i++) {
		if (!own[i])
			continue;
		l->texts[i] = own[i];
		l->translated += i < WORDS_N;
	}
	return code;
}

static int words_parse_file(struct lang *l, const char *given)
{
	char name[NAME_BYTES], *dash;

	if (plain_name(given, name))
		l->name = find_name(l->arena, name);
	if (!l->name)
		return unknown_language(l->arena, given);
	l->tag = arena_strndup(l->arena, l->name, strlen(l->name));
	dash = strchr(l->tag, '_');
	if (dash)
		*dash = '-';
	return load_texts(l);
}

int words_load(const char *name, struct lang **out)
{
	struct lang *l = calloc(1, sizeof(*l));
	int code;

	*out = NULL;
	if (!l || !(l->arena = arena_new())) {
		free(l);
		message_say("not enough memory");
		return EXIT_REFUSED;
	}
	if (setjmp(*arena_on_failure(l->arena))) {
		message_say("not enough memory");
		words_free(l);
		return EXIT_REFUSED;
	}
	code = words_parse_file(l, name && *name ? name : ENGLISH);
	if (code != EXIT_DONE)
		words_free(l);
	else
		*out = l;
	return code;
}

void words_free(struct lang *l)
{
	if (!l)
		return;
	arena_free(l->arena);
	free(l);
}

const char *words_tag(const struct lang *l)
{
	return l->tag;
}

size_t words_translated(const struct lang *l)
{
	return l->translated;
}

/* ---- texts ---- */

static const char *value_of(const struct words_value *values, const char *name,
			    size_t len)
{
	for (; values && values->name; values++)
		if (strlen(values->name) == len &&
		    !memcmp(values->name, name, len))
			return values->text;
	return NULL;
}

/*
 * The next part of a text: up to a placeholder, or the value of one. The
 * loader has seen to it that braces come in pairs.
 */
static size_t next_part(const char **text, const struct words_value *values,
			const char **part)
{
	size_t len = strcspn(*text, "{");
	const char *value;

	*part = *text;
	if (!len) {
		len = strcspn(*text, "}");
		value = value_of(values, *text + 1, len - 1);
		*text += len + 1;
		if (value)
			*part = value;
		return value ? strlen(value) : len + 1;
	}
	*text += len;
	return len;
}

char *words_text(struct arena *a, const struct lang *l, enum word_key key,
		 const struct words_value *values)
{
	const char *text = l->texts[key], *part;
	char *all = arena_strndup(a, "", 0);

	while (*text) {
		size_t len = next_part(&text, values, &part);

		all = arena_printf(a, "%s%.*s", all, (int)len, part);
	}
	return all;
}

char *words_port(struct arena *a, const struct lang *l, uint16_t port)
{
	const struct service *s = service_by_port(port);
	const char *number = arena_printf(a, "%u", port), *name;

	if (!s)
		return words_text(a, l, WORD_PORT, WORDS({ "port", number }));
	name = l->texts[service_key(s, SERVICE_NAME)];
	return words_text(a, l, WORD_PORT_SERVICE,
			  WORDS({ "port", number },
				{ "service", name ? name : s->purpose }));
}

char *words_instead(struct arena *a, const struct lang *l,
		    const struct service *s)
{
	const char *text = l->texts[service_key(s, SERVICE_INSTEAD)];

	return text ? arena_strndup(a, text, strlen(text)) :
		      words_port(a, l, s->port);
}

char *words_list(struct arena *a, const struct lang *l,
		 const char *const *items, size_t n)
{
	char *first = arena_strndup(a, "", 0);

	for (size_t i = 0; i + 1 < n; i++)
		first = arena_printf(a, "%s%s%s", first, i ? ", " : "",
				     items[i]);
	if (!n)
		return first;
	return n == 1 ? arena_strndup(a, items[0], strlen(items[0])) :
			words_text(a, l, WORD_LIST_LAST,
				   WORDS({ "first", first },
					 { "last", items[n - 1] }));
}

static void words_put_bytes(FILE *out, const char *text, size_t len,
			    enum words_form form)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);
		const char *instead = NULL;

		if (!n || utf8_is_control(text + i, n))
			instead =
				text[i] == '\t' || text[i] == '\n' ? " " : "?";
		else if (form == WORDS_HTML)
			instead = html_entity((uint8_t)text[i]);
		if (instead)
			fputs(instead, out);
		else
			fwrite(text + i, 1, n, out);
		i += n ? n : 1;
	}
}

void words_put(FILE *out, const char *text, enum words_form form)
{
	if (text)
		words_put_bytes(out, text, strlen(text), form);
}

void words_print(FILE *out, const struct lang *l, enum word_key key,
		 enum words_form form, const struct words_value *values)
{
	const char *text = l->texts[key], *part;

	while (*text) {
		size_t len = next_part(&text, values, &part);

		words_put_bytes(out, part, len, form);
	}
}

/* ---- lines ---- */

/* Columns, by a character each: the languages here have no wide ones. */
static size_t columns(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

void words_wrap(FILE *out, const char *first, const char *rest,
		const char *text)
{
	size_t column = columns(first, strlen(first));
	bool first_seen = true;

	fputs(first, out);
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " "), wide = columns(text, len);

		if (!first_seen && column + 1 + wide > COLUMNS) {
			fprintf(out, "\n%s", rest);
			column = columns(rest, strlen(rest));
			first_seen = true;
		}
		if (!first_seen)
			fputc(' ', out);
		words_put_bytes(out, text, len, WORDS_TEXT);
		column += wide + !first_seen;
		first_seen = false;
		text += len;
	}
	fputc('\n', out);
}
