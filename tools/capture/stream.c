/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <stdio.h>
#include <errno.h>
#include <stdint.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define IN_BYTES    (64 * 1024)
#define FILE_BYTES  (1024 * 1024) /* libpcap's own 4 KiB are 3 times slower */
#define MAGIC_BYTES 6		  /* the longest magic below */

/* Packers whose files are not unpacked here, by their first bytes. */
static const struct packer {
	const char *name, *magic;
	size_t len;
} packers[] = {
	{ "xz", "\xfd\x37zXZ", 6 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4 },
	{ "lz4", "\x04\x22\x4d\x18", 4 },
	{ "bzip2", "BZh", 3 },
};

struct stream {
	FILE *file;
	int fd;
	bool direct; /* a plain file: the FILE reads the descriptor itself */
	const volatile bool *stop;
	const char *fault;
	const char *packer;
	bool gzip;
	bool between; /* two members of a gzip file, or behind the last */
	bool empty;
	z_stream z; /* its input is the rest of in */
	uint8_t in[IN_BYTES];
	char buffer[FILE_BYTES];
};

/* ---- what lies in the file ---- */

/* Reads bytes of the file, at least one; 0 at the end. */
static size_t stream_read_some(struct stream *s, void *out, size_t size)
{
	ssize_t got;

	if (s->fault)
		return 0;
	do
		got = read(s->fd, out, size);
	while (got < 0 && errno == EINTR && s->stop && !*s->stop);
	if (got < 0)
		s->fault = strerror(errno);
	return got > 0 ? (size_t)got : 0;
}

static bool stream_refill(struct stream *s)
{
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)stream_read_some(s, s->in, sizeof(s->in));
	return s->z.avail_in;
}

/* Copies bytes that were read ahead; then reads into the caller's buffer. */
static size_t stream_read_plain(struct stream *s, char *out, size_t size)
{
	if (!s->z.avail_in)
		return stream_read_some(s, out, size);
	if (size > s->z.avail_in)
		size = s->z.avail_in;
	memcpy(out, s->z.next_in, size);
	s->z.next_in += size;
	s->z.avail_in -= (uInt)size;
	return size;
}

/* Unpacks a step; false at the end. Members may follow each other (RFC
 * 1952, 2.2). */
static bool stream_inflate(struct stream *s)
{
	int code;

	if (!s->z.avail_in && !stream_refill(s)) {
		if (!s->between && !s->fault)
			s->fault = "ends in the middle of its gzip data";
		return false;
	}
	code = inflate(&s->z, Z_NO_FLUSH);
	if (code == Z_STREAM_END) {
		s->between = true;
		inflateReset(&s->z);
		return true;
	}
	/* Anything may follow the last member, as gzip has it. */
	if (code != Z_OK && !s->between)
		s->fault = "its gzip data is damaged";
	if (code == Z_OK)
		s->between = false;
	return code == Z_OK;
}

static size_t stream_read_gzip(struct stream *s, char *out, size_t size)
{
	s->z.next_out = (Bytef *)out;
	s->z.avail_out = (uInt)size;
	while (s->z.avail_out == size && stream_inflate(s))
		;
	return size - s->z.avail_out;
}

/* ---- as a FILE ---- */

static ssize_t stream_on_read(void *cookie, char *out, size_t size)
{
	struct stream *s = cookie;

	return (ssize_t)(s->gzip ? stream_read_gzip(s, out, size) :
				   stream_read_plain(s, out, size));
}

static int stream_on_close(void *cookie)
{
	return close(((struct stream *)cookie)->fd);
}

static void stream_set_format(struct stream *s, size_t n)
{
	s->empty = !n;
	s->gzip = n >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b;
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (n >= packers[i].len &&
		    !memcmp(s->in, packers[i].magic, packers[i].len))
			s->packer = packers[i].name;
}

/* A pipe may have fewer bytes at first than it takes to know the format. */
static void stream_read_magic(struct stream *s)
{
	size_t n = 0, got;

	do {
		got = stream_read_some(s, s->in + n, sizeof(s->in) - n);
		n += got;
	} while (got && n < MAGIC_BYTES);
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)n;
	stream_set_format(s, n);
}

/*
 * Most captures are plain files: through a FILE of the usual kind short reads
 * take half the time.
 */
static bool stream_is_direct(struct stream *s)
{
	off_t at = lseek(s->fd, 0, SEEK_CUR);
	struct stat st;
	ssize_t got;

	if (at < 0 || fstat(s->fd, &st) || !S_ISREG(st.st_mode))
		return false;
	got = pread(s->fd, s->in, MAGIC_BYTES, at);
	if (got < 0)
		return false;
	stream_set_format(s, (size_t)got);
	return !s->gzip;
}

static FILE *stream_open_gzip(struct stream *s)
{
	static const cookie_io_functions_t io = { .read = stream_on_read,
						  .close = stream_on_close };

	/* 16 accepts a gzip header and nothing else. */
	if (inflateInit2(&s->z, MAX_WBITS + 16) != Z_OK)
		return NULL;
	return fopencookie(s, "r", io);
}

struct stream *stream_open(int fd)
{
	struct stream *s = malloc(sizeof(*s));

	if (!s) {
		close(fd);
		return NULL;
	}
	memset(s, 0, offsetof(struct stream, in));
	s->fd = fd;
	s->direct = stream_is_direct(s);
	s->file = s->direct ? fdopen(fd, "r") : stream_open_gzip(s);
	if (!s->file) {
		close(fd);
		stream_free(s);
		errno = ENOMEM;
		return NULL;
	}
	setvbuf(s->file, s->buffer, _IOFBF, sizeof(s->buffer));
	__fsetlocking(s->file, FSETLOCKING_BYCALLER);
	if (!s->direct)
		stream_read_magic(s);
	return s;
}

void stream_close(struct stream *s)
{
	fclose(s->file);
	stream_free(s);
}

void stream_free(struct stream *s)
{
	if (s)
		inflateEnd(&s->z);
	free(s);
}

FILE *stream_file(const struct stream *s)
{
	return s->file;
}

const char *stream_packer(const struct stream *s)
{
	return s->packer;
}

bool stream_is_empty(const struct stream *s)
{
	return s->empty && !s->fault;
}

void stream_stop_by(struct stream *s, const volatile bool *stop)
{
	s->stop = stop;
}

const char *stream_fault(const struct stream *s)
{
	if (s->direct && ferror(s->file))
		return "cannot be read any further";
	return s->fault;
}
