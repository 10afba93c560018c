/*
 * record: the TXT record at _mta-sts.<policy domain> (RFC 8461, 3.1).
 *
 * Records are counted before they are parsed: one good and one malformed
 * "v=STSv1;" are two, and two mean no policy. A record that is malformed
 * anywhere, in a field we do not know as well, is void as a whole. Sees joined
 * character-strings; how they were found is another's matter.
 *
 * Test: tests/unit/test_record.c, tests/property/prop_record.c
 */
#include "rules/record.h"

#include "rules/field.h"

#include <string.h>

/* The record being parsed. */
struct parser {
	struct span whole;
	struct span rest;
	unsigned number; /* of the record in its set, from 1 */
	struct span id;	 /* empty until seen */
	struct mtasts_lint *lint;
};

static unsigned
column(const struct parser *p)
{
	return (unsigned)(p->whole.len - p->rest.len) + 1;
}

/* sts-ext-value: visible ASCII but ";" and "=". */
static bool
is_value_octet(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e && c != ';' && c != '=';
}

bool
record_id_is_valid(struct span id)
{
	struct span rest = id;

	span_while(&rest, span_is_alnum);
	return span_empty(rest) && id.len >= 1 && id.len <= RECORD_ID_MAX;
}

static bool
take_id(struct parser *p, struct span value, unsigned at)
{
	if (!record_id_is_valid(value)) {
		lint_error(p->lint, p->number, at, "id-invalid",
		    "the id must be 1 to %d letters and digits, not \"%s\"",
		    RECORD_ID_MAX, field_show(value).text);
		return false;
	}
	p->id = value;
	return true;
}

/* A well-formed field of no consequence. Of two the first counts, whatever the
 * second one says (RFC 8461, 3.2, for records too). */
static void
ignore_field(struct parser *p, struct span name, unsigned at)
{
	if (span_is(name, "v") || span_is(name, "id"))
		lint_warning(p->lint, p->number, at, "duplicate-field",
		    "a second \"%s\" is ignored", field_show(name).text);
	else
		lint_warning(p->lint, p->number, at, "unknown-field",
		    "the field \"%s\" is not known and ignored",
		    field_show(name).text);
}

static bool
parse_field(struct parser *p)
{
	unsigned at = column(p);
	struct span start = p->rest, name, value;

	if (!field_name(&p->rest, &name)) {
		lint_error(p->lint, p->number, at, "name-syntax",
		    "no field can begin like \"%s\"", field_show(start).text);
		return false;
	}
	if (!span_skip(&p->rest, "=")) {
		lint_error(p->lint, p->number, column(p), "field-syntax",
		    "expected \"=\" right after \"%s\"", field_show(name).text);
		return false;
	}
	value = span_while(&p->rest, is_value_octet);
	if (span_is(name, "id") && span_empty(p->id))
		return take_id(p, value, at);
	if (span_empty(value)) {
		lint_error(p->lint, p->number, column(p), "value-syntax",
		    "\"%s\" has no value, or one of illegal characters",
		    field_show(name).text);
		return false;
	}
	ignore_field(p, name, at);
	return true;
}

static bool
take_delimiter(struct parser *p)
{
	span_while(&p->rest, span_is_blank);
	if (!span_skip(&p->rest, ";")) {
		lint_error(p->lint, p->number, column(p), "field-syntax",
		    "expected \";\", not %s",
		    span_empty(p->rest) ? "blanks at the end" :
					  field_show(p->rest).text);
		return false;
	}
	span_while(&p->rest, span_is_blank);
	return true;
}

static bool
parse_record(struct parser *p)
{
	span_skip(&p->rest, "v=STSv1");
	while (!span_empty(p->rest)) {
		if (!take_delimiter(p))
			return false;
		/* The last field may be delimited, too. */
		if (!span_empty(p->rest) && !parse_field(p))
			return false;
	}
	if (span_empty(p->id))
		lint_error(p->lint, p->number, 0, "id-missing",
		    "there is no id");
	return !span_empty(p->id);
}

static enum record_status
parse_one(struct span whole, unsigned number, char id[RECORD_ID_SIZE],
    struct mtasts_lint *lint)
{
	struct parser p = {
		.whole = whole,
		.rest = whole,
		.number = number,
		.lint = lint,
	};

	if (!parse_record(&p))
		return RECORD_INVALID;
	memcpy(id, p.id.data, p.id.len);
	id[p.id.len] = '\0';
	return RECORD_OK;
}

/*
 * A record that stands alone need not pass the filter: the grammar allows
 * blanks before the first ";", the filter does not. "v=STSv10" is another
 * version, everything else that begins like ours is ours and malformed.
 */
static bool
is_ours_alone(struct span record)
{
	return span_skip(&record, "v=STSv1") &&
	    (span_empty(record) ||
	    !span_is_alnum((unsigned char)span_peek(record)));
}

enum record_status
record_select(const struct span *texts, size_t count, char id[RECORD_ID_SIZE],
    struct mtasts_lint *lint)
{
	size_t i, found = 0, chosen = 0;

	id[0] = '\0';
	if (count == 1)
		return is_ours_alone(texts[0]) ?
		    parse_one(texts[0], 1, id, lint) :
		    RECORD_NONE;

	for (i = 0; i < count; i++) {
		if (!span_starts(texts[i], "v=STSv1;"))
			continue;
		if (found++ == 0)
			chosen = i;
	}
	if (found == 0)
		return RECORD_NONE;
	if (found > 1) {
		lint_error(lint, 0, 0, "multiple-records",
		    "%zu records start with \"v=STSv1;\"", found);
		return RECORD_MULTIPLE;
	}
	return parse_one(texts[chosen], (unsigned)(chosen + 1), id, lint);
}

void
record_id_pack(struct pack *pack, const char id[RECORD_ID_SIZE])
{
	pack_string(pack, id, strlen(id));
}

bool
record_id_unpack(struct span *octets, char id[RECORD_ID_SIZE])
{
	struct span stored;

	if (!span_string(octets, &stored) ||
	    (!span_empty(stored) && !record_id_is_valid(stored)))
		return false;
	if (!span_empty(stored))
		memcpy(id, stored.data, stored.len);
	id[stored.len] = '\0';
	return true;
}
