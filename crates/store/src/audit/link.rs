//! How rows hang together: each hash covers its row and the hash before it.
//!
//! `hash = SHA-256("mailward/audit/v1" | len(chain) u32 | chain | seq u64 | prev 32 | SHA-256(row))`, numbers big-endian,
//! `row` in the JSON Canonicalization Scheme (RFC 8785): what a verifier in another language can compute from an export.

use sha2::{Digest, Sha256};

/// What the first row of a chain hangs on.
pub const FIRST: [u8; 32] = [0; 32];

/// What a row says, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `key`, `operator`, `service` or `sender`.
    pub actor_kind: String,
    /// The public id of the actor's key.
    pub actor: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: Option<String>,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// Within which request.
    pub request_id: Option<String>,
    /// From which network.
    pub network: Option<String>,
    /// Numbers and words, as canonical JSON.
    pub detail: String,
    /// SHA-256 in hex of what a person wrote, sealed: the chain holds when those bytes are gone.
    pub sealed: Option<String>,
}

/// A row and its place.
pub struct Link<'a> {
    /// The chain's name.
    pub chain: &'a str,
    /// From 1.
    pub seq: i64,
    /// The hash of the row before.
    pub prev: &'a [u8],
    /// The row.
    pub row: &'a Row,
}

impl Link<'_> {
    /// The hash that the next row hangs on.
    pub fn hash(&self) -> [u8; 32] {
        let length = u32::try_from(self.chain.len()).expect("a chain's name is short");
        Sha256::new()
            .chain_update(b"mailward/audit/v1")
            .chain_update(length.to_be_bytes())
            .chain_update(self.chain)
            .chain_update(self.seq.to_be_bytes())
            .chain_update(self.prev)
            .chain_update(Sha256::digest(self.row.canonical()))
            .finalize()
            .into()
    }
}

impl Row {
    /// The row as RFC 8785 writes it: names sorted, absent ones left out.
    pub fn canonical(&self) -> String {
        let mut out = String::with_capacity(256);
        let text = |out: &mut String, name: &str, value: &str| {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push('"');
            out.push_str(name);
            out.push_str("\":");
            out.push_str(&serde_json::to_string(value).expect("text is JSON"));
        };
        text(&mut out, "action", &self.action);
        if let Some(actor) = &self.actor {
            text(&mut out, "actor", actor);
        }
        text(&mut out, "actorKind", &self.actor_kind);
        out.push_str(",\"at\":");
        out.push_str(&self.at.to_string());
        out.push_str(",\"detail\":");
        out.push_str(&self.detail);
        for (name, value) in [("network", &self.network), ("object", &self.object)] {
            if let Some(value) = value {
                text(&mut out, name, value);
            }
        }
        text(&mut out, "outcome", &self.outcome);
        if let Some(request) = &self.request_id {
            text(&mut out, "requestId", request);
        }
        if let Some(digest) = &self.sealed {
            text(&mut out, "sealed", digest);
        }
        out.push('}');
        out
    }
}

/// What a row says of its sealed bytes.
pub fn digest(sealed: &[u8]) -> String {
    hex(&Sha256::digest(sealed))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            at: 1_795_341_600_000,
            actor_kind: "key".into(),
            actor: Some("AbCdEfGhIjKl".into()),
            action: "mail.release".into(),
            object: Some("eml_1".into()),
            outcome: "done".into(),
            request_id: Some("req_1".into()),
            network: Some("192.0.2.0/24".into()),
            detail: "{\"held\":1}".into(),
            sealed: Some(digest(&[1, 2, 3])),
        }
    }

    #[test]
    fn the_canonical_form_is_what_another_verifier_computes() {
        // SHA-256 of the bytes 1, 2, 3.
        let sealed = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81";
        assert_eq!(
            row().canonical(),
            format!(
                "{{\"action\":\"mail.release\",\"actor\":\"AbCdEfGhIjKl\",\"actorKind\":\"key\",\"at\":1795341600000,\
                 \"detail\":{{\"held\":1}},\"network\":\"192.0.2.0/24\",\"object\":\"eml_1\",\"outcome\":\"done\",\
                 \"requestId\":\"req_1\",\"sealed\":\"{sealed}\"}}"
            )
        );
    }

    #[test]
    fn whatever_changes_in_a_row_or_its_place_changes_its_hash() {
        let first = row();
        let hash = |chain: &str, seq, prev: &[u8], row: &Row| Link { chain, seq, prev, row }.hash();
        let one = hash("ada", 1, &FIRST, &first);
        assert_eq!(one, hash("ada", 1, &FIRST, &first.clone()));
        assert_ne!(one, hash("bob", 1, &FIRST, &first));
        assert_ne!(one, hash("ada", 2, &FIRST, &first));
        assert_ne!(one, hash("ada", 1, &[1; 32], &first));
        for changed in [
            Row { at: 0, ..row() },
            Row { actor: None, ..row() },
            Row { outcome: "failed".into(), ..row() },
            Row { detail: "{\"held\":2}".into(), ..row() },
            Row { sealed: Some(digest(&[1, 2, 4])), ..row() },
            Row { network: None, ..row() },
        ] {
            assert_ne!(one, hash("ada", 1, &FIRST, &changed), "{changed:?}");
        }
    }
}
