//! `verify-receipt`: whether a receipt is as it was signed, without a server.

use std::io::{Read, Write};
use std::path::Path;

use mailward_mailroom::offboarding::{ErasureReceipt, PURPOSE};
use mailward_mailroom::signed::Signed;

use crate::cli::args::life::VerifyReceipt;
use crate::cli::{Failure, terminal};

/// The longest receipt, in bytes.
const MOST: u64 = 1 << 20;

pub(in crate::cli) fn run(wanted: &VerifyReceipt) -> Result<(), Failure> {
    let text = read(&wanted.file)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", wanted.file.display()), ""))?;
    let fault = |error: &dyn std::fmt::Display| {
        Failure::fault(
            format!("{}: {error}", wanted.file.display()),
            "ask whoever gave it to you for the original",
        )
    };
    let signed = Signed::verify(&text, PURPOSE, wanted.key.as_deref()).map_err(|error| fault(&error))?;
    let receipt: ErasureReceipt = signed.read().map_err(|error| fault(&error))?;
    let mut out = std::io::stdout().lock();
    if wanted.json {
        writeln!(out, "{}", terminal::json(&signed.document))?;
        return Ok(());
    }
    let line = |text: &str| terminal::visible(text).into_owned();
    writeln!(out, "the signature holds: {}", line(&signed.signature.fingerprint))?;
    if wanted.key.is_none() {
        writeln!(out, "whose key that is, this cannot tell: compare it, or give it with --key")?;
    }
    writeln!(out, "tenant {} of {}", line(&receipt.tenant), line(&receipt.deployment))?;
    writeln!(out, "keys destroyed {}", line(&receipt.shredded_at))?;
    writeln!(out, "rows removed   {}", line(receipt.erased_at.as_deref().unwrap_or("not yet")))?;
    let erased = &receipt.erased;
    let messages = erased.delivered + erased.held + erased.rejected;
    writeln!(out, "{messages} messages, {} bytes, {} inboxes", erased.bytes, erased.inboxes)?;
    for key in &receipt.keys_destroyed {
        writeln!(out, "key {} (wrapped by {})", line(&key.id), line(&key.wrapped_by))?;
    }
    match &receipt.keystore_backups_until {
        Some(until) => writeln!(out, "older copies of the keystore may exist until {}", line(until))?,
        None => writeln!(out, "older copies of the keystore open nothing of it")?,
    }
    Ok(())
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(MOST).read_to_end(&mut text)?;
    }
    Ok(text)
}
