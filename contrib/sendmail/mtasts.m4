divert(-1)
#
# MTA-STS (RFC 8461) for Sendmail 8.16 and later, with the help of mtasts-milter(8),
# as a line of the .mc file, before its mailers.  README.md shows it.  (This is m4,
# which reads its own words and quotes in comments too, so there are none here.)
#
# The second argument is the address of mtasts-milter's socket map, the third the
# servers that no policy is applied to, by the name that Sendmail connects to:
# smart hosts and targets of the mailertable.  Both may be left out.
#
# Before each RCPT the map is asked for the recipient's domain and the server that
# has been reached, and it answers:
#
#	none		no policy
#	refuse REASON	the policy does not allow this server
#	secure		the server must have proved its name by TLS
#
# README.md tells how to install it, and why each rule is there.

define(`_NEED_MACRO_MAP_', `1')
define(`_LOCAL_TLS_RCPT_', `')

divert(6)dnl
# MTA-STS, by mtasts.m4
Kmtasts socket -d10 -T<TMPF> ifelse(defn(`_ARG_'), `', `unix:/run/mtasts/map.sock', `_ARG_')
ifelse(defn(`_ARG2_'), `', `', `C{MTASTSExempt}_ARG2_')
O SetCertAltnames=true

divert(9)dnl
# Every server is asked for by its name (SNI).
Stls_clt_features
R$* $| $*		$: $(macro {sts_sni} $@ $&{server_name} $) $1
R$*			$@ sts=secure; servername=hostname

SLocal_tls_rcpt
R$*			$: $1 $| $>"MTASTSRecipient" $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1

# Is the connection good enough for this recipient?
SMTASTSRecipient
R$* @ $+		$: < $2 > $&{server_name}
R< $+ . > $*		$: < $1 > $2
R< $* > $={MTASTSExempt}	$@ ok
R< $+ > $*		$: < $(mtasts $1|$2 $: none $) >
R< $* <TMPF> >		$#error $@ 4.7.0 $: 450 MTA-STS policy lookup failed
R< refuse $* >		$#error $@ 4.7.0 $: 450 MTA-STS $1
R< secure >		$@ $>"MTASTSServer" $&{verify}
R$*			$@ ok

# Has the server proved its name?
SMTASTSServer
ROK			$: < $&{server_name} >
RTRUSTED		$: < $&{server_name} >
R< $={cert_altnames} >	$@ ok
R< $- . $+ >		$: < $1 . $2 > *.$2
R< $* > $={cert_altnames}	$@ ok
R< $* > $*		$#error $@ 4.7.0 $: 450 MTA-STS certificate of $1 has another name
RNONE			$#error $@ 4.7.0 $: 450 MTA-STS $&{server_name} does not offer TLS
R$*			$#error $@ 4.7.0 $: 450 MTA-STS TLS verification of $&{server_name} failed: $1
divert(-1)
