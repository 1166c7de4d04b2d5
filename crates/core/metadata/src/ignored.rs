//! Files of a project that are not loaded: what `.forceignore` names, and what the vendor's CLI never takes.
//!
//! Source: "How to Exclude Source When Syncing or Converting" (Salesforce DX Developer Guide): the file has the rules of
//! `.gitignore`, relative to the project.

/// Files that the vendor's CLI never takes, whatever `.forceignore` says; `*.dup` and hidden files besides.
const NEVER: [&str; 2] = ["package2-descriptor.json", "package2-manifest.json"];

/// The rules of a `.forceignore` file.
#[derive(Clone, Debug, Default)]
pub struct Ignored {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// Names of folders and of the file.
    pattern: Vec<Name>,
    /// Whether it takes files back that an earlier rule names.
    takes_back: bool,
    folders_only: bool,
}

#[derive(Clone, Debug)]
enum Name {
    /// `**`: any number of folders.
    Folders,
    Plain(String),
    /// With `*` and the like.
    Pattern(Vec<char>),
}

impl Ignored {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            rules: text.lines().filter_map(Rule::parse).collect(),
        }
    }

    /// Whether a file is left out; its path is relative to the project, with `/`.
    ///
    /// A file in a folder that is left out cannot be taken back.
    pub fn contains(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| is_never_taken(name)) {
            return true;
        }
        (1..=names.len()).any(|length| {
            let (above, _) = names.split_at(length);
            self.names(above, length < names.len())
        })
    }

    fn names(&self, path: &[&str], is_folder: bool) -> bool {
        let mut rules = self.rules.iter().rev();
        let last = rules.find(|rule| (is_folder || !rule.folders_only) && rule.fits(path));
        last.is_some_and(|rule| !rule.takes_back)
    }
}

fn is_never_taken(name: &str) -> bool {
    (name.starts_with('.') && name != "." && name != "..")
        || name.rsplit_once('.').is_some_and(|(_, end)| end == "dup")
        || NEVER.contains(&name)
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = trimmed(line.trim_start());
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (takes_back, line) = match line.strip_prefix('!') {
            Some(line) => (true, line),
            None => (false, line),
        };
        // Windows users write backslashes; before a special character one is an escape.
        let (folders_only, line) = match line.strip_suffix('/') {
            Some(line) => (true, line),
            None => (false, line),
        };
        let is_anchored = line.contains('/');
        let names = line
            .split('/')
            .filter(|name| !name.is_empty() && *name != ".");
        let mut pattern: Vec<Name> = names.map(Name::of).collect();
        if pattern.is_empty() {
            return None;
        }
        if !is_anchored {
            pattern.insert(0, Name::Folders);
        }
        Some(Self {
            pattern,
            takes_back,
            folders_only,
        })
    }

    fn fits(&self, path: &[&str]) -> bool {
        fits_path(&self.pattern, path)
    }
}

impl Name {
    fn of(name: &str) -> Self {
        if name == "**" {
            Self::Folders
        } else if name.contains(['*', '?', '[', '\\']) {
            Self::Pattern(name.chars().collect())
        } else {
            Self::Plain(name.to_owned())
        }
    }

    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Folders => false,
            Self::Plain(plain) => plain == name,
            Self::Pattern(pattern) => fits_name(pattern, name),
        }
    }
}

/// Without blanks at its end, unless one is escaped.
fn trimmed(line: &str) -> &str {
    let short = line.trim_end();
    let next = line.get(short.len()..).and_then(|rest| rest.chars().next());
    match next {
        Some(' ') if short.ends_with('\\') => line.get(..=short.len()).unwrap_or(short),
        _ => short,
    }
}

/// Every `**` is tried with the fewest folders first; only the last one is gone back to, so that it takes no more steps
/// than pattern times path.
fn fits_path(pattern: &[Name], path: &[&str]) -> bool {
    let (mut at, mut in_path) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), path.get(in_path)) {
            (Some(Name::Folders), _) if at + 1 == pattern.len() => return in_path < path.len(),
            (Some(Name::Folders), _) => {
                back = Some((at, in_path));
                at += 1;
                continue;
            }
            (Some(name), Some(found)) if name.fits(found) => {
                at += 1;
                in_path += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match &mut back {
            Some((stars, from)) if *from < path.len() => {
                *from += 1;
                at = *stars + 1;
                in_path = *from;
            }
            _ => return false,
        }
    }
}

/// Whether a name fits a pattern with `*`, `?`, `[a-z]` and `\`, by the same way of going back.
fn fits_name(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut in_name) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(at..).unwrap_or_default();
        match (rest, name.get(in_name)) {
            ([], None) => return true,
            (['*', ..], _) => {
                back = Some((at, in_name));
                at += 1;
                continue;
            }
            ([_, ..], Some(character)) => {
                if let Some(taken) = fits_character(rest, *character) {
                    at += taken;
                    in_name += 1;
                    continue;
                }
            }
            _ => {}
        }
        match &mut back {
            Some((star, from)) if *from < name.len() => {
                *from += 1;
                at = *star + 1;
                in_name = *from;
            }
            _ => return false,
        }
    }
}

/// How long the part of the pattern is that the character fits; none if it does not.
fn fits_character(pattern: &[char], character: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == character).then_some(2),
        ['[', set @ ..] => match set_fits(set, character) {
            Some((taken, true)) => Some(taken + 1),
            Some((_, false)) => None,
            None => (character == '[').then_some(1),
        },
        [plain, ..] => (*plain == character).then_some(1),
        [] => None,
    }
}

/// How long a set of characters is, its bracket included, and whether the character is in it; none if it has no end.
fn set_fits(set: &[char], character: char) -> Option<(usize, bool)> {
    let negated = matches!(set.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut is_in = false;
    loop {
        let rest = set.get(at..).unwrap_or_default();
        match rest {
            [] => return None,
            [']', ..] if at > first => return Some((at + 1, is_in != negated)),
            [low, '-', high, ..] if *high != ']' => {
                is_in |= (*low..=*high).contains(&character);
                at += 3;
            }
            [one, ..] => {
                is_in |= *one == character;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_gitignore() {
        // The results of `git check-ignore`.
        for (rule, path, is_left_out) in [
            (
                "**/objects/Old__c/**",
                "a/main/objects/Old__c/Old__c.object-meta.xml",
                true,
            ),
            (
                "**/objects/Old__c/**",
                "objects/Old__c/fields/A__c.field-meta.xml",
                true,
            ),
            (
                "**/objects/Old__c/**",
                "a/objects/Older__c/Older__c.object-meta.xml",
                false,
            ),
            ("profiles", "a/b/profiles/Admin.profile-meta.xml", true),
            ("profiles/", "a/b/profiles", false),
            ("a/profiles", "b/a/profiles/x", false),
            ("/a", "a/x", true),
            ("/a", "b/a", false),
            ("*.xml", "a/b.xml", true),
            ("a/*.xml", "a/b/c.xml", false),
            ("a/**/c.xml", "a/c.xml", true),
            ("a/**/c.xml", "a/b/b/c.xml", true),
            ("**", "a", true),
            ("a/**", "a", false),
            ("x[0-9]?", "x1y", true),
            ("x[!0-9]", "x1", false),
            ("x[]a]", "x]", true),
            ("\\#a", "#a", true),
            ("#a", "#a", false),
            ("\\!a", "!a", true),
            ("a ", "a", true),
            ("a\\ ", "a ", true),
            ("*a*b*c", "xaxbxbxc", true),
            ("*a*b*c", "xaxcxb", false),
        ] {
            let ignored = Ignored::parse(rule);
            assert_eq!(ignored.contains(path), is_left_out, "{rule} {path}");
        }
    }

    #[test]
    fn a_later_rule_takes_files_back_but_not_out_of_a_folder() {
        let ignored = Ignored::parse("# comment\n*.xml\n!keep.xml\nold\n!old/keep.xml\n");
        assert!(ignored.contains("a.xml"));
        assert!(!ignored.contains("a/keep.xml"));
        assert!(ignored.contains("old/keep.xml"));
    }

    #[test]
    fn some_files_are_never_taken() {
        let ignored = Ignored::default();
        for path in [
            "a/.hidden/x",
            "a/b.dup",
            "package2-manifest.json",
            ".eslintrc",
        ] {
            assert!(ignored.contains(path), "{path}");
        }
        assert!(!ignored.contains("a/b.object"));
    }
}
