/*
 * domain: names made canonical, refused, or prefixed (RFC 8461, 2 and 3.4).
 *
 * A policy domain is a host name in RFC 1123's sense: labels of letters, digits
 * and hyphens. U-labels are converted as IDNA2008 says, by libidn2 and by
 * nothing else here. Knows no DNS: whether a name exists is another's question.
 *
 * Test: tests/unit/test_domain.c, tests/fuzz/fuzz_domain.c
 */
#include "rules/domain.h"

#include "base/span.h"
#include "base/text.h"

#include <idn2.h>
#include <string.h>

#define LABEL_MAX 63
/* Four labels of 59 characters, four octets each: no longer name can fit. */
#define UNICODE_MAX 1023

/* Three digits at most, up to 255, as in an address. */
static bool
is_address_part(struct span label)
{
	unsigned value = 0;
	size_t i;

	if (label.len < 1 || label.len > 3)
		return false;
	for (i = 0; i < label.len; i++) {
		if (!span_is_digit((unsigned char)label.data[i]))
			return false;
		value = value * 10 + (unsigned)(label.data[i] - '0');
	}
	return value <= 255;
}

static bool
is_ipv4(struct span name)
{
	bool more = true;
	unsigned parts;

	for (parts = 0; more; parts++)
		if (!is_address_part(span_until(&name, '.', &more)))
			return false;
	return parts == 4;
}

static bool
is_ipv6_octet(unsigned char c)
{
	return span_is_digit(c) || c == ':' || c == '.' ||
	    (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Near enough: no name holds a colon, so nothing is lost by a wrong yes. */
static bool
is_ipv6(struct span name)
{
	bool colon;
	struct span rest = name;

	span_until(&rest, ':', &colon);
	span_while(&name, is_ipv6_octet);
	return colon && span_empty(name);
}

static bool
is_bracketed(struct span name)
{
	return name.len >= 2 && name.data[0] == '[' &&
	    name.data[name.len - 1] == ']';
}

static bool
is_literal(struct span name)
{
	return is_bracketed(name) || is_ipv4(name) || is_ipv6(name);
}

/* The dot of the root says nothing that we do not know. */
static struct span
without_root(struct span name)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	return name;
}

static bool
is_ldh(unsigned char c)
{
	return span_is_alnum(c) || c == '-';
}

static bool
is_ldh_or_underscore(unsigned char c)
{
	return is_ldh(c) || c == '_';
}

/* A label of a domain: LDH, with a letter or digit at both ends. */
static enum domain_status
label_status(struct span label)
{
	struct span rest = label;

	span_while(&rest, is_ldh);
	if (span_empty(label) || !span_empty(rest) || label.data[0] == '-' ||
	    label.data[label.len - 1] == '-')
		return DOMAIN_INVALID;
	return label.len > LABEL_MAX ? DOMAIN_TOO_LONG : DOMAIN_OK;
}

static enum domain_status
name_status(struct span name)
{
	enum domain_status status = DOMAIN_OK;
	struct span rest = name;
	bool more = true;
	size_t labels;

	for (labels = 0; more && status == DOMAIN_OK; labels++)
		status = label_status(span_until(&rest, '.', &more));
	if (status != DOMAIN_OK)
		return status;
	if (name.len + DOMAIN_PREFIX_MAX > DOMAIN_MAX)
		return DOMAIN_TOO_LONG;
	return labels == 1 ? DOMAIN_SINGLE_LABEL : DOMAIN_OK;
}

static void
copy_lower(struct span name, char *out)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		out[i] = span_lower(name.data[i]);
	out[i] = '\0';
}

static enum domain_status
normalise_ascii(struct span name, char out[DOMAIN_SIZE])
{
	enum domain_status status;

	name = without_root(name);
	if (is_literal(name))
		return DOMAIN_LITERAL;
	status = name_status(name);
	if (status == DOMAIN_OK)
		copy_lower(name, out);
	return status;
}

static enum domain_status
idn2_status(int rc)
{
	switch (rc) {
	case IDN2_OK:
		return DOMAIN_OK;
	case IDN2_MALLOC:
		return DOMAIN_NOMEM;
	case IDN2_TOO_BIG_DOMAIN:
	case IDN2_TOO_BIG_LABEL:
		return DOMAIN_TOO_LONG;
	default:
		return DOMAIN_INVALID;
	}
}

/*
 * What comes out is judged like any other name: libidn2 maps full-width digits
 * and ideographic dots to ASCII ones, so it may well be an address by now.
 */
static enum domain_status
normalise_unicode(struct span name, char out[DOMAIN_SIZE])
{
	char unicode[UNICODE_MAX + 1];
	enum domain_status status;
	uint8_t *ascii = NULL;

	if (name.len > UNICODE_MAX)
		return DOMAIN_TOO_LONG;
	if (memchr(name.data, '\0', name.len) != NULL)
		return DOMAIN_INVALID;
	memcpy(unicode, name.data, name.len);
	unicode[name.len] = '\0';

	status = idn2_status(idn2_lookup_u8((const uint8_t *)unicode, &ascii,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL));
	if (status == DOMAIN_OK)
		status = normalise_ascii(span_str((const char *)ascii), out);
	idn2_free(ascii);
	return status;
}

static bool
is_ascii(unsigned char c)
{
	return c < 0x80;
}

enum domain_status
domain_normalise(const char *name, size_t len, char out[DOMAIN_SIZE])
{
	struct span rest = span_of(name, len);

	out[0] = '\0';
	span_while(&rest, is_ascii);
	if (span_empty(rest))
		return normalise_ascii(span_of(name, len), out);
	return normalise_unicode(span_of(name, len), out);
}

const char *
domain_status_text(enum domain_status status)
{
	switch (status) {
	case DOMAIN_OK:
		return "ok";
	case DOMAIN_LITERAL:
		return "address-literal";
	case DOMAIN_SINGLE_LABEL:
		return "single-label";
	case DOMAIN_TOO_LONG:
		return "name-too-long";
	case DOMAIN_INVALID:
		return "name-invalid";
	case DOMAIN_NOMEM:
		return "out-of-memory";
	}
	return "unknown";
}

static void
prefixed(const char *prefix, const char *domain, char out[DOMAIN_SIZE])
{
	struct text text;

	text_init(&text, out, DOMAIN_SIZE);
	text_printf(&text, "%s%s", prefix, domain);
}

void
domain_record_name(const char *domain, char out[DOMAIN_SIZE])
{
	prefixed("_mta-sts.", domain, out);
}

void
domain_policy_host(const char *domain, char out[DOMAIN_SIZE])
{
	prefixed("mta-sts.", domain, out);
}

/* An address, or nothing at all: no top-level domain is a number (RFC 3696, 2). */
static bool
ends_in_number(struct span name)
{
	struct span label;
	bool more = true;

	while (more)
		label = span_until(&name, '.', &more);
	span_while(&label, span_is_digit);
	return span_empty(label);
}

/* Hyphens may stand anywhere here: DNS had the name, we only compare it. */
static bool
is_host_label(struct span label)
{
	struct span rest = label;

	span_while(&rest, is_ldh_or_underscore);
	return !span_empty(label) && label.len <= LABEL_MAX && span_empty(rest);
}

bool
domain_host(const char *name, size_t len, char out[DOMAIN_SIZE])
{
	struct span host = without_root(span_of(name, len));
	struct span rest = host;
	bool more = true;

	out[0] = '\0';
	if (host.len > DOMAIN_MAX || ends_in_number(host))
		return false;
	while (more)
		if (!is_host_label(span_until(&rest, '.', &more)))
			return false;
	copy_lower(host, out);
	return true;
}
