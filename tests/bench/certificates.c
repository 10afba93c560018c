/*
 * certificates: see certificates.h.
 *
 * One key serves all names. A certificate costs one signature more than the
 * handshake has anyway, and is not kept.
 */
#include "certificates.h"

#include "bench.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

#define DAY 86400L

static X509 *root;
static EVP_PKEY *root_key, *leaf_key;

static void
must(bool ok, const char *what)
{
	if (!ok)
		bench_fail(what, "failed");
}

static void
add_name(X509 *leaf, const char *host)
{
	char text[300];
	X509_EXTENSION *names;

	snprintf(text, sizeof(text), "DNS:%s", host);
	names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
	must(names != NULL && X509_add_ext(leaf, names, -1) == 1, host);
	X509_EXTENSION_free(names);
}

static X509 *
make(const char *host)
{
	static long serial;
	X509 *leaf = X509_new();

	must(leaf != NULL && X509_set_version(leaf, 2) == 1 &&
		 ASN1_INTEGER_set(X509_get_serialNumber(leaf), ++serial) == 1 &&
		 X509_gmtime_adj(X509_getm_notBefore(leaf), -DAY) != NULL &&
		 X509_gmtime_adj(X509_getm_notAfter(leaf), DAY) != NULL &&
		 X509_set_issuer_name(leaf, X509_get_subject_name(root)) == 1 &&
		 X509_set_pubkey(leaf, leaf_key) == 1,
	    "certificate");
	add_name(leaf, host);
	must(X509_sign(leaf, root_key, EVP_sha256()) > 0, "signature");
	return leaf;
}

static int
on_hello(SSL *ssl, void *arg)
{
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	X509 *leaf;
	bool ok;

	(void)arg;
	if (host == NULL)
		return 0;
	leaf = make(host);
	ok = SSL_use_certificate(ssl, leaf) == 1 &&
	     SSL_use_PrivateKey(ssl, leaf_key) == 1;
	X509_free(leaf);
	return ok;
}

static FILE *
open_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL)
		bench_fail(path, "cannot be read");
	return file;
}

SSL_CTX *
certificates_context(const char *root_file, const char *key_file)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	FILE *file = open_file(root_file);

	root = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	file = open_file(key_file);
	root_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	leaf_key = EVP_EC_gen("P-256");
	must(
	    ctx != NULL && root != NULL && root_key != NULL && leaf_key != NULL,
	    "TLS");
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_cert_cb(ctx, on_hello, NULL);
	return ctx;
}
