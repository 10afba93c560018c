/*
 * A world made by hand: DNS, HTTPS, SMTP hosts, time and another process's
 * fetch, all as fakes behind the ports of core/io. What is not set up answers
 * NXDOMAIN, refuses the connection, or cannot be reached. Fakes complete at
 * once unless told to hang.
 */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "base/clock.h"
#include "io/dns.h"
#include "io/flight.h"
#include "io/https.h"
#include "io/probe.h"
#include "io/timer.h"

struct world;

struct world *world_new(void);
void world_free(struct world **world);

struct clock world_clock(struct world *world);
struct timers world_timers(struct world *world);
struct dns world_dns(struct world *world);
struct https world_https(struct world *world);
struct probe world_probe(struct world *world);
struct flight world_flight(struct world *world);

/* Move both clocks and fire the timers that come due; negative moves the wall
 * clock alone, as a person would. */
void world_pass(struct world *world, int64_t seconds);
int64_t world_now(const struct world *world);

/* Another process fetches everything. */
void world_set_busy(struct world *world, bool busy);
/* Tell when the right to fetch a domain's policy is given back. */
typedef void world_given_fn(void *arg, const char *domain);
void world_on_given(struct world *world, world_given_fn *fn, void *arg);

/* An answer to a question; an earlier one is replaced. text: for TXT records
 * separated by "\n"; for MX "preference host" likewise. */
void world_set_dns(struct world *world, enum dns_type type, const char *name,
    enum dns_status status, uint32_t ttl, const char *text);
void world_set_https(struct world *world, const char *host,
    enum https_status status, int code, const char *type, const char *body,
    size_t len);
void world_set_probe(struct world *world, const char *host,
    enum probe_status status, const char *detail);
/* Questions about this name hang from now on. */
void world_hang(struct world *world, const char *name);
/* What hangs is answered now, by what is set now. */
void world_release(struct world *world);

/* How often a name was asked about: "TXT _mta-sts.example.com",
 * "GET mta-sts.example.com", "PROBE mx.example.com". */
unsigned world_count(const struct world *world, const char *what);

#endif
