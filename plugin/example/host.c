/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test bench for policies: which clause decides a connection, and how. It
 * knows mailwall by its header alone, and finds the plugin when it runs:
 *
 *	plugin=$(pkg-config --variable=plugin mailwall)
 *	cc -std=c11 -Wall -Wextra -DPLUGIN="\"$plugin\"" -o bench host.c -ldl
 *	printf '10.0.0.1 203.0.113.9 25\n' | ./bench my.policy
 *
 * A line of its input is SOURCE DESTINATION PORT [in INTERFACE] [out
 * INTERFACE]; blank lines and what follows a # are passed over. For each it
 * prints verdict, clause and text with tabs between them, "-" where no clause
 * decides, and a "?" behind a verdict that hangs on an interface or an owner
 * that the line does not name.
 *
 * Exit: 0, 1 if a line or the policy was bad, 2 if it was used in a wrong way
 * or there is no plugin.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mailwall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef PLUGIN
#define PLUGIN "mailwall.so.1"
#endif
#define WORDS_MOST 8
#define BLANKS	   " \t\r\n"

/* ---- the plugin ---- */

/*
 * A path is tried first by itself: dlopen() says of one that is not there no
 * more than that it cannot open it.
 */
static int host_can_read(const char *path)
{
	int fd;

	if (!strchr(path, '/'))
		return 1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
		return 0;
	}
	close(fd);
	return 1;
}

static const struct mailwall_plugin *find_symbol(const char *path)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct mailwall_plugin *m;

	if (!so) {
		fprintf(stderr, "bench: no plugin can be loaded: %s\n",
			dlerror());
		return NULL;
	}
	m = dlsym(so, MAILWALL_SYMBOL);
	if (!m)
		fprintf(stderr,
			"bench: %s: is no plugin of mailwall: it has no symbol "
			"%s\n",
			path, MAILWALL_SYMBOL);
	return m;
}

/* The last function that is asked for here, and so all before it. */
static int host_is_ours(const char *path, const struct mailwall_plugin *m)
{
	if (m->magic != MAILWALL_MAGIC)
		fprintf(stderr,
			"bench: %s: is no plugin of mailwall: its symbol %s "
			"begins with %#lx, not %#lx\n",
			path, MAILWALL_SYMBOL, (unsigned long)m->magic,
			(unsigned long)MAILWALL_MAGIC);
	else if (m->major != MAILWALL_MAJOR)
		fprintf(stderr,
			"bench: %s: has version %u.%u of the interface, and "
			"this program speaks %u; take %s.so.%u\n",
			path, m->major, m->minor, MAILWALL_MAJOR, "mailwall",
			MAILWALL_MAJOR);
	else if (!MAILWALL_HAS(m, policy_decide))
		fprintf(stderr,
			"bench: %s: is too old: its struct has %zu bytes and "
			"policy_decide is not among them; take mailwall %u.%u "
			"or later\n",
			path, m->size, MAILWALL_MAJOR, MAILWALL_MINOR);
	else
		return 1;
	return 0;
}

static const struct mailwall_plugin *plugin_open(const char *path)
{
	const struct mailwall_plugin *m =
		host_can_read(path) ? find_symbol(path) : NULL;

	return m && host_is_ours(path, m) ? m : NULL;
}

/* ---- the policy ---- */

static int host_read_file(void *ctx, const char *path, const char **text,
			  size_t *len)
{
	FILE *in = fopen(path, "re");
	char *bytes = NULL;
	size_t cap = 0;
	int error = 0;

	(void)ctx;
	if (!in)
		return -errno;
	for (*len = 0; !feof(in) && !error;) {
		char *more = realloc(bytes, cap = cap * 2 + 4096);

		if (!more) {
			error = -ENOMEM;
			break;
		}
		bytes = more;
		*len += fread(bytes + *len, 1, cap - *len, in);
		if (ferror(in))
			error = errno ? -errno : -EIO;
	}
	fclose(in);
	*text = bytes;
	if (error)
		free(bytes);
	return error;
}

static void host_release_file(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

static void say_diagnostics(const struct mailwall_plugin *m,
			    const struct mailwall_policy *policy)
{
	struct mailwall_diagnostic d = { .size = sizeof(d) };

	for (size_t i = 0; !m->policy_diagnostic(policy, i, &d, NULL, 0); i++)
		fprintf(stderr, "%s:%u:%u: %s: %s%s%s\n",
			d.file ? d.file : "policy", (unsigned int)d.line,
			(unsigned int)d.column,
			m->name(MAILWALL_NAME_SEVERITY, d.severity), d.message,
			d.help ? "; " : "", d.help ? d.help : "");
}

/* NULL: it was said why. */
static struct mailwall_policy *policy_open(const struct mailwall_plugin *m,
					   const char *path)
{
	struct mailwall_load load = { .size = sizeof(load),
				      .read = host_read_file,
				      .release = host_release_file,
				      .path = path,
				      .today = (int32_t)(time(NULL) / 86400) };
	struct mailwall_facts facts = { .size = sizeof(facts) };
	struct mailwall_policy *policy;
	char why[MAILWALL_WHY_BYTES];

	if (m->policy_load(&load, &policy, why, sizeof(why))) {
		fprintf(stderr, "bench: %s\n", why);
		return NULL;
	}
	say_diagnostics(m, policy);
	if (!m->policy_facts(policy, &facts, NULL, 0) && !facts.errors)
		return policy;
	m->policy_free(policy);
	return NULL;
}

/* ---- connections ---- */

static int read_address(const char *text, uint8_t *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 6 : 0;
}

static int read_port(const char *text, uint16_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint16_t)n;
	return *text >= '0' && *text <= '9' && !*end && n >= 1 && n <= 65535;
}

static int read_interface(char *const *words, struct mailwall_connection *c)
{
	const char **to = !strcmp(words[0], "in")  ? &c->in :
			  !strcmp(words[0], "out") ? &c->out :
						     NULL;

	if (!to || *to)
		return 0;
	*to = words[1];
	return 1;
}

/* NULL, or what is wrong with the words. */
static const char *read_connection(char *const *words, size_t n,
				   struct mailwall_connection *c)
{
	int source, destination;

	if (n != 3 && n != 5 && n != 7)
		return "a line is SOURCE DESTINATION PORT [in INTERFACE] "
		       "[out INTERFACE]";
	source = read_address(words[0], c->source);
	destination = read_address(words[1], c->destination);
	if (!source)
		return "the source is no address";
	if (!destination)
		return "the destination is no address";
	if (source != destination)
		return "source and destination are of two families";
	c->family = (uint8_t)source;
	if (!read_port(words[2], &c->destination_port))
		return "the port is no number from 1 to 65535";
	for (size_t i = 3; i < n; i += 2)
		if (!read_interface(words + i, c))
			return "behind the port stands in INTERFACE or out "
			       "INTERFACE, each once";
	return NULL;
}

static size_t split(char *line, char **words)
{
	size_t n = 0;
	char *save, *word;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, BLANKS, &save); word;
	     word = strtok_r(NULL, BLANKS, &save)) {
		if (n < WORDS_MOST)
			words[n] = word;
		n++;
	}
	return n;
}

static int host_ask(const struct mailwall_plugin *m,
		    const struct mailwall_policy *policy, char *line,
		    unsigned long number)
{
	struct mailwall_connection c = { .size = sizeof(c) };
	struct mailwall_decision d = { .size = sizeof(d) };
	char *words[WORDS_MOST], said[MAILWALL_WHY_BYTES];
	size_t n = split(line, words);
	const char *why = n ? read_connection(words, n, &c) : NULL;

	if (!n)
		return 0;
	if (!why && m->policy_decide(policy, NULL, &c, &d, said, sizeof(said)))
		why = said;
	if (why) {
		fprintf(stderr, "bench: line %lu: %s\n", number, why);
		return 1;
	}
	printf("%s%s\t%s\t%s\n", m->name(MAILWALL_NAME_VERDICT, d.verdict),
	       d.unsure ? "?" : "", d.clause ? d.clause : "-",
	       d.text ? d.text : "-");
	return 0;
}

static int ask_lines(const struct mailwall_plugin *m,
		     const struct mailwall_policy *policy)
{
	unsigned long number = 0;
	char *line = NULL;
	size_t cap = 0;
	int bad = 0;

	while (getline(&line, &cap, stdin) >= 0)
		bad |= host_ask(m, policy, line, ++number);
	free(line);
	if (ferror(stdin) || fflush(stdout)) {
		fprintf(stderr, "bench: %s\n", strerror(errno));
		bad = 1;
	}
	return bad;
}

int main(int argc, char **argv)
{
	const char *path = PLUGIN;
	const struct mailwall_plugin *m;
	struct mailwall_policy *policy;
	int at = 1, bad;

	if (argc == 4 && !strcmp(argv[1], "-p")) {
		path = argv[2];
		at = 3;
	}
	if (argc != at + 1 || argv[at][0] == '-') {
		fputs("usage: bench [-p PLUGIN] POLICY < CONNECTIONS\n",
		      stderr);
		return 2;
	}
	m = plugin_open(path);
	if (!m)
		return 2;
	policy = policy_open(m, argv[at]);
	if (!policy)
		return 1;
	bad = ask_lines(m, policy);
	m->policy_free(policy);
	return bad;
}
