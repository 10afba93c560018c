/* rules/record: any octets as a TXT RRset (RFC 8461, 3.1). */
#include "rules/record.h"

#include "fuzz/fuzz.h"

#define RECORDS_MAX 8

/* An input is a set of records, a line each. */
static size_t
split(const char *data, size_t len, struct span texts[RECORDS_MAX])
{
	struct span rest = span_of(data, len);
	bool more = true;
	size_t count;

	for (count = 0; more && count < RECORDS_MAX; count++)
		texts[count] = span_until(&rest, '\n', &more);
	return count;
}

/* STS-3.1-10: a field that nobody knows changes nothing. */
static void
check_unknown_field(struct span record, const char *id)
{
	static const char field[] = ";\tx-y.z_0=a:b,c";
	char *longer = malloc(record.len + sizeof(field));
	char other[RECORD_ID_SIZE];
	struct span text = span_of(longer, record.len);

	assert_non_null(longer);
	memcpy(longer, record.data, record.len);
	/* The record may be delimited at its end already. */
	while (text.len > 0 &&
	    span_is_blank((unsigned char)longer[text.len - 1]))
		text.len--;
	if (text.len > 0 && longer[text.len - 1] == ';')
		text.len--;
	while (text.len > 0 &&
	    span_is_blank((unsigned char)longer[text.len - 1]))
		text.len--;
	memcpy(longer + text.len, field, sizeof(field) - 1);
	text.len += sizeof(field) - 1;
	assert_int_equal(record_select(&text, 1, other, NULL), RECORD_OK);
	assert_string_equal(other, id);
	free(longer);
}

/* STS-3.1-12: neither order nor strangers matter in a set of several. */
static void
check_set(const struct span *texts, size_t count, enum record_status status,
    const char *id)
{
	struct span other[RECORDS_MAX + 1];
	char other_id[RECORD_ID_SIZE];
	size_t i;

	for (i = 0; i < count; i++)
		other[i] = texts[count - 1 - i];
	assert_int_equal(record_select(other, count, other_id, NULL), status);
	assert_string_equal(other_id, id);
	if (count < 2)
		return;
	other[count] = span_str("v=spf1 -all");
	assert_int_equal(record_select(other, count + 1, other_id, NULL),
	    status);
	assert_string_equal(other_id, id);
}

static void
check_records(const char *data, size_t len)
{
	struct mtasts_lint lint = { 0 };
	struct span texts[RECORDS_MAX];
	size_t count = split(data, len, texts), i;
	char id[RECORD_ID_SIZE], silent[RECORD_ID_SIZE];
	enum record_status status;

	memset(id, 'z', sizeof(id));
	status = record_select(texts, count, id, &lint);
	assert_int_equal(record_select(texts, count, silent, NULL), status);
	assert_string_equal(id, silent);
	assert_int_equal(lint.has_error,
	    status == RECORD_MULTIPLE || status == RECORD_INVALID);
	assert_int_equal(record_id_is_valid(span_str(id)),
	    status == RECORD_OK);
	check_set(texts, count, status, id);
	for (i = 0; status == RECORD_OK && i < count; i++)
		if (count == 1 || span_starts(texts[i], "v=STSv1;"))
			check_unknown_field(texts[i], id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_records((const char *)data, size);
	return 0;
}
