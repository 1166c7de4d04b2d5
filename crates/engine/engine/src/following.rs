//! An org whose store another process writes to: everything that is in memory follows the commits of that process.
//!
//! The thread that takes the place of the writer reads the feed of the store when it is asked to ([`Engine::catch_up`]), and
//! applies each commit as the writer applies its own. It takes no changes. After each look at the feed it renews the lease of
//! the org: without it nobody is let in and nothing is delivered.

use std::sync::Arc;
use std::time::Instant;

use landfall_model::limits::{
    COMMITS_FOLLOWED_AT_ONCE, FOLLOWED_LOAD_EVERY, FOLLOWED_STATE_MAX, TAIL_EVENTS_MAX,
};
use landfall_model::{ReplayId, ReplayPreset};
use landfall_store::{Commit, Event, Followed, Reader, TopicFilter};
use tracing::{debug, error, info};

use crate::Engine;
use crate::error::Error;
use crate::lease::Lease;
use crate::state::OrgState;
use crate::writer::WriterThread;
use crate::writer::handle::{Command, Handle, Inbox, answer_with};

/// What the thread owns.
pub(crate) struct Follower {
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) state: Arc<OrgState>,
    pub(crate) lease: Lease,
    /// When everything was loaded anew last.
    pub(crate) loaded: Option<Instant>,
}

pub(crate) fn spawn(
    follower: Follower,
    inbox: Inbox,
    handle: &Handle,
) -> Result<WriterThread, Error> {
    let thread = std::thread::Builder::new()
        .name("landfall-follower".to_owned())
        .spawn(move || follower.run(inbox))
        .map_err(Error::Thread)?;
    Ok(handle.running(thread))
}

impl Follower {
    fn run(mut self, mut inbox: Inbox) {
        let mut is_behind = false;
        while let Some(first) = inbox.wait() {
            inbox.state.may_be_asked_again();
            inbox.put_back(first);
            inbox.take_waiting();
            let mut waiting = Vec::new();
            let mut stops = false;
            while let Some(command) = inbox.next_taken() {
                match command {
                    Command::CatchUp(answer) => waiting.push(answer),
                    Command::Attach(projection, answer) => {
                        answer_with(answer, self.state.attach(&*self.reader, &projection));
                    }
                    command => stops |= command.refuse(|| Error::ReadOnly),
                }
            }
            if stops {
                break;
            }
            if waiting.is_empty() {
                continue;
            }
            let caught_up = self.catch_up();
            if let Err(failure) = &caught_up {
                Self::note(failure, &mut is_behind, &inbox);
            } else if std::mem::take(&mut is_behind) {
                info!("commits are followed again");
            }
            for answer in waiting {
                let outcome = match &caught_up {
                    Ok(()) => Ok(()),
                    Err(_) => Err(Error::Behind),
                };
                answer_with(answer, outcome);
            }
        }
    }

    /// Takes note of why commits cannot be followed. A store that contradicts what was read of it is not followed any longer.
    fn note(failure: &Error, is_behind: &mut bool, inbox: &Inbox) {
        if failure.is_damage() {
            error!(error = %crate::chain(failure), "the store cannot be followed any longer");
            inbox.state.health.end(failure.failure());
        } else if !std::mem::replace(is_behind, true) {
            info!(error = %crate::chain(failure), "commits cannot be followed now");
        } else {
            debug!(error = %crate::chain(failure), "commits cannot be followed now");
        }
    }

    /// Takes in all that is committed by now.
    fn catch_up(&mut self) -> Result<(), Error> {
        loop {
            let begun = Instant::now();
            if self.state.is_stale() {
                self.load_again()?;
            }
            let after = self.state.version();
            match self.reader.follow(after, COMMITS_FOLLOWED_AT_ONCE)? {
                Followed::Commits(commits) => {
                    self.apply(&commits)?;
                    if commits.len() < COMMITS_FOLLOWED_AT_ONCE {
                        self.lease.renew(begun, FOLLOWED_STATE_MAX);
                        return Ok(());
                    }
                }
                Followed::TooFarBehind => {
                    self.load_again()?;
                    info!("too far behind to follow commits: everything was loaded anew");
                }
            }
        }
    }

    /// Loads everything anew, not too often: where each commit required it, such as with a writer of an earlier version that has
    /// no feed, nothing else would be done. Events may be there before their definitions: nobody is shown any until all is
    /// taken in.
    fn load_again(&mut self) -> Result<(), Error> {
        self.lease.end();
        if self
            .loaded
            .is_some_and(|at| at.elapsed() < FOLLOWED_LOAD_EVERY)
        {
            return Err(Error::Behind);
        }
        self.loaded = Some(Instant::now());
        self.state.load_again(&*self.reader)
    }

    fn apply(&self, commits: &[Arc<Commit>]) -> Result<(), Error> {
        let Some(last) = commits.last() else {
            return Ok(());
        };
        let events = self.events_up_to(last.tail)?;
        let mut events = events.as_slice();
        for commit in commits {
            let count = events.partition_point(|event| event.replay_id <= commit.tail);
            let (own, later) = events.split_at(count);
            events = later;
            if let Err(failure) = self.state.apply(&*self.reader, commit, own) {
                self.state.is_stale_now();
                return Err(failure);
            }
        }
        Ok(())
    }

    /// The events that were appended since the tail in memory, up to this one; none if they are more than memory is to have,
    /// or cannot all be read: then they are read when somebody asks for them.
    fn events_up_to(&self, last: ReplayId) -> Result<Vec<Arc<Event>>, Error> {
        let mut after = self.state.log().bounds().tail;
        let new = last.get().saturating_sub(after.get());
        let mut events: Vec<Arc<Event>> = Vec::new();
        if usize::try_from(new).map_or(true, |new| new > TAIL_EVENTS_MAX) {
            return Ok(events);
        }
        while after < last {
            let page = self
                .reader
                .events(after, &TopicFilter::All, TAIL_EVENTS_MAX)?;
            if page.gap.is_some() || page.reached <= after {
                return Ok(Vec::new());
            }
            after = page.reached;
            events.extend(page.events);
        }
        events.retain(|event| event.replay_id <= last);
        Ok(events)
    }
}

impl Engine {
    /// Whether another process writes to the store, and this one follows its commits.
    pub fn follows(&self) -> bool {
        self.0.follows
    }

    /// Takes in everything that was committed before the call. The process that writes has done so already.
    ///
    /// # Errors
    /// [`Error::Behind`] if the store cannot be read; [`Error::Stopped`].
    pub async fn catch_up(&self) -> Result<(), Error> {
        if !self.follows() {
            return Ok(());
        }
        self.0.writer.catch_up().await
    }

    /// Sees to it that a replay id which a client has got from another process is known here before it is judged.
    pub async fn reach(&self, preset: ReplayPreset) {
        if let ReplayPreset::Custom(id) = preset
            && self.follows()
            && id > self.log().bounds().tail
        {
            // Without it the id is judged by what is known, and the client is refused until this process follows again.
            let _ = self.catch_up().await;
        }
    }

    /// How long what is in memory may be taken for what is stored.
    pub fn lease(&self) -> &Lease {
        &self.0.lease
    }
}
