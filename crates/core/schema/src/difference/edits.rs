//! The fewest lines to take away and to put in.
//!
//! Source: Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): the furthest that so many edits reach
//! on each diagonal, from one edit to the next. Given up beyond a number of edits, which bounds time and memory.

use std::collections::HashMap;
use std::ops::Range;

/// Lines that others took the place of; either side may be empty, not both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// Where two texts differ, in order; none if it takes more than `most` edits.
pub(super) fn hunks(old: &[&str], new: &[&str], most: usize) -> Option<Vec<Hunk>> {
    let mut numbers = HashMap::new();
    let mut numbered = |lines: &[&'_ str]| -> Vec<usize> {
        lines
            .iter()
            .map(|line| {
                let next = numbers.len();
                *numbers.entry((*line).to_owned()).or_insert(next)
            })
            .collect()
    };
    let (old, new) = (numbered(old), numbered(new));
    let alike = |(left, right): &(&usize, &usize)| left == right;
    let head = old.iter().zip(&new).take_while(alike).count();
    let shorter = old.len().min(new.len()) - head;
    let backwards = old.iter().rev().zip(new.iter().rev());
    let tail = backwards.take(shorter).take_while(alike).count();
    let middle = |lines: &[usize]| lines.get(head..lines.len() - tail).map(<[usize]>::to_vec);
    let (old, new) = (middle(&old)?, middle(&new)?);
    let edits = Search::new(&old, &new).edits(most)?;
    Some(joined(&edits, head))
}

/// One line taken away or put in, before anything after it.
#[derive(Clone, Copy, Debug)]
struct Edit {
    old: usize,
    new: usize,
    puts_in: bool,
}

/// Edits that follow each other without a line between them, as one.
fn joined(edits: &[Edit], skipped: usize) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for edit in edits {
        let (old, new) = (edit.old + skipped, edit.new + skipped);
        let goes_on = hunks
            .last()
            .is_some_and(|hunk| hunk.old.end == old && hunk.new.end == new);
        if !goes_on {
            hunks.push(Hunk {
                old: old..old,
                new: new..new,
            });
        }
        if let Some(hunk) = hunks.last_mut() {
            if edit.puts_in {
                hunk.new.end += 1;
            } else {
                hunk.old.end += 1;
            }
        }
    }
    hunks
}

/// How far each diagonal was reached: diagonal k is where the old place is k more than the new one.
#[derive(Clone, Debug)]
struct Reach {
    /// Diagonal -width first.
    places: Vec<Option<usize>>,
    width: usize,
}

impl Reach {
    fn new(width: usize) -> Self {
        Self {
            places: vec![None; 2 * width + 1],
            width,
        }
    }

    fn slot(&self, diagonal: isize) -> Option<usize> {
        self.width.checked_add_signed(diagonal)
    }

    fn get(&self, diagonal: isize) -> Option<usize> {
        self.places.get(self.slot(diagonal)?).copied().flatten()
    }

    fn set(&mut self, diagonal: isize, place: usize) {
        let slot = self.slot(diagonal);
        if let Some(kept) = slot.and_then(|slot| self.places.get_mut(slot)) {
            *kept = Some(place);
        }
    }
}

struct Search<'l> {
    old: &'l [usize],
    new: &'l [usize],
}

impl<'l> Search<'l> {
    const fn new(old: &'l [usize], new: &'l [usize]) -> Self {
        Self { old, new }
    }

    fn edits(&self, most: usize) -> Option<Vec<Edit>> {
        // What so many edits reached, for each number of them: the way back is found in it.
        let mut reached: Vec<Reach> = Vec::new();
        for count in 0..=most {
            let mut reach = Reach::new(count);
            let width = isize::try_from(count).ok()?;
            for diagonal in (-width..=width).step_by(2) {
                let Some((_, start)) = self.step(reached.last(), diagonal) else {
                    continue;
                };
                let end = self.slide(start, diagonal)?;
                reach.set(diagonal, end);
                let new = end.checked_add_signed(-diagonal)?;
                if end == self.old.len() && new == self.new.len() {
                    return self.way_back(&reached, diagonal);
                }
            }
            reached.push(reach);
        }
        None
    }

    /// The last edit before a diagonal, if it puts a line in, and where it leads to: the further one of the two ways, within
    /// both texts.
    fn step(&self, before: Option<&Reach>, diagonal: isize) -> Option<(bool, usize)> {
        let Some(before) = before else {
            return Some((false, 0));
        };
        let put_in = before.get(diagonal + 1).filter(|old| {
            let new = old.checked_add_signed(-diagonal);
            new.is_some_and(|new| new <= self.new.len())
        });
        let taken = before
            .get(diagonal - 1)
            .map(|old| old + 1)
            .filter(|old| *old <= self.old.len());
        match (put_in, taken) {
            (Some(put_in), Some(taken)) if put_in >= taken => Some((true, put_in)),
            (Some(put_in), None) => Some((true, put_in)),
            (_, taken) => Some((false, taken?)),
        }
    }

    /// Past the lines that are alike.
    fn slide(&self, start: usize, diagonal: isize) -> Option<usize> {
        let new = start.checked_add_signed(-diagonal)?;
        let (old, new) = (self.old.get(start..)?, self.new.get(new..)?);
        let alike = old.iter().zip(new).take_while(|(old, new)| old == new);
        Some(start + alike.count())
    }

    fn way_back(&self, reached: &[Reach], mut diagonal: isize) -> Option<Vec<Edit>> {
        let mut edits = Vec::with_capacity(reached.len());
        for before in reached.iter().rev() {
            let (puts_in, after) = self.step(Some(before), diagonal)?;
            let new_after = after.checked_add_signed(-diagonal)?;
            edits.push(if puts_in {
                diagonal += 1;
                Edit {
                    old: after,
                    new: new_after.checked_sub(1)?,
                    puts_in,
                }
            } else {
                diagonal -= 1;
                Edit {
                    old: after.checked_sub(1)?,
                    new: new_after,
                    puts_in,
                }
            });
        }
        edits.reverse();
        Some(edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(old: &str, new: &str, most: usize) -> Option<Vec<Hunk>> {
        let lines = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        let (old, new) = (lines(old), lines(new));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        hunks(&old, &new, most)
    }

    fn lines(hunks: &[Hunk]) -> usize {
        hunks
            .iter()
            .map(|hunk| hunk.old.len() + hunk.new.len())
            .sum()
    }

    #[test]
    fn the_fewest_edits_are_found() {
        for (old, new, fewest) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "abd", 2),
            ("", "ab", 2),
            ("ab", "", 2),
            ("abcabba", "cbabac", 5),
            ("abcdefgh", "bcdXefh", 3),
            ("aaaa", "aa", 2),
        ] {
            let hunks = between(old, new, 10).expect("within bounds");
            assert_eq!(lines(&hunks), fewest, "{old} {new} {hunks:?}");
        }
    }

    #[test]
    fn what_takes_more_edits_is_given_up() {
        assert!(between("abcabba", "cbabac", 5).is_some());
        assert!(between("abcabba", "cbabac", 4).is_none());
    }

    #[test]
    fn neighbours_are_one_hunk() {
        let hunks = between("abcdef", "aXYdef", 10).expect("within bounds");
        assert_eq!(
            hunks,
            [Hunk {
                old: 1..3,
                new: 1..3
            }]
        );
    }
}
