/*
 * field: what the TXT record and the policy have in common.
 *
 * Knows how a field's name is built (RFC 8461, 3.1), not which names there are.
 *
 * Test: tests/unit/test_record.c, tests/unit/test_policy.c
 */
#include "rules/field.h"

#include "base/text.h"

static bool
is_name_octet(unsigned char c)
{
	return span_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

bool
field_name(struct span *rest, struct span *name)
{
	*name = span_while(rest, is_name_octet);
	return name->len >= 1 && name->len <= FIELD_NAME_MAX &&
	    span_is_alnum((unsigned char)name->data[0]);
}

struct field_shown
field_show(struct span span)
{
	struct field_shown shown;
	struct text text;

	/* Room for the dots that tell that there was more. */
	text_init(&text, shown.text, sizeof(shown.text) - 3);
	text_escape(&text, span.data, span.len);
	if (text.cut) {
		text.size = sizeof(shown.text);
		text.cut = false;
		text_put(&text, "...");
	}
	return shown;
}
