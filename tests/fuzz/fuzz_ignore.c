/*
 * rules/ignore: a host is on the list that Exim gets exactly when the policy
 * does not match it. The first line of an input is a host, the others are
 * patterns as the cache may hold them.
 */
#include "rules/ignore.h"

#include "fuzz/exim_list.h"
#include "fuzz/fuzz.h"
#include "rules/domain.h"

static bool
has_long_label(struct span octets)
{
	bool more = true;

	while (more)
		if (span_until(&octets, '.', &more).len > 63)
			return true;
	return false;
}

/* A name of DNS as libresolv shows it to Exim; "" for what DNS cannot hold. */
static size_t
show_host(struct span octets, char host[4 * DOMAIN_SIZE])
{
	size_t len = 0, i;

	if (has_long_label(octets))
		octets.len = 0;
	for (i = 0; i < octets.len && len < DOMAIN_MAX; i++) {
		unsigned char c = (unsigned char)octets.data[i];

		if (c > 0x20 && c < 0x7f)
			host[len++] = (char)c;
		else
			len += (size_t)sprintf(host + len, "\\%03d", c);
	}
	host[len] = '\0';
	return len;
}

/* The patterns in stored form. False if no cache would give them back. */
static bool
take_patterns(
    struct span lines, char *octets, size_t size, struct policy *policy)
{
	char *patterns = octets + size / 2;
	struct policy raw = { .mode = MTASTS_MODE_ENFORCE, .mx = patterns };
	bool more = !span_empty(lines);
	struct span stored, line;
	struct pack pack;

	for (; more; raw.mx_count++) {
		line = span_until(&lines, '\n', &more);
		if (line.len > 0)
			memcpy(patterns + raw.mx_size, line.data, line.len);
		patterns[raw.mx_size + line.len] = '\0';
		raw.mx_size += line.len + 1;
	}
	pack_init(&pack, octets, size / 2);
	policy_pack(&pack, &raw);
	assert_true(pack_ok(&pack));
	stored = span_of(octets, pack.len);
	return policy_unpack(&stored, policy);
}

/* Exim compares what it has; a final dot is none of a host's name there. */
static bool
policy_keeps(const struct policy *policy, const char *host, size_t len)
{
	char name[DOMAIN_SIZE];

	return host[len - 1] != '.' && domain_host(host, len, name) &&
	       policy_match(policy, name);
}

static void
check_list(const struct policy *policy, const char *host, size_t len)
{
	char *list = malloc(IGNORE_LIST_SIZE);
	size_t used;

	assert_non_null(list);
	if (ignore_list(policy, list, IGNORE_LIST_SIZE)) {
		used = strlen(list);
		/* Nothing that ends a string, an item or a lookup's value. */
		assert_null(strpbrk(list, "\\\"\n\t{}`'"));
		if (exim_list_keeps(list, host) !=
		    policy_keeps(policy, host, len))
			fail_msg(
			    "%s: the policy does not agree on %s", list, host);
		/* Whole, or not at all. */
		assert_false(ignore_list(policy, list, used));
		assert_string_equal(list, "");
	}
	free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), line;
	char host[4 * DOMAIN_SIZE], *octets;
	struct policy policy;
	size_t len, room;

	line = span_until(&rest, '\n', NULL);
	len = show_host(line, host);
	room = 2 * (size + 64);
	octets = malloc(room);
	assert_non_null(octets);
	if (len > 0 && rest.len < POLICY_BODY_MAX &&
	    take_patterns(rest, octets, room, &policy))
		check_list(&policy, host, len);
	free(octets);
	return 0;
}
