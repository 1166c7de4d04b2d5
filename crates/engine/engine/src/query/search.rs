//! Searches: a query for each object, and room shared fairly among what they find. Records that would make the answer larger
//! than a page are left out, except for one of each object: a search has no further pages.
//!
//! Source: "`LIMIT n`" in SOSL (SOQL and SOSL Reference): a limit of the whole is evenly distributed among the objects.

use std::sync::Arc;

use landfall_model::limits::{QUERY_TIME_MAX, SEARCH_ROWS_MAX};
use landfall_query::Search;
use landfall_store::{QueryLimits, bytes_of};

use super::{Answer, Question, context, failed, whole};
use crate::{Engine, Error};

/// See [`Engine::find`].
pub(crate) async fn find(
    engine: &Engine,
    question: Question<'_>,
    search: &Search,
) -> Result<Vec<Answer>, Error> {
    let now = engine.clock().now();
    let context = context(engine, question, question.view.catalog(), now).await?;
    let parts = landfall_query::search(&context, search)?;
    let rows_max = search.limit.map_or(SEARCH_ROWS_MAX, |limit| {
        usize::try_from(limit).map_or(SEARCH_ROWS_MAX, |limit| limit.min(SEARCH_ROWS_MAX))
    });
    let mut limits = QueryLimits {
        rows: rows_max,
        bytes: question.page.bytes,
        records: rows_max,
    };
    let mut answers = Vec::new();
    for mut checked in parts {
        let own = checked.plan.limit.unwrap_or(u64::MAX);
        checked.plan.limit = Some(own.min(u64::try_from(rows_max).unwrap_or(u64::MAX)));
        let checked = Arc::new(checked);
        let plan = Arc::clone(&checked);
        let user = question.view.user();
        let found = engine.search(user, QUERY_TIME_MAX, move |reader, deadline| {
            reader.query(&plan.plan, limits, deadline)
        });
        let found = found.await.map_err(|error| failed(error, &checked.plan))?;
        let bytes = found.rows.iter().map(|row| bytes_of(&row.values));
        limits.bytes = limits.bytes.saturating_sub(bytes.sum());
        answers.push(Answer {
            page: whole(found, &checked.plan)?,
            checked,
            way: Vec::new(),
            _lane: None,
        });
    }
    let found: Vec<usize> = answers
        .iter()
        .map(|answer| answer.page.rows.len())
        .collect();
    for (answer, share) in answers.iter_mut().zip(shares(&found, rows_max)) {
        answer.page.rows.truncate(share);
    }
    Ok(answers)
}

/// How many each gets: all the same, as far as it has so many.
fn shares(found: &[usize], room: usize) -> Vec<usize> {
    let mut shares = vec![0; found.len()];
    let mut left = room;
    loop {
        let is_open = |(share, found): &(&mut usize, &usize)| **share < **found;
        let open = shares.iter_mut().zip(found).filter(is_open).count();
        if open == 0 || left == 0 {
            return shares;
        }
        let each = (left / open).max(1);
        for (share, found) in shares.iter_mut().zip(found).filter(is_open) {
            let more = each.min(*found - *share).min(left);
            *share += more;
            left -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn room_is_shared_evenly() {
        for (found, room, shared) in [
            (vec![19, 35], 20, vec![10, 10]),
            (vec![3, 35], 20, vec![3, 17]),
            (vec![1, 1, 1], 2, vec![1, 1, 0]),
            (vec![5, 5], 100, vec![5, 5]),
            (vec![5], 0, vec![0]),
            (vec![], 7, vec![]),
        ] {
            assert_eq!(shares(&found, room), shared);
        }
    }
}
