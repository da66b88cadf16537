//! One session of the protocol, without I/O: a line in, a reply or a question out.
//!
//! The driver answers each question and is told what to say. Knows order, counts and limits; knows no socket, no
//! clock and no mailroom: what a recipient leads to (`R`) is carried through unseen.

use std::net::IpAddr;
use std::sync::Arc;

use mailward_mail::address::{Address, BadAddress};
use mailward_mail::envelope::{Envelope, Received};
use mailward_mail::refusal::Refusal;

use crate::command::{self, Command, Mail};
use crate::config::{Patience, SmtpConfig};
use crate::data::Flaws;
use crate::line::Line;
use crate::reply::{self, Reply};

/// What the driver does next.
#[derive(Debug)]
pub(crate) enum Step<R> {
    /// Say this and read on.
    Say(Reply),
    /// Say this after the tarpit's wait, count it against the peer's network, and read on.
    SayUnknown(Reply),
    /// Say this and close.
    Close(Reply),
    /// Close without a word.
    Hang,
    /// Answer this first.
    Ask(Ask<R>),
}

/// A question to the driver, each with the method that takes its answer.
#[derive(Debug)]
pub(crate) enum Ask<R> {
    /// May a message of this announced size come? [`Session::ready`]
    Ready(Option<u64>),
    /// Where does this address lead? [`Session::routed`]
    Route(Address),
    /// Say 354 and read the text. [`Session::collected`]
    Collect,
    /// Take the message. [`Session::ingested`]
    Ingest(Received, Vec<R>),
    /// Say 220 and encrypt. [`Session::secured`]
    StartTls,
}

/// What became of the text of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// It ended.
    Text(Vec<u8>, Flaws),
    /// It ended, but there was no memory to keep it.
    NoRoom,
}

/// The state of one session.
pub(crate) struct Session<R> {
    config: Arc<SmtpConfig>,
    client: IpAddr,
    can_tls: bool,
    tls: bool,
    helo: Option<String>,
    transaction: Option<Transaction<R>>,
    asked: Option<Asked<R>>,
    patience: Patience,
    counts: Counts,
}

struct Transaction<R> {
    mail: Mail,
    attempts: usize,
    recipients: Vec<Address>,
    routes: Vec<R>,
}

/// What the outstanding question was about.
enum Asked<R> {
    Mail(Mail),
    Recipient(Address),
    Text(Transaction<R>),
}

#[derive(Default)]
struct Counts {
    overlong: u32,
    errors: u32,
    junk: u32,
    unknown: u32,
    messages: u32,
}

impl<R> Session<R> {
    /// A session with `client`; `can_tls` says whether there is a certificate.
    pub(crate) fn new(config: Arc<SmtpConfig>, client: IpAddr, can_tls: bool) -> Self {
        let patience = config.patience(false);
        Self {
            config,
            client,
            can_tls,
            tls: false,
            helo: None,
            transaction: None,
            asked: None,
            patience,
            counts: Counts::default(),
        }
    }

    /// Whether a message has been begun and not ended.
    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Takes one line. `behind` says that more octets were already there behind it.
    pub(crate) fn line(&mut self, line: &Line, behind: bool, patience: Patience) -> Step<R> {
        self.patience = patience;
        let command = match line {
            Line::Command(text) => command::parse(text),
            Line::Dirty => Err(reply::bad_line()),
            Line::Overlong => {
                self.counts.overlong += 1;
                if self.counts.overlong >= self.config.max_overlong_lines {
                    return Step::Close(reply::too_many("overlong lines"));
                }
                Err(reply::line_too_long())
            }
        };
        match command {
            Ok(command) => self.command(command, behind),
            Err(wrong) => self.error(wrong),
        }
    }

    /// Answers [`Ask::Ready`].
    pub(crate) fn ready(&mut self, answer: Result<(), Refusal>) -> Step<R> {
        let Some(Asked::Mail(mail)) = self.asked.take() else { return internal() };
        if let Err(refusal) = answer {
            return Step::Say(Reply::from(&refusal));
        }
        self.transaction =
            Some(Transaction { mail, attempts: 0, recipients: Vec::new(), routes: Vec::new() });
        Step::Say(reply::sender_ok())
    }

    /// Answers [`Ask::Route`].
    pub(crate) fn routed(&mut self, answer: Result<R, Refusal>) -> Step<R> {
        let (Some(Asked::Recipient(address)), Some(transaction)) = (self.asked.take(), &mut self.transaction)
        else {
            return internal();
        };
        match answer {
            Ok(route) => {
                transaction.recipients.push(address);
                transaction.routes.push(route);
                Step::Say(reply::recipient_ok())
            }
            Err(Refusal::NoSuchInbox) => self.unknown(),
            Err(Refusal::RelayDenied) => self.error(Reply::from(&Refusal::RelayDenied)),
            Err(refusal) => Step::Say(Reply::from(&refusal)),
        }
    }

    /// Answers [`Ask::Collect`].
    pub(crate) fn collected(&mut self, answer: Collected) -> Step<R> {
        let Some(Asked::Text(transaction)) = self.asked.take() else { return internal() };
        self.counts.messages = self.counts.messages.saturating_add(1);
        match answer {
            // Before all else: a smuggler may not learn another fate by making the message large.
            Collected::Text(_, flaws) if flaws.smuggling => Step::Say(reply::smuggling()),
            Collected::Text(_, flaws) if flaws.too_large => Step::Say(Reply::from(&Refusal::TooLarge)),
            Collected::NoRoom => Step::Say(Reply::from(&Refusal::Busy)),
            Collected::Text(bytes, flaws) => {
                let envelope = Envelope {
                    from: transaction.mail.from,
                    helo: self.helo.clone().unwrap_or_default(),
                    client: self.client,
                    tls: self.tls,
                    smtputf8: transaction.mail.smtputf8,
                };
                let Flaws { bare_lf, long_line, .. } = flaws;
                Step::Ask(Ask::Ingest(Received { envelope, bytes, bare_lf, long_line }, transaction.routes))
            }
        }
    }

    /// Answers [`Ask::Ingest`] with the id of the first delivery, once it is durable.
    pub(crate) fn ingested(&mut self, answer: Result<String, Refusal>) -> Step<R> {
        match answer {
            Ok(id) => {
                self.counts.junk = 0;
                Step::Say(reply::taken(&id))
            }
            Err(refusal) => Step::Say(Reply::from(&refusal)),
        }
    }

    /// Answers [`Ask::StartTls`]. RFC 3207 4.2: what was said in the clear is forgotten, the name too.
    pub(crate) fn secured(&mut self) {
        self.tls = true;
        self.helo = None;
        self.transaction = None;
        self.asked = None;
    }

    fn command(&mut self, command: Command, behind: bool) -> Step<R> {
        match command {
            // RFC 2920 3.1: these end a group, for what follows depends on their reply.
            Command::Ehlo(_) | Command::Helo(_) | Command::Data | Command::StartTls if behind => {
                Step::Close(reply::spoke_ahead())
            }
            Command::Ehlo(host) => {
                let offer = self.can_tls && !self.tls;
                self.hello(host, reply::ehlo(&self.config, offer))
            }
            Command::Helo(host) => self.hello(host, reply::helo(&self.config.hostname)),
            Command::Mail(mail) => self.mail(mail),
            Command::Rcpt(path) => self.rcpt(&path),
            Command::Data => self.data(),
            Command::StartTls => self.start_tls(),
            Command::Rset => {
                self.transaction = None;
                self.junk(reply::ok())
            }
            Command::Noop => self.junk(reply::ok()),
            Command::Help => self.junk(reply::help()),
            Command::Vrfy => self.junk(reply::cannot_verify()),
            Command::Quit => Step::Close(reply::bye()),
            Command::Web => Step::Hang,
        }
    }

    fn hello(&mut self, host: String, reply: Reply) -> Step<R> {
        self.transaction = None;
        match self.helo.replace(host) {
            None => Step::Say(reply),
            Some(_) => self.junk(reply),
        }
    }

    fn mail(&mut self, mail: Mail) -> Step<R> {
        if self.helo.is_none() {
            return self.error(reply::out_of_order("say EHLO first"));
        }
        if self.transaction.is_some() {
            return self.error(reply::out_of_order("sender already given"));
        }
        let most = self.config.messages_per_connection;
        if most > 0 && self.counts.messages >= most {
            return Step::Close(reply::too_many("messages on one connection"));
        }
        if mail.size.is_some_and(|size| size > self.config.max_message_bytes) {
            return Step::Say(Reply::from(&Refusal::TooLarge));
        }
        let size = mail.size;
        self.asked = Some(Asked::Mail(mail));
        Step::Ask(Ask::Ready(size))
    }

    fn rcpt(&mut self, path: &str) -> Step<R> {
        let Some(transaction) = &mut self.transaction else {
            return self.error(reply::out_of_order("say MAIL first"));
        };
        if path.contains(['%', '!']) {
            return self.error(Reply::from(&Refusal::RelayDenied));
        }
        // A bounce goes to the one who sent; several recipients are a sign of abuse.
        let (taken, most) = match transaction.mail.from {
            None => (transaction.recipients.len(), 1),
            Some(_) => (transaction.attempts, self.config.max_recipients),
        };
        if taken >= most {
            return Step::Say(reply::too_many_recipients());
        }
        transaction.attempts += 1;
        let smtputf8 = transaction.mail.smtputf8;
        match self.address(path) {
            Ok(address) if self.has(&address) => Step::Say(reply::recipient_ok()),
            Ok(address) => {
                self.asked = Some(Asked::Recipient(address.clone()));
                Step::Ask(Ask::Route(address))
            }
            Err(BadAddress::Relay) => self.error(Reply::from(&Refusal::RelayDenied)),
            Err(BadAddress::Malformed) if !path.is_ascii() && !smtputf8 => {
                self.error(reply::needs_smtputf8())
            }
            // Well-formed for others, never given out by us: as unknown as any other, and said in the same words.
            Err(BadAddress::Malformed) if is_forward_path(path) => self.unknown(),
            Err(BadAddress::Malformed) => self.error(reply::bad_recipient()),
        }
    }

    fn data(&mut self) -> Step<R> {
        match self.transaction.take() {
            None => self.error(reply::out_of_order("say MAIL first")),
            // The group MAIL, RCPT, DATA is sent before its RCPT was refused, so this is nobody's error. RFC 2920 3.2.
            Some(transaction) if transaction.routes.is_empty() => {
                self.transaction = Some(transaction);
                Step::Say(reply::no_recipients())
            }
            Some(transaction) => {
                self.asked = Some(Asked::Text(transaction));
                Step::Ask(Ask::Collect)
            }
        }
    }

    fn start_tls(&mut self) -> Step<R> {
        if self.tls {
            self.error(reply::out_of_order("already encrypted"))
        } else if self.can_tls {
            Step::Ask(Ask::StartTls)
        } else {
            self.error(reply::not_implemented())
        }
    }

    /// The inbox a path may name. RFC 5321 4.5.1: a bare `postmaster` is always taken for one.
    fn address(&self, path: &str) -> Result<Address, BadAddress> {
        let own = format!("postmaster@{}", self.config.hostname);
        if !path.eq_ignore_ascii_case("postmaster") && !path.eq_ignore_ascii_case(&own) {
            return Address::parse(path);
        }
        // On a host without a public name no such inbox can exist, and an unknown one is said to be unknown.
        self.config.postmaster().map_or_else(|| Address::parse(&own), Ok)
    }

    fn has(&self, address: &Address) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.recipients.contains(address))
    }

    fn unknown(&mut self) -> Step<R> {
        self.counts.unknown += 1;
        if self.counts.unknown >= self.config.max_unknown_recipients {
            return Step::Close(reply::too_many("unknown recipients"));
        }
        Step::SayUnknown(Reply::from(&Refusal::NoSuchInbox))
    }

    fn error(&mut self, reply: Reply) -> Step<R> {
        self.counts.errors += 1;
        if self.counts.errors >= self.patience.max_errors {
            return Step::Close(reply::too_many("errors"));
        }
        Step::Say(reply)
    }

    fn junk(&mut self, reply: Reply) -> Step<R> {
        self.counts.junk += 1;
        if self.counts.junk >= self.patience.max_junk {
            return Step::Close(reply::too_many("idle commands"));
        }
        Step::Say(reply)
    }
}

/// The driver answered what was not asked; the peer is told to come again.
fn internal<R>() -> Step<R> {
    Step::Say(Reply::from(&Refusal::Internal))
}

/// `local@domain` by the loosest reading, or a bare postmaster; anything else is a syntax error.
fn is_forward_path(path: &str) -> bool {
    path.eq_ignore_ascii_case("postmaster")
        || path.rsplit_once('@').is_some_and(|(local, domain)| {
            let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains(' ')
                && (quoted || !local.contains(' '))
        })
}

#[cfg(test)]
mod tests;
