//! Data maps over the [`Ground`]: sound ones, and some with one mistake a dataset.

use super::ground::Ground;

const PK: &str = "{attribute: pk, template: \"{tenant}#{subject}\"}";
const CUSTOMER: &str = "{attribute: customer, template: \"{subject}\"}";
const IN_KEY: &str = "    tenant: {in: key}\n";
const DATED: &str = "    written_at: {attribute: sent_at, format: rfc3339}\n";
const TTL: &str = "    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}\n";
const PURGE: &str = "    soft_delete: {mode: tombstone, expiry: purge}\n";

impl Ground {
    fn head(&self) -> String {
        format!("v: 1\napplication: [{}]\ndatasets:\n", self.beginning)
    }

    /// One dataset in a table; `key` and what follows are as given.
    fn dataset(&self, id: &str, table: &str, key: &str, rest: &str) -> String {
        format!(
            "  - id: {id}\n    category: {id}\n    description: Some\n    source: dynamodb\n    table: {table}\n    key: {key}\n{rest}"
        )
    }

    fn objects(&self, id: &str, bucket: &str) -> String {
        format!(
            "  - id: {id}\n    category: {id}\n    description: Some\n    source: s3\n    bucket: {bucket}\n    prefix: \
             \"{{tenant}}/{{subject}}/\"\n    tenant: {{in: key}}\n"
        )
    }

    fn excluded(&self, names: &[(&str, &str)]) -> String {
        let line = |(kind, name): &(&str, &str)| format!("  - {{{kind}: {name}, reason: not this test's}}\n");
        format!("excluded:\n{}", names.iter().map(line).collect::<String>())
    }

    pub(super) fn sound(&self) -> String {
        let full = self.dataset("full", &self.full, PK, &format!("{IN_KEY}{DATED}{TTL}"));
        let found = "    index: by_customer\n    tenant: {attribute: tenant}\n";
        let index = self.dataset("index", &self.full, CUSTOMER, &format!("{found}{PURGE}"));
        let others = self.excluded(&[
            ("table", &self.plain),
            ("bucket", &self.unversioned),
            ("bucket", &format!("\"{}lock*\"", self.beginning)),
        ]);
        self.head() + &full + &index + &self.objects("files", &self.files) + &others
    }

    pub(super) fn wrong_tables(&self) -> String {
        let (full, plain) = (self.full.as_str(), self.plain.as_str());
        let absent = format!("{}absent", self.beginning);
        let sorted = "    sort_key_prefix: \"MSG#\"\n";
        let number = "{attribute: pk, template: \"{subject}\", type: N}";
        let of_tenant = "    tenant: {attribute: tenant}\n";
        let by_customer = "    index: by_customer\n";
        let datasets = [
            self.dataset("absent", &absent, PK, &format!("{IN_KEY}{PURGE}")),
            self.dataset(
                "another-key",
                full,
                &PK.replace("pk", "id"),
                &format!("{IN_KEY}{PURGE}"),
            ),
            self.dataset(
                "another-type",
                full,
                &PK.replace("\"}", "\", type: B}"),
                &format!("{IN_KEY}{PURGE}{}", &sorted.replace("MSG", "A")),
            ),
            self.dataset(
                "another-ttl",
                full,
                PK,
                &format!(
                    "{IN_KEY}{}{}",
                    TTL.replace("expires_at", "gone_at"),
                    sorted.replace("MSG", "B")
                ),
            ),
            self.dataset("no-ttl", plain, number, &format!("{of_tenant}{TTL}")),
            self.dataset(
                "no-sort",
                full,
                CUSTOMER,
                &format!("{by_customer}{of_tenant}{PURGE}{sorted}"),
            ),
            self.dataset(
                "numbers",
                plain,
                &number.replace("{subject}", "1{subject}"),
                &format!("    tenant: {{only: acme}}\n{PURGE}{sorted}"),
            ),
            self.dataset(
                "no-index",
                full,
                CUSTOMER,
                &format!("    index: by_name\n{of_tenant}{PURGE}"),
            ),
            self.dataset(
                "blind-index",
                plain,
                CUSTOMER,
                &format!("{by_customer}{of_tenant}{PURGE}"),
            ),
            self.dataset(
                "marked-key",
                full,
                PK,
                &format!(
                    "{IN_KEY}{}{}",
                    PURGE.replace("purge}", "purge, marks: {id: customer}}"),
                    sorted.replace("MSG", "C")
                ),
            ),
            self.dataset(
                "no-attribute",
                full,
                PK,
                &format!(
                    "{IN_KEY}{PURGE}{}{}",
                    DATED.replace("sent_at", "sentAt"),
                    sorted.replace("MSG#", "MSG#2")
                ),
            ),
            self.dataset(
                "no-date",
                full,
                PK,
                &format!(
                    "{IN_KEY}{PURGE}{}{}",
                    DATED.replace("rfc3339", "epoch_millis"),
                    sorted.replace("MSG#", "MSG#1")
                ),
            ),
        ];
        let others = self.excluded(&[
            ("bucket", &format!("\"{}*\"", self.beginning)),
            ("table", "nobody-made-this"),
        ]);
        self.head() + &datasets.concat() + &others
    }

    pub(super) fn wrong_buckets(&self) -> String {
        let absent = format!("{}absent", self.beginning);
        let all = [
            ("absent", &absent),
            ("unversioned", &self.unversioned),
            ("locked", &self.locked),
            ("lockable", &self.lockable),
            ("files", &self.files),
        ];
        let datasets: String = all.iter().map(|(id, bucket)| self.objects(id, bucket)).collect();
        self.head() + &datasets + &self.excluded(&[("table", &format!("\"{}*\"", self.beginning))])
    }

    pub(super) fn of_one_table(&self) -> String {
        self.head() + &self.dataset("full", &self.full, PK, &format!("{IN_KEY}{TTL}"))
    }

    pub(super) fn all_others_excluded(&self) -> String {
        self.excluded(&[("table", &self.plain), ("bucket", &format!("\"{}*\"", self.beginning))])
    }
}
