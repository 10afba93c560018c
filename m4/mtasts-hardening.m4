# Flags that make a mistake harder to exploit, each where compiler and linker know
# it.  They stand before the builder's own, which therefore win; a default of the
# compiler is not repeated; with a sanitizer, which has checks of its own, there are
# none.

# _MTASTS_COMPILES(FLAGS, SOURCE, IF-IT-DOES, [IF-NOT])
AC_DEFUN([_MTASTS_COMPILES],
  [mtasts_save_CFLAGS=$CFLAGS
   CFLAGS="$1 $CFLAGS -Werror"
   AC_LINK_IFELSE([AC_LANG_SOURCE([$2])], [mtasts_compiles=yes], [mtasts_compiles=no])
   CFLAGS=$mtasts_save_CFLAGS
   AS_IF([test "$mtasts_compiles" = yes], [$3], [$4])])

# _MTASTS_ADD(VARIABLE, FLAG, [SOURCE])
AC_DEFUN([_MTASTS_ADD],
  [AC_MSG_CHECKING([whether to use $2])
   _MTASTS_COMPILES([$2], m4_default([$3], [[int main(void) { return 0; }]]),
     [$1="${$1:+$$1 }$2"])
   AC_MSG_RESULT([$mtasts_compiles])])

# MTASTS_HARDENING: substitutes HARDENING_CFLAGS, HARDENING_LDFLAGS, and what
# programs alone are linked with, HARDENING_PIE.
AC_DEFUN([MTASTS_HARDENING],
  [AC_ARG_ENABLE([hardening],
     [AS_HELP_STRING([--disable-hardening], [leave hardening to CFLAGS and LDFLAGS])],
     [], [enable_hardening=yes])
   AS_CASE(["$with_sanitizer $CC $CFLAGS"],
     [no\ *-fsanitize*], [enable_hardening=no],
     [no\ *], [],
     [enable_hardening=no])
   HARDENING_CFLAGS= HARDENING_LDFLAGS= HARDENING_PIE=
   AS_IF([test "$enable_hardening" != no], [_MTASTS_HARDENING])
   AM_CONDITIONAL([HARDENING], [test "$enable_hardening" != no])
   AC_SUBST([HARDENING_CFLAGS])
   AC_SUBST([HARDENING_LDFLAGS])
   AC_SUBST([HARDENING_PIE])])

AC_DEFUN([_MTASTS_HARDENING],
  [# Not without optimization, of which the C library would complain.
   _MTASTS_ADD([HARDENING_CFLAGS], [-D_FORTIFY_SOURCE=2],
     [[#include <features.h>
       #if !defined __OPTIMIZE__
       #error
       #endif
       int main(void) { return 0; }]])
   _MTASTS_ADD([HARDENING_CFLAGS], [-fstack-protector-strong])
   _MTASTS_ADD([HARDENING_CFLAGS], [-fstack-clash-protection])
   _MTASTS_ADD([HARDENING_CFLAGS], [-fcf-protection])
   _MTASTS_COMPILES([], [[
       #if !defined __PIE__
       #error
       #endif
       int main(void) { return 0; }]], [],
     [_MTASTS_ADD([HARDENING_PIE], [-fPIE -pie])
      AS_IF([test "$mtasts_compiles" = yes],
        [HARDENING_CFLAGS="$HARDENING_CFLAGS -fPIE"
         HARDENING_PIE=-pie])])
   _MTASTS_ADD([HARDENING_LDFLAGS], [-Wl,-z,relro])
   _MTASTS_ADD([HARDENING_LDFLAGS], [-Wl,-z,now])
   _MTASTS_ADD([HARDENING_LDFLAGS], [-Wl,-z,noexecstack])])
