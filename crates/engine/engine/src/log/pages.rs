//! Pages of old events, read once and shared: by the pieces that one subscriber takes of a page, and by subscribers that
//! replay the same topics.
//!
//! The log only grows, so a page that was read stays true until its events are forgotten. While a page is used, the next
//! ones are read and prepared on other threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::{ReplayId, limits};
use landfall_store::{Reader, TopicFilter};
use tokio::sync::OnceCell;
use tracing::debug;

use super::gaps::Gaps;
use super::{LogEvent, Stretch, cost};
use crate::error::Error;

/// Pages that are read while one is used.
const AHEAD: usize = 3;

/// What is done with old events before anybody takes them, such as rendering them.
pub type Prepare = Arc<dyn Fn(&[Arc<LogEvent>]) + Send + Sync>;

/// What a subscriber looks for.
#[derive(Clone)]
pub(super) struct Search {
    pub(super) filter: TopicFilter,
    /// From here on, memory has the events.
    pub(super) recent: ReplayId,
    pub(super) prepare: Prepare,
}

/// Events in order, none left out between the position that the page begins behind and the one it reaches.
struct Page {
    events: Vec<Arc<LogEvent>>,
    reached: ReplayId,
    bytes: usize,
    prepared: OnceCell<()>,
}

impl Page {
    fn read(
        reader: &dyn Reader,
        gaps: &Gaps,
        after: ReplayId,
        filter: &TopicFilter,
    ) -> Result<Self, Error> {
        let mut page = reader.events(after, filter, limits::REPLAY_PAGE_EVENTS_MAX)?;
        if let Some(gap) = &page.gap {
            page.events.extend(gaps.events(gap, after, filter));
        }
        Ok(Self {
            bytes: page.events.iter().map(|event| cost(event)).sum(),
            events: page
                .events
                .into_iter()
                .map(|event| Arc::new(LogEvent::new(event)))
                .collect(),
            reached: page.reached,
            prepared: OnceCell::new(),
        })
    }

    /// Prepares the events, unless they are: the first caller does it, the others wait.
    async fn prepare(self: &Arc<Self>, prepare: &Prepare) -> Result<(), Error> {
        let work = || async {
            let (page, prepare) = (Arc::clone(self), Arc::clone(prepare));
            tokio::task::spawn_blocking(move || {
                prepare(&page.events);
            })
            .await
            .map_err(|_| Error::Stopped)
        };
        self.prepared.get_or_try_init(work).await.copied()
    }

    /// The events after a position within the page, `limit` at most.
    fn piece(&self, after: ReplayId, limit: usize) -> Stretch {
        let start = self
            .events
            .partition_point(|entry| entry.event.replay_id <= after);
        let rest = self.events.get(start..).unwrap_or_default();
        let (events, reached) = match rest.get(..limit) {
            Some(piece) if piece.len() < rest.len() => {
                let reached = piece.last().map(|newest| newest.event.replay_id);
                (piece, reached.unwrap_or(after))
            }
            _ => (rest, self.reached),
        };
        Stretch {
            events: events.to_vec(),
            reached,
        }
    }
}

/// A page that is there or on its way.
type Cell = Arc<OnceCell<Arc<Page>>>;

struct Entry {
    filter: TopicFilter,
    after: ReplayId,
    cell: Cell,
    /// Used since the last [`Pages::forget_unused`].
    used: bool,
}

impl Entry {
    /// Whether the page holds, or will hold, what comes next after a position.
    fn leads_on_from(&self, after: ReplayId, filter: &TopicFilter) -> bool {
        self.filter == *filter
            && match self.cell.get() {
                Some(page) => self.after <= after && after < page.reached,
                None => self.after == after,
            }
    }

    fn bytes(&self) -> usize {
        self.cell.get().map_or(0, |page| page.bytes)
    }
}

/// The pages that were used last; the newest use stands last.
pub(super) struct Pages {
    reader: Arc<dyn Reader>,
    gaps: Arc<Gaps>,
    entries: Mutex<VecDeque<Entry>>,
}

impl Pages {
    pub(super) fn new(reader: Arc<dyn Reader>, gaps: Gaps) -> Self {
        Self {
            reader,
            gaps: Arc::new(gaps),
            entries: Mutex::default(),
        }
    }

    /// Events after `after`, `limit` at most.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub(super) async fn read(
        self: &Arc<Self>,
        search: Search,
        after: ReplayId,
        limit: usize,
    ) -> Result<Stretch, Error> {
        let (cell, begun) = self.cell(after, &search.filter);
        let page = self.filled(&cell, after, &search.filter).await?;
        let prepare = Arc::clone(&search.prepare);
        if begun && page.reached < search.recent {
            tokio::spawn(Arc::clone(self).read_ahead(search, page.reached));
        }
        page.prepare(&prepare).await?;
        Ok(page.piece(after, limit))
    }

    /// A reader of a page that could not be read tries again, and gets the error.
    async fn read_ahead(self: Arc<Self>, search: Search, mut after: ReplayId) {
        for _ in 0..AHEAD {
            let (cell, _) = self.cell(after, &search.filter);
            let page = match self.filled(&cell, after, &search.filter).await {
                Ok(page) => page,
                Err(error) => return debug!(%error, "the log could not be read ahead"),
            };
            after = page.reached;
            let prepare = Arc::clone(&search.prepare);
            tokio::spawn(async move { page.prepare(&prepare).await });
            if after >= search.recent {
                return;
            }
        }
    }

    /// Forgets the pages that nobody has used since the last call, and those with events before `earliest`.
    pub(super) fn forget_unused(&self, earliest: Option<ReplayId>) {
        self.entries().retain_mut(|entry| {
            let retained = earliest.is_some_and(|earliest| entry.after.advanced_by(1) >= earliest);
            std::mem::take(&mut entry.used) && retained
        });
    }

    /// Forgets all pages: the log is another one.
    pub(super) fn forget(&self) {
        self.entries().clear();
    }

    /// How many pages are kept, and how many bytes they have.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        let entries = self.entries();
        (entries.len(), entries.iter().map(Entry::bytes).sum())
    }

    /// The page that leads on from a position, read or not, and whether the position is its beginning.
    fn cell(&self, after: ReplayId, filter: &TopicFilter) -> (Cell, bool) {
        let mut entries = self.entries();
        let found = entries
            .iter()
            .rposition(|entry| entry.leads_on_from(after, filter));
        let mut entry = match found.and_then(|place| entries.remove(place)) {
            Some(entry) => entry,
            None => Entry {
                filter: filter.clone(),
                after,
                cell: Cell::default(),
                used: true,
            },
        };
        entry.used = true;
        let found = (Arc::clone(&entry.cell), entry.after == after);
        entries.push_back(entry);
        let mut bytes: usize = entries.iter().map(Entry::bytes).sum();
        while entries.len() > limits::REPLAY_PAGES_MAX || bytes > limits::REPLAY_PAGES_BYTES_MAX {
            let Some(oldest) = entries.pop_front() else {
                break;
            };
            bytes = bytes.saturating_sub(oldest.bytes());
        }
        found
    }

    /// The page of a cell: the first caller reads it, the others wait.
    async fn filled(
        &self,
        cell: &Cell,
        after: ReplayId,
        filter: &TopicFilter,
    ) -> Result<Arc<Page>, Error> {
        let read = || async {
            let (reader, filter) = (Arc::clone(&self.reader), filter.clone());
            let gaps = Arc::clone(&self.gaps);
            tokio::task::spawn_blocking(move || Page::read(&*reader, &gaps, after, &filter))
                .await
                .map_err(|_| Error::Stopped)?
                .map(Arc::new)
        };
        cell.get_or_try_init(read).await.cloned()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
