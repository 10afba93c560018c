/* Roots, host names, error names (STS-3.3-02, STS-3.3-03, STS-4.2-03,
 * STS-4.2-06, PKX-01, PKX-03, PKX-04, PKX-05). */
#include <config.h>

#include "io/tls.h"

#include <openssl/x509v3.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/pki.h"
#include "net/world.h"
#include "support/scratch.h"

#define HOST "mta-sts.example.com"
#define DAY 86400L

static char root_path[] = "/tmp/mtasts-root-XXXXXX";
static struct pki_pair root;
static X509_STORE *roots;
static bool in_namespace;

static int
make_roots(void **state)
{
	(void)state;
	close(mkstemp(root_path));
	root = pki_root("test root");
	pki_write(root.cert, root_path);
	return tls_roots_load(root_path, NULL, &roots, NULL) == MTASTS_OK ?
	    0 : -1;
}

static int
free_roots(void **state)
{
	(void)state;
	tls_roots_free(&roots);
	pki_free(&root);
	unlink(root_path);
	return 0;
}

/* X509_V_OK, or what is wrong with the certificate for the host. */
static int
verify(X509 *cert, const char *host)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int code;

	assert_non_null(ctx);
	assert_int_equal(X509_STORE_CTX_init(ctx, roots, cert, NULL), 1);
	assert_true(tls_expect_host(X509_STORE_CTX_get0_param(ctx), host));
	(void)X509_verify_cert(ctx);
	code = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	return code;
}

static void
names_count_by_san_alone(void **state)
{
	static const struct {
		const char *cn, *san;
		bool matches;
	} rows[] = {
		{ NULL, "DNS:" HOST, true },
		{ "other", "DNS:" HOST, true },
		{ NULL, "DNS:MTA-STS.Example.COM", true },
		{ NULL, "DNS:other.test,DNS:" HOST, true },
		{ NULL, "DNS:*.example.com", true },
		{ NULL, "DNS:m*.example.com,DNS:" HOST, true },
		/* CN is never consulted */
		{ HOST, NULL, false },
		{ HOST, "DNS:other.test", false },
		{ HOST, "email:postmaster@example.com", false },
		{ HOST, "IP:192.0.2.1", false },
		{ HOST, "URI:https://" HOST "/", false },
		/* other names */
		{ NULL, "DNS:example.com", false },
		{ NULL, "DNS:a." HOST, false },
		{ NULL, "DNS:mta-sts.example.co", false },
		/* wildcards of any other form */
		{ NULL, "DNS:mta-*.example.com", false },
		{ NULL, "DNS:*-sts.example.com", false },
		{ NULL, "DNS:m*s.example.com", false },
		{ NULL, "DNS:*.*.com", false },
		{ NULL, "DNS:*.com", false },
		{ NULL, "DNS:*", false },
		{ NULL, "DNS:*." HOST, false },
		{ NULL, "DNS:mta-sts.*.com", false },
		{ NULL, "DNS:**.example.com", false },
		/* odd forms */
		{ NULL, "DNS:" HOST ".", false },
		{ NULL, "DNS:.example.com", false },
		{ NULL, "DNS:mta-sts..example.com", false },
	};
	struct pki_wish wish = { .not_before = -DAY, .not_after = DAY };
	struct pki_pair pair;
	size_t i;
	int code;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wish.cn = rows[i].cn;
		wish.san = rows[i].san;
		pair = pki_issue(&root, &wish);
		code = verify(pair.cert, HOST);
		if (code != (rows[i].matches ?
		    X509_V_OK : X509_V_ERR_HOSTNAME_MISMATCH))
			fail_msg("CN %s, %s: %s", wish.cn, wish.san,
			    tls_verify_name(code));
		pki_free(&pair);
	}
}

static void
nul_in_a_name_does_not_end_it(void **state)
{
	static const char evil[] = HOST "\0.evil.test";
	struct pki_wish wish = { .not_before = -DAY, .not_after = DAY };
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();
	struct pki_pair pair = pki_issue(&root, &wish);

	(void)state;
	ASN1_STRING_set(string, evil, sizeof(evil) - 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, string);
	sk_GENERAL_NAME_push(names, name);
	X509_add1_ext_i2d(pair.cert, NID_subject_alt_name, names, 0, 0);
	X509_sign(pair.cert, root.key, EVP_sha256());
	assert_int_equal(verify(pair.cert, HOST),
	    X509_V_ERR_HOSTNAME_MISMATCH);
	GENERAL_NAMES_free(names);
	pki_free(&pair);
}

static void
roots_that_cannot_be_read_are_an_error(void **state)
{
	struct mtasts_error err;
	X509_STORE *none;

	(void)state;
	assert_int_equal(tls_roots_load("/nonexistent.pem", NULL, &none, &err),
	    MTASTS_CONFIG);
	assert_null(none);
	assert_non_null(strstr(err.text, "/nonexistent.pem"));
	assert_int_equal(tls_roots_load(NULL, "/nonexistent", &none, &err),
	    MTASTS_CONFIG);
	assert_int_equal(tls_roots_load("/dev/null", NULL, &none, &err),
	    MTASTS_CONFIG);
	assert_int_equal(tls_roots_load(root_path, "/nonexistent", &none,
			     &err), MTASTS_CONFIG);
}

static void
environment_does_not_choose_roots(void **state)
{
	struct pki_wish wish = { .san = "DNS:" HOST, .not_after = DAY };
	struct pki_pair pair = pki_issue(&root, &wish);
	X509_STORE *ours = roots;
	enum mtasts_status status;

	(void)state;
	setenv("SSL_CERT_FILE", root_path, 1);
	status = tls_roots_load(NULL, NULL, &roots, NULL);
	unsetenv("SSL_CERT_FILE");
	if (status == MTASTS_OK) {
		assert_int_not_equal(verify(pair.cert, HOST), X509_V_OK);
		tls_roots_free(&roots);
	}
	roots = ours;
	assert_int_equal(verify(pair.cert, HOST), X509_V_OK);
	pki_free(&pair);
}

/* What is in the directory and in the file, and whether our certificate is
 * trusted then: by our own root, or not by a foreign one. */
static const struct builtin {
	const char *name; /* in the directory, NULL: no directory */
	bool ours_there;
	const char *file; /* "ours", "foreign", or NULL: no file */
	enum mtasts_status status;
	bool trusted;
} builtins[] = {
	{ "HASH.0", true, "foreign", MTASTS_OK, true },
	{ "HASH.0", true, NULL, MTASTS_OK, true },
	{ "HASH.0", false, "ours", MTASTS_OK, false },
	{ "HASH.12", false, "ours", MTASTS_OK, false },
	/* no directory of hashes */
	{ "root.pem", true, "ours", MTASTS_OK, true },
	{ "root.pem", false, "ours", MTASTS_OK, true },
	{ "HASH", false, "ours", MTASTS_OK, true },
	{ "HASH.", false, "ours", MTASTS_OK, true },
	{ "HASH.r0", false, "ours", MTASTS_OK, true },
	{ "HASH.0.pem", false, "ours", MTASTS_OK, true },
	{ "0HASH.0", false, "ours", MTASTS_OK, true },
	{ "deadbee.0", false, "ours", MTASTS_OK, true },
	{ "DEADBEEF.0", false, "ours", MTASTS_OK, true },
	{ "root.pem", true, "foreign", MTASTS_OK, false },
	{ NULL, false, "ours", MTASTS_OK, true },
	/* nothing to trust */
	{ "root.pem", true, NULL, MTASTS_CONFIG, false },
	{ NULL, false, NULL, MTASTS_CONFIG, false },
};

/* Over OpenSSL's own place, in a namespace. */
static bool
furnish(const struct builtin *row, const struct pki_pair *foreign)
{
	const char *directory = X509_get_default_cert_dir();
	const struct pki_pair *there = row->ours_there ? &root : foreign;
	char path[512], hash[16];
	const char *rest;

	if (mount("none", X509_get_default_cert_area(), "tmpfs", 0, NULL) != 0)
		return false;
	if (row->file != NULL)
		pki_write(strcmp(row->file, "ours") == 0 ? root.cert :
		    foreign->cert, X509_get_default_cert_file());
	if (row->name == NULL)
		return true;
	rest = strstr(row->name, "HASH");
	snprintf(hash, sizeof(hash), "%08lx",
	    X509_subject_name_hash(there->cert));
	snprintf(path, sizeof(path), "%s/%.*s%s%s", directory,
	    rest != NULL ? (int)(rest - row->name) : 0, row->name,
	    rest != NULL ? hash : "", rest != NULL ? rest + 4 : row->name);
	if (mkdir(directory, 0755) != 0)
		return false;
	pki_write(there->cert, path);
	return true;
}

static bool
is_trusted(void)
{
	struct pki_wish wish = { .san = "DNS:" HOST, .not_after = DAY };
	struct pki_pair pair = pki_issue(&root, &wish);
	bool trusted = verify(pair.cert, HOST) == X509_V_OK;

	pki_free(&pair);
	return trusted;
}

static bool
builtin_is_as(void *arg)
{
	const struct builtin *row = arg;
	struct pki_pair foreign = pki_root("foreign root");
	enum mtasts_status status;

	if (unshare(CLONE_NEWNS) != 0 || !furnish(row, &foreign))
		return false;
	status = tls_roots_load(NULL, NULL, &roots, NULL);
	return status == row->status &&
	    (status != MTASTS_OK || is_trusted() == row->trusted);
}

static void
a_directory_of_hashes_is_read_before_the_bundle(void **state)
{
	struct builtin row;
	size_t i;

	(void)state;
	if (DEFAULT_CA_PATH[0] != '\0')
		SCRATCH_SKIP("this build has another directory");
	if (!in_namespace)
		SCRATCH_SKIP("no namespaces permitted");
	for (i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		row = builtins[i];
		if (scratch_child(builtin_is_as, &row) != 0)
			fail_msg("row %zu: directory %s, file %s", i,
			    row.name != NULL ? row.name : "none",
			    row.file != NULL ? row.file : "none");
	}
}

static void
errors_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(tls_verify_name(X509_V_ERR_CERT_HAS_EXPIRED),
	    "X509_V_ERR_CERT_HAS_EXPIRED");
	assert_string_equal(tls_verify_name(X509_V_ERR_HOSTNAME_MISMATCH),
	    "X509_V_ERR_HOSTNAME_MISMATCH");
	assert_string_equal(tls_verify_name(99999), "X509_V_ERR_UNKNOWN");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_count_by_san_alone),
		cmocka_unit_test(nul_in_a_name_does_not_end_it),
		cmocka_unit_test(roots_that_cannot_be_read_are_an_error),
		cmocka_unit_test(environment_does_not_choose_roots),
		cmocka_unit_test(
		    a_directory_of_hashes_is_read_before_the_bundle),
		cmocka_unit_test(errors_have_their_names),
	};

	in_namespace = world_enter();
	return cmocka_run_group_tests(tests, make_roots, free_roots);
}
