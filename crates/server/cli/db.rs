//! `db init`: roles, databases and schema on a PostgreSQL, and the settings that nodes need to use them.

use std::io::Write;

use mailward_mail::random::Random;
use mailward_store::provision::{Passwords, Provisioned, Purpose, provision, roles};
use mailward_store::{Keystore, Location, Store};
use serde_json::json;
use url::Url;

use super::args::{Db, DbInit};
use super::start::on_runtime;
use super::{Failure, terminal};
use crate::StartError;

pub(super) fn run(command: &Db) -> Result<(), Failure> {
    match command {
        Db::Init(arguments) => init(arguments),
    }
}

/// What was made on one server.
struct Made {
    provisioned: Provisioned,
    /// As the service's role, as the owner's.
    service: Url,
    owner: Url,
    /// Whether a password stands in each.
    complete: bool,
}

fn init(arguments: &DbInit) -> Result<(), Failure> {
    for name in [&arguments.database, &arguments.keys_database] {
        let fits = (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !fits || name == "mailward_draft" {
            let how = "use lower-case letters, digits and _";
            return Err(Failure::usage(format!("{name:?} is not a name for a database"), how));
        }
    }
    if arguments.database == arguments.keys_database && arguments.keys_owner_url.is_none() {
        let why =
            "mail and keys need a database each, or keys outlive their shredding in the backups of mail";
        return Err(Failure::usage(why, "choose another --keys-database"));
    }
    let mail_server = parse(&arguments.owner_url, "--owner-url")?;
    let keys_server = match &arguments.keys_owner_url {
        Some(url) => parse(url, "--keys-owner-url")?,
        None => mail_server.clone(),
    };
    let random = Random::system();
    let mut given = Passwords {
        owner: variable("MAILWARD_OWNER_PASSWORD"),
        service: variable("MAILWARD_SERVICE_PASSWORD"),
    };
    let (mail, keys) = on_runtime(async {
        let mail = make(&mail_server, &arguments.database, Purpose::Mail, &mut given, arguments, &random);
        let mail = mail.await?;
        // On one server the roles are there now, with the passwords that were just made.
        let keys =
            make(&keys_server, &arguments.keys_database, Purpose::Keys, &mut given, arguments, &random);
        Ok((mail, keys.await?))
    })?;
    tell(arguments, &mail, &keys)?;
    if arguments.keys_owner_url.is_none() {
        let mut err = std::io::stderr().lock();
        writeln!(
            err,
            "note: mail and keys are on one server, whose write-ahead log and physical backups hold both, so a key can \
             outlive its shredding there; --keys-owner-url names another server for the keys"
        )?;
    }
    Ok(())
}

async fn make(
    server: &Url,
    database: &str,
    purpose: Purpose,
    passwords: &mut Passwords,
    arguments: &DbInit,
    random: &Random,
) -> Result<Made, StartError> {
    let (has_owner, has_service) = roles(server.as_str()).await.map_err(StartError::store)?;
    for (there, password) in [(has_owner, &mut passwords.owner), (has_service, &mut passwords.service)] {
        if password.is_none() && (!there || arguments.new_passwords) {
            *password = Some(random.bytes::<24>().iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    let provisioned =
        provision(server.as_str(), database, purpose, passwords).await.map_err(StartError::store)?;
    let as_role = |role: &str, password: &Option<String>| {
        let mut url = server.clone();
        // A postgres:// URL has an authority, so none of these can fail.
        let _ = url.set_username(role);
        let _ = url.set_password(password.as_deref());
        url.set_path(database);
        url
    };
    let made = Made {
        provisioned,
        service: as_role("mailward_service", &passwords.service),
        owner: as_role("mailward_owner", &passwords.owner),
        complete: passwords.service.is_some() && passwords.owner.is_some(),
    };
    if passwords.service.is_some() {
        logs_in(&made.service, purpose).await?;
    }
    Ok(made)
}

/// What nodes will do is done once here, where somebody looks at what is said.
async fn logs_in(service: &Url, purpose: Purpose) -> Result<(), StartError> {
    let location = Location::Postgres { url: service.to_string(), owner_url: None };
    match purpose {
        Purpose::Mail => Store::open(&location).await.map_err(StartError::store)?.close().await,
        Purpose::Keys => Keystore::open(&location).await.map_err(StartError::store)?.close().await,
    }
    Ok(())
}

fn tell(arguments: &DbInit, mail: &Made, keys: &Made) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let value = json!({
            "store.url": mail.service.as_str(),
            "keys.store_url": keys.service.as_str(),
            "store.owner_url": mail.owner.as_str(),
            "keys.store_owner_url": keys.owner.as_str(),
            "hasPasswords": mail.complete && keys.complete,
        });
        writeln!(out, "{}", terminal::json(&value))?;
        return Ok(());
    }
    for (name, made) in [(&arguments.database, mail), (&arguments.keys_database, keys)] {
        let verb = if made.provisioned.is_new { "made" } else { "checked" };
        writeln!(out, "{verb} database {name}: {} migrations, service logs in", made.provisioned.migrations)?;
    }
    let once = if mail.complete && keys.complete { "; the passwords are shown this once" } else { "" };
    writeln!(out, "\nInto mailward.toml of every node{once}:\n")?;
    writeln!(out, "[store]\nurl = \"{}\"\n\n[keys]\nstore_url = \"{}\"", mail.service, keys.service)?;
    if !(mail.complete && keys.complete) {
        writeln!(
            out,
            "\nRoles that existed keep their passwords, which are not shown; --new-passwords sets others."
        )?;
    }
    writeln!(out, "\nAfter an upgrade run this again before the first node of the new version starts.")?;
    Ok(())
}

fn parse(text: &str, option: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    url.filter(Url::has_host).ok_or_else(|| {
        // What was written may hold a password.
        Failure::usage(
            format!("{option} is not a URL of a PostgreSQL"),
            "write postgres://admin@host/postgres",
        )
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
