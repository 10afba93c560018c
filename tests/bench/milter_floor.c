/*
 * Row 9, floor: a filter of libmilter that does nothing, with the steps that
 * the product negotiates.
 *
 *	milter_floor SOCKET
 */
#include "bench.h"

#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stdio.h>

#define STEPS                                                                  \
	(SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOBODY | SMFIP_NOEOH |         \
	    SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_MAIL | SMFIP_NR_HDR)

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *actions_r,
    unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
	(void)ctx;
	(void)f2;
	(void)f3;
	*actions_r = actions & (SMFIF_ADDHDRS | SMFIF_CHGHDRS);
	*steps_r = steps & STEPS;
	*f2_r = *f3_r = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return SMFIS_NOREPLY;
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	static char name[] = "floor";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eom = on_end,
		.xxfi_negotiate = on_negotiate,
	};
	char socket[300];

	if (argc != 2)
		bench_fail("usage", "milter_floor SOCKET");
	snprintf(socket, sizeof(socket), "unix:%s", argv[1]);
	smfi_setbacklog(128);
	if (smfi_register(description) != MI_SUCCESS ||
	    smfi_setconn(socket) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS || smfi_main() != MI_SUCCESS)
		bench_fail(argv[1], "libmilter does not run");
	return 0;
}
