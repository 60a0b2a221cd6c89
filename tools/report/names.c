/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of sources: addresses, or pseudonyms. */
#include "report.h"

#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int names_refuse(struct fault *f, const char *path, const char *what)
{
	return fault_set(f, errno ? -errno : -EIO,
			 "cannot %s the key of pseudonyms \"%s\": %s", what,
			 path, strerror(errno ? errno : EIO));
}

static int names_make_key(struct pseudonyms *p, const char *path,
			  struct fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t put = -1;

	if (fd < 0)
		return names_refuse(f, path, "make");
	errno = 0;
	if (getrandom(p->key, sizeof(p->key), 0) == sizeof(p->key))
		put = write(fd, p->key, sizeof(p->key));
	if (close(fd) || put != sizeof(p->key)) {
		names_refuse(f, path, "write");
		unlink(path);
		return -EIO;
	}
	return 0;
}

int pseudonyms_read(struct pseudonyms *p, const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0 && errno == ENOENT)
		return names_make_key(p, path, f);
	if (fd < 0)
		return names_refuse(f, path, "open");
	got = read(fd, p->key, sizeof(p->key));
	close(fd);
	if (got == sizeof(p->key))
		return 0;
	return fault_set(f, -EBADMSG,
			 "\"%s\" is no key of pseudonyms: it has less than %zu "
			 "bytes",
			 path, sizeof(p->key));
}

/* Prints 40 bits as base32 (RFC 4648), in lower case. */
static void print_digest(const uint8_t *digest, char *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t bits = 0;

	for (int i = 0; i < 5; i++)
		bits = bits << 8 | digest[i];
	for (int i = 7; i >= 0; i--, bits >>= 5)
		out[i] = letters[bits & 31];
	out[8] = '\0';
}

void report_name(const struct pseudonyms *p, uint8_t family,
		 const struct addr6 *source, char out[RANGE_TEXT_MAX])
{
	struct hmac_sha256_ctx ctx;
	uint8_t digest[5];

	if (!family) {
		strcpy(out, "others");
		return;
	}
	if (!p) {
		addr_print_source(out, family, source);
		return;
	}
	hmac_sha256_set_key(&ctx, sizeof(p->key), p->key);
	hmac_sha256_update(&ctx, 1, &family);
	hmac_sha256_update(&ctx, family == 4 ? 4 : 8, source->byte);
	hmac_sha256_digest(&ctx, sizeof(digest), digest);
	strcpy(out, "anon-");
	print_digest(digest, out + 5);
}

/* Is the rest of an address empty, or the prefix length of a source? */
static bool names_is_length(const char *rest, int family)
{
	return !*rest || !strcmp(rest, family == 4 ? "/32" : "/64") ||
	       (family == 6 && !strcmp(rest, "/128"));
}

bool report_query_source(struct report_query *query, const char *address)
{
	size_t len = strcspn(address, "/");
	struct addr6 source;
	int family;

	if (addr_parse(address, len, &family, &source) ||
	    !names_is_length(address + len, family))
		return false;
	query->has_source = true;
	query->family = (uint8_t)family;
	memcpy(query->source.byte, source.byte, 8);
	return true;
}
