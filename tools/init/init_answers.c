/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers from a file of lines "place = router", and from a terminal. */
#include "init.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/diag.h"
#include "../program/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 2000

/* Questions, in the order in which they are asked. */
static const struct question {
	const char *key;
	size_t place; /* in struct init_answers */
	bool list;
	unsigned int of; /* bits of the places that need it */
	const char *ask;
	const char *otherwise; /* taken for an empty answer; NULL: none is */
} questions[] = {
	{ "place", offsetof(struct init_answers, place), false, 7,
	  "Where is this machine: router, bridge or host?", "router" },
	{ "name", offsetof(struct init_answers, name), false, 7,
	  "A name for the policy?", "mail" },
	{ "contact", offsetof(struct init_answers, contact), false, 7,
	  "Whom do blocked customers write to?", NULL },
	{ "mode", offsetof(struct init_answers, mode), false, 7,
	  "observe (count only, for the first days) or enforce?", "observe" },
	{ "interfaces", offsetof(struct init_answers, interfaces), true, 3,
	  "Interfaces that subscribers are behind, like cust0 or ppp* (empty: "
	  "none)?",
	  "" },
	{ "subscribers", offsetof(struct init_answers, subscribers), true, 3,
	  "Prefixes of subscribers, IPv4 and IPv6 (empty: the interfaces "
	  "alone)?",
	  "" },
	{ "relays", offsetof(struct init_answers, relays), true, 7,
	  "Addresses of your own mail servers that everybody may use (empty: "
	  "none)?",
	  "" },
	{ "user", offsetof(struct init_answers, user), false, 4,
	  "The user that your mail server delivers as?", "mail" },
};

#define N_QUESTIONS (sizeof(questions) / sizeof(*questions))

static const struct question *question_by_key(const char *key)
{
	for (size_t i = 0; i < N_QUESTIONS; i++)
		if (!strcmp(questions[i].key, key))
			return &questions[i];
	return NULL;
}

/* ---- an answer ---- */

static void answer_words(struct program *p, const char *text, struct texts *out)
{
	while (*text) {
		size_t n = strcspn(text, " \t,");

		if (n)
			*arena_push(p->arena, out) =
				arena_strndup(p->arena, text, n);
		text += n + (text[n] != 0);
	}
}

static void answer_take(struct program *p, const struct question *q,
			const char *text, struct init_answers *a)
{
	void *at = (char *)a + q->place;

	if (q->list)
		answer_words(p, text, at);
	else
		*(const char **)at =
			arena_strndup(p->arena, text, strlen(text));
}

static bool answer_is_given(const struct question *q,
			    const struct init_answers *a)
{
	const void *at = (const char *)a + q->place;

	return q->list ? ((const struct texts *)at)->n > 0 :
			 *(const char *const *)at != NULL;
}

/* ---- a file ---- */

static char *answer_trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		*--end = 0;
	return text;
}

static const char *answer_help(struct program *p, const char *key)
{
	const char *keys[N_QUESTIONS];

	for (size_t i = 0; i < N_QUESTIONS; i++)
		keys[i] = questions[i].key;
	return did_you_mean(p->arena, key, strlen(key), keys, N_QUESTIONS,
			    diag_list_words(p->arena, keys, N_QUESTIONS, "or"));
}

/* False: what is wrong was said. */
static bool answer_line(struct program *p, const char *path, unsigned int line,
			char *text, struct init_answers *out)
{
	char *hash = strchr(text, '#'), *equals;
	const struct question *q;

	if (hash)
		*hash = 0;
	text = answer_trim(text);
	if (!*text)
		return true;
	equals = strchr(text, '=');
	if (!equals) {
		message_say("%s:%u: \"%.40s\" is no answer; write \"place = "
			    "router\"",
			    path, line, text);
		return false;
	}
	*equals = 0;
	q = question_by_key(answer_trim(text));
	if (!q) {
		message_say("%s:%u: \"%.40s\" is no question; %s", path, line,
			    answer_trim(text),
			    answer_help(p, answer_trim(text)));
		return false;
	}
	/* The command line says more than the file. */
	if (!answer_is_given(q, out))
		answer_take(p, q, answer_trim(equals + 1), out);
	return true;
}

int init_read_file(struct program *p, const char *path,
		   struct init_answers *out)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	unsigned int line = 0;
	char text[LINE_BYTES];
	bool good = true;

	if (!file) {
		message_say("cannot read \"%s\": %s", path, strerror(errno));
		return EXIT_REFUSED;
	}
	while (fgets(text, sizeof(text), file))
		good = answer_line(p, path, ++line, text, out) && good;
	if (file != stdin)
		fclose(file);
	return good ? EXIT_DONE : EXIT_NO;
}

/* ---- a terminal ---- */

static void ask_show_interfaces(void)
{
	struct ifaddrs *all, *i;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&all))
		return;
	for (i = all; i; i = i->ifa_next) {
		const void *at = NULL;

		if (!i->ifa_addr || !strcmp(i->ifa_name, "lo"))
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			at = &((struct sockaddr_in *)i->ifa_addr)->sin_addr;
		else if (i->ifa_addr->sa_family == AF_INET6)
			at = &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
		if (at &&
		    inet_ntop(i->ifa_addr->sa_family, at, text, sizeof(text)))
			fprintf(stderr, "  %-15s %s\n", i->ifa_name, text);
	}
	freeifaddrs(all);
}

/* False: nobody answers any more. */
static bool ask_one(struct program *p, const struct question *q,
		    struct init_answers *a)
{
	char text[LINE_BYTES];

	if (!strcmp(q->key, "interfaces"))
		ask_show_interfaces();
	do {
		fprintf(stderr, "%s%s%s%s ", q->ask,
			q->otherwise && *q->otherwise ? " [" : "",
			q->otherwise ? q->otherwise : "",
			q->otherwise && *q->otherwise ? "]" : "");
		if (!fgets(text, sizeof(text), stdin))
			return false;
		if (*answer_trim(text))
			answer_take(p, q, answer_trim(text), a);
		else if (q->otherwise)
			answer_take(p, q, q->otherwise, a);
	} while (!answer_is_given(q, a) && !(q->otherwise && !*q->otherwise));
	return true;
}

/* Is the question one of the place, as far as that is known? */
static bool ask_concerns(const struct question *q, const struct init_answers *a)
{
	enum init_place place = a->place ? init_place_of(a->place) : 0;

	return place == INIT_PLACES_N || q->of >> place & 1;
}

int init_ask(struct program *p, struct init_answers *a)
{
	bool asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

	for (size_t i = 0; i < N_QUESTIONS; i++) {
		const struct question *q = &questions[i];

		if (answer_is_given(q, a) || !ask_concerns(q, a))
			continue;
		if (asks) {
			if (!ask_one(p, q, a))
				return EXIT_NO;
		} else if (q->otherwise && strcmp(q->key, "place")) {
			answer_take(p, q, q->otherwise, a);
		} else {
			message_say(
				"%s Give --%s, or \"%s = ...\" in a file of "
				"answers",
				q->ask, q->key, q->key);
			return EXIT_USAGE;
		}
	}
	return EXIT_DONE;
}
