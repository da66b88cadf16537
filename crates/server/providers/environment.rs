//! The master key in the environment, for as short as can be.
//!
//! A process' first environment stays readable in `/proc/PID/environ` for its whole life. So the service that finds its
//! key there puts it in a pipe and replaces itself by the same program without the variable, which then reads the pipe.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use zeroize::Zeroizing;

use crate::StartError;
use crate::config::{Config, Given, KeyProvider};

/// Holds one master key, or several with white space between, the one for new wraps first.
pub(crate) const VARIABLE: &str = "MAILWARD_MASTER_KEY";

/// Holds the number of the pipe's end.
const PIPE: &str = "MAILWARD_MASTER_KEY_PIPE";

/// No ring is longer: a pipe holds so much without anybody reading it.
const MOST_BYTES: usize = 4096;

/// Takes the key from the environment into the configuration, where the provider is `env`. Does not return when the
/// program has to be started anew for that. To be called before there are threads.
///
/// # Errors
/// When there is a key and no way to hand it over.
pub(crate) fn take(config: &mut Config) -> Result<(), StartError> {
    if config.keys.provider != KeyProvider::Env {
        return Ok(());
    }
    let failed = |error: std::io::Error| StartError::failed(format!("cannot hand over {VARIABLE}: {error}"));
    if let Ok(number) = std::env::var(PIPE) {
        config.keys.given = Some(Given::from(read(&number).map_err(failed)?));
        return Ok(());
    }
    let Ok(key) = std::env::var(VARIABLE).map(Zeroizing::new) else { return Ok(()) };
    if key.len() > MOST_BYTES {
        return Err(StartError::refused(format!("{VARIABLE} is longer than {MOST_BYTES} bytes")));
    }
    // Without close-on-exec: the reading end is what is handed over.
    let (reader, writer) = nix::unistd::pipe().map_err(std::io::Error::from).map_err(failed)?;
    let mut writer = File::from(writer);
    writer.write_all(key.as_bytes()).map_err(failed)?;
    drop(writer);
    let program = std::env::current_exe().map_err(failed)?;
    let mut words = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    let error = command.args(words).env_remove(VARIABLE).env(PIPE, reader.as_raw_fd().to_string()).exec();
    Err(failed(error))
}

fn read(number: &str) -> std::io::Result<Zeroizing<String>> {
    let number: i32 = number.parse().map_err(std::io::Error::other)?;
    let mut text = Zeroizing::new(String::with_capacity(MOST_BYTES + 1));
    // Opened by its path, which needs no unsafe code, and then closed for good.
    let pipe = File::open(format!("/proc/self/fd/{number}"))?;
    nix::unistd::close(number)?;
    pipe.take(MOST_BYTES as u64).read_to_string(&mut text)?;
    Ok(text)
}
