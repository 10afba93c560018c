/*
 * Loads a module for Exim, as it was installed, and looks for functions in it:
 * module FILE NAME... The program has what the module needs of Exim's.
 * tests/release/installed.sh compiles and runs it.
 */
#include <dlfcn.h>
#include <stdio.h>

unsigned debug_selector;
const unsigned char *string_copyn_function(const unsigned char *s, int n);
void log_write(unsigned selector, int flags, const char *format, ...);
void debug_printf(const char *format, ...);

const unsigned char *
string_copyn_function(const unsigned char *s, int n)
{
	(void)n;
	return s;
}

void
log_write(unsigned selector, int flags, const char *format, ...)
{
	(void)selector;
	(void)flags;
	(void)format;
}

void
debug_printf(const char *format, ...)
{
	(void)format;
}

int
main(int argc, char **argv)
{
	void *module = argc > 1 ? dlopen(argv[1], RTLD_LAZY) : NULL;

	if (module == NULL) {
		puts(argc > 1 ? dlerror() : "usage: module FILE NAME...");
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		if (dlsym(module, argv[i]) == NULL) {
			puts(dlerror());
			return 1;
		}
	}
	return 0;
}
