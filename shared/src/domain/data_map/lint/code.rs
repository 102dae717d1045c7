//! The stable name of every mistake a data map can make.
//!
//! Guarantees: a name never changes its meaning, so scripts may look for it. Each has a file that makes the mistake
//! (`cases/<name>.yaml`), and the tests fail for a code without one.

use std::fmt;

/// Makes the enum and the list of all its members, so that none can be left out of the list.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal,)*) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// Every code, in the order of the page that explains them.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    /// The file is no YAML.
    Yaml = "yaml",
    /// A field that the format does not have.
    FieldUnknown = "field_unknown",
    /// A field that has to be there is not.
    FieldMissing = "field_missing",
    /// A value that its field cannot have.
    FieldWrong = "field_wrong",
    /// A format version of another Lethe.
    VersionUnknown = "version_unknown",
    /// A map of nothing.
    NoDatasets = "no_datasets",
    /// Two datasets of one id.
    IdTwice = "id_twice",
    /// A category nobody would recognise.
    DescriptionBlank = "description_blank",
    /// A key template or prefix that selects everybody's records.
    SubjectMissing = "subject_missing",
    /// A placeholder that nothing fills.
    PlaceholderUnknown = "placeholder_unknown",
    /// A numeric key whose template is no number.
    KeyNotNumeric = "key_not_numeric",
    /// A prefix of one subject that is also the beginning of another's.
    PrefixOpen = "prefix_open",
    /// A dataset that no tenant is bound to.
    TenantMissing = "tenant_missing",
    /// A tenant said to be in the key, which has none.
    TenantNotInKey = "tenant_not_in_key",
    /// An object cannot name its tenant.
    TenantOfObject = "tenant_of_object",
    /// A way of hiding that the source does not have.
    HidingMismatch = "hiding_mismatch",
    /// Expiry by TTL without the attribute.
    TtlAttributeMissing = "ttl_attribute_missing",
    /// A TTL attribute that is never written.
    TtlAttributeUnused = "ttl_attribute_unused",
    /// Two attributes that Lethe writes, or one it writes and one it reads, have one name.
    MarksClash = "marks_clash",
    /// A pace of nothing a second.
    RateZero = "rate_zero",
    /// A duty to keep without its legal ground.
    RetainGroundBlank = "retain_ground_blank",
    /// A duty to keep for no time.
    RetainNoTime = "retain_no_time",
    /// Nothing to count the time from.
    RetainFromBlank = "retain_from_blank",
    /// A time counted from what the sweep overwrites.
    RetainFromSwept = "retain_from_swept",
    /// An object's time counts from its last change, and from nothing else.
    RetainOfObject = "retain_of_object",
    /// One record in two datasets.
    Overlap = "overlap",
    /// One record in two datasets if a tenant or subject is called so.
    OverlapPossible = "overlap_possible",
    /// An exclusion of nothing, or of two things.
    ExclusionUnclear = "exclusion_unclear",
    /// An exclusion without a reason.
    ExclusionUnreasoned = "exclusion_unreasoned",
    /// An exclusion of everything.
    ExclusionOfAll = "exclusion_of_all",
    /// A table or bucket both named by a dataset and excluded.
    ExclusionContradicted = "exclusion_contradicted",
    /// A beginning of names that every name has.
    ApplicationBlank = "application_blank",
    /// A table that is not there.
    TableUnknown = "table_unknown",
    /// A table that could not be looked at.
    TableUnreadable = "table_unreadable",
    /// A table that is being made or deleted.
    TableNotReady = "table_not_ready",
    /// Another partition key.
    KeyUnknown = "key_unknown",
    /// A partition key of another type.
    KeyTypeDiffers = "key_type_differs",
    /// A sort key prefix without a sort key.
    SortKeyMissing = "sort_key_missing",
    /// A sort key that begins with nothing, being a number.
    SortKeyNumeric = "sort_key_numeric",
    /// An index that is not there.
    IndexUnknown = "index_unknown",
    /// An index that is still being filled.
    IndexNotReady = "index_not_ready",
    /// An index that lacks items of its table.
    IndexSparse = "index_sparse",
    /// An index whose readers cannot see what is hidden.
    IndexLacksMark = "index_lacks_mark",
    /// Another index of the table whose readers cannot see what is hidden.
    IndexShowsHidden = "index_shows_hidden",
    /// A mark that is a key.
    MarkIsKey = "mark_is_key",
    /// Expiry by TTL in a table without TTL.
    TtlOff = "ttl_off",
    /// A table whose TTL is on for another attribute.
    TtlElsewhere = "ttl_elsewhere",
    /// A TTL attribute that is a key.
    TtlIsKey = "ttl_is_key",
    /// An attribute that no record has.
    AttributeUnknown = "attribute_unknown",
    /// An attribute whose values are not of the format.
    AttributeUnreadable = "attribute_unreadable",
    /// A bucket that is not there.
    BucketUnknown = "bucket_unknown",
    /// A bucket that could not be looked at.
    BucketUnreadable = "bucket_unreadable",
    /// A bucket without versions.
    BucketUnversioned = "bucket_unversioned",
    /// A bucket whose versions cannot be deleted.
    BucketLocked = "bucket_locked",
    /// A bucket some of whose versions may be locked.
    BucketLockable = "bucket_lockable",
    /// A bucket whose versions only the account's root deletes.
    BucketMfaDelete = "bucket_mfa_delete",
    /// A table or bucket that no dataset names.
    Unnamed = "unnamed",
    /// An exclusion of something that is not there.
    ExclusionUnknown = "exclusion_unknown",
}

impl Code {
    /// Whether it is only a doubt: said, and the map is applied all the same.
    pub fn is_doubt(self) -> bool {
        use Code::{BucketLockable, ExclusionUnknown, IndexShowsHidden, IndexSparse, OverlapPossible};
        matches!(
            self,
            BucketLockable | ExclusionUnknown | IndexShowsHidden | IndexSparse | OverlapPossible
        )
    }

    /// Whether a stored map is refused for it too. Those are as old as the format, so no map that was applied has them;
    /// what came later must not, or an upgrade would stop what runs on a map of before.
    pub(in crate::domain::data_map) fn bars_reading(self) -> bool {
        use Code::{
            DescriptionBlank, IdTwice, NoDatasets, PrefixOpen, RetainFromBlank, RetainFromSwept, RetainGroundBlank,
            RetainNoTime, RetainOfObject, SubjectMissing, TenantNotInKey, TenantOfObject, TtlAttributeMissing,
            VersionUnknown,
        };
        matches!(
            self,
            DescriptionBlank
                | IdTwice
                | NoDatasets
                | PrefixOpen
                | RetainFromBlank
                | RetainFromSwept
                | RetainGroundBlank
                | RetainNoTime
                | RetainOfObject
                | SubjectMissing
                | TenantNotInKey
                | TenantOfObject
                | TtlAttributeMissing
                | VersionUnknown
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
