/* rules/mxset: MX hosts as octets, and how long they are gone by. */
#include "rules/mxset.h"

#include "rules/answer.h"
#include "support/table.h"

#define NOW INT64_C(1790000000)

static struct mxset
set_of(size_t count, uint32_t ttl)
{
	char name[DOMAIN_SIZE];
	struct mxset set;
	size_t i;

	mxset_begin(&set, ttl, NOW);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "mx%zu.a.example", i);
		mxset_add(&set, name, (uint16_t)(10 * i));
	}
	return set;
}

static void
assert_round_trip(const struct mxset *set)
{
	unsigned char buf[MXSET_SIZE_MAX];
	size_t len = mxset_encode(set, buf, sizeof(buf)), size, i;
	struct mxset back;

	assert_true(len > 0);
	assert_true(mxset_decode(buf, len, &back));
	assert_true(back.asked_at == set->asked_at);
	assert_true(back.fresh_until == set->fresh_until);
	assert_int_equal(back.count, set->count);
	for (i = 0; i < set->count; i++) {
		assert_int_equal(back.hosts[i].preference,
		    set->hosts[i].preference);
		assert_string_equal(back.hosts[i].name, set->hosts[i].name);
	}
	for (size = 0; size < len; size++) {
		assert_false(mxset_decode(buf, size, &back));
		assert_int_equal(mxset_encode(set, buf, size), 0);
	}
}

static void
what_is_encoded_is_decoded(void **state)
{
	struct mxset one = set_of(1, 60), all = set_of(MXSET_HOSTS_MAX, 300);

	(void)state;
	assert_round_trip(&one);
	assert_round_trip(&all);
}

static void
the_longest_names_fit(void **state)
{
	struct mxset set;
	char name[DOMAIN_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < DOMAIN_MAX; i++)
		name[i] = i % 10 == 9 ? '.' : 'a';
	name[DOMAIN_MAX] = '\0';
	mxset_begin(&set, 60, NOW);
	for (i = 0; i < MXSET_HOSTS_MAX; i++)
		mxset_add(&set, name, UINT16_MAX);
	assert_round_trip(&set);
}

static void
what_is_not_worth_keeping_has_no_octets(void **state)
{
	unsigned char buf[MXSET_SIZE_MAX];
	struct mxset none = set_of(0, 60), brief = set_of(1, 0);
	struct mxset many = set_of(MXSET_HOSTS_MAX + 1, 60);
	struct mxset more = set_of(1000, 60);

	(void)state;
	assert_int_equal(mxset_encode(&none, buf, sizeof(buf)), 0);
	assert_int_equal(mxset_encode(&brief, buf, sizeof(buf)), 0);
	assert_int_equal(mxset_encode(&many, buf, sizeof(buf)), 0);
	assert_int_equal(mxset_encode(&more, buf, sizeof(buf)), 0);
}

static void
it_is_fresh_for_its_ttl_and_five_minutes_at_most(void **state)
{
	static const struct {
		uint32_t ttl;
		int64_t after;
		bool fresh;
	} rows[] = {
		{ 0, 0, false },
		{ 1, 0, true },
		{ 1, 1, false },
		{ 60, -1, false }, /* the clock was set back */
		{ 60, 59, true },
		{ 60, 60, false },
		{ 300, 299, true },
		{ 301, 299, true },
		{ 301, 300, false },
		{ UINT32_MAX, 299, true },
		{ UINT32_MAX, 300, false },
		{ UINT32_MAX, INT64_MAX - NOW, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct mxset set = set_of(1, rows[i].ttl);

		if (mxset_is_fresh(&set, NOW + rows[i].after) != rows[i].fresh)
			fail_msg("row %zu", i);
	}
}

/* Octets that somebody else wrote. */
static void
no_longer_time_is_believed_than_is_ever_given(void **state)
{
	static const struct {
		int64_t asked_at, fresh_until, now;
	} rows[] = {
		{ NOW, NOW + 301, NOW },
		{ NOW, INT64_MAX, NOW },
		{ INT64_MIN, INT64_MAX, NOW },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MAX - 1, INT64_MIN, INT64_MAX },
		{ NOW, NOW, NOW },
		{ NOW + 10, NOW + 20, NOW },
	};
	struct mxset set = set_of(1, 60);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set.asked_at = rows[i].asked_at;
		set.fresh_until = rows[i].fresh_until;
		if (mxset_is_fresh(&set, rows[i].now))
			fail_msg("row %zu", i);
	}
}

#define HEAD "\x31\x80\x3b\xb1\x6a\0\0\0\0\xbc\x3b\xb1\x6a\0\0\0\0"
#define ROW(name, octets, valid) \
	{ name, octets, sizeof(octets) - 1, valid }

static void
what_we_could_not_have_written_is_no_set(void **state)
{
	static const struct {
		const char *name;
		const char *octets;
		size_t len;
		bool valid;
	} rows[] = {
		ROW("one host", HEAD "\1\x0a\0\4\0mx.a", true),
		ROW("two hosts", HEAD "\2\x0a\0\4\0mx.a\0\0\1\0b", true),
		ROW("no host", HEAD "\0", false),
		ROW("fewer than it says", HEAD "\2\x0a\0\4\0mx.a", false),
		ROW("more than it says",
		    HEAD "\1\x0a\0\4\0mx.a\0\0\1\0b", false),
		ROW("33 hosts", HEAD "\x21\x0a\0\4\0mx.a", false),
		ROW("an empty name", HEAD "\1\x0a\0\0\0", false),
		ROW("the root", HEAD "\1\x0a\0\1\0.", false),
		ROW("a final dot", HEAD "\1\x0a\0\5\0mx.a.", false),
		ROW("upper case", HEAD "\1\x0a\0\4\0mX.a", false),
		ROW("a NUL", HEAD "\1\x0a\0\4\0m\0.a", false),
		ROW("a blank", HEAD "\1\x0a\0\4\0m .a", false),
		ROW("an address", HEAD "\1\x0a\0\7\0" "1.2.3.4", false),
		ROW("another format",
		    "\x32\x80\x3b\xb1\x6a\0\0\0\0\xbc\x3b\xb1\x6a\0\0\0\0"
		    "\1\x0a\0\4\0mx.a", false),
		ROW("over before it began",
		    "\x31\xbc\x3b\xb1\x6a\0\0\0\0\x80\x3b\xb1\x6a\0\0\0\0"
		    "\1\x0a\0\4\0mx.a", false),
	};
	struct mxset set;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		ROW_INT(rows[i].name,
		    mxset_decode(rows[i].octets, rows[i].len, &set),
		    rows[i].valid);
	assert_false(mxset_decode(NULL, 0, &set));
}

static void
it_is_evicted_like_a_finding(void **state)
{
	struct mxset set = set_of(2, 60);
	struct finding_record finding = { .probed_at = NOW,
		.fresh_until = NOW + 60 };
	unsigned char buf[MXSET_SIZE_MAX], found[256];
	size_t len = mxset_encode(&set, buf, sizeof(buf));
	size_t found_len = finding_encode(&finding, found, sizeof(found));

	(void)state;
	assert_int_equal(answer_rank(buf, len, NOW),
	    answer_rank(found, found_len, NOW));
	assert_int_equal(answer_rank(buf, len, NOW + 60),
	    answer_rank("junk", 4, NOW));
	assert_true(answer_rank(buf, len, NOW + 60) >
	    answer_rank(buf, len, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(what_is_not_worth_keeping_has_no_octets),
		cmocka_unit_test(
		    it_is_fresh_for_its_ttl_and_five_minutes_at_most),
		cmocka_unit_test(no_longer_time_is_believed_than_is_ever_given),
		cmocka_unit_test(what_we_could_not_have_written_is_no_set),
		cmocka_unit_test(it_is_evicted_like_a_finding),
	};

	return cmocka_run_group_tests_name("mxset", tests, NULL, NULL);
}
