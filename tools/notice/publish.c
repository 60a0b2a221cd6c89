/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public page as text and as HTML. */
#include "publish_priv.h"
#include "../program/message.h"
#include "../program/program.h"

#include "../../rules/base/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- parts of a page, as text or HTML ---- */

static bool is_html(const struct page *t)
{
	return t->form == WORDS_HTML;
}

static void put_tag(struct page *t, const char *tag, const char *text)
{
	fprintf(t->out, "<%s>", tag);
	words_put(t->out, text, WORDS_HTML);
	fprintf(t->out, "</%s>\n", tag);
}

static void underline(struct page *t, const char *text, char with)
{
	words_put(t->out, text, WORDS_TEXT);
	fputc('\n', t->out);
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			fputc(with, t->out);
	fputs("\n\n", t->out);
}

static void heading(struct page *t, enum word_key key)
{
	const char *text = publish_text_of(t, key, NULL);

	if (is_html(t)) {
		put_tag(t, "h2", text);
		return;
	}
	fputc('\n', t->out);
	underline(t, text, '-');
}

static void paragraph(struct page *t, const char *text)
{
	if (is_html(t)) {
		put_tag(t, "p", text);
		return;
	}
	words_wrap(t->out, "", "", text);
	fputc('\n', t->out);
}

/* Begins or ends a list: "dl", "ul". */
static void publish_list(struct page *t, const char *tag, bool begin)
{
	if (is_html(t))
		fprintf(t->out, "<%s%s>\n", begin ? "" : "/", tag);
	else if (!begin)
		fputc('\n', t->out);
}

static void publish_item(struct page *t, const char *text)
{
	if (is_html(t))
		put_tag(t, "li", text);
	else
		words_wrap(t->out, "  - ", "    ", text);
}

/*
 * Accepts only characters that can neither end an attribute nor add a header to
 * a mail.
 */
static bool is_plain_address(const char *text)
{
	size_t len = strlen(text);
	const char *at = strchr(text, '@');

	return at && at != text && at[1] && !strchr(at + 1, '@') &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-@") == len;
}

static void fact(struct page *t, enum word_key label, const char *text)
{
	const char *name = publish_text_of(t, label, NULL);

	if (!text)
		return;
	if (!is_html(t)) {
		words_wrap(t->out, arena_printf(t->arena, "  %s: ", name),
			   "    ", text);
		return;
	}
	put_tag(t, "dt", name);
	if (label == WORD_PAGE_CONTACT && is_plain_address(text))
		fprintf(t->out, "<dd><a href=\"mailto:%s\">%s</a></dd>\n", text,
			text);
	else
		put_tag(t, "dd", text);
}

/* ---- sections ---- */

static void put_facts(struct page *t)
{
	const struct policy *p = t->policy;

	publish_list(t, "dl", true);
	fact(t, WORD_PAGE_POLICY, p->name);
	fact(t, WORD_PAGE_SINCE, t->since);
	fact(t, WORD_PAGE_REVIEW, p->review);
	fact(t, WORD_PAGE_CONTACT, p->contact);
	publish_list(t, "dl", false);
}

static bool stops_outgoing_25(const struct page *t)
{
	for (size_t i = 0; i < t->rules.n; i++) {
		const struct page_rule *rule = &t->rules.items[i];
		const struct clause *c = rule->clause;

		if (c->block->direction != DIRECTION_OUTBOUND ||
		    action_only_counts(c->action))
			continue;
		for (size_t k = 0; k < rule->ports.n; k++)
			if (rule->ports.items[k] == PORT_SMTP)
				return true;
	}
	return false;
}

static void put_why(struct page *t)
{
	const char *purpose = t->policy->purpose;

	heading(t, WORD_PAGE_WHY_TITLE);
	paragraph(t, purpose ? publish_text_of(t, WORD_PAGE_WHY_PURPOSE,
					       WORDS({ "purpose", purpose })) :
			       publish_text_of(t, WORD_PAGE_WHY_NONE, NULL));
	if (stops_outgoing_25(t))
		paragraph(t, publish_text_of(t, WORD_PAGE_WHY_25, NULL));
}

static void put_exceptions(struct page *t, const struct page_rule *rule)
{
	const char *name = publish_text_of(t, WORD_EXCEPT, NULL);

	if (!rule->exceptions.n) {
		fact(t, WORD_EXCEPT,
		     publish_text_of(t, WORD_EXCEPT_NONE, NULL));
		return;
	}
	if (is_html(t)) {
		put_tag(t, "dt", name);
		fputs("<dd><ul>\n", t->out);
	} else {
		words_wrap(t->out, "  ", "",
			   arena_printf(t->arena, "%s:", name));
	}
	for (size_t i = 0; i < rule->exceptions.n; i++)
		publish_item(t, publish_describe_exception(
					t, rule, &rule->exceptions.items[i]));
	if (is_html(t))
		fputs("</ul></dd>\n", t->out);
}

static void publish_put_rule(struct page *t, const struct page_rule *rule)
{
	const struct clause *c = rule->clause;
	bool out = c->block->direction == DIRECTION_OUTBOUND;

	if (is_html(t)) {
		fputs("<article>\n", t->out);
		put_tag(t, "h3", publish_describe_title(t, rule));
	} else {
		words_wrap(t->out, "", "   ", publish_describe_title(t, rule));
	}
	publish_list(t, "dl", true);
	fact(t, WORD_RULE_DIRECTION,
	     publish_text_of(t, out ? WORD_RULE_OUTBOUND : WORD_RULE_INBOUND,
			     NULL));
	fact(t, WORD_RULE_FROM, publish_describe_end(t, c, true, false));
	fact(t, WORD_RULE_TO, publish_describe_end(t, c, false, false));
	fact(t, WORD_RULE_ADDRESSES,
	     publish_describe_families(t, rule->families));
	fact(t, WORD_RULE_HOW, publish_describe_how(t, c));
	put_exceptions(t, rule);
	publish_list(t, "dl", false);
	if (is_html(t))
		fputs("</article>\n", t->out);
}

static void put_rules(struct page *t)
{
	heading(t, WORD_PAGE_RULES_TITLE);
	if (!t->rules.n) {
		paragraph(t, publish_text_of(t, WORD_PAGE_RULES_NONE, NULL));
		return;
	}
	paragraph(t, publish_text_of(t, WORD_PAGE_RULES_ORDER, NULL));
	for (size_t i = 0; i < t->rules.n; i++)
		publish_put_rule(t, &t->rules.items[i]);
}

/* Prints the ports that are open; false: none is. */
static bool publish_put_ways(struct page *t, enum word_key head,
			     enum service_role role)
{
	const struct service *s;
	bool began = false;

	for (unsigned int i = 1; (s = service_offered(role, i)); i++) {
		if (!publish_is_open(t->policy, s->port))
			continue;
		if (!began) {
			paragraph(t, publish_text_of(t, head, NULL));
			publish_list(t, "ul", true);
		}
		began = true;
		publish_item(t, words_instead(t->arena, t->lang, s));
	}
	if (began)
		publish_list(t, "ul", false);
	return began;
}

static void put_instead(struct page *t)
{
	heading(t, WORD_PAGE_INSTEAD_TITLE);
	if (!publish_put_ways(t, WORD_INSTEAD_SEND, ROLE_SUBMISSION))
		paragraph(t, publish_text_of(t, WORD_INSTEAD_SEND_NONE, NULL));
	publish_put_ways(t, WORD_INSTEAD_READ, ROLE_ACCESS);
}

static void put_contact(struct page *t, enum word_key title, enum word_key key,
			enum word_key none)
{
	const char *contact = t->policy->contact;

	heading(t, title);
	paragraph(t, publish_text_of(t, contact ? key : none,
				     WORDS({ "contact", contact })));
}

static const char *publish_describe_group(struct page *t, const struct class *c)
{
	if (c->kind == CLASS_DYNAMIC)
		return publish_text_of(t, WORD_PAGE_GROUP_DYNAMIC, NULL);
	if (c->interfaces.n)
		return publish_text_of(t, WORD_PAGE_GROUP_INTERFACES, NULL);
	return publish_text_of(
		t, WORD_PAGE_GROUP_FIXED,
		WORDS({ "families", publish_describe_families(
					    t, publish_class_families(c)) }));
}

static void put_groups(struct page *t)
{
	if (!t->groups.n)
		return;
	heading(t, WORD_PAGE_GROUPS_TITLE);
	paragraph(t, publish_text_of(t, WORD_PAGE_GROUPS, NULL));
	publish_list(t, "ul", true);
	for (size_t i = 0; i < t->groups.n; i++) {
		const struct class *c = t->groups.items[i];

		publish_item(t, arena_printf(t->arena, "%s: %s", c->name,
					     publish_describe_group(t, c)));
	}
	publish_list(t, "ul", false);
}

static void put_body(struct page *t)
{
	paragraph(t, publish_text_of(t, WORD_PAGE_INTRO, NULL));
	if (t->policy->observe)
		paragraph(t, publish_text_of(t, WORD_PAGE_OBSERVE, NULL));
	put_facts(t);
	put_why(t);
	put_rules(t);
	put_instead(t);
	put_contact(t, WORD_PAGE_EXCEPTION_TITLE, WORD_PAGE_EXCEPTION,
		    WORD_PAGE_EXCEPTION_NONE);
	put_contact(t, WORD_PAGE_COMPLAINT_TITLE, WORD_PAGE_COMPLAINT,
		    WORD_PAGE_COMPLAINT_NONE);
	put_groups(t);
}

static const char *publish_describe_made(struct page *t)
{
	return publish_text_of(t, WORD_PAGE_MADE,
			       WORDS({ "policy", t->policy->name }));
}

/* ---- text ---- */

static int publish_text(struct page *t)
{
	underline(t, publish_text_of(t, WORD_PAGE_TITLE, NULL), '=');
	put_body(t);
	fputc('\n', t->out);
	words_wrap(t->out, "", "", publish_describe_made(t));
	return 0;
}

/* ---- HTML ---- */

/*
 * One file that loads and runs nothing. The content security policy keeps a
 * browser from running what the escaping might miss. Contrast is WCAG 2 AA in
 * both colour schemes; a narrow screen has one column.
 */
static const char head[] =
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" "
	"content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<style>\n"
	":root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff;\n"
	"  --quiet: #555; --line: #ccc; --link: #0b57a4; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  :root { --ink: #e8e8e8; --paper: #161616; --quiet: #b0b0b0;\n"
	"    --line: #444; --link: #8ab8ff; }\n"
	"}\n"
	"body { margin: 0; background: var(--paper); color: var(--ink);\n"
	"  font: 1.0625rem/1.55 system-ui, sans-serif; }\n"
	"main, footer { max-width: 42rem; margin: 0 auto; padding: 1rem; }\n"
	"h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }\n"
	"h1 { font-size: 1.75rem; }\n"
	"h2 { font-size: 1.3rem; margin-top: 2rem; }\n"
	"h3 { font-size: 1.0625rem; margin: 0 0 .5rem; }\n"
	"article { border: 1px solid var(--line); border-radius: .5rem;\n"
	"  padding: 1rem; margin: 1rem 0; }\n"
	"dl { display: grid; grid-template-columns: max-content 1fr;\n"
	"  gap: .25rem 1rem; margin: 0; }\n"
	"dt { color: var(--quiet); }\n"
	"dd { margin: 0; overflow-wrap: anywhere; }\n"
	"dd ul { margin: 0; padding-left: 1.1rem; }\n"
	"a { color: var(--link); }\n"
	"footer { color: var(--quiet); font-size: .9rem; }\n"
	"@media (max-width: 32rem) {\n"
	"  dl { grid-template-columns: 1fr; gap: 0; }\n"
	"  dd { margin-bottom: .5rem; }\n"
	"}\n"
	"</style>\n";

static int publish_html(struct page *t)
{
	const char *title = publish_text_of(t, WORD_PAGE_TITLE, NULL);

	/* The loader accepts only letters, digits and dashes in a tag. */
	fprintf(t->out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n",
		words_tag(t->lang));
	fputs(head, t->out);
	put_tag(t, "title", title);
	fputs("</head>\n<body>\n<main>\n", t->out);
	put_tag(t, "h1", title);
	put_body(t);
	fputs("</main>\n<footer>\n", t->out);
	put_tag(t, "p", publish_describe_made(t));
	fputs("</footer>\n</body>\n</html>\n", t->out);
	return 0;
}

/* ---- the page ---- */

/* Forms of the page: escaping and function. */
static const struct {
	enum words_form form;
	int (*write)(struct page *t);
} publish_forms[] = {
	[PUBLISH_TEXT] = { WORDS_TEXT, publish_text },
	[PUBLISH_HTML] = { WORDS_HTML, publish_html },
	[PUBLISH_JSON] = { WORDS_TEXT, publish_json },
};

int publish_write(const struct policy *p, const struct lang *l,
		  enum publish_form form, const char *since, FILE *out)
{
	struct page t = { .policy = p,
			  .lang = l,
			  .since = since,
			  .out = out,
			  .form = publish_forms[form].form };
	int error;

	t.arena = arena_new();
	if (!t.arena || setjmp(*arena_on_failure(t.arena))) {
		arena_free(t.arena);
		return -ENOMEM;
	}
	publish_collect(&t);
	error = publish_forms[form].write(&t);
	arena_free(t.arena);
	return error;
}
