"""The server side of TLS, for the scripted HTTPS and SMTP servers."""

import ssl

V11, V12, V13 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
MODERN = (V12, V13)


def accept(connection, certificate, versions, record, **who):
    """Do the handshake; what the client asked for is recorded, also if it
    then refuses us.  Returns the encrypted connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = versions
    if versions[0] < V12:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: record.write(
        event="hello", sni=name, **who)
    try:
        secure = context.wrap_socket(connection, server_side=True)
    except OSError as error:
        record.write(event="handshake-failed", why=str(error), **who)
        raise
    record.write(event="handshake", version=secure.version(), **who)
    return secure


def close(secure):
    """End TLS in order; how the client ends it is of no interest."""
    secure.settimeout(2)
    secure.unwrap()
