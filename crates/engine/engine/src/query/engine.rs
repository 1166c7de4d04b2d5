//! Queries and searches.

use std::ops::ControlFlow;
use std::time::Duration;

use landfall_model::{Catalog, RecordId, Value};
use landfall_query::{Checked, Search, Tables};
use landfall_store::{Deadline, Reader};

use crate::error::Error;
use crate::query::lanes::{Lane, Waiting};
use crate::query::{self, Answer, Explained, Prepared, Question};
use crate::{Engine, OrgView};

impl Engine {
    /// Answers a query with its first page.
    ///
    /// # Errors
    /// [`Error::Refused`] for a query that is invalid or not allowed, [`Error::Store`].
    pub async fn query(&self, question: Question<'_>) -> Result<Answer, Error> {
        query::first(self, question).await
    }

    /// The next page of a query: of `rows` rows, or else of as many as the first was to have, and of so many bytes.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none for this user, and if they could not ask the query any more; [`Error::Store`].
    pub async fn query_more(
        &self,
        locator: &str,
        view: &OrgView,
        rows: Option<usize>,
        bytes: usize,
    ) -> Result<Answer, Error> {
        query::more(self, locator, view, rows, bytes).await
    }

    /// Answers a query of records that are not kept: of these objects, and made by `tables`. All is on one page.
    ///
    /// # Errors
    /// As [`Self::query`]; [`Error::Refused`] for more than a page holds.
    pub async fn query_of(
        &self,
        question: Question<'_>,
        catalog: &Catalog,
        tables: &(dyn Tables + Sync),
    ) -> Result<Answer, Error> {
        query::of(self, question, catalog, tables).await
    }

    /// What a search finds, object by object.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn find(
        &self,
        question: Question<'_>,
        search: &Search,
    ) -> Result<Vec<Answer>, Error> {
        query::find(self, question, search).await
    }

    /// A query as it would be carried out.
    ///
    /// # Errors
    /// [`Error::Refused`] for a query that is invalid or not allowed, [`Error::Store`].
    pub async fn examine(&self, question: Question<'_>) -> Result<Prepared, Error> {
        query::prepared(self, question).await
    }

    /// A query of these objects as [`Self::query_of`] would carry it out.
    ///
    /// # Errors
    /// As [`Self::examine`].
    pub async fn examine_of(
        &self,
        question: Question<'_>,
        catalog: &Catalog,
    ) -> Result<Checked, Error> {
        query::checked_of(self, question, catalog).await
    }

    /// What a query costs.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain(&self, question: Question<'_>) -> Result<Explained, Error> {
        query::explain(self, question).await
    }

    /// Reads all records that an examined query finds and hands their columns to `row` on a thread for blocking work, until
    /// it says that it is enough; gives back what `row` works on. They are of one point in time as far as
    /// [`landfall_store::Reader::scan`] promises.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too many or it takes too long, [`Error::Store`].
    pub async fn scan<S: Send + 'static>(
        &self,
        prepared: Prepared,
        state: S,
        row: impl FnMut(&mut S, Vec<Value>) -> ControlFlow<()> + Send + 'static,
    ) -> Result<S, Error> {
        query::scan(self, prepared, state, row).await
    }

    /// Reads for a query of a user, on one of the lanes for queries. Its time includes the wait for the lane; it ends early
    /// when the caller is dropped, and keeps the lane until it has ended.
    ///
    /// # Errors
    /// [`landfall_store::Error::TimedOut`] and those of the read.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        user: RecordId,
        time: Duration,
        read: impl FnOnce(&dyn Reader, &Deadline) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let found = self.search_keeping(user, time, read).await;
        found.map(|(found, _)| found)
    }

    /// The same for what is rendered: with the lane, so that no more results are in memory than there are lanes.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub(crate) async fn search_keeping<T: Send + 'static>(
        &self,
        user: RecordId,
        time: Duration,
        read: impl FnOnce(&dyn Reader, &Deadline) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<(T, Lane), Error> {
        let deadline = Deadline::after(time);
        let _waiting = Waiting(deadline.clone());
        let lane = self.0.lanes.enter(user, &deadline).await?;
        self.read_records(move |reader| Ok((read(reader, &deadline)?, lane)))
            .await
    }
}
