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

#define XARF_VERSION	"4.2.0"
#define XARF_UUID_BYTES 37 /* with its NUL */

/* "infected_host"; NULL: no type of XARF fits the finding. */
const char *xarf_type(const struct report_finding *f);

/*
 * A UUID of version 5 (RFC 9562, section 5.5), of the reporter's domain and
 * all that the finding says: the same finding has the same one.
 */
void xarf_id(const struct report_finding *f, const struct report_sender *sender,
	     char out[XARF_UUID_BYTES]);

/*
 * The source is named as the finding names it: by address (IPv6: by /64), or
 * by pseudonym. NULL: no type fits, or there was no memory. The caller's.
 */
json_t *xarf_document(const struct report_finding *f,
		      const struct report_sender *sender);

/* The domain of who reports, from the contact if it is not said; or "". */
const char *xarf_domain(const struct report_sender *s);

#endif
