//! Opening and sealing requests: between the stored row and the request the rules see.
//!
//! Guarantees: personal fields leave this file only inside [`SubjectRequest`] or sealed; a shredded request opens with
//! `Erased` fields and never fails for it. Where next: `commit`, the one place that writes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::ids::{RefKey, RequestKey, Tenant};
use crate::domain::personal::Erasable;
use crate::domain::request::SubjectRequest;
use crate::ports::{DataKey, Fault, KeyName, Keys, RequestRow, Requests, Sealed, Sealer, WrappedKey};

/// The store and the sealer together: what every use case on requests needs.
#[derive(Clone, Debug)]
pub struct Records<S, K> {
    /// Rows and wrapped keys.
    pub store: S,
    /// KMS and the cipher.
    pub sealer: K,
}

/// The data keys of one request, as far as they exist.
#[derive(Clone, Debug)]
pub struct OpenKeys {
    /// The request's own key; none after shredding.
    pub person: Option<DataKey>,
    /// The tenant's staff key.
    pub staff: DataKey,
}

/// A request as loaded: the row for the next commit's condition, the request for the rules, the keys for sealing.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// As stored.
    pub row: RequestRow,
    /// As the rules see it.
    pub request: SubjectRequest,
    /// For sealing what comes next.
    pub keys: OpenKeys,
}

/// What a sealed field of the request's row is bound to.
pub fn row_aad(key: &RequestKey, field: &str) -> String {
    format!("requests|{key}|REQUEST|{field}")
}

impl<S: Requests + Keys, K: Sealer> Records<S, K> {
    /// Loads and opens a request; none if there is none.
    pub async fn load(&self, key: &RequestKey) -> Result<Option<Loaded>, Fault> {
        match self.store.request(key).await? {
            Some(row) => Ok(Some(self.open(row).await?)),
            None => Ok(None),
        }
    }

    async fn open(&self, row: RequestRow) -> Result<Loaded, Fault> {
        let staff_key = self.staff_key(row.tenant()).await?;
        self.open_with(row, staff_key).await
    }

    /// Opens one of several rows of a tenant, whose staff key is read once for all of them.
    pub(super) async fn open_with(&self, row: RequestRow, staff_key: DataKey) -> Result<Loaded, Fault> {
        let key = row.key();
        let person_key = self.person_key(&key).await?;
        let person = match &person_key {
            Some(data_key) => Erasable::Known(self.unseal_json(data_key, &row_aad(&key, "person"), &row.person)?),
            None => Erasable::Erased,
        };
        let staff = Erasable::Known(self.unseal_json(&staff_key, &row_aad(&key, "staff"), &row.staff)?);
        let request = SubjectRequest {
            facts: row.facts.clone(),
            person,
            staff,
        };
        Ok(Loaded {
            row,
            request,
            keys: OpenKeys {
                person: person_key,
                staff: staff_key,
            },
        })
    }

    /// The request's own data key; none when it is shredded.
    pub async fn person_key(&self, key: &RequestKey) -> Result<Option<DataKey>, Fault> {
        let name = KeyName::Person(key.tenant.clone(), key.id);
        match self.store.wrapped(&name).await? {
            Some(wrapped) => Ok(Some(self.sealer.unwrap(&name, &wrapped).await?)),
            None => Ok(None),
        }
    }

    /// A new data key for a request about to be submitted; the commit puts the wrapped one.
    pub async fn mint_person_key(&self, key: &RequestKey) -> Result<(KeyName, DataKey, WrappedKey), Fault> {
        let name = KeyName::Person(key.tenant.clone(), key.id);
        let (data_key, wrapped) = self.sealer.mint(&name).await?;
        Ok((name, data_key, wrapped))
    }

    /// The tenant's staff key, made on first use.
    pub async fn staff_key(&self, tenant: &Tenant) -> Result<DataKey, Fault> {
        self.kept_key(&KeyName::Staff(tenant.clone())).await
    }

    /// A data key that is made on first use; the first writer wins.
    pub(super) async fn kept_key(&self, name: &KeyName) -> Result<DataKey, Fault> {
        if let Some(wrapped) = self.store.wrapped(name).await? {
            return self.sealer.unwrap(name, &wrapped).await;
        }
        let (data_key, wrapped) = self.sealer.mint(name).await?;
        let kept = self.store.keep_key(name, &wrapped).await?;
        if kept == wrapped {
            Ok(data_key)
        } else {
            self.sealer.unwrap(name, &kept).await
        }
    }

    /// The tenant's key for references.
    pub async fn ref_key(&self, tenant: &Tenant) -> Result<RefKey, Fault> {
        self.sealer.ref_key(tenant).await
    }

    /// Seals a value as JSON.
    pub fn seal_json<T: Serialize>(&self, key: &DataKey, aad: &str, value: &T) -> Result<Sealed, Fault> {
        let plain = serde_json::to_vec(value).map_err(|e| Fault::corrupt("seal", e))?;
        Ok(self.sealer.seal(key, aad, &plain))
    }

    /// Unseals a JSON value.
    pub fn unseal_json<T: DeserializeOwned>(&self, key: &DataKey, aad: &str, sealed: &Sealed) -> Result<T, Fault> {
        let plain = self.sealer.unseal(key, aad, sealed)?;
        serde_json::from_slice(&plain).map_err(|e| Fault::corrupt("unseal", e))
    }

    /// Seals a value as base64 text.
    pub fn seal_text<T: Serialize>(&self, key: &DataKey, aad: &str, value: &T) -> Result<String, Fault> {
        Ok(BASE64_STANDARD.encode(self.seal_json(key, aad, value)?.0))
    }

    /// Unseals base64 text.
    pub fn unseal_text<T: DeserializeOwned>(&self, key: &DataKey, aad: &str, text: &str) -> Result<T, Fault> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|e| Fault::corrupt("unseal", e))?;
        self.unseal_json(key, aad, &Sealed(bytes))
    }
}
