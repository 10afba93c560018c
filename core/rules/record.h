/*
 * The TXT record at _mta-sts.<policy domain> (RFC 8461, 3.1): choose one among
 * many, parse it, keep its id.
 */
#ifndef RULES_RECORD_H
#define RULES_RECORD_H

#include "base/pack.h"
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
 *
 * RECORD_MULTIPLE comes before RECORD_INVALID: counting precedes parsing.
 */
enum record_status record_select(const struct span *texts, size_t count,
    char id[RECORD_ID_SIZE], struct mtasts_lint *lint);

/* 1 to 32 ASCII letters and digits. Ids are compared octet by octet; there is
 * no order among them. */
bool record_id_is_valid(struct span id);

/* The form of an id inside a stored record; "" stands for none. */
void record_id_pack(struct pack *pack, const char id[RECORD_ID_SIZE]);
bool record_id_unpack(struct span *octets, char id[RECORD_ID_SIZE]);

#endif
