/*
 * Building the ports from the options, and wiring them to lookups and walks.
 *
 * Test: tests/unit/test_api.c, tests/lab.
 */
#include <stdlib.h>
#include <string.h>

#include "api/engine.h"
#include "base/error.h"
#include "io/dns_cares.h"
#include "io/fork.h"
#include "io/https_curl.h"
#include "io/probe_openssl.h"

#define DNS_IN_FLIGHT 128
#define PROBE_TOTAL 3 /* times the bound of one address */

static enum mtasts_status
open_dns(struct engine *engine, struct mtasts_error *err)
{
	const struct mtasts_options *options = engine->ctx->options;
	const struct dns_cares_options dns = {
		.servers = (const char *const *)options->dns.servers,
		.server_count = options->dns.server_count,
		.timeout = options->dns.timeout,
		.in_flight = DNS_IN_FLIGHT,
	};

	return dns_cares_new(engine->loop, &dns, &engine->dns, err);
}

static struct guard
guard_of(const struct mtasts_options *options)
{
	return (struct guard) { options->https.allowed,
		options->https.allowed_count };
}

static enum mtasts_status
open_https(struct engine *engine, struct mtasts_error *err)
{
	const struct mtasts_options *options = engine->ctx->options;
	const struct https_curl_options https = {
		.ca_file = options->https.ca_file,
		.ca_path = options->https.ca_path,
		.proxy = options->https.proxy,
		.guard = guard_of(options),
		.timeout = options->https.timeout,
		.body_max = POLICY_BODY_MAX,
	};

	return https_curl_new(engine->loop, &engine->dns, &https,
	    &engine->https, err);
}

static enum mtasts_status
open_probe(struct engine *engine, struct mtasts_error *err)
{
	const struct mtasts_options *options = engine->ctx->options;
	struct probe_openssl_options probe = {
		.ca_file = options->probe.ca_file,
		.ca_path = options->probe.ca_path,
		.helo = options->probe.helo,
		.guard = guard_of(options),
		.timeout = options->probe.timeout,
		.total = options->probe.timeout * PROBE_TOTAL,
	};

	if (probe.ca_file == NULL && probe.ca_path == NULL) {
		probe.ca_file = options->https.ca_file;
		probe.ca_path = options->https.ca_path;
	}
	return probe_openssl_new(engine->loop, &engine->dns, &probe,
	    &engine->probe, err);
}

static void
wire(struct engine *engine)
{
	const struct mtasts *ctx = engine->ctx;

	engine->lookups = (struct lookup_env) {
		.clock = loop_clock(engine->loop),
		.timers = loop_timers(engine->loop),
		.dns = engine->dns,
		.https = engine->https,
		.cache = ctx->cache,
		.reader = engine->reader,
		.flight = engine->flight,
		.counters = ctx->counters,
		.log = &ctx->log,
		.trace = ctx->trace,
		.strict_first_use = ctx->options->policy.strict_first_use,
		.refresh_warnings = ctx->options->policy.refresh_warnings,
	};
	engine->walks = (struct walk_env) {
		.ports = &engine->lookups,
		.probe = engine->probe,
		.probing = ctx->options->probe.enabled,
		.ttl = ctx->options->probe.ttl,
		.failure_ttl = ctx->options->probe.failure_ttl,
	};
}

enum mtasts_status
engine_new(struct mtasts *ctx, struct engine **out, struct mtasts_error *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	enum mtasts_status status;

	*out = NULL;
	if (engine == NULL)
		return error_nomem(err, "engine");
	engine->ctx = ctx;
	fork_watch();
	engine->generation = fork_generation();
	status = loop_new(&clock_system, &engine->loop, err);
	if (status == MTASTS_OK)
		status = open_dns(engine, err);
	if (status == MTASTS_OK)
		status = open_https(engine, err);
	if (status == MTASTS_OK)
		status = open_probe(engine, err);
	if (status == MTASTS_OK &&
	    flight_lock_new(ctx->options->cache.run_directory,
		&engine->flight) != MTASTS_OK)
		status = error_nomem(err, "fetch lock");
	if (status == MTASTS_OK &&
	    (engine->reader = cache_reader_new(&ctx->cache)) == NULL)
		status = error_nomem(err, "cache reader");
	if (status != MTASTS_OK) {
		engine_free(&engine);
		return status;
	}
	wire(engine);
	*out = engine;
	return MTASTS_OK;
}

static void
close_ports(struct engine *engine)
{
	lookup_env_close(&engine->lookups);
	cache_reader_free(&engine->ctx->cache, &engine->reader);
	if (engine->flight.ops != NULL)
		flight_lock_free(&engine->flight);
	if (engine->probe.ops != NULL)
		probe_openssl_free(&engine->probe);
	if (engine->https.ops != NULL)
		https_curl_free(&engine->https);
	if (engine->dns.ops != NULL)
		dns_cares_free(&engine->dns);
	loop_free(&engine->loop);
}

void
engine_free(struct engine **engine)
{
	if (*engine == NULL)
		return;
	/* Its sockets and locks are the parent's too. */
	if ((*engine)->generation == fork_generation())
		close_ports(*engine);
	free(*engine);
	*engine = NULL;
}
