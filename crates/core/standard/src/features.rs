//! The features of an org: what an org has besides what every org has.
//!
//! `features.json` lists them. Their names are those of scratch-org features; features that no scratch-org feature stands
//! for, since a setting alone switches them on, are named for what they bring. The objects and fields of a feature are
//! marked in `data/objects`.
//!
//! Source: "Scratch Org Features" (Salesforce DX Developer Guide); the settings types (Metadata API Developer Guide);
//! "Special Access Rules" of the objects (Object Reference).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use landfall_model::limits::API_NAME_CHARACTERS_MAX;
use serde::Deserialize;

use crate::data::read;

const FEATURES: &str = include_str!("../data/features.json");

/// Scratch-org features that change no object. Source: "Scratch Org Features" (Salesforce DX Developer Guide).
const WITHOUT_EFFECT: &str = include_str!("../data/scratch-features.txt");

/// A feature.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Scratch-org features of other names that stand for it.
    #[serde(default)]
    pub scratch: Vec<String>,
    /// Settings that switch it on, such as `Quote.enableQuote`.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Features that come with it.
    #[serde(default)]
    brings: Vec<String>,
}

/// What the name of a feature stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A feature with objects or fields.
    Feature(&'static Feature),
    /// A feature of the service that changes no object here.
    WithoutEffect,
    /// No feature, with the name that is most like it.
    Unknown(Option<&'static str>),
}

/// All features, sorted by name.
pub fn features() -> &'static [Feature] {
    static ALL: LazyLock<Vec<Feature>> = LazyLock::new(|| {
        read("features.json", FEATURES).expect("the tests of this crate read the list")
    });
    &ALL
}

/// What a feature's name stands for: in any letter case, with or without a quantity behind a colon.
pub fn feature(name: &str) -> Meaning {
    let name = name.split(':').next().unwrap_or_default().trim();
    let is_same = |other: &str| other.eq_ignore_ascii_case(name);
    let mut all = features().iter();
    let known =
        all.find(|known| is_same(&known.name) || known.scratch.iter().any(|other| is_same(other)));
    if let Some(known) = known {
        return Meaning::Feature(known);
    }
    if WITHOUT_EFFECT.lines().any(is_same) {
        return Meaning::WithoutEffect;
    }
    if name.len() > API_NAME_CHARACTERS_MAX {
        return Meaning::Unknown(None);
    }
    let names = features().iter();
    let names = names.map(|feature| feature.name.as_str());
    let names = names.chain(WITHOUT_EFFECT.lines());
    let near = names.map(|other| (distance(name, other), other));
    let nearest = near.min_by_key(|(distance, _)| *distance);
    Meaning::Unknown(
        nearest
            .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
            .map(|(_, other)| other),
    )
}

/// The feature that a setting switches on, by the settings type without `Settings` and the name of the setting.
pub fn feature_of_setting(component: &str, setting: &str) -> Option<&'static Feature> {
    let mut all = features().iter();
    all.find(|feature| {
        feature.settings.iter().any(|path| {
            path.split_once('.').is_some_and(|(of, name)| {
                of.eq_ignore_ascii_case(component) && name.eq_ignore_ascii_case(setting)
            })
        })
    })
}

/// How many letters have to be replaced, added or left out to make one name the other, in any letter case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<u8> = right
        .bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, byte) in left.bytes().enumerate() {
        let mut diagonal = index;
        let mut next = vec![index + 1];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(*other != byte.to_ascii_lowercase());
            let beside = next.last().copied().unwrap_or_default();
            next.push(replaced.min(above + 1).min(beside + 1));
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The features of one org.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Features(BTreeSet<&'static str>);

impl Features {
    /// Every feature.
    pub fn all() -> Self {
        let all = features().iter();
        Self(all.map(|feature| feature.name.as_str()).collect())
    }

    /// Adds a feature, and those that come with it.
    pub fn add(&mut self, feature: &'static Feature) {
        if !self.0.insert(&feature.name) {
            return;
        }
        for brought in &feature.brings {
            if let Meaning::Feature(brought) = self::feature(brought) {
                self.add(brought);
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of these features is on.
    pub fn any_of<N: AsRef<str>>(&self, names: &[N]) -> bool {
        names.iter().any(|name| self.0.contains(name.as_ref()))
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

impl FromIterator<&'static Feature> for Features {
    fn from_iter<I: IntoIterator<Item = &'static Feature>>(features: I) -> Self {
        let mut all = Self::default();
        for feature in features {
            all.add(feature);
        }
        all
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<&'static str> {
        match feature(name) {
            Meaning::Feature(feature) => Some(feature.name.as_str()),
            Meaning::WithoutEffect | Meaning::Unknown(_) => None,
        }
    }

    #[test]
    fn a_feature_has_names_in_any_letter_case_and_quantities() {
        assert_eq!(known("multicurrency"), Some("MultiCurrency"));
        assert_eq!(known("FieldService:25"), Some("FieldService"));
        assert_eq!(known(" FieldServiceMobileUser:1 "), Some("FieldService"));
        assert_eq!(known("WorkThanksPref"), Some("WorkThanks"));
        assert_eq!(feature("debugapex"), Meaning::WithoutEffect);
        assert_eq!(feature("MaxApexCodeSize:10"), Meaning::WithoutEffect);
        assert_eq!(feature("Quote"), Meaning::Unknown(Some("Quotes")));
        assert_eq!(
            feature("MultiCurency"),
            Meaning::Unknown(Some("MultiCurrency"))
        );
        assert_eq!(feature("Whatever"), Meaning::Unknown(None));
        assert_eq!(feature(""), Meaning::Unknown(None));
    }

    #[test]
    fn names_are_unique_and_sorted_and_lead_somewhere() {
        let mut names = BTreeSet::new();
        let listed: Vec<String> = features()
            .iter()
            .map(|feature| feature.name.to_lowercase())
            .collect();
        assert!(listed.is_sorted());
        for feature in features() {
            for name in [&feature.name].into_iter().chain(&feature.scratch) {
                assert!(names.insert(name.to_lowercase()), "{name}");
            }
            for brought in &feature.brings {
                assert!(known(brought).is_some(), "{brought}");
            }
            for setting in &feature.settings {
                let (component, setting) = setting.split_once('.').expect("a type and a setting");
                assert_eq!(feature_of_setting(component, setting), Some(feature));
            }
        }
        for name in WITHOUT_EFFECT.lines() {
            assert!(names.insert(name.to_lowercase()), "{name}");
        }
    }

    #[test]
    fn a_feature_brings_others() {
        let Meaning::Feature(splits) = feature("OpportunitySplits") else {
            panic!("a feature");
        };
        let features: Features = [splits].into_iter().collect();
        assert_eq!(features.to_string(), "OpportunitySplits, OpportunityTeams");
        assert!(features.any_of(&["Quotes", "OpportunityTeams"]));
        assert!(!features.any_of(&["Quotes"]) && !features.is_empty());
    }

    #[test]
    fn distances_count_letters() {
        for (left, right, expected) in [("", "abc", 3), ("Kitten", "sitting", 3), ("AB", "ab", 0)] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
