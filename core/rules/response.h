/*
 * May this HTTP answer serve as a policy (RFC 8461, 3.3)? Status 200 alone,
 * text/plain, no content coding. The body is policy.h's matter.
 */
#ifndef RULES_RESPONSE_H
#define RULES_RESPONSE_H

#include "mtasts.h"

#define RESPONSE_DETAIL_SIZE 64

struct response {
	int code;		      /* HTTP status */
	const char *content_type;     /* the header's value, NULL without one */
	const char *content_encoding; /* likewise */
};

/*
 * Returns MTASTS_REASON_POLICY if the body may be parsed, FETCH_ERROR for
 * another status, POLICY_INVALID for a wrong type or coding. detail gets a
 * reason code: "http-404", "redirect", "media-type", "content-encoding"; "" if
 * all is well.
 */
enum mtasts_reason response_check(const struct response *response,
    char detail[RESPONSE_DETAIL_SIZE]);

#endif
