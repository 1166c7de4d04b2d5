//! Queries and searches.

use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_model::{Catalog, RecordId, Value};
use landfall_query::{Checked, Search, Tables};
use landfall_store::Reader;

use crate::Engine;
use crate::error::Error;
use crate::query::{self, Answer, Explained, Question};

impl Engine {
    /// Answers a query with its first page.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is no query or may not be asked, [`Error::Store`].
    pub async fn query(&self, question: Question<'_>) -> Result<Answer, Error> {
        query::first(self, question).await
    }

    /// The next page of a query.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none for this user, [`Error::Store`].
    pub async fn query_more(
        &self,
        locator: &str,
        user: RecordId,
        batch: usize,
    ) -> Result<Answer, Error> {
        query::more(self, locator, user, batch).await
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
    /// [`Error::Refused`] for what is no query or may not be asked, [`Error::Store`].
    pub async fn examine(&self, question: Question<'_>) -> Result<Checked, Error> {
        let catalog = self.catalog_of(question.user).await?;
        query::checked(self, question, &catalog).await
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
        query::checked(self, question, catalog).await
    }

    /// What a query costs.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain(&self, question: Question<'_>) -> Result<Explained, Error> {
        query::explain(self, question).await
    }

    /// Reads all records that an examined query finds, at one point in time, and hands their columns to `row` on a thread
    /// for blocking work, until it says that it is enough; gives back what `row` works on.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too many or it takes too long, [`Error::Store`].
    pub async fn scan<S: Send + 'static>(
        &self,
        checked: Arc<Checked>,
        state: S,
        row: impl FnMut(&mut S, Vec<Value>) -> ControlFlow<()> + Send + 'static,
    ) -> Result<S, Error> {
        query::scan(self, checked, state, row).await
    }

    /// Reads for a query, of which only some go on at the same time.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> landfall_store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.0.querying.acquire().await;
        let _turn = turn.map_err(|_| Error::Stopped)?;
        self.read(read).await
    }
}
