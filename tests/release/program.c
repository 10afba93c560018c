/*
 * A program that only has what make install left behind: it asks the library for
 * what needs no network. tests/release/installed.sh compiles and runs it.
 */
#include <mtasts.h>
#include <stdio.h>
#include <string.h>

int
main(void)
{
	struct mtasts_options *options = NULL;

	if (strcmp(mtasts_library_version(), MTASTS_VERSION) != 0) {
		printf("header %s, library %s\n", MTASTS_VERSION,
		    mtasts_library_version());
		return 1;
	}
	if (mtasts_options_new(&options) != MTASTS_OK) {
		puts("no memory for options");
		return 1;
	}
	mtasts_options_free(&options);
	if (!mtasts_same_domain("EXAMPLE.com.", "example.com")) {
		puts("example.com is not example.com");
		return 1;
	}
	return 0;
}
