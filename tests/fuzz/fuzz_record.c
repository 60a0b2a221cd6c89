/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the process that reads packets and the recorder, each
 * hostile to the other. What is read and found sane is used as either end does.
 */
#include "fuzz.h"
#include "../../tools/apart/record_wire.h"
#include "../../tools/event/events.h"
#include "../../tools/serve/metrics.h"

#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MOST 60000 /* fewer than the socket holds */

static size_t letters; /* of texts */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return be_silent();
}

static void use_attempt(const struct record_attempt *a)
{
	must(a->outcome < OUTCOME_N && outcome_name((enum outcome)a->outcome) &&
		     outcome_name((enum outcome)a->early_outcome),
	     "an outcome has a name");
	letters += strlen(a->clause) + strlen(a->decided);
}

static void use_finding(const struct finding *f)
{
	json_t *json = finding_json(f);

	must(json != NULL, "a finding is an event");
	json_decref(json);
}

static void use_view(const struct record_view *v)
{
	const struct metrics m = { .summary = &v->summary,
				   .lost = v->extra.lost,
				   .sight = &v->extra.sight };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out && !metrics_write(&m, out), "figures are metrics");
	fclose(out);
	free(text);
}

static void use_row(uint32_t kind, const union record_row *row)
{
	switch ((enum record_kind)kind) {
	case RECORD_OPEN:
		letters += strlen(row->open.store) + strlen(row->open.listen) +
			   strlen(row->open.user) + strlen(row->open.inputs);
		break;
	case RECORD_ATTEMPT:
	case RECORD_EARLY:
		use_attempt(&row->attempt);
		break;
	case RECORD_FINDING:
		use_finding(&row->finding);
		break;
	case RECORD_VIEW:
		use_view(&row->view);
		break;
	case RECORD_HEALTH:
		sight_sees(&row->health.sight);
		letters += strlen(row->health.complaint);
		break;
	case RECORD_READY:
		letters += strlen(row->ready.address);
		break;
	default:
		must(kind < RECORD_KINDS, "there is such a kind");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire w;
	static union record_row row;
	uint32_t kind;
	int ends[2];

	if (size > BYTES_MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 0;
	must(send(ends[1], data, size, MSG_DONTWAIT) == (ssize_t)size || !size,
	     "there is room for it");
	close(ends[1]);
	memset(&w, 0, sizeof(w));
	w.fd = ends[0];
	w.forms = record_forms;
	w.n_forms = RECORD_KINDS;
	while (wire_has(&w) && wire_get(&w, &kind, &row))
		if (record_is_sane(kind, &row))
			use_row(kind, &row);
	close(ends[0]);
	return 0;
}
