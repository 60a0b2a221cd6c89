/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"
#include "../../../../tools/notice/words.h"
#include "../../../../tools/program/program.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const shipped[] = { "en", "pt_BR", "es" };

/* ---- folders ---- */

static char own_folder[512]; /* the files of the source tree */

static void find_own_folder(void)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(own_folder, sizeof(own_folder),
		 "%.*s/../../../../tools/notice/lang",
		 slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
}

static void use_folder(const char *folder)
{
	setenv("MAILWALL_LANG_DIR", folder, 1);
}

static void write_file(const char *folder, const char *name, const char *text,
		       size_t len)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fwrite(text, 1, len, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

/* A folder with English in it, and one file more. */
struct place {
	char folder[64], name[32];
};

static void place_open(struct place *p, const char *name, const char *text,
		       size_t len)
{
	static char english[65536];
	char path[600];
	FILE *file;
	size_t n;

	strcpy(p->folder, "/tmp/mailwall-words-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(path, sizeof(path), "%s/en.words", own_folder);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(english, 1, sizeof(english), file);
	fclose(file);
	write_file(p->folder, "en.words", english, n);
	snprintf(p->name, sizeof(p->name), "%s", name);
	write_file(p->folder, name, text, len);
	use_folder(p->folder);
}

static void place_close(struct place *p)
{
	remove_file(p->folder, p->name);
	remove_file(p->folder, "en.words");
	rmdir(p->folder);
	use_folder(own_folder);
}

/* ---- what is said ---- */

static char said[65536];

static void note_sentence(void *ctx, const char *sentence)
{
	size_t n = strlen(said);

	(void)ctx;
	snprintf(said + n, sizeof(said) - n, "%s\n", sentence);
}

/* words_load(), with what it says in said. */
static int load_quietly(const char *name, struct lang **out)
{
	*said = '\0';
	return words_load(name, out, note_sentence, NULL);
}

static const char *print(struct text *t, const struct lang *l,
			 enum word_key key, enum words_form form,
			 const struct words_value *values)
{
	words_print(text_open(t), l, key, form, values);
	return text_done(t);
}

/* ---- claims ---- */

CLAIM(complete, "every translation that is shipped has every key")
{
	for (size_t i = 0; i < COUNT(shipped); i++) {
		struct lang *l;
		int code = load_quietly(shipped[i], &l);

		if (!expect(code == 0, "%s: got %d, \"%s\"", shipped[i], code,
			    said))
			continue;
		expect_number(shipped[i], words_translated(l), WORDS_N);
		words_free(l);
	}
}

/* With no values a text keeps its placeholders. */
static void names_in(const char *text, char out[512])
{
	static const char *const known[] = {
#define LISTED(id, key, placeholders) placeholders,
		WORDS_KEYS(LISTED)
#undef LISTED
	};
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < COUNT(known); i++)
		for (const char *p = known[i]; *p;) {
			size_t n = strcspn(p, " ");
			char name[64];

			snprintf(name, sizeof(name), "{%.*s}", (int)n, p);
			if (strstr(text, name) && !strstr(out, name))
				used += (size_t)snprintf(out + used, 512 - used,
							 "%s", name);
			p += n + (p[n] == ' ');
		}
}

CLAIM(same_names, "a shipped translation names in each text what English names")
{
	struct lang *english, *l;

	assert_int_equal(load_quietly("en", &english), 0);
	for (size_t i = 0; i < COUNT(shipped); i++) {
		assert_int_equal(load_quietly(shipped[i], &l), 0);
		for (int k = 0; k < WORDS_N; k++) {
			struct text a, b;
			char want[512], got[512];

			names_in(print(&a, english, (enum word_key)k,
				       WORDS_TEXT, NULL),
				 want);
			names_in(print(&b, l, (enum word_key)k, WORDS_TEXT,
				       NULL),
				 got);
			expect(!strcmp(want, got), "%s: %s has %s, English %s",
			       shipped[i], words_key_name(NULL, (int)k), got,
			       want);
			free(a.bytes);
			free(b.bytes);
		}
		words_free(l);
	}
	words_free(english);
}

CLAIM(names, "a language is found by its name, its language or a country")
{
	static const struct {
		const char *name, *tag; /* NULL: there is none */
	} vectors[] = {
		{ NULL, "en" },
		{ "", "en" },
		{ "en", "en" },
		{ "C", "en" },
		{ "C.UTF-8", "en" },
		{ "POSIX", "en" },
		{ "en_GB", "en" },
		{ "pt", "pt-BR" },
		{ "pt_BR", "pt-BR" },
		{ "pt-BR", "pt-BR" },
		{ "pt_PT", "pt-BR" },
		{ "pt_BR.UTF-8", "pt-BR" },
		{ "es", "es" },
		{ "es_AR", "es" },
		{ "es-419", "es" },
		{ "es_ES@euro", "es" },
		{ "ja", NULL },
		{ "e", NULL },
		{ "../en", NULL },
		{ "/etc/passwd", NULL },
		{ "en/../en", NULL },
		{ ".UTF-8", NULL },
		{ "pt BR", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *name = vectors[i].name ? vectors[i].name : "(none)";
		struct lang *l;
		int code = load_quietly(vectors[i].name, &l);

		if (code) {
			expect(!vectors[i].tag && code == -EINVAL,
			       "\"%s\": got %d, \"%s\"", name, code, said);
			expect(strstr(said, "en, es, pt_BR") != NULL,
			       "\"%s\": is not told what there is: \"%s\"",
			       name, said);
			continue;
		}
		expect_text(name, words_tag(l),
			    vectors[i].tag ? vectors[i].tag : "(none)");
		words_free(l);
	}
}

CLAIM(mistakes, "a mistake is told with file, line and what instead")
{
	static const struct {
		const char *text;
		size_t len; /* 0: up to the NUL */
		const char *place, *what;
	} vectors[] = {
		{ "page.titel = x\n", 0,
		  "xx.words:1:", "did you mean \"page.title\"?" },
		{ "# a\n\nnonsense.of.mine = x\n", 0,
		  "xx.words:3:", "en.words has all that there are" },
		{ "port = {port} {service}\n", 0, "xx.words:1:",
		  "\"{service}\" is not a placeholder of \"port\"; it may have "
		  "{port}" },
		{ "page.title = {x}\n", 0, "xx.words:1:", "it has none" },
		{ "page.intro = a\n\tb\n\t{c}\n", 0, "xx.words:3:", "{c}" },
		{ "port = {port\n", 0, "xx.words:1:", "\"{\" stands alone" },
		{ "port = a {po\n\trt}\n", 0,
		  "xx.words:2:", "\"}\" stands alone" },
		{ "port = {{port}}\n", 0, "xx.words:1:", "stands alone" },
		{ "port = port}\n", 0, "xx.words:1:", "\"}\" stands alone" },
		{ "port\n", 0, "xx.words:1:", "neither \"key = text\"" },
		{ "= text\n", 0, "xx.words:1:", "neither \"key = text\"" },
		{ "\n\tgoes on\n", 0, "xx.words:2:", "there is none" },
		{ "port = a\nport = b\n", 0,
		  "xx.words:2:", "already, in line 1" },
		{ "\nport =\n", 0, "xx.words:2:", "\"port\" has no text" },
		{ "port = \xe7\n", 0, "xx.words:1:", "not UTF-8" },
		{ "port = \xed\xa0\x80\n", 0, "xx.words:1:", "not UTF-8" },
		{ "port = \033[1m\n", 0, "xx.words:1:", "control character" },
		{ "port = \xc2\x9b\n", 0, "xx.words:1:", "control character" },
		{ "port = a\0b\n", 11, "xx.words:1:", "control character" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		struct place p;
		struct lang *l;
		int code;

		place_open(&p, "xx.words", text,
			   vectors[i].len ? vectors[i].len : strlen(text));
		code = load_quietly("xx", &l);
		expect(code == -EBADMSG && strstr(said, vectors[i].place) &&
			       strstr(said, vectors[i].what),
		       "in \"%s\" got %d \"%s\" want \"%s\" and \"%s\"", text,
		       code, said, vectors[i].place, vectors[i].what);
		words_free(l);
		place_close(&p);
	}
}

CLAIM(all_mistakes, "all mistakes of a file are told in one run")
{
	static const char text[] = "a = x\nport = {b}\n\xff\nport = x\n";
	struct place p;
	struct lang *l;

	place_open(&p, "xx.words", text, strlen(text));
	assert_int_equal(load_quietly("xx", &l), -EBADMSG);
	for (int line = 1; line <= 4; line++) {
		char place[32];

		snprintf(place, sizeof(place), "xx.words:%d:", line);
		expect(strstr(said, place) != NULL, "no %s in \"%s\"", place,
		       said);
	}
	place_close(&p);
}

CLAIM(in_english, "what a translation lacks is said in English")
{
	static const char text[] =
		"\xef\xbb\xbf# mine\r\npage.since=Seit\r\n"
		"page.intro = eins\r\n   zwei\r\n\r\n\t# no text\n\tdrei";
	struct place p;
	struct lang *l;
	struct text a;

	place_open(&p, "de_AT.words", text, strlen(text));
	assert_int_equal(load_quietly("de", &l), 0);
	expect_text("the tag", words_tag(l), "de-AT");
	expect_number("translated", words_translated(l), 2);
	expect_text("page.since",
		    print(&a, l, WORD_PAGE_SINCE, WORDS_TEXT, NULL), "Seit");
	free(a.bytes);
	expect_text("page.intro",
		    print(&a, l, WORD_PAGE_INTRO, WORDS_TEXT, NULL),
		    "eins zwei drei");
	free(a.bytes);
	expect_text("page.policy",
		    print(&a, l, WORD_PAGE_POLICY, WORDS_TEXT, NULL), "Policy");
	free(a.bytes);
	words_free(l);
	place_close(&p);
}

CLAIM(english, "English has to be there, and to be complete")
{
	struct place p;
	struct lang *l;

	place_open(&p, "xx.words", "", 0);
	write_file(p.folder, "en.words", "port = {port}\n", 14);
	assert_int_equal(load_quietly("xx", &l), -EBADMSG);
	expect(strstr(said, "\"page.title\"") != NULL,
	       "is not told the key: \"%s\"", said);
	remove_file(p.folder, "en.words");
	assert_int_equal(load_quietly("xx", &l), -ENOENT);
	expect(strstr(said, "en.words") != NULL, "is not told the file: \"%s\"",
	       said);
	place_close(&p);
}

CLAIM(escaped, "no value is markup in HTML, or steers a terminal in text")
{
	static const struct {
		const char *value, *text, *html;
	} vectors[] = {
		{ "a b", "port a b", "port a b" },
		{ "<b>&\"'", "port <b>&\"'", "port &lt;b&gt;&amp;&quot;&#39;" },
		{ "\033[2J\x7f\n\t", "port ?[2J?  ", "port ?[2J?  " },
		{ "\xc2\x9b"
		  "1m\xff\xc3",
		  "port ?1m??", "port ?1m??" },
		{ "ção 日本", "port ção 日本", "port ção 日本" },
		{ "{port}{x}", "port {port}{x}", "port {port}{x}" },
		{ "", "port ", "port " },
	};
	struct lang *l;

	assert_int_equal(load_quietly("en", &l), 0);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct text a;

		expect_text(vectors[i].value,
			    print(&a, l, WORD_PORT, WORDS_TEXT,
				  WORDS({ "port", vectors[i].value })),
			    vectors[i].text);
		free(a.bytes);
		expect_text(vectors[i].value,
			    print(&a, l, WORD_PORT, WORDS_HTML,
				  WORDS({ "port", vectors[i].value })),
			    vectors[i].html);
		free(a.bytes);
	}
	words_free(l);
}

CLAIM(lists, "lists and ports are told as a person would")
{
	static const char *const items[] = { "a", "b", "c" };
	static const char *const wants[] = { "", "a", "a e b", "a, b e c" };
	struct arena *a = arena_new();
	struct lang *l;

	assert_non_null(a);
	assert_int_equal(load_quietly("pt_BR", &l), 0);
	for (size_t n = 0; n < COUNT(wants); n++)
		expect_text("a list", words_list(a, l, items, n), wants[n]);
	expect_text("2526", words_port(a, l, 2526), "porta 2526");
	expect_text("25", words_port(a, l, 25),
		    "porta 25 (entrega de e-mail entre servidores)");
	words_free(l);
	arena_free(a);
}

CLAIM(wrapped, "lines have 72 columns at most, by character, not by byte")
{
	char words[601] = "";
	struct text t;
	const char *got;

	for (int i = 0; i < 60; i++)
		strcat(words, "çãéí ");
	words_wrap(text_open(&t), "- ", "  ", words);
	got = text_done(&t);
	for (const char *line = got; *line; line += strcspn(line, "\n") + 1) {
		size_t columns = 0;

		for (const char *p = line; *p != '\n'; p++)
			columns += ((unsigned char)*p & 0xc0) != 0x80;
		expect(columns <= 72, "a line of %zu columns", columns);
		expect(!strncmp(line, line == got ? "- ç" : "  ç", 4),
		       "a line begins with \"%.4s\"", line);
	}
	free(t.bytes);
	words_wrap(text_open(&t), "", "", "");
	expect_text("nothing", text_done(&t), "\n");
	free(t.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(complete), CLAIMED(same_names),	  CLAIMED(names),
		CLAIMED(mistakes), CLAIMED(all_mistakes), CLAIMED(in_english),
		CLAIMED(english),  CLAIMED(escaped),	  CLAIMED(lists),
		CLAIMED(wrapped),
	};

	find_own_folder();
	use_folder(own_folder);
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
