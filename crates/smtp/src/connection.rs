//! Drives one session over a socket: reads lines, answers the session's questions, writes replies, keeps time.
//!
//! Replies to a pipelined group leave in one write, before anything is waited for. Every wait has a deadline. What
//! the protocol is, the session knows; who may connect, the gate.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailward_mail::refusal::Refusal;
use mailward_mailroom::{Mailroom, Route, Taken};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::budget::Lease;
use crate::config::SmtpConfig;
use crate::data::Text;
use crate::gate::{Gate, Pass};
use crate::line::{Line, Lines};
use crate::proxy;
use crate::reply::{self, Reply};
use crate::session::{Ask, Collected, Session, Step};

/// How long a closing connection may take to read its last reply.
const PARTING: Duration = Duration::from_secs(1);
/// What a closing connection may still send: closing on unread octets would reset it and lose the last reply.
const PARTING_OCTETS: u64 = 64 * 1024;
/// A message of unknown size is begun only if there is room for at least this.
const SMALL_MESSAGE: u64 = 64 * 1024;

/// What all connections of a listener share.
pub(crate) struct Shared {
    pub(crate) config: Arc<SmtpConfig>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) mailroom: Mailroom,
    /// Sessions without a transaction end.
    pub(crate) soft: CancellationToken,
    /// Every session that waits for its peer ends.
    pub(crate) hard: CancellationToken,
}

impl Shared {
    /// Counts a reply that refuses: what never came as far as the mailroom leaves no other trace.
    pub(crate) fn note(&self, reply: &Reply) {
        if let Some(status) = reply.refuses() {
            self.mailroom.tracer().meters().count("reply", status, 1);
        }
    }
}

/// Talks with one peer until either side is done.
pub(crate) async fn serve(mut tcp: TcpStream, client: IpAddr, pass: Pass, shared: Arc<Shared>) {
    let mut session = Session::new(Arc::clone(&shared.config), client, shared.tls.is_some());
    let since = Instant::now();
    let mut talk = Talk::new(&mut tcp, &mut session, &pass, &shared, since);
    let end = match talk.greet().await {
        Ok(()) => talk.run(shared.config.first_command_timeout).await,
        Err(end) => end,
    };
    talk.part(&end).await;
    let (End::StartTls, Some(acceptor)) = (end, &shared.tls) else { return };
    let handshake = timeout(shared.config.command_timeout, acceptor.accept(tcp));
    let Ok(Ok(mut stream)) = handshake.await else { return };
    session.secured();
    let mut talk = Talk::new(&mut stream, &mut session, &pass, &shared, since);
    let end = talk.run(shared.config.command_timeout).await;
    talk.part(&end).await;
}

/// Why a stretch of talk is over.
#[derive(Debug)]
enum End {
    /// This is the last word.
    Say(Reply),
    /// Nothing more is said: the peer is gone, or deserves no word.
    Silent,
    /// 220 was said and the peer now speaks TLS.
    StartTls,
}

/// A talk in the clear, or in TLS.
struct Talk<'a, S> {
    stream: &'a mut S,
    session: &'a mut Session<Route>,
    pass: &'a Pass,
    shared: &'a Shared,
    lines: Lines,
    out: Vec<u8>,
    lease: Lease,
    /// Since when the next message is on its way: the connection, and behind the first one its MAIL FROM.
    since: Option<Instant>,
    /// When the open transaction must be over.
    until: Option<Instant>,
    /// What was said to be taken, until something read afterwards shows that the peer knows.
    taken: Option<Taken>,
    /// Whether nothing was read yet.
    fresh: bool,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    fn new(
        stream: &'a mut S,
        session: &'a mut Session<Route>,
        pass: &'a Pass,
        shared: &'a Shared,
        since: Instant,
    ) -> Self {
        let lines = Lines::new(shared.config.max_line_bytes);
        Self {
            stream,
            session,
            pass,
            shared,
            lines,
            out: Vec::new(),
            lease: pass.lease(),
            since: Some(since),
            until: None,
            taken: None,
            fresh: true,
        }
    }

    /// Greets a peer that waits to be greeted. RFC 5321 4.3.1: who does not is no mail server.
    async fn greet(&mut self) -> Result<(), End> {
        let wait =
            if self.shared.gate.stressed() { Duration::ZERO } else { self.shared.config.greeting_delay };
        match timeout(wait, self.stream.read(self.lines.space())).await {
            Ok(Ok(count)) if count > 0 => return Err(End::Say(reply::spoke_first())),
            Ok(_) => return Err(End::Silent),
            Err(_) => {}
        }
        reply::greeting(&self.shared.config.hostname).write_to(&mut self.out);
        self.flush().await
    }

    /// Takes commands until the end, the first of them within `first`.
    async fn run(&mut self, first: Duration) -> End {
        let mut patience = first;
        loop {
            let line = match self.line(patience).await {
                Ok(line) => line,
                Err(end) => return end,
            };
            if let Err(end) = self.answer(&line).await {
                return end;
            }
            patience = self.shared.gate.patience().command_timeout;
        }
    }

    /// The last reply, and the end of the connection.
    async fn part(&mut self, end: &End) {
        let End::Say(reply) = end else { return };
        tracing::debug!(code = reply.code(), "an SMTP session ends");
        self.say(reply);
        let parting = async {
            self.stream.write_all(&self.out).await?;
            self.stream.shutdown().await?;
            tokio::io::copy(&mut self.stream.take(PARTING_OCTETS), &mut tokio::io::sink()).await
        };
        // Whatever fails here, the connection is closed next.
        let _ = timeout(PARTING, parting).await;
    }

    fn say(&mut self, reply: &Reply) {
        self.shared.note(reply);
        reply.write_to(&mut self.out);
    }

    async fn line(&mut self, patience: Duration) -> Result<Line, End> {
        let mut until: Option<Instant> = None;
        loop {
            if self.shared.soft.is_cancelled() && !self.session.in_transaction() {
                return Err(End::Say(reply::shutting_down()));
            }
            if let Some(line) = self.lines.next() {
                return Ok(line);
            }
            self.flush().await?;
            // One deadline for the whole line: a peer that sends an octet at a time gains nothing.
            let until = *until.get_or_insert_with(|| Instant::now() + patience);
            let until = self.until.map_or(until, |end| end.min(until));
            let stop = if self.session.in_transaction() { &self.shared.hard } else { &self.shared.soft };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(End::Say(reply::shutting_down())),
                read = timeout_at(until, self.stream.read(self.lines.space())) => match read {
                    Err(_) => return Err(End::Say(reply::timed_out())),
                    Ok(read) => self.filled(read)?,
                },
            }
        }
    }

    async fn answer(&mut self, line: &Line) -> Result<(), End> {
        let behind = !self.lines.unread().is_empty();
        let mut step = self.session.line(line, behind, self.shared.gate.patience());
        loop {
            let ask = match step {
                Step::Ask(ask) => ask,
                Step::Say(reply) => {
                    self.say(&reply);
                    return Ok(());
                }
                Step::SayUnknown(reply) => return self.unknown(&reply).await,
                Step::Close(reply) => return Err(End::Say(reply)),
                Step::Hang => return Err(End::Silent),
            };
            step = match ask {
                Ask::Ready(size) => {
                    self.since.get_or_insert_with(Instant::now);
                    self.until = Some(Instant::now() + self.shared.config.transaction_timeout);
                    let answer = self.metered(self.ready(size).await);
                    self.session.ready(answer)
                }
                Ask::Route(address) => {
                    let answer = self.metered(self.shared.mailroom.route(&address).await);
                    self.session.routed(answer)
                }
                Ask::Collect => {
                    let collected = self.collect().await?;
                    self.session.collected(collected)
                }
                Ask::Ingest(received, routes) => {
                    let (bytes, came) = (received.bytes.len(), Instant::now());
                    let answer = self.metered(self.shared.mailroom.ingest(received, routes).await);
                    self.lease.clear();
                    let since = self.since.take().unwrap_or(came);
                    if let Ok(taken) = &answer {
                        self.shared.mailroom.tell_taken(taken, bytes, since, came);
                    }
                    let answer = answer.map(|taken| self.remember(taken));
                    self.session.ingested(answer)
                }
                Ask::StartTls => {
                    reply::ready_for_tls().write_to(&mut self.out);
                    self.flush().await?;
                    return Err(End::StartTls);
                }
            };
            if !self.session.in_transaction() {
                self.until = None;
            }
        }
    }

    /// Counts what is refused, by its reason.
    fn metered<T>(&self, answer: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &answer {
            self.shared.mailroom.tracer().meters().count("refused", refusal.word(), 1);
        }
        answer
    }

    async fn ready(&self, size: Option<u64>) -> Result<(), Refusal> {
        if !self.lease.could_hold(size.unwrap_or(SMALL_MESSAGE.min(self.shared.config.max_message_bytes))) {
            return Err(Refusal::Busy);
        }
        self.shared.mailroom.ready_for_mail().await
    }

    async fn unknown(&mut self, reply: &Reply) -> Result<(), End> {
        if self.pass.unknown_recipient() {
            return Err(End::Say(reply::banned()));
        }
        let tarpit = self.shared.gate.patience().tarpit;
        if !tarpit.is_zero() {
            self.flush().await?;
            sleep(tarpit).await;
        }
        self.say(reply);
        Ok(())
    }

    async fn collect(&mut self) -> Result<Collected, End> {
        reply::go_ahead().write_to(&mut self.out);
        self.flush().await?;
        let config = Arc::clone(&self.shared.config);
        let whole = self.until.unwrap_or_else(|| Instant::now() + config.transaction_timeout);
        let mut text = Text::new(config.max_message_bytes);
        let mut no_room = false;
        let mut came: u64 = 0;
        let mut first: Option<Instant> = None;
        loop {
            let used = text.feed(self.lines.unread());
            self.lines.consume(used);
            came += used as u64;
            if !self.lease.hold(text.held()) {
                no_room = true;
                text.abandon();
                self.lease.clear();
            }
            if text.ended() {
                break;
            }
            // The pace counts from the first octet: scanning what it sends, a relay may be silent after 354.
            let pace = first.map_or(whole, |first| first + pace(&config, came));
            let until = whole.min(Instant::now() + config.data_timeout);
            tokio::select! {
                biased;
                () = self.shared.hard.cancelled() => return Err(End::Say(reply::shutting_down())),
                read = timeout_at(until.min(pace), self.stream.read(self.lines.space())) => match read {
                    Err(_) if pace < until => return Err(End::Say(reply::too_slow())),
                    Err(_) => return Err(End::Say(reply::timed_out())),
                    Ok(read) => self.filled(read)?,
                },
            }
            first.get_or_insert_with(Instant::now);
        }
        self.until = None;
        let (bytes, flaws) = text.finish();
        Ok(if no_room && !flaws.smuggling { Collected::NoRoom } else { Collected::Text(bytes, flaws) })
    }

    /// Keeps what was taken until the peer is known to know; answers the id to name.
    fn remember(&mut self, taken: Taken) -> String {
        let id = taken.ids.first().map(ToString::to_string).unwrap_or_default();
        self.taken = Some(taken);
        id
    }

    fn filled(&mut self, read: std::io::Result<usize>) -> Result<(), End> {
        let count = read.map_err(|_| End::Silent)?;
        if count == 0 {
            return Err(End::Silent);
        }
        self.lines.filled(count);
        // Whoever may announce a client has done so before this talk; anybody else would choose an address for itself.
        if std::mem::take(&mut self.fresh) && proxy::is_claimed(self.lines.unread()) {
            return Err(End::Say(reply::announced()));
        }
        // Only what is read after the 250 was written shows that it was read: a command already here did not.
        if let Some(taken) = self.taken.take() {
            self.shared.mailroom.acknowledged(taken);
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let writing = async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        };
        match timeout(self.shared.config.command_timeout, writing).await {
            Ok(Ok(())) => {
                self.out.clear();
                Ok(())
            }
            _ => Err(End::Silent),
        }
    }
}

/// How long after its first octet a message may have brought no more than `came`.
fn pace(config: &SmtpConfig, came: u64) -> Duration {
    match came.saturating_mul(1000).checked_div(config.min_rate) {
        Some(millis) => config.min_rate_grace.max(Duration::from_millis(millis)),
        None => config.transaction_timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_holds_after_its_grace_and_not_before() {
        let config = SmtpConfig::default();
        assert_eq!(pace(&config, 0), Duration::from_secs(10));
        assert_eq!(pace(&config, 5_000), Duration::from_secs(10));
        assert_eq!(pace(&config, 50_000), Duration::from_secs(100));
        assert_eq!(pace(&SmtpConfig { min_rate: 0, ..config }, 1), Duration::from_secs(300));
    }
}
