//! `landfall man`: a manual page for each command.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::outcome::{Ended, Exit, Failure, say};

#[derive(Args)]
pub(crate) struct ManOptions {
    /// Folder for the pages, such as /usr/local/share/man/man1; it is created if necessary
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
}

pub(crate) fn run(options: &ManOptions) -> Ended {
    let folder = &options.folder;
    let failed = |error| {
        Failure::new(format!("cannot write manual pages to {}", folder.display())).caused_by(&error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut pages = 0;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    write(command, folder, &mut pages).map_err(failed)?;
    say(&format!("{pages} pages in {}", folder.display()));
    Ok(Exit::Done)
}

/// The pages of a command and of those below it.
fn write(command: clap::Command, folder: &Path, pages: &mut usize) -> std::io::Result<()> {
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        write(below.clone(), folder, pages)?;
    }
    clap_mangen::Man::new(command)
        .manual("Landfall")
        .generate_to(folder)?;
    *pages += 1;
    Ok(())
}
