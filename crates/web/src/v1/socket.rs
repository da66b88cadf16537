//! The WebSocket (RFC 6455): what happens in the inboxes that a client subscribes to, as it happens.
//!
//! Nothing waits in memory for a slow reader: each event is read from the log when the one before it was taken. The token
//! may stand in the URL here, and only here, for browsers can set no header; it goes into no log.

mod said;

use std::collections::HashMap;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use mailward_mail::id::InboxId;
use mailward_mailroom::access::Denied;
use mailward_mailroom::{Error, Followed, Following};
use mailward_store::Scopes;
use serde_json::Value;
use tokio::time::{Duration, Instant, interval, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::happening::HappeningView;
use crate::Web;
use crate::caller::{Caller, SocketCaller};
use crate::problem::Problem;
use crate::server::{Seat, Shutdown};
use said::Said;

/// The largest message of a client, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// Inboxes that one socket may be subscribed to.
const MOST_INBOXES: usize = 100;
/// Messages of a client that mean nothing, before it is given up.
const MOST_GARBAGE: u32 = 10;
/// Messages of a client between two looks at the clock.
const MOST_AT_ONCE: u32 = 200;
/// The wait after a subscription of a key that asks too often.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a peer has to take our goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a socket is closed: the codes of RFC 6455 7.4.1, and some of our own.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The client left, or the connection is lost: nobody to say goodbye to.
    Lost,
    /// The client closed it.
    Left,
    Shutdown,
    Garbage,
    TooLarge,
    TooSlow,
    Unavailable,
    KeyEnded,
    Suspended,
    NoInbox,
    Idle,
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Lost | Self::Left => return None,
            Self::Shutdown => (1001, "the service ends; connect again"),
            Self::Garbage => (1008, "too many messages, or too many that mean nothing"),
            Self::TooLarge => (1009, "the message is too large"),
            Self::TooSlow => {
                (1013, "too slow; connect again and subscribe with the last event's id as after")
            }
            Self::Unavailable => (1013, "the service cannot answer at the moment; connect again"),
            Self::KeyEnded => (4401, "the token is not valid any more"),
            Self::Suspended => (4423, "this tenant is suspended"),
            Self::NoInbox => (4404, "the inbox was deleted"),
            Self::Idle => (4408, "nothing was heard for too long"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// Opens a socket. The server says `{"type":"authenticated"}` first. The token stands in `token`, or in the header
/// `Authorization` as everywhere.
#[utoipa::path(get, path = "/v1/ws", operation_id = "connect", tag = "events",
    params(("token" = Option<String>, Query, description = "For clients that can set no header")),
    responses((status = 101, description = "A WebSocket; its events are of the schema StreamEvent"),
        (status = 426, description = "The request is no WebSocket handshake")))]
pub(crate) async fn open(
    SocketCaller(caller): SocketCaller,
    State(web): State<Web>,
    shutdown: Shutdown,
    seat: Seat,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let upgrade = upgrade.map_err(|_| Problem::upgrade_required())?;
    let place = web.room.open_stream(principal).await?;
    let upgrade = upgrade
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES)
        // What many that wait hold in memory.
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(async move |socket| {
        let now = Instant::now();
        let session = Session {
            web,
            caller,
            socket,
            shutdown,
            following: SelectAll::new(),
            subscribed: HashMap::new(),
            heard_at: now,
            asked_at: now,
            garbage: 0,
            at_once: 0,
        };
        session.run().await;
        drop((seat, place));
    }))
}

/// An open socket.
struct Session {
    web: Web,
    caller: Caller,
    socket: WebSocket,
    shutdown: Shutdown,
    following: SelectAll<Following>,
    /// Each ends its stream when it is dropped.
    subscribed: HashMap<InboxId, DropGuard>,
    heard_at: Instant,
    asked_at: Instant,
    garbage: u32,
    at_once: u32,
}

impl Session {
    async fn run(mut self) {
        let end = match self.tell(said::authenticated()).await {
            Ok(()) => self.serve().await,
            Err(end) => end,
        };
        if let Some(frame) = end.frame() {
            tracing::debug!(code = frame.code, "a socket was closed");
            let _ = timeout(GOODBYE, self.socket.send(Message::Close(Some(frame)))).await;
            // Whoever answers the goodbye has read it; closing before could take it from them.
            let answered = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            let _ = timeout(GOODBYE, answered).await;
        }
    }

    async fn serve(&mut self) -> End {
        let mut look = interval(self.web.config.streams.look);
        loop {
            let done = tokio::select! {
                () = self.shutdown.begun() => Err(End::Shutdown),
                heard = self.socket.recv() => match heard {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(error)) if is_too_large(&error) => Err(End::TooLarge),
                    Some(Err(_)) | None => Err(End::Lost),
                },
                Some((inbox, followed)) = self.following.next(), if !self.following.is_empty() => {
                    self.pass_on(inbox, followed).await
                }
                _ = look.tick() => self.look().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Passes an event on, if the key is still what it was.
    async fn pass_on(&mut self, inbox: InboxId, followed: Result<Followed, Error>) -> Result<(), End> {
        self.check().await?;
        match followed {
            Ok(Followed::Happened(happened)) => self.tell(HappeningView::of(&inbox, *happened).json()).await,
            Ok(Followed::Gone) => {
                self.subscribed.remove(&inbox);
                if self.subscribed.is_empty() {
                    return Err(End::NoInbox);
                }
                let name = [String::from(inbox)];
                self.tell(said::error("inbox_gone", "the inbox was deleted", &Value::Null, &name)).await
            }
            Err(error) => {
                tracing::warn!(%error, "events could not be read; a socket is closed");
                Err(End::Unavailable)
            }
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard_at = Instant::now();
        self.at_once += 1;
        if self.at_once > MOST_AT_ONCE {
            return Err(End::Garbage);
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Left),
            Message::Binary(_) => return self.garbage().await,
        };
        match Said::parse(&text) {
            None => self.garbage().await,
            Some(Said::Pong) => Ok(()),
            Some(Said::Ping) => self.tell(said::pong()).await,
            Some(Said::Subscribe { id, inbox_ids, after }) => {
                self.subscribe(&id, &inbox_ids, after.as_deref()).await?;
                self.slow_down().await
            }
            Some(Said::Unsubscribe { id, inbox_ids }) => {
                for inbox in inbox_ids.iter().filter_map(|text| said::inbox(text)) {
                    self.subscribed.remove(&inbox);
                }
                self.tell(said::done("unsubscribed", &id, &inbox_ids)).await?;
                self.slow_down().await
            }
        }
    }

    async fn subscribe(&mut self, id: &Value, names: &[String], after: Option<&str>) -> Result<(), End> {
        self.check().await?;
        let Ok(event) = said::event(after) else {
            return self.tell(said::error("unknown_event", UNKNOWN_EVENT, id, names)).await;
        };
        let (mut done, mut absent, mut too_many, mut unknown) = (vec![], vec![], vec![], vec![]);
        for name in names {
            let known = said::inbox(name);
            if let Some(inbox) = known.as_ref().filter(|inbox| self.subscribed.contains_key(inbox))
                && event.is_none()
            {
                done.push(String::from(inbox.clone()));
                continue;
            }
            let principal = self.caller.anyone();
            let place = match &known {
                None => Ok(None),
                Some(_) if self.subscribed.len() >= MOST_INBOXES => {
                    too_many.push(name.clone());
                    continue;
                }
                Some(inbox) => self.web.room.place_in_log(principal, inbox, event.as_ref()).await,
            };
            match (known, place) {
                (Some(inbox), Ok(Some(place))) => {
                    let token = CancellationToken::new();
                    let following = self.web.room.follow(principal, &inbox, place);
                    self.following.push(following.take_until(token.clone().cancelled_owned()).boxed());
                    // One that stood there before ends with this.
                    self.subscribed.insert(inbox, token.drop_guard());
                    done.push(name.clone());
                }
                (_, Ok(_)) => absent.push(name.clone()),
                (_, Err(Error::Invalid { .. })) => unknown.push(name.clone()),
                (_, Err(error)) => {
                    tracing::warn!(%error, "an inbox could not be subscribed to; the socket is closed");
                    return Err(End::Unavailable);
                }
            }
        }
        // The places are taken: what is committed from here on is told.
        if !done.is_empty() || names.is_empty() {
            self.tell(said::done("subscribed", id, &done)).await?;
        }
        for (code, message, names) in [
            ("not_found", "there is no such inbox, or it is not yours to see", absent),
            ("too_many_subscriptions", "a socket has at most 100 subscriptions", too_many),
            ("unknown_event", UNKNOWN_EVENT, unknown),
        ] {
            if !names.is_empty() {
                self.tell(said::error(code, message, id, &names)).await?;
            }
        }
        Ok(())
    }

    /// Looks at the clock: whether the key lives, and the client.
    async fn look(&mut self) -> Result<(), End> {
        self.at_once = 0;
        self.check().await?;
        let times = &self.web.config.streams;
        if self.heard_at.elapsed() >= times.idle {
            return Err(End::Idle);
        }
        if self.heard_at.elapsed() >= times.ping && self.asked_at.elapsed() >= times.ping {
            self.asked_at = Instant::now();
            // Once in our words and once in the protocol's: each client answers one of them by itself.
            self.tell(said::ping()).await?;
            self.send(Message::Ping(Vec::new().into())).await?;
        }
        Ok(())
    }

    async fn check(&mut self) -> Result<(), End> {
        match self.caller.denied(&self.web).await {
            None => Ok(()),
            Some(Denied::Suspended) => Err(End::Suspended),
            Some(Denied::Down(_) | Denied::TooManyFailures) => Err(End::Unavailable),
            Some(Denied::Unauthorized | Denied::WrongRegion(_)) => Err(End::KeyEnded),
        }
    }

    async fn garbage(&mut self) -> Result<(), End> {
        self.garbage += 1;
        if self.garbage > MOST_GARBAGE {
            return Err(End::Garbage);
        }
        let message = "send JSON with `type`: subscribe or unsubscribe with `inbox_ids`, ping or pong";
        self.tell(said::error("invalid_message", message, &Value::Null, &[])).await
    }

    /// Each subscription is a request: a key that makes too many of them waits.
    async fn slow_down(&mut self) -> Result<(), End> {
        if self.web.limits.request(self.caller.anyone().keyid()).is_err() {
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn tell(&mut self, text: String) -> Result<(), End> {
        self.send(Message::Text(text.into())).await
    }

    /// Sends a message. Whoever takes it too slowly is told so behind it, as far as it comes.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        let patience = self.web.config.streams.patience;
        let shutdown = self.shutdown.clone();
        let (socket, slow) = (&mut self.socket, sleep(patience));
        tokio::pin!(slow);
        let sending = socket.send(message);
        tokio::pin!(sending);
        let mut is_slow = false;
        loop {
            tokio::select! {
                sent = &mut sending => {
                    sent.map_err(|_| End::Lost)?;
                    return if is_slow { Err(End::TooSlow) } else { Ok(()) };
                }
                () = &mut slow => {
                    if is_slow {
                        return Err(End::Lost);
                    }
                    is_slow = true;
                    slow.as_mut().reset(Instant::now() + patience);
                }
                () = shutdown.begun() => return Err(End::Shutdown),
            }
        }
    }
}

const UNKNOWN_EVENT: &str = "there is no such event, or not any more: events are kept for 30 days. List the mail instead, \
                             and subscribe without `after`";

fn is_too_large(error: &axum::Error) -> bool {
    // The library's own error lies inside; it says so in no other way than its text.
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("too long"))
}
