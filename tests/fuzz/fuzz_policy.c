/* rules/policy: any octets as a body (RFC 8461, 3.2). */
#include "rules/policy.h"

#include "base/text.h"
#include "fuzz/fuzz.h"

static const struct policy zero;

/* Equal in what they say; where the patterns are stored does not matter. */
static bool
is_same(const struct policy *a, const struct policy *b)
{
	return a->mode == b->mode && a->max_age == b->max_age &&
	    a->mx_count == b->mx_count && a->mx_size == b->mx_size &&
	    (a->mx_size == 0 || memcmp(a->mx, b->mx, a->mx_size) == 0);
}

/* A policy in the words of a body. The caller frees it. */
static char *
print(const struct policy *policy)
{
	size_t size = policy->mx_size + 8 * policy->mx_count + 200, used;
	const char *mx = NULL;
	char *body = malloc(size);

	assert_non_null(body);
	used = (size_t)snprintf(body, size,
	    "version: STSv1\nmode: %s\nmax_age: %u\n",
	    mtasts_mode_name(policy->mode), (unsigned)policy->max_age);
	while ((mx = policy_next_mx(policy, mx)) != NULL)
		used += (size_t)snprintf(body + used, size - used, "mx: %s\n",
		    mx);
	return body;
}

/* Does this body say the same? */
static void
assert_says(const struct policy *policy, const char *body, size_t len)
{
	char *copy = exact_copy(body, len), *storage = malloc(len + 1);
	struct policy other;

	assert_non_null(storage);
	assert_true(policy_parse(span_of(copy, len), storage, &other, NULL));
	assert_true(is_same(policy, &other));
	free(storage);
	free(copy);
}

static void
check_patterns(const struct policy *policy, const char *storage, size_t len)
{
	const char *mx = NULL;
	char out[300];
	size_t count;

	for (count = 0; (mx = policy_next_mx(policy, mx)) != NULL; count++) {
		assert_true(mx >= storage && mx + strlen(mx) < storage + len);
		/* Stored in the one form there is. */
		assert_int_equal(policy_pattern(span_str(mx), out),
		    strlen(mx));
		assert_string_equal(mx, out);
		if (mx[0] != '*')
			assert_true(policy_match(policy, mx));
	}
	assert_int_equal(count, policy->mx_count);
	assert_true(policy->mode == MTASTS_MODE_NONE || count > 0);
}

static void
check_stored(const struct policy *policy)
{
	size_t size = policy->mx_size + 32;
	unsigned char *buf = malloc(size);
	struct policy back;
	struct span octets;
	struct pack pack;

	assert_non_null(buf);
	pack_init(&pack, buf, size);
	policy_pack(&pack, policy);
	octets = span_of(buf, pack.len);
	assert_true(pack_ok(&pack));
	assert_true(policy_unpack(&octets, &back));
	assert_true(span_empty(octets) && is_same(policy, &back));
	free(buf);
}

/* STS-3.2-15: an unknown field, before and behind, changes nothing. */
static void
check_unknown_fields(const struct policy *policy, const char *data, size_t len)
{
	static const char field[] = "x-y.z_0: a b;c=d\n";
	size_t n = sizeof(field) - 1;
	char *body = malloc(len + 1 + n);

	assert_non_null(body);
	if (len + n + 1 <= POLICY_BODY_MAX) {
		memcpy(body, data, len);
		body[len] = '\n';
		memcpy(body + len + 1, field, n);
		assert_says(policy, body, len + 1 + n);
		if (!span_starts(span_of(data, len), "\xef\xbb\xbf")) {
			memcpy(body, field, n);
			memcpy(body + n, data, len);
			assert_says(policy, body, len + n);
		}
	}
	free(body);
}

static void
check_valid(const struct policy *policy, const char *data, size_t len,
    const char *storage)
{
	char *printed = print(policy);

	assert_true(policy->mode >= MTASTS_MODE_NONE &&
	    policy->mode <= MTASTS_MODE_ENFORCE);
	assert_in_range(policy->max_age, 0, POLICY_MAX_AGE_MAX);
	check_patterns(policy, storage, len + 1);
	check_stored(policy);
	check_unknown_fields(policy, data, len);
	if (strlen(printed) <= POLICY_BODY_MAX)
		assert_says(policy, printed, strlen(printed));
	free(printed);
}

static void
check_notes(const struct mtasts_lint *lint)
{
	size_t i;

	for (i = 0; i < lint->warning_count && i < MTASTS_LINT_WARNINGS; i++) {
		const struct mtasts_lint_note *note = &lint->warnings[i];

		assert_non_null(note->code);
		assert_true(text_is_clean(note->message,
		    strlen(note->message)));
	}
	if (lint->has_error) {
		assert_non_null(lint->error.code);
		assert_true(text_is_clean(lint->error.message,
		    strlen(lint->error.message)));
	}
}

static void
check_body(const char *data, size_t len)
{
	struct mtasts_lint lint = { 0 };
	struct policy policy, silent;
	char *storage = malloc(len + 1);
	bool ok;

	assert_non_null(storage);
	/* Who listens does not matter. */
	ok = policy_parse(span_of(data, len), storage, &silent, NULL);
	assert_int_equal(policy_parse(span_of(data, len), storage, &policy,
			     &lint),
	    ok);
	assert_true(is_same(&policy, &silent));
	assert_int_equal(lint.has_error, !ok);
	check_notes(&lint);
	if (ok)
		check_valid(&policy, data, len, storage);
	else
		assert_memory_equal(&policy, &zero, sizeof(zero));
	free(storage);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_body((const char *)data, size);
	return 0;
}
