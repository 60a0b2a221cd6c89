/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files, and the filter that live capture puts into the kernel. */
#include "../../unit.h"

#include "../../../../tools/capture/capture.h"
#include "../../../../tools/capture/capture_filter.h"
#include "../../../../tools/program/program.h"

#include <dirent.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* ---- a folder of our own ---- */

static char folder[] = "/tmp/test_capture.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[8][128];
	static unsigned int next;
	char *p = path[next++ % COUNT(path)];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static const char *write_file(const char *name, const void *bytes, size_t n)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* ---- captures made by hand ---- */

enum { BIG = 1, NANO = 2, NG = 4, GZIP = 8 };

struct packet {
	int64_t time_us;
	uint32_t caplen, len;
};

static void put(struct text *t, int form, unsigned int bytes, uint64_t value)
{
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int shift = 8 * (form & BIG ? bytes - 1 - i : i);

		fputc((int)(value >> shift & 0xff), t->file);
	}
}

/* The bytes of a packet tell which one it is. */
static void put_bytes(struct text *t, const struct packet *p)
{
	for (uint32_t i = 0; i < p->caplen; i++)
		fputc((int)((uint64_t)p->time_us + i) & 0xff, t->file);
}

static void put_interface(struct text *t, int form, uint16_t link,
			  uint32_t snaplen)
{
	put(t, form, 4, 1);
	put(t, form, 4, 32);
	put(t, form, 2, link);
	put(t, form, 2, 0);
	put(t, form, 4, snaplen);
	put(t, form, 2, 9); /* if_tsresol */
	put(t, form, 2, 1);
	put(t, BIG, 4, (form & NANO ? 9u : 6u) << 24);
	put(t, form, 4, 0);
	put(t, form, 4, 32);
}

static void put_header(struct text *t, int form, uint16_t link)
{
	if (form & NG) {
		put(t, form, 4, 0x0a0d0d0a);
		put(t, form, 4, 28);
		put(t, form, 4, 0x1a2b3c4d);
		put(t, form, 2, 1);
		put(t, form, 2, 0);
		put(t, form, 8, UINT64_MAX);
		put(t, form, 4, 28);
		put_interface(t, form, link, 65535);
		return;
	}
	put(t, form, 4, form & NANO ? 0xa1b23c4d : 0xa1b2c3d4);
	put(t, form, 2, 2);
	put(t, form, 2, 4);
	put(t, form, 8, 0);
	put(t, form, 4, 65535);
	put(t, form, 4, link);
}

static void put_packet(struct text *t, int form, const struct packet *p)
{
	uint64_t time = (uint64_t)p->time_us * (form & NANO ? 1000 : 1);
	uint32_t padded = (p->caplen + 3) & ~3u;

	if (form & NG) {
		put(t, form, 4, 6);
		put(t, form, 4, 32 + padded);
		put(t, form, 4, 0);
		put(t, form, 4, time >> 32);
		put(t, form, 4, time & UINT32_MAX);
		put(t, form, 4, p->caplen);
		put(t, form, 4, p->len);
		put_bytes(t, p);
		put(t, form, padded - p->caplen, 0);
		put(t, form, 4, 32 + padded);
		return;
	}
	put(t, form, 4, (uint64_t)p->time_us / 1000000);
	put(t, form, 4,
	    (uint64_t)p->time_us % 1000000 * (form & NANO ? 1000 : 1));
	put(t, form, 4, p->caplen);
	put(t, form, 4, p->len);
	put_bytes(t, p);
}

static void pack(struct text *t, const char *bytes, size_t n)
{
	z_stream z = { 0 };
	uint8_t out[4096];

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = (Bytef *)bytes;
	z.avail_in = (uInt)n;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		deflate(&z, Z_FINISH);
		fwrite(out, 1, sizeof(out) - z.avail_out, t->file);
	} while (!z.avail_out);
	deflateEnd(&z);
}

/* The bytes of a capture; they are freed with t.bytes. */
static struct text capture_text(int form, const struct packet *packets,
				size_t n)
{
	struct text t, packed;

	text_open(&t);
	put_header(&t, form, 1);
	for (size_t i = 0; i < n; i++)
		put_packet(&t, form, &packets[i]);
	text_done(&t);
	if (!(form & GZIP))
		return t;
	text_open(&packed);
	/* As two members. */
	pack(&packed, t.bytes, t.n / 2);
	pack(&packed, t.bytes + t.n / 2, t.n - t.n / 2);
	text_done(&packed);
	free(t.bytes);
	return packed;
}

static const char *capture_file(const char *name, int form,
				const struct packet *packets, size_t n)
{
	struct text t = capture_text(form, packets, n);
	const char *path = write_file(name, t.bytes, t.n);

	free(t.bytes);
	return path;
}

/* ---- reading them ---- */

struct reading {
	struct packet packets[256];
	uint8_t input[256];
	uint16_t link;
	size_t n;
	bool bytes_differ;
	size_t stop_at;
	bool stop;
	int added, code; /* errors of adding, the latest; and of running */
	char said[4096];
};

static void take(void *ctx, const struct frame *f)
{
	struct reading *r = ctx;

	for (uint32_t i = 0; i < f->caplen; i++)
		if (f->data[i] != (((uint64_t)f->time_us + i) & 0xff))
			r->bytes_differ = true;
	if (r->n < COUNT(r->packets)) {
		r->packets[r->n] =
			(struct packet){ f->time_us, f->caplen, f->len };
		r->input[r->n] = f->input;
	}
	r->link = f->link;
	if (++r->n == r->stop_at)
		r->stop = true;
}

static void on_problem(void *ctx, const char *sentence)
{
	struct reading *r = ctx;
	size_t n = strlen(r->said);

	snprintf(r->said + n, sizeof(r->said) - n, "%s\n", sentence);
}

static void read_files(struct reading *r, const char *const *paths, size_t n)
{
	struct capture *c = capture_new(on_problem, r);

	assert_non_null(c);
	for (size_t i = 0; i < n; i++) {
		int code = capture_add_file(c, paths[i]);

		r->added = code ? code : r->added;
	}
	r->code = capture_run_files(c, take, r, &r->stop);
	capture_free(c);
}

static void read_one(struct reading *r, const char *path)
{
	read_files(r, &path, 1);
}

/* A sentence a line. */
static size_t sentences(const char *said)
{
	size_t n = 0;

	for (; *said; said++)
		n += *said == '\n';
	return n;
}

#define T0 INT64_C(1700000000000000)

CLAIM(forms, "a file gives the frames that were written to it, in every form")
{
	static const struct packet packets[] = {
		{ T0, 60, 60 },
		{ T0 + 999999, 1, 1 },
		{ T0 + 1000000, 0, 60 },
		{ T0 + 1000001, 1514, 9000 },
		/* past 2038 */
		{ INT64_C(4294967295000001), 3, 3 },
	};
	char in[32];

	for (int form = 0; form < 16; form++) {
		struct reading r = { 0 };

		snprintf(in, sizeof(in), "%s%s%s%s", form & BIG ? "big " : "",
			 form & NANO ? "nano " : "", form & NG ? "ng " : "",
			 form & GZIP ? "gzip" : "");
		read_one(&r,
			 capture_file("form", form, packets, COUNT(packets)));
		expect_number(in, r.n, COUNT(packets));
		expect_number(in, (unsigned)r.code, 0);
		expect_text(in, r.said, "");
		expect_number(in, r.link, DLT_EN10MB);
		expect(!r.bytes_differ, "in \"%s\": other bytes", in);
		for (size_t i = 0; i < COUNT(packets) && i < r.n; i++)
			expect(!memcmp(&r.packets[i], &packets[i],
				       sizeof(packets[i])),
			       "in \"%s\" packet %zu: %lld, %u, %u", in, i,
			       (long long)r.packets[i].time_us,
			       r.packets[i].caplen, r.packets[i].len);
	}
}

CLAIM(links, "a frame has the link type of its own file")
{
	static const struct {
		uint16_t file, link;
	} vectors[] = { { 1, DLT_EN10MB },
			{ 101, DLT_RAW },
			{ 113, DLT_LINUX_SLL },
			{ 276, DLT_LINUX_SLL2 },
			{ 239, DLT_NFLOG } };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct packet p = { T0, 4, 4 };
		struct reading r = { 0 };
		struct text t;

		text_open(&t);
		put_header(&t, 0, vectors[i].file);
		put_packet(&t, 0, &p);
		text_done(&t);
		read_one(&r, write_file("link", t.bytes, t.n));
		free(t.bytes);
		expect(r.n == 1 && r.link == vectors[i].link,
		       "%u in the file: %zu frames of %u", vectors[i].file, r.n,
		       r.link);
	}
}

CLAIM(times, "a time that no clock shows stays within bounds")
{
	static const struct {
		uint32_t high, low;
		uint8_t resolution;
	} vectors[] = {
		{ UINT32_MAX, UINT32_MAX, 0 },
		{ INT32_MAX, UINT32_MAX, 0 },
		{ 0x80000000, 0, 0 },
		{ UINT32_MAX, UINT32_MAX, 6 },
		{ UINT32_MAX, UINT32_MAX, 0x80 },
		{ 0, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct packet p = { 0, 0, 0 };
		struct reading r = { 0 };
		struct text t;

		text_open(&t);
		put_header(&t, NG, 1);
		put_packet(&t, NG, &p);
		text_done(&t);
		t.bytes[28 + 20] = (char)vectors[i].resolution;
		memcpy(t.bytes + 60 + 12, &vectors[i].high, 4);
		memcpy(t.bytes + 60 + 16, &vectors[i].low, 4);
		read_one(&r, write_file("time", t.bytes, t.n));
		free(t.bytes);
		expect(r.n == 1 && r.packets[0].time_us >= 0 &&
			       r.packets[0].time_us <=
				       INT64_C(253402300800999999),
		       "%08x%08x of 10^-%u s: %zu frames, %lld",
		       vectors[i].high, vectors[i].low, vectors[i].resolution,
		       r.n, (long long)r.packets[0].time_us);
	}
}

CLAIM(no_time, "microseconds past all bounds do not take time back")
{
	static const uint32_t wrong[] = { 0x80000000, UINT32_MAX, INT32_MAX };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct packet p = { 0, 0, 0 };
		struct text t = capture_text(0, &p, 1);
		struct reading r = { 0 };

		memcpy(t.bytes + 28, &wrong[i], 4);
		read_one(&r, write_file("no_time", t.bytes, t.n));
		free(t.bytes);
		expect(r.n == 1 && r.packets[0].time_us >= 0,
		       "%u us: %zu frames, %lld", wrong[i], r.n,
		       (long long)r.packets[0].time_us);
	}
}

/* ---- several ---- */

CLAIM(merge, "files are merged by time, what is equal in the order given, and "
	     "one that runs backwards is read whole in its own order")
{
	static const struct packet a[] = { { 10, 1, 1 },
					   { 20, 1, 1 },
					   { 50, 1, 1 } };
	static const struct packet b[] = {
		{ 5, 1, 1 }, { 20, 1, 1 }, { 60, 1, 1 }, { 70, 1, 1 }
	};
	static const struct packet backwards[] = {
		{ 30, 1, 1 }, { 1, 1, 1 }, { 2, 1, 1 }, { 40, 1, 1 }
	};
	static const struct {
		int64_t time_us;
		uint8_t input;
	} want[] = { { 5, 1 },	{ 10, 0 }, { 20, 0 }, { 20, 1 },
		     { 30, 3 }, { 1, 3 },  { 2, 3 },  { 40, 3 },
		     { 50, 0 }, { 60, 1 }, { 70, 1 } };
	const char *paths[] = {
		capture_file("a", 0, a, COUNT(a)),
		capture_file("b", NG | GZIP, b, COUNT(b)),
		capture_file("none", NG, NULL, 0),
		capture_file("c", BIG | NANO, backwards, COUNT(backwards)),
	};
	struct reading r = { 0 };

	read_files(&r, paths, COUNT(paths));
	expect_number("frames", r.n, COUNT(want));
	expect_number("code", (unsigned)r.code, 0);
	expect(!r.bytes_differ, "other bytes");
	for (size_t i = 0; i < COUNT(want) && i < r.n; i++)
		expect(r.packets[i].time_us == want[i].time_us &&
			       r.input[i] == want[i].input,
		       "frame %zu: %lld of %u", i,
		       (long long)r.packets[i].time_us, r.input[i]);
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

CLAIM(many, "of many files few are open, and all are read in order")
{
	enum { FILES = 300 };
	struct reading r = { 0 };
	struct capture *c = capture_new(on_problem, &r);
	size_t before = open_descriptors();
	char name[16];

	/* The last one is the first in time. */
	for (int i = 0; i < FILES; i++) {
		int64_t t = T0 + (int64_t)(FILES - i) * 1000;
		struct packet p[] = { { t, 9, 9 }, { t + 1, 9, 9 } };

		snprintf(name, sizeof(name), "many%d", i);
		assert_int_equal(
			capture_add_file(c, capture_file(name, 0, p, 2)), 0);
	}
	expect(open_descriptors() - before < 100, "%zu are open",
	       open_descriptors() - before);
	expect_number("code", (unsigned)capture_run_files(c, take, &r, &r.stop),
		      0);
	expect_number("frames", r.n, 2 * FILES);
	for (size_t i = 1; i < COUNT(r.packets); i++)
		expect(r.packets[i].time_us > r.packets[i - 1].time_us,
		       "frame %zu is out of order", i);
	/* A number is eight bits: the last one is of all that follow. */
	expect_text("input 0", capture_name(c, 0), path_of("many0"));
	expect_text("input 255", capture_name(c, 255), "other files");
	expect_number("the first frame's", r.input[0], 255);
	capture_free(c);
}

CLAIM(stop, "a reading that is stopped ends between two frames, without a word")
{
	struct packet p[] = { { T0, 4, 4 },
			      { T0 + 1, 4, 4 },
			      { T0 + 2, 4, 4 } };
	const char *paths[] = { capture_file("p", 0, p, 3),
				capture_file("q", 0, p, 3) };

	for (size_t files = 1; files <= 2; files++) {
		for (size_t at = 1; at <= 3; at++) {
			struct reading r = { .stop_at = at };

			read_files(&r, paths, files);
			expect(r.n == at && !r.code && !*r.said,
			       "%zu files, stop at %zu: %zu, code %d: %s",
			       files, at, r.n, r.code, r.said);
		}
	}
}

/* ---- what is wrong ---- */

static void put_wrong(struct text *t, const char *what)
{
	static const char xz[] = "\xfd"
				 "7zXZ";
	struct packet p[] = { { T0, 4, 4 }, { T0 + 1, 4, 4 } };
	int form = strstr(what, "gzip") ? GZIP : strstr(what, "ng") ? NG : 0;
	struct text good = capture_text(form, p, 2);

	if (!strcmp(what, "text"))
		fputs("From: nobody\n", t->file);
	else if (!strcmp(what, "xz"))
		fwrite(xz, 1, sizeof(xz), t->file);
	else if (strstr(what, "header"))
		fwrite(good.bytes, 1, 10, t->file);
	else if (strstr(what, "cut"))
		fwrite(good.bytes, 1, good.n - 6, t->file);
	else if (strstr(what, "links") || strstr(what, "snaplens")) {
		put_header(t, NG, 1);
		put_interface(t, NG, strstr(what, "links") ? 101 : 1,
			      strstr(what, "links") ? 65535 : 96);
		put_packet(t, NG, p);
	} else if (strstr(what, "gzip damaged")) {
		good.bytes[10] |= 6; /* a block of no type */
		fwrite(good.bytes, 1, good.n, t->file);
	} else if (strstr(what, "lies")) {
		memset(good.bytes + 32, 0xff, 4);
		fwrite(good.bytes, 1, good.n, t->file);
	}
	free(good.bytes);
}

CLAIM(wrong, "what is wrong with a file is one sentence that names it, the "
	     "others are read, and the result tells")
{
	static const struct {
		const char *what, *want;
		bool refused;  /* when it is added */
		size_t frames; /* besides those of the good file */
	} vectors[] = {
		{ "empty", "is empty", true, 0 },
		{ "text", "is not a pcap or pcapng file", true, 0 },
		{ "xz", "xz -dc", true, 0 },
		{ "header", "in the middle of its header", true, 0 },
		{ "cut", "in the middle of a packet", false, 1 },
		{ "ng cut", "in the middle of a packet", false, 1 },
		{ "gzip cut", "in the middle of its gzip data", false, 2 },
		{ "gzip damaged", "gzip data is damaged", true, 0 },
		{ "lies", "is damaged: ", false, 0 },
		{ "ng links", "different link types", false, 0 },
		{ "ng snaplens", "different snapshot lengths", false, 0 },
		{ "missing", "No such file", true, 0 },
		{ "directory", "Is a directory", true, 0 },
	};
	struct packet p[] = { { T0, 4, 4 }, { T0 + 9, 4, 4 } };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *paths[] = { path_of("wrong"),
					capture_file("good", 0, p, 2) };
		const char *what = vectors[i].what;
		struct reading r = { 0 };
		struct text t;

		text_open(&t);
		put_wrong(&t, what);
		text_done(&t);
		remove(paths[0]);
		if (!strcmp(what, "directory"))
			mkdir(paths[0], 0700);
		else if (strcmp(what, "missing"))
			write_file("wrong", t.bytes, t.n);
		free(t.bytes);
		read_files(&r, paths, 2);
		expect(r.n == 2 + vectors[i].frames, "%s: %zu frames", what,
		       r.n);
		expect(r.code && !!r.added == vectors[i].refused,
		       "%s: code %d, added %d", what, r.code, r.added);
		expect(sentences(r.said) == 1 && strstr(r.said, "/wrong: ") &&
			       strstr(r.said, vectors[i].want),
		       "%s: said \"%s\"", what, r.said);
	}
}

CLAIM(cut, "a file cut at any byte is read as far as it goes")
{
	struct packet p[] = { { T0, 20, 20 }, { T0 + 1, 30, 30 } };
	static const int forms[] = { 0, NG, GZIP, NG | GZIP };

	for (size_t k = 0; k < COUNT(forms); k++) {
		struct text t = capture_text(forms[k], p, 2);
		size_t before = 0;

		for (size_t n = 0; n <= t.n; n++) {
			struct reading r = { 0 };

			read_one(&r, write_file("cut", t.bytes, n));
			expect(r.n >= before && r.n <= 2 &&
				       (r.code == 0) == !*r.said &&
				       sentences(r.said) <= 1,
			       "form %d, %zu of %zu bytes: %zu frames, code "
			       "%d: %s",
			       forms[k], n, t.n, r.n, r.code, r.said);
			before = r.n;
		}
		expect_number("the whole file's frames", before, 2);
		free(t.bytes);
	}
}

CLAIM(damaged, "damage anywhere ends in a sentence or in other frames")
{
	struct packet p[] = { { T0, 20, 20 }, { T0 + 1, 30, 30 } };
	static const int forms[] = { 0, BIG, NG, NG | BIG, GZIP };
	uint64_t seed = 25;

	for (int i = 0; i < 2000; i++) {
		struct text t = capture_text(forms[i % 5], p, 2);
		struct reading r = { 0 };

		for (int k = 0; k < 1 + i % 3; k++)
			t.bytes[chance(&seed) % t.n] ^= (char)chance(&seed);
		read_one(&r, write_file("damaged", t.bytes, t.n));
		expect((r.code == 0) == !*r.said && sentences(r.said) <= 1,
		       "run %d: code %d: %s", i, r.code, r.said);
		free(t.bytes);
	}
}

/* ---- standard input ---- */

/* A writer of so many bytes at a time. */
static pid_t feed(const struct text *t, size_t step)
{
	int pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child) {
		for (size_t i = 0; i < t->n; i += step)
			if (write(pipes[1], t->bytes + i,
				  t->n - i < step ? t->n - i : step) < 0)
				_exit(1);
		_exit(0);
	}
	dup2(pipes[0], STDIN_FILENO);
	close(pipes[0]);
	close(pipes[1]);
	return child;
}

CLAIM(standard_input, "standard input is read from a pipe, in pieces of any "
		      "size")
{
	struct packet p[] = { { T0, 20, 20 }, { T0 + 1, 30, 30 } };

	for (int form = 0; form < 16; form += 4) {
		for (size_t step = 1; step < 200; step = 2 * step + 1) {
			struct text t = capture_text(form, p, 2);
			struct reading r = { 0 };
			pid_t child = feed(&t, step);

			read_one(&r, "-");
			expect(r.n == 2 && !r.code && !*r.said,
			       "form %d, %zu bytes at a time: %zu frames, "
			       "code %d: %s",
			       form, step, r.n, r.code, r.said);
			waitpid(child, NULL, 0);
			free(t.bytes);
		}
	}
}

CLAIM(standard_input_twice, "standard input can be read only once")
{
	struct packet p = { T0, 20, 20 };
	const char *paths[] = { "-", "-" };
	struct text t = capture_text(0, &p, 1);
	struct reading r = { 0 };
	pid_t child = feed(&t, t.n);

	read_files(&r, paths, 2);
	expect(r.n == 1 && r.added == -EINVAL && strstr(r.said, "only once"),
	       "%zu frames, added %d: %s", r.n, r.added, r.said);
	waitpid(child, NULL, 0);
	free(t.bytes);
}

/* ---- the filter ---- */

enum { IP4 = 0x0800, IP6 = 0x86dd, TAG = 0x8100, SERVICE_TAG = 0x88a8 };

struct bytes {
	uint8_t byte[256];
	size_t n;
};

static void add(struct bytes *b, unsigned int width, uint64_t value)
{
	while (width--)
		b->byte[b->n++] = (uint8_t)(value >> 8 * width);
}

/* A frame of one of the three links, down to the first bytes of the payload. */
struct traffic {
	const char *what;
	uint16_t tag[2];
	uint16_t type;	  /* IP4, IP6 or another Ethernet type */
	uint8_t protocol; /* next header */
	uint16_t fragment;
	uint16_t source, destination; /* ports, or what else comes first */
	uint8_t flags;
	bool passes, opens; /* with openings_only */
};

static void add_network(struct bytes *b, const struct traffic *t)
{
	if (t->type == IP4) {
		add(b, 4, 0x45000028);
		add(b, 2, 1);
		add(b, 2, t->fragment);
		add(b, 2, 0x4000 | t->protocol);
		add(b, 2, 0);
		add(b, 4, 0x0a000001);
		add(b, 4, 0xc6336409);
	} else if (t->type == IP6) {
		add(b, 4, 0x60000000);
		add(b, 4, 20u << 16 | (uint32_t)t->protocol << 8 | 64);
		for (int i = 0; i < 4; i++)
			add(b, 8, 0x20010db800000000);
	}
	add(b, 2, t->source);
	add(b, 2, t->destination);
	add(b, 8, 7);
	add(b, 2, 0x5000 | t->flags);
	add(b, 8, 0);
}

static void add_link(struct bytes *b, const struct traffic *t, int link)
{
	if (link == DLT_EN10MB) {
		add(b, 8, 0x0200000001020200);
		add(b, 4, 0x00000101);
		for (int i = 0; i < 2; i++)
			if (t->tag[i])
				add(b, 4, (uint32_t)t->tag[i] << 16 | 5);
		add(b, 2, t->type);
	} else if (link == DLT_LINUX_SLL2) {
		add(b, 2, t->type);
		add(b, 2, 0);
		add(b, 8, 2);
		add(b, 8, 0);
	}
}

static bool passes(const struct bpf_program *program, const struct traffic *t,
		   int link)
{
	struct bytes b = { .n = 0 };
	struct pcap_pkthdr h = { .caplen = 0 };

	add_link(&b, t, link);
	add_network(&b, t);
	h.caplen = h.len = (uint32_t)b.n;
	return pcap_offline_filter(program, &h, b.byte);
}

static unsigned int compile(struct bpf_program *program, int link,
			    const struct live_options *options)
{
	pcap_t *dead = pcap_open_dead(link, 512);
	char *text = capture_filter_text(
		&(struct capture_filter){ options->ports, options->n_ports,
					  link, options->openings_only });

	assert_non_null(text);
	if (pcap_compile(dead, program, text, 1, PCAP_NETMASK_UNKNOWN))
		fail_msg("%s: %s", text, pcap_geterr(dead));
	free(text);
	pcap_close(dead);
	return program->bf_len;
}

static const struct traffic traffic[] = {
	{ "smtp SYN", { 0 }, IP4, 6, 0, 40000, 25, 2, true, true },
	{ "smtp data", { 0 }, IP4, 6, 0, 40000, 25, 16, true, false },
	{ "RST from imaps", { 0 }, IP4, 6, 0, 993, 40000, 4, true, true },
	{ "first fragment", { 0 }, IP4, 6, 0x2000, 40000, 25, 2, true, true },
	{ "later fragment", { 0 }, IP4, 6, 100, 0, 0, 0, true, true },
	{ "https SYN", { 0 }, IP4, 6, 0, 40000, 443, 2, false, false },
	{ "UDP to 25", { 0 }, IP4, 17, 0, 40000, 25, 2, false, false },
	{ "UDP's later fragment", { 0 }, IP4, 17, 100, 0, 0, 0, false, false },
	{ "unreachable", { 0 }, IP4, 1, 0, 0x030d, 0, 0, true, true },
	{ "echo", { 0 }, IP4, 1, 0, 0x0800, 0, 0, false, false },
	{ "smtp SYN 6", { 0 }, IP6, 6, 0, 40000, 25, 2, true, true },
	{ "smtp data 6", { 0 }, IP6, 6, 0, 40000, 25, 16, true, false },
	{ "RST from imaps 6", { 0 }, IP6, 6, 0, 993, 40000, 4, true, true },
	{ "https SYN 6", { 0 }, IP6, 6, 0, 40000, 443, 2, false, false },
	{ "UDP to 25 6", { 0 }, IP6, 17, 0, 40000, 25, 2, false, false },
	{ "unreachable 6", { 0 }, IP6, 58, 0, 0x0101, 0, 0, true, true },
	{ "neighbour 6", { 0 }, IP6, 58, 0, 0x8700, 0, 0, false, false },
	{ "hop-by-hop", { 0 }, IP6, 0, 0, 0x0600, 0, 0, true, true },
	{ "routing", { 0 }, IP6, 43, 0, 0x0600, 0, 0, true, true },
	{ "fragment 6", { 0 }, IP6, 44, 0, 0x0600, 0, 0, true, true },
	{ "authentication", { 0 }, IP6, 51, 0, 0x0600, 0, 0, true, true },
	{ "destination options", { 0 }, IP6, 60, 0, 0x0600, 0, 0, true, true },
	{ "ESP", { 0 }, IP6, 50, 0, 0x0600, 0, 0, false, false },
	{ "IP in IP", { 0 }, IP4, 4, 0, 0x4500, 0, 0, true, true },
	{ "6in4", { 0 }, IP4, 41, 0, 0x6000, 0, 0, true, true },
	{ "GRE", { 0 }, IP4, 47, 0, 0, IP4, 0, true, true },
	{ "GRE in IPv6", { 0 }, IP6, 47, 0, 0, IP4, 0, true, true },
	{ "VXLAN", { 0 }, IP4, 17, 0, 1, 4789, 0, true, true },
	{ "Geneve", { 0 }, IP6, 17, 0, 1, 6081, 0, true, true },
	{ "MPLS", { 0 }, 0x8847, 0, 0, 0, 0, 0, true, true },
	{ "PPPoE", { 0 }, 0x8864, 0, 0, 0, 0, 0, true, true },
	{ "PPPoE discovery", { 0 }, 0x8863, 0, 0, 0, 0, 0, false, false },
	{ "ARP", { 0 }, 0x0806, 0, 0, 0, 0, 0, false, false },
	{ "VLAN", { TAG }, IP4, 6, 0, 40000, 25, 2, true, true },
	{ "VLAN 6", { TAG }, IP6, 6, 0, 40000, 587, 16, true, false },
	{ "https in VLAN", { TAG }, IP4, 6, 0, 40000, 443, 2, false, false },
	{ "VLAN unreachable", { TAG }, IP4, 1, 0, 0x0301, 0, 0, true, true },
	{ "QinQ", { SERVICE_TAG, TAG }, IP4, 6, 0, 4000, 25, 2, true, true },
	{ "QinQ 6", { SERVICE_TAG, TAG }, IP6, 6, 0, 4000, 25, 2, true, true },
	{ "https in QinQ",
	  { SERVICE_TAG, TAG },
	  IP6,
	  6,
	  0,
	  4000,
	  443,
	  2,
	  false,
	  false },
	{ "PPPoE in QinQ", { TAG, TAG }, 0x8864, 0, 0, 0, 0, 0, true, true },
};

CLAIM(filter, "the filter lets all through that mail could be in, and nothing "
	      "else")
{
	static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL2 };
	static const uint16_t ports[] = { 25, 465, 587, 993 };

	for (size_t k = 0; k < 2 * COUNT(links); k++) {
		struct live_options o = { .ports = ports,
					  .n_ports = COUNT(ports),
					  .openings_only = k % 2 };
		int link = links[k / 2];
		struct bpf_program program;

		compile(&program, link, &o);
		for (size_t i = 0; i < COUNT(traffic); i++) {
			const struct traffic *t = &traffic[i];
			bool want = o.openings_only ? t->opens : t->passes;
			bool is_ip = t->type == IP4 || t->type == IP6;

			if (link != DLT_EN10MB && t->tag[0])
				continue;
			if (link == DLT_RAW && !is_ip)
				continue;
			expect(passes(&program, t, link) == want,
			       "link %d, openings %d: %s %s", link,
			       o.openings_only, t->what,
			       want ? "is stopped" : "passes");
		}
		pcap_freecode(&program);
	}
}

CLAIM(tags_elsewhere, "without Ethernet's header a tagged frame passes whole")
{
	static const uint16_t port = 25;
	static const struct traffic tagged = { .type = TAG };
	struct live_options o = { .ports = &port, .n_ports = 1 };
	struct bpf_program program;

	compile(&program, DLT_LINUX_SLL2, &o);
	expect(passes(&program, &tagged, DLT_LINUX_SLL2), "it is stopped");
	pcap_freecode(&program);
}

CLAIM(ports, "any number of ports makes a program that the kernel takes")
{
	static const size_t counts[] = { 0, 1, 8, 128, 129, 65535 };
	static uint16_t ports[65535];

	for (size_t i = 0; i < COUNT(ports); i++)
		ports[i] = (uint16_t)(i + 25);
	for (size_t i = 0; i < 2 * COUNT(counts); i++) {
		struct live_options o = { .ports = ports,
					  .n_ports = counts[i / 2],
					  .openings_only = i % 2 };
		struct bpf_program program;
		unsigned int n = compile(&program, DLT_EN10MB, &o);

		expect(n <= 4096, "%zu ports: %u instructions", o.n_ports, n);
		expect(passes(&program, &traffic[0], DLT_EN10MB),
		       "%zu ports: smtp is stopped", o.n_ports);
		pcap_freecode(&program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(forms),
		CLAIMED(links),
		CLAIMED(times),
		CLAIMED(no_time),
		CLAIMED(merge),
		CLAIMED(many),
		CLAIMED(stop),
		CLAIMED(wrong),
		CLAIMED(cut),
		CLAIMED(damaged),
		CLAIMED(standard_input),
		CLAIMED(standard_input_twice),
		CLAIMED(filter),
		CLAIMED(tags_elsewhere),
		CLAIMED(ports),
	};

	return cmocka_run_group_tests_name("capture", tests, make_folder,
					   remove_folder);
}
