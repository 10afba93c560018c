/* Roots, host names, error names (STS-3.3-02, STS-3.3-03, STS-4.2-03,
 * STS-4.2-06, PKX-01, PKX-03, PKX-04, PKX-05). */
#include <config.h>

#include "io/tls.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/pki.h"

#define HOST "mta-sts.example.com"
#define DAY 86400L

static char root_path[] = "/tmp/mtasts-root-XXXXXX";
static struct pki_pair root;
static X509_STORE *roots;

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
		cmocka_unit_test(errors_have_their_names),
	};

	return cmocka_run_group_tests(tests, make_roots, free_roots);
}
