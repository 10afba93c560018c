/*
 * prometheus: statistics as metrics, for node_exporter's textfile collector.
 * The names are a promise to whoever draws graphs of them.
 *
 * Test: tests/cachectl/prometheus.py
 */
#include <config.h>

#include "cachectl/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum type {
	COUNTER,
	GAUGE
};

struct metric {
	const char *figure;
	const char *name;
	const char *label; /* "" or one, in braces */
	enum type type;
	const char *help;
};

/* Metrics of one name stand together, as the format wants it. */
static const struct metric metrics[] = {
	{ "enforce", "mtasts_policies", "{mode=\"enforce\"}", GAUGE,
	    "Cached policies in force, by mode." },
	{ "testing", "mtasts_policies", "{mode=\"testing\"}", GAUGE, "" },
	{ "none", "mtasts_policies", "{mode=\"none\"}", GAUGE, "" },
	{ "expired", "mtasts_policies_expired", "", GAUGE,
	    "Cached policies that have expired." },
	{ "lookups", "mtasts_lookups_total", "", COUNTER,
	    "Questions for the policy of a domain." },
	{ "hits", "mtasts_hits_total", "", COUNTER,
	    "Lookups that the cache could answer." },
	{ "misses", "mtasts_misses_total", "", COUNTER,
	    "Lookups that asked the network." },
	{ "unchanged", "mtasts_unchanged_total", "", COUNTER,
	    "Lookups that found the id of the record as cached." },
	{ "fetches", "mtasts_fetches_total", "", COUNTER,
	    "Policies asked for by HTTPS." },
	{ "fetch_failures", "mtasts_fetch_failures_total", "", COUNTER,
	    "Policies that could not be fetched." },
	{ "dns_failures", "mtasts_dns_failures_total", "", COUNTER,
	    "Questions that DNS did not answer." },
	{ "evaluations", "mtasts_evaluations_total", "", COUNTER,
	    "Evaluations of a domain's MX hosts." },
	{ "pass", "mtasts_verdicts_total", "{verdict=\"pass\"}", COUNTER,
	    "Evaluations under a policy, by verdict." },
	{ "fail", "mtasts_verdicts_total", "{verdict=\"fail\"}", COUNTER, "" },
	{ "temperror", "mtasts_verdicts_total", "{verdict=\"temperror\"}",
	    COUNTER, "" },
	{ "probes", "mtasts_probes_total", "", COUNTER,
	    "Connections to MX hosts that looked at their TLS." },
	{ "refreshes", "mtasts_refreshes_total", "", COUNTER,
	    "Policies fetched again before they were needed." },
	{ "connections", "mtasts_connections_total", "", COUNTER,
	    "Connections under a policy that an MTA told of." },
	{ "connection_failures", "mtasts_connection_failures_total", "",
	    COUNTER, "Connections of these that did not meet the policy." },
	{ "policies", "mtasts_cache_entries", "{store=\"policies\"}", GAUGE,
	    "Entries of the cache." },
	{ "answers", "mtasts_cache_entries", "{store=\"answers\"}", GAUGE, "" },
	{ "policies_bytes", "mtasts_cache_used_bytes", "{store=\"policies\"}",
	    GAUGE, "Octets of the cache that are in use." },
	{ "answers_bytes", "mtasts_cache_used_bytes", "{store=\"answers\"}",
	    GAUGE, "" },
	{ "policies_capacity", "mtasts_cache_capacity_bytes",
	    "{store=\"policies\"}", GAUGE,
	    "Octets that the cache may grow to." },
	{ "answers_capacity", "mtasts_cache_capacity_bytes",
	    "{store=\"answers\"}", GAUGE, "" },
};

#define METRIC_COUNT (sizeof(metrics) / sizeof(metrics[0]))

static const struct figure *
find_figure(const struct figures *figures, const char *name)
{
	for (size_t i = 0; i < figures->count; i++) {
		if (strcmp(figures->items[i].name, name) == 0)
			return &figures->items[i];
	}
	return NULL;
}

static void
put_metric(const struct metric *metric, uint64_t value)
{
	if (metric->help[0] != '\0')
		printf("# HELP %s %s\n# TYPE %s %s\n", metric->name,
		    metric->help, metric->name,
		    metric->type == COUNTER ? "counter" : "gauge");
	printf("%s%s %" PRIu64 "\n", metric->name, metric->label, value);
}

void
prometheus_put(const struct figures *figures)
{
	printf("# HELP mtasts_build_info The version of the library.\n"
	       "# TYPE mtasts_build_info gauge\n"
	       "mtasts_build_info{version=\"%s\"} 1\n",
	    mtasts_library_version());
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct figure *figure =
		    find_figure(figures, metrics[i].figure);

		if (figure != NULL)
			put_metric(&metrics[i], figure->value);
	}
}
