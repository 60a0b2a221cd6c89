/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test bench for policies: which clause decides a connection, and how. The
 * program knows mailwall by its header alone, and finds the plugin when it
 * runs:
 *
 *	plugin=$(pkg-config --variable=plugin mailwall)
 *	cc -std=c11 -Wall -Wextra -DPLUGIN="\"$plugin\"" -o bench host.c -ldl
 *	printf '10.0.0.1 203.0.113.9 25\n' | ./bench my.policy
 *
 * A line of input is SOURCE DESTINATION PORT [in INTERFACE] [out INTERFACE];
 * blank lines and comments after # are skipped. The answer is verdict, clause
 * and text with tabs between them, "-" where no clause decides, and a "?"
 * behind a verdict that depends on an interface or an owner that the line does
 * not name.
 *
 * Exit: 0; 1 if a line or the policy was bad; 2 if the arguments are wrong or
 * there is no plugin.
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
 * Opens a path first, because the message of dlopen() does not say why it
 * cannot.
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

static mailwall_get_fn *host_find_get(const char *path)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	mailwall_get_fn *get = NULL;

	if (!so) {
		fprintf(stderr, "bench: no plugin can be loaded: %s\n",
			dlerror());
		return NULL;
	}
	*(void **)&get = dlsym(so, MAILWALL_SYMBOL);
	if (!get)
		fprintf(stderr,
			"bench: %s: is no plugin of mailwall: it has no symbol "
			"%s\n",
			path, MAILWALL_SYMBOL);
	return get;
}

/* Asks for the last function that is called here: all before it are there. */
static int host_api_is_good(const char *path, const struct mailwall_api *m)
{
	if (!m)
		fprintf(stderr,
			"bench: %s: does not have version %u of the interface; "
			"take mailwall.so.%u\n",
			path, MAILWALL_MAJOR, MAILWALL_MAJOR);
	else if (m->magic != MAILWALL_MAGIC)
		fprintf(stderr,
			"bench: %s: is no plugin of mailwall: its table begins "
			"with %#lx, not %#lx\n",
			path, (unsigned long)m->magic,
			(unsigned long)MAILWALL_MAGIC);
	else if (!MAILWALL_HAS(m, policy_decide))
		fprintf(stderr,
			"bench: %s: is too old: its table has %zu bytes and "
			"policy_decide is not among them; take mailwall %u.%u "
			"or later\n",
			path, m->size, MAILWALL_MAJOR, MAILWALL_MINOR);
	else
		return 1;
	return 0;
}

static const struct mailwall_api *host_open_plugin(const char *path)
{
	mailwall_get_fn *get = host_can_read(path) ? host_find_get(path) : NULL;
	const struct mailwall_api *m = get ? get(MAILWALL_MAJOR) : NULL;

	return get && host_api_is_good(path, m) ? m : NULL;
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

static void host_print_diagnostics(const struct mailwall_api *m,
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

/* Loads a policy. NULL: the reason was printed. */
static struct mailwall_policy *host_open_policy(const struct mailwall_api *m,
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
	host_print_diagnostics(m, policy);
	if (!m->policy_facts(policy, &facts, NULL, 0) && !facts.errors)
		return policy;
	m->policy_free(policy);
	return NULL;
}

/* ---- connections ---- */

static int host_read_address(const char *text, uint8_t *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 6 : 0;
}

static int host_read_port(const char *text, uint16_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint16_t)n;
	return *text >= '0' && *text <= '9' && !*end && n >= 1 && n <= 65535;
}

static int host_read_interface(char *const *words,
			       struct mailwall_connection *c)
{
	const char **to = !strcmp(words[0], "in")  ? &c->in :
			  !strcmp(words[0], "out") ? &c->out :
						     NULL;

	if (!to || *to)
		return 0;
	*to = words[1];
	return 1;
}

/* Reads the words of a line. NULL, or what is wrong with them. */
static const char *host_read_connection(char *const *words, size_t n,
					struct mailwall_connection *c)
{
	int source, destination;

	if (n != 3 && n != 5 && n != 7)
		return "a line is SOURCE DESTINATION PORT [in INTERFACE] "
		       "[out INTERFACE]";
	source = host_read_address(words[0], c->source);
	destination = host_read_address(words[1], c->destination);
	if (!source)
		return "the source is no address";
	if (!destination)
		return "the destination is no address";
	if (source != destination)
		return "source and destination are of two families";
	c->family = (uint8_t)source;
	if (!host_read_port(words[2], &c->destination_port))
		return "the port is no number from 1 to 65535";
	for (size_t i = 3; i < n; i += 2)
		if (!host_read_interface(words + i, c))
			return "behind the port stands in INTERFACE or out "
			       "INTERFACE, each once";
	return NULL;
}

static size_t host_split(char *line, char **words)
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

static int host_decide_line(const struct mailwall_api *m,
			    const struct mailwall_policy *policy, char *line,
			    unsigned long number)
{
	struct mailwall_connection c = { .size = sizeof(c) };
	struct mailwall_decision d = { .size = sizeof(d) };
	char *words[WORDS_MOST], reason[MAILWALL_WHY_BYTES];
	size_t n = host_split(line, words);
	const char *why = n ? host_read_connection(words, n, &c) : NULL;

	if (!n)
		return 0;
	if (!why &&
	    m->policy_decide(policy, NULL, &c, &d, reason, sizeof(reason)))
		why = reason;
	if (why) {
		fprintf(stderr, "bench: line %lu: %s\n", number, why);
		return 1;
	}
	printf("%s%s\t%s\t%s\n", m->name(MAILWALL_NAME_VERDICT, d.verdict),
	       d.unsure ? "?" : "", d.clause ? d.clause : "-",
	       d.text ? d.text : "-");
	return 0;
}

static int host_decide_lines(const struct mailwall_api *m,
			     const struct mailwall_policy *policy)
{
	unsigned long number = 0;
	char *line = NULL;
	size_t cap = 0;
	int bad = 0;

	while (getline(&line, &cap, stdin) >= 0)
		bad |= host_decide_line(m, policy, line, ++number);
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
	const struct mailwall_api *m;
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
	m = host_open_plugin(path);
	if (!m)
		return 2;
	policy = host_open_policy(m, argv[at]);
	if (!policy)
		return 1;
	bad = host_decide_lines(m, policy);
	m->policy_free(policy);
	return bad;
}
