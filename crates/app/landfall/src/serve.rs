//! `landfall serve`: a production node.

use std::time::Instant;

use landfall_server::settings::{self, Program};
use landfall_server::{Config, Server};

use crate::options::{LogOptions, Serve, ServerOptions};
use crate::outcome::Ended;
use crate::{log, run};

pub(crate) async fn run(options: ServerOptions<Serve>, log: LogOptions, started: Instant) -> Ended {
    run::keep_files_private();
    let settings = options.settings(log)?;
    let format = log::start_for(settings.of(Program::Serve)?)?;
    let ready_file = settings.get(&settings::READY_FILE)?;
    let running = Server::start(Config::serve(&settings)?).await?;
    run::until_stopped(running, format, ready_file.as_deref(), started).await
}
