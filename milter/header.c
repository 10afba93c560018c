/*
 * header: one field for a whole message. A domain is named only where every
 * recipient has that domain: otherwise the field would tell a recipient of the
 * others, of Bcc ones too.
 *
 * Test: tests/unit/test_milter.c
 */
#include <config.h>

#include "header.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A line of a header field has 998 octets at most (RFC 5322, 2.1.1). */
#define SHOWN_SIZE 900

void
header_begin(struct header_summary *summary)
{
	memset(summary, 0, sizeof(*summary));
	summary->shared = true;
}

static void
count(struct header_summary *summary, const struct decision *decision)
{
	switch (decision->verdict) {
	case MTASTS_VERDICT_NONE:
		summary->none++;
		break;
	case MTASTS_VERDICT_PASS:
		summary->pass++;
		break;
	case MTASTS_VERDICT_FAIL:
		summary->fail++;
		break;
	case MTASTS_VERDICT_TEMPERROR:
		summary->temperror++;
		break;
	}
}

void
header_add(struct header_summary *summary, const char *domain,
    const struct decision *decision)
{
	if (summary->recipients++ == 0)
		snprintf(summary->domain, sizeof(summary->domain), "%s",
		    domain);
	else if (strcasecmp(summary->domain, domain) != 0)
		summary->shared = false;
	if (decision == NULL)
		return;
	if (summary->judged++ == 0)
		summary->first = *decision;
	else if (strcmp(summary->first.domain, decision->domain) != 0)
		summary->shared = false;
	count(summary, decision);
}

bool
header_is_due(const struct header_summary *summary, enum conf_tag tag)
{
	return summary->judged > 0 &&
	    (tag == TAG_ALL || (tag == TAG_FAIL && summary->fail > 0));
}

/* Words that cannot be taken for another field stand as they are, others between
 * quotation marks (RFC 5322, 3.2.4), cut where they get long. */
static const char *
show(char *buf, size_t size, const char *words, const char *plain)
{
	size_t len = 0;

	if (words[0] != '\0' && words[strspn(words, plain)] == '\0')
		return words;
	buf[len++] = '"';
	for (; *words != '\0' && len + 4 < size; words++) {
		if (*words == '"' || *words == '\\')
			buf[len++] = '\\';
		buf[len++] = *words;
	}
	memcpy(buf + len, "\"", 2);
	return buf;
}

static void
format_shared(const struct decision *decision, char *buf, size_t size)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._:[]";
	char shown[SHOWN_SIZE];
	int len = snprintf(buf, size, "mode=%s; result=%s; domain=%s",
	    mtasts_mode_name(decision->mode),
	    mtasts_verdict_name(decision->verdict),
	    show(shown, sizeof(shown), decision->domain, name));

	if (decision->id[0] != '\0' && (size_t)len < size)
		len += snprintf(buf + len, size - (size_t)len, "; id=%s",
		    decision->id);
	if (decision->host[0] != '\0' && (size_t)len < size)
		snprintf(buf + len, size - (size_t)len, ";\n\tmx=%s",
		    decision->host);
	else if ((size_t)len < size)
		snprintf(buf + len, size - (size_t)len, ";\n\treason=%s",
		    show(shown, sizeof(shown), decision->sentence, ""));
}

void
header_format(const struct header_summary *summary, char *buf, size_t size)
{
	/* A recipient that was not judged may have been rerouted: its domain
	 * is the same, and nothing is told of it. */
	if (summary->shared) {
		format_shared(&summary->first, buf, size);
		return;
	}
	snprintf(buf, size,
	    "recipients=%zu; pass=%zu; fail=%zu; temperror=%zu; none=%zu",
	    summary->recipients, summary->pass, summary->fail,
	    summary->temperror,
	    summary->none + summary->recipients - summary->judged);
}
