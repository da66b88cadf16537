//! A small name server for tests: real packets over UDP on 127.0.0.1, answers that the test wrote; of names that it vouches
//! for it says, as a validating resolver does, that they were checked.
//!
//! Names that have no record at all do not exist; names with records of another type have none of this one. Every answer
//! has a time to live of 0, so nobody keeps it. A test uses a part of this and declares the module with
//! `#[expect(dead_code, reason = "..")]`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::UdpSocket;

/// The type of a record, by its number in RFC 1035, RFC 3596 and RFC 6698.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    A = 1,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Tlsa = 52,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Mx(u16, String),
    Txt(String),
    Ptr(String),
    /// As it is on the wire.
    Raw(Vec<u8>),
}

/// What the server answers with: name (lower case, without the last dot) and type to records.
pub(crate) type Records = HashMap<(String, Kind), Vec<Record>>;

/// The running server; it stops when this is dropped.
pub(crate) struct DnsServer {
    zone: Arc<Mutex<Zone>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Zone {
    answers: HashMap<(String, u16), VecDeque<Vec<Record>>>,
    failing: HashSet<String>,
    vouched: HashSet<String>,
    silent: bool,
    questions: Vec<String>,
}

impl DnsServer {
    /// Starts a server on a free port.
    pub(crate) async fn start(records: Records) -> (SocketAddr, Self) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let task = tokio::spawn(serve(socket, Arc::clone(&zone)));
        let server = Self { zone, task };
        for ((name, kind), answer) in records {
            server.set(&name, kind, answer);
        }
        (address, server)
    }

    /// Replaces what is answered.
    pub(crate) fn set(&self, name: &str, kind: Kind, answer: Vec<Record>) {
        self.zone().answers.insert((name.to_owned(), kind as u16), VecDeque::from([answer]));
    }

    /// Adds the answer for the question after those already written; the last one stays for ever.
    pub(crate) fn then(&self, name: &str, kind: Kind, answer: Vec<Record>) {
        self.zone().answers.entry((name.to_owned(), kind as u16)).or_default().push_back(answer);
    }

    /// Answers SERVFAIL to every question about `name`.
    pub(crate) fn fail(&self, name: &str) {
        self.zone().failing.insert(name.to_owned());
    }

    /// Sets the AD bit (RFC 4035 3.2.3) in every answer about `name`.
    pub(crate) fn vouch(&self, name: &str) {
        self.zone().vouched.insert(name.to_owned());
    }

    /// Answers nothing at all from now on.
    pub(crate) fn silence(&self) {
        self.zone().silent = true;
    }

    /// Answers again.
    pub(crate) fn speak(&self) {
        self.zone().silent = false;
    }

    /// The names asked for so far, in order.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.zone().questions.clone()
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().expect("no test panics while it holds the zone")
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut packet = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let answer = zone.lock().expect("no test panics while it holds the zone").answer(&packet[..length]);
        if let Some(answer) = answer {
            drop(socket.send_to(&answer, from).await);
        }
    }
}

impl Zone {
    /// RFC 1035 4.1: header, the question as it came, then the answers, each pointing back to the question's name.
    fn answer(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = question(packet)?;
        let kind = u16::from_be_bytes([*packet.get(end)?, *packet.get(end + 1)?]);
        self.questions.push(name.clone());
        if self.silent {
            return None;
        }
        let records = match self.answers.get_mut(&(name.clone(), kind)) {
            Some(queue) if queue.len() > 1 => queue.pop_front().unwrap_or_default(),
            Some(queue) => queue.front().cloned().unwrap_or_default(),
            None => Vec::new(),
        };
        let known = self.answers.keys().any(|(other, _)| *other == name);
        let code = if self.failing.contains(&name) {
            2
        } else if known {
            0
        } else {
            3
        };
        let count = if code == 0 { u16::try_from(records.len()).ok()? } else { 0 };
        let mut out = packet[..2].to_vec();
        let checked = if code != 2 && self.vouched.contains(&name) { 0x20 } else { 0 };
        out.extend([0x81, 0x80 | checked | code, 0, 1]);
        out.extend(count.to_be_bytes());
        out.extend([0; 4]);
        out.extend(&packet[12..end + 4]);
        for record in records.iter().take(usize::from(count)) {
            let data = data(record);
            out.extend([0xc0, 12]);
            out.extend(kind.to_be_bytes());
            out.extend([0, 1, 0, 0, 0, 0]);
            out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
            out.extend(data);
        }
        Some(out)
    }
}

/// The name asked for, and where it ends.
fn question(packet: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(packet.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
}

fn data(record: &Record) -> Vec<u8> {
    match record {
        Record::A(ip) => ip.octets().to_vec(),
        Record::Aaaa(ip) => ip.octets().to_vec(),
        Record::Mx(preference, host) => [preference.to_be_bytes().to_vec(), name(host)].concat(),
        Record::Ptr(host) => name(host),
        Record::Raw(data) => data.clone(),
        Record::Txt(text) => text.as_bytes().chunks(255).flat_map(string).collect(),
    }
}

fn name(host: &str) -> Vec<u8> {
    let labels = host.split('.').filter(|label| !label.is_empty());
    labels.flat_map(|label| string(label.as_bytes())).chain([0]).collect()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("at most 255 bytes")], bytes].concat()
}
