//! Where values come from, and which source wins.
//!
//! Each source becomes a flat list of dotted keys; the last source to name a key has it. Only the result is turned
//! into types, so that an error can say which source wrote the value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::error::{Error, Kind};
use figment::providers::Serialized;
use mailward_smtp::SmtpConfig;
use serde::Deserialize;

use super::keys::{self, KEYS};
use super::nearest::nearest;
use super::{Config, ConfigError, DEFAULT_FILE, check, text};

/// What to read. Empty, it gives the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `MAILWARD__` are ignored.
    pub env: Vec<(String, String)>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// The `section.key=value` of each `--set`.
    pub set: Vec<String>,
}

impl Sources {
    /// The file named, or `mailward.toml` in the current directory if there is one; and this process's environment.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, data_dir: Option<PathBuf>, set: Vec<String>) -> Self {
        let found = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        // A name that is not Unicode is none of ours; a value that is not is refused by what it then says.
        let env = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self { file: file.or_else(found), env, data_dir, set }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table of keys.
    Default,
    /// This file.
    File(PathBuf),
    /// This environment variable.
    Env(String),
    /// This option of the command line.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Option(name) => f.write_str(name),
        }
    }
}

/// One effective value, to be shown.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value as TOML, with passwords blotted out.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What the key is for.
    pub doc: &'static str,
}

/// All sources, laid over each other.
#[derive(Clone)]
pub struct Layers(BTreeMap<String, (toml::Value, Origin)>);

impl Layers {
    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigError`] for a file that cannot be read, a key that does not exist and text that is no value.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers =
            Self(KEYS.iter().map(|key| (key.name.to_owned(), (key.value(), Origin::Default))).collect());
        if let Some(path) = &sources.file {
            layers.add_file(path)?;
        }
        for (name, value) in &sources.env {
            if let Some(key) = name.strip_prefix("MAILWARD__") {
                let key = key.to_ascii_lowercase().replace("__", ".");
                layers.add_text(key, value, Origin::Env(name.clone()))?;
            }
        }
        for assignment in &sources.set {
            let (key, value) = assignment
                .split_once('=')
                .ok_or_else(|| ConfigError::Assignment(text::redact(assignment)))?;
            layers.add_text(key.trim().to_owned(), value.trim(), Origin::Option("--set"))?;
        }
        if let Some(path) = &sources.data_dir {
            layers.add_text("data_dir".to_owned(), &path.to_string_lossy(), Origin::Option("--data-dir"))?;
        }
        Ok(layers)
    }

    /// The typed and checked result.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that its key cannot take.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let figment = Figment::from(Serialized::defaults(self.nested()));
        let mut config: Config = figment.extract().map_err(|error| self.explain(error))?;
        let section = figment.find_value("smtp").map_err(|error| self.explain(error))?;
        config.smtp.bounds = SmtpConfig::deserialize(&section).map_err(|mut error: Error| {
            error.path.insert(0, "smtp".to_owned());
            self.explain(error)
        })?;
        config.smtp.bounds.proxies = std::mem::take(&mut config.smtp.proxy_protocol);
        let bounds = &mut config.smtp.bounds;
        bounds.postmaster = bounds.postmaster.take().filter(|address| !address.is_empty());
        if bounds.hostname.is_empty() {
            bounds.hostname = machine_name();
        }
        config.certify();
        check::check(&config).map_err(|fault| self.bad_value(fault.key, fault.reason))?;
        Ok(config)
    }

    /// Where keys, databases and the lock are; for commands that need nothing else of the configuration.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.0.get("data_dir").and_then(|(value, _)| value.as_str()).unwrap_or_default().into()
    }

    /// Every effective value: in the table's order, then the operator's own plans.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let place = |name: &str| KEYS.iter().position(|key| key.name == name).unwrap_or(KEYS.len());
        let mut all: Vec<Setting> =
            self.0.iter().map(|(name, (value, origin))| setting(name, value, origin)).collect();
        all.sort_by_key(|setting| place(&setting.key));
        all
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let content = std::fs::read_to_string(path)
            .map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
        let table: toml::Table = content.parse().map_err(|error: toml::de::Error| {
            // The library's own text repeats the line, which may hold a password.
            let line = error.span().map_or(1, |span| 1 + content[..span.start].matches('\n').count());
            ConfigError::Syntax { path: path.to_owned(), reason: format!("line {line}: {}", error.message()) }
        })?;
        let mut leaves = Vec::new();
        flatten("", table, &mut leaves);
        leaves.into_iter().try_for_each(|(key, value)| self.add(key, value, Origin::File(path.to_owned())))
    }

    fn add_text(&mut self, key: String, value: &str, origin: Origin) -> Result<(), ConfigError> {
        let Some(known) = keys::find(&key) else {
            return Err(ConfigError::UnknownKey { nearest: nearest(&key), key, origin });
        };
        match text::read(known, value) {
            Ok(value) => self.add(key, value, origin),
            Err(reason) => Err(ConfigError::BadValue { key, value: text::redact(value), origin, reason }),
        }
    }

    fn add(&mut self, key: String, value: toml::Value, origin: Origin) -> Result<(), ConfigError> {
        if keys::find(&key).is_none() {
            return Err(ConfigError::UnknownKey { nearest: nearest(&key), key, origin });
        }
        self.0.insert(key, (value, origin));
        Ok(())
    }

    fn nested(&self) -> toml::Table {
        let mut root = toml::Table::new();
        for (name, (value, _)) in &self.0 {
            let mut table = &mut root;
            let mut parts = name.split('.').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    table.insert(part.to_owned(), value.clone());
                    break;
                }
                let section = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
                let toml::Value::Table(inner) = section else { break };
                table = inner;
            }
        }
        root
    }

    fn explain(&self, error: Error) -> ConfigError {
        let mut path = error.path.clone();
        match &error.kind {
            Kind::MissingField(field) => {
                path.push(field.to_string());
                ConfigError::Missing(path.join("."))
            }
            kind => {
                // An element of a list is named by its number: its key is the list's.
                let known = (1..=path.len()).rev().map(|length| path[..length].join("."));
                let key = known
                    .into_iter()
                    .find(|name| self.0.contains_key(name))
                    .unwrap_or_else(|| path.join("."));
                self.bad_value(&key, text::redact(&kind.to_string()))
            }
        }
    }

    fn bad_value(&self, key: &str, reason: String) -> ConfigError {
        let (value, origin) = match self.0.get(key) {
            Some((value, origin)) => (show(key, value), origin.clone()),
            None => (String::new(), Origin::Default),
        };
        ConfigError::BadValue { key: key.to_owned(), value, origin, reason }
    }
}

fn setting(name: &str, value: &toml::Value, origin: &Origin) -> Setting {
    let doc = keys::find(name).map_or("", |key| key.doc);
    Setting { key: name.to_owned(), value: show(name, value), origin: origin.clone(), doc }
}

/// A value as it is shown; of one that is a secret as a whole, only that there is one.
fn show(key: &str, value: &toml::Value) -> String {
    match value.as_str() {
        Some(text) if keys::SECRETS.contains(&key) && !text.is_empty() => "***".to_owned(),
        _ => text::show(value),
    }
}

fn flatten(prefix: &str, table: toml::Table, leaves: &mut Vec<(String, toml::Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, leaves),
            leaf => leaves.push((key, leaf)),
        }
    }
}

/// The machine's name where it can stand in a greeting.
pub(crate) fn machine_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    if check::is_host(&name) { name } else { "localhost".to_owned() }
}
