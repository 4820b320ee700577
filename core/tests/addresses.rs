//! Addresses are checked for their form and handed out: the core connects to none, and resolves none.

#![allow(clippy::unwrap_used)]

use ringshift::Spec;

#[test]
fn the_core_opens_no_socket_and_resolves_no_name() {
    let mut files = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src"
    ))];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        seen += 1;
        let source = std::fs::read_to_string(&path).unwrap();
        for word in [
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixDatagram",
            "ToSocketAddrs",
            "to_socket_addrs",
            "lookup_host",
            "std::process::Command",
        ] {
            assert!(!source.contains(word), "{} has {word}", path.display());
        }
        // Types that parse an address do nothing else.
        for found in source.split("std::net::").skip(1) {
            let name: String = found
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let parses = ["Ipv6Addr", "SocketAddr", "SocketAddrV4"].contains(&name.as_str());
            assert!(parses, "{} uses std::net::{name}", path.display());
        }
    }
    assert!(seen > 50, "{seen} files");
}

#[test]
fn addresses_are_checked_for_their_form_alone() {
    let with = |address: &str| {
        let node = serde_json::json!({"id": "n", "address": address});
        format!(
            r#"{{"format":1,"generation":1,"primary":"a","clusters":{{"a":{{"placement":{{"kind":"ring","vnodes":1}},"nodes":[{node}]}}}}}}"#
        )
    };
    // No such host, no such port, no such path: whoever connects will see.
    for good in [
        "no-such-host.invalid:1",
        "[100::dead]:65535",
        "/no/such/socket",
        "256.300.1.1:80",
        "-:1",
    ] {
        Spec::parse(with(good).as_bytes()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "host",
        "host:",
        ":1",
        "host:0",
        "host:65536",
        "host:1 ",
        " host:1",
        "ho st:1",
        "host:1\r\nflush_all",
        "ho\u{0}st:1",
        "user@host:1",
        "http://host:1",
        "host:1/path",
        "::1:1",
        "[::1%eth0]:1",
        "[::1]",
        "ho\u{e9}st:1",
        "../sock",
        "/a\u{0}b",
        "/a\nb",
        "host:+1",
        "host:1e3",
    ] {
        let error = Spec::parse(with(bad).as_bytes()).unwrap_err();
        assert_eq!(
            error.pointer(),
            Some("/clusters/a/nodes/0/address"),
            "{bad:?}"
        );
    }
}
