/*
 * override: the administrator's word about single domains.
 *
 * Text in, a sorted table out. A line that is not understood refuses the whole
 * file: half of an administrator's intention is nobody's. Knows no file and no
 * configuration.
 *
 * Test: tests/unit/test_override.c, tests/fuzz/fuzz_override.c
 */
#include "rules/override.h"

#include "base/error.h"
#include "base/text.h"
#include "rules/domain.h"
#include "rules/field.h"

#include <stdlib.h>
#include <string.h>

struct overrides {
	size_t count;
	struct override *list;
};

/* The file being parsed, and the line being looked at. */
struct parser {
	const char *name;
	unsigned line;
	struct overrides *table;
	struct mtasts_error *err;
};

static enum mtasts_status refuse(const struct parser *p, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static enum mtasts_status
refuse(const struct parser *p, unsigned line, const char *fmt, ...)
{
	char sentence[sizeof(p->err->text)];
	struct text text;
	va_list ap;

	text_init(&text, sentence, sizeof(sentence));
	va_start(ap, fmt);
	text_vprintf(&text, fmt, ap);
	va_end(ap);
	return error_set(p->err, MTASTS_CONFIG, MTASTS_STAGE_OPTIONS, 0,
	    "%s:%u: %s", p->name, line, sentence);
}

/* ---- One line --------------------------------------------------------- */

static bool
is_word_octet(unsigned char c)
{
	return !span_is_blank(c);
}

static struct span
next_word(struct span *line)
{
	span_while(line, span_is_blank);
	return span_while(line, is_word_octet);
}

/*
 * A leading dot makes a name for all below it. Such a name may be a single
 * label, ".internal" for instance; with a label put before it, it is judged
 * like what it stands for.
 */
static enum domain_status
normalise(struct span word, char out[DOMAIN_SIZE])
{
	char below[DOMAIN_SIZE];
	enum domain_status status;

	if (span_peek(word) != '.')
		return domain_normalise(word.data, word.len, out);
	if (word.len > DOMAIN_MAX - 1)
		return DOMAIN_TOO_LONG;
	below[0] = 'x';
	memcpy(below + 1, word.data, word.len);
	status = domain_normalise(below, word.len + 1, out);
	memmove(out, out + 1, strlen(out));
	return status;
}

/* The patterns of a comma-separated list, into storage of list.len + 1. */
static enum mtasts_status
parse_patterns(const struct parser *p, struct span list, char *storage,
    struct policy *policy)
{
	bool more = true;
	struct span item;
	size_t len;

	policy->mx = storage;
	while (more) {
		item = span_until(&list, ',', &more);
		len = policy_pattern(item, storage + policy->mx_size);
		if (len == 0)
			return refuse(p, p->line,
			    "expected a host name or *. and one, not '%s'",
			    field_show(item).text);
		policy->mx_size += len + 1;
		policy->mx_count++;
	}
	return MTASTS_OK;
}

static enum mtasts_status
parse_mode(const struct parser *p, struct span word, struct override *out)
{
	out->skip = span_is(word, "skip");
	if (span_is(word, "none"))
		out->policy.mode = MTASTS_MODE_NONE;
	else if (span_is(word, "testing"))
		out->policy.mode = MTASTS_MODE_TESTING;
	else if (span_is(word, "enforce"))
		out->policy.mode = MTASTS_MODE_ENFORCE;
	else if (!out->skip)
		return refuse(p, p->line,
		    "expected skip, none, testing or enforce, not '%s'",
		    field_show(word).text);
	return MTASTS_OK;
}

/* What follows the mode: patterns where they are needed, nothing elsewhere. */
static enum mtasts_status
parse_rest(const struct parser *p, struct span line, char *storage,
    struct override *out)
{
	struct span word = next_word(&line);
	enum mtasts_status status;

	if (!out->skip && out->policy.mode != MTASTS_MODE_NONE) {
		if (!span_skip(&word, "mx="))
			return refuse(p, p->line,
			    "expected mx= and patterns after %s",
			    mtasts_mode_name(out->policy.mode));
		status = parse_patterns(p, word, storage, &out->policy);
		if (status != MTASTS_OK)
			return status;
		word = next_word(&line);
	}
	if (!span_empty(word))
		return refuse(p, p->line, "expected the end of the line, not '%s'",
		    field_show(word).text);
	return MTASTS_OK;
}

/*
 * The domain and behind it, in the same memory, the patterns: they live and die
 * together. Belongs to the table as soon as it is there.
 */
static enum mtasts_status
parse_override(struct parser *p, struct span word, struct span line)
{
	struct override *out = &p->table->list[p->table->count];
	char domain[DOMAIN_SIZE];
	enum domain_status judged = normalise(word, domain);
	enum mtasts_status status;
	size_t size;

	if (judged == DOMAIN_NOMEM)
		return error_nomem(p->err, "an override");
	if (judged != DOMAIN_OK)
		return refuse(p, p->line, "expected a domain, not '%s' (%s)",
		    field_show(word).text, domain_status_text(judged));

	size = strlen(domain) + 1;
	out->domain = malloc(size + line.len + 1);
	if (out->domain == NULL)
		return error_nomem(p->err, "an override");
	p->table->count++;
	memcpy(out->domain, domain, size);
	out->line = p->line;

	status = parse_mode(p, next_word(&line), out);
	if (status == MTASTS_OK)
		status = parse_rest(p, line, out->domain + size, out);
	return status;
}

static enum mtasts_status
parse_line(struct parser *p, struct span line)
{
	struct span word;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	line = span_until(&line, '#', NULL);
	word = next_word(&line);
	return span_empty(word) ? MTASTS_OK : parse_override(p, word, line);
}

/* ---- The file --------------------------------------------------------- */

static size_t
count_lines(struct span text)
{
	size_t lines;

	for (lines = 0; !span_empty(text); lines++)
		span_until(&text, '\n', NULL);
	return lines;
}

static enum mtasts_status
parse_lines(struct parser *p, struct span text)
{
	enum mtasts_status status = MTASTS_OK;

	while (status == MTASTS_OK && !span_empty(text)) {
		p->line++;
		status = parse_line(p, span_until(&text, '\n', NULL));
	}
	return status;
}

/* Where two are for one domain, the later one comes later. */
static int
compare(const void *a, const void *b)
{
	const struct override *x = a, *y = b;
	int order = strcmp(x->domain, y->domain);

	if (order != 0)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

static enum mtasts_status
sort(struct parser *p)
{
	const struct override *list = p->table->list;
	size_t i;

	qsort(p->table->list, p->table->count, sizeof(*list), compare);
	for (i = 1; i < p->table->count; i++)
		if (strcmp(list[i - 1].domain, list[i].domain) == 0)
			return refuse(p, list[i].line,
			    "expected one override for %s, line %u has one",
			    list[i].domain, list[i - 1].line);
	return MTASTS_OK;
}

static struct overrides *
overrides_new(size_t count)
{
	struct overrides *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->list = calloc(count + 1, sizeof(*table->list));
	if (table->list == NULL)
		overrides_free(&table);
	return table;
}

enum mtasts_status
overrides_parse(struct span text, const char *name, struct overrides **out,
    struct mtasts_error *err)
{
	struct parser p = { .name = name, .err = err };
	enum mtasts_status status;

	*out = NULL;
	p.table = overrides_new(count_lines(text));
	if (p.table == NULL)
		return error_nomem(err, "overrides");
	status = parse_lines(&p, text);
	if (status == MTASTS_OK)
		status = sort(&p);
	if (status != MTASTS_OK) {
		overrides_free(&p.table);
		return status;
	}
	*out = p.table; /* the caller owns it now */
	return MTASTS_OK;
}

void
overrides_free(struct overrides **overrides)
{
	size_t i;

	if (overrides == NULL || *overrides == NULL)
		return;
	for (i = 0; i < (*overrides)->count; i++)
		free((*overrides)->list[i].domain);
	free((*overrides)->list);
	free(*overrides);
	*overrides = NULL;
}

static int
compare_domain(const void *key, const void *element)
{
	const struct override *override = element;

	return strcmp(key, override->domain);
}

static const struct override *
find(const struct overrides *overrides, const char *name)
{
	return bsearch(name, overrides->list, overrides->count,
	    sizeof(*overrides->list), compare_domain);
}

/* The name itself, then what lies above it, the nearest first. */
const struct override *
overrides_find(const struct overrides *overrides, const char *domain)
{
	const struct override *found;
	const char *above;

	if (overrides == NULL)
		return NULL;
	found = find(overrides, domain);
	for (above = strchr(domain, '.'); found == NULL && above != NULL;
	    above = strchr(above + 1, '.'))
		found = find(overrides, above);
	return found;
}
