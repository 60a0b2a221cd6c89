/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: one through libpcap's own loop, several merged by time. */
#include "capture_priv.h"
#include "packet.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Files behind these are closed again once the time of their first packet is
 * known, until it is their turn: a year of captures, one an hour, is never open
 * all at once.
 */
#define OPEN_AT_ONCE 64

struct file {
	struct input input;
	struct stream *stream; /* pcap closes its FILE */
	pcap_t *pcap;	       /* NULL: closed until its turn, or read */
	struct pcap_pkthdr *header;
	const u_char *data; /* the next packet, read ahead */
	int64_t time_us;
	int last;  /* result of pcap_next_ex() or pcap_loop(); 0: neither ran */
	int error; /* errno of opening it */
	bool can_reopen;
	size_t order;
	const volatile bool *stop;
};

/* ---- what can be wrong ---- */

static const struct reason {
	const char *libpcap, *text; /* how its message begins; our sentence */
} reasons[] = {
	{ "unknown file format",
	  "is not a pcap or pcapng file; logs are for mailwall import" },
	{ "truncated", "ends in the middle of a packet; what came before it "
		       "was read" },
	{ "an interface has a type",
	  "holds interfaces of different link types; write each interface "
	  "to a file of its own" },
	{ "an interface has a snapshot length",
	  "holds interfaces of different snapshot lengths; rewrite it with "
	  "editcap -F pcap" },
};

/* Reports what libpcap says of the file in our words. -errno. */
static int file_fail_reading(const struct file *f, const char *libpcap)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct reason *r = &reasons[i];

		if (!strncmp(libpcap, r->libpcap, strlen(r->libpcap)))
			return capture_fail(f->input.capture, -EBADMSG,
					    "%s: %s", f->input.name, r->text);
	}
	return capture_fail(f->input.capture, -EBADMSG, "%s: is damaged: %s",
			    f->input.name, libpcap);
}

static int file_fail_header(const struct file *f, const char *libpcap)
{
	struct capture *c = f->input.capture;
	const char *name = f->input.name;
	const char *fault = stream_fault(f->stream);
	const char *packer = stream_packer(f->stream);

	if (fault)
		return capture_fail(c, -EIO, "%s: %s", name, fault);
	if (stream_is_empty(f->stream))
		return capture_fail(c, -ENODATA, "%s: is empty", name);
	if (packer)
		return capture_fail(c, -EBADMSG,
				    "%s: is packed by %s; unpack it: %s -dc "
				    "FILE | mailwall ... -",
				    name, packer, packer);
	if (!strncmp(libpcap, "truncated", strlen("truncated")))
		return capture_fail(c, -EBADMSG,
				    "%s: ends in the middle of its header",
				    name);
	return file_fail_reading(f, libpcap);
}

static int file_fail_open(const struct file *f)
{
	struct rlimit limit = { 0 };

	if (f->error != EMFILE)
		return capture_fail(f->input.capture, -f->error, "%s: %s",
				    f->input.name, strerror(f->error));
	getrlimit(RLIMIT_NOFILE, &limit);
	return capture_fail(f->input.capture, -EMFILE,
			    "%s: cannot be opened: no more than %llu files may "
			    "be open (ulimit -n); give fewer at once",
			    f->input.name, (unsigned long long)limit.rlim_cur);
}

/* ---- one file ---- */

static bool file_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur == limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &limit);
}

static int file_open_path(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EMFILE && file_raise_limit());
	return fd;
}

static bool file_is_regular(int fd)
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
	char why[PCAP_ERRBUF_SIZE];
	int fd = file_open_path(path), error;

	f->can_reopen =
		fd >= 0 && file_is_regular(fd) && strcmp(path, "-") != 0;
	f->stream = fd >= 0 ? stream_open(fd) : NULL;
	if (!f->stream) {
		f->error = errno;
		return file_fail_open(f);
	}
	f->pcap = pcap_fopen_offline(stream_file(f->stream), why);
	if (!f->pcap) {
		error = file_fail_header(f, why);
		stream_close(f->stream);
		f->stream = NULL;
		return error;
	}
	stream_stop_by(f->stream, f->stop);
	f->input.link = (uint16_t)pcap_datalink(f->pcap);
	return 0;
}

static void file_free(struct input *in)
{
	file_close((struct file *)in);
}

const struct input_verbs file_verbs = { .free = file_free };

static bool file_is_stopped(const struct file *f)
{
	return f->stop && *f->stop;
}

/* Closes the file; reports and notes how it ended, if that was too early. */
static void file_end(struct file *f)
{
	struct capture *c = f->input.capture;
	const char *fault = stream_fault(f->stream);

	if (file_is_stopped(f))
		; /* no fault of the file's */
	else if (fault)
		capture_note(c, capture_fail(c, -EIO, "%s: %s", f->input.name,
					     fault));
	else if (f->last == PCAP_ERROR)
		capture_note(c, file_fail_reading(f, pcap_geterr(f->pcap)));
	file_close(f);
}

/* Reads ahead: one packet waits in f, or the file has ended. */
static void file_next(struct file *f)
{
	f->last = pcap_next_ex(f->pcap, &f->header, &f->data);
	if (f->last == 1)
		f->time_us = packet_time_us(&f->header->ts);
	else
		file_end(f);
}

/* ---- several files: a heap, the one whose packet is next on top ---- */

struct merge {
	struct file **files;
	size_t n;
};

static bool merge_is_before(const struct file *a, const struct file *b)
{
	return a->time_us != b->time_us ? a->time_us < b->time_us :
					  a->order < b->order;
}

static void merge_sift(struct merge *m, size_t i)
{
	for (;;) {
		struct file *f = m->files[i];
		size_t first = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < m->n; k++)
			if (merge_is_before(m->files[k], m->files[first]))
				first = k;
		if (first == i)
			return;
		m->files[i] = m->files[first];
		m->files[first] = f;
		i = first;
	}
}

static void merge_pop(struct merge *m)
{
	m->files[0] = m->files[--m->n];
	merge_sift(m, 0);
}

/* Opens the file on top if it is closed; false: it is gone. */
static bool merge_open_top(struct merge *m)
{
	struct file *f = m->files[0];
	int error;

	if (f->pcap)
		return true;
	f->last = 0;
	error = file_open(f, f->input.name);
	capture_note(f->input.capture, error);
	if (!error)
		file_next(f);
	if (f->last == 1)
		return true;
	merge_pop(m);
	if (f->error == EMFILE)
		m->n = 0;
	return false;
}

static void merge_step(struct merge *m)
{
	struct file *f = m->files[0];

	if (!merge_open_top(m))
		return;
	packet_submit((u_char *)f, f->header, f->data);
	file_next(f);
	if (f->last == 1)
		merge_sift(m, 0);
	else
		merge_pop(m);
}

static void file_on_packet(u_char *u, const struct pcap_pkthdr *header,
			   const u_char *data)
{
	struct file *f = (struct file *)u;

	if (*f->stop)
		pcap_breakloop(f->pcap);
	else
		packet_submit(u, header, data);
}

/* The last file needs no comparing: libpcap's own loop reads it. */
static void merge_run_last(struct merge *m)
{
	struct file *f = m->files[0];

	if (!merge_open_top(m))
		return;
	packet_submit((u_char *)f, f->header, f->data);
	f->last = pcap_loop(f->pcap, -1, file_on_packet, (u_char *)f);
	file_end(f);
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
			file_next(f);
		if (f->last == 1)
			m->files[m->n++] = f;
	}
	for (size_t i = m->n / 2; i-- > 0;)
		merge_sift(m, i);
}

int capture_run_files(struct capture *c, frame_fn *fn, void *ctx,
		      const volatile bool *stop)
{
	struct merge m = { .files = calloc(c->n + 1, sizeof(*m.files)) };

	if (!m.files)
		return capture_fail(c, -ENOMEM, "out of memory");
	merge_start(c, &m, fn, ctx, stop);
	while (m.n > 1 && !*stop)
		merge_step(&m);
	if (m.n == 1 && !*stop)
		merge_run_last(&m);
	free(m.files);
	return c->error;
}

/* ---- adding ---- */

#define STDIN_NAME "standard input"

static int file_check_stdin(struct capture *c)
{
	if (isatty(STDIN_FILENO))
		return capture_fail(c, -EINVAL,
				    STDIN_NAME " is a terminal; pipe a capture "
					       "into it");
	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i]->verbs == &file_verbs &&
		    !strcmp(c->items[i]->name, STDIN_NAME))
			return capture_fail(c, -EINVAL,
					    STDIN_NAME
					    " can be read only once");
	}
	return 0;
}

static int file_add(struct capture *c, const char *path)
{
	const char *name = strcmp(path, "-") ? path : STDIN_NAME;
	struct file *f = input_new(c, sizeof(*f), &file_verbs, name);
	int error = f ? file_open(f, path) : -ENOMEM;

	if (error) {
		if (f)
			input_free(&f->input);
		return error;
	}
	f->order = c->n;
	f->input.exact = true;
	/* A pipe may take its time with its first packet. */
	if (f->can_reopen)
		file_next(f);
	if (f->can_reopen && c->n >= OPEN_AT_ONCE)
		file_close(f);
	return capture_add(c, &f->input);
}

int capture_add_file(struct capture *c, const char *path)
{
	int error = strcmp(path, "-") ? 0 : file_check_stdin(c);

	if (!error)
		error = file_add(c, path);
	capture_note(c, error);
	return error;
}
