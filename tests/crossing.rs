//! The whole: random requests to every route, with ids and tokens of one tenant in the hands of another.
//!
//! Each tenant has a word of its own in everything that a sender or an agent writes. Nobody else is ever told any of it:
//! in no status, header, body, error, webhook call or log line, in clear or encoded. And what belongs to somebody else
//! is answered byte for byte as what never was. The choices follow from one seed, which a failure names.
//!
//! The suite makes a short run on both databases. The long one:
//!
//!     MAILWARD_CROSSINGS=100000 cargo nextest run -p mailward --test mailward -E 'test(/crossing.*sqlite/)'
//!
//! `MAILWARD_SEED` makes other choices. Needs a time limit beyond nextest's default: `--profile long`.

mod cases;
pub mod logs;
mod owner;

use std::collections::{BTreeMap, BTreeSet};

use mailward_mail::random::Random;
use serde_json::{Value, json};

use crate::world::http::{Answer, Kept, Request};
use crate::world::mail::{Sender, plain};
use crate::world::{Engine, World, both_databases};
use cases::{Body, CASES, Case, Kind, Query};
use logs::Logs;
use owner::Owner;

both_databases!(no_tenant_is_told_anything_of_another, every_route_has_its_case);

const DEFAULT_CALLS: usize = 3_000;
const TENANTS: [&str; 3] = ["ada", "bob", "cem"];

/// Choices that follow from a seed.
#[derive(Clone)]
pub struct Dice(Random);

impl Dice {
    pub fn new(random: Random) -> Self {
        Self(random)
    }

    pub fn below(&self, n: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.0.bytes()) % n as u64).expect("it is below n")
    }

    pub fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Whose thing an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Foreign,
    /// Of the right form, issued to nobody.
    Never,
    /// No id of this kind.
    Nonsense,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Tenant,
    Inbox,
    Reviewer,
    Operator,
    Revoked,
    Garbage,
    Nobody,
}

/// Everything of one run.
struct Run {
    world: World,
    dice: Dice,
    owners: Vec<Owner>,
    public: Kept,
    private: Kept,
    calls: usize,
    /// Of each route: answers 2xx with its own ids, own words seen, foreign ids tried.
    seen: BTreeMap<&'static str, [usize; 3]>,
}

async fn no_tenant_is_told_anything_of_another(world: World) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let seed = number("MAILWARD_SEED", 20_261_122);
    let calls = usize::try_from(number("MAILWARD_CROSSINGS", DEFAULT_CALLS as u64)).expect("a count");
    let logs = Logs::keep();
    let world = world
        .start_with(&[
            "webhooks.allow_private=[\"127.0.0.0/8\"]",
            "smtp.messages_per_connection=0",
            "smtp.max_connections_per_ip=0",
        ])
        .await;
    let mut owners = Vec::new();
    for name in TENANTS {
        owners.push(Owner::new(&world, name).await);
    }
    let dice = Dice::new(Random::seeded(seed));
    let (public, private) = (Kept::default(), Kept::default());
    let mut run = Run { world, dice, owners, public, private, calls: 0, seen: BTreeMap::new() };
    let shown = Shown(seed);
    while run.calls < calls {
        if run.dice.percent(1) {
            run.mail().await;
        } else {
            run.call().await;
        }
    }
    run.every_route_was_tried(calls);
    run.everything_is_still_there().await;
    run.webhooks_told_nothing().await;
    run.world.stop().await;
    logs.tell_of_nobody(&run.owners);
    drop(shown);
    #[expect(clippy::print_stdout, reason = "the figure of the long run")]
    {
        println!("{} calls, seed {seed}: no leak", run.calls);
    }
}

/// Names the seed when a test fails.
struct Shown(u64);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "whoever sees the failure wants to see it again")]
            {
                eprintln!("again with MAILWARD_SEED={}", self.0);
            }
        }
    }
}

impl Run {
    /// One random request, and its twin with ids of nobody where it named something foreign.
    async fn call(&mut self) {
        let dice = self.dice.clone();
        let mut case = dice.pick(CASES);
        // Chance alone leaves some of many routes out.
        let left: Vec<&Case> = CASES
            .iter()
            .filter(|case| {
                let [own, words, foreign] = self.seen.get(case.route).copied().unwrap_or_default();
                (own == 0 && !case.is_closed)
                    || (words == 0 && case.shows)
                    || (foreign == 0 && case.names_somebody())
            })
            .collect();
        if dice.percent(20) && !left.is_empty() {
            case = *dice.pick(&left);
        }
        while case.is_slow && !dice.percent(30) {
            case = dice.pick(CASES);
        }
        let actor = dice.below(self.owners.len());
        let victim = (actor + 1 + dice.below(self.owners.len() - 1)) % self.owners.len();
        let whose: Vec<Whose> = {
            // Every place of the path alike, most of the time: what fits together is what gets furthest.
            let all = [Whose::Own, Whose::Own, Whose::Foreign, Whose::Foreign, Whose::Never, Whose::Nonsense];
            let one = *dice.pick(&all);
            let each = dice.percent(30);
            let each = |kind: &Kind| match if each { *dice.pick(&all) } else { one } {
                // A place in a list belongs to nobody, and no more does a word.
                Whose::Foreign if matches!(kind, Kind::Index | Kind::Provider) => Whose::Own,
                whose => whose,
            };
            case.ids.iter().map(each).collect()
        };
        let holder = self.holder(case);
        let ids = self.ids(case, &whose, actor, victim);
        let token = self.token(holder, actor);
        let extra = self.extra(case, actor, victim);
        let answer = self.send(case, &ids, token.as_deref(), &extra).await;

        let mut may_know: BTreeSet<usize> = BTreeSet::new();
        match holder {
            Holder::Tenant | Holder::Inbox | Holder::Reviewer => _ = may_know.insert(actor),
            // An operator sees the names of inboxes, and of the tenant that was asked about alone.
            Holder::Operator if case.is_operators() => {
                may_know.extend(self.owners.iter().position(|owner| ids.first() == Some(&owner.tenant.id)));
            }
            _ => {}
        }
        let genuine = case.ids == [Kind::Signed];
        if genuine {
            // A link is a permission that may be handed on; a forged one is none.
            may_know.extend(self.owners.iter().position(|owner| owner.links.contains(&ids[0])));
        }
        let said =
            format!("{holder:?} of {} asks {} {ids:?} {extra:?}", self.owners[actor].tenant.id, case.route);
        self.tells_only(&answer, &may_know, &said);
        if holder != Holder::Operator && case.is_operators() {
            assert!(matches!(answer.status, 401 | 429), "{said}: {}", answer.text());
        }

        let counts = self.seen.entry(case.route).or_default();
        if whose.iter().all(|whose| *whose == Whose::Own) && answer.status < 300 {
            counts[0] += 1;
            counts[1] += usize::from(told(&self.owners[actor], &answer));
        }
        let is_foreign = whose.contains(&Whose::Foreign);
        counts[2] += usize::from(is_foreign);
        if is_foreign && !genuine && !(holder == Holder::Operator && case.is_operators()) {
            // Nobody is there who could be asked about: the same answer, byte for byte.
            let never: Vec<Whose> =
                whose.iter().map(|one| if *one == Whose::Foreign { Whose::Never } else { *one }).collect();
            let mut twin = self.ids(case, &never, actor, victim);
            for (at, one) in never.iter().enumerate() {
                if *one != Whose::Never || whose[at] == Whose::Never {
                    twin[at].clone_from(&ids[at]);
                }
            }
            let other = self.send(case, &twin, token.as_deref(), &extra).await;
            // Whoever guesses too often is told so, at whatever guess that comes to be.
            if ![answer.status, other.status].contains(&429) {
                assert_eq!(alike(&answer), alike(&other), "{said}, but of nobody: {twin:?}");
            }
            let is_known =
                !case.is_operators() && matches!(holder, Holder::Tenant | Holder::Inbox | Holder::Reviewer);
            assert!(
                !is_known || matches!(answer.status, 400 | 403 | 404),
                "{said}: {} {}",
                answer.status,
                answer.text()
            );
        }
        if answer.status < 300 && matches!(holder, Holder::Tenant | Holder::Inbox | Holder::Reviewer) {
            self.owners[actor].note(case, &ids, &answer).await;
        }
        if answer.status < 300 && holder == Holder::Operator {
            let concerned = self.owners.iter_mut().find(|owner| ids.first() == Some(&owner.tenant.id));
            if let Some(owner) = concerned {
                owner.note(case, &ids, &answer).await;
            }
        }
    }

    /// Mail to two tenants in one transaction: neither copy knows of the other.
    async fn mail(&mut self) {
        let (one, other) = (self.dice.below(3), self.dice.below(3));
        let address = |owner: &Owner| self.dice.pick(&owner.inboxes).address.clone();
        let to: BTreeSet<String> = [address(&self.owners[one]), address(&self.owners[other])].into();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let mut sender = Sender::connect(self.world.smtp).await.expect("connected");
        let reply = sender.send("s@example.com", &to, &plain("to both", "nothing of anybody")).await;
        let reply = reply.expect("a reply");
        assert!(reply.starts_with("250 "), "{reply}");
        for owner in &self.owners {
            assert!(!owner.canary.is_in(reply.as_bytes()), "{reply}");
        }
        self.calls += 1;
    }

    fn holder(&self, case: &Case) -> Holder {
        use Holder::{Garbage, Inbox, Nobody, Operator, Reviewer, Revoked, Tenant};
        let likely = match () {
            () if case.is_operators() => Operator,
            () if case.is_reviewers() => Reviewer,
            () => Tenant,
        };
        match self.dice.below(20) {
            0..=10 => likely,
            11..=13 => Tenant,
            14 | 15 => Inbox,
            16 => Reviewer,
            17 => *self.dice.pick(&[Operator, Nobody]),
            18 => Revoked,
            _ => *self.dice.pick(&[Garbage, Inbox, Inbox, Inbox]),
        }
    }

    fn token(&self, holder: Holder, actor: usize) -> Option<String> {
        let owner = &self.owners[actor];
        Some(match holder {
            Holder::Tenant => self.dice.pick(&owner.tokens).clone(),
            Holder::Inbox => self.dice.pick(&owner.inboxes).token.clone(),
            Holder::Reviewer => owner.tenant.review_token.clone(),
            Holder::Operator => self.world.operator_token.clone(),
            Holder::Revoked => owner.revoked.clone(),
            Holder::Garbage => {
                // One character of a neighbour's real token changed.
                let mut token =
                    self.owners[(actor + 1) % self.owners.len()].tenant.token.clone().into_bytes();
                let at = 5 + self.dice.below(token.len() - 5);
                token[at] = if token[at] == b'A' { b'B' } else { b'A' };
                String::from_utf8(token).expect("still ASCII")
            }
            Holder::Nobody => return None,
        })
    }

    fn ids(&self, case: &Case, whose: &[Whose], actor: usize, victim: usize) -> Vec<String> {
        let (own, foreign) = (&self.owners[actor], &self.owners[victim]);
        // Mail and its inbox belong together where both are the same tenant's.
        let pair = |owner: &Owner| self.dice.pick(&owner.emails).clone();
        let (own_pair, foreign_pair) = (pair(own), pair(foreign));
        let conversation = |owner: &Owner| self.dice.pick(&owner.threads).clone();
        let (own_thread, foreign_thread) = (conversation(own), conversation(foreign));
        case.ids
            .iter()
            .zip(whose)
            .map(|(kind, whose)| match whose {
                Whose::Never => kind.never(&self.dice),
                Whose::Nonsense => self.nonsense(*kind, foreign),
                Whose::Own | Whose::Foreign => {
                    let (owner, pair, thread) = match *whose {
                        Whose::Own => (own, &own_pair, &own_thread),
                        _ => (foreign, &foreign_pair, &foreign_thread),
                    };
                    match kind {
                        Kind::Inbox if case.spends => owner.spare_inbox.id.clone(),
                        Kind::Inbox if case.ids.contains(&Kind::Email) => pair.0.clone(),
                        Kind::Inbox if case.ids.contains(&Kind::Thread) => thread.0.clone(),
                        Kind::Thread => thread.1.clone(),
                        Kind::Inbox if case.ids.contains(&Kind::Lease) => owner.lease.0.clone(),
                        Kind::Lease => owner.lease.1.clone(),
                        Kind::Event => owner.event.clone(),
                        Kind::Inbox => self.dice.pick(&owner.inboxes).id.clone(),
                        Kind::Email => pair.1.clone(),
                        Kind::Held => self.dice.pick(&owner.held).clone(),
                        Kind::Key => owner.spare_key.clone(),
                        Kind::Allowed => owner.allowed.clone(),
                        Kind::Glass => owner.glass.clone(),
                        Kind::Suppression => owner.suppression.clone(),
                        Kind::Domain if case.spends => owner.spare_domain.clone(),
                        Kind::Domain => owner.domain.clone(),
                        Kind::Webhook if case.spends => owner.spare_webhook.clone(),
                        Kind::Webhook => owner.webhook.clone(),
                        Kind::Index => "0".to_owned(),
                        Kind::Provider => "x".to_owned(),
                        Kind::Signed => self.dice.pick(&owner.links).clone(),
                        Kind::Tenant => owner.tenant.id.clone(),
                    }
                }
            })
            .collect()
    }

    /// Something that is no id of this kind, though it may be one of another or close to one.
    fn nonsense(&self, kind: Kind, foreign: &Owner) -> String {
        let forged = || {
            // A genuine link with another payload: the signature is over what it was.
            let mut link = self.dice.pick(&foreign.links).clone().into_bytes();
            let at = self.dice.below(link.len());
            link[at] = if link[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(link).expect("still ASCII")
        };
        match (kind, self.dice.below(6)) {
            (Kind::Signed, _) => forged(),
            (Kind::Index, _) => self.dice.pick(&["1", "9", "-1", "4294967296", "x", "%30"]).to_string(),
            (_, 0) => foreign.webhook.clone(),
            (_, 1) => foreign.emails[0].1.to_uppercase(),
            (_, 2) => format!("{}%00", foreign.inboxes[0].id),
            (_, 3) => "..%2f..%2foperator%2fv1%2ftenants".to_owned(),
            (_, 4) => "%27%20OR%201=1".to_owned(),
            _ => foreign.tenant.id.clone(),
        }
    }

    /// Query, header and body: what else a request names.
    fn extra(&self, case: &Case, actor: usize, victim: usize) -> Extra {
        let (own, foreign) = (&self.owners[actor], &self.owners[victim]);
        let someone = if self.dice.percent(60) { foreign } else { own };
        let mut extra = Extra::default();
        extra.query = match case.query {
            Query::None => String::new(),
            Query::Page => match self.dice.below(3) {
                0 => "?limit=100".into(),
                1 => format!("?limit=1&cursor={}", self.dice.pick(&someone.cursors)),
                _ => "?limit=3".into(),
            },
            Query::Inboxes => match self.dice.below(4) {
                0 => "?limit=100".into(),
                1 => format!("?limit=1&cursor={}", self.dice.pick(&someone.cursors)),
                2 => format!("?clientId={}", someone.client_id),
                _ => format!("?address={}", self.dice.pick(&someone.inboxes).address.replace('@', "%40")),
            },
            Query::Chain => match self.dice.below(3) {
                0 => format!("?tenant={}", someone.tenant.id),
                1 => "?tenant=never-was".into(),
                _ => "?limit=3".into(),
            },
            Query::Search => match self.dice.below(4) {
                0 => format!("?q={}", someone.canary.word()),
                1 => format!("?q=&inboxId={}", self.dice.pick(&someone.inboxes).id),
                2 => format!("?limit=1&cursor={}", self.dice.pick(&someone.cursors)),
                _ => format!("?from={}&limit=3", someone.canary.word()),
            },
            Query::Month => self.dice.pick(&["", "?format=csv", "?month=2026-01"]).to_string(),
            Query::Usage => match self.dice.below(3) {
                1 => "?by=inbox&format=csv".into(),
                0 => format!("?inboxId={}", self.dice.pick(&someone.inboxes).id),
                _ => String::new(),
            },
            Query::View => self.dice.pick(&["", "?view=safe", "?view=safe&offset=3"]).to_string(),
            Query::Walk => format!("?chain={}", someone.tenant.id),
            Query::Events => match self.dice.below(3) {
                0 => format!("?after={}", someone.event),
                1 => "?limit=3".into(),
                _ => "?limit=100".into(),
            },
            Query::Stream => match self.dice.below(3) {
                0 => "?timeout=1".into(),
                _ => format!("?timeout=1&after={}", someone.event),
            },
            Query::Code => {
                self.dice.pick(&["?timeout=0&since=2001-01-01T00:00:00Z", "?timeout=0"]).to_string()
            }
            Query::Poll => self
                .dice
                .pick(&["?timeout=0&after=0", "?timeout=0&since=2001-01-01T00:00:00Z", "?timeout=0"])
                .to_string(),
        };
        extra.body = match case.body {
            Body::None => None,
            Body::Inbox => {
                if self.dice.percent(50) {
                    extra.idempotency = Some(someone.idempotency_key.clone());
                }
                let mut body = json!({ "displayName": own.canary.word() });
                if self.dice.percent(30) {
                    body["clientId"] = json!(someone.client_id);
                }
                if self.dice.percent(20) {
                    let address = &self.dice.pick(&someone.inboxes).address;
                    body["localPart"] = json!(address.split('@').next());
                }
                Some(body)
            }
            Body::Name => Some(json!({ "displayName": own.canary.word() })),
            Body::Key => {
                let inbox = &self.dice.pick(&someone.inboxes).id;
                Some(json!({ "name": own.canary.word(), "scopes": ["read"], "inboxId": inbox }))
            }
            Body::Webhook => {
                let inbox = &self.dice.pick(&someone.inboxes).id;
                Some(json!({ "url": own.hook_url, "inboxId": inbox, "include": "body" }))
            }
            Body::Include => Some(json!({ "include": "body" })),
            Body::Replay => Some(json!({ "since": "2026-11-01T00:00:00Z" })),
            // Whoever claims it too, the answer is the same; the name itself is the caller's own word.
            Body::Domain => Some(json!({ "domain": format!("made.{}.example.com", own.canary.word()) })),
            Body::Address => Some(json!({ "address": format!("{}@made.example.com", own.canary.word()) })),
            Body::Relay => Some(json!({
                "url": format!("smtp://{}.example.com", own.canary.word()),
                "user": own.canary.word(),
                "password": "it is shown to nobody",
            })),
            Body::Brand => Some(json!({ "name": "chosen by the operator" })),
            Body::Reason => Some(json!({ "reason": own.canary.word() })),
            // Whoever it is made for, no tenant wrote it.
            Body::Operators => Some(json!({ "displayName": "made by the operator" })),
            Body::Why => Some(json!({ "reason": "the tenant asked to have it looked at" })),
            // One that lives would be revoked.
            Body::Scan => Some(json!({ "token": someone.revoked })),
            Body::Issue => Some(json!({ "kind": "tenant" })),
            Body::Trial => Some(json!({ "at": "2026-11-22T10:00:00.000Z", "doors": [] })),
            Body::Trespass => Some(json!({
                "by": own.tenant.id,
                "inbox": foreign.emails[0].0,
                "email": foreign.emails[0].1,
                "key": foreign.spare_key,
            })),
            Body::Heads => Some(json!({ "heads": [format!("{} 1 {}", someone.tenant.id, "00".repeat(32))] })),
            Body::Plan => Some(json!({ "plan": "scale" })),
            Body::Rotate => Some(json!({ "tenant": someone.tenant.id })),
            // Whoever it is chosen for, no tenant wrote it.
            Body::Gate if case.is_operators() => Some(json!({ "hold": "high" })),
            Body::Gate => {
                let word = own.canary.word();
                Some(
                    json!({ "rules": [{ "phrase": word }], "trustedSenders": [format!("{word}@example.com")] }),
                )
            }
            Body::Tool => {
                let (inbox, email) = self.dice.pick(&someone.emails).clone();
                let calls = [
                    ("list_inboxes", json!({})),
                    ("get_account", json!({})),
                    ("check_inbox", json!({ "inboxId": inbox })),
                    ("wait_for_email", json!({ "inboxId": inbox, "timeoutSeconds": 0, "after": 0 })),
                    ("get_email", json!({ "inboxId": inbox, "emailId": email })),
                    ("get_email", json!({ "inboxId": own.emails[0].0, "emailId": email })),
                    ("get_email", json!({ "inboxId": inbox, "emailId": self.dice.pick(&someone.held) })),
                    ("get_attachment", json!({ "inboxId": inbox, "emailId": email, "index": 0 })),
                ];
                let (tool, arguments) = self.dice.pick(&calls).clone();
                let (call, headers) = crate::mcp::client::modern(tool, arguments);
                extra.headers = headers;
                Some(call)
            }
            Body::Send => {
                if self.dice.percent(30) {
                    extra.idempotency = Some(someone.idempotency_key.clone());
                }
                let from = &self.dice.pick(&someone.inboxes).address;
                let word = own.canary.word();
                // To nobody here: what one tenant writes to another it shows on purpose.
                let mut body = json!({ "from": from, "to": ["nobody@elsewhere.test"], "subject": word, "body": { "text": word } });
                if self.dice.percent(50) {
                    body["inReplyTo"] = json!(self.dice.pick(&someone.emails).1);
                }
                Some(body)
            }
            Body::Say => {
                Some(json!({ "body": { "text": own.canary.word() }, "replyAll": self.dice.percent(50) }))
            }
            Body::Forward => Some(json!({ "to": ["nobody@elsewhere.test"], "text": own.canary.word() })),
            Body::Claim => Some(json!({ "max": 1, "seconds": 1 })),
            Body::Empty => Some(json!({})),
            // A slug that was issued before: nobody is made here.
            Body::Tenant => Some(json!({ "id": someone.tenant.id })),
        };
        extra
    }

    async fn send(&mut self, case: &Case, ids: &[String], token: Option<&str>, extra: &Extra) -> Answer {
        let (to, kept) = match case.is_private() {
            true => (self.world.operator, &mut self.private),
            false => (self.world.http, &mut self.public),
        };
        let (method, path) = case.route.split_once(' ').expect("a method and a path");
        let mut ids = ids.iter();
        let path: String = path
            .split('/')
            .map(|word| if word.starts_with('{') { ids.next().expect("an id for each place") } else { word })
            .collect::<Vec<_>>()
            .join("/");
        let mut request = Request::new(to, method, path + &extra.query);
        request = token.into_iter().fold(request, Request::token);
        request =
            extra.idempotency.iter().fold(request, |request, key| request.header("idempotency-key", key));
        for (name, value) in &extra.headers {
            request = request.header(name, value);
        }
        request = extra.body.iter().fold(request, Request::json);
        loop {
            self.calls += 1;
            let answer = request.clone().over(kept).await;
            // Who asks too often is told so before anything else; a wrong token's 429 is as good as its 401.
            if answer.status != 429 || answer.header("ratelimit-limit").is_none() {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
    }

    #[track_caller]
    fn tells_only(&self, answer: &Answer, may_know: &BTreeSet<usize>, said: &str) {
        for (at, owner) in self.owners.iter().enumerate() {
            assert!(
                may_know.contains(&at) || !told(owner, answer),
                "{said} and is told of {}: {} {:?} {}",
                owner.tenant.id,
                answer.status,
                answer.headers,
                answer.text()
            );
        }
        assert!(answer.status < 500, "{said}: {} {}", answer.status, answer.text());
    }

    fn every_route_was_tried(&self, calls: usize) {
        if calls < DEFAULT_CALLS {
            return;
        }
        for case in CASES {
            let [own, words, foreign] = self.seen.get(case.route).copied().unwrap_or_default();
            assert!(own > 0 || case.is_closed, "{} never answered its own tenant", case.route);
            assert!(
                foreign > 0 || !case.names_somebody(),
                "{} was never asked for something foreign",
                case.route
            );
            assert!(words > 0 || !case.shows, "{} never showed a tenant its own word", case.route);
        }
    }

    async fn everything_is_still_there(&mut self) {
        for owner in &self.owners {
            owner.is_whole().await;
        }
    }

    async fn webhooks_told_nothing(&mut self) {
        for at in 0..self.owners.len() {
            // One more mail, whose call shows that the calls before it have arrived or are on their way.
            let address = self.owners[at].inboxes[0].address.clone();
            self.world.deliver_raw(&plain("the last", "x"), &[&address]).await;
            let mut calls = 0;
            loop {
                let call = self.owners[at].hooked.recv().await.expect("a call");
                calls += 1;
                let text = format!("{:?} {}", call.headers, String::from_utf8_lossy(&call.body));
                for (other, owner) in self.owners.iter().enumerate() {
                    assert!(other == at || !owner.canary.is_in(text.as_bytes()), "{text}");
                }
                if text.contains("the last") {
                    break;
                }
            }
            assert!(calls > 1, "{} heard of its mail", self.owners[at].tenant.id);
        }
    }
}

/// What stands beside a path.
#[derive(Debug, Default)]
struct Extra {
    query: String,
    idempotency: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// Whether an answer tells of a tenant, anywhere.
fn told(owner: &Owner, answer: &Answer) -> bool {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    owner.canary.is_in(headers.as_bytes()) || owner.canary.is_in(&answer.body)
}

/// All of an answer but the request's own name, and the moment.
fn alike(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-request-id").unwrap_or("none").to_owned();
    let is_moment = |name: &str| matches!(name, "x-request-id" | "date");
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| !is_moment(name)).cloned().collect();
    headers.sort();
    (answer.status, headers, answer.text().replace(&id, "req"))
}

/// The routes describe themselves, and each of them has its line in [`CASES`]: a new one fails here.
async fn every_route_has_its_case(world: World) {
    let mut served = BTreeSet::new();
    for listener in [world.http, world.operator] {
        let api = Request::new(listener, "GET", "/openapi.json").send().await.expect(200);
        for (path, methods) in api["paths"].as_object().expect("paths") {
            for method in methods.as_object().expect("methods").keys() {
                served.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let tried: BTreeSet<String> = CASES.iter().map(|case| case.route.to_owned()).collect();
    assert_eq!(served, tried, "a line in tests/crossing/cases.rs for each route");
    assert_eq!(tried.len(), CASES.len(), "each route once");
    // Nothing is served that does not describe itself.
    let list = include_str!("../crates/web/src/routes.rs");
    let silent = ["route(", "nest(", "fallback", "nest_service"];
    assert!(silent.iter().all(|way| !list.replace(".routes(", "").contains(way)));
    let _ = Engine::Sqlite;
}
