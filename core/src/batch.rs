//! Many keys at once: where each is read first, as a number.

use crate::snapshot::Snapshot;

/// Stands for "nowhere to read" among the indices of nodes.
pub const NO_NODE: u32 = u32::MAX;

impl Snapshot {
    /// The index of the node that is read first for a key, [`NO_NODE`] if there is nowhere to read.
    ///
    /// Like [`Snapshot::code`], this may be the probe of a breaker.
    ///
    /// # Examples
    ///
    /// ```
    /// # let spec = br#"{"format": 1, "generation": 1, "primary": "c", "clusters": {"c":
    /// #     {"placement": {"kind": "ring"}, "nodes": [{"id": "a", "address": "/a"}]}}}"#;
    /// let router = ringshift::Router::from_spec(spec, ringshift::Options::default())?;
    /// let index = router.with(|snapshot| snapshot.index(b"user:42"));
    /// assert_eq!(router.node(index).map(|node| node.id().to_owned()), Some("a".to_owned()));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    #[inline(always)]
    pub fn index(&self, key: &[u8]) -> u32 {
        if let Some(slot) = self.quick_slot(key) {
            return self.primary().first_index(slot);
        }
        self.node(key).map_or(NO_NODE, |node| node.index())
    }

    /// The same for many keys: writes as many indices as there are keys and room for, and gives their
    /// number. All belong to one generation.
    ///
    /// # Examples
    ///
    /// ```
    /// # let spec = br#"{"format": 1, "generation": 1, "primary": "c", "clusters": {"c":
    /// #     {"placement": {"kind": "ring"}, "nodes": [{"id": "a", "address": "/a"}]}}}"#;
    /// let router = ringshift::Router::from_spec(spec, ringshift::Options::default())?;
    /// let mut indices = [0; 2];
    /// let keys = [b"user:42", b"user:43"].map(|key| &key[..]);
    /// let count = router.with(|snapshot| snapshot.index_many(keys, &mut indices));
    /// assert_eq!((count, indices), (2, [0, 0]));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    pub fn index_many<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k [u8]>,
        indices: &mut [u32],
    ) -> usize {
        let mut count = 0;
        for (index, key) in indices.iter_mut().zip(keys) {
            *index = self.index(key);
            count += 1;
        }
        count
    }
}
