/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <string.h>

const struct service services[] = {
	{ "smtp", 25, ROLE_TRANSPORT, ENCRYPTION_STARTTLS, "RFC 5321",
	  "mail between servers" },
	{ "pop3", 110, ROLE_ACCESS, ENCRYPTION_STARTTLS, "RFC 1939",
	  "reading mail, cleartext unless STLS" },
	{ "imap", 143, ROLE_ACCESS, ENCRYPTION_STARTTLS, "RFC 9051",
	  "reading mail, cleartext unless STARTTLS" },
	{ "submissions", 465, ROLE_SUBMISSION, ENCRYPTION_IMPLICIT, "RFC 8314",
	  "customers send mail" },
	{ "submission", 587, ROLE_SUBMISSION, ENCRYPTION_STARTTLS, "RFC 6409",
	  "customers send mail" },
	{ "imaps", 993, ROLE_ACCESS, ENCRYPTION_IMPLICIT, "RFC 8314",
	  "reading mail" },
	{ "pop3s", 995, ROLE_ACCESS, ENCRYPTION_IMPLICIT, "RFC 8314",
	  "reading mail" },
	{ "smtp-alt", 2525, ROLE_SUBMISSION, ENCRYPTION_STARTTLS, NULL,
	  "a fallback that some providers offer for 587" },
};

const size_t n_services = sizeof(services) / sizeof(services[0]);

const struct service *service_by_name(const char *name)
{
	for (size_t i = 0; i < n_services; i++)
		if (!strcmp(services[i].name, name))
			return &services[i];
	return NULL;
}

const struct service *service_by_port(uint16_t port)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i].port == port)
			return &services[i];
	return NULL;
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
