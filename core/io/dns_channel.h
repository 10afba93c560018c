/*
 * c-ares on the loop: one raw question to the configured servers, or to those
 * of resolv.conf as it is now. Knows neither queues nor record types.
 */
#ifndef IO_DNS_CHANNEL_H
#define IO_DNS_CHANNEL_H

#include "io/dns_cares.h"
#include "io/dns_parse.h"

struct dns_channel;

/* With a message, status is DNS_OK, whatever the message says. The call may
 * come from within dns_channel_ask. */
typedef void dns_message_fn(void *arg, enum dns_status status,
    const char *detail, const void *message, size_t len);

enum mtasts_status dns_channel_new(struct loop *loop,
    const struct dns_cares_options *options, struct dns_channel **out,
    struct mtasts_error *err);
/* Answers what is in flight with DNS_TIMEOUT on the way. */
void dns_channel_free(struct dns_channel **channel);

/* Not to be called from a dns_message_fn. */
void dns_channel_ask(struct dns_channel *channel, const char *name,
    enum dns_record record, dns_message_fn *fn, void *arg);

#endif
