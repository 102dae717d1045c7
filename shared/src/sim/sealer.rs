//! The fake of KMS and the cipher.
//!
//! Stricter than it needs to be: what is sealed opens only with the same key and the same binding, byte for byte; a
//! wrapped key opens only under its own name. The bytes at rest show nothing of what they hold, so that a scan for
//! personal data means something here too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::world::World;
use crate::domain::ids::{RefKey, Tenant};
use crate::ports::{DataKey, Fault, KeyName, Sealed, Sealer, WrappedKey};

const TAG: usize = 32;

/// Seals and unseals.
#[derive(Clone, Debug)]
pub struct SimSealer {
    world: World,
    minted: Rc<RefCell<BTreeMap<String, Vec<DataKey>>>>,
}

impl SimSealer {
    /// In a world.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            minted: Rc::default(),
        }
    }

    /// The key minted last under a name, also when it was shredded since: for tests alone.
    pub fn minted(&self, name: &KeyName) -> Option<DataKey> {
        self.all_minted(name).pop()
    }

    /// Every key minted under a name, of which the first that was stored is the one: for tests alone.
    pub fn all_minted(&self, name: &KeyName) -> Vec<DataKey> {
        self.minted.borrow().get(&name.text()).cloned().unwrap_or_default()
    }
}

impl Sealer for SimSealer {
    async fn mint(&self, name: &KeyName) -> Result<(DataKey, WrappedKey), Fault> {
        let mint = || {
            let key = DataKey(self.world.roll(super::Dice::bytes));
            let wrapped = WrappedKey(sealed(&[7; 32], &context(name), &key.0));
            self.minted
                .borrow_mut()
                .entry(name.text())
                .or_default()
                .push(key.clone());
            Ok((key, wrapped))
        };
        self.world.try_call("mint key", name.text(), mint).await
    }

    async fn unwrap(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
        let unwrap = || unwrapped(name, wrapped);
        self.world.try_call("unwrap key", name.text(), unwrap).await
    }

    fn seal(&self, key: &DataKey, aad: &str, plain: &[u8]) -> Sealed {
        Sealed(sealed(&key.0, aad, plain))
    }

    fn unseal(&self, key: &DataKey, aad: &str, sealed: &Sealed) -> Result<Vec<u8>, Fault> {
        opened(&key.0, aad, &sealed.0)
    }

    async fn ref_key(&self, tenant: &Tenant) -> Result<RefKey, Fault> {
        let derive = || Ok(reference_key(tenant));
        self.world.try_call("reference key", tenant, derive).await
    }
}

fn unwrapped(name: &KeyName, wrapped: &WrappedKey) -> Result<DataKey, Fault> {
    let plain = opened(&[7; 32], &context(name), &wrapped.0)?;
    let key = plain
        .try_into()
        .map_err(|_| Fault::corrupt("unwrap key", "not 32 bytes"))?;
    Ok(DataKey(key))
}

/// The tenant's key for references, for those who make callers without asking.
pub fn reference_key(tenant: &Tenant) -> RefKey {
    RefKey::new(Sha256::digest(tenant.as_str()).to_vec())
}

fn context(name: &KeyName) -> String {
    format!("{}|{}", name.tenant(), name.text())
}

/// The same bytes for the same input: the fake needs no nonce, because nobody attacks it.
fn sealed(key: &[u8; 32], aad: &str, plain: &[u8]) -> Vec<u8> {
    let mut bytes = tag(key, aad, plain).to_vec();
    bytes.extend(plain);
    stream(key, aad, &mut bytes[TAG..]);
    bytes
}

fn opened(key: &[u8; 32], aad: &str, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let (tagged, cipher) = bytes
        .split_at_checked(TAG)
        .ok_or_else(|| Fault::corrupt("unseal", "too short"))?;
    let mut plain = cipher.to_vec();
    stream(key, aad, &mut plain);
    if tag(key, aad, &plain) == tagged {
        Ok(plain)
    } else {
        Err(Fault::corrupt(
            "unseal",
            "another key, another binding, or changed bytes",
        ))
    }
}

fn tag(key: &[u8; 32], aad: &str, plain: &[u8]) -> [u8; TAG] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(aad.as_bytes());
    mac.update(&[0]);
    mac.update(plain);
    mac.finalize().into_bytes().into()
}

fn stream(key: &[u8; 32], aad: &str, bytes: &mut [u8]) {
    let pad = tag(key, "pad", aad.as_bytes());
    for (byte, pad) in bytes.iter_mut().zip(pad.iter().cycle()) {
        *byte ^= pad;
    }
}
