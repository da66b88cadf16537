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

/// One master key: 32 bytes, and a public id computed from them.
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

    /// Eight hexadecimal digits that name the key in rows and logs and tell nothing of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn new(secret: Secret) -> Self {
        let hash =
            Sha256::new().chain_update(b"mailward/master-id/v1").chain_update(secret.bytes()).finalize();
        let mut id = String::with_capacity(8);
        push_hex(&mut id, &hash[..4]);
        Self { id, secret }
    }
}

/// The master keys that are loaded: the current one wraps, it and the older ones unwrap.
#[derive(Clone, Debug)]
pub struct MasterRing {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl MasterRing {
    /// A ring; `older` are the keys that a rotation has not yet replaced everywhere.
    pub fn new(current: MasterKey, older: Vec<MasterKey>) -> Self {
        Self { current, older }
    }

    /// Id of the key that wraps: what goes into the column beside each new wrap.
    pub fn current_id(&self) -> &str {
        self.current.id()
    }

    /// Ids of all keys, the current one first.
    pub fn ids(&self) -> Vec<&str> {
        self.keys().map(MasterKey::id).collect()
    }

    /// Wraps a tenant's key under the current master key, for this region, tenant and the key's version.
    pub fn wrap_tenant_key(
        &self,
        region: &str,
        tenant: &TenantId,
        key: &TenantKey,
        random: &Random,
    ) -> WrappedKey {
        let place = tenant_place(region, tenant, key.version(), self.current_id());
        self.wrap(&place, key.secret(), random)
    }

    /// Opens a tenant's key that the master key `master_id` wrapped.
    ///
    /// # Errors
    /// [`Error::UnknownMasterKey`] when that key is not loaded; [`Error::Malformed`] and [`Error::Altered`] when the
    /// bytes are not what was wrapped for this region, tenant and version.
    pub fn unwrap_tenant_key(
        &self,
        master_id: &str,
        region: &str,
        tenant: &TenantId,
        version: u32,
        wrapped: &WrappedKey,
    ) -> Result<TenantKey, Error> {
        let place = tenant_place(region, tenant, version, master_id);
        Ok(TenantKey::new(version, self.unwrap(master_id, &place, wrapped)?))
    }

    /// Wraps a key of the service under the current master key and the key's own name.
    pub fn wrap_service_key(&self, name: &str, key: &ServiceKey, random: &Random) -> WrappedKey {
        self.wrap(&service_place(name, self.current_id()), &key.0, random)
    }

    /// Opens a key of the service that the master key `master_id` wrapped.
    ///
    /// # Errors
    /// As [`MasterRing::unwrap_tenant_key`].
    pub fn unwrap_service_key(
        &self,
        master_id: &str,
        name: &str,
        wrapped: &WrappedKey,
    ) -> Result<ServiceKey, Error> {
        Ok(ServiceKey(self.unwrap(master_id, &service_place(name, master_id), wrapped)?))
    }

    fn wrap(&self, place: &Fields, secret: &Secret, random: &Random) -> WrappedKey {
        WrappedKey(Wrapped::new(&self.current.secret, WRAP, place.as_bytes(), secret, random))
    }

    fn unwrap(&self, master_id: &str, place: &Fields, wrapped: &WrappedKey) -> Result<Secret, Error> {
        let master = self.keys().find(|key| key.id() == master_id);
        let master = master.ok_or_else(|| Error::UnknownMasterKey(master_id.to_owned()))?;
        wrapped.0.open(&master.secret, WRAP, place.as_bytes())
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.older)
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
        let ring = MasterRing::new(old.clone(), vec![]);
        let key = TenantKey::generate(3, &random);
        let wrapped = ring.wrap_tenant_key("local", &tenant("ada"), &key, &random);

        let both = MasterRing::new(new.clone(), vec![old.clone()]);
        assert_eq!(both.ids(), [new.id(), old.id()]);
        let open = |ring: &MasterRing, master: &MasterKey, region, name, version| {
            ring.unwrap_tenant_key(master.id(), region, &tenant(name), version, &wrapped)
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
        let ring = MasterRing::new(MasterKey::generate(&random), vec![]);
        let key = ServiceKey::generate(&random);
        let wrapped = ring.wrap_service_key("pepper", &key, &random);
        let opened = ring.unwrap_service_key(ring.current_id(), "pepper", &wrapped).expect("its own name");
        assert_eq!(opened.0.bytes(), key.0.bytes());
        assert!(ring.unwrap_service_key(ring.current_id(), "links", &wrapped).is_err());
        assert!(
            ring.unwrap_tenant_key(ring.current_id(), "service", &tenant("pepper"), 8, &wrapped).is_err()
        );
    }
}
