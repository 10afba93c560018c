/*
 * Rows 3 to 7, floor: c-ares and libcurl doing what a discovery cannot do
 * without. For each domain the TXT and MX questions at once, then A and AAAA of
 * the policy host, then the GET, by one channel and one multi handle, with the
 * roots loaded once.
 *
 *	fetch_floor FILE|DOMAIN JOBS ROOTS
 *
 * FILE has a domain a line. ROOTS is a file of certificates or a hashed
 * directory.
 */
#include "bench.h"

#include <sys/stat.h>

#include <ares.h>
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define NAME_SIZE 256
#define TYPE_TXT 16
#define TYPE_MX 15
#define CLASS_IN 1
#define JOBS_MAX 1024
/* As many questions at once as the product has. */
#define QUESTIONS_MAX 128

struct fetch {
	char domain[NAME_SIZE];
	unsigned waiting; /* for answers about the domain */
	struct curl_slist *resolve;
	CURL *easy;
	size_t octets;
};

static struct {
	ares_channel ares;
	CURLM *multi;
	FILE *list;
	const char *only;
	const char *roots;
	bool roots_are_directory;
	unsigned questions, busy;
	unsigned long done;
	struct fetch fetches[JOBS_MAX];
} work;

static void
must(bool ok, const char *what)
{
	if (!ok)
		bench_fail(what, "failed");
}

/* ---- The GET ------------------------------------------------------------- */

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;

	(void)data;
	fetch->octets += size * count;
	return size * count;
}

static void
set_options(struct fetch *fetch, const char *url)
{
	CURL *easy = fetch->easy;

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(
	    easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->resolve);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(
	    easy, CURLOPT_CAINFO, work.roots_are_directory ? NULL : work.roots);
	curl_easy_setopt(
	    easy, CURLOPT_CAPATH, work.roots_are_directory ? work.roots : NULL);
}

static void
get(struct fetch *fetch, const struct hostent *host)
{
	char entry[NAME_SIZE + 128], url[NAME_SIZE + 128], address[64];

	inet_ntop(
	    host->h_addrtype, host->h_addr_list[0], address, sizeof(address));
	snprintf(
	    entry, sizeof(entry), "+mta-sts.%s:443:%s", fetch->domain, address);
	snprintf(url, sizeof(url), "https://mta-sts.%s/.well-known/mta-sts.txt",
	    fetch->domain);
	fetch->resolve = curl_slist_append(NULL, entry);
	must((fetch->easy = curl_easy_init()) != NULL, "curl_easy_init");
	set_options(fetch, url);
	must(curl_multi_add_handle(work.multi, fetch->easy) == CURLM_OK,
	    "curl_multi_add_handle");
}

static void
finish(const CURLMsg *message)
{
	CURL *easy = message->easy_handle;
	struct fetch *fetch;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &fetch);
	if (message->data.result != CURLE_OK)
		bench_fail(
		    fetch->domain, curl_easy_strerror(message->data.result));
	must(fetch->octets > 0, fetch->domain);
	curl_multi_remove_handle(work.multi, easy);
	curl_easy_cleanup(easy);
	curl_slist_free_all(fetch->resolve);
	*fetch = (struct fetch){ .waiting = 0 };
	work.busy--;
	work.done++;
}

/* ---- The questions ------------------------------------------------------- */

static void
on_host(void *arg, int status, int timeouts, struct hostent *host)
{
	struct fetch *fetch = arg;

	(void)timeouts;
	work.questions -= 2;
	if (status != ARES_SUCCESS)
		bench_fail(fetch->domain, ares_strerror(status));
	get(fetch, host);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct fetch *fetch = arg;
	char name[NAME_SIZE + 16];

	(void)timeouts;
	(void)message;
	(void)len;
	work.questions--;
	if (status != ARES_SUCCESS)
		bench_fail(fetch->domain, ares_strerror(status));
	if (--fetch->waiting > 0)
		return;
	snprintf(name, sizeof(name), "mta-sts.%s", fetch->domain);
	work.questions += 2;
	ares_gethostbyname(work.ares, name, AF_UNSPEC, on_host, fetch);
}

static void
ask(struct fetch *fetch)
{
	char name[NAME_SIZE + 16];

	snprintf(name, sizeof(name), "_mta-sts.%s", fetch->domain);
	fetch->waiting = 2;
	work.questions += 2;
	work.busy++;
	ares_query(
	    work.ares, fetch->domain, CLASS_IN, TYPE_MX, on_answer, fetch);
	ares_query(work.ares, name, CLASS_IN, TYPE_TXT, on_answer, fetch);
}

/* ---- The loop ------------------------------------------------------------ */

static bool
next_domain(char domain[NAME_SIZE])
{
	if (work.only != NULL) {
		snprintf(domain, NAME_SIZE, "%s", work.only);
		work.only = NULL;
		return true;
	}
	if (work.list == NULL || fgets(domain, NAME_SIZE, work.list) == NULL)
		return false;
	domain[strcspn(domain, "\n")] = '\0';
	return true;
}

/* False at the end of the list. */
static bool
start_more(unsigned jobs)
{
	for (unsigned i = 0; i < jobs; i++) {
		struct fetch *fetch = &work.fetches[i];

		if (work.questions > QUESTIONS_MAX - 2)
			return true;
		if (fetch->domain[0] != '\0')
			continue;
		if (!next_domain(fetch->domain))
			return false;
		ask(fetch);
	}
	return true;
}

static int
patience(void)
{
	struct timeval tv, *set = ares_timeout(work.ares, NULL, &tv);

	return set == NULL ? 1000 : (int)(tv.tv_sec * 1000 + tv.tv_usec / 1000);
}

static void
wait_and_work(void)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct curl_waitfd fds[ARES_GETSOCK_MAXNUM];
	int mask = ares_getsock(work.ares, sockets, ARES_GETSOCK_MAXNUM);
	unsigned count = 0;
	CURLMsg *message;
	int n;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		if (ARES_GETSOCK_READABLE(mask, i))
			fds[count++] = (struct curl_waitfd){ sockets[i],
				CURL_WAIT_POLLIN, 0 };
	}
	curl_multi_poll(work.multi, fds, count, patience(), NULL);
	for (unsigned i = 0; i < count; i++)
		ares_process_fd(work.ares,
		    fds[i].revents != 0 ? fds[i].fd : ARES_SOCKET_BAD,
		    ARES_SOCKET_BAD);
	curl_multi_perform(work.multi, &n);
	while ((message = curl_multi_info_read(work.multi, &n)) != NULL)
		finish(message);
}

static void
open_all(const char *list, const char *roots)
{
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH };
	char lookups[] = "b";
	struct stat sb;

	options.lookups = lookups;
	work.roots = roots;
	work.roots_are_directory = stat(roots, &sb) == 0 && S_ISDIR(sb.st_mode);
	work.list = fopen(list, "r");
	if (work.list == NULL)
		work.only = list;
	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl");
	must((work.multi = curl_multi_init()) != NULL, "curl_multi_init");
	must(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS, "c-ares");
	must(ares_init_options(&work.ares, &options,
		 ARES_OPT_FLAGS | ARES_OPT_LOOKUPS) == ARES_SUCCESS,
	    "ares_init");
}

int
main(int argc, char **argv)
{
	struct bench_time start = bench_now();
	unsigned jobs;
	bool more = true;

	if (argc != 4)
		bench_fail("usage", "fetch_floor FILE|DOMAIN JOBS ROOTS");
	jobs = bench_number(argv[2]);
	must(jobs > 0 && jobs <= JOBS_MAX, "jobs");
	open_all(argv[1], argv[3]);
	while (more || work.busy > 0) {
		more = more && start_more(jobs);
		if (work.busy > 0)
			wait_and_work();
	}
	bench_report(work.done, &start);
	return 0;
}
