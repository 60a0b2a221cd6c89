/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the plugin by its header alone, for abi_test.py:
 *
 *	drive PLUGIN replay CAPTURE [POLICY]	events as replay --json has them
 *	drive PLUGIN threads CAPTURE POLICY	engines and questions at once
 *	drive PLUGIN all CAPTURE POLICY		every function once
 *
 * Exit: 0; 1, and it was said why; 42: out of memory, said by the plugin.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <locale.h>
#include <mailwall.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SECONDS_MOST  INT64_C(253402300799)
#define OUT_OF_MEMORY 42
#define ROUNDS	      40 /* of questions and rules, in each thread */

static const struct mailwall_api *m;
static char why[MAILWALL_WHY_BYTES];

static _Noreturn void die(const char *what, const char *reason)
{
	fprintf(stderr, "drive: %s: %s\n", what, reason);
	exit(1);
}

/* Out of memory is an answer; all else is a mistake. */
static void must(int error, const char *what, const char *reason)
{
	if (error == -ENOMEM)
		exit(strcmp(reason, "out of memory") ? 1 : OUT_OF_MEMORY);
	if (error)
		die(what, reason);
}

/* ---- a policy ---- */

static int read_file(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	char *bytes;

	(void)ctx;
	if (!in)
		return -errno;
	if (fstat(fileno(in), &st) ||
	    !(bytes = malloc((size_t)st.st_size + 1))) {
		fclose(in);
		return -ENOMEM;
	}
	*len = fread(bytes, 1, (size_t)st.st_size, in);
	*text = bytes;
	fclose(in);
	return 0;
}

static void release_file(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

static int find_user(void *ctx, const char *name, uint32_t *id)
{
	const struct passwd *pw = getpwnam(name);

	(void)ctx;
	*id = pw ? pw->pw_uid : 0;
	return pw ? 0 : -ENOENT;
}

static int find_group(void *ctx, const char *name, uint32_t *id)
{
	const struct group *gr = getgrnam(name);

	(void)ctx;
	*id = gr ? gr->gr_gid : 0;
	return gr ? 0 : -ENOENT;
}

static struct mailwall_policy *load(const char *path)
{
	struct mailwall_load l = { .size = sizeof(l),
				   .read = read_file,
				   .release = release_file,
				   .user = find_user,
				   .group = find_group,
				   .path = path };
	struct mailwall_policy *p;

	must(m->policy_load(&l, &p, why, sizeof(why)), path, why);
	return p;
}

/* ---- events as JSON ---- */

static void put_time(FILE *to, const char *key, int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	long fraction = (long)(time_us % 1000000);
	struct tm tm;
	char text[64];

	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(to, ",\"%s\":\"%s.%06ldZ\"", key, text, fraction);
}

static void put_text(FILE *to, const char *key, const char *text)
{
	if (text)
		fprintf(to, ",\"%s\":\"%s\"", key, text);
	else
		fprintf(to, ",\"%s\":null", key);
}

static void put_address(FILE *to, const char *key, uint8_t family,
			const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text,
		  sizeof(text));
	put_text(to, key, text);
}

static void put_number(FILE *to, const char *key, uint64_t n)
{
	fprintf(to, ",\"%s\":%llu", key, (unsigned long long)n);
}

static void put_flag(FILE *to, const char *key, uint8_t flag)
{
	fprintf(to, ",\"%s\":%s", key, flag ? "true" : "false");
}

static void put_seen(FILE *to, const struct mailwall_attempt *a)
{
	const uint8_t *r[3] = { a->replies_mail, a->replies_rcpt,
				a->replies_data };
	static const char *const names[3] = { "mail", "rcpt", "data" };
	const char *between = "";

	fprintf(to, ",\"said\":[");
	for (unsigned int i = 0; i < 32; i++)
		if (a->seen >> i & 1) {
			fprintf(to, "%s\"%s\"", between,
				m->name(MAILWALL_NAME_SEEN, i));
			between = ",";
		}
	fprintf(to, "]");
	if (!(a->seen & MAILWALL_SEEN_MAIL))
		return;
	for (int i = 0; i < 3; i++)
		fprintf(to, "%s\"%s\":[%u,%u,%u]", i ? "," : ",\"replies\":{",
			names[i], r[i][0], r[i][1], r[i][2]);
	fprintf(to, "}");
}

static void take_attempt(void *ctx, const struct mailwall_attempt *a)
{
	FILE *to = ctx;

	if (a->size < sizeof(*a))
		die("attempt", "is shorter than its header says");
	fprintf(to, "{\"event\":\"attempt\"");
	put_time(to, "time", a->time_us);
	put_time(to, "last", a->last_us);
	put_address(to, "source", a->family, a->source);
	put_address(to, "destination", a->family, a->destination);
	put_number(to, "source_port", a->source_port);
	put_number(to, "port", a->port);
	put_text(to, "service", a->service);
	put_number(to, "syns", a->syns);
	put_text(to, "outcome", m->name(MAILWALL_NAME_OUTCOME, a->outcome));
	if (a->clause)
		put_text(to, "clause", a->clause);
	if (a->hidden)
		put_text(to, "hidden",
			 m->name(MAILWALL_NAME_HIDDEN, a->hidden));
	if (a->decided) {
		put_text(to, "policy_clause", a->decided);
		put_text(to, "policy_action",
			 m->name(MAILWALL_NAME_ACTION, a->decided_action));
		put_flag(to, "would_block", a->would_block);
	}
	if (a->outcome == MAILWALL_ANSWERED)
		put_flag(to, "established", a->established);
	if (a->seen)
		put_seen(to, a);
	fprintf(to, "}\n");
}

static void put_systems(FILE *to, const struct mailwall_finding *f)
{
	const char *before = "";

	fprintf(to, ",\"systems\":[");
	for (unsigned int i = 0; i < 16; i++) {
		if (!(f->systems >> i & 1))
			continue;
		fprintf(to, "%s\"%s\"", before,
			m->name(MAILWALL_NAME_SYSTEM, i + 1));
		before = ",";
	}
	fprintf(to, "]");
}

static void put_examples(FILE *to, const struct mailwall_finding *f)
{
	char text[INET6_ADDRSTRLEN];

	fprintf(to, ",\"examples\":[");
	for (int i = 0; i < f->n_examples; i++)
		fprintf(to, "%s\"%s\"", i ? "," : "",
			inet_ntop(f->family == 4 ? AF_INET : AF_INET6,
				  f->examples[i], text, sizeof(text)));
	fprintf(to, "]");
}

static void take_finding(void *ctx, const struct mailwall_finding *f)
{
	struct mailwall_element e = { .size = sizeof(e) };
	FILE *to = ctx;
	char reason[MAILWALL_WHY_BYTES];

	if (f->size < sizeof(*f))
		die("finding", "is shorter than its header says");
	must(m->finding_element(NULL, f, &e, reason, sizeof(reason)), "element",
	     reason);
	fprintf(to, "{\"event\":\"finding\"");
	put_time(to, "time", f->time_us);
	put_text(to, "finding", m->name(MAILWALL_NAME_FINDING, f->kind));
	put_text(to, "detector", m->name(MAILWALL_NAME_DETECTOR, f->detector));
	put_text(to, "source", e.text);
	put_number(to, "port", f->port);
	put_number(to, "attempts", f->attempts);
	put_number(to, "syns", f->syns);
	put_number(to, "destinations", f->destinations);
	put_number(to, "groups", f->groups);
	put_time(to, "first", f->first_s * 1000000);
	put_time(to, "last", f->last_s * 1000000);
	put_flag(to, "destinations_exact", f->destinations_exact);
	put_flag(to, "again", f->again);
	put_flag(to, "proven", f->proven);
	put_text(to, "assumed", f->blocked ? "blocked" : "open");
	put_examples(to, f);
	put_flag(to, "mail_server", f->mail_server);
	put_text(to, "confidence", f->unsure ? "low" : "normal");
	put_systems(to, f);
	fprintf(to, "}\n");
}

/* ---- an engine ---- */

static struct mailwall_engine *start(struct mailwall_policy *policy, FILE *to,
				     uint64_t key, char *reason)
{
	struct mailwall_engine_config c = { .size = sizeof(c),
					    .policy = policy,
					    .ctx = to,
					    .attempt = take_attempt,
					    .finding = take_finding,
					    .key = { key, 7 } };
	struct mailwall_engine *e;

	must(m->engine_new(&c, &e, reason, MAILWALL_WHY_BYTES), "engine",
	     reason);
	return e;
}

static struct mailwall_frame frame_of(const struct pcap_pkthdr *h,
				      const u_char *data, uint16_t link)
{
	int64_t seconds =
		h->ts.tv_sec < 0 ? (uint32_t)h->ts.tv_sec : h->ts.tv_sec;

	if (seconds > SECONDS_MOST)
		seconds = SECONDS_MOST;
	return (struct mailwall_frame){
		.size = sizeof(struct mailwall_frame),
		.data = data,
		.caplen = h->caplen,
		.len = h->len,
		.time_us = seconds * 1000000 +
			   (h->ts.tv_usec > 0 ? h->ts.tv_usec : 0),
		.link = link,
	};
}

/* Feeds a capture. Nothing calls engine_time(): frames have their own. */
static void feed(struct mailwall_engine *e, const char *path, char *reason)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, error);
	struct pcap_pkthdr *h;
	const u_char *data;

	if (!in)
		return; /* no capture: nothing happened */
	while (pcap_next_ex(in, &h, &data) == 1) {
		struct mailwall_frame f =
			frame_of(h, data, (uint16_t)pcap_datalink(in));

		must(m->engine_frame(e, &f, reason, MAILWALL_WHY_BYTES),
		     "frame", reason);
	}
	pcap_close(in);
}

static int replay(const char *capture, const char *policy_path)
{
	struct mailwall_policy *policy = policy_path ? load(policy_path) : NULL;
	struct mailwall_engine *e = start(policy, stdout, 5, why);

	m->policy_free(policy); /* the engine holds on to it */
	feed(e, capture, why);
	must(m->engine_end(e, why, sizeof(why)), "end", why);
	m->engine_free(e);
	return 0;
}

/* ---- threads ---- */

struct work {
	pthread_t thread;
	pthread_barrier_t *made; /* both engines are */
	struct mailwall_policy *policy;
	const char *capture;
	uint64_t key;
	char *text;
	size_t len;
};

static void *run_engine(void *arg)
{
	struct work *w = arg;
	FILE *to = open_memstream(&w->text, &w->len);
	char reason[MAILWALL_WHY_BYTES];
	struct mailwall_engine *e = start(w->policy, to, w->key, reason);

	pthread_barrier_wait(w->made);
	feed(e, w->capture, reason);
	must(m->engine_end(e, reason, sizeof(reason)), "end", reason);
	m->engine_free(e);
	fclose(to);
	return NULL;
}

static int count_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)bytes;
	*(size_t *)ctx += len;
	return 0;
}

static const char *const formats[] = { "nft", "json", "netlink" };

static void ask(struct work *w, uint8_t i, char *reason)
{
	struct mailwall_connection c = { .size = sizeof(c),
					 .source = { 100, 64, 0, i },
					 .destination = { 203, 0, 113, 9 },
					 .destination_port = 25,
					 .family = 4 };
	struct mailwall_decision d = { .size = sizeof(d) };
	char digest[MAILWALL_DIGEST_BYTES];

	must(m->policy_emit(w->policy, formats[i % 3], count_bytes, &w->len,
			    reason, MAILWALL_WHY_BYTES),
	     "emit", reason);
	must(m->policy_digest(w->policy, digest, sizeof(digest), reason,
			      MAILWALL_WHY_BYTES),
	     "digest", reason);
	must(m->policy_decide(w->policy, NULL, &c, &d, reason,
			      MAILWALL_WHY_BYTES),
	     "decide", reason);
}

static void *run_questions(void *arg)
{
	struct work *w = arg;
	char reason[MAILWALL_WHY_BYTES];

	for (uint8_t i = 0; i < ROUNDS; i++)
		ask(w, i, reason);
	return NULL;
}

/* The handle goes while the engines are at work. */
static int threads(const char *capture, const char *policy_path)
{
	struct mailwall_policy *policy = load(policy_path);
	pthread_barrier_t made;
	struct work w[4] = { { .key = 5 }, { .key = 6 } };
	int same;

	pthread_barrier_init(&made, NULL, 3);
	for (int i = 0; i < 4; i++) {
		w[i].made = &made;
		w[i].policy = policy;
		w[i].capture = capture;
		pthread_create(&w[i].thread, NULL,
			       i < 2 ? run_engine : run_questions, &w[i]);
	}
	pthread_barrier_wait(&made);
	pthread_join(w[2].thread, NULL);
	pthread_join(w[3].thread, NULL);
	m->policy_free(policy);
	pthread_join(w[0].thread, NULL);
	pthread_join(w[1].thread, NULL);
	pthread_barrier_destroy(&made);
	same = w[0].len == w[1].len && !memcmp(w[0].text, w[1].text, w[0].len);
	printf("%zu bytes of events, %zu of rules\n", w[0].len, w[2].len);
	free(w[0].text);
	free(w[1].text);
	if (!same)
		die("threads", "two engines told different things");
	return 0;
}

/* ---- everything once, for want of memory ---- */

struct saved {
	char *bytes;
	size_t n, cap;
};

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct saved *s = ctx;

	if (s->n + len > s->cap) {
		size_t cap = (s->n + len) * 2;
		char *more = realloc(s->bytes, cap);

		if (!more)
			return -ENOMEM;
		s->bytes = more;
		s->cap = cap;
	}
	memcpy(s->bytes + s->n, bytes, len);
	s->n += len;
	return 0;
}

static int pass_port(void *ctx, const struct mailwall_port *port)
{
	(void)ctx;
	return port->port ? 0 : -ERANGE;
}

static int pass_source(void *ctx, const struct mailwall_source *source)
{
	(void)ctx;
	return source->family ? 0 : -ERANGE;
}

/* FNV-1a */
static unsigned int sum_of(const char *bytes, size_t len)
{
	unsigned int sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)bytes[i]) * 16777619u;
	return sum;
}

static void write_rules(const struct mailwall_policy *policy)
{
	for (size_t i = 0; i < 3; i++) {
		struct saved rules = { 0 };
		int error = m->policy_emit(policy, formats[i], keep, &rules,
					   why, sizeof(why));

		/* keep() is the host, and its lack of memory, too */
		if (error == -ENOMEM)
			exit(OUT_OF_MEMORY);
		must(error, "emit", why);
		printf("%s: %zu bytes, %08x\n", formats[i], rules.n,
		       sum_of(rules.bytes, rules.n));
		free(rules.bytes);
	}
}

static int all(const char *capture, const char *policy_path)
{
	struct mailwall_policy *policy = load(policy_path);
	struct mailwall_summary sum = { .size = sizeof(sum) };
	struct work w = { .policy = policy };
	struct mailwall_engine *e;
	struct saved s = { 0 };

	ask(&w, 1, why);
	write_rules(policy);
	e = start(policy, stdout, 5, why);
	feed(e, capture, why);
	must(m->engine_time(e, INT64_C(1900000000) * 1000000, why, sizeof(why)),
	     "time", why);
	if (m->engine_save(e, keep, &s, why, sizeof(why)))
		exit(OUT_OF_MEMORY);
	must(m->engine_summary(e, &sum, why, sizeof(why)), "summary", why);
	must(m->engine_ports(e, pass_port, NULL, why, sizeof(why)), "ports",
	     why);
	must(m->engine_sources(e, pass_source, NULL, why, sizeof(why)),
	     "sources", why);
	m->engine_free(e);
	e = start(policy, stdout, 5, why);
	must(m->engine_load(e, s.bytes, s.n, why, sizeof(why)), "load", why);
	m->engine_free(e);
	m->policy_free(policy);
	free(s.bytes);
	return 0;
}

/* Lets allocations fail from here on, where abi_test.py preloads that. */
static void begin_to_fail(void)
{
	void (*begin)(void) = NULL;

	*(void **)&begin = dlsym(RTLD_DEFAULT, "fail_begin");
	if (begin)
		begin();
}

int main(int argc, char **argv)
{
	void *so = argc > 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	mailwall_get_fn *get = NULL;

	if (!so)
		die("plugin", argc > 3 ? dlerror() : "which one?");
	*(void **)&get = dlsym(so, MAILWALL_SYMBOL);
	m = get ? get(MAILWALL_MAJOR) : NULL;
	if (!m || m->magic != MAILWALL_MAGIC || m->major != MAILWALL_MAJOR ||
	    !MAILWALL_HAS(m, engine_load))
		die("plugin", "is none of ours");
	setlocale(LC_ALL, "");
	begin_to_fail();
	if (!strcmp(argv[2], "replay"))
		return replay(argv[3], argc > 4 ? argv[4] : NULL);
	if (!strcmp(argv[2], "threads") && argc > 4)
		return threads(argv[3], argv[4]);
	if (!strcmp(argv[2], "all") && argc > 4)
		return all(argv[3], argv[4]);
	die("mode", argv[2]);
}
