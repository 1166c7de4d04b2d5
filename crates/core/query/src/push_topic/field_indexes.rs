//! Sets of fields of one object.

/// Indexes of fields, one bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldIndexes(Vec<u64>);

impl FieldIndexes {
    /// Adds a place.
    pub fn insert(&mut self, place: usize) {
        let word = place / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (place % 64);
        }
    }

    /// Adds all places of another set.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (bits, more) in self.0.iter_mut().zip(&other.0) {
            *bits |= more;
        }
    }

    /// Whether a place is in the set.
    pub fn has(&self, place: usize) -> bool {
        let bits = self.0.get(place / 64);
        bits.is_some_and(|bits| bits & (1 << (place % 64)) != 0)
    }

    /// Whether the sets have a place in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(bits, more)| bits & more != 0)
    }
}

impl FromIterator<usize> for FieldIndexes {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut set = Self::default();
        for place in places {
            set.insert(place);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_meet_where_they_have_a_place_in_common() {
        let low: FieldIndexes = [1, 63].into_iter().collect();
        let high: FieldIndexes = [64, 700].into_iter().collect();
        assert!(!low.meets(&high) && !FieldIndexes::default().meets(&low));
        let mut both = low.clone();
        both.extend(&high);
        assert!(both.meets(&low) && both.meets(&high));
        assert!(both.has(63) && both.has(700) && !both.has(0) && !both.has(701));
        assert!(!both.has(9_000));
    }
}
