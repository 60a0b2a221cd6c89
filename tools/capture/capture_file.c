/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: one by libpcap's own loop, several merged by time. */
#include "input.h"
#include "../program/program.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Of more files than these only the time of the first packet is kept, until it
 * comes: a year of captures, one an hour, is never open all at once.
 */
#define OPEN_AT_ONCE 64

struct file {
	struct input input;
	struct stream *stream; /* pcap closes its FILE */
	pcap_t *pcap;	       /* NULL: put aside, or done with */
	struct pcap_pkthdr *header;
	const u_char *data; /* of the next packet, until it is handed over */
	int64_t time_us;
	int last;  /* what pcap_next_ex() or pcap_loop() returned; 0: neither */
	int error; /* of opening it, positive */
	bool can_reopen;
	size_t order;
	const volatile bool *stop;
};

/* ---- what can be wrong ---- */

static const struct reason {
	const char *libpcap, *text; /* how its text begins, and what we say */
} reasons[] = {
	{ "unknown file format", "is not a pcap or pcapng file" },
	{ "truncated", "ends in the middle of a packet; what came before it "
		       "was read" },
	{ "an interface has a type",
	  "holds interfaces of different link types; write each interface "
	  "to a file of its own" },
	{ "an interface has a snapshot length",
	  "holds interfaces of different snapshot lengths; rewrite it with "
	  "editcap -F pcap" },
};

static void say_reason(const struct file *f, const char *libpcap)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct reason *r = &reasons[i];

		if (!strncmp(libpcap, r->libpcap, strlen(r->libpcap))) {
			message_say("%s: %s", f->input.name, r->text);
			return;
		}
	}
	message_say("%s: is damaged: %s", f->input.name, libpcap);
}

static void say_no_capture(const struct file *f, const char *libpcap)
{
	const char *name = f->input.name;
	const char *fault = stream_fault(f->stream);
	const char *packer = stream_packer(f->stream);

	if (fault)
		message_say("%s: %s", name, fault);
	else if (stream_is_empty(f->stream))
		message_say("%s: is empty", name);
	else if (packer)
		message_say("%s: is packed by %s; unpack it: %s -dc FILE | "
			    "mailwall "
			    "... -",
			    name, packer, packer);
	else if (!strncmp(libpcap, "truncated", strlen("truncated")))
		message_say("%s: ends in the middle of its header", name);
	else
		say_reason(f, libpcap);
}

static void say_no_file(const struct file *f)
{
	struct rlimit limit = { 0 };

	if (f->error != EMFILE) {
		message_say("%s: %s", f->input.name, strerror(f->error));
		return;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	message_say("%s: cannot be opened: no more than %llu files may be open "
		    "(ulimit -n); give fewer at once",
		    f->input.name, (unsigned long long)limit.rlim_cur);
}

/* ---- one file ---- */

static bool raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur == limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &limit);
}

static int path_open(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EMFILE && raise_limit());
	return fd;
}

static bool is_regular(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

static void file_close(struct file *f)
{
	if (f->pcap)
		pcap_close(f->pcap);
	f->pcap = NULL;
	stream_free(f->stream);
	f->stream = NULL;
}

static int file_open(struct file *f, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	int fd = path_open(path);

	f->can_reopen = fd >= 0 && is_regular(fd) && strcmp(path, "-") != 0;
	f->stream = fd >= 0 ? stream_open(fd) : NULL;
	if (!f->stream) {
		f->error = errno;
		say_no_file(f);
		return EXIT_REFUSED;
	}
	f->pcap = pcap_fopen_offline(stream_file(f->stream), error);
	if (!f->pcap) {
		say_no_capture(f, error);
		stream_close(f->stream);
		f->stream = NULL;
		return EXIT_REFUSED;
	}
	stream_stop_by(f->stream, f->stop);
	f->input.link = (uint16_t)pcap_datalink(f->pcap);
	return EXIT_DONE;
}

static void file_free(struct input *in)
{
	file_close((struct file *)in);
}

const struct input_verbs file_verbs = { .free = file_free };

static bool is_stopped(const struct file *f)
{
	return f->stop && *f->stop;
}

/* Says how it ended, if that was before its time. */
static int file_end(struct file *f)
{
	const char *fault = stream_fault(f->stream);
	int code = EXIT_DONE;

	if (!is_stopped(f) && (fault || f->last == PCAP_ERROR)) {
		code = EXIT_REFUSED;
		if (fault)
			message_say("%s: %s", f->input.name, fault);
		else
			say_reason(f, pcap_geterr(f->pcap));
	}
	file_close(f);
	return code;
}

/* Reads ahead: one packet waits in f, or the file has ended. */
static int file_next(struct file *f)
{
	f->last = pcap_next_ex(f->pcap, &f->header, &f->data);
	if (f->last != 1)
		return file_end(f);
	f->time_us = input_time_us(&f->header->ts);
	return EXIT_DONE;
}

/* ---- several files: a heap, the one whose packet is next on top ---- */

struct merge {
	struct file **files;
	size_t n;
};

static bool comes_before(const struct file *a, const struct file *b)
{
	return a->time_us != b->time_us ? a->time_us < b->time_us :
					  a->order < b->order;
}

static void sift_down(struct merge *m, size_t i)
{
	for (;;) {
		struct file *f = m->files[i];
		size_t first = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < m->n; k++)
			if (comes_before(m->files[k], m->files[first]))
				first = k;
		if (first == i)
			return;
		m->files[i] = m->files[first];
		m->files[first] = f;
		i = first;
	}
}

static void remove_top(struct merge *m)
{
	m->files[0] = m->files[--m->n];
	sift_down(m, 0);
}

/* Opens the file on top if it was put aside; false: it is gone. */
static bool open_top(struct capture *c, struct merge *m)
{
	struct file *f = m->files[0];

	if (f->pcap)
		return true;
	f->last = 0;
	if (file_open(f, f->input.name))
		c->code = EXIT_REFUSED;
	else
		c->code |= file_next(f);
	if (f->last == 1)
		return true;
	remove_top(m);
	if (f->error == EMFILE)
		m->n = 0;
	return false;
}

static void merge_step(struct capture *c, struct merge *m)
{
	struct file *f = m->files[0];

	if (!open_top(c, m))
		return;
	input_hand_packet((u_char *)f, f->header, f->data);
	c->code |= file_next(f);
	if (f->last == 1)
		sift_down(m, 0);
	else
		remove_top(m);
}

static void file_take(u_char *u, const struct pcap_pkthdr *header,
		      const u_char *data)
{
	struct file *f = (struct file *)u;

	if (*f->stop)
		pcap_breakloop(f->pcap);
	else
		input_hand_packet(u, header, data);
}

/* The last one needs no comparing: libpcap's own loop. */
static void run_last(struct capture *c, struct merge *m)
{
	struct file *f = m->files[0];

	if (!open_top(c, m))
		return;
	input_hand_packet((u_char *)f, f->header, f->data);
	f->last = pcap_loop(f->pcap, -1, file_take, (u_char *)f);
	c->code |= file_end(f);
}

static void merge_start(struct capture *c, struct merge *m, frame_fn *fn,
			void *ctx, const volatile bool *stop)
{
	for (size_t i = 0; i < c->n; i++) {
		struct file *f = (struct file *)c->items[i];

		if (f->input.verbs != &file_verbs)
			continue;
		f->input.fn = fn;
		f->input.ctx = ctx;
		f->stop = stop;
		if (f->stream)
			stream_stop_by(f->stream, stop);
		if (!f->last)
			c->code |= file_next(f);
		if (f->last == 1)
			m->files[m->n++] = f;
	}
	for (size_t i = m->n / 2; i-- > 0;)
		sift_down(m, i);
}

int capture_run_files(struct capture *c, frame_fn *fn, void *ctx,
		      const volatile bool *stop)
{
	struct merge m = { .files = calloc(c->n + 1, sizeof(*m.files)) };

	if (!m.files) {
		message_say("out of memory");
		return EXIT_REFUSED;
	}
	merge_start(c, &m, fn, ctx, stop);
	while (m.n > 1 && !*stop)
		merge_step(c, &m);
	if (m.n == 1 && !*stop)
		run_last(c, &m);
	free(m.files);
	return c->code;
}

/* ---- adding ---- */

#define STDIN_NAME "standard input"

static int check_stdin(const struct capture *c)
{
	if (isatty(STDIN_FILENO)) {
		message_say(STDIN_NAME
			    " is a terminal; pipe a capture into it");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i]->verbs == &file_verbs &&
		    !strcmp(c->items[i]->name, STDIN_NAME)) {
			message_say(STDIN_NAME " can be read only once");
			return EXIT_USAGE;
		}
	}
	return EXIT_DONE;
}

static int add_file(struct capture *c, const char *path)
{
	const char *name = strcmp(path, "-") ? path : STDIN_NAME;
	struct file *f = input_new(sizeof(*f), &file_verbs, name);
	int code = f ? file_open(f, path) : EXIT_REFUSED;

	if (code) {
		if (f)
			input_free(&f->input);
		return code;
	}
	f->order = c->n;
	f->input.exact = true;
	/* A pipe may take its time with its first packet. */
	if (f->can_reopen)
		c->code |= file_next(f);
	if (f->can_reopen && c->n >= OPEN_AT_ONCE)
		file_close(f);
	return capture_add(c, &f->input);
}

int capture_add_file(struct capture *c, const char *path)
{
	int code = strcmp(path, "-") ? EXIT_DONE : check_stdin(c);

	if (!code)
		code = add_file(c, path);
	c->code |= code;
	return code;
}
