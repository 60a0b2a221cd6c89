/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is in the file of the run directory, it is as if there were none,
 * or it holds what it says. The input is the file without its SHA-256, which
 * is put behind it: nothing gets past a wrong one.
 */
#include "fuzz.h"
#include "../../rules/base/arena.h"
#include "../../tools/kernel/applied.h"
#include "../../tools/program/program.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <sys/stat.h>

static char run_dir[] = "/dev/shm/fuzz_remember.XXXXXX";
static char path[128];

static void clean_up(void)
{
	unlink(path);
	rmdir(run_dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct stat st;

	(void)argc;
	(void)argv;
	if (!mkdtemp(run_dir) || stat("/proc/self/ns/net", &st))
		abort();
	snprintf(path, sizeof(path), "%s/loaded-%llu", run_dir,
		 (unsigned long long)st.st_ino);
	return atexit(clean_up);
}

static bool write_file(const uint8_t *data, size_t size)
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return false;
	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, sizeof(sum), sum);
	good = write(fd, data, size) == (ssize_t)size &&
	       write(fd, sum, sizeof(sum)) == (ssize_t)sizeof(sum);
	close(fd);
	return good;
}

/* Reads all that it points to, as apply and status do. */
static void use(struct arena *a, const struct applied *r)
{
	struct present present = { .exists = true, .ours = true };
	struct claim claim = { r, 1 };
	size_t bytes = strlen(r->digest), elements;
	char digest[DIGEST_TEXT_BYTES];

	must(bytes < sizeof(r->digest), "a digest ends");
	memcpy(present.digest, r->digest, sizeof(r->digest));
	for (size_t i = 0; i < r->known.n; i++) {
		const struct known_set *ks = &r->known.items[i];
		struct present_set *ps = arena_push(a, &present.sets);

		must(!ks->v4.n || !ks->v6.n, "a set is of one family");
		ps->name = ks->name;
		ps->has_count = i % 2;
		ps->count = (uint32_t)(ks->v4.n + ks->v6.n);
		digest_elements4(&ks->v4, digest);
		digest_elements6(&ks->v6, digest);
		applied_claim(&claim, ps, &elements);
	}
	for (size_t i = 0; i < r->n_objects; i++)
		bytes += strlen(r->objects[i]);
	bytes += strlen(r->path);
	applied_matches(r, &present);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct program program = { .arena = a, .run_dir = run_dir };
	struct applied r;

	if (!a || setjmp(*arena_on_failure(a))) {
		arena_free(a);
		return 0;
	}
	if (write_file(data, size)) {
		applied_load(&program, &r);
		if (r.valid)
			use(a, &r);
	}
	arena_free(a);
	return 0;
}
