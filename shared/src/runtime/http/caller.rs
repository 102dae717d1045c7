//! Who calls: the claims of the id token, which the gateway has checked, as the rules see them.
//!
//! Guarantees: only an id token names a caller; the tenant comes from the token (or the one tenant of a deployment), never
//! from the call; groups are compared whole; an e-mail address that nobody verified is not used.

use jiff::Timestamp;

use super::call::Call;
use crate::domain::actor::{Caller, parse_groups};
use crate::domain::ids::{Ref, SubjectId, Tenant};
use crate::domain::personal::Personal;
use crate::ports::Sealer;
use crate::runtime::settings::ApiSettings;
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;

/// The caller of a route that needs one.
pub async fn caller(call: &Call, settings: &ApiSettings, sealer: &impl Sealer) -> Result<Caller, Failure> {
    let claims = Claims::read(call, settings)?;
    let key = sealer.ref_key(&claims.tenant).await?;
    Ok(Caller {
        actor_ref: Ref::new(&key, "actor", claims.sub.expose()),
        subject_ref: Ref::new(&key, "subject", claims.subject_id.expose()),
        tenant: claims.tenant,
        is_operator: claims.is_operator,
        is_auditor: claims.is_auditor,
        sub: claims.sub,
        subject_id: claims.subject_id,
        name: claims.name,
        email: claims.email,
        ip: Personal::new(call.source_ip()),
        signed_in_at: claims.signed_in_at,
    })
}

/// What the token says; pure.
#[derive(Debug)]
struct Claims {
    tenant: Tenant,
    is_operator: bool,
    is_auditor: bool,
    sub: Personal,
    subject_id: SubjectId,
    name: Option<Personal>,
    email: Option<Personal>,
    signed_in_at: Option<Timestamp>,
}

impl Claims {
    fn read(call: &Call, settings: &ApiSettings) -> Result<Self, Refusal> {
        let claim = |name: &str| call.claim(name).filter(|text| !text.is_empty());
        // Cognito says which token it is; a foreign issuer's audience already tells its id tokens from the others.
        if claim("token_use").is_some_and(|kind| kind != "id") {
            return Err(Refusal::WrongToken);
        }
        let sub = claim("sub").ok_or(Refusal::WrongToken)?;
        let tenant = tenant(claim(&settings.tenant_claim), settings)?;
        let subject_id = claim(&settings.subject_id_claim).unwrap_or(sub).to_owned();
        let groups = parse_groups(claim(&settings.groups_claim).unwrap_or_default());
        let verified = claim("email_verified").is_some_and(|word| word == "true");
        Ok(Self {
            tenant,
            is_operator: groups.contains(&settings.operator_group.as_str()),
            is_auditor: groups.contains(&settings.auditor_group.as_str()),
            sub: Personal::new(sub),
            // An id that cannot be one (over 512 bytes, control characters) is a token we cannot use.
            subject_id: SubjectId::try_from(subject_id).map_err(|_| Refusal::WrongToken)?,
            name: claim("name").map(Personal::new),
            email: claim("email").filter(|_| verified).map(Personal::new),
            signed_in_at: claim(&settings.reauth_claim).and_then(instant),
        })
    }
}

/// A time of the token (RFC 7519, NumericDate: seconds, whole or not; a gateway may write them with an exponent). One that
/// cannot be read is none: whoever bears it counts as having signed in long ago.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and no such second is an instant"
)]
fn instant(seconds: &str) -> Option<Timestamp> {
    let whole = seconds.parse().ok();
    let rounded = || {
        let fractional = seconds.parse::<f64>().ok().filter(|number| number.is_finite());
        fractional.map(|number| number.floor() as i64)
    };
    Timestamp::from_second(whole.or_else(rounded)?).ok()
}

/// The token's tenant. One that is there but malformed is refused, not replaced by the single tenant.
fn tenant(claim: Option<&str>, settings: &ApiSettings) -> Result<Tenant, Refusal> {
    match claim {
        Some(text) => text.parse().map_err(|_| Refusal::NoTenant),
        None => settings.single_tenant.clone().ok_or(Refusal::NoTenant),
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;
    use serde_json::{Value, json};

    fn settings(single: Option<&str>) -> ApiSettings {
        ApiSettings {
            operator_group: "PlatformAdmin".into(),
            auditor_group: "Auditor".into(),
            groups_claim: "cognito:groups".into(),
            tenant_claim: "custom:tenant".into(),
            subject_id_claim: "custom:subject_id".into(),
            reauth_claim: "auth_time".into(),
            single_tenant: single.map(|text| text.parse().expect("slug")),
            allow_short_periods: false,
            version: "0".into(),
        }
    }

    fn read(claims: Value, single: Option<&str>) -> Result<Claims, Refusal> {
        let changes = json!({"requestContext": {"authorizer": {"jwt": {"claims": claims}}}});
        Claims::read(&call("POST /v1/requests", changes), &settings(single))
    }

    #[test]
    fn an_operators_token_is_understood() {
        let claims = read(json!({}), None).expect("a caller");
        assert!(claims.is_operator && claims.is_auditor);
        assert_eq!(claims.tenant.as_str(), "acme");
        assert_eq!(claims.subject_id.expose(), "sub-1", "without the claim it is `sub`");
        assert_eq!(claims.email.as_ref().map(Personal::expose), Some("o@acme.example"));
    }

    #[test]
    fn groups_are_compared_whole() {
        for groups in ["[NotPlatformAdmin]", "[PlatformAdmins]", "[platformadmin]", "[]", ""] {
            let claims = read(json!({"cognito:groups": groups}), None).expect("a caller");
            assert!(!claims.is_operator && !claims.is_auditor, "{groups}");
        }
    }

    #[test]
    fn an_access_token_names_nobody() {
        for claims in [json!({"token_use": "access"}), json!({"sub": null}), json!({"sub": ""})] {
            assert_eq!(read(claims.clone(), None).err(), Some(Refusal::WrongToken), "{claims}");
        }
        assert!(
            read(json!({"token_use": null}), None).is_ok(),
            "other issuers have no token_use"
        );
    }

    #[test]
    fn the_tenant_is_the_tokens_or_the_only_one() {
        assert_eq!(
            read(json!({"custom:tenant": null}), None).err(),
            Some(Refusal::NoTenant)
        );
        let single = read(json!({"custom:tenant": ""}), Some("only")).expect("a caller");
        assert_eq!(single.tenant.as_str(), "only");
        let named = read(json!({}), Some("only")).expect("a caller");
        assert_eq!(named.tenant.as_str(), "acme");
        assert_eq!(
            read(json!({"custom:tenant": "A B"}), Some("only")).err(),
            Some(Refusal::NoTenant)
        );
    }

    #[test]
    fn when_somebody_signed_in_is_what_the_named_claim_says() {
        let at = |claims| read(claims, None).expect("a caller").signed_in_at;
        let noon = "2026-11-22T12:00:00Z".parse::<Timestamp>().ok();
        for told in ["1795348800", "1795348800.75", "1.7953488e+09"] {
            assert_eq!(at(json!({"auth_time": told, "iat": "1795350000"})), noon, "{told}");
        }
        for odd in [
            json!(null),
            json!(""),
            json!("noon"),
            json!("NaN"),
            json!("1e300"),
            json!("-1e300"),
        ] {
            assert_eq!(at(json!({"auth_time": odd, "iat": "1795348800"})), None, "{odd}");
        }
    }

    #[test]
    fn an_unverified_address_is_not_used() {
        for verified in [json!("false"), json!(null), json!("")] {
            let claims = read(json!({"email_verified": verified}), None).expect("a caller");
            assert_eq!(claims.email, None);
        }
        assert!(read(json!({}), None).expect("a caller").email.is_some());
    }
}
