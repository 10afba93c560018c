/*
 * options: good and bad files and values, each bad one with its message; the
 * environment changes nothing; a failed load changes nothing.
 */
#include <config.h>

#include "api/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_options.XXXXXX";

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
write_octets(const char *data, size_t len)
{
	FILE *fp = fopen(path, "we");

	assert_non_null(fp);
	assert_int_equal(fwrite(data, 1, len, fp), len);
	assert_int_equal(fclose(fp), 0);
}

static struct mtasts_options *
make_options(void)
{
	struct mtasts_options *options;

	assert_int_equal(mtasts_options_new(&options), MTASTS_OK);
	assert_non_null(options);
	return options;
}

static enum mtasts_status
load(struct mtasts_options *options, const char *text,
    struct mtasts_error *err)
{
	memset(err, 0, sizeof(*err));
	write_octets(text, strlen(text));
	return mtasts_options_load(options, path, err);
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct mtasts_options *o = make_options();

	(void)state;
	assert_string_equal(o->cache.directory, LOCALSTATEDIR "/lib/mtasts");
	assert_string_equal(o->cache.run_directory, RUNSTATEDIR "/mtasts");
	assert_string_equal(o->cache.user, "mtasts");
	assert_null(o->cache.group);
	assert_true(o->cache.size == 1024 * 1024 * 1024);
	assert_null(o->dns.servers);
	assert_int_equal(o->dns.timeout, 2000);
	assert_null(o->https.ca_file);
	assert_int_equal(o->https.allowed_count, 0);
	assert_int_equal(o->https.timeout, 60000);
	assert_true(o->probe.enabled);
	assert_int_equal(o->probe.timeout, 10000);
	assert_int_equal(o->probe.ttl, 600);
	assert_int_equal(o->probe.failure_ttl, 120);
	assert_false(o->policy.strict_first_use);
	assert_int_equal(o->policy.forget_after, 180 * 86400);
	assert_int_equal(o->policy.refresh_warnings, 3);
	assert_int_equal(o->log.level, MTASTS_LOG_NOTICE);
	mtasts_options_free(&o);
	assert_null(o);
	mtasts_options_free(&o);
	mtasts_options_free(NULL);
}

static const char everything[] =
    "# all of it\n"
    "cache {\n"
    "  directory = \"/srv/mtasts\"\n"
    "  run_directory = /run/sts // bare words are fine\n"
    "  user = sts  group = 'Debian-exim'\n"
    "  size = 2G\n"
    "}\n"
    "dns { servers = {\"192.0.2.53\", 2001:db8::53} timeout = 500ms }\n"
    "https {\n"
    "  ca_file = \"/etc/ca.pem\" ca_path = /etc/ca\n"
    "  proxy = http://proxy.example:3128\n"
    "  allow_addresses = {\"192.0.2.0/24\",\n"
    "    \"2001:db8::/32\"}\n"
    "  timeout = 1m\n"
    "}\n"
    "probe { enabled = no ca_file = /p.pem ca_path = /p helo = mx.example\n"
    "  timeout = 5s ttl = 1h failure_ttl = 0s }\n"
    "policy { overrides = /etc/overrides strict_first_use = true\n"
    "  forget_after = 30d refresh_warnings = 7 }\n"
    "log { level = debug }\n";

static void
assert_everything(const struct mtasts_options *o)
{
	assert_string_equal(o->cache.directory, "/srv/mtasts");
	assert_string_equal(o->cache.run_directory, "/run/sts");
	assert_string_equal(o->cache.user, "sts");
	assert_string_equal(o->cache.group, "Debian-exim");
	assert_true(o->cache.size == 2ULL << 30);
	assert_int_equal(o->dns.server_count, 2);
	assert_string_equal(o->dns.servers[0], "192.0.2.53");
	assert_string_equal(o->dns.servers[1], "2001:db8::53");
	assert_null(o->dns.servers[2]);
	assert_int_equal(o->dns.timeout, 500);
	assert_string_equal(o->https.ca_file, "/etc/ca.pem");
	assert_string_equal(o->https.ca_path, "/etc/ca");
	assert_string_equal(o->https.proxy, "http://proxy.example:3128");
	assert_int_equal(o->https.allowed_count, 2);
	assert_int_equal(o->https.allowed[0].bits, 24);
	assert_int_equal(o->https.allowed[1].bits, 32);
	assert_int_equal(o->https.timeout, 60000);
	assert_false(o->probe.enabled);
	assert_string_equal(o->probe.ca_file, "/p.pem");
	assert_string_equal(o->probe.ca_path, "/p");
	assert_string_equal(o->probe.helo, "mx.example");
	assert_int_equal(o->probe.timeout, 5000);
	assert_int_equal(o->probe.ttl, 3600);
	assert_int_equal(o->probe.failure_ttl, 0);
	assert_string_equal(o->policy.overrides, "/etc/overrides");
	assert_true(o->policy.strict_first_use);
	assert_int_equal(o->policy.forget_after, 30 * 86400);
	assert_int_equal(o->policy.refresh_warnings, 7);
	assert_int_equal(o->log.level, MTASTS_LOG_DEBUG);
}

static void
every_option_is_read_and_copied(void **state)
{
	struct mtasts_options *o = make_options(), *copy;
	struct mtasts_error err;

	(void)state;
	assert_int_equal(load(o, everything, &err), MTASTS_OK);
	assert_everything(o);
	assert_int_equal(options_copy(o, &copy), MTASTS_OK);
	mtasts_options_free(&o);
	assert_everything(copy);
	mtasts_options_free(&copy);
}

static void
good_files(void **state)
{
	static const char *const files[] = {
		"",
		"\n\n",
		"# nothing",
		"cache {}\n",
		"probe.enabled = false\n",
		"dns.servers = {192.0.2.1}\n",
		"dns { servers = 192.0.2.1 }\n",
		"dns { servers = {} }\n",
		"dns { servers = {192.0.2.1} servers += {192.0.2.2} }\n",
		"dns { timeout = 2s }\ndns { servers = {192.0.2.1} }\n",
		"/* { \" ' ${X} */ cache {}\n",
		"# { \" ' ${X}\ncache {}\n",
		"cache { user = 'a{b}#c' }\n",
		"cache { user = \"a\\\"b\" }\n",
		"https { proxy = '' }\n",
		"milter { socket = \"unix:/x\" mailers = {a, b} }\n",
		"milter { socket = none }\nsocketmap { listen = none }\n",
		"socketmap { listen = {\"unix:/x\", \"inet:1@[::1]\"} }\n",
		"socketmap{}\ndaemon\n{\n}\nmilter { # }\n}\n",
	};
	struct mtasts_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct mtasts_options *o = make_options();

		if (load(o, files[i], &err) != MTASTS_OK)
			fail_msg("%s: %s", files[i], err.text);
		mtasts_options_free(&o);
	}
}

/* text, and the message behind "FILE:" */
static const struct {
	const char *text;
	const char *message;
} bad_files[] = {
	{ "cahce {}\n", "1: no such option 'cahce'" },
	{ "\ncache {\n  directroy = /x\n}\n",
	    "3: no such option 'directroy'" },
	{ "enabled = false\n", "1: no such option 'enabled'" },
	{ "probe.enable = false\n", "1: no such option 'probe.enable'" },
	{ "include(\"/etc/passwd\")\n", "1: no such option 'include'" },
	{ "cache { directory = x }\n",
	    "1: cache.directory: expected an absolute path, not \"x\"" },
	{ "cache { directory = \"\" }\n",
	    "1: cache.directory: expected an absolute path, not \"\"" },
	{ "cache { directory = \"/a\\nb\" }\n",
	    "1: cache.directory: expected an absolute path, not \"/a\\x0ab\"" },
	{ "cache { size = 1 }\n",
	    "1: cache.size: expected a size from 1M to 1T, such as 512M or 1G, "
	    "not \"1\"" },
	{ "cache {\n\n size = 2T }\n",
	    "3: cache.size: expected a size from 1M to 1T, such as 512M or 1G, "
	    "not \"2T\"" },
	{ "cache { size = 99999999999999999999G }\n",
	    "1: cache.size: expected a size from 1M to 1T, such as 512M or 1G, "
	    "not \"99999999999999999999G\"" },
	{ "cache { size = -1G }\n",
	    "1: cache.size: expected a size from 1M to 1T, such as 512M or 1G, "
	    "not \"-1G\"" },
	{ "cache { user = -x }\n",
	    "1: cache.user: expected the name of a user, not \"-x\"" },
	{ "dns { timeout = 2 }\n",
	    "1: dns.timeout: expected a duration from 100ms to 30s, such as "
	    "2s, not \"2\"" },
	{ "dns { timeout = 1h }\n",
	    "1: dns.timeout: expected a duration from 100ms to 30s, such as "
	    "2s, not \"1h\"" },
	{ "dns { servers = {192.0.2.1,\n ns.example} }\n",
	    "2: dns.servers: expected an IP address, not \"ns.example\"" },
	{ "https { allow_addresses = {192.0.2.0/33} }\n",
	    "1: https.allow_addresses: expected an IP address or network such "
	    "as 192.0.2.0/24, not \"192.0.2.0/33\"" },
	{ "https { proxy = proxy.example }\n",
	    "1: https.proxy: expected a URL such as http://proxy.example:3128, "
	    "not \"proxy.example\"" },
	{ "probe { enabled = maybe }\n",
	    "1: probe.enabled: expected true or false, not \"maybe\"" },
	{ "probe { ttl = 1500ms }\n",
	    "1: probe.ttl: expected a duration of whole seconds up to 1d, "
	    "such as 10m, not \"1500ms\"" },
	{ "probe { helo = \"a b\" }\n",
	    "1: probe.helo: expected a host name, not \"a b\"" },
	{ "policy { refresh_warnings = 3x }\n",
	    "1: policy.refresh_warnings: expected a number from 1 to 1000, "
	    "not \"3x\"" },
	{ "log { level = loud }\n",
	    "1: log.level: expected error, warning, notice, info or debug, "
	    "not \"loud\"" },

	{ "milter {\n socket = /run/x\n}\n",
	    "2: milter.socket: expected none, unix:PATH, inet:PORT@HOST or "
	    "inet:HOST:PORT, not \"/run/x\"" },
	{ "milter { on_fail = bounce }\n",
	    "1: milter.on_fail: expected defer, tag or reject, not "
	    "\"bounce\"" },
	{ "milter { socket_mode = 0680 }\n",
	    "1: milter.socket_mode: expected an octal mode such as 0660, not "
	    "\"0680\"" },
	{ "milter { header = \"a:b\" }\n",
	    "1: milter.header: expected the name of a header field, not "
	    "\"a:b\"" },
	{ "socketmap { timeout = 0s }\n",
	    "1: socketmap.timeout: expected a duration from 100ms to 60s, "
	    "such as 4s, not \"0s\"" },
	{ "daemon { users = x }\n", "1: no such option 'users'" },

	/* what libconfuse alone would let pass, or count wrong */
	{ "/* one\n two */\ncache {\n bad = 1 }\n", "4: no such option 'bad'" },
	{ "cache { directory = \"${HOME}\" }\n",
	    "1: ${...} is not expanded here; write it in single quotes" },
	{ "\ncache { directory = ${HOME} }\n",
	    "2: ${...} is not expanded here; write it in single quotes" },
	{ "milter { header = \"${HOME}\" }\n",
	    "1: ${...} is not expanded here; write it in single quotes" },
	{ "\ncache {\n size = 1G\n", "2: section without an end" },
	{ "milter {\n", "1: section without an end" },
	{ "cache { user = \"x }\n\n", "1: string without an end" },
	{ "\n/* no end\n", "2: comment without an end" },
	{ "cache { size = 1G\n size = 2G }\n",
	    "2: cache.size is already set in line 1" },
	{ "probe.enabled = true\nprobe { enabled = false }\n",
	    "2: probe.enabled is already set in line 1" },
	{ "dns { servers = {192.0.2.1}\n servers = {192.0.2.2} }\n",
	    "2: dns.servers is already set in line 1" },

	{ "cache { size }\n", "1: missing equal sign after option 'size'" },
	{ "cache = 1\n", "1: missing opening brace for section 'cache'" },
	{ "}\n", "1: unexpected closing brace" },
	{ "\ncache { size = \n", "2: section without an end" },
	{ "\n\"\" = 1\n", "2: expected the name of an option" },
	{ "\ncache { '' = 1 }\n", "2: expected the name of an option" },
};

static void
bad_files_are_named_with_their_line(void **state)
{
	struct mtasts_error err;
	char expected[400];

	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct mtasts_options *o = make_options();
		enum mtasts_status status = load(o, bad_files[i].text, &err);

		snprintf(expected, sizeof(expected), "%s:%s", path,
		    bad_files[i].message);
		if (status != MTASTS_CONFIG || strcmp(err.text, expected) != 0)
			fail_msg("%s: status %d, \"%s\" instead of \"%s\"",
			    bad_files[i].text, (int)status, err.text, expected);
		assert_int_equal(err.stage, MTASTS_STAGE_OPTIONS);
		mtasts_options_free(&o);
	}
}

static void
a_failed_load_changes_nothing(void **state)
{
	struct mtasts_options *o = make_options();
	struct mtasts_error err;

	(void)state;
	assert_int_equal(load(o, everything, &err), MTASTS_OK);
	assert_int_equal(load(o,
			     "cache { directory = /other }\n"
			     "dns { servers = {192.0.2.9, x} }\n",
			     &err),
	    MTASTS_CONFIG);
	assert_everything(o);
	mtasts_options_free(&o);
}

static void
files_that_are_none(void **state)
{
	struct mtasts_options *o = make_options();
	struct mtasts_error err;
	char *large;

	(void)state;
	assert_int_equal(mtasts_options_load(o, "/nonexistent/x.conf", &err),
	    MTASTS_CONFIG);
	assert_string_equal(err.text,
	    "/nonexistent/x.conf: No such file or directory");
	assert_int_equal(mtasts_options_load(o, "/", &err), MTASTS_CONFIG);
	assert_string_equal(err.text, "/: Is a directory");
	assert_int_equal(mtasts_options_load(o, "/", NULL), MTASTS_CONFIG);

	write_octets("cache {}\0", 9);
	assert_int_equal(mtasts_options_load(o, path, &err), MTASTS_CONFIG);
	assert_non_null(strstr(err.text, ": not a text file"));

	large = calloc(1, 1024 * 1024 + 1);
	assert_non_null(large);
	memset(large, '\n', 1024 * 1024 + 1);
	write_octets(large, 1024 * 1024 + 1);
	assert_int_equal(mtasts_options_load(o, path, &err), MTASTS_CONFIG);
	assert_non_null(strstr(err.text, ": larger than 1 MiB"));
	write_octets(large, 1024 * 1024);
	assert_int_equal(mtasts_options_load(o, path, &err), MTASTS_OK);
	free(large);
	mtasts_options_free(&o);
}

/* Every prefix of a file, and the file with any octet replaced, ends in a
 * status and in memory that is all freed. */
static void
damaged_files_are_survived(void **state)
{
	static const char octets[] = "{}\"'#/*$=\\\x01\xff";
	struct mtasts_error err;
	char text[sizeof(everything)];

	(void)state;
	for (size_t i = 0; i < sizeof(everything); i++) {
		struct mtasts_options *o = make_options();

		memcpy(text, everything, i);
		text[i] = '\0';
		load(o, text, &err);
		memcpy(text, everything, sizeof(everything));
		text[i] = octets[i % (sizeof(octets) - 1)];
		text[sizeof(text) - 1] = '\0';
		load(o, text, &err);
		mtasts_options_free(&o);
	}
}

static void
one_option_is_set_by_name(void **state)
{
	struct mtasts_options *o = make_options();
	struct mtasts_error err;

	(void)state;
	assert_int_equal(mtasts_options_set(o, "cache.directory", "/x", &err),
	    MTASTS_OK);
	assert_string_equal(o->cache.directory, "/x");
	assert_int_equal(mtasts_options_set(o, "probe.enabled", "false", NULL),
	    MTASTS_OK);
	assert_false(o->probe.enabled);
	assert_int_equal(mtasts_options_set(o, "dns.servers",
			     "192.0.2.1, 192.0.2.2", &err),
	    MTASTS_OK);
	assert_int_equal(o->dns.server_count, 2);
	assert_int_equal(mtasts_options_set(o, "dns.servers", "192.0.2.3,x",
			     &err),
	    MTASTS_CONFIG);
	assert_string_equal(err.text,
	    "dns.servers: expected an IP address, not \"x\"");
	assert_int_equal(o->dns.server_count, 2);
	assert_int_equal(mtasts_options_set(o, "dns.servers", "", &err),
	    MTASTS_OK);
	assert_int_equal(o->dns.server_count, 0);
	assert_int_equal(mtasts_options_set(o, "cache.user", "", &err),
	    MTASTS_OK);
	assert_null(o->cache.user);
	mtasts_options_free(&o);
}

static void
setting_what_is_not_there_or_no_good(void **state)
{
	struct mtasts_options *o = make_options();
	struct mtasts_error err;

	(void)state;
	assert_int_equal(mtasts_options_set(o, "cache.colour", "1", &err),
	    MTASTS_CONFIG);
	assert_string_equal(err.text, "no such option \"cache.colour\"");
	assert_int_equal(mtasts_options_set(o, "directory", "/x", &err),
	    MTASTS_CONFIG);
	assert_int_equal(mtasts_options_set(o, "dns.timeout", "soon", &err),
	    MTASTS_CONFIG);
	assert_string_equal(err.text,
	    "dns.timeout: expected a duration from 100ms to 30s, such as 2s, "
	    "not \"soon\"");
	assert_int_equal(o->dns.timeout, 2000);
	/* no expansion here, so no reason to refuse it */
	assert_int_equal(mtasts_options_set(o, "cache.directory", "/${HOME}",
			     &err),
	    MTASTS_OK);
	assert_string_equal(o->cache.directory, "/${HOME}");
	mtasts_options_free(&o);
}

static void
texts_and_items_can_be_asked_for(void **state)
{
	struct mtasts_options *o;

	(void)state;
	assert_int_equal(mtasts_options_new(&o), MTASTS_OK);
	assert_string_equal(mtasts_options_text(o, "milter.on_fail"), "defer");
	assert_string_equal(mtasts_options_text(o, "daemon.user"), "");
	assert_null(mtasts_options_text(o, "milter.mailers"));
	assert_null(mtasts_options_text(o, "no.such"));
	assert_string_equal(mtasts_options_item(o, "milter.mailers", 0),
	    "smtp");
	assert_string_equal(mtasts_options_item(o, "milter.mailers", 4),
	    "relay");
	assert_null(mtasts_options_item(o, "milter.mailers", 5));
	assert_null(mtasts_options_item(o, "dns.servers", 0));
	assert_null(mtasts_options_item(o, "milter.on_fail", 0));
	assert_int_equal(mtasts_options_number(o, "milter.socket_mode"), 0660);
	assert_int_equal(mtasts_options_number(o, "milter.rcpt_timeout"),
	    4000);
	mtasts_options_free(&o);
}

static void
numbers_can_be_asked_for(void **state)
{
	static const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "exim.lookup_timeout", 10000 },
		{ "https.timeout", 60000 },
		{ "probe.ttl", 600 },
		{ "policy.refresh_warnings", 3 },
		{ "policy.strict_first_use", 0 },
		{ "probe.enabled", 1 },
		{ "log.level", MTASTS_LOG_NOTICE },
		{ "cache.directory", -1 },
		{ "dns.servers", -1 },
		{ "no.such", -1 },
	};
	struct mtasts_options *o;

	(void)state;
	assert_int_equal(mtasts_options_new(&o), MTASTS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mtasts_options_number(o, rows[i].name),
		    rows[i].value);
	mtasts_options_free(&o);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(every_option_is_read_and_copied),
		cmocka_unit_test(numbers_can_be_asked_for),
		cmocka_unit_test(texts_and_items_can_be_asked_for),
		cmocka_unit_test(good_files),
		cmocka_unit_test(bad_files_are_named_with_their_line),
		cmocka_unit_test(a_failed_load_changes_nothing),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(damaged_files_are_survived),
		cmocka_unit_test(one_option_is_set_by_name),
		cmocka_unit_test(setting_what_is_not_there_or_no_good),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
