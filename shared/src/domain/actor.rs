//! Who acts: the caller the gateway authenticated, as the rules see them.
//!
//! Guarantees: roles come from exactly parsed groups; the comparisons of the two-person rule use [`Ref`]s, so they
//! still hold after names were shredded. Where next: `state_machine::request` for what each role may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{Ref, SubjectId, Tenant};
use super::personal::Personal;

/// In what capacity somebody did something; the word the audit trail shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The data subject (or another signed-in person of the tenant).
    Subject,
    /// Member of the operator group.
    Operator,
    /// Member of the auditor group.
    Auditor,
    /// Lethe itself.
    System,
}

/// A person as we know them: the application's id, a name, an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The application's id for a subject; the identity provider's `sub` for an operator.
    pub id: Personal,
    /// Display name, if the token or the operator gave one.
    #[serde(default)]
    pub name: Option<Personal>,
    /// E-mail address, if verified or stated by an operator.
    #[serde(default)]
    pub email: Option<Personal>,
}

/// The caller of an API route.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant of the token.
    pub tenant: Tenant,
    /// May review, approve, execute.
    pub is_operator: bool,
    /// May read what operators read.
    pub is_auditor: bool,
    /// The identity provider's `sub`.
    pub sub: Personal,
    /// The application's id for this person.
    pub subject_id: SubjectId,
    /// Display name.
    pub name: Option<Personal>,
    /// Verified e-mail address.
    pub email: Option<Personal>,
    /// Source IP as the gateway saw it.
    pub ip: Personal,
    /// When this person last signed in, as far as the token says.
    pub signed_in_at: Option<Timestamp>,
    /// Stands for `sub` in comparisons, rows and entries.
    pub actor_ref: Ref,
    /// Stands for `subject_id`.
    pub subject_ref: Ref,
}

impl Caller {
    /// The most telling role.
    pub fn role(&self) -> Role {
        match (self.is_operator, self.is_auditor) {
            (true, _) => Role::Operator,
            (false, true) => Role::Auditor,
            (false, false) => Role::Subject,
        }
    }

    /// Reads what operators read.
    pub fn reads_everything(&self) -> bool {
        self.is_operator || self.is_auditor
    }

    /// This caller as the requester of a request.
    pub fn person(&self) -> Person {
        Person {
            id: self.sub.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }

    /// This caller as a member of staff.
    pub fn staff(&self) -> StaffMember {
        StaffMember {
            sub: self.sub.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            ip: self.ip.clone(),
        }
    }

    /// The caller as the trail stamps them, in one capacity.
    pub fn actor(&self, role: Role) -> Actor {
        Actor {
            role,
            actor_ref: Some(self.actor_ref.clone()),
            staff: (role != Role::Subject).then(|| self.staff()),
        }
    }
}

/// An operator or auditor, as sealed under the tenant's staff key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// The identity provider's `sub`.
    pub sub: Personal,
    /// Display name.
    pub name: Option<Personal>,
    /// E-mail address.
    pub email: Option<Personal>,
    /// Source IP.
    pub ip: Personal,
}

/// Who did something, for the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// In which capacity.
    pub role: Role,
    /// Stands for the person; none for the system.
    pub actor_ref: Option<Ref>,
    /// The person, when they acted as staff.
    pub staff: Option<StaffMember>,
}

impl Actor {
    /// Lethe itself.
    pub fn system() -> Self {
        Self {
            role: Role::System,
            actor_ref: None,
            staff: None,
        }
    }
}

/// Reads the groups of a token as API Gateway's JWT authorizer hands them on: a list flattened to `[PlatformAdmin Auditor]`
/// in Go's style, or a single word.
///
/// A space is all that divides two groups. A comma or a quotation mark belongs to a name: `x,PlatformAdmin` is one group,
/// and whoever may name groups must not be able to name themselves an operator with it.
pub fn parse_groups(claim: &str) -> Vec<&str> {
    let list = claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = list.unwrap_or(claim);
    inner.split(' ').filter(|group| !group.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(is_operator: bool, is_auditor: bool) -> Caller {
        let key = crate::domain::ids::RefKey::new(vec![1; 32]);
        Caller {
            tenant: "acme".parse().expect("slug"),
            is_operator,
            is_auditor,
            sub: Personal::new("sub"),
            subject_id: SubjectId::try_from("sub".to_owned()).expect("an id"),
            name: None,
            email: None,
            ip: Personal::new("192.0.2.1"),
            signed_in_at: None,
            actor_ref: Ref::new(&key, "actor", "sub"),
            subject_ref: Ref::new(&key, "subject", "sub"),
        }
    }

    #[test]
    fn operators_and_auditors_read_everything_and_subjects_do_not() {
        assert!(caller(true, false).reads_everything());
        assert!(caller(false, true).reads_everything());
        assert!(!caller(false, false).reads_everything());
    }

    #[test]
    fn a_subjects_name_is_kept_with_the_request_not_with_the_staff() {
        assert_eq!(caller(false, false).actor(Role::Subject).staff, None);
        let acting = caller(true, false).actor(Role::Operator);
        assert_eq!(acting.staff.map(|staff| staff.sub), Some(Personal::new("sub")));
    }

    #[test]
    fn groups_are_parsed_exactly() {
        assert_eq!(parse_groups("[PlatformAdmin Auditor]"), ["PlatformAdmin", "Auditor"]);
        assert_eq!(parse_groups("[NotPlatformAdmin]"), ["NotPlatformAdmin"]);
        assert_eq!(parse_groups("PlatformAdmin"), ["PlatformAdmin"]);
        assert!(parse_groups("[]").is_empty() && parse_groups("").is_empty());
    }

    #[test]
    fn a_group_is_not_cut_at_a_comma_nor_freed_of_its_quotation_marks() {
        for claim in [
            "[x,PlatformAdmin]",
            "[\"PlatformAdmin\"]",
            "[\"x\",\"PlatformAdmin\"]",
            "[[PlatformAdmin]]",
            "[PlatformAdmin\tx]",
            "[PlatformAdmin\u{a0}x]",
            "[PlatformAdmin",
            "PlatformAdmin]",
        ] {
            assert!(!parse_groups(claim).contains(&"PlatformAdmin"), "{claim}");
        }
    }
}
