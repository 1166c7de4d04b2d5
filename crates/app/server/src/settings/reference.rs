//! The settings as documentation: `docs/settings.md` and `docs/landfall.toml` are what this module prints.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{ALL, About, Allowed, Declared, Group, Program};

/// Where the docs are, from here.
fn docs(file: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs");
    PathBuf::from(root).join(file)
}

/// Compares a page with what is declared; `UPDATE=1` writes it.
fn check(file: &str, printed: &str) {
    let path = docs(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, printed).expect("docs can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == printed,
        "docs/{file} is not what is declared: UPDATE=1 cargo test -p landfall-server settings"
    );
}

fn of_group(group: Group) -> impl Iterator<Item = &'static dyn Declared> {
    let is_of = move |setting: &&&dyn Declared| setting.about().group() == group;
    ALL.iter().filter(is_of).copied()
}

fn default_cell(setting: &dyn Declared) -> String {
    let about = setting.about();
    let of = |program| {
        about
            .is_for(program)
            .then(|| setting.default_text(program))
            .flatten()
            .map(|text| {
                if about.default_described == Some(text.as_str()) {
                    text
                } else {
                    format!("`{text}`")
                }
            })
    };
    match (of(Program::Dev), of(Program::Serve)) {
        (Some(dev), Some(serve)) if dev == serve => dev,
        (Some(dev), Some(serve)) => format!("{dev} in `dev`, {serve} in `serve`"),
        (Some(dev), None) if about.is_for(Program::Serve) => format!("{dev} in `dev`"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => "none".to_owned(),
    }
}

const fn command_cell(about: &About) -> &'static str {
    match about.allowed() {
        Allowed::Both => "both",
        Allowed::DevOnly(_) => "`dev`",
        Allowed::ServeOnly => "`serve`",
    }
}

fn table() -> String {
    let mut page = "# Settings\n\n\
        Every setting is a flag, an environment variable and a key of the configuration file (`--config FILE` or \
        `LANDFALL_CONFIG`).\nA flag takes precedence over the variable, the variable over the file, the file over the \
        default. [landfall.toml](landfall.toml) is an\nexample of the file. An unknown key, a wrong value or a setting \
        that the command may not set is an error that names where the value was set.\n\n\
        Lists: repeat the flag, separate the variable with commas, write an array of strings in the file.\n\n\
        This page is printed from the declarations in `crates/app/server/src/settings/declared.rs`.\n"
        .to_owned();
    for group in Group::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n| key | flag | variable | command | default | unit | meaning |\n|---|---|---|---|---|---|---|\n",
            group.heading()
        );
        for setting in of_group(group) {
            let about = setting.about();
            let details = match about.details {
                "" => String::new(),
                details => format!(" {details}"),
            };
            let _ = writeln!(
                page,
                "| `{}` | `--{}` | `{}` | {} | {} | {} | {}.{details} |",
                about.key(),
                about.flag(),
                about.variable(),
                command_cell(about),
                default_cell(setting),
                about.unit,
                about.help(),
            );
        }
    }
    page
}

/// Breaks sentences into lines of comments.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 120 {
            lines.push_str(&line);
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// Takes the targets out of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((name, after)) = after.split_once("](") else {
            break;
        };
        let Some((_, after)) = after.split_once(')') else {
            break;
        };
        plain.push_str(before);
        plain.push_str("docs/");
        plain.push_str(name);
        rest = after;
    }
    plain + rest
}

fn example() -> String {
    let mut file = "# Every setting of a production node, with an example or its default.\n\
        # Relative paths are resolved from the folder of this file.\n"
        .to_owned();
    let mut tables: Vec<&str> = Vec::new();
    for setting in ALL {
        let table = setting
            .about()
            .key()
            .rsplit_once('.')
            .map_or("", |key| key.0);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables.sort_by_key(|table| !table.is_empty());
    for table in tables {
        if !table.is_empty() {
            let _ = write!(file, "\n[{table}]\n");
        }
        for setting in ALL {
            let about = setting.about();
            let (own, name) = about
                .key()
                .rsplit_once('.')
                .unwrap_or_else(|| ("", about.key()));
            if own == table && about.is_for(Program::Serve) {
                file.push_str(&entry(*setting, name));
            }
        }
    }
    file
}

fn entry(setting: &dyn Declared, name: &str) -> String {
    let about = setting.about();
    let default = setting.default_text(Program::Serve);
    let mut text = format!("{}. ", about.help());
    if !about.details.is_empty() {
        let _ = write!(text, "{} ", plain(about.details));
    }
    let shown = default.clone().unwrap_or_else(|| "none".to_owned());
    let _ = write!(text, "Default: {shown}.");
    let value = match about.example {
        "" => default.unwrap_or_default(),
        example => example.to_owned(),
    };
    format!("\n{}{name} = {value}\n", comment(&text))
}

#[test]
fn the_table_of_settings_is_the_declared_one() {
    check("settings.md", &table());
}

#[test]
fn the_example_file_has_every_setting_of_a_production_node() {
    let example = example();
    check("landfall.toml", &example);
    let settings = super::Settings::parse(&example, "landfall.toml".as_ref()).expect("valid");
    for setting in ALL {
        let about = setting.about();
        assert_eq!(
            settings.0.contains_key(about.key()),
            about.is_for(Program::Serve),
            "{}",
            about.key()
        );
    }
}
