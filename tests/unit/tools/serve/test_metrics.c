/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text for Prometheus, read with a parser of its own that is as strict as
 * the format, and with promtool where it is installed.
 */
#include "../../unit.h"

#include "../../../../tools/serve/metrics.h"

#include <ctype.h>
#include <unistd.h>

/* ---- counts, made up ---- */

static const char hostile[] = "a\\b\"c\nd\x1b[31m\xff\xc2\x80\xc3\xa9}";
/* The same as a value of a label. */
static const char hostile_value[] =
	"a\\\\b\\\"c\\nd\\\\x1b[31m\\\\xff\\\\xc2\\\\x80\xc3\xa9}";

static const struct metrics_clause clauses[] = {
	{ .id = "residential:17",
	  .text = "block smtp",
	  .packets = 12345,
	  .bytes = 740700 },
	{ .id = hostile, .text = hostile, .packets = UINT64_MAX },
	{ .id = "\x1b", .packets = 1, .bytes = 2 },
	{ "\x1c", "", 3, 4, true, 5, 6 },
};

static const struct metrics_set sets[] = {
	{ "flagged.v4", 17, 65536, true },
	{ "mx.v6", 3, 0, true },
	{ "old.v4", 0, 10, false },
};

static const struct metrics_fault faults[] = {
	{ "device-missing", "eth7" },
};

static const struct sight_view sight = { .looked = true,
					 .known = true,
					 .reads_logs = true,
					 .counts[SIGHT_NO_LOG] = 1 };

static void make_summary(struct engine_summary *s)
{
	*s = (struct engine_summary){ .packets = 1000,
				      .bytes = 60000,
				      .first_us = 1794783600000000,
				      .last_us = 1794783661000042,
				      .sources = 12,
				      .memory = 8 << 20,
				      .warm = true,
				      .n_ports = 2 };
	s->decoded[UNDECODED_TRUNCATED] = 7;
	s->findings[FINDING_SPAM_SOURCE] = 2;
	s->ports[0] = (struct port_counts){ .port = 25,
					    .syns = 90,
					    .attempts = 60,
					    .answered = 10,
					    .refused = 11,
					    .icmp_refused = 12,
					    .unanswered = 13,
					    .blocked = 14,
					    .had = { 13, 10, 11, 12, 14 },
					    .starttls = 5 };
	s->ports[1].port = 4711; /* of no service */
}

static struct metrics make_all(const struct engine_summary *s)
{
	return (struct metrics){ .summary = s,
				 .lost = 4,
				 .unlogged = 5,
				 .clauses = clauses,
				 .n_clauses = COUNT(clauses),
				 .sets = sets,
				 .n_sets = COUNT(sets),
				 .loaded_known = true,
				 .policy = "residential",
				 .digest = "0123abcd",
				 .drift_known = true,
				 .observes = true,
				 .faults = faults,
				 .n_faults = COUNT(faults),
				 .sight = &sight,
				 .has_store = true,
				 .store_rows = 99,
				 .start_s = 1794780000 };
}

static char *written(const struct metrics *m)
{
	struct text t;
	int error = metrics_write(m, text_open(&t));

	text_done(&t);
	assert_int_equal(error, 0);
	return t.bytes;
}

static char *all_written(void)
{
	static struct engine_summary s;
	struct metrics m;

	make_summary(&s);
	m = make_all(&s);
	return written(&m);
}

/* ---- the format ---- */

/* What was said of a metric before its samples. */
struct said {
	char name[128];
	bool helped, typed, counter;
};

static size_t name_length(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz_:");
}

/* Behind the closing quote, or NULL. */
static const char *skip_value(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return NULL;
		if (*p == '\\' && !strchr("\\\"n", *++p))
			return NULL;
	}
	return p + 1;
}

/* Behind {a="b",c="d"}, or NULL. */
static const char *skip_labels(const char *p)
{
	do {
		size_t n = name_length(++p);

		if (!n || p[n] != '=')
			return NULL;
		p = skip_value(p + n + 1);
	} while (p && *p == ',');
	return p && *p == '}' ? p + 1 : NULL;
}

static bool is_number(const char *p)
{
	size_t n = strspn(p, "0123456789");

	if (p[n] == '.')
		n += 1 + strspn(p + n + 1, "0123456789");
	return isdigit((unsigned char)*p) && !p[n];
}

static bool is_of(const char *line, const struct said *said)
{
	size_t n = name_length(line);

	return n == strlen(said->name) && !memcmp(line, said->name, n);
}

static bool ends_in_total(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, "_total");
}

static bool take_help(const char *line, struct said *said)
{
	size_t n = name_length(line);

	*said = (struct said){ .helped = true };
	if (!n || n >= sizeof(said->name) || line[n] != ' ' || !line[n + 1])
		return false;
	memcpy(said->name, line, n);
	return true;
}

static bool take_type(const char *line, struct said *said)
{
	const char *type = line + name_length(line);

	said->typed = true;
	said->counter = !strcmp(type, " counter");
	return said->helped && is_of(line, said) &&
	       (said->counter || !strcmp(type, " gauge")) &&
	       said->counter == ends_in_total(said->name);
}

static bool take_sample(const char *line, const struct said *said)
{
	const char *p = line + name_length(line);

	if (!said->typed || !is_of(line, said))
		return false;
	if (*p == '{')
		p = skip_labels(p);
	return p && *p == ' ' && is_number(p + 1);
}

static bool take_line(const char *line, struct said *said)
{
	if (!strncmp(line, "# HELP ", 7))
		return take_help(line + 7, said);
	if (!strncmp(line, "# TYPE ", 7))
		return take_type(line + 7, said);
	return take_sample(line, said);
}

/* A sample but for its number, and a head, may be there only once. */
static bool is_again(const char *all, const char *line)
{
	const char *end = strrchr(line, ' ');
	size_t n = *line == '#' ? 7 + name_length(line + 7) + 1 :
				  (size_t)(end - line) + 1;

	for (const char *p = all; p && p < line; p = strchr(p, '\0') + 1)
		if (!strncmp(p, line, n))
			return true;
	return false;
}

static size_t expect_format(const char *text)
{
	char *lines = strdup(text);
	struct said said = { 0 };
	size_t n = 0;

	expect(*text && text[strlen(text) - 1] == '\n', "its end is \"%s\"",
	       text);
	for (char *line = lines, *end; (end = strchr(line, '\n'));
	     line = end + 1) {
		*end = '\0';
		expect(take_line(line, &said), "line \"%s\"", line);
		expect(!is_again(lines, line), "again \"%s\"", line);
		n++;
	}
	free(lines);
	return n;
}

CLAIM(format, "every sample is announced once with HELP and TYPE, and a "
	      "counter is called one")
{
	static const struct metrics nothing;
	char *text = all_written();

	expect(expect_format(text) > 150, "only these lines: \"%s\"", text);
	free(text);
	text = written(&nothing);
	expect_format(text);
	free(text);
}

/* ---- what it says ---- */

static const char *const samples[] = {
	"mailwall_build_info{version=\"" VERSION "\"} 1",
	"process_start_time_seconds 1794780000",
	"mailwall_policy_loaded 1",
	"mailwall_policy_info{policy=\"residential\",digest=\"0123abcd\"} 1",
	"mailwall_policy_drift 0",
	"mailwall_clause_info{clause=\"residential:17\",text=\"block smtp\"} 1",
	"mailwall_clause_packets_total{clause=\"residential:17\"} 12345",
	"mailwall_clause_bytes_total{clause=\"residential:17\"} 740700",
	"mailwall_clause_packets_total{clause=\"\\\\x1b\"} 1",
	"mailwall_clause_packets_total{clause=\"\\\\x1c\"} 3",
	"mailwall_policy_acting 0",
	"mailwall_monitor_sees 0",
	"mailwall_monitor_complaints{complaint=\"no-log\"} 1",
	"mailwall_monitor_complaints{complaint=\"other-policy\"} 0",
	"mailwall_policy_mode{mode=\"observe\"} 1",
	"mailwall_policy_fault{fault=\"device-missing\",object=\"eth7\"} 1",
	"mailwall_clause_observed_packets_total{clause=\"\\\\x1c\"} 5",
	"mailwall_clause_observed_bytes_total{clause=\"\\\\x1c\"} 6",
	"mailwall_set_elements{set=\"mx.v6\"} 3",
	"mailwall_set_elements_known{set=\"mx.v6\"} 1",
	"mailwall_set_elements_known{set=\"old.v4\"} 0",
	"mailwall_set_capacity{set=\"flagged.v4\"} 65536",
	"mailwall_packets_total 1000",
	"mailwall_packet_bytes_total 60000",
	"mailwall_last_packet_timestamp_seconds 1794783661.000042",
	"mailwall_undecoded_packets_total{reason=\"truncated\"} 7",
	"mailwall_lost_packets_total 4",
	"mailwall_lost_packets_exact 0",
	"mailwall_unlogged_packets_total 5",
	"mailwall_syns_total{port=\"25\",service=\"smtp\"} 90",
	"mailwall_attempts_total{port=\"25\",service=\"smtp\"} 60",
	"mailwall_attempts_total{port=\"4711\",service=\"\"} 0",
	"mailwall_starttls_total{port=\"25\",service=\"smtp\"} 5",
	"mailwall_findings_total{finding=\"spam-source\"} 2",
	"mailwall_findings_total{finding=\"login-storm\"} 0",
	"mailwall_sources 12",
	"mailwall_warm 1",
	"mailwall_memory_bytes 8388608",
	"mailwall_evicted_sources_total 0",
	"mailwall_store_rows_total 99",
	"mailwall_store_errors_total 0",
};

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text; (p = strstr(p, line)); p++)
		if (p[n] == '\n' && (p == text || p[-1] == '\n'))
			return true;
	return false;
}

CLAIM(values, "a sample says what was counted")
{
	static const char *const outcomes[] = { "answered", "refused",
						"icmp-refused", "unanswered",
						"blocked" };
	char *text = all_written(), line[512];

	for (size_t i = 0; i < COUNT(samples); i++)
		expect(has_line(text, samples[i]), "no line \"%s\"",
		       samples[i]);
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		snprintf(line, sizeof(line),
			 "mailwall_attempt_outcomes_total{port=\"25\","
			 "service=\"smtp\",outcome=\"%s\"} %zu",
			 outcomes[i], 10 + i);
		expect(has_line(text, line), "no line \"%s\"", line);
	}
	free(text);
}

CLAIM(escapes, "a name can hold any byte, and stays one value of one label")
{
	char *text = all_written(), line[512];

	snprintf(line, sizeof(line),
		 "mailwall_clause_packets_total{clause=\"%s\"} "
		 "18446744073709551615",
		 hostile_value);
	expect(has_line(text, line), "no line \"%s\"", line);
	snprintf(line, sizeof(line),
		 "mailwall_clause_info{clause=\"%s\",text=\"%s\"} 1",
		 hostile_value, hostile_value);
	expect(has_line(text, line), "no line \"%s\"", line);
	free(text);
}

CLAIM(chance_names, "whatever a name is, the format is kept")
{
	uint64_t seed = 7;

	for (int i = 0; i < 2000; i++) {
		char name[12] = "", *text;
		const struct metrics_set set = { name, 1, 1, true };
		const struct metrics m = { .sets = &set, .n_sets = 1 };

		for (size_t k = chance(&seed) % sizeof(name); k; k--)
			name[k - 1] = (char)(chance(&seed) % 255 + 1);
		text = written(&m);
		expect_format(text);
		free(text);
	}
}

CLAIM(unknown, "what is not known is left out, and not said to be zero")
{
	static const char *const absent[] = {
		"mailwall_policy",
		"mailwall_clause",
		"mailwall_set",
		"mailwall_packets_total",
		"mailwall_syns_total",
		"mailwall_sources",
		"mailwall_warm",
		"mailwall_store",
		"process_start_time_seconds",
		"mailwall_last_packet",
		"mailwall_monitor",
	};
	static const struct metrics nothing;
	const struct metrics removed = { .loaded_known = true };
	char *text = written(&nothing);

	for (size_t i = 0; i < COUNT(absent); i++)
		expect(!strstr(text, absent[i]), "%s is in \"%s\"", absent[i],
		       text);
	free(text);
	text = written(&removed);
	expect(has_line(text, "mailwall_policy_loaded 0") &&
		       !strstr(text, "mailwall_policy_info"),
	       "with nothing loaded got \"%s\"", text);
	expect(!strstr(text, "mailwall_set_elements{set=\"old.v4\"}"),
	       "a set that nobody counted has elements");
	expect(!strstr(text, "mailwall_set_capacity{set=\"mx.v6\"}"),
	       "a set without a limit got one");
	free(text);
}

CLAIM(full, "a stream that takes no more is an error")
{
	struct metrics m = { .clauses = clauses, .n_clauses = COUNT(clauses) };
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	expect_number("/dev/full", (unsigned int)-metrics_write(&m, full), EIO);
	fclose(full);
}

/* ---- another's reader ---- */

CLAIM(promtool, "promtool takes it, and has nothing to say")
{
	char *text = all_written(), said[4096];
	char path[] = "/tmp/mailwall-metrics.XXXXXX", command[128];
	int fd = mkstemp(path), status;
	size_t n;
	FILE *out;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	free(text);
	snprintf(command, sizeof(command), "promtool check metrics <%s 2>&1",
		 path);
	out = popen(command, "r");
	assert_non_null(out);
	n = fread(said, 1, sizeof(said) - 1, out);
	said[n] = '\0';
	status = pclose(out);
	unlink(path);
	if (system("command -v promtool >/dev/null"))
		skip();
	expect(!status && !n, "got status %d \"%s\"", status, said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(format),       CLAIMED(values),	 CLAIMED(escapes),
		CLAIMED(chance_names), CLAIMED(unknown), CLAIMED(full),
		CLAIMED(promtool),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
