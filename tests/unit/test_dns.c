/* The DNS port against servers of its own (STS-3.1-01, -15, -16, -17, SMT-01;
 * issue 2, Discovery and Bad input). */
#include <config.h>

#include "io/dns_cares.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/dns_parse.h"
#include "net/message.h"
#include "net/world.h"

#define TIMEOUT 150 /* milliseconds for a try */

/* ---- The server --------------------------------------------------------- */

static struct message m;

struct query {
	uint16_t id;
	char name[256];
	unsigned type;
};

static bool
read_query(const unsigned char *data, size_t len, struct query *query)
{
	size_t i = 12, n;
	char *out = query->name;

	query->id = (uint16_t)(data[0] << 8 | data[1]);
	while (i < len && (n = data[i]) != 0 && i + n + 5 < len) {
		memcpy(out, data + i + 1, n);
		out += n;
		*out++ = '.';
		i += n + 1;
	}
	*out = '\0';
	if (out > query->name)
		out[-1] = '\0';
	query->type = (unsigned)(data[i + 1] << 8 | data[i + 2]);
	return true;
}

static void
big_txt(const char *name)
{
	char text[201];
	int i;

	memset(text, 'x', 200);
	text[200] = '\0';
	for (i = 0; i < 15; i++)
		message_txt(&m, name, 60, text);
}

/* What each name is answered with; false is silence. */
static bool
answer(const struct query *q, bool tcp)
{
	const char *name = q->name;

	message_begin(&m, q->id, MESSAGE_RESPONSE, name, q->type);
	if (strcmp(name, "txt.test") == 0) {
		message_txt(&m, name, 77, "hello");
	} else if (strcmp(name, "closed.test") == 0 && tcp) {
		return false;
	} else if ((strcmp(name, "big.test") == 0 ||
		       strcmp(name, "closed.test") == 0) && !tcp) {
		message_begin(&m, q->id, MESSAGE_RESPONSE | MESSAGE_TRUNCATED,
		    name, q->type);
	} else if (strcmp(name, "big.test") == 0) {
		big_txt(name);
	} else if (strcmp(name, "silent.test") == 0) {
		return false;
	} else if (strcmp(name, "wrong.test") == 0) {
		message_begin(&m, q->id, MESSAGE_RESPONSE, "other.test",
		    q->type);
		message_txt(&m, "other.test", 60, "wrong");
	} else if (strcmp(name, "garbage.test") == 0) {
		message_txt(&m, name, 60, "cut");
		m.len -= 2;
	} else if (strcmp(name, "servfail.test") == 0) {
		message_begin(&m, q->id, MESSAGE_RESPONSE | 2, name, q->type);
	} else if (strcmp(name, "nodata.test") == 0) {
		message_soa(&m, "test", 900, 120);
	} else if (strcmp(name, "chase.test") == 0) {
		message_cname(&m, name, 30, "txt.test");
	} else if (strcmp(name, "loop.test") == 0) {
		message_cname(&m, name, 60, "pool.test");
	} else if (strcmp(name, "pool.test") == 0) {
		message_cname(&m, name, 60, "loop.test");
	} else if (strcmp(name, "mx.test") == 0) {
		message_mx(&m, name, 60, 20, "d.test");
		message_mx(&m, name, 60, 10, "a.test");
		message_mx(&m, name, 60, 10, "b.test");
		message_mx(&m, name, 60, 10, "c.test");
		message_mx(&m, name, 60, 5, "first.test");
	} else if (strcmp(name, "both.test") == 0) {
		message_address(&m, name, q->type == 1 ? 50 : 40,
		    q->type == 1 ? "192.0.2.1" : "2001:db8::1");
	} else if (strcmp(name, "four.test") == 0) {
		if (q->type == 1)
			message_address(&m, name, 50, "192.0.2.1");
	} else if (strcmp(name, "half.test") == 0) {
		if (q->type == 28)
			message_begin(&m, q->id, MESSAGE_RESPONSE | 2, name,
			    q->type);
	} else if (strcmp(name, "nx.test.trap.test") == 0 ||
	    strcmp(name, "trap.test") == 0) {
		message_txt(&m, name, 60, "trapped");
	} else {
		message_begin(&m, q->id, MESSAGE_RESPONSE | 3, name, q->type);
		message_soa(&m, "test", 900, 60);
	}
	return true;
}

static void
serve_tcp(int listener)
{
	int fd = accept(listener, NULL, NULL);
	unsigned char data[600], size[2];
	struct query query;

	if (read(fd, size, 2) == 2 && read(fd, data, sizeof(data)) > 12 &&
	    read_query(data, sizeof(data), &query) && answer(&query, true)) {
		size[0] = (unsigned char)(m.len >> 8);
		size[1] = (unsigned char)m.len;
		if (write(fd, size, 2) != 2 ||
		    write(fd, m.octets, m.len) != (ssize_t)m.len)
			abort();
	}
	close(fd);
}

/* Questions for slow… are kept until no more come, then all answered with how
 * many there were. */
static struct held {
	struct query query;
	struct sockaddr_storage from;
	socklen_t len;
} held[64];
static size_t held_count;

static void
release_held(int udp)
{
	char text[16];
	size_t i;

	(void)snprintf(text, sizeof(text), "%zu", held_count);
	for (i = 0; i < held_count; i++) {
		message_begin(&m, held[i].query.id, MESSAGE_RESPONSE,
		    held[i].query.name, held[i].query.type);
		message_txt(&m, held[i].query.name, 60, text);
		(void)sendto(udp, m.octets, m.len, 0,
		    (const struct sockaddr *)&held[i].from, held[i].len);
	}
	held_count = 0;
}

static void
serve_udp(int udp)
{
	unsigned char data[600];
	struct held *h = &held[held_count];
	ssize_t n;

	h->len = sizeof(h->from);
	n = recvfrom(udp, data, sizeof(data), 0, (struct sockaddr *)&h->from,
	    &h->len);
	if (n <= 12 || !read_query(data, (size_t)n, &h->query))
		return;
	if (strncmp(h->query.name, "slow", 4) == 0)
		held_count++;
	else if (answer(&h->query, false))
		(void)sendto(udp, m.octets, m.len, 0,
		    (const struct sockaddr *)&h->from, h->len);
}

static void
serve(int udp, void *arg)
{
	struct pollfd fds[2] = {
		{ .fd = udp, .events = POLLIN },
		{ .fd = *(int *)arg, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, held_count > 0 ? 30 : -1) == 0)
			release_held(udp);
		if ((fds[0].revents & POLLIN) != 0)
			serve_udp(udp);
		if ((fds[1].revents & POLLIN) != 0)
			serve_tcp(fds[1].fd);
	}
}

static pid_t
start_server(const char *address)
{
	int tcp = world_listen(address, 53, SOCK_STREAM);
	pid_t pid = world_serve(world_listen(address, 53, SOCK_DGRAM), serve,
	    &tcp);

	close(tcp);
	return pid;
}

/* ---- The client --------------------------------------------------------- */

static struct loop *loop;
static struct dns dns;
static pid_t server4, server6;

struct result {
	bool done;
	struct dns_query *query;
	enum dns_status status;
	uint32_t ttl;
	size_t count;
	char text[256]; /* of the first records, separated by a space */
	char detail[64];
};

static void
add(struct result *r, const char *data, size_t len)
{
	size_t used = strlen(r->text);

	if (used + len + 2 > sizeof(r->text))
		return;
	if (used > 0)
		r->text[used++] = ' ';
	memcpy(r->text + used, data, len);
	r->text[used + len] = '\0';
}

static void
add_string(struct result *r, const char *text)
{
	add(r, text, strlen(text));
}

static void
on_done(void *arg, const struct dns_answer *a)
{
	struct result *r = arg;
	char text[ADDRESS_TEXT_SIZE];
	size_t i;

	assert_false(r->done);
	assert_null(r->query);
	r->done = true;
	r->status = a->status;
	r->ttl = a->ttl;
	r->count = a->count;
	strncpy(r->detail, a->detail, sizeof(r->detail) - 1);
	for (i = 0; i < a->count; i++)
		if (a->type == DNS_TXT)
			add(r, a->txt[i].data, a->txt[i].len);
		else if (a->type == DNS_MX)
			add_string(r, a->mx[i].host);
		else
			add_string(r, address_format(&a->address[i], text));
}

static void
run(const bool *stop, int64_t ms)
{
	int64_t until = clock_monotonic(&clock_system) + ms;

	while (!*stop && clock_monotonic(&clock_system) < until)
		loop_run_once(loop, until);
}

static void
ask(const char *name, enum dns_type type, struct result *r)
{
	*r = (struct result){ .done = false };
	assert_int_equal(dns_start(&dns, name, type, on_done, r, &r->query),
	    MTASTS_OK);
	assert_false(r->done);
	run(&r->done, 5000);
	assert_true(r->done);
}

static void
make_dns(const char *a, const char *b, unsigned in_flight)
{
	const char *servers[2] = { a, b };
	struct dns_cares_options options = {
		.servers = servers,
		.server_count = (size_t)(a != NULL) + (b != NULL),
		.timeout = TIMEOUT,
		.in_flight = in_flight,
	};

	dns_cares_free(&dns);
	assert_int_equal(dns_cares_new(loop, &options, &dns, NULL), MTASTS_OK);
}

static int
make_world(void **state)
{
	(void)state;
	server4 = start_server("127.0.0.1");
	server6 = start_server("::1");
	return loop_new(&clock_system, &loop, NULL) == MTASTS_OK ? 0 : -1;
}

static int
free_world(void **state)
{
	(void)state;
	dns_cares_free(&dns);
	loop_free(&loop);
	world_stop(server4);
	world_stop(server6);
	return 0;
}

static int
use_server(void **state)
{
	(void)state;
	make_dns("127.0.0.1", NULL, 0);
	return 0;
}

/* ---- Tests -------------------------------------------------------------- */

static void
outcomes_stay_apart(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		uint32_t ttl;
		const char *text;
	} rows[] = {
		{ "txt.test", DNS_TXT, DNS_OK, 77, "hello" },
		{ "TXT.Test.", DNS_TXT, DNS_OK, 77, "hello" },
		{ "nx.test", DNS_TXT, DNS_NXDOMAIN, 60, "" },
		{ "nodata.test", DNS_TXT, DNS_NODATA, 120, "" },
		{ "servfail.test", DNS_TXT, DNS_SERVFAIL, 0, "" },
		{ "garbage.test", DNS_TXT, DNS_SERVFAIL, 0, "" },
		{ "silent.test", DNS_TXT, DNS_TIMEOUT, 0, "" },
		{ "wrong.test", DNS_TXT, DNS_TIMEOUT, 0, "" },
		{ "chase.test", DNS_TXT, DNS_OK, 30, "hello" },
		{ "loop.test", DNS_TXT, DNS_SERVFAIL, 0, "" },
		{ "both.test", DNS_ADDRESS, DNS_OK, 40,
		    "2001:db8::1 192.0.2.1" },
		{ "four.test", DNS_ADDRESS, DNS_OK, 50, "192.0.2.1" },
		{ "half.test", DNS_ADDRESS, DNS_SERVFAIL, 0, "" },
		{ "nx.test", DNS_ADDRESS, DNS_NXDOMAIN, 60, "" },
		{ "nodata.test", DNS_ADDRESS, DNS_NODATA, 120, "" },
		{ "silent.test", DNS_ADDRESS, DNS_TIMEOUT, 0, "" },
		{ "a b.test", DNS_TXT, DNS_SERVFAIL, 0, "" },
		{ "a b.test", DNS_ADDRESS, DNS_SERVFAIL, 0, "" },
		{ "name.onion", DNS_TXT, DNS_NXDOMAIN, 0, "" },
		{ "localhost", DNS_ADDRESS, DNS_NXDOMAIN, 60, "" },
	};
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(rows[i].name, rows[i].type, &r);
		if (r.status != rows[i].status || r.ttl != rows[i].ttl ||
		    strcmp(r.text, rows[i].text) != 0)
			fail_msg("%s: %s %u '%s'", rows[i].name,
			    dns_status_name(r.status), (unsigned)r.ttl, r.text);
	}
}

static void
truncated_answer_comes_over_tcp(void **state)
{
	struct result r;

	(void)state;
	ask("big.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_OK);
	assert_int_equal(r.count, 15);
}

/* Not for others on their way to the same server, be it by UDP or by TCP. */
static void
a_closed_connection_is_a_failure_of_one_question(void **state)
{
	struct result slow = { .done = false }, big = slow, closed = slow;

	(void)state;
	dns_start(&dns, "slow.test", DNS_TXT, on_done, &slow, &slow.query);
	dns_start(&dns, "closed.test", DNS_MX, on_done, &closed,
	    &closed.query);
	dns_start(&dns, "big.test", DNS_TXT, on_done, &big, &big.query);
	run(&closed.done, 5000);
	run(&slow.done, 5000);
	run(&big.done, 5000);
	assert_int_equal(closed.status, DNS_SERVFAIL);
	assert_int_equal(slow.status, DNS_OK);
	assert_int_equal(big.status, DNS_OK);
	assert_int_equal(big.count, 15);
}

/* SMT-01 */
static void
mx_hosts_are_ordered_and_equal_ones_shuffled(void **state)
{
	struct result r;
	bool seen[3] = { false, false, false };
	int i;

	(void)state;
	for (i = 0; i < 60; i++) {
		ask("mx.test", DNS_MX, &r);
		assert_int_equal(r.status, DNS_OK);
		assert_int_equal(r.count, 5);
		assert_memory_equal(r.text, "first.test ", 11);
		assert_string_equal(r.text + 11 + 21, "d.test");
		seen[r.text[11] - 'a'] = true;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
}

static void
questions_beyond_the_cap_wait_their_turn(void **state)
{
	struct result r[10];
	char name[16];
	bool all = false;
	int i, most = 0;

	(void)state;
	make_dns("127.0.0.1", NULL, 4);
	for (i = 0; i < 10; i++) {
		r[i] = (struct result){ .done = false };
		(void)snprintf(name, sizeof(name), "slow%d.test", i);
		assert_int_equal(dns_start(&dns, name, DNS_TXT, on_done, &r[i],
				     &r[i].query), MTASTS_OK);
	}
	run(&all, 400);
	for (i = 0; i < 10; i++) {
		assert_true(r[i].done);
		assert_int_equal(r[i].status, DNS_OK);
		if (atoi(r[i].text) > most)
			most = atoi(r[i].text);
	}
	assert_int_equal(most, 4);
}

static void
cancelled_queries_are_not_heard_of_again(void **state)
{
	struct result r[6];
	bool never = false;
	int i;

	(void)state;
	make_dns("127.0.0.1", NULL, 2);
	for (i = 0; i < 6; i++) {
		r[i] = (struct result){ .done = false };
		assert_int_equal(dns_start(&dns, "txt.test", DNS_TXT, on_done,
				     &r[i], &r[i].query), MTASTS_OK);
	}
	dns_cancel(&dns, &r[0].query); /* in flight */
	dns_cancel(&dns, &r[5].query); /* last in the queue */
	dns_cancel(&dns, &r[3].query);
	assert_null(r[0].query);
	dns_cancel(&dns, &r[0].query);
	run(&never, 100);
	for (i = 0; i < 6; i++)
		assert_int_equal(r[i].done, i == 1 || i == 2 || i == 4);
}

static struct result other;

static void
cancel_and_ask_again(void *arg, const struct dns_answer *a)
{
	struct result *r = arg;

	r->done = true;
	r->status = a->status;
	dns_cancel(&dns, &other.query);
	assert_int_equal(dns_start(&dns, "nx.test", DNS_TXT, on_done, &other,
			     &other.query), MTASTS_OK);
}

static void
callback_may_cancel_and_ask(void **state)
{
	struct result r = { .done = false };

	(void)state;
	other = (struct result){ .done = false };
	assert_int_equal(dns_start(&dns, "txt.test", DNS_TXT,
			     cancel_and_ask_again, &r, &r.query), MTASTS_OK);
	assert_int_equal(dns_start(&dns, "silent.test", DNS_TXT, on_done,
			     &other, &other.query), MTASTS_OK);
	run(&other.done, 2000);
	assert_true(r.done);
	assert_int_equal(other.status, DNS_NXDOMAIN);
}

static void
free_the_port(void *arg, const struct dns_answer *a)
{
	struct result *r = arg;

	r->done = true;
	r->status = a->status;
	dns_cares_free(&dns);
}

static void
callback_may_free_the_port(void **state)
{
	struct result r = { .done = false };
	bool never = false;

	(void)state;
	other = (struct result){ .done = false };
	assert_int_equal(dns_start(&dns, "silent.test", DNS_ADDRESS,
			     free_the_port, &r, &r.query), MTASTS_OK);
	assert_int_equal(dns_start(&dns, "silent.test", DNS_TXT, on_done,
			     &other, &other.query), MTASTS_OK);
	run(&r.done, 2000);
	assert_int_equal(r.status, DNS_TIMEOUT);
	assert_null(other.query);
	run(&never, 50);
	assert_false(other.done);
}

static void
time_is_bounded(void **state)
{
	struct result r;
	int64_t start;

	(void)state;
	make_dns("127.0.0.2", "127.0.0.3", 0);
	ask("silent.test", DNS_TXT, &r); /* closed ports */
	assert_int_equal(r.status, DNS_SERVFAIL);

	make_dns("127.0.0.1", "::1", 0);
	start = clock_monotonic(&clock_system);
	ask("silent.test", DNS_TXT, &r); /* 2 servers: c-ares has 6 timeouts */
	assert_int_equal(r.status, DNS_TIMEOUT);
	assert_true(
	    clock_monotonic(&clock_system) - start >= TIMEOUT * 4 - 2);
}

static void
servers_are_tried_in_turn(void **state)
{
	static const char *const rows[][2] = {
		{ "127.0.0.2", "127.0.0.1" },
		{ "127.0.0.2", "::1" },
		{ "::1", NULL },
		{ "[::1]", NULL },
		{ "[::1]:53", NULL },
		{ "127.0.0.1:53", NULL },
		{ "127.0.0.1:54", "[::1]:53" },
	};
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_dns(rows[i][0], rows[i][1], 0);
		ask("txt.test", DNS_TXT, &r);
		if (r.status != DNS_OK)
			fail_msg("%s: %s", rows[i][0], r.detail);
	}
}

static void
odd_servers_are_refused(void **state)
{
	static const char *const rows[] = { "", "ns.test", "127.0.0.1:",
		"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "[127.0.0.1]",
		"[::1", "[::1]53", "[::1]:", "127.0.0.1:+53", "::1]:53" };
	struct dns_cares_options options = { .server_count = 1 };
	struct mtasts_error err;
	struct dns refused;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		options.servers = &rows[i];
		if (dns_cares_new(loop, &options, &refused, &err) !=
		    MTASTS_CONFIG)
			fail_msg("%s", rows[i]);
	}
}

static void
resolv_conf_is_followed(void **state)
{
	struct result r;
	bool never = false;

	(void)state;
	world_resolv_conf("nameserver 127.0.0.1\n");
	make_dns(NULL, NULL, 0);
	ask("txt.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_OK);

	world_resolv_conf("nameserver 127.0.0.9\n# nobody there\n");
	run(&never, 1100);
	ask("txt.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_SERVFAIL);

	world_resolv_conf("options timeout:9 rotate ndots:3\n"
			  "search trap.test\nsortlist 10.0.0.0\n"
			  "nameserver ::1\n");
	run(&never, 1100);
	ask("txt.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_OK);
	ask("nx.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_NXDOMAIN);
}

static void
old_servers_finish_what_they_have(void **state)
{
	struct result r = { .done = false }, s;
	bool never = false;

	(void)state;
	world_resolv_conf("nameserver 127.0.0.1\n");
	make_dns(NULL, NULL, 0);
	run(&never, 1100);
	assert_int_equal(dns_start(&dns, "slow1.test", DNS_TXT, on_done, &r,
			     &r.query), MTASTS_OK);
	run(&never, 5);
	world_resolv_conf("nameserver ::1\n# six\n");
	ask("nx.test", DNS_TXT, &s);
	run(&r.done, 1000);
	assert_int_equal(r.status, DNS_OK);
}

static void
environment_changes_nothing(void **state)
{
	char aliases[] = "/tmp/mtasts-aliases-XXXXXX";
	int fd = mkstemp(aliases);
	struct result r;

	(void)state;
	assert_true(fd >= 0);
	world_write(fd, "nx trap.test\nnx.test trap.test\n");
	close(fd);
	setenv("LOCALDOMAIN", "trap.test", 1);
	setenv("RES_OPTIONS", "ndots:9 retrans:1 retry:99 rotate", 1);
	setenv("HOSTALIASES", aliases, 1);
	world_resolv_conf("nameserver 127.0.0.1\n");
	make_dns(NULL, NULL, 0);
	ask("nx.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_NXDOMAIN);
	ask("nx", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_NXDOMAIN);
	ask("txt.test", DNS_TXT, &r);
	assert_int_equal(r.status, DNS_OK);
	unsetenv("LOCALDOMAIN");
	unsetenv("RES_OPTIONS");
	unsetenv("HOSTALIASES");
	unlink(aliases);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(outcomes_stay_apart, use_server),
		cmocka_unit_test_setup(truncated_answer_comes_over_tcp,
		    use_server),
		cmocka_unit_test_setup(
		    a_closed_connection_is_a_failure_of_one_question,
		    use_server),
		cmocka_unit_test_setup(
		    mx_hosts_are_ordered_and_equal_ones_shuffled, use_server),
		cmocka_unit_test(questions_beyond_the_cap_wait_their_turn),
		cmocka_unit_test(cancelled_queries_are_not_heard_of_again),
		cmocka_unit_test_setup(callback_may_cancel_and_ask, use_server),
		cmocka_unit_test_setup(callback_may_free_the_port, use_server),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(servers_are_tried_in_turn),
		cmocka_unit_test(odd_servers_are_refused),
		cmocka_unit_test(resolv_conf_is_followed),
		cmocka_unit_test(old_servers_finish_what_they_have),
		cmocka_unit_test(environment_changes_nothing),
	};

	if (!world_enter())
		return world_skip();
	return cmocka_run_group_tests(tests, make_world, free_world);
}
