/*
 * https_easy: one GET by libcurl with OpenSSL (RFC 8461, 3.3).
 *
 * HTTP/1.1 over TLS 1.2 or newer on a connection of its own, to the addresses
 * given and no other: libcurl's resolver is never used for the host, and the
 * guard is asked once more for each socket. Nothing is followed, stored,
 * decoded or taken from the environment.
 *
 * libcurl's host check would accept a certificate by its subject name, so
 * OpenSSL is told the host as well. And libcurl takes a lost connection for the
 * end of a body that has neither length nor chunks: whoever can cut it could
 * shorten a policy, so such a body counts only if TLS was closed as it should
 * be.
 *
 * Test: tests/unit/test_https.c
 */
#include <config.h>

#include "io/https_easy.h"

#include "base/text.h"
#include "io/curl_library.h"
#include "io/dns_parse.h"
#include "io/tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define PORT "443"

/* ---- What libcurl calls ------------------------------------------------- */

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct https_easy *e = arg;

	return https_reader_line(&e->reader, data, size * count) ?
	    size * count : 0;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct https_easy *e = arg;

	return https_reader_body(&e->reader, data, size * count) ?
	    size * count : 0;
}

/* The last word on where we connect to. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct https_easy *e = arg;
	struct address address;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !address_from_sockaddr(&sa->addr, &address) ||
	    !guard_permits(e->options.guard, &address)) {
		e->guarded = true;
		return CURL_SOCKET_BAD; /* the next address */
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* Called if libcurl had to resolve a name: it never has to. */
static int
on_resolve(void *resolver, void *reserved, void *arg)
{
	(void)resolver;
	(void)reserved;
	(void)arg;
	return 1;
}

static void
on_tls_event(const SSL *ssl, int where, int value)
{
	struct https_easy *e = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (e != NULL && where == SSL_CB_READ_ALERT &&
	    (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
		e->closed = true;
}

/* libcurl may close a connection after its transfer is gone: we keep the
 * context as long as it knows us. */
static void
forget_context(struct https_easy *e)
{
	if (e->ctx == NULL)
		return;
	SSL_CTX_set_info_callback(e->ctx, NULL);
	SSL_CTX_set_app_data(e->ctx, NULL);
	SSL_CTX_free(e->ctx);
	e->ctx = NULL;
}

static CURLcode
on_tls(CURL *easy, void *ctx, void *arg)
{
	struct https_easy *e = arg;

	(void)easy;
	forget_context(e);
	SSL_CTX_set_keylog_callback(ctx, NULL); /* whatever SSLKEYLOGFILE is */
	if (!tls_use_roots(ctx, e->options.roots) ||
	    !tls_expect_host(SSL_CTX_get0_param(ctx), e->options.host) ||
	    SSL_CTX_up_ref(ctx) != 1)
		return CURLE_OUT_OF_MEMORY;
	e->ctx = ctx;
	SSL_CTX_set_app_data(ctx, e);
	SSL_CTX_set_info_callback(ctx, on_tls_event);
	return CURLE_OK;
}

/* ---- Setting up --------------------------------------------------------- */

static bool
set_numbers(CURL *easy, const struct https_easy_options *options)
{
	const struct {
		CURLoption option;
		long value;
	} list[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, options->connect_timeout },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP_CONTENT_DECODING, 0 },
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_FRESH_CONNECT, 1 },
		{ CURLOPT_FORBID_REUSE, 1 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
		{ CURLOPT_SSL_OPTIONS, CURLSSLOPT_NO_PARTIALCHAIN },
		{ CURLOPT_CA_CACHE_TIMEOUT, 0 }, /* ours is cached already */
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (libcurl.easy_setopt(easy, list[i].option, list[i].value) !=
		    CURLE_OK)
			return false;
	return true;
}

static bool
set_strings(CURL *easy, const char *url, const char *proxy)
{
	const struct {
		CURLoption option;
		const char *value;
	} list[] = {
		{ CURLOPT_URL, url },
		{ CURLOPT_PROTOCOLS_STR, "https" },
		{ CURLOPT_USERAGENT, "mtasts/" MTASTS_VERSION },
		{ CURLOPT_PROXY, proxy != NULL ? proxy : "" },
		{ CURLOPT_NOPROXY, "" },
		{ CURLOPT_ACCEPT_ENCODING, NULL },
		{ CURLOPT_CAINFO, NULL }, /* roots come by on_tls */
		{ CURLOPT_CAPATH, NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (libcurl.easy_setopt(easy, list[i].option, list[i].value) !=
		    CURLE_OK)
			return false;
	return true;
}

static bool
set_callbacks(CURL *easy, struct https_easy *e, void *owner)
{
	return libcurl.easy_setopt(easy, CURLOPT_PRIVATE, owner) == CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, e->error) == CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ==
		CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, e) == CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ==
		CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, e) == CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls) ==
		CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_SSL_CTX_DATA, e) == CURLE_OK;
}

/* Addresses of ours, and no other. */
static bool
set_addresses(CURL *easy, struct https_easy *e)
{
	return libcurl.easy_setopt(easy, CURLOPT_RESOLVE, e->resolve) ==
	    CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION,
		on_resolve) == CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket) ==
		CURLE_OK &&
	    libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, e) == CURLE_OK;
}

static bool
set_all(struct https_easy *e, void *owner)
{
	const struct https_easy_options *options = &e->options;
	size_t size = sizeof("https://") + strlen(options->host) +
	    strlen(options->path);
	char *url = malloc(size);
	struct text text;
	bool ok;

	if (url == NULL)
		return false;
	text_init(&text, url, size);
	text_printf(&text, "https://%s%s", options->host, options->path);
	ok = set_numbers(e->easy, options) &&
	    set_strings(e->easy, url, options->proxy) &&
	    set_callbacks(e->easy, e, owner) &&
	    (options->proxy != NULL || set_addresses(e->easy, e));
	free(url);
	return ok;
}

/* "+HOST:443:ADDRESS,[ADDRESS]": "+" lets libcurl forget it again. */
static bool
add_resolve(struct https_easy *e, const struct address *list, size_t count)
{
	char entry[DNS_NAME_SIZE + HTTPS_ADDRESSES_MAX *
	    (ADDRESS_TEXT_SIZE + 3) + 8];
	char address[ADDRESS_TEXT_SIZE];
	struct text text;
	size_t i;

	text_init(&text, entry, sizeof(entry));
	text_printf(&text, "+%s:" PORT ":", e->options.host);
	for (i = 0; i < count; i++)
		text_printf(&text,
		    list[i].family == AF_INET6 ? "%s[%s]" : "%s%s",
		    i > 0 ? "," : "", address_format(&list[i], address));
	e->resolve = libcurl.slist_append(NULL, entry);
	return e->resolve != NULL;
}

/* ---- Beginning and end -------------------------------------------------- */

enum mtasts_status
https_easy_begin(struct https_easy *e,
    const struct https_easy_options *options, const struct address *addresses,
    size_t count, void *multi, void *owner)
{
	*e = (struct https_easy){ .options = *options, .multi = multi };
	https_reader_init(&e->reader, options->body_max);
	e->easy = libcurl.easy_init();
	e->error = calloc(1, CURL_ERROR_SIZE);
	if (e->easy == NULL || e->error == NULL ||
	    (options->proxy == NULL && !add_resolve(e, addresses, count)) ||
	    !set_all(e, owner) ||
	    libcurl.multi_add_handle(multi, e->easy) != CURLM_OK)
		return MTASTS_NOMEM;
	return MTASTS_OK;
}

void
https_easy_end(struct https_easy *e)
{
	if (e->easy != NULL) {
		(void)libcurl.multi_remove_handle(e->multi, e->easy);
		libcurl.easy_cleanup(e->easy);
		e->easy = NULL;
	}
	forget_context(e);
	if (e->resolve != NULL) /* without one, libcurl may not be there */
		libcurl.slist_free_all(e->resolve);
	e->resolve = NULL;
	free(e->error);
	e->error = NULL;
}

void
https_easy_free(struct https_easy *e)
{
	https_easy_end(e);
	https_reader_free(&e->reader);
}

void *
https_easy_owner(void *easy)
{
	void *owner = NULL;

	(void)libcurl.easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
	return owner;
}

void
https_easy_address(const struct https_easy *e, char out[ADDRESS_TEXT_SIZE])
{
	char *address = NULL;
	struct text text;

	if (e->easy != NULL)
		(void)libcurl.easy_getinfo(e->easy, CURLINFO_PRIMARY_IP,
		    &address);
	text_init(&text, out, ADDRESS_TEXT_SIZE);
	text_put(&text, address != NULL ? address : "");
}

/* ---- What libcurl says -------------------------------------------------- */

static enum https_status
unconnected(const struct https_easy *e, const char **detail)
{
	long number = 0;

	if (e->guarded) {
		*detail = "guard";
		return HTTPS_REFUSED;
	}
	(void)libcurl.easy_getinfo(e->easy, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ECONNREFUSED:
		*detail = "connect-refused";
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
		*detail = "connect-unreachable";
		break;
	default:
		*detail = "connect-failed";
		break;
	}
	return HTTPS_CONNECT;
}

/* libcurl tells by words only which side of a handshake was too old. */
static const char *
handshake_detail(const char *error)
{
	if (strstr(error, "protocol version") != NULL ||
	    strstr(error, "unsupported protocol") != NULL)
		return "tls-version";
	if (strstr(error, "wrong version number") != NULL)
		return "not-tls";
	return "tls-handshake";
}

/* OpenSSL content and libcurl not: it does not like the name. */
static const char *
verify_detail(const struct https_easy *e)
{
	long code = 0;

	(void)libcurl.easy_getinfo(e->easy, CURLINFO_SSL_VERIFYRESULT, &code);
	return code != 0 ? tls_verify_name(code) :
			   "X509_V_ERR_HOSTNAME_MISMATCH";
}

static enum https_status
complete(const struct https_easy *e, const char **detail)
{
	const struct https_reader *reader = &e->reader;

	if (reader->len == 0 || reader->delimited || e->closed)
		return HTTPS_OK;
	*detail = "truncated";
	return HTTPS_PROTOCOL;
}

static enum https_status
broken(const struct https_easy *e, const char **detail)
{
	if (e->reader.head_octets > 0) {
		*detail = "truncated";
		return HTTPS_PROTOCOL;
	}
	*detail = "connection-lost";
	return HTTPS_CONNECT;
}

/* We stopped it ourselves. */
static enum https_status
stopped(const struct https_easy *e, const char **detail)
{
	if (!e->reader.too_large)
		return HTTPS_NOMEM;
	*detail = "too-large";
	return HTTPS_TOO_LARGE;
}

/* Every CURLcode ends here. */
enum https_status
https_easy_result(struct https_easy *e, int code, const char **detail)
{
	*detail = "";
	switch (code) {
	case CURLE_OK:
		return complete(e, detail);
	case CURLE_OUT_OF_MEMORY:
		return HTTPS_NOMEM;
	case CURLE_COULDNT_CONNECT:
		return unconnected(e, detail);
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		*detail = "proxy";
		return HTTPS_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		*detail = "connect-timeout";
		return HTTPS_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
		*detail = verify_detail(e);
		return HTTPS_TLS;
	case CURLE_SSL_CONNECT_ERROR:
		*detail = handshake_detail(e->error);
		return HTTPS_PROTOCOL;
	case CURLE_SSL_CLIENTCERT:
		*detail = "tls-client-certificate";
		return HTTPS_PROTOCOL;
	case CURLE_WRITE_ERROR:
		return stopped(e, detail);
	case CURLE_PARTIAL_FILE:
		*detail = "truncated";
		return HTTPS_PROTOCOL;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return broken(e, detail);
	case CURLE_GOT_NOTHING:
		*detail = "connection-closed";
		return HTTPS_CONNECT;
	case CURLE_UNSUPPORTED_PROTOCOL: /* no status line: HTTP/0.9 */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		*detail = "not-http";
		return HTTPS_PROTOCOL;
	default:
		*detail = libcurl.easy_strerror((CURLcode)code);
		return HTTPS_PROTOCOL;
	}
}
