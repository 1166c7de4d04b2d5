//! The writer: one thread that owns the store's write side and takes all that waits as one group.
//!
//! While a group is being synced to disk the next one fills up: there is no timer. Nobody is answered, and no event is
//! seen, before the outcome of the commit that holds it is known, and the outcome alone decides the answer. A group that
//! the store could not keep is refused and the next one is tried; see `outcome` for what ends the writer.
//! What a group consists of is in `compute`, or in `open` if it comes step by step, its events are in
//! `events`, and the way to the thread in `handle`.

mod as_converted;
mod compute;
mod converted;
mod events;
pub(crate) mod handle;
pub(crate) mod open;
mod outcome;
mod prefetch;
mod restore;
mod streams;
mod times;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use landfall_capture::transaction::CaptureRules;
use landfall_metadata::Kind;
use landfall_model::{Catalog, Fault, RecordId, ReplayId, ServiceFault, Timestamp, limits};
use landfall_store::{
    Appended, Commit, Committed, Conversion, Document, Event, Followed, NewEvent, Position, Reader,
    RowRemoval, RowWrite, WriteSet, Writer,
};
use tracing::{debug, error, info, warn};

use crate::blueprint::Blueprints;
use crate::clock::Clock;
use crate::command::{Note, Outcome};
use crate::compiled::Compiled;
use crate::components::{self, Key};
use crate::currencies;
use crate::definitions::{self, Definitions, Modified};
use crate::deleted_events::DeletedEvents;
use crate::deploy::{self, Deployment, Grants};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::faults::Faults;
use crate::health::log_end;
use crate::numbers::Numbers;
use crate::plan::Planner;
use crate::snapshots::{Restoration, Restored};
use crate::state::{OrgState, Projection};
use crate::topics;
use crate::usage::{Client, Usage};
use crate::workspace::Workspace;
use crate::{custom_metadata, groups, record_types};
use as_converted::AsConverted;
use compute::{Computed, Computing};
use converted::{Informed, TypeChanges};
use events::Rules;
use handle::{Answer, Command, Forgetting, Handle, Inbox, State, answer_with, failed};
use outcome::{ends_the_writer, refused, settled};
use prefetch::read_ahead;

pub use handle::{WriterCounters, WriterThread};
pub use times::{CommitTimes, CommitTimesRead};

/// What the writer thread owns.
pub(crate) struct Core {
    pub(crate) store: Box<dyn Writer>,
    pub(crate) numbers: Numbers,
    pub(crate) retention_hours: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) capture_rules: CaptureRules,
    /// What everything is computed with; moved on by each commit.
    pub(crate) state: Arc<OrgState>,
    pub(crate) usage: Arc<Usage>,
    pub(crate) faults: Faults,
    pub(crate) last_now: Timestamp,
    /// How many of the next commands are committed one by one, because damaged data was met.
    pub(crate) alone: usize,
}

pub(crate) fn spawn(core: Core, inbox: Inbox, handle: &Handle) -> Result<WriterThread, Error> {
    let thread = std::thread::Builder::new()
        .name("landfall-writer".to_owned())
        .spawn(move || core.run(inbox))
        .map_err(Error::Thread)?;
    Ok(handle.running(thread))
}

/// A transaction that waits for the commit with what it will be answered.
struct Committing {
    computed: Computed,
    waiting: Waiting,
}

/// Who waits for a transaction.
enum Waiting {
    /// A caller that sent it as a whole, and gets the result of each change.
    Outcomes(Vec<Outcome>, Answer<Vec<Outcome>>),
    /// A caller that made it step by step, and has the results already.
    End(Answer<()>),
}

impl Waiting {
    fn answer(self, is_durable: Result<(), Error>) {
        match self {
            Self::Outcomes(outcomes, answer) => {
                answer_with(answer, is_durable.map(|()| outcomes));
            }
            Self::End(answer) => answer_with(answer, is_durable),
        }
    }
}

/// What a group will make durable, and who waits for it.
#[derive(Default)]
struct Group {
    commands: usize,
    transactions: Vec<Committing>,
    documents: Vec<Document>,
    puts: Vec<Answer<()>>,
    publications: Vec<(Vec<NewEvent>, Answer<Vec<ReplayId>>)>,
    trims: Vec<(Forgetting, Answer<bool>)>,
    restarts: Vec<Answer<()>>,
    attached: Vec<(Weak<dyn Projection>, Answer<()>)>,
    /// The last of a group, since what follows it sees other definitions.
    deployment: Option<(Box<Deployment>, Answer<()>)>,
    /// The same holds for this.
    restoration: Option<(Restoration, Answer<Restored>)>,
    stop: bool,
}

impl Group {
    fn is_full(&self, workspace: &Workspace<'_>) -> bool {
        self.commands >= limits::GROUP_COMMANDS_MAX || workspace.len() >= limits::GROUP_ROWS_MAX
    }

    /// Whether the last command replaces what the next ones are computed with.
    const fn replaces_state(&self) -> bool {
        self.deployment.is_some() || self.restoration.is_some()
    }

    /// Whether the last transaction changed topics or channels: what follows it sees the new ones.
    fn changes_streams(&self) -> bool {
        self.transactions
            .last()
            .is_some_and(|last| !last.computed.streams.is_empty())
    }
}

impl Core {
    fn run(mut self, mut inbox: Inbox) {
        while let Some(first) = inbox.wait() {
            inbox.state.may_be_asked_again();
            let stop = if inbox.state.health.has_ended() {
                first.refuse(failed)
            } else if self.state.is_stale() && !self.load_again() {
                first.refuse(|| Fault::Service(ServiceFault::StoreUnavailable).into())
            } else {
                self.take(first, &mut inbox)
            };
            if stop {
                break;
            }
        }
        info!("the writer has stopped");
    }

    /// Computes, commits and answers the command and all that waits behind it; says whether to stop then.
    fn take(&mut self, first: Command, inbox: &mut Inbox) -> bool {
        let mut group = Group::default();
        let definitions = self.state.definitions();
        let topics = self.topics_now();
        let mut workspace = Workspace::new(&*self.store);
        let state = Arc::clone(&inbox.state);
        let mut computing = Computing {
            numbers: &mut self.numbers,
            clock: &*self.clock,
            entropy: &*self.entropy,
            blueprints: definitions.blueprints(),
            last_now: &mut self.last_now,
            topics: &topics,
            formulas: definitions.formula_fields(),
            counters: &state.counters,
        };
        let is_alone = self.alone > 0;
        self.alone = self.alone.saturating_sub(1);
        inbox.put_back(first);
        let mut is_open = true;
        while is_open && inbox.take_waiting() {
            let taken = inbox.taken().take(if is_alone { 1 } else { usize::MAX });
            let requests = taken.filter_map(Command::changes);
            read_ahead(requests, computing.blueprints, &mut workspace);
            while is_open && let Some(command) = inbox.next_taken() {
                group.add(command, &mut workspace, &mut computing);
                let is_last = group.stop || group.replaces_state() || group.changes_streams();
                is_open = !is_last && !is_alone && !group.is_full(&workspace);
            }
        }
        let write = workspace.into_writes();
        let (stop, trims) = (group.stop, std::mem::take(&mut group.trims));
        let restarts = std::mem::take(&mut group.restarts);
        let (deployment, attached) = (group.deployment.take(), std::mem::take(&mut group.attached));
        let restoration = group.restoration.take();
        self.commit(write, group, &inbox.state);
        for (forgetting, answer) in trims {
            let trimmed = self.trim(forgetting);
            if let Err(failure) = &trimmed {
                not_kept(failure, &inbox.state);
            }
            answer_with(answer, trimmed);
        }
        for answer in restarts {
            answer_with(answer, self.restart_log(&inbox.state));
        }
        for (projection, answer) in attached {
            answer_with(answer, self.state.attach(&*self.store, &projection));
        }
        if let Some((deployment, answer)) = deployment {
            let current = self.state.check().map_err(Error::from);
            let deployed = current.and_then(|()| self.deploy(*deployment, &inbox.state));
            if let Err(failure) = deployed.as_ref()
                && ends_the_writer(failure)
            {
                inbox.state.health.end(failure.failure());
            }
            answer_with(answer, deployed);
        }
        if let Some((restoration, answer)) = restoration {
            answer_with(answer, self.restore(&restoration, &inbox.state));
        }
        stop
    }

    fn commit(&mut self, mut write: WriteSet, mut group: Group, state: &State) {
        write.documents.append(&mut group.documents);
        let events = !group.publications.is_empty()
            || group
                .transactions
                .iter()
                .any(|transaction| !transaction.computed.changes.is_empty());
        let committed = if write.is_empty() && !events {
            // Everything was refused: there is nothing to wait for.
            Ok(ReplayId::ORIGIN)
        } else {
            let begun = Instant::now();
            let made = self.make_durable(write, &group, state);
            state.counters.times.add(begun.elapsed());
            state.count(group.commands);
            made
        };
        let is_alone = group.commands == 1;
        let kept = || match &committed {
            Ok(_) => Ok(()),
            Err(failure) => Err(refused(failure, is_alone)),
        };
        for transaction in group.transactions {
            transaction.waiting.answer(kept());
        }
        for answer in group.puts {
            answer_with(answer, kept());
        }
        // Published events come first in their group, in the order of their commands.
        let mut next = committed.as_ref().copied().unwrap_or(ReplayId::ORIGIN);
        for (events, answer) in group.publications {
            let ids = events.iter().map(|_| {
                let id = next;
                next = next.advanced_by(1);
                id
            });
            let ids = ids.collect();
            answer_with(answer, kept().map(|()| ids));
        }
    }

    /// Commits, and then brings what is kept in memory up to date; the replay id that the first event got.
    fn make_durable(
        &mut self,
        write: WriteSet,
        group: &Group,
        state: &State,
    ) -> Result<ReplayId, Error> {
        let made = self.write_group(write, group, state);
        if let Err(failure) = &made {
            not_kept(failure, state);
            if failure.is_damage() {
                self.alone = limits::COMMANDS_ALONE_AFTER_DAMAGE;
            }
        } else {
            kept(state);
        }
        made
    }

    /// Makes a write durable. Every commit of the writer goes this way.
    fn store(
        &mut self,
        mut write: WriteSet,
        at: Timestamp,
        events: &mut dyn FnMut(Position) -> Appended,
    ) -> Result<Committed, Error> {
        self.last_now = self.last_now.max(at);
        // Numbers of a commit that was not kept are not used again by this writer, and no record has them.
        write.documents.extend(self.numbers.take_moved());
        Ok(settled(&mut *self.store, &write, events)?)
    }

    /// Commits, and then shows the events.
    fn write_group(
        &mut self,
        mut write: WriteSet,
        group: &Group,
        state: &State,
    ) -> Result<ReplayId, Error> {
        let definitions = self.state.definitions();
        let at = self.clock.now().max(self.last_now);
        let required = self.required_by_streams(group, &definitions, at)?;
        write.documents.extend(required);
        let (capture, faults) = (self.capture_rules, self.faults.clone());
        let mut first = ReplayId::ORIGIN;
        let mut transactions = Vec::new();
        let committed = self.store(write, at, &mut |position| {
            first = position.tail.advanced_by(1);
            let published = group.publications.iter().flat_map(|(events, _)| events);
            let computed = group
                .transactions
                .iter()
                .map(|committing| &committing.computed);
            let rules = Rules {
                capture: &capture,
                faults: &faults,
            };
            let rules = (rules, &mut transactions);
            events::append(&definitions, published, computed, position, at, rules)
        })?;
        let mut parts = published_together(&group.publications);
        parts.append(&mut transactions);
        let made = (&*committed.events, &*parts);
        let held = events::held_back(&self.state, &self.faults, made, at);
        self.state.hold(&held);
        self.apply(&committed.commit, &committed.events);
        let publications = group.publications.iter();
        let published = publications.map(|(events, _)| events.len()).sum();
        let captured = committed.events.iter().skip(published);
        self.usage
            .published(&Client::System, captured.map(|event| event.topic));
        let events = u64::try_from(committed.events.len()).unwrap_or_default();
        state.counters.events.fetch_add(events, Ordering::Relaxed);
        Ok(first)
    }

    /// Moves the state on to a commit that is durable. A failure makes it stale: the commit is not undone by it.
    fn apply(&self, commit: &Commit, events: &[Arc<Event>]) {
        if let Err(failure) = self.state.apply(&*self.store, commit, events) {
            self.is_stale(&failure);
        }
    }

    /// Moves the state on to commits that the store has made by itself.
    fn follow(&self) {
        match self
            .reader
            .follow(self.state.version(), limits::COMMITS_FOLLOWED_AT_ONCE)
        {
            Ok(Followed::Commits(commits)) => {
                for commit in commits {
                    self.apply(&commit, &[]);
                }
            }
            Ok(Followed::TooFarBehind) => {
                self.load_again();
            }
            Err(failure) => self.is_stale(&failure.into()),
        }
    }

    fn is_stale(&self, failure: &Error) {
        error!(error = %crate::chain(failure), "a commit is durable and cannot be read back: the org is unavailable until it can");
        self.state.is_stale_now();
        self.load_again();
    }

    /// Loads a stale state again, in a bounded number of attempts; says whether it is whole again.
    fn load_again(&self) -> bool {
        let mut attempts = 0..limits::STATE_LOADS_AT_ONCE;
        let loaded = attempts.any(|_| match self.state.load_again(&*self.reader) {
            Ok(()) => true,
            Err(failure) => {
                debug!(error = %crate::chain(&failure), "the state of the org cannot be loaded again");
                false
            }
        });
        if loaded {
            info!("the state of the org is loaded again");
        }
        loaded
    }

    /// Puts new definitions in force, or leaves everything as it was.
    fn deploy(&mut self, deployment: Deployment, state: &State) -> Result<(), Error> {
        let earlier = self.state.definitions();
        let deployed = self.put_in_force(deployment);
        if deployed.is_ok() {
            kept(state);
        }
        if let Err(failure) = &deployed {
            not_kept(failure, state);
            if !ends_the_writer(failure) {
                self.store.prepare(earlier.catalog().entities())?;
            }
        }
        deployed
    }

    fn put_in_force(&mut self, deployment: Deployment) -> Result<(), Error> {
        let now = self.clock.now().max(self.last_now);
        // Clients compare the time of the last change in whole seconds: each change has one of its own.
        let earlier = self.state.definitions();
        let modified = now
            .whole_second()
            .max(earlier.modified().plus_millis(1_000));
        let compiled = &deployment.compilation.compiled;
        let (managed, forgotten) = deploy::deployed(
            compiled.managed.clone(),
            earlier.managed(),
            earlier.components(),
            |name| {
                deployment
                    .components
                    .reserved(Kind::ManagedSubscription, name)
            },
            &mut self.numbers,
        )?;
        let catalog = &compiled.catalog;
        let mut kept_ids = record_types::ids_of_rows(&*self.store, earlier.catalog())?;
        kept_ids.extend(groups::ids_of_rows(&*self.store, earlier.catalog())?);
        let settled = deployment.components.settle(
            earlier.components(),
            &managed,
            &kept_ids,
            &mut self.numbers,
        )?;
        let bounds = self.state.options().streams;
        let blueprints = Blueprints::new(catalog, &compiled.roll_ups, bounds);
        let deleted = self.deleted(&earlier, catalog)?;
        deploy::check_types(earlier.catalog(), catalog, &[])?;
        let changes = TypeChanges::between(earlier.catalog(), catalog);
        self.store.prepare(&changes.unconverted(catalog))?;
        let informed = Informed::of(&changes, &earlier, &*self.store, &*self.reader)?;
        let conversions = changes.conversions();
        let mut written = self.computed(&blueprints, &conversions, now, &deployment.grants)?;
        written.conversions = conversions;
        let (rows, removals) = self.component_rows(compiled, &earlier, &settled.ids, now)?;
        written.rows.extend(rows);
        written.removals.extend(removals);
        let currency = currencies::missing(&*self.store, catalog, &mut self.numbers, now)?;
        written.rows.extend(currency);
        for start in &compiled.starting_numbers {
            let counter = format!("{}.{}", start.entity, start.field);
            self.numbers.begin(counter, start.number);
        }
        let mut documents = vec![deployment.compilation.prefixes()];
        let schemas = self.state.schemas();
        documents.extend(definitions::required(&mut *self.store, catalog, schemas)?);
        documents.extend(topics::all_required(
            &mut *self.store,
            catalog,
            schemas,
            now,
        )?);
        documents.extend(forgotten);
        documents.extend(deleted.map(|deleted| deleted.document()));
        documents.extend(settled.documents);
        documents.push(Modified::now(modified).document());
        let state = Arc::clone(&self.state);
        state.compilations().expect(Some(deployment.compilation));
        let kept = self.keep(written, documents, &informed, now);
        state.compilations().expect(None);
        kept?;
        self.name_tables();
        Ok(())
    }

    /// The rows of components that are records as well: record types, custom metadata, queues and groups.
    fn component_rows(
        &mut self,
        compiled: &Compiled,
        earlier: &Definitions,
        ids: &HashMap<Key, RecordId>,
        now: Timestamp,
    ) -> Result<(Vec<RowWrite>, Vec<RowRemoval>), Error> {
        let catalog = &compiled.catalog;
        let id_of = |kind, name: &str| ids.get(&components::key(kind, name)).copied();
        let types = &compiled.record_types;
        let mut rows = record_types::rows(&*self.store, catalog, types, id_of, now)?;
        let mut removals = Vec::new();
        let records = &compiled.custom_metadata;
        let records = custom_metadata::changes(&*self.store, catalog, records, id_of, now)?;
        let groups = groups::Declared {
            groups: &compiled.groups,
            earlier: earlier.components(),
            ids,
        };
        let groups = groups.changes(&*self.store, catalog, &mut self.numbers, now)?;
        for (own, gone) in [records, groups] {
            rows.extend(own);
            removals.extend(gone);
        }
        Ok((rows, removals))
    }

    /// The events that are deleted once a catalogue is in force.
    fn deleted(
        &self,
        earlier: &Definitions,
        catalog: &Catalog,
    ) -> Result<Option<DeletedEvents>, Error> {
        let deleted = earlier.deleted_events().map(|deleted| &**deleted);
        let is_known = |name: &str| earlier.catalog().platform_event(name).is_some();
        DeletedEvents::after(deleted, is_known, catalog, &*self.store, &*self.reader)
    }

    /// Shows the store the definitions in force, which it knows by their address. Without that it finds the tables more
    /// slowly.
    fn name_tables(&mut self) {
        let definitions = self.state.definitions();
        if let Err(failure) = self.store.prepare(definitions.catalog().entities()) {
            warn!(error = %failure, "the store compares definitions with its tables at each use");
        }
    }

    /// Makes rows and documents durable, counters included, and what subscribers hear of them.
    fn keep(
        &mut self,
        mut write: WriteSet,
        documents: Vec<Document>,
        informed: &Informed,
        now: Timestamp,
    ) -> Result<(), Error> {
        write.documents.extend(documents);
        let entropy = Arc::clone(&self.entropy);
        let committed = self.store(write, now, &mut |position| {
            let count = u64::from(!informed.is_empty());
            let commit_number = position.commit_number.advanced_by(count);
            Appended {
                events: informed.events(commit_number, now, &*entropy),
                at: now,
                commit_number,
            }
        })?;
        self.apply(&committed.commit, &committed.events);
        Ok(())
    }

    /// What new definitions do to records: roll-up summary fields that come about otherwise than before, and what permission
    /// sets and profiles grant now.
    fn computed(
        &mut self,
        blueprints: &Blueprints,
        conversions: &[Conversion],
        now: Timestamp,
        grants: &Grants,
    ) -> Result<WriteSet, Error> {
        let reads = AsConverted::new(&*self.store, conversions);
        let mut workspace = Workspace::new(&reads);
        let mut planner = Planner {
            workspace: &mut workspace,
            blueprints,
            numbers: &mut self.numbers,
            user: RecordId::EMPTY,
            access: None,
            now,
            steps: Vec::new(),
            due: Vec::new(),
        };
        for (number, summary) in blueprints.summaries_since(self.state.definitions().blueprints()) {
            planner.begin(number, summary, &reads)?;
        }
        planner.revoke(&grants.gone)?;
        for granted in &grants.granted {
            let made = planner.grant(granted);
            made.map_err(|error| deploy::refused_grant(error, granted))?;
        }
        for set in &grants.ungranted {
            planner.ungrant(set)?;
        }
        Ok(workspace.into_writes())
    }

    /// Takes one step of forgetting; says whether there is more to forget.
    fn trim(&mut self, forgetting: Forgetting) -> Result<bool, Error> {
        let now = self.clock.now();
        let before = match forgetting {
            Forgetting::Expired => {
                let hours = i64::try_from(self.retention_hours).unwrap_or(i64::MAX);
                now.plus_millis(hours.saturating_mul(3_600_000).saturating_neg())
            }
            Forgetting::All => now.max(self.last_now).plus_millis(1),
        };
        let more = self.store.trim(before)?;
        self.follow();
        Ok(more)
    }
}

/// The events of each request that has published some: they come first in their group, in the order of the requests.
fn published_together(
    publications: &[(Vec<NewEvent>, Answer<Vec<ReplayId>>)],
) -> Vec<Range<usize>> {
    let mut end = 0;
    let published = publications.iter().map(|(events, _)| {
        let begin = end;
        end += events.len();
        begin..end
    });
    published.collect()
}

/// Takes note that a commit was kept.
fn kept(state: &State) {
    if state.health.accept() {
        info!("the store takes writes again");
    }
}

/// Takes note of why a commit was not kept.
fn not_kept(failure: &Error, state: &State) {
    if ends_the_writer(failure) {
        log_end(failure.failure(), failure);
        state.health.end(failure.failure());
    } else if failure.is_damage() {
        state.counters.note_damage(failure);
    } else if failure.is_temporary() && state.health.refuse(failure.failure()) {
        warn!(
            failure = failure.failure().as_str(),
            error = %crate::chain(failure),
            "commit refused by the store: nothing of it was kept, the next one is tried"
        );
    }
}

impl Group {
    fn add(
        &mut self,
        command: Command,
        workspace: &mut Workspace<'_>,
        computing: &mut Computing<'_>,
    ) {
        self.commands += 1;
        match command {
            Command::Commit(transaction, by, note, answer) => {
                let computed = computing.compute(workspace, transaction, &by);
                self.add_transaction(computed, note, answer);
            }
            Command::Open(opened) => {
                let work = computing.begin(workspace, &opened.by, opened.origin);
                if let Some(ended) = open::serve(work, &opened.steps) {
                    self.documents.extend(ended.documents);
                    self.transactions.push(Committing {
                        computed: ended.computed,
                        waiting: Waiting::End(ended.answer),
                    });
                }
            }
            Command::Put(documents, answer) => {
                self.documents.extend(documents);
                self.puts.push(answer);
            }
            Command::Stamp(records, answer) => match computing.stamp(workspace, &records) {
                Ok(()) => self.puts.push(answer),
                Err(error) => answer_with(answer, Err(error)),
            },
            Command::Publish(events, documents, answer) => {
                self.documents.extend(documents);
                self.publications.push((events, answer));
            }
            Command::Deploy(deployment, answer) => self.deployment = Some((deployment, answer)),
            Command::Restore(restoration, answer) => {
                self.restoration = Some((restoration, answer));
            }
            Command::RestartLog(answer) => self.restarts.push(answer),
            Command::Reserve(prefixes, answer) => {
                let numbers = &mut *computing.numbers;
                let ids = prefixes.into_iter().map(|prefix| numbers.record_id(prefix));
                answer_with(answer, Ok(ids.collect()));
            }
            Command::Trim(forgetting, answer) => self.trims.push((forgetting, answer)),
            Command::Attach(projection, answer) => self.attached.push((projection, answer)),
            Command::CatchUp(answer) => answer_with(answer, Ok(())),
            Command::LoadAgain => {}
            Command::Stop => self.stop = true,
        }
    }

    fn add_transaction(
        &mut self,
        computed: Result<(Computed, Vec<Outcome>), Error>,
        note: Option<Note>,
        answer: Answer<Vec<Outcome>>,
    ) {
        match computed {
            Ok((computed, outcomes)) => {
                if let Some(note) = note {
                    self.documents.extend(note(&outcomes));
                }
                self.transactions.push(Committing {
                    computed,
                    waiting: Waiting::Outcomes(outcomes, answer),
                });
            }
            Err(error) => answer_with(answer, Err(error)),
        }
    }
}
