/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a first policy, with comments that say what to change. */
#include "init.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const place_hooks[INIT_PLACES_N + 1] = {
#define INIT_HOOK(name, word, hook) hook,
	INIT_PLACES(INIT_HOOK)
#undef INIT_HOOK
		"",
};

static const char *const place_words[] = {
#define INIT_WORD(name, word, hook) word,
	INIT_PLACES(INIT_WORD)
#undef INIT_WORD
};

const char *init_place_word(size_t i)
{
	return i < INIT_PLACES_N ? place_words[i] : NULL;
}

enum init_place init_place_of(const char *word)
{
	enum init_place place = 0;

	while (place < INIT_PLACES_N && strcmp(place_words[place], word))
		place++;
	return place;
}

/* A year from now; SOURCE_DATE_EPOCH stands in for the clock. */
static void write_review(FILE *out)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch ? (time_t)atoll(epoch) : time(NULL);
	char text[20];
	struct tm tm;

	gmtime_r(&now, &tm);
	tm.tm_year++;
	if (tm.tm_mon == 1 && tm.tm_mday == 29)
		tm.tm_mday = 28;
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	fprintf(out, "review  %s\n", text);
}

static void write_words(FILE *out, const struct texts *words)
{
	for (size_t i = 0; i < words->n; i++)
		fprintf(out, " %s", words->items[i]);
}

/* A text of the policy's language, with a line's end behind it. */
static void write_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs("\"\n", out);
}

static void write_header(FILE *out, const struct init_answers *a,
			 enum init_place place)
{
	fprintf(out,
		"# Port 25 is for mail servers. From anybody else it is nearly "
		"always an\n# infected machine; people hand in mail on 587 or "
		"465 and read it on 993 or 995.\n\npolicy  %s\npurpose \"keep "
		"infected machines from sending spam directly\"\ncontact ",
		a->name);
	write_quoted(out, a->contact);
	write_review(out);
	if (!strcmp(a->mode, "observe"))
		fputs("\n# Blocks only count. Look at mailwall status and the "
		      "report for some days, then\n# delete this line.\nmode "
		      "observe\n",
		      out);
	fprintf(out, "\nhook %s\n\n", place_hooks[place]);
}

static void write_classes(FILE *out, const struct init_answers *a)
{
	fputs("# Whose connections are judged: addresses of both families, and "
	      "interfaces.\nclass subscribers {",
	      out);
	write_words(out, &a->subscribers);
	for (size_t i = 0; i < a->interfaces.n; i++)
		fprintf(out, " interface \"%s\"", a->interfaces.items[i]);
	fputs(" }\nclass exempt dynamic    # filled at run time: mailwall "
	      "exempt "
	      "add ...\n\n",
	      out);
}

static void write_relays(FILE *out, const struct init_answers *a)
{
	if (!a->relays.n)
		return;
	fputs("\tallow   smtp to", out);
	write_words(out, &a->relays);
	fputs("        # our own mail servers\n", out);
}

static void write_unless_relays(FILE *out, const struct init_answers *a)
{
	if (!a->relays.n)
		return;
	fputs(" unless to", out);
	write_words(out, &a->relays);
}

static void write_subscribers(FILE *out, const struct init_answers *a,
			      const char *refusal)
{
	write_classes(out, a);
	fputs("outbound from subscribers {\n", out);
	write_relays(out, a);
	fprintf(out,
		"\tallow   smtp from exempt\n\tblock   smtp %s log\n"
		"\tallow   submission submissions smtp-alt\n"
		"\tallow   imaps pop3s\n"
		"\tobserve imap pop3       # cleartext: count it, leave it "
		"alone\n}\n\n",
		refusal);
	fputs("# What has to be so, whatever else changes: mailwall check "
	      "decides it for all\n# connections.\ntest \"only who is exempt "
	      "sends\" {\n\tnever  subscribers -> internet smtp allow unless "
	      "from exempt",
	      out);
	write_unless_relays(out, a);
	fputs("\n\texpect subscribers -> internet submission submissions "
	      "allow\n}\n",
	      out);
}

static void write_host(FILE *out, const struct init_answers *a)
{
	fprintf(out,
		"define MTA = %s        # whom your mail server delivers as\n\n"
		"class here { interface \"lo\" }\n"
		"class exempt dynamic    # destinations that every user may "
		"reach\n\noutbound {\n\tallow smtp to here\n",
		a->user);
	if (a->relays.n) {
		fputs("\tallow smtp to", out);
		write_words(out, &a->relays);
		fputs("\n", out);
	}
	fputs("\tallow smtp user $MTA\n\tallow smtp to exempt\n\tblock smtp "
	      "reject log\n\tallow submission submissions smtp-alt\n}\n\n"
	      "test \"only the mail server sends\" {\n\tnever  any -> internet "
	      "smtp allow unless user $MTA unless to here exempt",
	      out);
	write_words(out, &a->relays);
	fputs("\n\texpect any user $MTA -> internet smtp allow\n}\n", out);
}

void init_write(FILE *out, const struct init_answers *a)
{
	enum init_place place = init_place_of(a->place);

	write_header(out, a, place);
	switch (place) {
	case INIT_ROUTER:
	case INIT_BRIDGE:
		write_subscribers(out, a, "reset");
		break;
	case INIT_HOST:
		write_host(out, a);
		break;
	case INIT_PLACES_N:
		break;
	}
}
