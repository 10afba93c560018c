/*
 * Rows 4, 8, 10 and 15: ask a socket map over many connections at once, each
 * with so many questions on their way, and time each answer.
 *
 *	map_client SOCKET NAME FIRST COUNT QUESTIONS CONNECTIONS DEPTH
 *
 * The questions are "NAME DOMAIN". With COUNT 0 they are about domain FIRST and
 * those that follow, each once; else about random ones of COUNT domains from
 * FIRST on. Every answer has to be one that begins with "OK".
 */
#include "bench.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

/* When what is on its way was asked: a ring. */
struct questions {
	double asked[DEPTH_MAX];
	unsigned head, waiting;
};

static struct {
	const char *name;
	unsigned first, count, questions, depth, asked;
	uint32_t seed;
} work = { .seed = 1 };

static size_t
put_question(char *out, size_t size)
{
	unsigned i = work.count == 0 ? work.asked
				     : bench_random(&work.seed) % work.count;
	char domain[BENCH_NAME_SIZE];
	size_t len = strlen(work.name);

	bench_name(work.first + i, domain);
	return (size_t)snprintf(out, size, "%zu:%s %s,",
	    len + 1 + strlen(domain), work.name, domain);
}

/* As many as may be on their way, by one write. */
static void
ask(struct client_connection *c)
{
	struct questions *questions = c->state;
	char out[DEPTH_MAX * 64];
	size_t len = 0;

	while (questions->waiting < work.depth && work.asked < work.questions) {
		unsigned at = questions->head + questions->waiting++;

		len += put_question(out + len, sizeof(out) - len);
		questions->asked[at % DEPTH_MAX] = bench_seconds();
		work.asked++;
	}
	if (len > 0)
		client_write(c, out, len);
}

/* The octets of the first netstring, 0 if it is not all there. */
static size_t
take_answer(const char *data, size_t len)
{
	char *text;
	size_t size = strtoul(data, &text, 10), head;

	if (text == data || *text != ':')
		return 0;
	head = (size_t)(text - data) + 1;
	if (head + size + 1 > len)
		return 0;
	if (strncmp(text + 1, "OK", 2) != 0)
		bench_fail("answer", data);
	return head + size + 1;
}

static size_t
take(struct client_connection *c)
{
	struct questions *questions = c->state;
	size_t used = 0, size;

	while ((size = take_answer(c->input + used, c->len - used)) > 0) {
		client_done(questions->asked[questions->head]);
		questions->head = (questions->head + 1) % DEPTH_MAX;
		questions->waiting--;
		used += size;
	}
	if (used > 0)
		ask(c);
	return used;
}

int
main(int argc, char **argv)
{
	static const struct client_protocol protocol = {
		.state_size = sizeof(struct questions),
		.begin = ask,
		.take = take,
	};

	if (argc != 8)
		bench_fail("usage",
		    "map_client SOCKET NAME FIRST COUNT QUESTIONS "
		    "CONNECTIONS DEPTH");
	work.name = argv[2];
	work.first = bench_number(argv[3]);
	work.count = bench_number(argv[4]);
	work.questions = bench_number(argv[5]);
	work.depth = bench_number(argv[7]);
	if (work.depth > DEPTH_MAX)
		bench_fail("depth", "too many");
	client_run(&protocol, argv[1], bench_number(argv[6]), work.questions);
	return 0;
}
