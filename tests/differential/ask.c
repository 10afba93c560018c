/*
 * What our rules say, for tests/differential: a question a line, in hexadecimal
 * so that it may hold any octets; an answer a line.
 *
 *	record TEXT TEXT ...	"id ID", or why there is none
 *	policy BODY		"policy MODE MAX_AGE MX ...", or "invalid"
 *	match PATTERN HOST	"yes" or "no"
 */
#include <config.h>

#include "rules/domain.h"
#include "rules/policy.h"
#include "rules/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 64

/* Hexadecimal digits, turned into octets where they stand. */
static struct span
unhex(char *word)
{
	size_t len = strlen(word) / 2, i;
	unsigned octet;

	for (i = 0; i < len; i++) {
		if (sscanf(word + 2 * i, "%2x", &octet) != 1)
			abort();
		word[i] = (char)octet;
	}
	return span_of(word, len);
}

static void
ask_record(const struct span *texts, size_t count)
{
	static const char *const words[] = { "id", "none", "multiple",
		"invalid" };
	char id[RECORD_ID_SIZE];
	enum record_status status = record_select(texts, count, id, NULL);

	printf("%s %s\n", words[status], id);
}

static void
ask_policy(struct span body)
{
	char *storage = malloc(body.len + 1);
	struct policy policy;
	const char *mx = NULL;

	if (storage == NULL)
		abort();
	if (policy_parse(body, storage, &policy, NULL)) {
		printf("policy %s %u", mtasts_mode_name(policy.mode),
		    (unsigned)policy.max_age);
		while ((mx = policy_next_mx(&policy, mx)) != NULL)
			printf(" %s", mx);
		printf("\n");
	} else {
		printf("invalid\n");
	}
	free(storage);
}

/* As a policy with this one pattern would; one that is none matches nothing. */
static void
ask_match(struct span pattern, struct span host)
{
	char *mx = malloc(pattern.len + 1), name[DOMAIN_SIZE];
	struct policy policy = {
		.mode = MTASTS_MODE_ENFORCE, .mx = mx, .mx_count = 1
	};

	if (mx == NULL)
		abort();
	policy.mx_size = policy_pattern(pattern, mx) + 1;
	printf("%s\n", policy.mx_size > 1 &&
			       domain_host(host.data, host.len, name) &&
			       policy_match(&policy, name)
			   ? "yes"
			   : "no");
	free(mx);
}

static void
ask(char *line)
{
	struct span words[TEXTS_MAX];
	char *rest = NULL, *kind = strtok_r(line, " \n", &rest), *word;
	size_t count = 0;

	while (
	    count < TEXTS_MAX && (word = strtok_r(NULL, " \n", &rest)) != NULL)
		/* "-" stands before the digits: a text may be empty. */
		words[count++] = unhex(word + 1);
	if (kind == NULL)
		abort();
	if (strcmp(kind, "record") == 0)
		ask_record(words, count);
	else if (strcmp(kind, "policy") == 0 && count == 1)
		ask_policy(words[0]);
	else if (strcmp(kind, "match") == 0 && count == 2)
		ask_match(words[0], words[1]);
	else
		abort();
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
		ask(line);
	free(line);
	return ferror(stdin) || fflush(stdout) != 0;
}
