/*
 * What a test must know of the sanitizers that it may be built with.
 */
#ifndef SUPPORT_SANITIZER_H
#define SUPPORT_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define WITH_THREAD_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define WITH_THREAD_SANITIZER 1
#endif

#ifdef WITH_ADDRESS_SANITIZER
#include <sanitizer/lsan_interface.h>
/* Around what leaks on purpose. */
#define LEAK_ON_PURPOSE_BEGIN() __lsan_disable()
#define LEAK_ON_PURPOSE_END() __lsan_enable()
#else
#define WITH_ADDRESS_SANITIZER 0
#define LEAK_ON_PURPOSE_BEGIN() ((void)0)
#define LEAK_ON_PURPOSE_END() ((void)0)
#endif

#ifndef WITH_THREAD_SANITIZER
#define WITH_THREAD_SANITIZER 0
#endif

#endif
