/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts as XARF v4 documents, for those who handle abuse reports by program.
 * The format is that of github.com/xarf/xarf-spec: schemas/v4/xarf-core.json
 * and schemas/v4/types/, as of version 4.2.0.
 *
 * Each of spam-source, direct-to-mx, login-storm and login-failures is
 * connection/infected_host; a tag names the finding. messaging/spam asks for
 * the sender of a message, and connection/login_attack for a source port: a
 * host with many connections has neither. The other findings are no abuse of
 * others, or have no type in XARF.
 */
#ifndef MAILWALL_XARF_H
#define MAILWALL_XARF_H

#include "writer.h"

#include <jansson.h>

#define XARF_VERSION	"4.2.0"
#define XARF_UUID_BYTES 37 /* with its NUL */

/* Has one of its findings a type in XARF? */
bool xarf_has_type(const struct report_host *h);

/*
 * Makes a UUID of version 5 (RFC 9562, section 5.5) from the reporter's domain
 * and all fields of its findings: the same host has the same id.
 */
void xarf_id(const struct report_host *h, const struct report_sender *sender,
	     char out[XARF_UUID_BYTES]);

/*
 * Makes the document of a host, for json_decref(). The source has its name in
 * the finding: an address (IPv6: the /64), or a pseudonym. NULL: no type fits,
 * or out of memory.
 */
json_t *xarf_document(const struct report_host *h,
		      const struct report_sender *sender);

/* The domain of the reporter, by default that of the contact; or "". */
const char *xarf_domain(const struct report_sender *s);

#endif
