/*
 * route: the rule that tells outbound recipients, and their policy domain.
 *
 * The MTA's own routing decides: its mailer and next hop for the recipient. A
 * host in brackets is reached without MX, so no policy covers it. Where an
 * administrator chose another next hop than the address's domain, RFC 8461, 3.4
 * makes that name the policy domain; whether to go by it is configured.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "route.h"

#include <stdio.h>
#include <string.h>

static const char *
take(char *buf, size_t size, const char *text, size_t len)
{
	buf[0] = '\0';
	if (len < size) {
		memcpy(buf, text, len);
		buf[len] = '\0';
	}
	return buf;
}

const char *
route_domain(const char *addr, char *buf, size_t size)
{
	const char *at = strrchr(addr, '@');
	size_t len;

	if (at == NULL)
		return take(buf, size, "", 0);
	at++;
	len = strlen(at);
	if (len > 0 && at[len - 1] == '>')
		len--;
	return take(buf, size, at, len);
}

/* host:port is Postfix's; the port does not name a domain. */
static const char *
next_hop(const char *host, char *buf, size_t size)
{
	const char *colon = strrchr(host, ':');

	if (colon != NULL && strchr(host, ':') == colon && colon[1] != '\0' &&
	    colon[1 + strspn(colon + 1, "0123456789")] == '\0')
		return take(buf, size, host, (size_t)(colon - host));
	return take(buf, size, host, strlen(host));
}

static bool
is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

enum route_kind
route_find(const struct conf *conf, const struct route_recipient *recipient,
    char *domain, size_t size)
{
	char hop[ROUTE_DOMAIN_SIZE];

	domain[0] = '\0';
	if (is_empty(recipient->mailer) ||
	    strcmp(recipient->mailer, "error") == 0)
		return ROUTE_UNKNOWN;
	if (!conf_has_mailer(conf, recipient->mailer))
		return ROUTE_LOCAL;
	if (is_empty(recipient->host) || is_empty(recipient->addr))
		return ROUTE_UNKNOWN;
	if (recipient->host[0] == '[')
		return ROUTE_FIXED;
	route_domain(recipient->addr, domain, size);
	next_hop(recipient->host, hop, sizeof(hop));
	if (domain[0] != '\0' && mtasts_same_domain(domain, hop))
		return ROUTE_OUTBOUND;
	if (conf->milter.overridden_routes == ROUTE_SKIP || hop[0] == '\0')
		return ROUTE_OVERRIDDEN;
	take(domain, size, hop, strlen(hop));
	return domain[0] == '\0' ? ROUTE_UNKNOWN : ROUTE_OUTBOUND;
}
