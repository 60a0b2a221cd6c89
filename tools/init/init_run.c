/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command init: answers to a policy that checks, in a file of its own. */
#include "init.h"
#include "../option/options.h"
#include "../program/message.h"
#include "../program/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct init_options {
	struct init_answers answers;
	const char *file; /* answers, a line each */
	bool enforce;
};

static bool init_has_family(const struct texts *prefixes, int family)
{
	for (size_t i = 0; i < prefixes->n; i++)
		if (!strchr(prefixes->items[i], ':') == (family == 4))
			return true;
	return false;
}

static int init_check(struct program *p, const struct init_answers *a)
{
	if (init_place_of(a->place) == INIT_PLACES_N)
		return usage_error(p,
				   "\"%.40s\" is no place; write router, "
				   "bridge or host",
				   a->place);
	if (strcmp(a->mode, "observe") && strcmp(a->mode, "enforce"))
		return usage_error(p,
				   "\"%.40s\" is no mode; write observe or "
				   "enforce",
				   a->mode);
	if (init_place_of(a->place) == INIT_HOST)
		return EXIT_DONE;
	if (!a->interfaces.n && a->subscribers.n &&
	    init_has_family(&a->subscribers, 4) !=
		    init_has_family(&a->subscribers, 6))
		return usage_error(p,
				   "subscribers have IPv4 and IPv6: name "
				   "prefixes of both, or --interfaces, which "
				   "stand for both; what is not named is not "
				   "judged");
	if (!a->interfaces.n && !a->subscribers.n)
		return usage_error(p, "whose connections are judged? Give "
				      "--interfaces or --subscribers");
	return EXIT_DONE;
}

/* Writes a file that is not there yet. */
static int init_save(const struct init_answers *a, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool bad;

	if (!out) {
		message_say(
			errno == EEXIST ?
				"\"%s\" is there already, and is left as it "
				"is; name another file" :
				"cannot make \"%s\": %s",
			path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return EXIT_REFUSED;
	}
	init_write(out, a);
	bad = ferror(out);
	if (fclose(out) || bad) {
		message_say("cannot write \"%s\": %s", path, strerror(errno));
		unlink(path);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

/* The policy is what check takes, or it is not left there. */
static int init_prove(struct program *p, const char *path)
{
	struct policy *policy = NULL;
	int code = load_good_policy(p, path, &policy);

	policy_free(policy);
	if (code) {
		unlink(path);
		message_say("an answer was not what it should be: \"%s\" was "
			    "not kept",
			    path);
	}
	return code;
}

static void init_say_next(const char *path)
{
	printf("%s is written. Read it, then:\n"
	       "  mailwall plan %s\n"
	       "  mailwall apply --trial 10m %s\n"
	       "  mailwall confirm\n",
	       path, path, path);
}

static int init_run(struct program *p, const void *options, int argc,
		    char **argv)
{
	const struct init_options *o = options;
	struct init_answers a = o->answers;
	int code = EXIT_DONE;

	(void)argc;
	if (o->enforce)
		a.mode = "enforce";
	if (o->file)
		code = init_read_file(p, o->file, &a);
	if (!code)
		code = init_ask(p, &a);
	if (!code)
		code = init_check(p, &a);
	if (!code)
		code = init_save(&a, argv[0]);
	if (!code)
		code = init_prove(p, argv[0]);
	if (!code && !p->quiet)
		init_say_next(argv[0]);
	return code;
}

#define INIT_ANSWER(member)                                                    \
	offsetof(struct init_options, answers) +                               \
		offsetof(struct init_answers, member)

static const struct option_row init_rows[] = {
	{ .name = "answers",
	  .type = OPTION_FILE,
	  .place = offsetof(struct init_options, file),
	  .value = "FILE",
	  .help = "read answers from this file, lines like place = router" },
	{ .name = "place",
	  .type = OPTION_TEXT,
	  .place = INIT_ANSWER(place),
	  .value = "PLACE",
	  .hints = "router bridge host",
	  .help = "the machine is a router, a bridge or a host" },
	{ .name = "name",
	  .type = OPTION_TEXT,
	  .place = INIT_ANSWER(name),
	  .value = "NAME",
	  .help = "name the policy; mail if not given" },
	{ .name = "contact",
	  .type = OPTION_TEXT,
	  .place = INIT_ANSWER(contact),
	  .value = "TEXT",
	  .help = "whom blocked customers write to" },
	{ .name = "enforce",
	  .type = OPTION_FLAG,
	  .place = offsetof(struct init_options, enforce),
	  .help = "block from the beginning; without it blocks only count" },
	{ .name = "interfaces",
	  .type = OPTION_INTERFACES,
	  .place = INIT_ANSWER(interfaces),
	  .value = "INTERFACE",
	  .help = "subscribers are behind this interface; may be repeated" },
	{ .name = "subscribers",
	  .type = OPTION_TEXTS,
	  .place = INIT_ANSWER(subscribers),
	  .value = "PREFIX",
	  .help = "a prefix of subscribers; may be repeated" },
	{ .name = "relays",
	  .type = OPTION_TEXTS,
	  .place = INIT_ANSWER(relays),
	  .value = "ADDRESS",
	  .help = "a mail server that everybody may use; may be repeated" },
	{ .name = "user",
	  .type = OPTION_TEXT,
	  .place = INIT_ANSWER(user),
	  .value = "USER",
	  .help = "who delivers mail of a host; mail if not given" },
	{ OPTION_ROW_QUIET },
	{ 0 }
};

const struct command command_init = {
	.name = "init",
	.summary = "write a first policy",
	.group = GROUP_POLICY,
	.operands = { "FILE", OPTION_FILE, 1, 1,
		      "which file is the policy to be?", NULL },
	.options = init_rows,
	.options_bytes = sizeof(struct init_options),
	.run = init_run,
};
