/*
 * The fakes of world.h. One list of facts, one list of what hangs, one list of
 * counts; each port is a few lines over them.
 */
#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 300
#define RECORDS_MAX 64

enum kind { KIND_TXT, KIND_MX, KIND_ADDRESS, KIND_GET, KIND_PROBE };

static const char *const kind_names[] = { "TXT", "MX", "ADDRESS", "GET",
	"PROBE" };

struct fact {
	struct fact *next;
	enum kind kind;
	char name[NAME_SIZE];
	int status; /* of the port */
	uint32_t ttl;
	int code;
	char *type; /* content type, NULL for none */
	char *body;
	size_t len;
	unsigned count; /* asked so often */
	bool hangs;
};

typedef void any_fn(void);

/* A question under way. */
struct pending {
	struct pending *next;
	struct world *world;
	struct fact *fact;
	any_fn *done; /* dns_done_fn, https_done_fn, probe_done_fn */
	void *arg;
	void **handle;
};

struct world {
	int64_t wall, monotonic;
	struct timer_list timers;
	struct fact *facts;
	struct pending *pending;
	bool busy;
	world_given_fn *given;
	void *given_arg;
};

/* ---- Facts ------------------------------------------------------------------ */

static const int unset_status[] = { DNS_NXDOMAIN, DNS_NXDOMAIN, DNS_NXDOMAIN,
	HTTPS_CONNECT, PROBE_CONNECT_FAILED };

static struct fact *
fact(struct world *world, enum kind kind, const char *name)
{
	struct fact *f;

	for (f = world->facts; f != NULL; f = f->next)
		if (f->kind == kind && strcmp(f->name, name) == 0)
			return f;
	f = calloc(1, sizeof(*f));
	assert(f != NULL);
	f->kind = kind;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->status = unset_status[kind];
	f->ttl = 60;
	f->next = world->facts;
	world->facts = f;
	return f;
}

static char *
copy(const char *data, size_t len)
{
	char *out = malloc(len + 1);

	assert(out != NULL);
	memcpy(out, data, len);
	out[len] = '\0';
	return out;
}

static void
set_body(struct fact *f, const char *type, const char *body, size_t len)
{
	free(f->type);
	free(f->body);
	f->type = type == NULL ? NULL : copy(type, strlen(type));
	f->body = copy(body, len);
	f->len = len;
	f->hangs = false;
}

void
world_set_dns(struct world *world, enum dns_type type, const char *name,
    enum dns_status status, uint32_t ttl, const char *text)
{
	struct fact *f = fact(world, (enum kind)type, name);

	f->status = (int)status;
	f->ttl = ttl;
	set_body(f, NULL, text, strlen(text));
}

void
world_set_https(struct world *world, const char *host,
    enum https_status status, int code, const char *type, const char *body,
    size_t len)
{
	struct fact *f = fact(world, KIND_GET, host);

	f->status = (int)status;
	f->code = code;
	set_body(f, type, body, len);
}

void
world_set_probe(struct world *world, const char *host,
    enum probe_status status, const char *detail)
{
	struct fact *f = fact(world, KIND_PROBE, host);

	f->status = (int)status;
	set_body(f, NULL, detail, strlen(detail));
}

void
world_hang(struct world *world, const char *name)
{
	struct fact *f;

	fact(world, KIND_TXT, name);
	fact(world, KIND_GET, name);
	for (f = world->facts; f != NULL; f = f->next)
		if (strcmp(f->name, name) == 0)
			f->hangs = true;
}

unsigned
world_count(const struct world *world, const char *what)
{
	const struct fact *f;
	char name[NAME_SIZE + 16];

	for (f = world->facts; f != NULL; f = f->next) {
		snprintf(name, sizeof(name), "%s %s", kind_names[f->kind],
		    f->name);
		if (strcmp(name, what) == 0)
			return f->count;
	}
	return 0;
}

/* ---- Answers ------------------------------------------------------------------ */

/* Each line of a body. */
static size_t
split(char *body, char *lines[RECORDS_MAX])
{
	size_t count = 0;
	char *line, *save = NULL;

	for (line = strtok_r(body, "\n", &save);
	     line != NULL && count < RECORDS_MAX;
	     line = strtok_r(NULL, "\n", &save))
		lines[count++] = line;
	return count;
}

static void
answer_dns(const struct fact *f, dns_done_fn *done, void *arg)
{
	char *body = copy(f->body == NULL ? "" : f->body, f->len);
	char *lines[RECORDS_MAX];
	struct span txt[RECORDS_MAX];
	struct dns_mx mx[RECORDS_MAX];
	struct dns_answer answer = { .status = (enum dns_status)f->status,
		.type = (enum dns_type)f->kind, .ttl = f->ttl, .txt = txt,
		.mx = mx, .detail = "" };
	size_t i;

	answer.count = split(body, lines);
	for (i = 0; i < answer.count; i++) {
		char *host = lines[i];

		txt[i] = span_str(lines[i]);
		mx[i].preference = (uint16_t)strtoul(lines[i], &host, 10);
		mx[i].host = *host == ' ' ? host + 1 : host;
		if (strcmp(mx[i].host, ".") == 0)
			mx[i].host = "";
	}
	done(arg, &answer);
	free(body);
}

static void
answer_https(const struct fact *f, https_done_fn *done, void *arg)
{
	struct https_answer answer = { .status = (enum https_status)f->status,
		.code = f->code, .content_type = f->type, .body = f->body,
		.len = f->len, .address = "192.0.2.80",
		.detail = f->status == HTTPS_OK ? "" :
		    https_status_name((enum https_status)f->status) };

	done(arg, &answer);
}

static void
answer_probe(const struct fact *f, probe_done_fn *done, void *arg)
{
	struct probe_finding finding = { (enum probe_status)f->status,
		f->body == NULL ? "" : f->body, "192.0.2.25" };

	done(arg, &finding);
}

static void
answer(struct pending *pending)
{
	struct pending self = *pending;

	*self.handle = NULL;
	free(pending);
	switch (self.fact->kind) {
	case KIND_TXT:
	case KIND_MX:
	case KIND_ADDRESS:
		answer_dns(self.fact, (dns_done_fn *)self.done, self.arg);
		break;
	case KIND_GET:
		answer_https(self.fact, (https_done_fn *)self.done, self.arg);
		break;
	case KIND_PROBE:
		answer_probe(self.fact, (probe_done_fn *)self.done, self.arg);
		break;
	}
}

static enum mtasts_status
ask(struct world *world, enum kind kind, const char *name, any_fn *done,
    void *arg, void **handle)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	assert(pending != NULL);
	*pending = (struct pending) { NULL, world, fact(world, kind, name),
		done, arg, handle };
	pending->fact->count++;
	*handle = pending;
	if (!pending->fact->hangs) {
		answer(pending);
	} else {
		pending->next = world->pending;
		world->pending = pending;
	}
	return MTASTS_OK;
}

static void
forget(struct world *world, struct pending *pending)
{
	struct pending **at = &world->pending;

	while (*at != pending)
		at = &(*at)->next;
	*at = pending->next;
	free(pending);
}

void
world_release(struct world *world)
{
	struct fact *f;

	for (f = world->facts; f != NULL; f = f->next)
		f->hangs = false;
	while (world->pending != NULL) {
		struct pending *pending = world->pending;

		world->pending = pending->next;
		answer(pending);
	}
}

/* ---- Ports -------------------------------------------------------------------- */

static enum mtasts_status
start_dns(void *self, const char *name, enum dns_type type, dns_done_fn *done,
    void *arg, struct dns_query **out)
{
	return ask(self, (enum kind)type, name, (any_fn *)done, arg,
	    (void **)out);
}

static void
cancel_dns(void *self, struct dns_query *query)
{
	forget(self, (struct pending *)query);
}

static enum mtasts_status
start_https(void *self, const char *host, const char *path,
    https_done_fn *done, void *arg, struct https_transfer **out)
{
	assert(strcmp(path, "/.well-known/mta-sts.txt") == 0);
	return ask(self, KIND_GET, host, (any_fn *)done, arg, (void **)out);
}

static void
cancel_https(void *self, struct https_transfer *transfer)
{
	forget(self, (struct pending *)transfer);
}

static enum mtasts_status
start_probe(void *self, const char *host, probe_done_fn *done, void *arg,
    struct probe_run **out)
{
	return ask(self, KIND_PROBE, host, (any_fn *)done, arg, (void **)out);
}

static void
cancel_probe(void *self, struct probe_run *run)
{
	forget(self, (struct pending *)run);
}

static bool
take(void *self, const char *domain)
{
	(void)domain;
	return !((struct world *)self)->busy;
}

static void
give(void *self, const char *domain)
{
	const struct world *world = self;

	if (world->given != NULL)
		world->given(world->given_arg, domain);
}

void
world_on_given(struct world *world, world_given_fn *fn, void *arg)
{
	world->given = fn;
	world->given_arg = arg;
}

static int64_t
wall(void *self)
{
	return ((struct world *)self)->wall;
}

static int64_t
monotonic(void *self)
{
	return ((struct world *)self)->monotonic;
}

static void
start_timer(void *self, struct timer *timer)
{
	timer_list_add(&((struct world *)self)->timers, timer);
}

static void
stop_timer(void *self, struct timer *timer)
{
	(void)self;
	timer_list_remove(timer);
}

static const struct dns_ops dns_ops = { start_dns, cancel_dns };
static const struct https_ops https_ops = { start_https, cancel_https };
static const struct probe_ops probe_ops = { start_probe, cancel_probe };
static const struct flight_ops flight_ops = { take, give };
static const struct clock_ops clock_ops = { wall, monotonic };
static const struct timer_ops timer_ops = { start_timer, stop_timer };

struct clock
world_clock(struct world *world)
{
	return (struct clock) { &clock_ops, world };
}

struct timers
world_timers(struct world *world)
{
	return (struct timers) { &timer_ops, world };
}

struct dns
world_dns(struct world *world)
{
	return (struct dns) { &dns_ops, world };
}

struct https
world_https(struct world *world)
{
	return (struct https) { &https_ops, world };
}

struct probe
world_probe(struct world *world)
{
	return (struct probe) { &probe_ops, world };
}

struct flight
world_flight(struct world *world)
{
	return (struct flight) { &flight_ops, world };
}

/* ---- Time ----------------------------------------------------------------------- */

/* In steps, so that a timer that starts another finds it fired in its turn. */
void
world_pass(struct world *world, int64_t seconds)
{
	int64_t end = world->monotonic + seconds * 1000;
	int64_t wall_end = world->wall + seconds;

	if (seconds < 0) {
		world->wall += seconds;
		return;
	}
	while (world->monotonic < end) {
		const struct timer *first = timer_list_first(&world->timers);
		int64_t to = first == NULL || first->at > end ? end :
		    first->at <= world->monotonic ? world->monotonic + 1 :
						    first->at;

		world->wall = wall_end - (end - to) / 1000;
		world->monotonic = to;
		timer_list_fire(&world->timers, to);
	}
}

int64_t
world_now(const struct world *world)
{
	return world->wall;
}

void
world_set_busy(struct world *world, bool busy)
{
	world->busy = busy;
}

struct world *
world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));

	assert(world != NULL);
	world->wall = 1800000000;
	world->monotonic = 1000000;
	timer_list_init(&world->timers);
	return world;
}

void
world_free(struct world **world)
{
	struct fact *f;

	while ((f = (*world)->facts) != NULL) {
		(*world)->facts = f->next;
		free(f->type);
		free(f->body);
		free(f);
	}
	free(*world);
	*world = NULL;
}
