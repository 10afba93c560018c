/*
 * policy: the body of a policy, parsed (RFC 8461, 3.2).
 *
 * A line is a field: a name, a colon, a value. Of two fields with one name the
 * first counts, but every mx does. What the body says is taken or refused as a
 * whole. Five things that the grammar forbids are let through with a warning,
 * because refusing them would take protection away from a domain that plainly
 * asked for it: a byte order mark, blank lines, white space before a name, an
 * underscore in a pattern, a dot at a pattern's end. Nothing else is.
 *
 * Knows neither how the body was fetched nor how long ago.
 *
 * Test: tests/unit/test_policy.c, tests/unit/test_published.c,
 * tests/property/prop_policy.c
 */
#include "rules/policy.h"

#include "base/text.h"
#include "rules/field.h"
#include "rules/mxmatch.h"

#include <string.h>

#define LABEL_MAX 63
#define DOMAIN_LEN_MAX 253
#define DAY 86400
/* The search for duplicate patterns is quadratic, and a courtesy. */
#define DUPLICATES_SOUGHT 256

/* A body being parsed, and the line being looked at. */
struct parser {
	struct policy policy;
	char *storage;
	struct mtasts_lint *lint;
	unsigned line;
	const char *line_start;
	bool has_version;
	bool has_max_age;
	unsigned max_age_line;
};

/* A field: where it stands, and its value without blanks around it. */
struct field {
	struct span name;
	struct span value;
};

static unsigned
column(const struct parser *p, struct span at)
{
	return (unsigned)(at.data - p->line_start) + 1;
}

/* ---- Patterns --------------------------------------------------------- */

/* A pattern, and what was let through in it. */
struct pattern {
	struct span text; /* without a trailing dot */
	bool trailing_dot;
	bool underscore;
};

static bool
is_label_octet(unsigned char c)
{
	return span_is_alnum(c) || c == '-' || c == '_';
}

static bool
is_label(struct span label)
{
	struct span rest = label;

	span_while(&rest, is_label_octet);
	return span_empty(rest) && label.len >= 1 && label.len <= LABEL_MAX &&
	    label.data[0] != '-' && label.data[label.len - 1] != '-';
}

/* Domain of RFC 5321, 4.1.2, with underscores. */
static bool
is_domain(struct span domain)
{
	bool more = true;

	if (domain.len > DOMAIN_LEN_MAX)
		return false;
	while (more)
		if (!is_label(span_until(&domain, '.', &more)))
			return false;
	return true;
}

static bool
read_pattern(struct span value, struct pattern *out)
{
	struct span domain;

	*out = (struct pattern){ .text = value };
	if (value.len > 0 && value.data[value.len - 1] == '.') {
		out->trailing_dot = true;
		out->text.len--;
	}
	domain = out->text;
	span_skip(&domain, "*.");
	if (!is_domain(domain))
		return false;
	out->underscore = memchr(domain.data, '_', domain.len) != NULL;
	return true;
}

static size_t
copy_pattern(const struct pattern *pattern, char *out)
{
	size_t i;

	for (i = 0; i < pattern->text.len; i++)
		out[i] = span_lower(pattern->text.data[i]);
	out[i] = '\0';
	return i;
}

size_t
policy_pattern(struct span value, char *out)
{
	struct pattern pattern;

	out[0] = '\0';
	return read_pattern(value, &pattern) ? copy_pattern(&pattern, out) : 0;
}

/* ---- Fields ----------------------------------------------------------- */

/* Visible ASCII and UTF-8, spaces within; no tabs, no controls. */
static bool
is_extension_value(struct span value)
{
	size_t i, width;

	for (i = 0; i < value.len; i += width) {
		width = text_utf8(value.data + i, value.len - i);
		if (width == 0 || (unsigned char)value.data[i] < ' ' ||
		    value.data[i] == 0x7f)
			return false;
	}
	return value.len > 0;
}

static bool
ignore_field(struct parser *p, const struct field *f, const char *code)
{
	if (!is_extension_value(f->value)) {
		lint_error(p->lint, p->line, column(p, f->value),
		    "value-syntax", "\"%s\" has %s", field_show(f->name).text,
		    span_empty(f->value) ? "no value" :
					   "a value of illegal characters");
		return false;
	}
	lint_warning(p->lint, p->line, column(p, f->name), code,
	    "\"%s\" is %s and ignored", field_show(f->name).text,
	    strcmp(code, "unknown-field") == 0 ? "not known" : "here again");
	return true;
}

static bool
take_version(struct parser *p, const struct field *f)
{
	if (p->has_version)
		return ignore_field(p, f, "duplicate-field");
	if (!span_is(f->value, "STSv1")) {
		lint_error(p->lint, p->line, column(p, f->value),
		    "version-invalid", "the version must be STSv1, not \"%s\"",
		    field_show(f->value).text);
		return false;
	}
	p->has_version = true;
	return true;
}

static enum mtasts_mode
mode_of(struct span value)
{
	if (span_is(value, "enforce"))
		return MTASTS_MODE_ENFORCE;
	if (span_is(value, "testing"))
		return MTASTS_MODE_TESTING;
	if (span_is(value, "none"))
		return MTASTS_MODE_NONE;
	return MTASTS_NO_POLICY;
}

static bool
take_mode(struct parser *p, const struct field *f)
{
	if (p->policy.mode != MTASTS_NO_POLICY)
		return ignore_field(p, f, "duplicate-field");
	p->policy.mode = mode_of(f->value);
	if (p->policy.mode == MTASTS_NO_POLICY) {
		lint_error(p->lint, p->line, column(p, f->value),
		    "mode-invalid",
		    "the mode must be enforce, testing or none, not \"%s\"",
		    field_show(f->value).text);
		return false;
	}
	return true;
}

/* 1 to 10 digits, which may be more than 32 bits hold. */
static bool
read_seconds(struct span value, uint64_t *out)
{
	struct span digits = span_while(&value, span_is_digit);
	size_t i;

	if (!span_empty(value) || digits.len < 1 || digits.len > 10)
		return false;
	*out = 0;
	for (i = 0; i < digits.len; i++)
		*out = *out * 10 + (uint64_t)(digits.data[i] - '0');
	return true;
}

/* Above the maximum is clamped, not refused: the grammar allows ten digits, and
 * RFC 8461, 3.2 has syntactically valid policies accepted. */
static bool
take_max_age(struct parser *p, const struct field *f)
{
	uint64_t seconds;

	if (p->has_max_age)
		return ignore_field(p, f, "duplicate-field");
	if (!read_seconds(f->value, &seconds)) {
		lint_error(p->lint, p->line, column(p, f->value),
		    "max-age-invalid",
		    "max_age must be 1 to 10 digits, not \"%s\"",
		    field_show(f->value).text);
		return false;
	}
	if (seconds > POLICY_MAX_AGE_MAX) {
		lint_warning(p->lint, p->line, column(p, f->value),
		    "max-age-clamped", "max_age counts as %d, the maximum",
		    POLICY_MAX_AGE_MAX);
		seconds = POLICY_MAX_AGE_MAX;
	}
	p->policy.max_age = (uint32_t)seconds;
	p->has_max_age = true;
	p->max_age_line = p->line;
	return true;
}

static bool
is_stored(const struct policy *policy, const char *pattern)
{
	const char *mx = NULL;
	unsigned sought = 0;

	while ((mx = policy_next_mx(policy, mx)) != NULL) {
		if (strcmp(mx, pattern) == 0)
			return true;
		if (++sought == DUPLICATES_SOUGHT)
			break;
	}
	return false;
}

static void
warn_of_pattern(const struct parser *p, const struct pattern *pattern,
    const char *stored, unsigned at)
{
	if (pattern->underscore)
		lint_warning(p->lint, p->line, at, "mx-underscore",
		    "\"%s\" holds an underscore, which no host name does",
		    field_show(pattern->text).text);
	if (pattern->trailing_dot)
		lint_warning(p->lint, p->line, at, "mx-trailing-dot",
		    "the dot after \"%s\" should not be there",
		    field_show(pattern->text).text);
	if (p->lint != NULL && is_stored(&p->policy, stored))
		lint_warning(p->lint, p->line, at, "duplicate-mx",
		    "\"%s\" is here again", field_show(pattern->text).text);
}

static bool
take_mx(struct parser *p, const struct field *f)
{
	char *stored = p->storage + p->policy.mx_size;
	unsigned at = column(p, f->value);
	struct pattern pattern;

	if (!read_pattern(f->value, &pattern)) {
		lint_error(p->lint, p->line, at, "mx-invalid",
		    "\"%s\" is neither a host name nor \"*.\" and one",
		    field_show(f->value).text);
		return false;
	}
	copy_pattern(&pattern, stored);
	warn_of_pattern(p, &pattern, stored, at);
	p->policy.mx = p->storage;
	p->policy.mx_size += pattern.text.len + 1;
	p->policy.mx_count++;
	return true;
}

/* Names are case-sensitive: another case is another, unknown name. */
static bool
take_field(struct parser *p, const struct field *f)
{
	static const struct {
		const char *name;
		bool (*take)(struct parser *p, const struct field *f);
	} known[] = {
		{ "version", take_version },
		{ "mode", take_mode },
		{ "max_age", take_max_age },
		{ "mx", take_mx },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is(f->name, known[i].name))
			return known[i].take(p, f);
	return ignore_field(p, f, "unknown-field");
}

/* ---- Lines ------------------------------------------------------------ */

static void
trim_end(struct span *span)
{
	while (span->len > 0 &&
	    span_is_blank((unsigned char)span->data[span->len - 1]))
		span->len--;
}

/* The blanks before a name are let through; *line loses them. */
static void
skip_indent(struct parser *p, struct span *line)
{
	struct span indent = span_while(line, span_is_blank);

	if (!span_empty(indent))
		lint_warning(p->lint, p->line, 1, "leading-space",
		    "nothing should stand before a field's name");
}

static bool
split_field(struct parser *p, struct span line, struct field *f)
{
	struct span start = line;

	if (!field_name(&line, &f->name)) {
		lint_error(p->lint, p->line, column(p, start), "name-syntax",
		    "no field can begin like \"%s\"", field_show(start).text);
		return false;
	}
	if (!span_skip(&line, ":")) {
		lint_error(p->lint, p->line, column(p, line), "field-syntax",
		    "expected a colon right after \"%s\"",
		    field_show(f->name).text);
		return false;
	}
	span_while(&line, span_is_blank);
	f->value = line;
	return true;
}

static bool
parse_line(struct parser *p, struct span line)
{
	struct field field;

	trim_end(&line);
	if (span_empty(line)) {
		lint_warning(p->lint, p->line, 0, "blank-line",
		    "this line is empty");
		return true;
	}
	skip_indent(p, &line);
	return split_field(p, line, &field) && take_field(p, &field);
}

/* Takes a line without its LF or CRLF. False if a CR stands anywhere else. */
static bool
next_line(struct parser *p, struct span *rest, struct span *line)
{
	const char *cr;
	bool ended;

	p->line++;
	p->line_start = rest->data;
	*line = span_until(rest, '\n', &ended);
	if (ended && line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	cr = line->len > 0 ? memchr(line->data, '\r', line->len) : NULL;
	if (cr == NULL)
		return true;
	lint_error(p->lint, p->line, (unsigned)(cr - line->data) + 1,
	    "line-ending", "a line ends in LF or CRLF, not in CR");
	return false;
}

static bool
parse_lines(struct parser *p, struct span rest)
{
	struct span line;

	if (span_skip(&rest, "\xef\xbb\xbf"))
		lint_warning(p->lint, 1, 1, "bom",
		    "there is a byte order mark before the first field");
	while (!span_empty(rest))
		if (!next_line(p, &rest, &line) || !parse_line(p, line))
			return false;
	return true;
}

/* ---- The whole -------------------------------------------------------- */

static bool
is_complete(const struct parser *p)
{
	const char *code = NULL;

	if (!p->has_version)
		code = "version-missing";
	else if (p->policy.mode == MTASTS_NO_POLICY)
		code = "mode-missing";
	else if (!p->has_max_age)
		code = "max-age-missing";
	else if (p->policy.mx_count == 0 && p->policy.mode != MTASTS_MODE_NONE)
		code = "mx-missing";
	if (code == NULL)
		return true;
	lint_error(p->lint, 0, 0, code, "the policy has no %.*s",
	    (int)(strrchr(code, '-') - code), code);
	return false;
}

static bool
parse_body(struct parser *p, struct span body)
{
	if (body.len > POLICY_BODY_MAX) {
		lint_error(p->lint, 0, 0, "body-too-long",
		    "%zu octets are more than %d", body.len, POLICY_BODY_MAX);
		return false;
	}
	if (!parse_lines(p, body) || !is_complete(p))
		return false;
	if (p->policy.mode == MTASTS_MODE_ENFORCE && p->policy.max_age < DAY)
		lint_warning(p->lint, p->max_age_line, 0, "max-age-short",
		    "enforced for %u s only: whoever blocks a day of refreshes "
		    "is rid of it",
		    (unsigned)p->policy.max_age);
	return true;
}

bool
policy_parse(struct span body, char *storage, struct policy *out,
    struct mtasts_lint *lint)
{
	struct parser p = { .storage = storage, .lint = lint };
	bool ok = parse_body(&p, body);

	*out = ok ? p.policy : (struct policy){ 0 };
	return ok;
}

const char *
policy_next_mx(const struct policy *policy, const char *mx)
{
	if (mx == NULL)
		return policy->mx_count == 0 ? NULL : policy->mx;
	mx += strlen(mx) + 1;
	return mx < policy->mx + policy->mx_size ? mx : NULL;
}

bool
policy_match(const struct policy *policy, const char *host)
{
	const char *mx = NULL;

	while ((mx = policy_next_mx(policy, mx)) != NULL)
		if (mxmatch(mx, host))
			return true;
	return false;
}

/* ---- Stored ----------------------------------------------------------- */

void
policy_pack(struct pack *pack, const struct policy *policy)
{
	pack_u8(pack, (uint8_t)policy->mode);
	pack_u32(pack, policy->max_age);
	pack_u32(pack, (uint32_t)policy->mx_count);
	pack_u32(pack, (uint32_t)policy->mx_size);
	pack_bytes(pack, policy->mx, policy->mx_size);
}

static bool
is_pattern_octet(unsigned char c)
{
	return span_is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' ||
	    c == '_' || c == '.' || c == '*';
}

/* count strings of pattern characters, each with its NUL, and nothing else. */
static bool
are_patterns(struct span octets, size_t count)
{
	struct span pattern;
	uint8_t nul;

	for (; count > 0; count--) {
		pattern = span_while(&octets, is_pattern_octet);
		if (span_empty(pattern) || !span_u8(&octets, &nul) || nul != 0)
			return false;
	}
	return span_empty(octets);
}

bool
policy_unpack(struct span *octets, struct policy *out)
{
	uint32_t max_age, count, size;
	struct span mx;
	uint8_t mode;

	if (!span_u8(octets, &mode) || !span_u32(octets, &max_age) ||
	    !span_u32(octets, &count) || !span_u32(octets, &size) ||
	    !span_take(octets, size, &mx))
		return false;
	if (mode < MTASTS_MODE_NONE || mode > MTASTS_MODE_ENFORCE ||
	    max_age > POLICY_MAX_AGE_MAX || size > POLICY_BODY_MAX ||
	    (count == 0 && mode != MTASTS_MODE_NONE) || !are_patterns(mx, count))
		return false;
	*out = (struct policy){
		.mode = (enum mtasts_mode)mode,
		.max_age = max_age,
		.mx_count = count,
		.mx_size = size,
		.mx = count == 0 ? NULL : mx.data,
	};
	return true;
}
