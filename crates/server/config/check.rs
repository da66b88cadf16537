//! What a value must be beyond its type, and which combinations are too dangerous to start with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use mailward_mail::address::{Address, is_domain};
use mailward_mail::id::TenantId;
use tracing_subscriber::EnvFilter;

use super::relay::RelayUrl;
use super::{Config, DnsServers, OutboundMode, Secret};

/// A key whose value will not do, and what to do about it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) key: &'static str,
    pub(super) reason: String,
}

/// The first fault, in the order of the table of keys.
pub(super) fn check(config: &Config) -> Result<(), Fault> {
    ensure(!config.data_dir.as_os_str().is_empty(), "data_dir", "name a directory")?;
    let domain =
        "is not a domain: write one of letters, digits and hyphens with a dot, such as mail.example.com";
    ensure(is_domain(&config.domain), "domain", domain)?;
    ensure(config.domains.iter().all(|one| is_domain(one)), "domains", domain)?;
    // A region obeys the same rule as a tenant's slug, because both stand in addresses and keys.
    let slug = "is not a region: write lower-case letters, digits and inner hyphens, at most 40";
    ensure(TenantId::parse(&config.region).is_ok(), "region", slug)?;
    ensure(config.regions.iter().all(|region| TenantId::parse(region).is_ok()), "regions", slug)?;
    let own = "must hold the value of region, or new tenants could not be served";
    ensure(config.served_regions().contains(&config.region), "regions", own)?;
    ensure(config.keys.command_timeout_ms > 0, "keys.command_timeout_ms", "must be 1 or more")?;
    let plan = "plans have names of lower-case letters, digits and inner hyphens";
    ensure(config.plans.keys().all(|name| TenantId::parse(name).is_ok()), "plans", plan)?;
    smtp(config)?;
    http(config)?;
    crate::brand::check(&config.brand).map_err(|(key, reason)| Fault { key, reason })?;
    operator(config)?;
    acme(config)?;
    stores(config)?;
    judge(config)?;
    outbound(config)?;
    ensure(
        config.limits.token_cache <= Duration::from_secs(5),
        "limits.token_cache_ms",
        "must be at most 5000: that is how soon a revocation is promised to be felt everywhere",
    )?;
    let idle = "has no meaning without telemetry.otlp_endpoint: set that too";
    let is_traced = config.telemetry.otlp_endpoint.is_some();
    ensure(is_traced || config.telemetry.otlp_authorization.is_none(), "telemetry.otlp_authorization", idle)?;
    let log = "is no filter: write a level (error, warn, info, debug, trace) or target=level pairs";
    ensure(EnvFilter::try_new(&config.telemetry.log).is_ok(), "telemetry.log", log)
}

/// A name that can stand in a greeting: a domain, or a single label.
pub(super) fn is_host(name: &str) -> bool {
    is_domain(&format!("{name}.test"))
}

fn smtp(config: &Config) -> Result<(), Fault> {
    let smtp = &config.smtp;
    let bounds = &smtp.bounds;
    ensure(
        is_host(&bounds.hostname),
        "smtp.hostname",
        "is not a host name: write one such as mx.example.com",
    )?;
    pair(&smtp.tls_cert, &smtp.tls_key, "smtp.tls_cert", "smtp.tls_key")?;
    let postmaster = bounds.postmaster.as_deref().is_none_or(|address| Address::parse(address).is_ok());
    ensure(postmaster, "smtp.postmaster", "is not an address")?;
    let some = "must be 1 or more";
    ensure(bounds.max_message_bytes > 0, "smtp.max_message_bytes", some)?;
    let room = "must be at least smtp.max_message_bytes, or no message of that size can ever come in";
    ensure(bounds.max_inflight_bytes >= bounds.max_message_bytes, "smtp.max_inflight_bytes", room)?;
    let share = bounds.max_inflight_bytes_per_ip;
    ensure(share == 0 || share >= bounds.max_message_bytes, "smtp.max_inflight_bytes_per_ip", room)?;
    ensure(bounds.max_recipients > 0, "smtp.max_recipients", some)?;
    // RFC 5321 4.5.3.1.4: a command line of 512 octets must be taken.
    ensure(bounds.max_line_bytes >= 512, "smtp.max_line_bytes", "must be 512 or more (RFC 5321 4.5.3.1.4)")?;
    for (value, key) in [
        (bounds.max_overlong_lines, "smtp.max_overlong_lines"),
        (bounds.max_unknown_recipients, "smtp.max_unknown_recipients"),
        (bounds.max_errors, "smtp.max_errors"),
        (bounds.max_junk, "smtp.max_junk"),
    ] {
        ensure(value > 0, key, some)?;
    }
    ensure(bounds.max_sources > 0, "smtp.max_sources", some)?;
    for (value, key) in [
        (bounds.first_command_timeout, "smtp.first_command_timeout_ms"),
        (bounds.command_timeout, "smtp.command_timeout_ms"),
        (bounds.data_timeout, "smtp.data_timeout_ms"),
        (bounds.transaction_timeout, "smtp.transaction_timeout_ms"),
    ] {
        ensure(!value.is_zero(), key, some)?;
    }
    Ok(())
}

fn http(config: &Config) -> Result<(), Fault> {
    let http = &config.http;
    pair(&http.tls_cert, &http.tls_key, "http.tls_cert", "http.tls_key")?;
    private(http.listen, http.tls().is_some() || http.behind_proxy, "http.listen", "http")?;
    ensure(
        (1..=1_000_000).contains(&http.max_connections),
        "http.max_connections",
        "must be between 1 and 1000000",
    )?;
    for (time, name) in [
        (http.stream_ping, "http.stream_ping_ms"),
        (http.stream_idle, "http.stream_idle_ms"),
        (http.stream_patience, "http.stream_patience_ms"),
    ] {
        ensure((10..=3_600_000).contains(&time.as_millis()), name, "must be between 10 and 3600000")?;
    }
    let url = http.public_url.as_deref().is_none_or(is_base_url);
    ensure(url, "http.public_url", "is not a base URL: write one such as https://mail.example.com")?;
    let origins = config.mcp.allowed_origins.iter().all(|origin| is_origin(origin));
    ensure(
        origins,
        "mcp.allowed_origins",
        "holds what is no origin: write such as https://console.example.com",
    )
}

/// Scheme, host and perhaps a port, as a browser names where a page is from (RFC 6454 6.2).
fn is_origin(text: &str) -> bool {
    let is_base = is_base_url(text);
    is_base && text.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'))
}

fn operator(config: &Config) -> Result<(), Fault> {
    let operator = &config.operator;
    pair(&operator.tls_cert, &operator.tls_key, "operator.tls_cert", "operator.tls_key")?;
    private(operator.listen, operator.tls().is_some() || operator.behind_proxy, "operator.listen", "operator")
}

fn acme(config: &Config) -> Result<(), Fault> {
    let acme = &config.acme;
    let is_url = crate::acme::is_safe(&acme.directory);
    ensure(is_url, "acme.directory", "must be an https:// URL; http:// goes to 127.0.0.1 and ::1 alone")?;
    let address = |text: &String| Address::parse(text).is_ok();
    ensure(acme.contact.as_ref().is_none_or(address), "acme.contact", "is not an address")?;
    let names = "holds what is no domain: write names such as mx.example.com; none with a *, which takes other proofs";
    ensure(acme.domains.iter().all(|name| super::is_name(name)), "acme.domains", names)?;
    ensure(acme.domains.len() <= 100, "acme.domains", "may hold 100 names")?;
    let both = "needs acme.eab_key_file, and that needs it";
    ensure(acme.eab_id.is_some() == acme.eab_key_file.is_some(), "acme.eab_id", both)?;
    if acme.http_listen.is_none() {
        return Ok(());
    }
    let terms = "must be true before certificates are ordered: read the terms of the authority, then set it";
    ensure(acme.agree_terms, "acme.agree_terms", terms)?;
    let file = crate::acme::certificate_file(&config.data_dir);
    let is_used = [config.http.tls(), config.smtp.tls()].iter().flatten().any(|(cert, _)| *cert == file);
    let idle = "orders a certificate that nothing uses: smtp has one of its own, and http too or a proxy";
    ensure(is_used, "acme.http_listen", idle)?;
    let nameless =
        "nobody to certify: set smtp.hostname, http.public_url or this to names that the world knows";
    ensure(!acme.domains.is_empty(), "acme.domains", nameless)
}

fn stores(config: &Config) -> Result<(), Fault> {
    let postgres =
        |url: &Secret| ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
    let url = &config.store.url;
    ensure(
        url.expose() == "sqlite" || postgres(url),
        "store.url",
        "write sqlite or postgres://user@host/database",
    )?;
    let only = "write postgres://user@host/database";
    ensure(config.store.owner_url.as_ref().is_none_or(postgres), "store.owner_url", only)?;
    let idle = "has no meaning while store.url is sqlite: set store.url too";
    ensure(config.store.owner_url.is_none() || postgres(url), "store.owner_url", idle)?;
    ensure(
        (100..=60_000).contains(&config.store.look_again.as_millis()),
        "store.look_again_ms",
        "must be between 100 and 60000",
    )?;
    ensure(config.keys.store_url.as_ref().is_none_or(postgres), "keys.store_url", only)?;
    ensure(config.keys.store_owner_url.as_ref().is_none_or(postgres), "keys.store_owner_url", only)?;
    let idle = "has no meaning without keys.store_url: set that too";
    let has_store = config.keys.store_url.is_some();
    ensure(config.keys.store_owner_url.is_none() || has_store, "keys.store_owner_url", idle)?;
    // A key that lies in the mail database's backups outlives its shredding.
    let apart =
        "is the database of mail: keys need one of their own, or they outlive their shredding in its backups";
    ensure(config.keys.store_url.as_ref() != Some(url), "keys.store_url", apart)
}

fn judge(config: &Config) -> Result<(), Fault> {
    let screening = &config.screening;
    let is_on = screening.judge_url.is_some();
    ensure(
        !is_on || !screening.judge_model.is_empty(),
        "screening.judge_model",
        "name the model to be asked",
    )?;
    let one = "is there beside screening.judge_key: set one of them";
    let both = screening.judge_key.is_some() && screening.judge_key_file.is_some();
    ensure(!both, "screening.judge_key_file", one)?;
    let deadline = screening.judge_deadline.as_millis();
    let bounds = "must be between 100 and 120000";
    ensure((100..=120_000).contains(&deadline), "screening.judge_deadline_ms", bounds)?;
    let patience = "must be at least screening.judge_deadline_ms and at most 86400000 (a day)";
    let waits = screening.judge_patience;
    let fits = waits >= screening.judge_deadline && waits <= Duration::from_secs(86_400);
    ensure(fits, "screening.judge_patience_ms", patience)?;
    let (from, to) = (screening.judge_grey_from, screening.judge_grey_to);
    let high = "must be at most 69: what is high by itself is not the judge's to clear";
    ensure(to <= 69, "screening.judge_grey_to", high)?;
    ensure(from <= to, "screening.judge_grey_from", "must be at most screening.judge_grey_to")?;
    let bytes = "must be between 1024 and 262144";
    ensure((1_024..=262_144).contains(&screening.judge_max_bytes), "screening.judge_max_bytes", bytes)?;
    let slug = "are not all names of tenants";
    let named = screening.judge_tenants.iter().all(|name| TenantId::parse(name).is_ok());
    ensure(named, "screening.judge_tenants", slug)?;
    let places = "must be between 1 and 64";
    ensure((1..=64).contains(&screening.judge_concurrency), "screening.judge_concurrency", places)
}

fn outbound(config: &Config) -> Result<(), Fault> {
    let outbound = &config.outbound;
    let is_relay = outbound.mode == OutboundMode::Relay;
    ensure(
        !is_relay || outbound.relay_url.is_some(),
        "outbound.relay_url",
        "name the server that takes the mail",
    )?;
    if let Some(Err(reason)) = outbound.relay_url.as_deref().map(RelayUrl::parse) {
        ensure(false, "outbound.relay_url", reason)?;
    }
    let is_blind = outbound.mode == OutboundMode::Direct && matches!(config.dns.servers, DnsServers::Off);
    ensure(!is_blind, "outbound.mode", "is direct, which asks DNS where mail goes, and dns.servers is off")?;
    ensure(outbound.dkim_key > 0, "outbound.dkim_key", "must be 1 or more")?;
    ensure(outbound.port > 0, "outbound.port", "must be a port")?;
    ensure(outbound.policy_port > 0, "outbound.policy_port", "must be a port")?;
    // Nothing protects what a resolver says of its own checks on the way.
    let is_here = match &config.dns.servers {
        DnsServers::List(servers) => {
            !servers.is_empty() && servers.iter().all(|server| server.ip().to_canonical().is_loopback())
        }
        DnsServers::System | DnsServers::Off => false,
    };
    let validating =
        "needs dns.servers to be a list of validating resolvers on this machine, such as [\"127.0.0.1:53\"]";
    ensure(!outbound.dane || is_here, "outbound.dane", validating)?;
    let places = "must be between 1 and 64";
    ensure((1..=64).contains(&outbound.per_destination), "outbound.per_destination", places)?;
    let seconds = "must be between 1 and 300";
    ensure((1..=300).contains(&outbound.timeout_seconds), "outbound.timeout_seconds", seconds)?;
    let both = outbound.relay_password.is_some() && outbound.relay_password_file.is_some();
    let one = "is there beside outbound.relay_password: set one of them";
    ensure(!both, "outbound.relay_password_file", one)?;
    let has_password = outbound.relay_password.is_some() || outbound.relay_password_file.is_some();
    let pair = "needs outbound.relay_password or outbound.relay_password_file, and they need it";
    ensure(outbound.relay_user.is_some() == has_password, "outbound.relay_user", pair)
}

fn ensure(holds: bool, key: &'static str, reason: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault { key, reason: reason.to_owned() }) }
}

fn pair(
    cert: &Option<PathBuf>,
    key: &Option<PathBuf>,
    cert_name: &'static str,
    key_name: &'static str,
) -> Result<(), Fault> {
    match (cert, key) {
        (Some(_), None) => ensure(false, cert_name, &format!("needs its key: set {key_name} too")),
        (None, Some(_)) => ensure(false, key_name, &format!("needs its certificate: set {cert_name} too")),
        _ => Ok(()),
    }
}

/// Tokens cross this listener; in clear they may do so on this machine only.
fn private(listen: SocketAddr, protected: bool, key: &'static str, section: &str) -> Result<(), Fault> {
    let reason = format!(
        "is reachable from other machines, and API keys would cross the network in clear: set {section}.tls_cert and \
         {section}.tls_key, or {section}.behind_proxy=true where a proxy in front brings TLS, or listen on 127.0.0.1"
    );
    ensure(protected || listen.ip().to_canonical().is_loopback(), key, &reason)
}

fn is_base_url(text: &str) -> bool {
    let Ok(url) = text.parse::<hyper::Uri>() else { return false };
    matches!(url.scheme_str(), Some("http" | "https"))
        && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && url.query().is_none()
}
