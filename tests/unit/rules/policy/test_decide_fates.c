/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of fates, tests/net/fates/, are written by reading the policies.
 * fates.py compares them with a kernel, this test with policy_decide(); their
 * format is in tests/net/table.py.
 */
#include "../../connection.h"
#include "../../../../tools/program/policy_file.h"
#include "../../../../tools/program/program.h"

#include <glob.h>
#include <unistd.h>

#define TABLES	     "tests/net/fates/"
#define HOSTS_MOST   64
#define LINKS_MOST   16
#define MEMBERS_MOST 32
#define TURNS_MOST   8
#define CELLS_MOST   16

#define REDIRECTED   "redirected " /* and a host */

/* ---- types ---- */

struct host {
	const char *name, *where;
	const char *ip[2]; /* IPv4, IPv6; "-": none */
	uint32_t uid, gid;
};

struct link {
	const char *where, *device;
};

struct member {
	const char *class;
	struct addr_range range;
};

struct table {
	const char *name;
	struct host hosts[HOSTS_MOST];
	struct link links[LINKS_MOST];
	struct member members[MEMBERS_MOST];
	size_t n_hosts, n_links, n_members;
	const char *middle; /* the namespace that the policy is loaded in */
	struct program program;
	struct policy *policy;
	size_t rows, dials, left_out; /* rows that were compared, or not */
};

struct row {
	unsigned int number; /* of its line */
	const char *way, *fate, *clause;
	char *sources, *targets, *ports;
	size_t dials;	      /* that were compared */
	const char *left_out; /* why some were not */
};

/* One dial of a row. */
struct dial {
	const struct host *source, *target;
	uint16_t source_port, port;
	int family;
	const char *fate;
};

/* ---- lines and cells ---- */

static size_t split(char *text, const char *by, char **out, size_t most)
{
	char *save = NULL;
	size_t n = 0;

	for (char *cell = strtok_r(text, by, &save); cell && n < most;
	     cell = strtok_r(NULL, by, &save))
		out[n++] = cell;
	return n;
}

/* The parts of a text that is split more than once, in the table's arena. */
static size_t split_copy(struct table *t, const char *text, const char *by,
			 char **out, size_t most)
{
	char *copy = arena_strndup(t->program.arena, text, strlen(text));

	return split(copy, by, out, most);
}

static const struct host *host_named(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n_hosts; i++)
		if (!strcmp(t->hosts[i].name, name))
			return &t->hosts[i];
	fail_msg("%s: there is no host %s", t->name, name);
	return NULL;
}

static const char *device_to(const struct table *t, const char *where)
{
	for (size_t i = 0; i < t->n_links; i++)
		if (!strcmp(t->links[i].where, where))
			return t->links[i].device;
	return NULL;
}

/* ---- statements ---- */

static void add_link(struct table *t, char **cells, size_t n)
{
	assert_true(n == 3 && t->n_links < LINKS_MOST);
	t->links[t->n_links++] = (struct link){ cells[1], cells[2] };
}

static void add_host(struct table *t, char **cells, size_t n)
{
	struct host *host = &t->hosts[t->n_hosts++];

	assert_true((n == 5 || n == 6) && t->n_hosts < HOSTS_MOST);
	*host = (struct host){ .name = cells[1],
			       .where = cells[2],
			       .ip = { cells[3], cells[4] } };
	if (n == 6)
		assert_int_equal(sscanf(cells[5], "uid=%u gid=%u", &host->uid,
					&host->gid),
				 2);
}

static void change_member(struct table *t, bool add, const char *class,
			  const char *text)
{
	struct member *m = t->members, *end = m + t->n_members;
	struct addr_range range = { 0 };

	if (!strcmp(text, "-"))
		return;
	assert_int_equal(range_parse(text, strlen(text), &range), ADDR_OK);
	while (m < end && (strcmp(m->class, class) ||
			   memcmp(&m->range, &range, sizeof(range))))
		m++;
	if (add) {
		assert_true(t->n_members < MEMBERS_MOST);
		t->members[t->n_members++] = (struct member){ class, range };
	} else if (expect(m < end, "%s: %s is not in %s", t->name, text,
			  class)) {
		*m = t->members[--t->n_members];
	}
}

static void change_members(struct table *t, char **cells, size_t n)
{
	bool add = !strcmp(cells[0], "@add");
	char *names[CELLS_MOST];

	assert_int_equal(n, 3);
	n = split(cells[2], " ", names, CELLS_MOST);
	for (size_t i = 0; i < n; i++)
		if (strchr(names[i], '/'))
			change_member(t, add, cells[1], names[i]);
		else
			for (int k = 0; k < 2; k++)
				change_member(t, add, cells[1],
					      host_named(t, names[i])->ip[k]);
}

static void add_definition(struct table *t, char **cells, size_t n)
{
	char *value = strchr(cells[1], '=');

	assert_true(n == 2 && value);
	*value++ = '\0';
	*arena_push(t->program.arena, &t->program.definitions) =
		(struct definition){ .name = cells[1], .value = value };
}

static const struct {
	const char *word;
	void (*read)(struct table *t, char **cells, size_t n);
} statements[] = {
	{ "@link", add_link },	       { "@host", add_host },
	{ "@add", change_members },    { "@remove", change_members },
	{ "@define", add_definition },
};

static void read_statement(struct table *t, unsigned int number, char *line)
{
	char *cells[CELLS_MOST];
	size_t n = split(line, "\t", cells, CELLS_MOST);

	for (size_t i = 0; n && i < COUNT(statements); i++)
		if (!strcmp(statements[i].word, cells[0])) {
			statements[i].read(t, cells, n);
			return;
		}
	fail_msg("%s.tsv:%u is no statement", t->name, number);
}

/* ---- the policy ---- */

static void load(struct table *t)
{
	static const char *const folders[] = { "rules/policies",
					       "tests/net/policies" };
	struct diags diags = { .arena = t->program.arena };
	char path[200];

	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s.policy", folders[i],
			 t->name);
		if (!access(path, R_OK))
			break;
	}
	if (load_policy(&t->program, path, &t->policy, &diags) ||
	    t->policy->diags.errors)
		fail_msg("cannot load %s", path);
}

/* lab.py's namespaces and devices */
static void set_middle(struct table *t)
{
	static const char *const middles[] = {
		[HOOK_FORWARD] = "router",
		[HOOK_INGRESS] = "router",
		[HOOK_OUTPUT] = "host",
		[HOOK_BRIDGE] = "bridge",
	};

	t->middle = middles[t->policy->hook];
	t->links[t->n_links++] = (struct link){ "client", "cust0" };
	t->links[t->n_links++] = (struct link){ "outside", "wan0" };
}

static bool is_member(void *ctx, const struct class *class, uint8_t family,
		      const struct addr6 *address)
{
	const struct table *t = ctx;
	uint32_t v4 = address4(address);

	for (size_t i = 0; i < t->n_members; i++) {
		const struct addr_range *r = &t->members[i].range;

		if (strcmp(t->members[i].class, class->name) ||
		    r->family != family)
			continue;
		if (family == 4 ? r->v4.first <= v4 && v4 <= r->v4.last :
				  memcmp(&r->v6.first, address, 16) <= 0 &&
					  memcmp(address, &r->v6.last, 16) <= 0)
			return true;
	}
	return false;
}

/* ---- what a row says ---- */

/* As lab.py routes: what the middle sends itself goes by lo. */
static struct opening opening(const struct table *t, const struct dial *d)
{
	int six = d->family == 6;
	struct opening c =
		connection_of(d->source->ip[six], d->target->ip[six], d->port);

	c.in = device_to(t, d->source->where);
	c.out = device_to(t, d->target->where);
	if (!c.in && !c.out)
		c.in = c.out = "lo";
	if (t->policy->hook == HOOK_BRIDGE)
		c.out = NULL;
	if (t->policy->hook == HOOK_OUTPUT && c.out) {
		c.has_owner = true;
		c.uid = d->source->uid;
		c.gid = d->source->gid;
	}
	if (d->source_port)
		c.source_port = d->source_port;
	return c;
}

/* Does a clause with "and replies" stand where the row's way is not judged? */
static bool judges_answers(const struct table *t, const struct row *row)
{
	enum direction way = strncmp(row->way, "in", 2) ? DIRECTION_OUTBOUND :
							  DIRECTION_INBOUND;
	bool answers = false;

	if (!strncmp(row->way, "between", 7))
		return false;
	for (size_t i = 0; i < t->policy->blocks.n; i++) {
		const struct block *b = &t->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (strcmp(cl->text, row->clause))
				continue;
			if (!cl->replies || b->direction == way)
				return false;
			answers = true;
		}
	}
	return answers;
}

/* Why policy_decide() is not asked; NULL: it is. */
static const char *left_out(const struct table *t, const struct row *row,
			    const struct dial *d)
{
	if (!strcmp(row->way, "asym"))
		return "the opening packet goes another way";
	if (d->source_port && strcmp(row->clause, "-"))
		return "judged as an answer, by its source port";
	if (judges_answers(t, row))
		return "its answer is judged, not the opening packet";
	if (t->policy->hook == HOOK_FORWARD &&
	    (!strcmp(d->source->where, t->middle) ||
	     !strcmp(d->target->where, t->middle)))
		return "the router's own is not forwarded";
	return NULL;
}

static bool refuses_so(const struct clause *clause, const char *fate)
{
	static const char *const fates[] = { [REFUSAL_RESET] = "reset",
					     [REFUSAL_REJECT] = "icmp",
					     [REFUSAL_DROP] = "silence" };

	return !strcmp(fates[clause->refusal], fate);
}

/* Can the fate follow from the decision? */
static bool fate_follows(const struct table *t, const struct decision *d,
			 const struct dial *dial)
{
	const struct clause *cl = d->clause;
	size_t len = strlen(REDIRECTED);
	const char *ip;
	struct addr_range r = { 0 };

	if (!strcmp(dial->fate, "connected"))
		return !decision_blocks(t->policy, d);
	if (strncmp(dial->fate, REDIRECTED, len))
		return cl && refuses_so(cl, dial->fate) &&
		       (decision_blocks(t->policy, d) ||
			cl->action == ACTION_LIMIT);
	ip = host_named(t, dial->fate + len)->ip[dial->family == 6];
	range_parse(ip, strlen(ip), &r);
	return cl && cl->action == ACTION_REDIRECT &&
	       (r.family == 4 ? cl->target4 == r.v4.first :
				!memcmp(&cl->target6, &r.v6.first, 16));
}

static void compare(struct table *t, struct row *row, const struct dial *dial)
{
	struct decide_input input = { .member = is_member, .ctx = t };
	const char *why = left_out(t, row, dial);
	struct opening c;
	struct decision d;
	char got[300];

	if (why) {
		row->left_out = why;
		return;
	}
	c = opening(t, dial);
	policy_decide(t->policy, &input, &c, &d);
	decision_text(&d, got, sizeof(got));
	expect(!strcmp(got, row->clause) && fate_follows(t, &d, dial),
	       "%s.tsv:%u: %s -> %s port %u, IPv%d, %s\n    got  \"%s\"\n"
	       "    want \"%s\"",
	       t->name, row->number, dial->source->name, dial->target->name,
	       dial->port, dial->family, dial->fate, got, row->clause);
	row->dials++;
}

/* ---- a row to its dials ---- */

/* "connected*3 reset*2" are five; "redirected trap" is one. */
static size_t split_fates(struct table *t, const struct row *row,
			  const char **out, size_t most)
{
	char *words[CELLS_MOST];
	size_t n = split_copy(t, row->fate, " ", words, CELLS_MOST), all = 0;

	if (!strncmp(row->fate, REDIRECTED, strlen(REDIRECTED))) {
		out[0] = row->fate;
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		char *times = strchr(words[i], '*');
		size_t k = times ? (size_t)atoi(times + 1) : 1;

		if (times)
			*times = '\0';
		while (k-- && all < most)
			out[all++] = words[i];
	}
	return all;
}

/* The things in "a+b" are taken by turns. */
struct turns {
	char *items[TURNS_MOST];
	size_t n;
};

static struct turns split_turns(struct table *t, const char *text)
{
	struct turns turns;

	turns.n = split_copy(t, text, "+", turns.items, TURNS_MOST);
	return turns;
}

static bool has_family(const struct table *t, const struct turns *names,
		       int family)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(host_named(t, names->items[i])->ip[family == 6],
			    "-"))
			return false;
	return true;
}

/* The dials from one source to one target and port, "a+b" each of them. */
static void dial_all(struct table *t, struct row *row, const char *source,
		     const char *target, const char *port, int family)
{
	const char *mark = strchr(port, '>'), *fates[2 * CELLS_MOST];
	struct turns sources = split_turns(t, source);
	struct turns targets = split_turns(t, target);
	struct turns ports = split_turns(t, mark ? mark + 1 : port);
	size_t n = split_fates(t, row, fates, COUNT(fates));

	if (!has_family(t, &sources, family) ||
	    !has_family(t, &targets, family))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct dial dial = {
			.source = host_named(t, sources.items[i % sources.n]),
			.target = host_named(t, targets.items[i % targets.n]),
			.source_port = mark ? (uint16_t)atoi(port) : 0,
			.port = (uint16_t)atoi(ports.items[i % ports.n]),
			.family = family,
			.fate = fates[i],
		};

		compare(t, row, &dial);
	}
}

static void each_dial(struct table *t, struct row *row, int family)
{
	char *sources[HOSTS_MOST], *targets[HOSTS_MOST], *ports[CELLS_MOST];
	size_t n = split_copy(t, row->sources, " ", sources, HOSTS_MOST);
	size_t m = split_copy(t, row->targets, " ", targets, HOSTS_MOST);
	size_t l = split_copy(t, row->ports, " ", ports, CELLS_MOST);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			for (size_t j = 0; j < l; j++)
				dial_all(t, row, sources[i], targets[k],
					 ports[j], family);
}

static void read_row(struct table *t, unsigned int number, char *line)
{
	char *cells[CELLS_MOST];
	size_t n = split(line, "\t", cells, CELLS_MOST);
	struct row row = { .number = number };
	char *family;

	if (n != 6)
		fail_msg("%s.tsv:%u has %zu cells", t->name, number, n);
	row.way = cells[0];
	row.sources = cells[1];
	row.targets = cells[2];
	row.ports = cells[3];
	row.fate = cells[4];
	row.clause = cells[5];
	family = strpbrk(cells[0], "46");
	if (!family || *family == '4')
		each_dial(t, &row, 4);
	if (!family || *family == '6')
		each_dial(t, &row, 6);
	t->rows += row.dials > 0;
	t->dials += row.dials;
	t->left_out += row.left_out != NULL;
	if (row.left_out)
		printf("# %s.tsv:%u left out%s: %s\n", t->name, number,
		       row.dials ? " in part" : "", row.left_out);
}

/* ---- a table ---- */

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	struct text t;
	FILE *out = text_open(&t);

	if (!f)
		fail_msg("cannot read %s", path);
	for (int c; (c = fgetc(f)) != EOF;)
		fputc(c, out);
	fclose(f);
	text_done(&t);
	return t.bytes;
}

typedef void read_fn(struct table *t, unsigned int number, char *line);

/* Hands the lines that are rows, or those that are statements, to read. */
static void each_line(struct table *t, const char *text, bool rows,
		      read_fn *read)
{
	unsigned int number = 1;

	for (size_t len; *text; text += len + (text[len] == '\n'), number++) {
		len = strcspn(text, "\n");
		if (len && *text != '#' && (*text != '@') == rows)
			read(t, number,
			     arena_strndup(t->program.arena, text, len));
	}
}

static void try_table(struct table *t, const char *path)
{
	char *text = read_file(path);

	t->name = strndup(path + strlen(TABLES),
			  strlen(path) - strlen(TABLES ".tsv"));
	each_line(t, text, false, read_statement);
	load(t);
	set_middle(t);
	each_line(t, text, true, read_row);
	expect(t->dials, "%s: nothing was compared", t->name);
	printf("# %s: %zu dials of %zu rows compared, %zu rows left out\n",
	       t->name, t->dials, t->rows, t->left_out);
	policy_free(t->policy);
	free((char *)t->name);
	free(text);
}

CLAIM(fates, "each opening packet of the tables of fates is decided by the "
	     "clause that its row names")
{
	glob_t found;

	if (glob(TABLES "*.tsv", 0, NULL, &found))
		fail_msg("no tables: run this in the top folder");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct table t = { .program.arena = arena_new() };

		assert_non_null(t.program.arena);
		try_table(&t, found.gl_pathv[i]);
		arena_free(t.program.arena);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(fates) };

	return cmocka_run_group_tests_name("decide_fates", tests, NULL, NULL);
}
