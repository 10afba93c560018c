/*
 * The TXT record at _mta-sts.<policy domain> (RFC 8461, 3.1): choose one among
 * many, parse it, keep its id.
 */
#ifndef RULES_RECORD_H
#define RULES_RECORD_H

#include "base/span.h"
#include "rules/lint.h"

#define RECORD_ID_MAX 32
#define RECORD_ID_SIZE (RECORD_ID_MAX + 1)

enum record_status {
	RECORD_OK,
	RECORD_NONE,	 /* no TXT record of ours */
	RECORD_MULTIPLE, /* more than one that starts "v=STSv1;" */
	RECORD_INVALID,	 /* one, and it is malformed */
};

/*
 * texts  the RRset, each record with its character-strings joined
 * id     set on RECORD_OK, else ""
 * lint   may be NULL; the error's line is the record's number, from 1
 */
enum record_status record_select(const struct span *texts, size_t count,
    char id[RECORD_ID_SIZE], struct mtasts_lint *lint);

#endif
