/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make SMALL=1: what stands in for the store and its pages. options.c refuses
 * the options that would need them, so nothing here is reached but by callers
 * that hand on what they do not have.
 */
#include "../serve/status_pages.h"
#include "../store/loaded_note.h"
#include "../store/recorder.h"

int read_bounds(const struct program *p, const char *keep, const char *most,
		struct recorder_options *options)
{
	(void)p;
	(void)keep;
	(void)most;
	(void)options;
	return EXIT_DONE;
}

int recorder_open(struct recorder **out, const struct recorder_options *options)
{
	(void)options;
	*out = NULL;
	message_say("this mailwall was made without the store");
	return EXIT_USAGE;
}

void recorder_attempt(struct recorder *r, const struct attempt_event *event)
{
	(void)r;
	(void)event;
}

void recorder_early(struct recorder *r, const struct attempt_event *event)
{
	(void)r;
	(void)event;
}

void recorder_finding(struct recorder *r, const struct finding *finding)
{
	(void)r;
	(void)finding;
}

void recorder_losses(struct recorder *r, uint64_t lost, uint64_t unlogged)
{
	(void)r;
	(void)lost;
	(void)unlogged;
}

void recorder_pass(struct recorder *r, int64_t now_s)
{
	(void)r;
	(void)now_s;
}

void recorder_hand(struct recorder *r)
{
	(void)r;
}

int recorder_close(struct recorder *r)
{
	(void)r;
	return EXIT_DONE;
}

int store_open(const char *path, bool write, struct store **out)
{
	(void)path;
	(void)write;
	*out = NULL;
	message_say("this mailwall was made without the store");
	return EXIT_USAGE;
}

void store_close(struct store *s)
{
	(void)s;
}

int store_findings(struct store *s, int64_t since_s, int64_t until_s,
		   void (*fn)(void *ctx, const struct store_found *f),
		   void *ctx)
{
	(void)s;
	(void)since_s;
	(void)until_s;
	(void)fn;
	(void)ctx;
	return EXIT_USAGE;
}

int store_runs(struct store *s, int64_t since_s, int64_t until_s,
	       void (*fn)(void *ctx, const struct store_run *run), void *ctx)
{
	(void)s;
	(void)since_s;
	(void)until_s;
	(void)fn;
	(void)ctx;
	return EXIT_USAGE;
}

int status_pages_open(struct status_pages **out,
		      const struct status_pages_options *options)
{
	(void)options;
	*out = NULL;
	message_say("this mailwall was made without pages");
	return EXIT_USAGE;
}

void status_pages_show(struct status_pages *l, struct engine *engine,
		       struct priv *priv, struct recorder *recorder)
{
	(void)l;
	(void)engine;
	(void)priv;
	(void)recorder;
}

void status_pages_close(struct status_pages *l)
{
	(void)l;
}

int status_pages_fd(const struct status_pages *l)
{
	(void)l;
	return -1;
}

void status_pages_run(struct status_pages *l,
		      const struct summary_extra *losses)
{
	(void)l;
	(void)losses;
}

void note_loaded(const char *policy, const char *digest, uint32_t generation)
{
	(void)policy;
	(void)digest;
	(void)generation;
}
