//! PROXY protocol, version 2: how a TCP balancer in front of us says for whom it connects.
//!
//! Only the binary version, only TCP over IPv4 and IPv6, within bounds. Whether somebody may speak it is decided by
//! the listener before a byte is read; what it says of TLS or names is skipped.
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, section 2.2.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The first twelve octets, chosen so that no other protocol begins with them.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length of the rest.
const FIXED: usize = 16;
/// Addresses and what else a balancer says of the connection. Certificates' names are the longest of it.
const MOST: usize = 2_048;

/// For whom a balancer connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// For a client at this address.
    Client(IpAddr),
    /// For itself, to see whether we live.
    Itself,
}

/// Why it is not known for whom.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Bad {
    /// The peer said something else, or nothing.
    #[error("no PROXY protocol 2 header")]
    Missing,
    /// It began like one.
    #[error("a malformed PROXY protocol 2 header: {0}")]
    Malformed(&'static str),
    /// The connection ended.
    #[error("the connection ended within the PROXY protocol header")]
    Cut(#[from] io::Error),
}

/// Reads a header and not an octet more: what follows is the client's.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Source, Bad> {
    let mut fixed = [0; FIXED];
    let mut have = 0;
    while have < FIXED {
        let count = stream.read(&mut fixed[have..]).await?;
        if count == 0 {
            return Err(Bad::Missing);
        }
        have += count;
        // A client that reached us past the balancer is told from one at its first wrong octet, not after a wait.
        let compared = have.min(SIGNATURE.len());
        if fixed[..compared] != SIGNATURE[..compared] {
            return Err(Bad::Missing);
        }
    }
    let length = length(&fixed)?;
    let mut rest = [0; MOST];
    stream.read_exact(&mut rest[..length]).await?;
    source(&fixed, &rest[..length])
}

/// Whether these octets, the first that somebody sent, claim to be a header of either version.
pub(crate) fn is_claimed(first: &[u8]) -> bool {
    first.starts_with(&SIGNATURE) || first.starts_with(b"PROXY ")
}

fn length(fixed: &[u8; FIXED]) -> Result<usize, Bad> {
    if fixed[..SIGNATURE.len()] != SIGNATURE {
        return Err(Bad::Missing);
    }
    if fixed[12] >> 4 != 2 {
        return Err(Bad::Malformed("not version 2"));
    }
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > MOST { Err(Bad::Malformed("longer than any balancer's")) } else { Ok(length) }
}

fn source(fixed: &[u8; FIXED], rest: &[u8]) -> Result<Source, Bad> {
    match (fixed[12] & 0x0f, fixed[13]) {
        // LOCAL: what it says of addresses is to be ignored.
        (0, _) => Ok(Source::Itself),
        (1, 0x11) => {
            // Source and destination address, source and destination port.
            let octets = rest.first_chunk::<12>().ok_or(Bad::Malformed("too short for IPv4"))?;
            let [a, b, c, d, ..] = *octets;
            client(Ipv4Addr::new(a, b, c, d).into())
        }
        (1, 0x21) => {
            let octets = rest.first_chunk::<36>().ok_or(Bad::Malformed("too short for IPv6"))?;
            let address = octets.first_chunk::<16>().ok_or(Bad::Malformed("too short for IPv6"))?;
            client(Ipv6Addr::from(*address).into())
        }
        (1, _) => Err(Bad::Malformed("neither TCP over IPv4 nor over IPv6")),
        _ => Err(Bad::Malformed("an unknown command")),
    }
}

/// An address that may be somebody's.
fn client(address: IpAddr) -> Result<Source, Bad> {
    let address = address.to_canonical();
    if address.is_unspecified() || address.is_multicast() {
        return Err(Bad::Malformed("an address that is nobody's"));
    }
    Ok(Source::Client(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x7f\x00\x00\x01\xd4\x31\x00\x19";
    const V6: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x24\
        \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xd4\x31\x00\x19";

    async fn read_all(mut octets: &[u8]) -> (Result<Source, String>, usize) {
        let read = read(&mut octets).await.map_err(|bad| bad.to_string());
        (read, octets.len())
    }

    fn from(text: &str) -> Result<Source, String> {
        Ok(Source::Client(text.parse().expect("an address")))
    }

    /// A header with these two octets after the signature, and this behind the length.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = SIGNATURE.to_vec();
        octets.extend([command, family]);
        octets.extend(u16::try_from(rest.len()).expect("short").to_be_bytes());
        octets.extend(rest);
        octets
    }

    #[tokio::test]
    async fn the_client_is_who_the_balancer_says_and_what_follows_is_left() {
        assert_eq!(read_all(V4).await, (from("192.0.2.7"), 0));
        assert_eq!(read_all(V6).await, (from("2001:db8::9"), 0));
        assert_eq!(read_all(&[V4, b"EHLO a\r\n"].concat()).await, (from("192.0.2.7"), 8));
        // What a balancer says besides (here: a checksum and a name) is skipped, and IPv4 in IPv6 is IPv4.
        let more = header(
            0x21,
            0x11,
            b"\xc0\x00\x02\x07\x7f\x00\x00\x01\xd4\x31\x00\x19\x03\x00\x04abcd\x02\x00\x01x",
        );
        assert_eq!(read_all(&more).await, (from("192.0.2.7"), 0));
        let mapped = [&[0; 10][..], b"\xff\xff\xc0\x00\x02\x07", &[1; 16], b"\xd4\x31\x00\x19"].concat();
        assert_eq!(read_all(&header(0x21, 0x21, &mapped)).await, (from("192.0.2.7"), 0));
    }

    #[tokio::test]
    async fn a_balancer_that_connects_for_itself_says_so() {
        assert_eq!(read_all(&header(0x20, 0x00, b"")).await, (Ok(Source::Itself), 0));
        assert_eq!(read_all(&header(0x20, 0x11, b"junk")).await, (Ok(Source::Itself), 0));
    }

    #[tokio::test]
    async fn what_is_no_header_is_missing_and_what_is_a_bad_one_is_malformed() {
        let cases: [(Vec<u8>, &str); 14] = [
            (b"".to_vec(), "no PROXY"),
            (b"EHLO sender.test\r\n".to_vec(), "no PROXY"),
            (b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n".to_vec(), "no PROXY"),
            (b"\r\n\r\n\0\r\nQUIT\r".to_vec(), "no PROXY"),
            (SIGNATURE.to_vec(), "no PROXY"),
            (header(0x11, 0x11, &[0; 12]), "not version 2"),
            (header(0x31, 0x11, &[0; 12]), "not version 2"),
            (header(0x22, 0x11, &[0; 12]), "unknown command"),
            (header(0x21, 0x11, &[1; 11]), "too short for IPv4"),
            (header(0x21, 0x21, &[1; 35]), "too short for IPv6"),
            // UDP, UNIX sockets, nothing said.
            (header(0x21, 0x12, &[1; 12]), "neither TCP"),
            (header(0x21, 0x00, b""), "neither TCP"),
            (header(0x21, 0x11, &[0; 12]), "nobody's"),
            (header(0x21, 0x11, &[1; MOST + 1]), "longer than"),
        ];
        for (octets, what) in cases {
            let said = read_all(&octets).await.0.expect_err(what);
            assert!(said.contains(what), "{octets:?}: {said}");
        }
        let mut cut = V4;
        cut = &cut[..V4.len() - 1];
        assert!(read_all(cut).await.0.expect_err("cut").contains("ended within"));
    }

    #[tokio::test]
    async fn a_header_that_claims_more_than_the_bound_is_refused_before_it_is_read() {
        let mut octets = SIGNATURE.to_vec();
        octets.extend(b"\x21\x11\xff\xff");
        octets.extend(vec![1; 70_000]);
        let (read, left) = read_all(&octets).await;
        assert!(read.is_err());
        assert_eq!(left, 70_000);
    }

    #[test]
    fn a_claim_is_recognised_in_both_versions() {
        assert!(is_claimed(V4) && is_claimed(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"));
        assert!(!is_claimed(b"EHLO PROXY \r\n") && !is_claimed(b"\r\n\r\nEHLO"));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_end_it_badly(octets: Vec<u8>, behind: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let _ = runtime.block_on(read_all(&octets));
            let _ = runtime.block_on(read_all(&[&SIGNATURE[..], &behind].concat()));
        }
    }
}
