/* Exim's reading of a host list: see exim_list.h. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "fuzz/exim_list.h"

#include "support/table.h"

#include <pcre2.h>

/* Exim ignores case in lists of hosts, and has no other option set. */
static bool
expression_matches(const char *expression, size_t len, const char *host)
{
	PCRE2_SIZE offset;
	int error, rc;
	pcre2_code *code = pcre2_compile(
	    (PCRE2_SPTR)expression, len, PCRE2_CASELESS, &error, &offset, NULL);
	pcre2_match_data *data;

	if (code == NULL)
		fail_msg("%.*s is no expression", (int)len, expression);
	data = pcre2_match_data_create_from_pattern(code, NULL);
	assert_non_null(data);
	rc =
	    pcre2_match(code, (PCRE2_SPTR)host, strlen(host), 0, 0, data, NULL);
	assert_true(rc >= 0 || rc == PCRE2_ERROR_NOMATCH);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return rc >= 0;
}

/* An item without "!" is the last, and stands for every host. */
static bool
item_keeps(const char *item, size_t len, const char *host)
{
	static const char local[] = "!@[]";

	assert_true(len > 1);
	assert_int_equal(item[0], '!');
	if (len == sizeof(local) - 1 && strncmp(item, local, len) == 0)
		return false;
	assert_int_equal(item[1], '^');
	return expression_matches(item + 1, len - 1, host);
}

bool
exim_list_keeps(const char *list, const char *host)
{
	const char *item = list + 3;
	size_t len;

	assert_int_equal(strncmp(list, "<; ", 3), 0);
	while (strcmp(item, "*") != 0) {
		len = strcspn(item, ";");
		assert_int_equal(item[len], ';');
		assert_int_equal(item[len - 1], ' ');
		if (item_keeps(item, len - 1, host))
			return true;
		assert_int_equal(item[len + 1], ' ');
		item += len + 2;
	}
	return false;
}
