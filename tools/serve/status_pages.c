/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_pages.h"

#include "metrics.h"
#include "../report/writer.h"
#include "../priv/priv_bytes.h"

#include "../../rules/base/arena.h"
#include "../event/events.h"
#include "../program/message.h"
#include "../program/program.h"
#include "../program/utf8.h"
#include "../program/when.h"

#include <stdio.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE_DAYS    7
#define PAGE_TOP     20
#define PAGE_KEPT_S  60
#define PATIENCE_MS  300 /* for which other clients may wait for a page */
#define METRICS_KEPT 1	 /* seconds */

struct status_pages {
	struct http *http;
	struct http_page pages[3];
	struct status_pages_options options;
	struct status_ways ways;
	struct recorder *recorder;
	int64_t start_s;
	/* The report. The members below are under the lock. */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *html; /* NULL: not made yet */
	size_t len;
	int64_t made_s; /* CLOCK_MONOTONIC */
	bool wanted, stop;
};

/* ---- the report ---- */

static int pages_make_report(const char *path, struct report *r,
			     struct arena *arena, struct fault *f)
{
	struct report_query query = { .until_s = when_so_far_s(),
				      .top = PAGE_TOP };
	struct store *store = NULL;
	int error = store_open(path, false, &store, f);

	query.since_s = query.until_s - PAGE_DAYS * 86400;
	if (!error)
		error = report_make(store, arena, &query, r, f);
	store_close(store);
	return error;
}

/* Writes the page, for free(); NULL: out of memory. */
static char *pages_write_html(const struct report *r, size_t *len)
{
	const struct report_style style = { 0 };
	char *html = NULL;
	FILE *out = open_memstream(&html, len);
	int error;

	if (!out)
		return NULL;
	error = report_writer_html.write(r, &style, out);
	if (!fclose(out) && !error)
		return html;
	free(html);
	return NULL;
}

/* Makes the page, for free(); NULL, and why. */
static char *pages_make_html(const char *path, size_t *len, struct fault *f)
{
	struct arena *arena = arena_new();
	struct report *r;
	char *html = NULL;

	fault_no_memory(f);
	if (!arena || setjmp(*arena_on_failure(arena))) {
		arena_free(arena);
		return NULL;
	}
	r = arena_alloc(arena, sizeof(*r));
	if (!pages_make_report(path, r, arena, f))
		html = pages_write_html(r, len);
	arena_free(arena);
	return html;
}

/* A page is as old as a steady clock says, and nobody waits by another. */
static int64_t pages_steady_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void pages_init_changed(struct status_pages *l)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void *make_pages(void *ctx)
{
	struct status_pages *l = ctx;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		struct fault f = { 0 };
		char *html;
		size_t len = 0;

		if (!l->wanted) {
			pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		html = pages_make_html(l->options.store_path, &len, &f);
		if (!html && l->options.say)
			l->options.say(l->options.ctx, f.text);
		pthread_mutex_lock(&l->lock);
		l->wanted = false;
		if (html) {
			free(l->html);
			l->html = html;
			l->len = len;
			l->made_s = pages_steady_s();
		}
		pthread_cond_broadcast(&l->changed);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* Waits a moment for a new page; if it takes longer, an older one is sent. */
static void wait_for_page(struct status_pages *l)
{
	struct timespec until;

	if (l->html && pages_steady_s() - l->made_s < PAGE_KEPT_S)
		return;
	l->wanted = true;
	pthread_cond_broadcast(&l->changed);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (l->wanted &&
	       !pthread_cond_timedwait(&l->changed, &l->lock, &until))
		;
}

static const char waiting[] =
	"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	"<meta http-equiv=\"refresh\" content=\"2\"><title>mailwall</title>"
	"<p>The report is being made; this page asks again in two seconds.\n";
static const char no_store[] =
	"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	"<title>mailwall</title><p>This monitor keeps no store; start it with "
	"<code>--store</code> for a report. Its figures are in "
	"<a href=\"/metrics\">/metrics</a>.\n";

static int status_pages_write_report(void *ctx, FILE *out)
{
	struct status_pages *l = ctx;

	if (!l->options.store_path) {
		fputs(no_store, out);
		return 0;
	}
	pthread_mutex_lock(&l->lock);
	wait_for_page(l);
	if (l->html)
		fwrite(l->html, 1, l->len, out);
	else
		fputs(waiting, out);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* ---- metrics ---- */

struct loaded_now {
	struct metrics_clause *clauses;
	struct metrics_set *sets;
	struct metrics_fault *faults;
	struct metrics_guard guards[GUARD_N];
};

static void status_pages_take_guards(struct loaded_now *n,
				     const struct priv_head *head,
				     struct metrics *m)
{
	for (size_t g = 0; g < GUARD_N; g++)
		if (head->guards[g].counted)
			n->guards[m->n_guards++] = (struct metrics_guard){
				guard_infos[g].counter, head->guards[g].packets
			};
	m->guards = n->guards;
}

static void status_pages_take_head(const struct priv_head *head,
				   struct metrics *m)
{
	m->n_clauses = head->n_clauses;
	m->n_sets = head->n_sets;
	m->n_faults = head->n_faults;
	m->loaded_known = true;
	m->policy = head->loaded ? head->policy : NULL;
	m->digest = head->loaded ? head->digest : NULL;
	m->drift_known = head->drift_known;
	m->drift = head->drift;
	m->acting = head->acting;
	m->observes = head->observes;
}

static struct metrics_clause status_pages_clause(const struct priv_clause *c)
{
	return (struct metrics_clause){
		.id = c->id,
		.text = c->text,
		.packets = c->packets,
		.bytes = c->bytes,
		.observed = c->observed,
		.observed_packets = c->observed_packets,
		.observed_bytes = c->observed_bytes,
	};
}

/* Turns the reply of the privileged process into metrics; texts stay in it. */
static int status_pages_take_loaded(struct loaded_now *n, const char *bytes,
				    size_t len, struct metrics *m)
{
	const struct priv_head *head = (const void *)bytes;
	const struct priv_clause *c = (const void *)(head + 1);
	const struct priv_fill *f;
	const struct priv_fault *t;

	if (!priv_loaded_is_whole(bytes, len))
		return -EIO;
	f = (const void *)(c + head->n_clauses);
	t = (const void *)(f + head->n_sets);
	n->clauses = calloc(head->n_clauses + 1, sizeof(*n->clauses));
	n->sets = calloc(head->n_sets + 1, sizeof(*n->sets));
	n->faults = calloc(head->n_faults + 1, sizeof(*n->faults));
	if (!n->clauses || !n->sets || !n->faults)
		return -ENOMEM;
	for (size_t i = 0; i < head->n_clauses; i++)
		n->clauses[i] = status_pages_clause(&c[i]);
	for (size_t i = 0; i < head->n_sets; i++)
		n->sets[i] = (struct metrics_set){ f[i].name, f[i].elements,
						   f[i].size, f[i].known };
	for (size_t i = 0; i < head->n_faults; i++)
		n->faults[i] = (struct metrics_fault){ t[i].name, t[i].object };
	m->clauses = n->clauses;
	m->sets = n->sets;
	m->faults = n->faults;
	status_pages_take_head(head, m);
	status_pages_take_guards(n, head, m);
	return 0;
}

static int status_pages_no_answer(FILE *out)
{
	fputs("the process that reads packets does not answer\n", out);
	return HTTP_UNWELL;
}

static struct metrics status_pages_metrics(const struct status_pages *l,
					   const struct status_view *v)
{
	const struct summary_extra *extra = v->extra;

	return (struct metrics){
		.summary = v->summary,
		.lost = extra->lost,
		.unlogged = extra->unlogged,
		.lost_exact = extra->lost_exact,
		.has_quarantine = extra->has_quarantine,
		.quarantine_waiting = extra->waiting,
		.quarantine_flagged = extra->flagged,
		.quarantine_refused = extra->refused,
		.quarantine_forgotten = extra->forgotten,
		.sight = &extra->sight,
		.has_priv = v->has_priv,
		.priv_up = v->priv_up,
		.has_store = l->recorder,
		.start_s = l->start_s,
	};
}

static int write_metrics(void *ctx, FILE *out)
{
	struct status_pages *l = ctx;
	struct recorder_state state = { 0 };
	struct loaded_now loaded = { 0 };
	struct status_view v = { 0 };
	struct metrics m;
	int error;

	if (!l->ways.view(l->ways.ctx, &v))
		return status_pages_no_answer(out);
	m = status_pages_metrics(l, &v);
	if (l->recorder)
		recorder_state(l->recorder, &state);
	m.store_rows = state.rows;
	m.store_errors = state.errors;
	if (v.loaded)
		status_pages_take_loaded(&loaded, v.loaded, v.loaded_len, &m);
	error = metrics_write(&m, out);
	free(loaded.clauses);
	free(loaded.sets);
	free(loaded.faults);
	return error;
}

/* ---- health ---- */

static void pages_put_complaints(const struct sight_view *v, FILE *out)
{
	for (uint32_t i = 0; i < v->n; i++) {
		utf8_puts(out, v->items[i].text);
		fputc('\n', out);
	}
	if (v->more)
		fprintf(out, "and %u complaints more\n", v->more);
}

static int write_health(void *ctx, FILE *out)
{
	struct status_pages *l = ctx;
	struct recorder_state state = { 0 };
	struct status_health h;
	bool well;

	if (!l->ways.health(l->ways.ctx, &h))
		return status_pages_no_answer(out);
	if (l->recorder)
		recorder_state(l->recorder, &state);
	well = !state.failing && !*h.complaint && sight_sees(h.sight);
	if (well)
		fputs("ok\n", out);
	if (state.failing)
		fprintf(out, "the store cannot be written\n");
	if (*h.complaint) {
		utf8_puts(out, h.complaint);
		fputc('\n', out);
	}
	pages_put_complaints(h.sight, out);
	return well ? 0 : HTTP_UNWELL;
}

/* ---- opening and running ---- */

int status_pages_open(struct status_pages **out,
		      const struct status_pages_options *options,
		      struct fault *f)
{
	struct status_pages *l = calloc(1, sizeof(*l));
	struct http_pages pages = { .n = 3,
				    .allow_remote = options->allow_remote };

	*out = l;
	if (!l)
		return fault_no_memory(f);
	l->options = *options;
	l->start_s = (int64_t)time(NULL);
	l->pages[0] = (struct http_page){ "/", report_writer_html.type, 0,
					  status_pages_write_report };
	l->pages[1] = (struct http_page){ "/metrics", METRICS_TYPE,
					  METRICS_KEPT, write_metrics };
	l->pages[2] =
		(struct http_page){ "/healthz", HTTP_TEXT, 0, write_health };
	pthread_mutex_init(&l->lock, NULL);
	pages_init_changed(l);
	pages.items = l->pages;
	pages.ctx = l;
	return http_open(&l->http, options->listen, &pages, f);
}

void status_pages_show(struct status_pages *l, const struct status_ways *ways,
		       struct recorder *recorder)
{
	l->ways = *ways;
	l->recorder = recorder;
	if (l->options.store_path &&
	    !pthread_create(&l->thread, NULL, make_pages, l))
		l->has_thread = true;
}

void status_pages_close(struct status_pages *l)
{
	if (!l)
		return;
	http_close(l->http);
	if (l->has_thread) {
		pthread_mutex_lock(&l->lock);
		l->stop = true;
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
	}
	free(l->html);
	free(l);
}

const char *status_pages_address(const struct status_pages *l)
{
	return http_address(l->http);
}

int status_pages_fd(const struct status_pages *l)
{
	return http_fd(l->http);
}

void status_pages_run(struct status_pages *l)
{
	http_run(l->http);
}
