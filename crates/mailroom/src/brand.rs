//! Under whose name, in which colours and at which host people see the service: the deployment's brand, and a tenant's own.
//!
//! Each part is parsed once, where it comes in, so that a brand that exists can be shown as it is: no script in a link, no
//! page in a logo, no text that nobody can read on its ground. Knows nothing of style sheets and pages.

mod colour;
mod known;
mod picture;
mod tenants;

use std::sync::Arc;

use mailward_mail::address::{Address, is_domain};
use url::Url;

pub use colour::{Accent, BadColour, Colour, Scheme};
pub use known::OwnBrand;
pub use picture::{BadPicture, MOST_BYTES as MOST_LOGO_BYTES, Picture, PictureKind};
pub use tenants::{BrandRequest, BrandView};

pub(crate) use known::Known;

/// Characters of a name.
const MOST_NAME: usize = 40;
/// Bytes of a link.
const MOST_LINK: usize = 300;

/// What people see, where somebody chose it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// What the service is called.
    pub name: Option<BrandName>,
    /// Its logo.
    pub logo: Option<Arc<Picture>>,
    /// The colour of links and buttons on a light ground.
    pub accent: Option<Accent>,
    /// On a dark one.
    pub accent_dark: Option<Accent>,
    /// Where people find help.
    pub support: Option<SupportLink>,
}

impl Brand {
    /// The same, with another's parts where this one has none.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            name: self.name.or(other.name),
            logo: self.logo.or(other.logo),
            accent: self.accent.or(other.accent),
            accent_dark: self.accent_dark.or(other.accent_dark),
            support: self.support.or(other.support),
        }
    }
}

/// What a service is called: 1 to 40 characters, none of which hides or turns others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandName(String);

/// Why a name will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 40 characters, none of which hides or turns others")]
pub struct BadName;

impl BrandName {
    /// Takes blanks off the ends and checks the rest.
    ///
    /// # Errors
    /// When it is empty, too long, or holds characters that nobody sees.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        let fits = (1..=MOST_NAME).contains(&text.chars().count());
        if fits && !text.chars().any(is_unseen) { Ok(Self(text.to_owned())) } else { Err(BadName) }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A control, or one of those that join, part, hide or turn what stands around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Where people find help: a page by HTTPS, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportLink(String);

/// Why a link will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be https://... without a name or password, or mailto:ADDRESS, of at most 300 bytes")]
pub struct BadLink;

impl SupportLink {
    /// Reads a link; what is kept is what a browser makes of it.
    ///
    /// # Errors
    /// For every other scheme, above all those that run something.
    pub fn parse(text: &str) -> Result<Self, BadLink> {
        let url = Url::parse(text.trim()).map_err(|_| BadLink)?;
        let is_good = match url.scheme() {
            "https" => url.host().is_some() && url.username().is_empty() && url.password().is_none(),
            // RFC 6068 2: what stands behind the question mark fills in fields of a mail, and does no more.
            "mailto" => Address::parse(url.path()).is_ok(),
            _ => false,
        };
        if is_good && url.as_str().len() <= MOST_LINK { Ok(Self(url.into())) } else { Err(BadLink) }
    }

    /// As it stands in a page.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a host at which a tenant's people come in: lower case, at least two labels, no address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

/// Why a host will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a host such as mail.example.com, without scheme, port or path")]
pub struct BadHost;

impl Host {
    /// Reads a name as DNS has it.
    ///
    /// # Errors
    /// For what is no such name, and for addresses.
    pub fn parse(text: &str) -> Result<Self, BadHost> {
        let name = text.trim().to_ascii_lowercase();
        // Browsers read a name whose last label is a number as an address of IPv4.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        if is_domain(&name) && !is_number { Ok(Self(name)) } else { Err(BadHost) }
    }

    /// The host of a request's `Host` field, or of what a proxy says of it (RFC 9110 7.2): without port, and without the
    /// dot at its end. `None` for addresses and single labels, which are nobody's.
    pub fn of_authority(text: &str) -> Option<Self> {
        let name = match text.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) => return None,
            None => text,
        };
        Self::parse(name.strip_suffix('.').unwrap_or(name)).ok()
    }

    /// The host of a URL, where that is a name.
    pub fn of_url(text: &str) -> Option<Self> {
        Url::parse(text).ok().and_then(|url| Self::parse(url.host_str()?).ok())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What URLs at this host begin with, where those of the service begin with `base`: the same scheme, port and path.
    pub fn base(&self, base: &str) -> String {
        let replaced = Url::parse(base).ok().and_then(|mut url| {
            url.set_host(Some(&self.0)).ok()?;
            Some(url.as_str().trim_end_matches('/').to_owned())
        });
        replaced.unwrap_or_else(|| base.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_runs_something_is_none() {
        for bad in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "http://help.example",
            "https://me:pw@help.example",
            "//help.example",
            "help.example",
            "mailto:",
            "mailto:nobody",
            "mailto:javascript:alert(1)",
            "",
        ] {
            assert_eq!(SupportLink::parse(bad), Err(BadLink), "{bad}");
        }
        let kept = SupportLink::parse("https://help.example/\"><script>alert(1)</script>").expect("a URL");
        assert_eq!(kept.as_str(), "https://help.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
        assert_eq!(
            SupportLink::parse("mailto:help@a.example").expect("an address").as_str(),
            "mailto:help@a.example"
        );
        assert!(SupportLink::parse(&format!("https://a.example/{}", "x".repeat(300))).is_err());
    }

    #[test]
    fn a_name_shows_all_that_it_holds() {
        assert_eq!(BrandName::parse("  Acme Mail ").expect("a name").as_str(), "Acme Mail");
        for bad in ["", " ", "a\u{202e}b", "a\nb", "a\u{200b}b", &"x".repeat(41)] {
            assert_eq!(BrandName::parse(bad), Err(BadName), "{bad:?}");
        }
    }

    #[test]
    fn a_host_is_a_name_and_no_address() {
        assert_eq!(Host::parse("Mail.Customer.Example").expect("a host").as_str(), "mail.customer.example");
        for bad in [
            "localhost",
            "127.0.0.1",
            "0x7f.0x1",
            "[::1]",
            "a.example:8080",
            "https://a.example",
            "a..b",
            "a b.c",
            "",
        ] {
            assert_eq!(Host::parse(bad), Err(BadHost), "{bad}");
        }
        let asked = |text| Host::of_authority(text).map(|host| host.0);
        assert_eq!(asked("mail.a.example:8443").as_deref(), Some("mail.a.example"));
        assert_eq!(asked("MAIL.a.example.").as_deref(), Some("mail.a.example"));
        assert_eq!(
            [asked("127.0.0.1:8080"), asked("[::1]:80"), asked("a.example:x"), asked("")],
            [const { None }; 4]
        );
        let host = Host::parse("mail.a.example").expect("a host");
        assert_eq!(host.base("https://host.example:8443/mail"), "https://mail.a.example:8443/mail");
        assert_eq!(host.base("http://127.0.0.1:8080"), "http://mail.a.example:8080");
    }

    #[test]
    fn what_a_brand_lacks_is_another_one_s() {
        let name = |text| BrandName::parse(text).ok();
        let support = SupportLink::parse("https://help.example").ok();
        let ours = Brand { name: name("Ours"), support: support.clone(), ..Brand::default() };
        let theirs = Brand { name: name("Theirs"), ..Brand::default() };
        assert_eq!(theirs.or(&ours), Brand { name: name("Theirs"), support, ..Brand::default() });
    }
}
