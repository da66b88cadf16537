//! The one list of configuration keys: name, default, documentation.
//!
//! A default is written as TOML; `""` stands for none. What a key means is decided where its value is used.

/// One configuration key.
#[derive(Debug)]
pub struct Key {
    /// The dotted name, such as `smtp.listen`.
    pub name: &'static str,
    /// The default, as TOML.
    pub default: &'static str,
    /// What it is for, in one line.
    pub doc: &'static str,
}

const fn key(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { name, default, doc }
}

/// Keys whose value is shown to nobody.
pub(super) const SECRETS: &[&str] =
    &["screening.judge_key", "outbound.relay_password", "telemetry.otlp_authorization"];

/// Every key, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    key("data_dir", r#""./mailward-data""#, "directory of keys, databases and lock"),
    key("domain", r#""localhost.test""#, "domain of new addresses"),
    key("domains", "[]", "further domains that inboxes may have"),
    key("region", r#""local""#, "region of new tenants, bound into their keys"),
    key("regions", "[]", "regions whose tenants are served here; none: the one above"),
    key(
        "signup",
        r#""closed""#,
        "open: anyone may become a tenant of plan free; closed: only the operator makes tenants",
    ),
    key("smtp.listen", r#""127.0.0.1:2525""#, "address and port where mail comes in"),
    key("smtp.hostname", r#""""#, "name in the greeting and in trace headers; none: the machine's name"),
    key("smtp.tls_cert", r#""""#, "PEM certificate chain; with it STARTTLS is offered"),
    key("smtp.tls_key", r#""""#, "PEM key of smtp.tls_cert"),
    key("smtp.postmaster", r#""""#, "inbox of postmaster@ the hostname and of postmaster without a domain"),
    key(
        "smtp.proxy_protocol",
        "[]",
        "networks (CIDR) of TCP balancers: they must announce the client with PROXY protocol 2, nobody else may",
    ),
    key("smtp.max_message_bytes", "26214400", "octets of one message"),
    key("smtp.max_inflight_bytes", "268435456", "octets of all messages being received at a moment"),
    key(
        "smtp.max_inflight_bytes_per_ip",
        "67108864",
        "part of it for one IPv4 address or IPv6 /64; 0 = no limit",
    ),
    key("smtp.max_connections", "1000", "open sessions; 0 = no limit"),
    key("smtp.max_connections_per_ip", "20", "open sessions of one IPv4 address or IPv6 /64; 0 = no limit"),
    key("smtp.messages_per_connection", "100", "messages on one connection; 0 = no limit"),
    key("smtp.max_recipients", "100", "recipients of one message"),
    key("smtp.max_line_bytes", "1024", "octets of a command line with its CRLF"),
    key("smtp.max_overlong_lines", "3", "overlong command line at which the session is closed"),
    key("smtp.max_unknown_recipients", "10", "unknown recipient at which the session is closed"),
    key("smtp.max_errors", "20", "protocol error at which the session is closed"),
    key("smtp.max_junk", "50", "idle command since the last message at which the session is closed"),
    key("smtp.max_sources", "10000", "networks whose behaviour is remembered"),
    key(
        "smtp.ban_after_unknown",
        "50",
        "unknown recipients within ban_window_ms that ban a network; 0 = never",
    ),
    key("smtp.ban_window_ms", "600000", "how long an unknown recipient counts towards a ban"),
    key("smtp.ban_ms", "900000", "how long a ban lasts"),
    key("smtp.tarpit_ms", "1000", "wait before the reply to an unknown recipient"),
    key("smtp.greeting_delay_ms", "100", "wait before the greeting; who speaks in it is refused"),
    key("smtp.first_command_timeout_ms", "10000", "from the greeting to the first command"),
    key("smtp.command_timeout_ms", "60000", "from a reply to the next command"),
    key("smtp.data_timeout_ms", "120000", "for one read within a message"),
    key("smtp.transaction_timeout_ms", "300000", "from MAIL to the end of the message"),
    key("smtp.min_rate", "500", "octets a second that a message must bring on average; 0 = any"),
    key("smtp.min_rate_grace_ms", "10000", "from a message's first octet until min_rate holds"),
    key("smtp.drain_ms", "20000", "how long sessions may go on after a shutdown was asked for"),
    key("http.listen", r#""127.0.0.1:8080""#, "address and port of the API"),
    key("http.public_url", r#""""#, "what URLs of this service begin with; none: made from http.listen"),
    key("http.behind_proxy", "false", "a proxy in front brings TLS and tells the client's address"),
    key("http.tls_cert", r#""""#, "PEM certificate chain of the API"),
    key("http.tls_key", r#""""#, "PEM key of http.tls_cert"),
    key("http.max_connections", "12000", "open connections, sockets and waiting polls among them"),
    key("http.stream_ping_ms", "25000", "silence after which the peer of a socket or stream is pinged"),
    key("http.stream_idle_ms", "75000", "silence of its peer after which a socket is closed"),
    key("http.stream_patience_ms", "15000", "how long the peer of a socket may take for one event"),
    key("operator.listen", r#""127.0.0.1:8081""#, "address and port of the operator API"),
    key("operator.behind_proxy", "false", "a proxy in front brings TLS"),
    key("operator.tls_cert", r#""""#, "PEM certificate chain of the operator API"),
    key("operator.tls_key", r#""""#, "PEM key of operator.tls_cert"),
    key(
        "acme.http_listen",
        r#""""#,
        "address and port (0.0.0.0:80) where an authority's challenges are answered; with it certificates are ordered and renewed (docs/deploy.md)",
    ),
    key("acme.agree_terms", "false", "true: you agree to the terms of that authority"),
    key(
        "acme.directory",
        r#""https://acme-v02.api.letsencrypt.org/directory""#,
        "URL of the authority's directory (RFC 8555)",
    ),
    key("acme.contact", r#""""#, "address that the authority may write to; none: it knows none"),
    key(
        "acme.domains",
        "[]",
        "names of the certificate; none: the host of http.public_url, and smtp.hostname",
    ),
    key("acme.ca_file", r#""""#, "PEM file of authorities that the directory itself may be certified by"),
    key("acme.eab_id", r#""""#, "id of an account that you have there already (external account binding)"),
    key("acme.eab_key_file", r#""""#, "file with that account's HMAC key in base64url"),
    key("store.url", r#""sqlite""#, "sqlite (a file in data_dir) or postgres://... of the service's role"),
    key("store.owner_url", r#""""#, "postgres://... of the role that owns the schema and runs migrations"),
    key(
        "store.look_again_ms",
        "2000",
        "how often a waiting poll looks by itself; other nodes tell of new mail at once, this is for when they cannot",
    ),
    key(
        "keys.provider",
        r#""file""#,
        "where the master key comes from: file, env, systemd-credential, passphrase or command",
    ),
    key("keys.file", r#""""#, "file of provider file; none: master.key in data_dir"),
    key(
        "keys.passphrase_file",
        r#""""#,
        "file with the passphrase of provider passphrase; none: it is asked for",
    ),
    key("keys.command", "[]", "program of provider command, and its arguments"),
    key("keys.command_timeout_ms", "5000", "how long that program may take for one answer"),
    key("keys.lock_memory", "true", "keep keys out of swap where the system allows it"),
    key(
        "keys.store_url",
        r#""""#,
        "postgres://... of the keystore; none: a file in data_dir. Needed for more than one node",
    ),
    key(
        "keys.store_owner_url",
        r#""""#,
        "postgres://... of the role that runs the keystore's migrations; none: that of keys.store_url, if it may",
    ),
    key("screening.hold", r#""high""#, "level from which mail is held: medium, high or never"),
    key(
        "screening.held_days",
        "30",
        "days after which held mail that nobody decided on is rejected; 0 = never",
    ),
    key("screening.deep", r#""grey""#, "when the deep model is asked: grey (in doubt), always or off"),
    key("screening.threads", "0", "threads that parse and score; 0 = one per core"),
    key(
        "screening.judge_url",
        r#""""#,
        "OpenAI-compatible endpoint that is shown the text of grey mail (docs/judge.md); none: no mail leaves to be judged",
    ),
    key("screening.judge_model", r#""""#, "name of the model there"),
    key(
        "screening.judge_key",
        r#""""#,
        "its API key; better in MAILWARD__SCREENING__JUDGE_KEY or the file below than here",
    ),
    key("screening.judge_key_file", r#""""#, "file with its API key"),
    key(
        "screening.judge_format",
        r#""json_object""#,
        "how it is asked for JSON beside the prompt: json_object, json_schema, or none where it refuses both",
    ),
    key("screening.judge_deadline_ms", "20000", "how long one answer may take"),
    key(
        "screening.judge_patience_ms",
        "600000",
        "how long a mail waits for the judge in all; then its score stands",
    ),
    key("screening.judge_grey_from", "35", "lowest score that the judge is asked about"),
    key(
        "screening.judge_grey_to",
        "69",
        "highest score that the judge is asked about; what is high stays high",
    ),
    key(
        "screening.judge_max_bytes",
        "16384",
        "bytes of one mail's text that are sent; of longer mail the ends",
    ),
    key("screening.judge_concurrency", "8", "questions at once, on each node; half of them for one tenant"),
    key("screening.judge_tenants", "[]", "tenants whose mail may be shown to the judge; none named: all"),
    key(
        "screening.judge_allow_private",
        "[]",
        "networks (CIDR) beside the public ones that the judge's name may lead to; an address in judge_url needs none",
    ),
    key("dns.servers", r#""system""#, r#"resolvers: "system", "off", or a list such as ["127.0.0.1:5353"]"#),
    key("webhooks.allow_private", "[]", "networks (CIDR) where http, IP literals and any port are allowed"),
    key(
        "mcp.allowed_origins",
        "[]",
        "origins (https://host:port) of pages that may speak MCP, besides this service's own",
    ),
    key("brand.name", r#""Mailward""#, "what the service is called on its pages, in at most 40 characters"),
    key(
        "brand.logo_file",
        r#""""#,
        "PNG or WebP file of at most 64 KiB that is shown beside it; none: a shield",
    ),
    key("brand.accent", r#""""#, "colour (#rrggbb) of links and buttons on light grounds; none: a blue"),
    key("brand.accent_dark", r#""""#, "likewise on dark ones"),
    key(
        "brand.support_url",
        r#""""#,
        "https://... or mailto:... where people find help; none: no link is shown",
    ),
    key(
        "outbound.mode",
        r#""sandbox""#,
        "how mail leaves for addresses elsewhere: sandbox (a server on this machine takes it and keeps nothing), relay or direct (MX)",
    ),
    key(
        "outbound.relay_url",
        r#""""#,
        "server that takes everything in mode relay: smtp://host:587 (STARTTLS) or smtps://host:465 (TLS)",
    ),
    key("outbound.relay_user", r#""""#, "name to log in with there"),
    key(
        "outbound.relay_password",
        r#""""#,
        "its password; better in MAILWARD__OUTBOUND__RELAY_PASSWORD or the file below than here",
    ),
    key("outbound.relay_password_file", r#""""#, "file with the password"),
    key(
        "outbound.ramp_first",
        "50",
        "recipients of an inbox on its first day, twice as many on each further one, up to its plan's limit; 0 = that at once",
    ),
    key(
        "outbound.dkim_key",
        "1",
        "number of the keys that sign for the service's domains: publish the next ones, then count on",
    ),
    key(
        "outbound.allow_private",
        "[]",
        "networks (CIDR) that are not public and take mail all the same in mode direct",
    ),
    key("outbound.port", "25", "port of mail exchangers in mode direct; another one is for tests"),
    key("outbound.per_destination", "10", "conversations with one recipient domain at once in mode direct"),
    key("outbound.timeout_seconds", "60", "seconds that a mail exchanger may take for an answer"),
    key(
        "outbound.require_tls",
        "false",
        "send no mail in clear, even where the other side offers nothing else",
    ),
    key(
        "outbound.dane",
        "false",
        "insist on certificates that signed DNS names (DANE); dns.servers must be validating resolvers on this machine",
    ),
    key("outbound.policy_port", "443", "port of MTA-STS policies in mode direct; another one is for tests"),
    key(
        "outbound.tls_roots",
        r#""""#,
        "PEM file of certificate authorities that are trusted beside the built-in ones",
    ),
    key("offboarding.grace_days", "30", "days in which a tenant that leaves may be taken back"),
    key(
        "offboarding.settle_seconds",
        "60",
        "from the end of a tenant's keys until the last of its rows is removed and its receipt is signed",
    ),
    key(
        "limits.expired_days",
        "7",
        "days for which the mail of an expired inbox can be read before it is deleted; 0 = until somebody deletes it",
    ),
    key("loops.window_seconds", "600", "seconds in which mail that goes to and fro is counted"),
    key(
        "loops.pair_points",
        "120",
        "an inbox is paused, and wakes nobody, when one author's mails to it have more points within the window; 0 = never",
    ),
    key("loops.automated_points", "3", "points of a mail that a machine sent by itself; any other has one"),
    key(
        "loops.thread_exchanges",
        "20",
        "likewise, when more mails go each way in one conversation; 0 = never",
    ),
    key("limits.disk_free_bytes", "536870912", "below this much free disk no mail is taken; 0 = never look"),
    key(
        "limits.token_cache_ms",
        "5000",
        "how long it is remembered who holds a token: a revocation is felt on every node after this at the latest",
    ),
    key("plans.free.max_inboxes", "5", "inboxes of a tenant; 0 = no limit"),
    key("plans.free.daily_sends", "50", "recipients a day; 0 = no limit"),
    key("plans.free.daily_sends_per_inbox", "50", "likewise of one inbox; 0 = no limit"),
    key("plans.free.monthly_sends", "1000", "recipients a month; 0 = no limit"),
    key(
        "plans.free.sends_per_minute_per_inbox",
        "10",
        "recipients a minute of one inbox, twice as many at once; 0 = no limit",
    ),
    key(
        "plans.free.daily_new_recipients_per_inbox",
        "10",
        "recipients a day to whom one inbox writes for the first time; 0 = no limit",
    ),
    key("plans.free.daily_mails", "0", "mails received a day; 0 = no limit"),
    key("plans.free.daily_mails_per_inbox", "0", "mails received a day by one inbox; 0 = no limit"),
    key("plans.free.monthly_mails", "5000", "mails received a month; 0 = no limit"),
    key("plans.free.monthly_mails_per_inbox", "1000", "mails received a month by one inbox; 0 = no limit"),
    key(
        "plans.free.receive_per_minute",
        "60",
        "mails received a minute, twice as many at once; 0 = no limit",
    ),
    key("plans.free.receive_per_minute_per_inbox", "60", "likewise by one inbox; 0 = no limit"),
    key("plans.free.stored_bytes", "104857600", "bytes kept, as they are stored; 0 = no limit"),
    key("plans.free.stored_bytes_per_inbox", "0", "bytes kept of one inbox; 0 = no limit"),
    key("plans.free.concurrent_polls", "50", "long polls that wait at once, on each node; 0 = no limit"),
    key("plans.free.concurrent_polls_per_inbox", "2", "likewise for one inbox; 0 = no limit"),
    key(
        "plans.free.concurrent_streams",
        "20",
        "sockets and streams that are open at once, on each node; 0 = no limit",
    ),
    key(
        "plans.free.requests_per_second",
        "20",
        "requests of all keys, twice as many at once, on each node; 0 = no limit",
    ),
    key("plans.free.webhook_endpoints", "10", "webhook endpoints; 0 = 1,000"),
    key("plans.free.daily_judge_requests", "100", "questions to the judge a day; 0 = no limit"),
    key("plans.free.daily_judge_bytes", "2097152", "bytes that are sent to the judge a day; 0 = no limit"),
    key("plans.builder.max_inboxes", "10", "inboxes of a tenant; 0 = no limit"),
    key("plans.builder.daily_sends", "500", "recipients a day; 0 = no limit"),
    key("plans.builder.daily_sends_per_inbox", "250", "likewise of one inbox; 0 = no limit"),
    key("plans.builder.monthly_sends", "10000", "recipients a month; 0 = no limit"),
    key(
        "plans.builder.sends_per_minute_per_inbox",
        "60",
        "recipients a minute of one inbox, twice as many at once; 0 = no limit",
    ),
    key(
        "plans.builder.daily_new_recipients_per_inbox",
        "20",
        "recipients a day to whom one inbox writes for the first time; 0 = no limit",
    ),
    key("plans.builder.daily_mails", "0", "mails received a day; 0 = no limit"),
    key("plans.builder.daily_mails_per_inbox", "0", "mails received a day by one inbox; 0 = no limit"),
    key("plans.builder.monthly_mails", "100000", "mails received a month; 0 = no limit"),
    key(
        "plans.builder.monthly_mails_per_inbox",
        "10000",
        "mails received a month by one inbox; 0 = no limit",
    ),
    key(
        "plans.builder.receive_per_minute",
        "300",
        "mails received a minute, twice as many at once; 0 = no limit",
    ),
    key("plans.builder.receive_per_minute_per_inbox", "300", "likewise by one inbox; 0 = no limit"),
    key("plans.builder.stored_bytes", "1073741824", "bytes kept, as they are stored; 0 = no limit"),
    key("plans.builder.stored_bytes_per_inbox", "0", "bytes kept of one inbox; 0 = no limit"),
    key("plans.builder.concurrent_polls", "50", "long polls that wait at once, on each node; 0 = no limit"),
    key("plans.builder.concurrent_polls_per_inbox", "2", "likewise for one inbox; 0 = no limit"),
    key(
        "plans.builder.concurrent_streams",
        "100",
        "sockets and streams that are open at once, on each node; 0 = no limit",
    ),
    key(
        "plans.builder.requests_per_second",
        "50",
        "requests of all keys, twice as many at once, on each node; 0 = no limit",
    ),
    key("plans.builder.webhook_endpoints", "50", "webhook endpoints; 0 = 1,000"),
    key("plans.builder.daily_judge_requests", "1000", "questions to the judge a day; 0 = no limit"),
    key(
        "plans.builder.daily_judge_bytes",
        "20971520",
        "bytes that are sent to the judge a day; 0 = no limit",
    ),
    key("plans.scale.max_inboxes", "0", "inboxes of a tenant; 0 = no limit"),
    key("plans.scale.daily_sends", "10000", "recipients a day; 0 = no limit"),
    key("plans.scale.daily_sends_per_inbox", "2000", "likewise of one inbox; 0 = no limit"),
    key("plans.scale.monthly_sends", "0", "recipients a month; 0 = no limit"),
    key(
        "plans.scale.sends_per_minute_per_inbox",
        "300",
        "recipients a minute of one inbox, twice as many at once; 0 = no limit",
    ),
    key(
        "plans.scale.daily_new_recipients_per_inbox",
        "20",
        "recipients a day to whom one inbox writes for the first time; 0 = no limit",
    ),
    key("plans.scale.daily_mails", "0", "mails received a day; 0 = no limit"),
    key("plans.scale.daily_mails_per_inbox", "0", "mails received a day by one inbox; 0 = no limit"),
    key("plans.scale.monthly_mails", "0", "mails received a month; 0 = no limit"),
    key("plans.scale.monthly_mails_per_inbox", "0", "mails received a month by one inbox; 0 = no limit"),
    key(
        "plans.scale.receive_per_minute",
        "0",
        "mails received a minute, twice as many at once; 0 = no limit",
    ),
    key("plans.scale.receive_per_minute_per_inbox", "0", "likewise by one inbox; 0 = no limit"),
    key("plans.scale.stored_bytes", "0", "bytes kept, as they are stored; 0 = no limit"),
    key("plans.scale.stored_bytes_per_inbox", "0", "bytes kept of one inbox; 0 = no limit"),
    key("plans.scale.concurrent_polls", "50", "long polls that wait at once, on each node; 0 = no limit"),
    key("plans.scale.concurrent_polls_per_inbox", "2", "likewise for one inbox; 0 = no limit"),
    key(
        "plans.scale.concurrent_streams",
        "1000",
        "sockets and streams that are open at once, on each node; 0 = no limit",
    ),
    key(
        "plans.scale.requests_per_second",
        "500",
        "requests of all keys, twice as many at once, on each node; 0 = no limit",
    ),
    key("plans.scale.webhook_endpoints", "100", "webhook endpoints; 0 = 1,000"),
    key("plans.scale.daily_judge_requests", "10000", "questions to the judge a day; 0 = no limit"),
    key("plans.scale.daily_judge_bytes", "209715200", "bytes that are sent to the judge a day; 0 = no limit"),
    key(
        "doctor.isolation_every_minutes",
        "0",
        "how often the doors between tenants are tried on the running service, 60 = hourly; 0 = never",
    ),
    key("telemetry.log", r#""info""#, "what is logged: a level, or target=level pairs with commas between"),
    key("telemetry.json", "false", "log one JSON object a line"),
    key(
        "telemetry.otlp_endpoint",
        r#""""#,
        "collector of traces (OTLP over HTTP), such as http://127.0.0.1:4318; none: nothing is traced",
    ),
    key(
        "telemetry.otlp_authorization",
        r#""""#,
        "value of the Authorization header that the collector wants",
    ),
];

/// The key of that name. A plan of the operator's own has the keys of the built-in ones.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name).or_else(|| {
        let (_, last) = name.strip_prefix("plans.")?.split_once('.')?;
        KEYS.iter().find(|key| key.name.strip_prefix("plans.free.") == Some(last))
    })
}

impl Key {
    /// The default as a value.
    pub(super) fn value(&self) -> toml::Value {
        super::text::parse(self.default).expect("a default in the table is TOML")
    }
}
