divert(-1)
#
# The sts feature of Sendmail 8.17 without three of its defects, as a line of the .mc
# file in its place, before the mailers, with the help of mtasts-milter(8).  README.md
# shows it, and says what mtasts.m4 does better.  (This is m4, which reads its own
# words and quotes in comments too, so there are none here.)
#
# The arguments are those of mtasts.m4: the address of the socket map, and the servers
# that no policy is applied to.

divert(6)dnl
# The sts feature, by sts_hardened.m4
ifelse(defn(`_ARG2_'), `', `', `C{STSExempt}_ARG2_')
O SetCertAltnames=true

# Rules that stand before those that Sendmail has in its rulesets must come before them
# in the file.  This place is in the midst of Canonify2, which is gone back to.
divert(2)dnl
# A server that the administrator chose is not the MX of the recipient.
SSet_SNI
R$*			$: $&{server_name} $| $1
R$={STSExempt} $| $*	$@ ""
R$* $| $*		$: $2

SSTS_secure
R$*			$: $&{server_name} $| $1
R$={STSExempt} $| $*	$@ ok
R$* $| $*		$: $2

# The connection may have been made for a recipient of another domain.
SSTS_Check
R$*			$: $&{server_name} $| $1
R$={STSExempt} $| $*	$@ ok
R$* $| $*		$: $2 $| $>"STS_Verified" $2
R$* $| $#$*		$#$2
R$* $| $*		$: $1

SSTS_Verified
R$* @ $+		$: $2
R$+ .			$: $1
R$+			$: $(sts $1 $: none $)
R$* <TMPF>		$#error $@ 4.7.0 $: 450 MTA-STS policy lookup failed
R$* secure $*		$: < $&{verify} >
R< OK >			$@ ok
R< TRUSTED >		$@ ok
R< NONE >		$#error $@ 4.7.0 $: 450 MTA-STS $&{server_name} does not offer TLS
R< $* >			$#error $@ 4.7.0 $: 450 MTA-STS TLS verification of $&{server_name} failed: $1
R$*			$@ ok

# A name that is a wildcard stands for one label, and may be the only one.
SSTS_SAN
R$*			$: < $&{server_name} >
R< $={cert_altnames} >	$@ ok
R< $- . $+ >		$: < $1 . $2 > *.$2
R< $* > $={cert_altnames}	$@ ok
R< $* > $*		$#error $@ 4.7.0 $: 450 MTA-STS certificate of $1 has another name

SCanonify2
divert(-1)
FEATURE(`sts', `socket -d10 -T<TMPF> 'ifelse(defn(`_ARG_'), `', `unix:/run/mtasts/map.sock', `_ARG_'), `NO_SAN_TST')
