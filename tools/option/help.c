/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"
#include "options.h"

#include <stdio.h>
#include <ctype.h>
#include <string.h>

#define FORM_COLUMNS 32 /* for "  -S, --store FILE" and the blanks behind */
#define COLUMNS	     79

static const char *const group_titles[COMMAND_GROUPS] = {
	[GROUP_POLICY] = "Policies:",	   [GROUP_KERNEL] = "What is loaded:",
	[GROUP_MONITOR] = "What happens:", [GROUP_REVIEW] = "What happened:",
	[GROUP_ABOUT] = "The program:",
};

static const char *const type_names[OPTION_TYPES] = {
	[OPTION_FLAG] = "flag",		[OPTION_TEXT] = "text",
	[OPTION_TEXTS] = "text",	[OPTION_FILE] = "file",
	[OPTION_POLICY] = "policy",	[OPTION_FOLDER] = "folder",
	[OPTION_ADDRESS] = "address",	[OPTION_LISTEN] = "listen",
	[OPTION_USER] = "user",		[OPTION_INTERFACE] = "interface",
	[OPTION_CHOICE] = "choice",	[OPTION_TIME] = "time",
	[OPTION_DATE] = "date",		[OPTION_INTERFACES] = "interface",
	[OPTION_NUMBERS] = "number",	[OPTION_NUMBER] = "number",
	[OPTION_PORT] = "port",		[OPTION_PERCENT] = "percent",
	[OPTION_SIZE] = "size",		[OPTION_DURATION] = "duration",
	[OPTION_DEFINITION] = "define", [OPTION_COMMAND] = "command",
};

static const struct option_row help_row = {
	.name = "help", .letter = 'h', .type = OPTION_FLAG, .help = "print this"
};

/* ---- for people ---- */

/* Writes a sentence from a column on, in lines that fit. */
static void help_wrap(const char *text, size_t column, size_t indent, FILE *out)
{
	bool begun = false;

	for (size_t len; *text; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (begun && column + 1 + len > COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (begun) {
			column += (size_t)fprintf(out, " ");
		}
		column += (size_t)fprintf(out, "%.*s", (int)len, text);
		begun = true;
	}
	fputc('\n', out);
}

static void help_option(const struct option_row *row, FILE *out)
{
	char text[256];
	int n;

	if (row->letter)
		n = fprintf(out, "  -%c, --%s", row->letter, row->name);
	else
		n = fprintf(out, "      --%s", row->name);
	if (row->value)
		n += fprintf(out, " %s", row->value);
	if (n < FORM_COLUMNS - 1)
		n += fprintf(out, "%*s", FORM_COLUMNS - n, "");
	else
		n += fprintf(out, "  ");
	snprintf(text, sizeof(text), "%s%s", row->help,
		 option_repeats(row) ? "; may be repeated" : "");
	help_wrap(text, (size_t)n, FORM_COLUMNS, out);
}

void help_command(const struct command *c, FILE *out)
{
	fprintf(out, "usage: mailwall %s%s%s%s\n\n%c%s.\n", c->name,
		" [OPTION]...", c->operands.text ? " " : "",
		c->operands.text ? c->operands.text : "",
		toupper((unsigned char)*c->summary), c->summary + 1);
	fputc('\n', out);
	for (const struct option_row *row = c->options; row->name; row++)
		if (!row->left_out && !row->hidden)
			help_option(row, out);
	help_option(&help_row, out);
}

void help_overview(const struct command *const *list, FILE *out)
{
	fprintf(out, "usage: mailwall COMMAND ...\n");
	for (int g = 0; g < COMMAND_GROUPS; g++) {
		bool begun = false;

		for (size_t i = 0; list[i]; i++) {
			if (list[i]->left_out || (int)list[i]->group != g)
				continue;
			if (!begun)
				fprintf(out, "\n%s\n", group_titles[g]);
			begun = true;
			fprintf(out, "  %-9s %s\n", list[i]->name,
				list[i]->summary);
		}
	}
	fprintf(out, "\nmailwall help COMMAND says more; the manual is "
		     "mailwall(8),\nthe language mailwall.policy(5).\n");
}

/* ---- for shells ---- */

void help_complete_commands(const struct command *const *list, FILE *out)
{
	for (size_t i = 0; list[i]; i++)
		if (!list[i]->left_out)
			fprintf(out, "%s\t%s\n", list[i]->name,
				list[i]->summary);
}

/* Every field has something, as shells fold tabs that touch. */
static void help_complete_option(const struct option_row *row, FILE *out)
{
	const char *word;

	fprintf(out, "--%s\t-", row->name);
	if (row->letter)
		fputc(row->letter, out);
	fprintf(out, "\t%s\t%s\t", type_names[row->type],
		row->value ? row->value : "-");
	if (row->word)
		for (size_t i = 0; (word = row->word(i)); i++)
			fprintf(out, "%s%s", i ? " " : "", word);
	else
		fputs(row->hints ? row->hints : "-", out);
	fprintf(out, "\t%s\t%s\n", option_repeats(row) ? "often" : "once",
		row->help);
}

void help_complete(const struct command *c, FILE *out)
{
	if (c->operands.text)
		fprintf(out, "operand\t-\t%s\t%s\t%s\t%s\t-\n",
			type_names[c->operands.type], c->operands.text,
			c->operands.words ? c->operands.words : "-",
			c->operands.most == 1 ? "once" : "often");
	for (const struct option_row *row = c->options; row->name; row++)
		if (!row->left_out && !row->hidden)
			help_complete_option(row, out);
	help_complete_option(&help_row, out);
}

/* ---- for the manual ---- */

static void help_lower(const char *text, FILE *out)
{
	for (; *text; text++)
		fputc(tolower((unsigned char)*text), out);
}

/* "Fl S Ar file", "Fl Fl until Ar time", "Fl f Cm nft | json" */
static void help_mdoc_option(const struct option_row *row, FILE *out)
{
	const char *word;

	if (row->letter)
		fprintf(out, "Fl %c", row->letter);
	else
		fprintf(out, "Fl Fl %s", row->name);
	if (row->type == OPTION_DEFINITION)
		fprintf(out, " Ar name Ns = Ns Ar value");
	else if (row->word && !row->one_of)
		for (size_t i = 0; (word = row->word(i)); i++)
			fprintf(out, "%s %s", i ? " |" : " Cm", word);
	else if (row->value) {
		fprintf(out, " Ar ");
		help_lower(row->value, out);
	}
}

/* Flags that go with everything share a line: "Fl hjq". */
static bool help_is_plain(const struct option_row *row)
{
	return row->type == OPTION_FLAG && row->letter && !row->one_of;
}

static void help_mdoc_flags(const struct command *c, FILE *out)
{
	fprintf(out, ".Op Fl h");
	for (int letter = 'A'; letter <= 'z'; letter++)
		for (const struct option_row *row = c->options; row->name;
		     row++)
			if (help_is_plain(row) && row->letter == letter)
				fputc(letter, out);
	fputc('\n', out);
}

/* A row, and behind the first of a group its others. */
static void help_mdoc_row(const struct command *c, const struct option_row *row,
			  FILE *out)
{
	const struct option_row *other = c->options;

	if (row->one_of)
		for (; other != row; other++)
			if (other->one_of &&
			    !strcmp(other->one_of, row->one_of))
				return;
	fprintf(out, ".Op ");
	help_mdoc_option(row, out);
	for (other = row + 1; row->one_of && other->name; other++)
		if (other->one_of && !strcmp(other->one_of, row->one_of)) {
			fprintf(out, " | ");
			help_mdoc_option(other, out);
		}
	if (option_repeats(row) && row->type != OPTION_DEFINITION)
		fprintf(out, " ...");
	fputc('\n', out);
}

/* "[POLICY]" and "POLICY..." as Op Ar and Ar */
static void help_mdoc_operands(const char *text, FILE *out)
{
	for (size_t len; *text; text += len + (text[len] == ' ')) {
		bool optional = *text == '[';
		size_t n;

		len = strcspn(text, " ");
		text += optional;
		len -= optional;
		n = strcspn(text, " .]");
		fputs(optional ? ".Op " : ".", out);
		fputs(memchr(text, '|', n) ? "Cm " : "Ar ", out);
		for (size_t i = 0; i < n; i++)
			if (text[i] == '|')
				fprintf(out, " | ");
			else
				fputc(tolower((unsigned char)text[i]), out);
		fprintf(out, "%s\n",
			strcspn(text + n, ".") < len - n ? " ..." : "");
	}
}

void help_mdoc(const struct command *c, FILE *out)
{
	fprintf(out, ".Nm mailwall %s\n", c->name);
	help_mdoc_flags(c, out);
	for (const struct option_row *row = c->options; row->name; row++)
		if (!help_is_plain(row) && !row->hidden)
			help_mdoc_row(c, row, out);
	if (c->operands.text)
		help_mdoc_operands(c->operands.text, out);
}
