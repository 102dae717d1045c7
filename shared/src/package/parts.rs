//! What goes into which part.
//!
//! Guarantees: the same pieces in the same order give the same parts; a part holds at most `max` bytes of content,
//! unless one piece alone is larger, and then it holds that piece only; there is at least one part, so that even nothing
//! is told in a package.

/// Files in one part. They are read one after the other, and S3 takes 100 to 200 ms to begin a small one
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>): so many take less than half of
/// a worker's 15 minutes. An archive also remembers a line for each until its end.
pub const MAX_FILES: u32 = 2_000;

/// What is not divided: some records of a dataset, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<T> {
    /// What it is.
    pub what: T,
    /// Bytes of its content.
    pub bytes: u64,
    /// Files in it.
    pub files: u32,
}

/// Fills part after part.
pub fn split<T>(pieces: impl IntoIterator<Item = Piece<T>>, max: u64) -> Vec<Vec<T>> {
    let mut parts = vec![vec![]];
    let (mut bytes, mut files) = (0_u64, 0_u32);
    for piece in pieces {
        let fits = bytes.saturating_add(piece.bytes) <= max && files.saturating_add(piece.files) <= MAX_FILES;
        match parts.last_mut() {
            Some(part) if fits || part.is_empty() => part.push(piece.what),
            _ => {
                (bytes, files) = (0, 0);
                parts.push(vec![piece.what]);
            }
        }
        bytes = bytes.saturating_add(piece.bytes);
        files = files.saturating_add(piece.files);
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(what: usize, bytes: u64) -> Piece<usize> {
        Piece { what, bytes, files: 1 }
    }

    #[test]
    fn parts_are_filled_one_after_the_other() {
        let sizes = [4, 6, 1, 11, 10, 0, 3];
        let pieces = sizes.into_iter().enumerate().map(|(n, bytes)| piece(n, bytes));
        assert_eq!(split(pieces, 10), [vec![0, 1], vec![2], vec![3], vec![4, 5], vec![6]]);
    }

    #[test]
    fn nothing_is_one_part() {
        assert_eq!(split(Vec::<Piece<u8>>::new(), 10), [Vec::<u8>::new()]);
    }

    #[test]
    fn many_small_files_are_several_parts() {
        let pieces = (0..5_000).map(|n| piece(n, 1));
        let sizes: Vec<_> = split(pieces, u64::MAX).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2_000, 2_000, 1_000]);
    }

    proptest! {
        #[test]
        fn every_piece_is_in_one_part_and_no_part_is_too_large(sizes in prop::collection::vec(0_u64..50, 0..60), max in 1_u64..60) {
            let parts = split(sizes.iter().enumerate().map(|(n, bytes)| piece(n, *bytes)), max);
            prop_assert_eq!(parts.concat(), (0..sizes.len()).collect::<Vec<_>>());
            for part in &parts {
                let bytes: u64 = part.iter().map(|n| sizes[*n]).sum();
                prop_assert!(bytes <= max || part.len() == 1 || part.iter().filter(|n| sizes[**n] > 0).count() == 1);
            }
        }
    }
}
