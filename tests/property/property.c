/* Inputs for property tests: see property.h. */
#include <config.h>

#include "property/property.h"

#include <dirent.h>

#define DEFAULT_SEED UINT64_C(8461)
#define MUTATIONS 400
/* Of longer files not every prefix is tried: that would take quadratic time. */
#define WHOLE_PREFIXES 2048
#define FILE_MAX 100000
#define GROWTH 64

struct random
random_start(void)
{
	const char *given = getenv("MTASTS_SEED");
	uint64_t seed = DEFAULT_SEED;

	if (given != NULL)
		seed = strtoull(given, NULL, 10);
	printf("# seed %llu\n", (unsigned long long)seed);
	/* A state of 0 would stay 0. */
	return (struct random){ seed * 2 + 1 };
}

uint32_t
random_next(struct random *random)
{
	uint64_t x = random->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return (uint32_t)((x * UINT64_C(2685821657736338717)) >> 32);
}

uint32_t
random_below(struct random *random, uint32_t limit)
{
	return random_next(random) % limit;
}

bool
random_one_in(struct random *random, uint32_t n)
{
	return random_below(random, n) == 0;
}

void
random_octets(struct random *random, const char *alphabet, char *out,
    size_t len)
{
	uint32_t letters = (uint32_t)strlen(alphabet);
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = alphabet[random_below(random, letters)];
}

void
property_input(property_fn *check, const char *data, size_t len)
{
	char *copy = exact_copy(data, len);

	check(copy, len);
	free(copy);
}

/* ---- Mutations -------------------------------------------------------- */

/* An input that grows by at most GROWTH octets. */
struct mutant {
	char *data;
	size_t len;
	size_t room;
};

/* Octets on which parsers turn. */
static char
interesting(struct random *random)
{
	static const char octets[] = "\0\n\r\t ;=:.,*-_aZ0\x7f\x80\xc3\xff";

	return octets[random_below(random, sizeof(octets) - 1)];
}

static size_t
position(struct random *random, const struct mutant *m)
{
	return random_below(random, (uint32_t)m->len + 1);
}

static void
insert(struct mutant *m, size_t at, const char *data, size_t len)
{
	if (len > m->room - m->len)
		return;
	memmove(m->data + at + len, m->data + at, m->len - at);
	memcpy(m->data + at, data, len);
	m->len += len;
}

static void
delete(struct mutant *m, size_t at, size_t len)
{
	if (len > m->len - at)
		len = m->len - at;
	memmove(m->data + at, m->data + at + len, m->len - at - len);
	m->len -= len;
}

static void
mutate(struct random *random, struct mutant *m)
{
	size_t at = position(random, m), from = position(random, m);
	char octet = interesting(random), piece[16];
	size_t len = random_below(random, sizeof(piece)) + 1;

	if (len > m->len - from)
		len = m->len - from;
	memcpy(piece, m->data + from, len);
	switch (random_below(random, 6)) {
	case 0:
		insert(m, at, &octet, 1);
		break;
	case 1:
		insert(m, at, piece, len);
		break;
	case 2:
		delete(m, at, 1);
		break;
	case 3:
		delete(m, at, len);
		break;
	case 4:
		if (at < m->len)
			m->data[at] = octet;
		break;
	default:
		if (at < m->len)
			m->data[at] = (char)(m->data[at] ^
			    (1 << random_below(random, 8)));
		break;
	}
}

static void
check_mutations(struct random *random, property_fn *check, const char *data,
    size_t len)
{
	struct mutant m = { .room = len + GROWTH };
	int i, steps;

	m.data = malloc(m.room);
	assert_non_null(m.data);
	for (i = 0; i < MUTATIONS; i++) {
		memcpy(m.data, data, len);
		m.len = len;
		for (steps = 1 << random_below(random, 5); steps > 0; steps--)
			mutate(random, &m);
		property_input(check, m.data, m.len);
	}
	free(m.data);
}

/* ---- Files ------------------------------------------------------------ */

static void
check_prefixes(property_fn *check, const char *data, size_t len)
{
	size_t step = len <= WHOLE_PREFIXES ? 1 : len / 97;
	size_t cut;

	for (cut = 0; cut < len; cut += step)
		property_input(check, data, cut);
	property_input(check, data, len);
}

static size_t
read_whole(const char *path, char *data)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL)
		fail_msg("cannot read %s", path);
	len = fread(data, 1, FILE_MAX, f);
	fclose(f);
	assert_in_range(len, 0, FILE_MAX - 1);
	return len;
}

static void
check_file(struct random *random, property_fn *check, const char *path)
{
	char *data = malloc(FILE_MAX);
	size_t len;

	assert_non_null(data);
	len = read_whole(path, data);
	check_prefixes(check, data, len);
	check_mutations(random, check, data, len);
	free(data);
}

/* Call a function for every file of a folder below tests/; how many they are. */
static size_t
each_file(const char *folder, void (*visit)(void *arg, const char *path),
    void *arg)
{
	const char *top = getenv("abs_top_srcdir");
	char dir[1024], path[2048];
	const struct dirent *entry;
	size_t files = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/%s", top == NULL ? "." : top,
	    folder);
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		visit(arg, path);
		files++;
	}
	if (d != NULL)
		closedir(d);
	return files;
}

static void
visit_nothing(void *arg, const char *path)
{
	(void)arg;
	(void)path;
}

size_t
property_count(const char *folder)
{
	return each_file(folder, visit_nothing, NULL);
}

struct corpus {
	struct random random;
	property_fn *check;
};

/* The file at hand, to be named where a check fails. */
static char checked[2048];

static void
visit_check(void *arg, const char *path)
{
	struct corpus *corpus = arg;

	snprintf(checked, sizeof(checked), "%s", path);
	check_file(&corpus->random, corpus->check, path);
}

void
property_corpus(const char *folder, property_fn *check)
{
	struct corpus corpus = { random_start(), check };

	if (each_file(folder, visit_check, &corpus) == 0)
		fail_msg("no file in tests/%s", folder);
	checked[0] = '\0';
}

int
property_blame(void **state)
{
	(void)state;
	if (checked[0] != '\0')
		printf("# with %s, whole or changed\n", checked);
	return 0;
}
