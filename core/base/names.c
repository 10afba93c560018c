/*
 * names: the word for each public value, as in logs, JSON and TLS reports.
 *
 * The switches have no default: the compiler names the value that was
 * forgotten, and a value from nowhere is "unknown", never a neighbour's name.
 *
 * Test: tests/unit/test_names.c
 */
#include "mtasts.h"

const char *
mtasts_status_name(enum mtasts_status status)
{
	switch (status) {
	case MTASTS_OK:
		return "ok";
	case MTASTS_NOMEM:
		return "out-of-memory";
	case MTASTS_INVALID:
		return "invalid";
	case MTASTS_CONFIG:
		return "config";
	case MTASTS_SYSTEM:
		return "system";
	case MTASTS_CACHE:
		return "cache";
	case MTASTS_NOTFOUND:
		return "not-found";
	}
	return "unknown";
}

const char *
mtasts_stage_name(enum mtasts_stage stage)
{
	switch (stage) {
	case MTASTS_STAGE_NONE:
		return "none";
	case MTASTS_STAGE_OPTIONS:
		return "options";
	case MTASTS_STAGE_CACHE:
		return "cache";
	case MTASTS_STAGE_DNS:
		return "dns";
	case MTASTS_STAGE_HTTPS:
		return "https";
	case MTASTS_STAGE_POLICY:
		return "policy";
	case MTASTS_STAGE_MX:
		return "mx";
	case MTASTS_STAGE_PROBE:
		return "probe";
	case MTASTS_STAGE_VERDICT:
		return "verdict";
	}
	return "unknown";
}

const char *
mtasts_mode_name(enum mtasts_mode mode)
{
	switch (mode) {
	case MTASTS_NO_POLICY:
		return "no-policy";
	case MTASTS_MODE_NONE:
		return "none";
	case MTASTS_MODE_TESTING:
		return "testing";
	case MTASTS_MODE_ENFORCE:
		return "enforce";
	}
	return "unknown";
}

const char *
mtasts_outcome_name(enum mtasts_outcome outcome)
{
	switch (outcome) {
	case MTASTS_OUTCOME_NONE:
		return "none";
	case MTASTS_OUTCOME_POLICY:
		return "policy";
	case MTASTS_OUTCOME_UNAVAILABLE:
		return "unavailable";
	case MTASTS_OUTCOME_DEFER:
		return "defer";
	}
	return "unknown";
}

const char *
mtasts_source_name(enum mtasts_source source)
{
	switch (source) {
	case MTASTS_SOURCE_NONE:
		return "none";
	case MTASTS_SOURCE_CACHE:
		return "cache";
	case MTASTS_SOURCE_NETWORK:
		return "network";
	case MTASTS_SOURCE_OVERRIDE:
		return "override";
	}
	return "unknown";
}

const char *
mtasts_reason_name(enum mtasts_reason reason)
{
	switch (reason) {
	case MTASTS_REASON_POLICY:
		return "policy";
	case MTASTS_REASON_NOT_A_DOMAIN:
		return "not-a-domain";
	case MTASTS_REASON_OVERRIDE_SKIP:
		return "override-skip";
	case MTASTS_REASON_NO_RECORD:
		return "no-record";
	case MTASTS_REASON_MULTIPLE_RECORDS:
		return "multiple-records";
	case MTASTS_REASON_INVALID_RECORD:
		return "invalid-record";
	case MTASTS_REASON_DNS_TEMPERROR:
		return "dns-temperror";
	case MTASTS_REASON_FETCH_ERROR:
		return "sts-policy-fetch-error";
	case MTASTS_REASON_WEBPKI_INVALID:
		return "sts-webpki-invalid";
	case MTASTS_REASON_POLICY_INVALID:
		return "sts-policy-invalid";
	case MTASTS_REASON_NULL_MX:
		return "null-mx";
	case MTASTS_REASON_NO_SUCH_DOMAIN:
		return "no-such-domain";
	case MTASTS_REASON_DEADLINE:
		return "deadline";
	case MTASTS_REASON_NOT_CACHED:
		return "not-cached";
	}
	return "unknown";
}

const char *
mtasts_verdict_name(enum mtasts_verdict verdict)
{
	switch (verdict) {
	case MTASTS_VERDICT_NONE:
		return "none";
	case MTASTS_VERDICT_PASS:
		return "pass";
	case MTASTS_VERDICT_FAIL:
		return "fail";
	case MTASTS_VERDICT_TEMPERROR:
		return "temperror";
	}
	return "unknown";
}

const char *
mtasts_finding_name(enum mtasts_finding finding)
{
	switch (finding) {
	case MTASTS_FINDING_NOT_PROBED:
		return "not-probed";
	case MTASTS_FINDING_OK:
		return "ok";
	case MTASTS_FINDING_CONNECT_FAILED:
		return "connect-failed";
	case MTASTS_FINDING_STARTTLS_NOT_SUPPORTED:
		return "starttls-not-supported";
	case MTASTS_FINDING_CERTIFICATE_HOST_MISMATCH:
		return "certificate-host-mismatch";
	case MTASTS_FINDING_CERTIFICATE_EXPIRED:
		return "certificate-expired";
	case MTASTS_FINDING_CERTIFICATE_NOT_TRUSTED:
		return "certificate-not-trusted";
	case MTASTS_FINDING_VALIDATION_FAILURE:
		return "validation-failure";
	}
	return "unknown";
}
