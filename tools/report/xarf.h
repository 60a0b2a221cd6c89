/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings as XARF v4 documents, for those who handle abuse reports by
 * program. The format is that of github.com/xarf/xarf-spec: schemas/v4/
 * xarf-core.json and schemas/v4/types/, as of version 4.2.0.
 *
 *     finding                        category    type
 *     spam-source, direct-to-mx      connection  infected_host
 *     login-storm, login-failures    connection  login_attack
 *
 * messaging/spam asks for the sender of a message and the source port, which
 * a finding, made of many connections, does not have. For the same reason there
 * is no source_port: 4.2.0 recommends it, and only the schemas before it asked
 * it of a login_attack. The other findings are no abuse of others, or have no
 * type in XARF.
 */
#ifndef MAILWALL_XARF_H
#define MAILWALL_XARF_H

#include "writer.h"

#include <jansson.h>

#define XARF_VERSION	"4.2.0"
#define XARF_UUID_BYTES 37 /* with its NUL */

/* XARF's type of a finding, "infected_host"; NULL: none fits. */
const char *xarf_type(const struct report_finding *f);

/*
 * Makes a UUID of version 5 (RFC 9562, section 5.5) from the reporter's domain
 * and all fields of the finding: the same finding has the same id.
 */
void xarf_id(const struct report_finding *f, const struct report_sender *sender,
	     char out[XARF_UUID_BYTES]);

/*
 * Makes the document of a finding, for json_decref(). The source has its name
 * in the finding: an address (IPv6: the /64), or a pseudonym. NULL: no type
 * fits, or out of memory.
 */
json_t *xarf_document(const struct report_finding *f,
		      const struct report_sender *sender);

/* The domain of the reporter, by default that of the contact; or "". */
const char *xarf_domain(const struct report_sender *s);

#endif
