//! The file of the contexts: JSON, readable by its user only.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::folders;
use crate::outcome::Failure;

/// Bytes of the file. Source: none.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The form of the file.
const VERSION: u64 = 1;

/// An org, and the login to it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) target: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) access_token: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl Context {
    /// How it logs in, in words.
    pub(super) const fn login(&self) -> &'static str {
        if self.access_token.is_some() {
            "access token"
        } else if self.username.is_some() {
            "user"
        } else if self.client_secret.is_some() {
            "client credentials"
        } else {
            "none"
        }
    }

    fn json(&self) -> Value {
        let ca_file = self.ca_file.as_ref().map(|path| path.display().to_string());
        let members = [
            ("target", Some(self.target.clone())),
            ("username", self.username.clone()),
            ("password", self.password.clone()),
            ("clientId", self.client_id.clone()),
            ("clientSecret", self.client_secret.clone()),
            ("accessToken", self.access_token.clone()),
            ("caFile", ca_file),
        ];
        let members = members.into_iter();
        let members = members.filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        Value::Object(members.collect())
    }

    fn of(json: &Value) -> Option<Self> {
        let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            target: text("target")?,
            username: text("username"),
            password: text("password"),
            client_id: text("clientId"),
            client_secret: text("clientSecret"),
            access_token: text("accessToken"),
            ca_file: text("caFile").map(PathBuf::from),
        })
    }
}

/// All contexts, and which one is in use.
#[derive(Default)]
pub(super) struct Contexts {
    pub(super) current: Option<String>,
    all: BTreeMap<String, Context>,
}

impl Contexts {
    /// Reads the file; without one there are none.
    ///
    /// # Errors
    /// It cannot be read, is not of this form, or other users can read it.
    pub(super) fn read() -> Result<Self, Failure> {
        // Without a folder nothing can have been remembered.
        let Ok(path) = path() else {
            return Ok(Self::default());
        };
        let failed =
            |error| Failure::new(format!("cannot read {}", path.display())).caused_by(&error);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(error.kind()) => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        private(&file, &path)?;
        let mut text = String::new();
        let read = (&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(failed)?;
        let contexts = serde_json::from_str(&text)
            .ok()
            .and_then(|json| Self::of(&json));
        contexts.ok_or_else(|| {
            Failure::new(format!("{} is not a file of contexts", path.display()))
                .hint("remove it, and add the contexts again")
        })
    }

    /// Writes the file: as a whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = path()?;
        let written = path.parent().map_or(Ok(()), |folder| {
            std::fs::create_dir_all(folder)?;
            // Only its user can read such a file, from its creation on.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(self.json().to_string().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        });
        written.map_err(|error: std::io::Error| {
            Failure::new(format!("cannot write {}", path.display())).caused_by(&error)
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Context> {
        self.all.get(name)
    }

    pub(super) fn insert(&mut self, name: String, context: Context) {
        self.all.insert(name, context);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.all.remove(name);
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.all
            .iter()
            .map(|(name, context)| (name.as_str(), context))
    }

    fn json(&self) -> Value {
        let all = self.all.iter();
        let all: Map<String, Value> = all.map(|(name, one)| (name.clone(), one.json())).collect();
        json!({ "version": VERSION, "current": self.current, "contexts": all })
    }

    fn of(json: &Value) -> Option<Self> {
        if json.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let all = json.get("contexts")?.as_object()?.iter();
        let all = all.map(|(name, one)| Some((name.clone(), Context::of(one)?)));
        Some(Self {
            current: json.get("current")?.as_str().map(str::to_owned),
            all: all.collect::<Option<_>>()?,
        })
    }
}

fn path() -> Result<PathBuf, Failure> {
    Ok(folders::config()?.join("contexts.json"))
}

/// A folder that is none has no file either.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Refuses a file that other users can read or write: it has passwords.
#[cfg(unix)]
fn private(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file
        .metadata()
        .map(|metadata| metadata.permissions().mode());
    let mode = mode.map_err(|error| {
        Failure::new(format!("cannot read {}", path.display())).caused_by(&error)
    })?;
    // The last six bits are the rights of the group and of all others.
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    let path = path.display();
    Err(
        Failure::new(format!("{path} has passwords, and other users can read it"))
            .hint(format!("chmod 600 {path}")),
    )
}

/// Files below the folder of a user are that user's.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn private(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut contexts = Contexts::default();
        let context = Context {
            target: "https://a.example".to_owned(),
            password: Some("s3cret".to_owned()),
            ca_file: Some(PathBuf::from("/ca.pem")),
            ..Context::default()
        };
        contexts.insert("prod".to_owned(), context.clone());
        contexts.current = Some("prod".to_owned());
        let again = Contexts::of(&contexts.json()).expect("of this form");
        assert!(again.get("prod") == Some(&context));
        assert_eq!(again.current.as_deref(), Some("prod"));
        for other in ["{}", "[]", r#"{"version":2,"current":null,"contexts":{}}"#] {
            let json = serde_json::from_str(other).expect("JSON");
            assert!(Contexts::of(&json).is_none(), "{other}");
        }
    }

    #[test]
    fn a_removed_context_is_not_in_use() {
        let mut contexts = Contexts::default();
        contexts.insert("a".to_owned(), Context::default());
        contexts.current = Some("a".to_owned());
        contexts.remove("a");
        assert_eq!((contexts.current, contexts.all.len()), (None, 0));
    }
}
