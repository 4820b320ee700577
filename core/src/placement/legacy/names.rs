//! How clients spell the name of a server, which is what they make its points of.
//!
//! An alias in a spec is such a name as it is. Without one, each function here makes it of an
//! address, `host:port`, `[v6]:port` or `/path`, or says what would be needed to tell it.

#![allow(clippy::unnecessary_wraps)] // One type for all, though most can name everything.

/// What makes a name of an address.
pub(super) type Spelling = fn(&str) -> Result<String, &'static str>;

/// As it stands in the spec.
pub(super) fn literal(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

/// `host` for port 11211, else `host:port`; an IPv6 host without brackets, a socket as `/path:0`.
pub(super) fn libmemcached(text: &str) -> Result<String, &'static str> {
    if text.starts_with('/') {
        // The client has no port for it, and writes that down.
        return Ok(format!("{text}:0"));
    }
    Ok(without_port(&unbracketed(text), "11211"))
}

/// `/host:port`, also for port 11211; a socket as `//path:0`.
pub(super) fn libmemcached_spy(text: &str) -> Result<String, &'static str> {
    let port = if text.starts_with('/') { ":0" } else { "" };
    Ok(format!("/{}{port}", unbracketed(text)))
}

/// `host` for port 11211, else `host:port`; a socket as its path with the colon that follows it in
/// twemproxy's configuration.
pub(super) fn twemproxy(text: &str) -> Result<String, &'static str> {
    if text.starts_with('/') {
        return Ok(format!("{text}:"));
    }
    Ok(without_port(&host_and_port(text)?, "11211"))
}

/// `host` for port 11211, else as it stands. The client looks for the port behind the first colon,
/// so that it finds none in an IPv6 address.
pub(super) fn npm_memcached(text: &str) -> Result<String, &'static str> {
    Ok(match text.split_once(':') {
        Some((host, "11211")) => host.to_owned(),
        _ => text.to_owned(),
    })
}

/// `host:port`; other addresses are spelt in too many ways.
pub(super) fn host_and_port(text: &str) -> Result<String, &'static str> {
    if text.starts_with(['[', '/']) {
        return Err(
            "its name for such an address is not known for sure; give it as the node's alias",
        );
    }
    Ok(text.to_owned())
}

/// `host:port`; an IPv6 host without brackets, a socket as its path.
pub(super) fn unbracketed_address(text: &str) -> Result<String, &'static str> {
    Ok(unbracketed(text))
}

/// `ip:port`, which is what a server's socket address shows; names that Java resolves differ.
pub(super) fn spymemcached(text: &str) -> Result<String, &'static str> {
    if text.parse::<std::net::SocketAddrV4>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(
        "spymemcached names it host/ip:port, as Java's InetSocketAddress shows it; give that as the node's alias",
    )
}

/// `ip:port`, the address in its canonical form.
pub(super) fn socket_address(text: &str) -> Result<String, &'static str> {
    match text.parse::<std::net::SocketAddr>() {
        Ok(address) => Ok(format!("{}:{}", address.ip(), address.port())),
        Err(_) => {
            Err("pingora knows servers by IP address and port; give those as address or alias")
        }
    }
}

fn unbracketed(text: &str) -> String {
    match text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]:"))
    {
        Some((host, port)) => format!("{host}:{port}"),
        None => text.to_owned(),
    }
}

fn without_port(text: &str, port: &str) -> String {
    let host = text
        .strip_suffix(port)
        .and_then(|rest| rest.strip_suffix(':'));
    host.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let cases: [(Spelling, &str, &str); 15] = [
            (libmemcached_spy, "[::1]:11211", "/::1:11211"),
            (libmemcached_spy, "/run/mc.sock", "//run/mc.sock:0"),
            (libmemcached, "10.0.0.1:11211", "10.0.0.1"),
            (libmemcached, "10.0.0.1:11212", "10.0.0.1:11212"),
            (libmemcached, "[::1]:11211", "::1"),
            (libmemcached, "[::1]:1", "::1:1"),
            (libmemcached, "/run/mc.sock", "/run/mc.sock:0"),
            (twemproxy, "mc:11211", "mc"),
            (twemproxy, "/run/mc.sock", "/run/mc.sock:"),
            (npm_memcached, "mc:11211", "mc"),
            (npm_memcached, "[::1]:11211", "[::1]:11211"),
            (unbracketed_address, "mc:11211", "mc:11211"),
            (unbracketed_address, "[::1]:11211", "::1:11211"),
            (spymemcached, "10.0.0.1:11211", "10.0.0.1:11211"),
            (socket_address, "[0:0::1]:80", "::1:80"),
        ];
        for (spelling, text, name) in cases {
            assert_eq!(spelling(text).as_deref(), Ok(name), "{text}");
        }
        let untold: [(Spelling, &str); 4] = [
            (twemproxy, "[::1]:11211"),
            (spymemcached, "mc:11211"),
            (spymemcached, "/run/mc.sock"),
            (socket_address, "mc:80"),
        ];
        for (spelling, text) in untold {
            assert!(spelling(text).is_err(), "{text}");
        }
    }
}
