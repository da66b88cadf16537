//! Master keys: the few secrets from which everything else in the keystore can be opened.
//!
//! Parses and names them and wraps with them. Where one comes from (a file, a credential, a passphrase) and how it is
//! guarded there is the operator's business and the server's.

use mailward_mail::id::TenantId;
use mailward_mail::random::Random;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::fields::Fields;
use crate::secret::Secret;
use crate::service::ServiceKey;
use crate::tenant::TenantKey;
use crate::wrap::{Wrapped, WrappedKey};

const WRAP: &[u8] = b"mailward/wrap/v1";

/// One master key: 32 bytes, and the public id by which rows name it.
///
/// The id of a key that lies in a ring is computed from its bytes. A key that somebody else keeps for us, for one wrap,
/// goes by the id of theirs that guards it.
#[derive(Clone, Debug)]
pub struct MasterKey {
    id: String,
    secret: Secret,
}

impl MasterKey {
    /// Draws a new one.
    pub fn generate(random: &Random) -> Self {
        Self::new(Secret::generate(random))
    }

    /// Draws one for a single wrap, to be kept under the key `id` of somebody else.
    pub fn one_off(id: &str, random: &Random) -> Self {
        Self { id: id.to_owned(), secret: Secret::generate(random) }
    }

    /// Takes up what [`MasterKey::one_off`] drew. The bytes stay the caller's to wipe.
    ///
    /// # Errors
    /// [`Error::BadMasterKey`] when they are not 32.
    pub fn kept(id: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| Error::BadMasterKey)?;
        Ok(Self { id: id.to_owned(), ..Self::from_bytes(bytes) })
    }

    /// The 32 bytes, for whoever keeps them for us. Wiped when dropped.
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.secret.bytes())
    }

    /// A key made of 32 bytes that somebody derived, from a passphrase say. The bytes stay the caller's to wipe.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut secret = Secret::zeros();
        secret.bytes_mut().copy_from_slice(bytes);
        Self::new(secret)
    }

    /// Reads 64 hexadecimal digits; white space around them, as an editor leaves it, is ignored.
    ///
    /// # Errors
    /// [`Error::BadMasterKey`] for anything else. The text is not repeated.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let digits = text.trim().as_bytes();
        if digits.len() != 64 {
            return Err(Error::BadMasterKey);
        }
        let mut secret = Secret::zeros();
        for (byte, pair) in secret.bytes_mut().iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self::new(secret))
    }

    /// 64 lower-case hexadecimal digits: the form of the key file. Wiped when dropped.
    pub fn to_hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        push_hex(&mut text, self.secret.bytes());
        text
    }

    /// The name of the key in rows and logs; tells nothing of it. Eight hexadecimal digits for a key of a ring.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Wraps a tenant's key for this region, tenant and the key's version.
    pub fn wrap_tenant_key(
        &self,
        region: &str,
        tenant: &TenantId,
        key: &TenantKey,
        random: &Random,
    ) -> WrappedKey {
        self.wrap(&tenant_place(region, tenant, key.version(), &self.id), key.secret(), random)
    }

    /// Opens a tenant's key that this key wrapped.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Altered`] when the bytes are not what was wrapped for this region, tenant
    /// and version.
    pub fn unwrap_tenant_key(
        &self,
        region: &str,
        tenant: &TenantId,
        version: u32,
        wrapped: &WrappedKey,
    ) -> Result<TenantKey, Error> {
        let place = tenant_place(region, tenant, version, &self.id);
        Ok(TenantKey::new(version, self.unwrap(&place, wrapped)?))
    }

    /// Wraps a key of the service under the key's own name.
    pub fn wrap_service_key(&self, name: &str, key: &ServiceKey, random: &Random) -> WrappedKey {
        self.wrap(&service_place(name, &self.id), &key.0, random)
    }

    /// Opens a key of the service that this key wrapped.
    ///
    /// # Errors
    /// As [`MasterKey::unwrap_tenant_key`].
    pub fn unwrap_service_key(&self, name: &str, wrapped: &WrappedKey) -> Result<ServiceKey, Error> {
        Ok(ServiceKey(self.unwrap(&service_place(name, &self.id), wrapped)?))
    }

    fn wrap(&self, place: &Fields, secret: &Secret, random: &Random) -> WrappedKey {
        WrappedKey(Wrapped::new(&self.secret, WRAP, place.as_bytes(), secret, random))
    }

    fn unwrap(&self, place: &Fields, wrapped: &WrappedKey) -> Result<Secret, Error> {
        wrapped.0.without_envelope()?.open(&self.secret, WRAP, place.as_bytes())
    }

    fn new(secret: Secret) -> Self {
        let hash =
            Sha256::new().chain_update(b"mailward/master-id/v1").chain_update(secret.bytes()).finalize();
        let mut id = String::with_capacity(8);
        push_hex(&mut id, &hash[..4]);
        Self { id, secret }
    }
}

/// The master keys that are loaded, the one for new wraps first. Which one *is* used for new wraps is written in the
/// keystore, because several processes must agree on it.
#[derive(Clone, Debug)]
pub struct MasterRing {
    keys: Vec<MasterKey>,
}

impl MasterRing {
    /// A ring; `others` are the keys that a rotation has not yet replaced everywhere, or that are to come.
    pub fn new(first: MasterKey, others: Vec<MasterKey>) -> Self {
        let mut keys = vec![first];
        keys.extend(others);
        Self { keys }
    }

    /// Reads keys of 64 hexadecimal digits with white space between; a line may end with a comment after `#`.
    ///
    /// # Errors
    /// [`Error::BadMasterKey`] for anything else, for no key at all, and for the same key twice.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let words =
            text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
        let keys = words.map(MasterKey::from_hex).collect::<Result<Vec<_>, _>>()?;
        let ids: std::collections::HashSet<&str> = keys.iter().map(MasterKey::id).collect();
        if keys.is_empty() || ids.len() != keys.len() {
            return Err(Error::BadMasterKey);
        }
        Ok(Self { keys })
    }

    /// The form that [`MasterRing::parse`] reads, a key a line. Wiped when dropped.
    pub fn to_text(&self) -> Zeroizing<String> {
        // All at once: a string that grows leaves unwiped copies behind.
        let mut text = Zeroizing::new(String::with_capacity(65 * self.keys.len()));
        for key in &self.keys {
            push_hex(&mut text, key.secret.bytes());
            text.push('\n');
        }
        text
    }

    /// The first key.
    pub fn first(&self) -> &MasterKey {
        &self.keys[0]
    }

    /// Ids of all keys, the first one first.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(MasterKey::id).collect()
    }

    /// The key of that id.
    ///
    /// # Errors
    /// [`Error::UnknownMasterKey`] when it is not loaded.
    pub fn key(&self, id: &str) -> Result<&MasterKey, Error> {
        let found = self.keys.iter().find(|key| key.id() == id);
        found.ok_or_else(|| Error::UnknownMasterKey(id.to_owned()))
    }

    /// The same ring with one more key, first or last.
    #[must_use]
    pub fn with(&self, key: MasterKey, first: bool) -> Self {
        let mut keys = self.keys.clone();
        keys.insert(if first { 0 } else { keys.len() }, key);
        Self { keys }
    }

    /// The same ring without that key; `None` when nothing would be left.
    #[must_use]
    pub fn without(&self, id: &str) -> Option<Self> {
        let keys: Vec<MasterKey> = self.keys.iter().filter(|key| key.id() != id).cloned().collect();
        (!keys.is_empty()).then_some(Self { keys })
    }
}

fn tenant_place(region: &str, tenant: &TenantId, version: u32, master_id: &str) -> Fields {
    Fields::new().text(region).text(tenant.as_str()).number(version).text(master_id)
}

/// Four bytes shorter than any [`tenant_place`] with the same first two names, so that a region called `service`
/// could not make one pass for the other.
fn service_place(name: &str, master_id: &str) -> Fields {
    Fields::new().text("service").text(name).text(master_id)
}

fn hex_digit(digit: u8) -> Result<u8, Error> {
    let value = char::from(digit).to_digit(16).ok_or(Error::BadMasterKey)?;
    u8::try_from(value).map_err(|_| Error::BadMasterKey)
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("a nibble is below 16");
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a slug")
    }

    #[test]
    fn a_master_key_is_written_as_hex_and_read_back_with_a_trailing_newline() {
        let key = MasterKey::generate(&Random::seeded(1));
        let text = format!("{}\n", *key.to_hex());
        let back = MasterKey::from_hex(&text.to_uppercase()).expect("hex");
        assert_eq!(back.secret.bytes(), key.secret.bytes());
        assert_eq!((back.id(), key.id().len()), (key.id(), 8));
        assert!(!key.to_hex().contains(key.id()));
    }

    #[test]
    fn what_is_not_a_master_key_is_refused_without_being_repeated() {
        for bad in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66), &"é".repeat(32)] {
            assert_eq!(MasterKey::from_hex(bad).expect_err("bad"), Error::BadMasterKey, "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_the_id_and_no_key() {
        let key = MasterKey::generate(&Random::seeded(1));
        let shown = format!("{:?}", MasterRing::new(key.clone(), vec![]));
        assert!(shown.contains(key.id()) && shown.contains("(secret)"), "{shown}");
        assert!(!shown.contains(&key.to_hex()[..16]), "{shown}");
    }

    #[test]
    fn a_tenant_key_opens_for_its_own_region_tenant_version_and_master_key_alone() {
        let random = Random::seeded(2);
        let (old, new) = (MasterKey::generate(&random), MasterKey::generate(&random));
        let key = TenantKey::generate(3, &random);
        let wrapped = old.wrap_tenant_key("local", &tenant("ada"), &key, &random);

        let both = MasterRing::new(new.clone(), vec![old.clone()]);
        assert_eq!(both.ids(), [new.id(), old.id()]);
        let open = |ring: &MasterRing, master: &MasterKey, region, name, version| {
            ring.key(master.id())?.unwrap_tenant_key(region, &tenant(name), version, &wrapped)
        };
        let opened = open(&both, &old, "local", "ada", 3).expect("its own place");
        assert_eq!((opened.version(), opened.secret().bytes()), (3, key.secret().bytes()));

        assert_eq!(open(&both, &old, "eu", "ada", 3).expect_err("region"), Error::Altered);
        assert_eq!(open(&both, &old, "local", "bob", 3).expect_err("tenant"), Error::Altered);
        assert_eq!(open(&both, &old, "local", "ada", 4).expect_err("version"), Error::Altered);
        assert_eq!(open(&both, &new, "local", "ada", 3).expect_err("master key"), Error::Altered);
        assert_eq!(
            open(&MasterRing::new(new, vec![]), &old, "local", "ada", 3).expect_err("not loaded"),
            Error::UnknownMasterKey(old.id().to_owned())
        );
    }

    #[test]
    fn a_service_key_opens_under_its_own_name_alone_and_never_as_a_tenants() {
        let random = Random::seeded(3);
        let master = MasterKey::generate(&random);
        let key = ServiceKey::generate(&random);
        let wrapped = master.wrap_service_key("pepper", &key, &random);
        let opened = master.unwrap_service_key("pepper", &wrapped).expect("its own name");
        assert_eq!(opened.0.bytes(), key.0.bytes());
        assert!(master.unwrap_service_key("links", &wrapped).is_err());
        assert!(master.unwrap_tenant_key("service", &tenant("pepper"), 8, &wrapped).is_err());
    }

    #[test]
    fn a_ring_is_written_and_read_back_and_nonsense_is_not() {
        let random = Random::seeded(4);
        let [one, two, three] = [(); 3].map(|()| MasterKey::generate(&random));
        let ring = MasterRing::new(one.clone(), vec![two.clone()]);
        let back = MasterRing::parse(&format!("# kept in the safe\n\n{}", *ring.to_text())).expect("a ring");
        assert_eq!(back.ids(), [one.id(), two.id()]);
        assert_eq!(MasterRing::parse(&one.to_hex()).expect("one key is a ring").ids(), [one.id()]);
        assert_eq!(ring.with(three.clone(), true).first().id(), three.id());
        assert_eq!(ring.with(three.clone(), false).ids()[2], three.id());
        assert_eq!(ring.without(one.id()).expect("one is left").ids(), [two.id()]);
        assert!(MasterRing::new(one.clone(), vec![]).without(one.id()).is_none());
        let twice = format!("{}\n{}", *one.to_hex(), *one.to_hex());
        for bad in ["", "# only a comment", "abc", &twice] {
            assert_eq!(MasterRing::parse(bad).expect_err("refused"), Error::BadMasterKey, "{bad:?}");
        }
    }

    #[test]
    fn a_key_kept_elsewhere_opens_its_wrap_with_whatever_lies_beside_it() {
        let random = Random::seeded(5);
        let key = TenantKey::generate(1, &random);
        let one_off = MasterKey::one_off("kms/7", &random);
        let wrapped = one_off.wrap_tenant_key("local", &tenant("ada"), &key, &random).with_envelope(b"blob");
        assert_eq!(wrapped.envelope(), b"blob");
        let kept = MasterKey::kept("kms/7", &one_off.expose()[..]).expect("32 bytes");
        let opened = kept.unwrap_tenant_key("local", &tenant("ada"), 1, &wrapped).expect("its own key");
        assert_eq!(opened.secret().bytes(), key.secret().bytes());
        // The id is bound too: the program behind another key cannot pass for this one.
        let other = MasterKey::kept("kms/8", &one_off.expose()[..]).expect("32 bytes");
        assert_eq!(
            other.unwrap_tenant_key("local", &tenant("ada"), 1, &wrapped).expect_err("id"),
            Error::Altered
        );
    }
}
