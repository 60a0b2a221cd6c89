/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailwall as a plugin of collectd(1): what a table of the kernel counts, and
 * what an engine makes of captured packets, as values and notifications.
 *
 * It knows mailwall by mailwall.h alone, and finds mailwall.so.1 when collectd
 * starts. Two threads meet here: one of collectd's, which asks for values, and
 * one that captures, to which the engine belongs. Between them is a lock, and
 * under it figures of the last second.
 */
#ifndef MAILWALL_HOST_H
#define MAILWALL_HOST_H

#include <mailwall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>

#define PLUGIN_NAME   "mailwall"
#define INPUTS_MOST   32
#define OUTCOMES_MOST 8 /* enum mailwall_outcome has room to grow */

/* A line of collectd's log, after our name. level: LOG_ERR and so on. */
void collectd_say(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- settings.c ---- */

struct input_setting {
	char *name;   /* "eth0", or "nflog:25" */
	bool is_file; /* read once, from its beginning to its end */
};

/* What the configuration says; NULL: not given. */
struct settings {
	char *library, *policy, *state;
	char *family, *table;
	struct input_setting inputs[INPUTS_MOST];
	size_t n_inputs;
	size_t memory;	      /* bytes; 0: what the engine takes by itself */
	size_t elements_most; /* of a set that is listed to be counted */
	bool skip_warmup;
	bool given;   /* there was a block */
	bool refused; /* it had mistakes, which were said */
};

extern struct settings settings;

int settings_take(oconfig_item_t *block);
/* What one option does not say of another. */
void settings_finish(void);
void settings_free(void);

/* ---- library.c ---- */

struct library {
	void *so;
	const struct mailwall_api *m;
	struct mailwall_policy *policy; /* NULL: none was asked for */
};

/* 0, or -1 and it was said why. */
int library_open(struct library *l, const struct settings *s);
void library_close(struct library *l);
/* The whole of a file, which the caller frees. 0, or -errno. */
int file_read(const char *path, const char **text, size_t *len);

/* ---- table.c ---- */

struct counter {
	char name[DATA_MAX_NAME_LEN];
	uint64_t packets, bytes;
};

struct set {
	char name[DATA_MAX_NAME_LEN];
	uint32_t flags, size; /* NFT_SET_...; size 0: it has no limit */
	uint64_t elements;
	bool counted; /* elements is known */
};

struct table {
	const char *family, *name; /* "inet", "mailwall" */
	struct counter *counters;
	struct set *sets;
	size_t n_counters, n_sets;
};

/* Is it a family that nft(8) knows? */
bool table_family_is_known(const char *family);
/*
 * 0, or -errno: -ENOENT if there is no such table. In both cases table_free()
 * is to follow.
 */
int table_read(struct table *t, size_t elements_most);
void table_free(struct table *t);

/* ---- input.c ---- */

typedef void frame_fn(void *ctx, const struct mailwall_frame *frame);

struct input {
	const struct input_setting *setting;
	struct pcap *pcap;  /* NULL: it cannot be captured now */
	unsigned int index; /* of the interface; 0: it is none */
	uint8_t number;
	bool ready;	 /* poll() says that there is something */
	bool ended;	 /* the file was read */
	bool complained; /* it was said why it cannot be */
	bool opened;	 /* it once was */
	uint64_t lost;
	unsigned int dropped; /* as libpcap last said, mod 2^32 */
	frame_fn *fn;
	void *ctx;
};

void input_open(struct input *in, const uint16_t *ports, size_t n_ports);
/* Some of what is there; what cannot be read any more is closed. */
void input_read(struct input *in, frame_fn *fn, void *ctx);
void input_count_lost(struct input *in);
void input_close(struct input *in);

/* ---- state.c ---- */

/* What the engine knew, from the last time. Mistakes are said. */
void state_load(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path);
void state_save(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path);

/* ---- capture.c ---- */

struct port_figures {
	uint16_t port;
	uint64_t attempts;
	uint64_t outcomes[OUTCOMES_MOST];
};

struct input_figures {
	const char *name;
	uint64_t lost;
	bool open;
};

struct figures {
	struct port_figures ports[MAILWALL_PORTS];
	struct input_figures inputs[INPUTS_MOST];
	size_t n_ports, n_inputs;
	uint64_t findings[MAILWALL_FINDINGS];
	uint64_t packets, sources;
	bool warm;
};

/* 0, or -1 and it was said why. Without inputs nothing is captured. */
int capture_start(const struct library *l, const struct settings *s);
/* false: nothing is captured. */
bool capture_figures(struct figures *out);
void capture_stop(void);

/* ---- report.c ---- */

/* The types that types.db has, if collectd did not read ours. */
void report_types(void);
void report_table(const struct table *t, bool present);
void report_figures(const struct mailwall_api *m, const struct figures *f);
void report_finding(const struct library *l, const struct mailwall_finding *f);

#endif
