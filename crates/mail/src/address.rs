//! The address of one inbox, parsed strictly; what a sender writes elsewhere is a [`crate::parsed::Mailbox`].
//!
//! Names an agent can be reached by, and those only: ASCII letters, digits, `.`, `_`, `-` and a plus tag. Everything
//! that ever meant routing (`%`, `!`, source routes, quoted local parts) is refused here, so no later step can fall
//! for it.

/// Why a text is no address of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// `%`, `!`, a source route, or a quoted local part with an `@`: somebody looks for an open relay.
    #[error("routing characters in an address")]
    Relay,
    /// Anything else that is no address.
    #[error("not an address")]
    Malformed,
}

/// An address with a lower-case local part and domain. `Name+Tag@Example.test` is `name`, `tag`, `example.test`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: String,
    tag: Option<String>,
    domain: String,
}

impl Address {
    /// Parses and normalises; every `Address` has a lower-case domain and a local part.
    ///
    /// # Errors
    /// [`BadAddress::Relay`] for relay probes, [`BadAddress::Malformed`] for the rest. RFC 5321 4.5.3.1 bounds the
    /// local part to 64 and the domain to 255 octets.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(BadAddress::Malformed)?;
        if local.contains(['%', '!', '@', ':', ',']) || (local.starts_with('"') && local.contains('@')) {
            return Err(BadAddress::Relay);
        }
        let (name, tag) = match local.split_once('+') {
            Some((name, tag)) => (name, Some(tag)),
            None => (local, None),
        };
        if local.len() > 64 || !is_dotted(name) || !is_domain(domain) || tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(BadAddress::Malformed);
        }
        Ok(Self {
            local: name.to_ascii_lowercase(),
            tag: tag.map(str::to_ascii_lowercase),
            domain: domain.to_ascii_lowercase(),
        })
    }

    /// The part before `@`, without a tag.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part between `+` and `@`; agents use it to tell which sign-up an answer belongs to.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The part after `@`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// What makes two addresses one inbox: no tag, no dots in the local part.
    pub fn canonical(&self) -> String {
        format!("{}@{}", self.local.replace('.', ""), self.domain)
    }

    /// This address without its tag.
    pub fn untagged(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// A form in which look-alikes are equal: `0` and `o`, `1`, `i` and `l`, `rn` and `m`, `vv` and `w`, separators.
    pub fn skeleton(&self) -> String {
        let mut out = self.local.replace("rn", "m").replace("vv", "w");
        out.retain(|c| !matches!(c, '.' | '-' | '_'));
        let folded: String = out
            .chars()
            .map(|c| match c {
                '0' => 'o',
                '1' | 'i' => 'l',
                '5' => 's',
                other => other,
            })
            .collect();
        format!("{folded}@{}", self.domain)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{}+{tag}@{}", self.local, self.domain),
            None => write!(f, "{}@{}", self.local, self.domain),
        }
    }
}

/// Whether a text is a DNS name of letters, digits and hyphens (RFC 5321 4.1.2 `Domain`), at least two labels.
pub fn is_domain(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|atom| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

fn is_tag(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_tag_do_not_change_whose_address_it_is() {
        let address = Address::parse("Shop.Bot+GitHub@Example.TEST").unwrap();
        assert_eq!(address.to_string(), "shop.bot+github@example.test");
        assert_eq!(
            (address.local(), address.tag(), address.domain()),
            ("shop.bot", Some("github"), "example.test")
        );
        assert_eq!(address.canonical(), "shopbot@example.test");
        assert_eq!(address.untagged(), "shop.bot@example.test");
    }

    #[test]
    fn relay_probes_are_told_from_nonsense() {
        for probe in ["a%b.test@c.test", "a!b@c.test", "a@b.test@c.test", "\"a@b\"@c.test", "@x,@y:z@c.test"]
        {
            assert_eq!(Address::parse(probe), Err(BadAddress::Relay), "{probe}");
        }
        for bad in [
            "",
            "a",
            "@a.test",
            "a@",
            "a@b",
            ".a@b.test",
            "a..b@c.test",
            "ä@b.test",
            "a@bü.test",
            "a b@c.test",
        ] {
            assert_eq!(Address::parse(bad), Err(BadAddress::Malformed), "{bad}");
        }
        assert!(Address::parse(&format!("{}@b.test", "a".repeat(65))).is_err());
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |text| Address::parse(text).unwrap().skeleton();
        assert_eq!(skeleton("paypal@x.test"), skeleton("PAYPA1@x.test"));
        assert_eq!(skeleton("modern@x.test"), skeleton("m0de-m@x.test"));
        assert_ne!(skeleton("alice@x.test"), skeleton("bob@x.test"));
    }
}
