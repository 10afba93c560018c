/*
 * dns_parse: raw answers, understood (RFC 1035, 2181, 2308).
 *
 * A message is walked by libresolv's ns_* functions, which check every length;
 * what they cannot walk is DNS_SERVFAIL, never "no such record": a forged or
 * broken answer must not look like an absent policy. Here is what they leave
 * open: that the answer belongs to the question, the CNAME chain in whatever
 * order, the TTL that counts, and the record data.
 *
 * Test: tests/unit/test_dns_parse.c
 */
#include <config.h>

#include "io/dns_parse.h"

#include <sys/types.h>

#include <netinet/in.h>

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

/* In one answer. Resolvers themselves give up between 10 and 16. */
#define CHAIN_MAX 16

struct cname {
	char owner[DNS_NAME_SIZE];
	char target[DNS_NAME_SIZE];
	uint32_t ttl;
};

struct chain {
	struct cname links[CHAIN_MAX];
	size_t count;
	bool cut; /* there were more */
};

static bool
is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

bool
dns_name_normalise(const char *name, char out[DNS_NAME_SIZE])
{
	size_t i, label = 0;
	char c;

	if (strcmp(name, ".") == 0)
		name = "";
	for (i = 0; name[i] != '\0'; i++) {
		c = name[i];
		if (c == '.' && name[i + 1] == '\0' && label > 0)
			break; /* the root's */
		if (i == DNS_NAME_SIZE - 1)
			return false;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '.' ? label == 0 : !is_name_octet(c) || label == 63)
			return false;
		label = c == '.' ? 0 : label + 1;
		out[i] = c;
	}
	out[i] = '\0';
	return true;
}

static void
conclude(struct dns_reply *reply, enum dns_status status, const char *detail)
{
	reply->status = status;
	reply->detail = detail;
}

/* The TTL of RFC 2181, 8: 31 bits, and anything longer is a mistake. */
static uint32_t
rr_ttl(const ns_rr *rr)
{
	return ns_rr_ttl(*rr) > INT32_MAX ? 0 : (uint32_t)ns_rr_ttl(*rr);
}

static bool
rr_is(const ns_rr *rr, enum dns_record record, const char *owner)
{
	char name[DNS_NAME_SIZE];

	return ns_rr_class(*rr) == ns_c_in &&
	    ns_rr_type(*rr) == (ns_type)record &&
	    dns_name_normalise(ns_rr_name(*rr), name) &&
	    strcmp(name, owner) == 0;
}

/* A name in record data, which must fill it to its end. */
static bool
rdata_name(const ns_msg *msg, const ns_rr *rr, size_t offset, char *out,
    size_t size)
{
	int n, len = (int)(ns_rr_rdlen(*rr) - offset);

	if (ns_rr_rdlen(*rr) <= offset)
		return false;
	n = ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg),
	    ns_rr_rdata(*rr) + offset, out, size);
	return n == len;
}

/* Does the message answer the question, whatever it answers? */
static const char *
header_flaw(ns_msg *msg, const char *name, enum dns_record record)
{
	char asked[DNS_NAME_SIZE];
	ns_rr rr;

	if (ns_msg_getflag(*msg, ns_f_qr) == 0)
		return "not an answer";
	if (ns_msg_getflag(*msg, ns_f_opcode) != ns_o_query)
		return "not an answer to a query";
	if (ns_msg_getflag(*msg, ns_f_tc) != 0)
		return "cut short";
	if (ns_msg_count(*msg, ns_s_qd) != 1 ||
	    ns_parserr(msg, ns_s_qd, 0, &rr) != 0)
		return "answer without its question";
	if (ns_rr_class(rr) != ns_c_in || ns_rr_type(rr) != (ns_type)record ||
	    !dns_name_normalise(ns_rr_name(rr), asked) ||
	    strcmp(asked, name) != 0)
		return "answer to another question";
	return NULL;
}

/* Every CNAME of the answer section, in the message's order. */
static bool
collect_chain(ns_msg *msg, struct chain *chain)
{
	char target[NS_MAXDNAME];
	struct cname *link;
	ns_rr rr;
	int i;

	for (i = 0; i < ns_msg_count(*msg, ns_s_an); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) != 0)
			return false;
		if (ns_rr_type(rr) != ns_t_cname || ns_rr_class(rr) != ns_c_in)
			continue;
		if (chain->count == CHAIN_MAX) {
			chain->cut = true;
			return true;
		}
		link = &chain->links[chain->count];
		if (!rdata_name(msg, &rr, 0, target, sizeof(target)) ||
		    !dns_name_normalise(ns_rr_name(rr), link->owner) ||
		    !dns_name_normalise(target, link->target))
			return false;
		link->ttl = rr_ttl(&rr);
		chain->count++;
	}
	return true;
}

static const struct cname *
chain_step(const struct chain *chain, const char *owner)
{
	size_t i;

	for (i = 0; i < chain->count; i++)
		if (strcmp(chain->links[i].owner, owner) == 0)
			return &chain->links[i];
	return NULL;
}

/* Where the chain ends, its TTL taken into account; NULL if it does not. */
static const char *
chain_end(const struct chain *chain, const char *owner, uint32_t *ttl)
{
	const struct cname *link;
	size_t hops;

	for (hops = 0; (link = chain_step(chain, owner)) != NULL; hops++) {
		if (hops == chain->count)
			return NULL;
		owner = link->target;
		if (link->ttl < *ttl)
			*ttl = link->ttl;
	}
	return owner;
}

/* TXT: the strings joined (RFC 8461, 3.1); any octet may be in them. */
static bool
take_txt(struct dns_reply *reply, const ns_rr *rr, size_t *used)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr), i, n;
	struct span *txt = &reply->txt[reply->count];

	if (len == 0)
		return false;
	txt->data = reply->octets + *used;
	txt->len = 0;
	for (i = 0; i < len; i += n) {
		n = data[i++];
		if (n > len - i)
			return false;
		memcpy(reply->octets + *used + txt->len, data + i, n);
		txt->len += n;
	}
	*used += txt->len;
	reply->count++;
	return true;
}

/* An MX whose name is no host name is passed over: no mail can go there. */
static bool
take_mx(struct dns_reply *reply, const ns_msg *msg, const ns_rr *rr)
{
	char text[NS_MAXDNAME], host[DNS_NAME_SIZE];
	struct dns_mx *mx = &reply->mx[reply->count];

	if (!rdata_name(msg, rr, 2, text, sizeof(text)))
		return false;
	if (!dns_name_normalise(text, host))
		return true;
	if ((reply->hosts[reply->count] = strdup(host)) == NULL) {
		conclude(reply, DNS_NOMEM, "");
		return false;
	}
	mx->preference = (uint16_t)ns_get16(ns_rr_rdata(*rr));
	mx->host = reply->hosts[reply->count];
	reply->count++;
	return true;
}

static bool
take_address(struct dns_reply *reply, const ns_rr *rr)
{
	bool is_a = reply->record == DNS_RECORD_A;
	struct address *address = &reply->address[reply->count];

	if (ns_rr_rdlen(*rr) != (is_a ? 4 : 16))
		return false;
	*address = (struct address){ .family = is_a ? AF_INET : AF_INET6 };
	memcpy(address->octets, ns_rr_rdata(*rr), ns_rr_rdlen(*rr));
	reply->count++;
	return true;
}

static bool
take(struct dns_reply *reply, const ns_msg *msg, const ns_rr *rr, size_t *used)
{
	switch (reply->record) {
	case DNS_RECORD_TXT:
		return take_txt(reply, rr, used);
	case DNS_RECORD_MX:
		return take_mx(reply, msg, rr);
	case DNS_RECORD_A:
	case DNS_RECORD_AAAA:
		return take_address(reply, rr);
	}
	return false;
}

/* Arrays for as many records as the answer has, whatever they are. */
static bool
reserve(struct dns_reply *reply, const ns_msg *msg)
{
	size_t n = (size_t)ns_msg_count(*msg, ns_s_an);

	if (n == 0)
		return true;
	switch (reply->record) {
	case DNS_RECORD_TXT:
		reply->txt = calloc(n, sizeof(*reply->txt));
		reply->octets = malloc((size_t)ns_msg_size(*msg));
		return reply->txt != NULL && reply->octets != NULL;
	case DNS_RECORD_MX:
		reply->mx = calloc(n, sizeof(*reply->mx));
		reply->hosts = calloc(n + 1, sizeof(*reply->hosts));
		return reply->mx != NULL && reply->hosts != NULL;
	case DNS_RECORD_A:
	case DNS_RECORD_AAAA:
		reply->address = calloc(n, sizeof(*reply->address));
		return reply->address != NULL;
	}
	return false;
}

/* The RRset at the chain's end. *seen counts its records, odd ones too. */
static void
collect_records(struct dns_reply *reply, ns_msg *msg, const char *owner,
    size_t *seen)
{
	size_t used = 0;
	ns_rr rr;
	int i;

	*seen = 0;
	if (!reserve(reply, msg)) {
		conclude(reply, DNS_NOMEM, "");
		return;
	}
	for (i = 0; i < ns_msg_count(*msg, ns_s_an); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) != 0) {
			conclude(reply, DNS_SERVFAIL, "malformed answer");
			return;
		}
		if (!rr_is(&rr, reply->record, owner))
			continue;
		++*seen;
		if (rr_ttl(&rr) < reply->ttl)
			reply->ttl = rr_ttl(&rr);
		if (!take(reply, msg, &rr, &used)) {
			if (reply->status != DNS_NOMEM)
				conclude(reply, DNS_SERVFAIL,
				    "malformed record");
			return;
		}
	}
}

/* The five numbers that end an SOA, after two names of any length. */
#define SOA_NUMBERS 20

/*
 * How long an absence may be believed: min(SOA TTL, SOA minimum) (RFC 2308, 5).
 * False without an SOA. *referral: name servers stand where it should be.
 */
static bool
negative_ttl(ns_msg *msg, uint32_t *ttl, bool *referral)
{
	unsigned long minimum;
	ns_rr rr;
	int i;

	*referral = false;
	for (i = 0; i < ns_msg_count(*msg, ns_s_ns); i++) {
		if (ns_parserr(msg, ns_s_ns, i, &rr) != 0)
			return false;
		if (ns_rr_type(rr) == ns_t_ns)
			*referral = true;
		if (ns_rr_type(rr) != ns_t_soa ||
		    ns_rr_rdlen(rr) < SOA_NUMBERS + 2)
			continue;
		minimum = ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) - 4);
		if (minimum > INT32_MAX)
			minimum = 0;
		*ttl = rr_ttl(&rr);
		if (minimum < *ttl)
			*ttl = (uint32_t)minimum;
		*referral = false;
		return true;
	}
	return false;
}

/* No record at the chain's end: absent, elsewhere, or not answered at all? */
static void
conclude_empty(struct dns_reply *reply, ns_msg *msg, const char *name,
    const char *end)
{
	uint32_t ttl = 0;
	bool referral, soa = negative_ttl(msg, &ttl, &referral);

	if (ns_msg_getflag(*msg, ns_f_rcode) == ns_r_nxdomain) {
		conclude(reply, DNS_NXDOMAIN, "");
	} else if (soa) {
		conclude(reply, DNS_NODATA, "");
	} else if (strcmp(name, end) != 0) {
		memcpy(reply->next, end, strlen(end) + 1);
		return;
	} else if (ns_msg_count(*msg, ns_s_an) > 0) {
		conclude(reply, DNS_SERVFAIL, "answer beside the question");
	} else if (referral && ns_msg_getflag(*msg, ns_f_aa) == 0) {
		conclude(reply, DNS_SERVFAIL, "referral instead of an answer");
	} else {
		conclude(reply, DNS_NODATA, "");
	}
	if (ttl < reply->ttl)
		reply->ttl = ttl;
}

static void
parse_answer(ns_msg *msg, const char *name, struct dns_reply *reply)
{
	struct chain chain = { .count = 0 };
	const char *end;
	size_t seen;

	if (!collect_chain(msg, &chain)) {
		conclude(reply, DNS_SERVFAIL, "malformed answer");
		return;
	}
	end = chain_end(&chain, name, &reply->ttl);
	if (end == NULL || chain.cut) {
		conclude(reply, DNS_SERVFAIL, "CNAME loop");
		return;
	}
	collect_records(reply, msg, end, &seen);
	if (reply->status != DNS_OK)
		return;
	if (seen == 0)
		conclude_empty(reply, msg, name, end);
	else if (ns_msg_getflag(*msg, ns_f_rcode) == ns_r_nxdomain)
		conclude(reply, DNS_SERVFAIL, "NXDOMAIN with records");
	else if (reply->count == 0)
		conclude(reply, DNS_SERVFAIL, "MX names are no host names");
}

/* What the message says as a whole, before its records are looked at. */
static void
parse_message(ns_msg *msg, const char *name, struct dns_reply *reply)
{
	const char *flaw = header_flaw(msg, name, reply->record);

	if (flaw != NULL) {
		conclude(reply, DNS_SERVFAIL, flaw);
		return;
	}
	switch (ns_msg_getflag(*msg, ns_f_rcode)) {
	case ns_r_noerror:
	case ns_r_nxdomain:
		parse_answer(msg, name, reply);
		return;
	case ns_r_servfail:
		conclude(reply, DNS_SERVFAIL, "server failure");
		return;
	case ns_r_refused:
		conclude(reply, DNS_SERVFAIL, "refused");
		return;
	default:
		conclude(reply, DNS_SERVFAIL, "error from the server");
		return;
	}
}

void
dns_parse(const void *message, size_t len, const char *name,
    enum dns_record record, struct dns_reply *reply)
{
	ns_msg msg;

	*reply = (struct dns_reply){
		.status = DNS_OK,
		.record = record,
		.ttl = INT32_MAX,
		.detail = "",
	};
	if (len > NS_MAXMSG || ns_initparse(message, (int)len, &msg) != 0)
		conclude(reply, DNS_SERVFAIL, "malformed answer");
	else
		parse_message(&msg, name, reply);
	if (reply->status == DNS_SERVFAIL || reply->status == DNS_NOMEM)
		reply->ttl = 0;
	if (reply->status != DNS_OK)
		reply->count = 0;
}

void
dns_reply_free(struct dns_reply *reply)
{
	size_t i;

	for (i = 0; reply->hosts != NULL && reply->hosts[i] != NULL; i++)
		free(reply->hosts[i]);
	free(reply->hosts);
	free(reply->txt);
	free(reply->mx);
	free(reply->address);
	free(reply->octets);
	*reply = (struct dns_reply){ .detail = "" };
}
