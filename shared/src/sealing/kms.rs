//! [`Kms`]: mints and unwraps data keys in KMS, and derives each tenant's key for references.
//!
//! A data key is bound to tenant and key name by the encryption context, so a wrapped key copied to another row does
//! not open there, and CloudTrail shows whose key was used. What is cached, and why, stands at [`Cache`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, MacAlgorithmSpec};

use super::envelope;
use crate::domain::ids::{RefKey, Tenant};
use crate::ports::{DataKey, Fault, KeyName, Sealed, Sealer, WrappedKey};
use crate::sdk_fault::fault;

const MINT: &str = "mint a data key";
const UNWRAP: &str = "unwrap a data key";
const REF_KEY: &str = "derive the tenant's reference key";

/// KMS's own codes and ours.
const CODES: [(&str, &str); 6] = [
    ("NotFoundException", "kms_key_gone"),
    ("DisabledException", "kms_key_disabled"),
    ("KMSInvalidStateException", "kms_key_disabled"),
    ("InvalidCiphertextException", "corrupt"),
    ("IncorrectKeyException", "corrupt"),
    ("InvalidKeyUsageException", "kms_key_wrong_kind"),
];

/// Entries kept at most per cache; more tenants than that share a process without keeping all keys in memory.
const CACHE_MAX: usize = 256;

/// Seals with keys that KMS wraps.
#[derive(Clone, Debug)]
pub struct Kms {
    client: Client,
    data_key_arn: Arc<str>,
    mac_key_arn: Option<Arc<str>>,
    cache: Arc<Mutex<Cache>>,
}

/// What a process keeps between invocations.
///
/// * A tenant's reference key: derived from a KMS key that never changes; there is nothing to shred.
/// * A tenant's staff key: every request of a tenant reads it, and it lives for the audit retention (years). It is found
///   by its wrapped bytes, which the caller has just read from table `keys`: after its row is deleted nobody asks.
/// * Never a person's key: it is shredded while processes live on, and then no copy may be left anywhere.
#[derive(Default)]
struct Cache {
    refs: HashMap<Tenant, RefKey>,
    staff: HashMap<Vec<u8>, DataKey>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Kms {
    /// Uses `data_key_arn` to wrap keys and `mac_key_arn` to derive reference keys; a function that looks nobody up has
    /// no right to the latter and leaves it out.
    pub fn new(client: Client, data_key_arn: impl Into<Arc<str>>, mac_key_arn: impl Into<Option<String>>) -> Self {
        Self {
            client,
            data_key_arn: data_key_arn.into(),
            mac_key_arn: mac_key_arn.into().map(Arc::from),
            cache: Arc::default(),
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // A panic elsewhere cannot leave half an entry: each is inserted whole.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember_staff(&self, name: &KeyName, wrapped: &[u8], key: &DataKey) {
        if let KeyName::Staff(_) = name {
            bounded_insert(&mut self.cache().staff, wrapped.to_vec(), key.clone());
        }
    }
}

impl Sealer for Kms {
    async fn mint(&self, name: &KeyName) -> Result<(DataKey, WrappedKey), Fault> {
        let answer = self
            .client
            .generate_data_key()
            .key_id(&*self.data_key_arn)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context(name)))
            .send()
            .await
            .map_err(|error| fault(MINT, error, &CODES))?;
        let key = data_key(MINT, answer.plaintext)?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        if wrapped.is_empty() {
            return Err(Fault::corrupt(MINT, "KMS answered no wrapped key"));
        }
        self.remember_staff(name, &wrapped, &key);
        Ok((key, WrappedKey(wrapped)))
    }

    async fn unwrap(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        if let KeyName::Staff(_) = name
            && let Some(key) = self.cache().staff.get(&wrapped.0)
        {
            return Ok(key.clone());
        }
        let answer = self
            .client
            .decrypt()
            .key_id(&*self.data_key_arn)
            .ciphertext_blob(Blob::new(wrapped.0.clone()))
            .set_encryption_context(Some(context(name)))
            .send()
            .await
            .map_err(|error| fault(UNWRAP, error, &CODES))?;
        let key = data_key(UNWRAP, answer.plaintext)?;
        self.remember_staff(name, &wrapped.0, &key);
        Ok(key)
    }

    fn seal(&self, key: &DataKey, aad: &str, plain: &[u8]) -> Sealed {
        let mut nonce = [0; 12];
        aws_lc_rs::rand::fill(&mut nonce).expect("the operating system gives random bytes");
        Sealed(envelope::seal(key, aad, plain, nonce))
    }

    fn unseal(&self, key: &DataKey, aad: &str, sealed: &Sealed) -> Result<Vec<u8>, Fault> {
        envelope::open(key, aad, &sealed.0).map_err(|why| Fault::corrupt("unseal", why))
    }

    async fn ref_key(&self, tenant: &Tenant) -> Result<RefKey, Fault> {
        if let Some(key) = self.cache().refs.get(tenant) {
            return Ok(key.clone());
        }
        let Some(arn) = &self.mac_key_arn else {
            return Err(Fault::permanent(
                REF_KEY,
                "not_configured",
                "this function was given no MAC_KEY_ARN",
            ));
        };
        let answer = self
            .client
            .generate_mac()
            .key_id(&**arn)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(format!("lethe/references/1/{tenant}")))
            .send()
            .await
            .map_err(|error| fault(REF_KEY, error, &CODES))?;
        let key = RefKey::new(data_key(REF_KEY, answer.mac)?.0.to_vec());
        bounded_insert(&mut self.cache().refs, tenant.clone(), key.clone());
        Ok(key)
    }
}

fn context(name: &KeyName) -> HashMap<String, String> {
    HashMap::from([
        ("lethe:tenant".to_owned(), name.tenant().to_string()),
        ("lethe:key".to_owned(), name.text()),
    ])
}

fn data_key(operation: &'static str, answered: Option<Blob>) -> Result<DataKey, Fault> {
    let bytes = answered.map(Blob::into_inner).unwrap_or_default();
    let key = bytes.try_into();
    key.map(DataKey)
        .map_err(|_| Fault::corrupt(operation, "KMS did not answer 32 bytes"))
}

/// Inserts; a full map is emptied first, which costs one call per key again and needs no bookkeeping.
fn bounded_insert<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= CACHE_MAX {
        map.clear();
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kms() -> Kms {
        let config = aws_sdk_kms::Config::builder().behavior_version_latest().build();
        Kms::new(Client::from_conf(config), "arn", None)
    }

    #[test]
    fn two_seals_of_the_same_text_differ_and_both_open() {
        let (kms, key) = (kms(), DataKey([1; 32]));
        let (a, b) = (kms.seal(&key, "x", b"text"), kms.seal(&key, "x", b"text"));
        assert_ne!(a, b);
        assert_eq!(kms.unseal(&key, "x", &a).expect("opens"), b"text");
        assert_eq!(kms.unseal(&key, "x", &b).expect("opens"), b"text");
    }

    #[test]
    fn what_cannot_be_opened_is_corrupt() {
        let refused = kms().unseal(&DataKey([1; 32]), "x", &Sealed(vec![1; 80]));
        assert!(matches!(refused, Err(Fault::Permanent { code: "corrupt", .. })));
    }

    #[test]
    fn a_cache_stays_small() {
        let mut map = HashMap::new();
        (0..CACHE_MAX * 3).for_each(|n| bounded_insert(&mut map, n, ()));
        assert!(map.len() <= CACHE_MAX && map.contains_key(&(CACHE_MAX * 3 - 1)));
    }

    #[test]
    fn secrets_do_not_show() {
        let kms = kms();
        kms.cache()
            .refs
            .insert("acme".parse().expect("slug"), RefKey::new(vec![200; 32]));
        assert!(!format!("{kms:?}").contains("200, 200"));
    }
}
