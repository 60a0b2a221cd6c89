/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <stdio.h>
#include <string.h>

static const struct service_warning submission_blocked = {
	"submission-blocked",
	"port 587 is how customers hand in mail, wherever their provider is",
	"allow submission: its servers ask for a password and keep a record",
	"RFC 5068 section 4.1: \"Access Providers MUST NOT block users from "
	"accessing the external Internet using the SUBMISSION port 587\"; "
	"RFC 6409 section 3.1 reserves it for submission",
};
static const struct service_warning submissions_blocked = {
	"submissions-blocked",
	"port 465 is submission with TLS from the first byte, the preferred "
	"way to hand in mail",
	"allow submissions",
	"RFC 8314 section 3.3, which extends RFC 5068 to this port",
};
static const struct service_warning imaps_blocked = {
	"imaps-blocked",
	"port 993 is how mail is read with TLS; customers fall back to "
	"cleartext without it",
	"allow imaps",
	"RFC 8314 section 3.2",
};
static const struct service_warning pop3s_blocked = {
	"pop3s-blocked",
	"port 995 is how mail is read with TLS; customers fall back to "
	"cleartext without it",
	"allow pop3s",
	"RFC 8314 section 3.1",
};

/* Each row has every column, in the order of the struct: the compiler sees. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"

const struct service services[] = {
	{ "smtp", 25, ROLE_TRANSPORT, ENCRYPTION_STARTTLS, PROTOCOL_SMTP, false,
	  0, "RFC 5321", "mail between servers", NULL },
	{ "pop3", 110, ROLE_ACCESS, ENCRYPTION_STARTTLS, PROTOCOL_POP3, false,
	  0, "RFC 1939", "reading mail, cleartext unless STLS", NULL },
	{ "imap", 143, ROLE_ACCESS, ENCRYPTION_STARTTLS, PROTOCOL_IMAP, false,
	  0, "RFC 9051", "reading mail, cleartext unless STARTTLS", NULL },
	{ "submissions", 465, ROLE_SUBMISSION, ENCRYPTION_IMPLICIT,
	  PROTOCOL_SMTP, true, 2, "RFC 8314", "customers send mail",
	  &submissions_blocked },
	{ "submission", 587, ROLE_SUBMISSION, ENCRYPTION_STARTTLS,
	  PROTOCOL_SMTP, true, 1, "RFC 6409", "customers send mail",
	  &submission_blocked },
	{ "imaps", 993, ROLE_ACCESS, ENCRYPTION_IMPLICIT, PROTOCOL_IMAP, true,
	  1, "RFC 8314", "reading mail", &imaps_blocked },
	{ "pop3s", 995, ROLE_ACCESS, ENCRYPTION_IMPLICIT, PROTOCOL_POP3, true,
	  2, "RFC 8314", "reading mail", &pop3s_blocked },
	{ "smtp-alt", 2525, ROLE_SUBMISSION, ENCRYPTION_STARTTLS, PROTOCOL_SMTP,
	  false, 3, NULL, "a fallback that some providers offer for 587",
	  NULL },
};

#pragma GCC diagnostic pop

const size_t n_services = sizeof(services) / sizeof(services[0]);

const struct service *service_by_name(const char *name)
{
	for (size_t i = 0; i < n_services; i++)
		if (!strcmp(services[i].name, name))
			return &services[i];
	return NULL;
}

/* A name that is near to another by letters can be far from it in meaning. */
static const struct {
	const char *name, *help;
} service_aliases[] = {
	{ "smtps",
	  "port 465 is \"submissions\": customers send mail with TLS" },
	{ "ssmtp",
	  "port 465 is \"submissions\": customers send mail with TLS" },
	{ "urd", "port 465 is \"submissions\": customers send mail with TLS" },
	{ "ssl-smtp",
	  "port 465 is \"submissions\": customers send mail with TLS" },
	{ "smtp-tls",
	  "with STARTTLS it is \"submission\", 587; with TLS from the first "
	  "byte \"submissions\", 465" },
	{ "msa", "port 587 is \"submission\"" },
	{ "msp", "port 587 is \"submission\"" },
	{ "starttls", "port 587 is \"submission\"" },
	{ "mail", "\"smtp\" is mail between servers, 25; customers hand in "
		  "mail by \"submission\", 587, or \"submissions\", 465" },
	{ "email", "\"smtp\" is mail between servers, 25; customers hand in "
		   "mail by \"submission\", 587, or \"submissions\", 465" },
	{ "pop",
	  "\"pop3s\", 995, has TLS; \"pop3\", 110, starts in cleartext" },
	{ "pops", "port 995 is \"pop3s\"" },
	{ "pop-3", "\"pop3s\", 995, has TLS; \"pop3\", 110, starts in "
		   "cleartext" },
	{ "spop3", "port 995 is \"pop3s\"" },
	{ "imap2", "\"imaps\", 993, has TLS; \"imap\", 143, starts in "
		   "cleartext" },
	{ "imap4", "\"imaps\", 993, has TLS; \"imap\", 143, starts in "
		   "cleartext" },
	{ "imap4s", "port 993 is \"imaps\"" },
	{ "simap", "port 993 is \"imaps\"" },
};

const char *service_alias_help(const char *name)
{
	for (size_t i = 0;
	     i < sizeof(service_aliases) / sizeof(*service_aliases); i++)
		if (!strcmp(service_aliases[i].name, name))
			return service_aliases[i].help;
	return NULL;
}

const struct service *service_by_port(uint16_t port)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i].port == port)
			return &services[i];
	return NULL;
}

const struct service *service_offered(enum service_role role, unsigned int rank)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i].role == role && rank &&
		    services[i].offer == rank)
			return &services[i];
	return NULL;
}

bool service_is_cleartext(const struct service *s)
{
	return s->role == ROLE_ACCESS && s->encryption == ENCRYPTION_STARTTLS &&
	       !s->users_have_tls;
}

static size_t service_count(bool (*is_chosen)(const struct service *s))
{
	size_t n = 0;

	for (size_t i = 0; i < n_services; i++)
		n += is_chosen(&services[i]);
	return n;
}

const char *service_list_ports(bool (*is_chosen)(const struct service *s),
			       const char *last_word,
			       char out[SERVICE_LIST_BYTES])
{
	size_t left = service_count(is_chosen), len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n_services && len < SERVICE_LIST_BYTES; i++) {
		if (!is_chosen(&services[i]))
			continue;
		left--;
		len += (size_t)snprintf(out + len, SERVICE_LIST_BYTES - len,
					!left	  ? "%u" :
					left == 1 ? "%u %s " :
						    "%u, ",
					services[i].port, last_word);
	}
	return out;
}

const char *service_role_name(enum service_role role)
{
	switch (role) {
	case ROLE_TRANSPORT:
		return "transport";
	case ROLE_SUBMISSION:
		return "submission";
	case ROLE_ACCESS:
		return "access";
	}
	return "";
}

const char *service_encryption_name(enum service_encryption encryption)
{
	switch (encryption) {
	case ENCRYPTION_STARTTLS:
		return "starttls";
	case ENCRYPTION_IMPLICIT:
		return "implicit-tls";
	}
	return "";
}
