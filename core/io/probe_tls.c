/*
 * probe_tls: handshake and verification of an MX host (RFC 8461, 4.2 and 7;
 * RFC 8460, 4.3.1).
 *
 * Every verification error is heard, then one is reported: what the chain
 * lacks before dates, and dates before the name. Knows no SMTP.
 *
 * Test: tests/unit/test_probe.c
 */
#include <config.h>

#include "io/probe_tls.h"

#include "base/text.h"
#include "io/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static void
note(struct probe_tls *tls, int code)
{
	long *kind;

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		kind = &tls->expired;
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		kind = &tls->mismatch;
		break;
	default:
		kind = &tls->untrusted;
		break;
	}
	if (*kind == 0)
		*kind = code;
}

/* Remembers the error and goes on; judge has the last word. */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct probe_tls *tls = SSL_get_app_data(ssl);
	int code = X509_STORE_CTX_get_error(ctx);

	if (ok)
		return 1;
	if (code == X509_V_ERR_OUT_OF_MEM || tls_memory_ran_out())
		tls->starved = true;
	note(tls, code);
	return 1;
}

/* OpenSSL's macro for SNI takes the name without a const. */
static bool
send_name(SSL *ssl, const char *host)
{
	char name[TLSEXT_MAXLEN_host_name];
	struct text text;

	text_init(&text, name, sizeof(name));
	text_put(&text, host);
	return !text.cut && SSL_set_tlsext_host_name(ssl, name) == 1;
}

bool
probe_tls_begin(struct probe_tls *tls, struct ssl_ctx_st *ctx, int fd,
    const char *host)
{
	BIO *bio;
	SSL *ssl;

	*tls = (struct probe_tls){ .ssl = NULL };
	ERR_clear_error();
	if ((ssl = SSL_new(ctx)) == NULL)
		return false;
	if ((bio = tls_socket_bio(fd)) == NULL) {
		SSL_free(ssl);
		return false;
	}
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	SSL_set_app_data(ssl, tls);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
	tls->ssl = ssl;
	return send_name(ssl, host) &&
	    tls_expect_host(SSL_get0_param(ssl), host);
}

void
probe_tls_end(struct probe_tls *tls)
{
	SSL_free(tls->ssl);
	tls->ssl = NULL;
}

static enum probe_tls_state
want(struct probe_tls *tls, int rc)
{
	switch (SSL_get_error(tls->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return PROBE_TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return PROBE_TLS_WRITE;
	default:
		return PROBE_TLS_BROKEN;
	}
}

static void
say(char detail[PROBE_DETAIL_SIZE], const char *words)
{
	(void)text_escaped(detail, PROBE_DETAIL_SIZE, words, strlen(words));
}

/* What a finished handshake has shown. */
static void
judge(struct probe_tls *tls, enum probe_status *status,
    char detail[PROBE_DETAIL_SIZE])
{
	long result = SSL_get_verify_result(tls->ssl);

	if (result != X509_V_OK && tls->expired == 0 && tls->mismatch == 0 &&
	    tls->untrusted == 0)
		tls->untrusted = result;
	detail[0] = '\0';
	*status = PROBE_OK;
	if (SSL_get0_peer_certificate(tls->ssl) == NULL) {
		*status = PROBE_TLS_FAILED;
		say(detail, "no certificate");
	} else if (tls->untrusted != 0) {
		*status = PROBE_CERT_NOT_TRUSTED;
		say(detail, tls_verify_name(tls->untrusted));
	} else if (tls->expired != 0) {
		*status = PROBE_CERT_EXPIRED;
		say(detail, tls_verify_name(tls->expired));
	} else if (tls->mismatch != 0) {
		*status = PROBE_CERT_MISMATCH;
		say(detail, tls_verify_name(tls->mismatch));
	}
}

/* OpenSSL's reasons that mean: nothing in common. */
static bool
is_version_trouble(int reason)
{
	switch (reason) {
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
	case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_WRONG_CIPHER_RETURNED:
		return true;
	default:
		return false;
	}
}

/* Every OpenSSL error code of a broken handshake ends here. */
static void
explain(unsigned long error, enum probe_status *status,
    char detail[PROBE_DETAIL_SIZE])
{
	const char *reason = ERR_reason_error_string(error);

	*status = PROBE_TLS_FAILED;
	if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
		say(detail, "connection lost in the handshake");
		return;
	}
	if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		say(detail, "connection closed in the handshake");
		return;
	}
	if (is_version_trouble(ERR_GET_REASON(error)))
		*status = PROBE_TLS_VERSION;
	say(detail, reason != NULL ? reason : "handshake failed");
}

enum probe_tls_state
probe_tls_handshake(struct probe_tls *tls, enum probe_status *status,
    char detail[PROBE_DETAIL_SIZE])
{
	enum probe_tls_state state = PROBE_TLS_DONE;
	int rc;

	ERR_clear_error();
	errno = 0;
	if ((rc = SSL_do_handshake(tls->ssl)) == 1)
		judge(tls, status, detail);
	else if ((state = want(tls, rc)) == PROBE_TLS_BROKEN)
		explain(ERR_peek_error(), status, detail);
	tls->starved = tls_memory_ran_out() || tls->starved;
	if (tls->starved) {
		*status = PROBE_NOMEM;
		detail[0] = '\0';
	}
	return state;
}

enum probe_tls_state
probe_tls_write(struct probe_tls *tls, const char *data, size_t len)
{
	enum probe_tls_state state = PROBE_TLS_DONE;
	int rc;

	ERR_clear_error();
	if ((rc = SSL_write(tls->ssl, data, (int)len)) <= 0)
		state = want(tls, rc);
	ERR_clear_error();
	return state;
}

enum probe_tls_state
probe_tls_drain(struct probe_tls *tls)
{
	enum probe_tls_state state = PROBE_TLS_DONE;
	char buf[512];
	int rc;

	ERR_clear_error();
	if ((rc = SSL_read(tls->ssl, buf, sizeof(buf))) <= 0)
		state = want(tls, rc);
	ERR_clear_error();
	return state;
}
