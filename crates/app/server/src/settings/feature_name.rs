//! The name of a feature, as settings have it.

use landfall_engine::features::{Meaning, feature};

use super::value::{Form, Word, quoted};

/// The name of a feature that is known: one that brings objects or fields, or one of the service that changes nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureName(String);

impl FeatureName {
    /// The name, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for FeatureName {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "NAME";
    const ALLOWED: &'static str = "a feature";

    fn parse(word: &str) -> Option<Self> {
        match feature(word) {
            Meaning::Feature(_) | Meaning::WithoutEffect => Some(Self(word.to_owned())),
            Meaning::Unknown(_) => None,
        }
    }

    fn write(&self) -> String {
        quoted(&self.0)
    }

    fn hint(word: &str) -> Option<String> {
        match feature(word) {
            Meaning::Unknown(Some(near)) => Some(format!("did you mean `{near}`?")),
            Meaning::Unknown(None) | Meaning::Feature(_) | Meaning::WithoutEffect => None,
        }
    }
}
