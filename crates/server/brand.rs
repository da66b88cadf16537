//! The deployment's brand, as its configuration has it: checked with the rest, and read with its logo at the start.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use mailward_mailroom::brand::{Accent, Brand, BrandName, MOST_LOGO_BYTES, Picture, Scheme, SupportLink};

use crate::{StartError, config};

/// A key and why its value will not do.
type Fault = (&'static str, String);

/// Checks all but the logo, which is a file.
pub(crate) fn check(chosen: &config::Brand) -> Result<(), Fault> {
    parse(chosen).map(drop)
}

/// The brand, with its logo.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(crate) fn read(chosen: &config::Brand) -> Result<Brand, StartError> {
    let refused = |(key, reason): Fault| StartError::refused(format!("{key} {reason}"));
    let brand = parse(chosen).map_err(refused)?;
    let logo = chosen.logo_file.as_deref().map(logo).transpose()?;
    Ok(Brand { logo: logo.map(Arc::new), ..brand })
}

fn parse(chosen: &config::Brand) -> Result<Brand, Fault> {
    let accent = |key, text: &Option<String>, scheme| {
        let read = text.as_deref().map(|text| Accent::parse(text, scheme)).transpose();
        read.map_err(|bad| (key, bad.to_string()))
    };
    let support = chosen.support_url.as_deref().map(SupportLink::parse).transpose();
    Ok(Brand {
        name: Some(BrandName::parse(&chosen.name).map_err(|bad| ("brand.name", bad.to_string()))?),
        logo: None,
        accent: accent("brand.accent", &chosen.accent, Scheme::Light)?,
        accent_dark: accent("brand.accent_dark", &chosen.accent_dark, Scheme::Dark)?,
        support: support.map_err(|bad| ("brand.support_url", bad.to_string()))?,
    })
}

fn logo(path: &Path) -> Result<Picture, StartError> {
    let bad = |why: String| StartError::refused(format!("brand.logo_file {}: {why}", path.display()));
    let mut bytes = Vec::new();
    // One byte more than there may be tells that there are too many, however many there are.
    let most = MOST_LOGO_BYTES as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| bad(error.to_string()))?;
    Picture::read(bytes).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_a_picture_whatever_it_is_called() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("logo.png");
        let told = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            logo(&path).map(drop).expect_err("no picture").to_string()
        };
        let drawing = told(b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
        assert!(drawing.contains("logo.png: must be a PNG or WebP picture"), "{drawing}");
        assert!(told(&vec![0; MOST_LOGO_BYTES + 1]).contains("at most 65536 bytes"));
        assert!(logo(&folder.path().join("none.png")).is_err());
    }
}
