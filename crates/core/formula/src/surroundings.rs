//! What formulas read besides records, so that a caller reads the user's record for those alone that depend on it.

use crate::formula::Formula;

/// Groups of globals that come from the record of the user, or from a record that it refers to.
const OF_THE_USER: [&str; 4] = ["$user", "$profile", "$userrole", "$setup"];

/// What formulas read of an [`crate::Environment`] besides the time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    globals: Vec<String>,
    zone: bool,
}

impl Surroundings {
    /// Adds what a formula reads.
    pub fn add(&mut self, formula: &Formula) {
        let Self { globals, zone } = formula.surroundings();
        for global in globals {
            self.add_global(global);
        }
        self.zone |= zone;
    }

    /// Adds a global, and returns its place.
    pub(crate) fn add_global(&mut self, global: &str) -> usize {
        let known = self.globals.iter().position(|known| known == global);
        known.unwrap_or_else(|| {
            self.globals.push(global.to_owned());
            self.globals.len() - 1
        })
    }

    /// Adds the time zone of the user.
    pub(crate) const fn add_zone(&mut self) {
        self.zone = true;
    }

    /// The globals, by their paths in small letters.
    pub fn globals(&self) -> &[String] {
        &self.globals
    }

    /// Whether the time zone of the user is read.
    pub const fn zone(&self) -> bool {
        self.zone
    }

    /// Whether the record of the user has to be read.
    pub fn depend_on_user(&self) -> bool {
        let of_user = |global: &String| {
            let group = global.split_once('.').map(|(group, _)| group);
            group.is_some_and(|group| OF_THE_USER.contains(&group))
        };
        self.zone || self.globals.iter().any(of_user)
    }
}

impl<'f> FromIterator<&'f Formula> for Surroundings {
    fn from_iter<I: IntoIterator<Item = &'f Formula>>(formulas: I) -> Self {
        let mut surroundings = Self::default();
        for formula in formulas {
            surroundings.add(formula);
        }
        surroundings
    }
}
