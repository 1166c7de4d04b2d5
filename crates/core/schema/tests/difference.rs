//! Differences of large texts: when events have them, in which form, and that applying them gives the text.

use landfall_schema::difference::{difference, rebuilt};
use proptest::prelude::*;

/// The text of the documented example before its update, one line each.
/// Source: "Data Differences in Event Fields" (Change Data Capture Developer Guide).
const DOCUMENTED: &str = include_str!("difference.txt");

const HASH: &str = "682b8747ccdb93b546e7bbe479b27d26ec7c38ccabb76cdd8308c6595492bffc";

fn text(lines: &[String], ending: &str) -> String {
    lines.join(ending)
}

/// Twenty lines of a hundred characters each.
fn twenty() -> Vec<String> {
    (0..20).map(|number| format!("{number:0100}")).collect()
}

#[test]
fn the_documented_update_has_its_documented_difference() {
    let old: Vec<String> = DOCUMENTED.lines().map(str::to_owned).collect();
    let mut new = old.clone();
    new[1] = new[1].replace("Business applications", "Business apps");
    new[6] += " And keep in mind that if you have to buy and manage hardware and software, what you’re looking at \
               isn’t really cloud computing but a false cloud.";
    let expected = format!(
        "--- \n+++ {HASH}\n@@ -2,1 +2,1 @@\n-{}\n+{}\n@@ -7,1 +7,1 @@\n-{}\n+{}",
        old[1], new[1], old[6], new[6]
    );
    let (old, new) = (text(&old, "\r\n"), text(&new, "\r\n"));
    assert_eq!(difference(&old, &new), Some(expected.clone()));
    assert_eq!(rebuilt(&old, &expected), Some(new));
}

#[test]
fn lines_put_in_and_taken_away_name_the_line_before_which_they_stand() {
    let old = twenty();
    let mut new = old.clone();
    new.remove(4);
    new.insert(10, "put in".to_owned());
    new.push("at the end".to_owned());
    let told = difference(&text(&old, "\n"), &text(&new, "\n")).expect("a difference");
    let headings: Vec<&str> = told.lines().filter(|line| line.starts_with("@@")).collect();
    assert_eq!(
        headings,
        ["@@ -5,1 +5,0 @@", "@@ -12,0 +11,1 @@", "@@ -21,0 +21,1 @@"]
    );
}

#[test]
fn a_short_text_is_sent_whole() {
    let line = |length: usize| {
        let lines: Vec<String> = (0..10)
            .map(|line| format!("{line}{}", "x".repeat(length)))
            .collect();
        lines
    };
    for (length, told) in [(98, false), (99, true)] {
        let old = line(length);
        let mut new = old.clone();
        new[3].replace_range(0..1, "y");
        // Nine line ends and ten lines.
        new[9].truncate(if told { 91 } else { 99 });
        let new = text(&new, "\n");
        assert_eq!(new.chars().count() >= 1_000, told);
        assert_eq!(difference(&text(&old, "\n"), &new).is_some(), told);
    }
}

#[test]
fn a_text_that_grew_or_shrank_by_more_than_half_is_sent_whole() {
    let old = twenty();
    let mut new = old.clone();
    new[3] = "y".repeat(1_100);
    assert!(difference(&text(&old, "\n"), &text(&new, "\n")).is_some());
    new[3] = "y".repeat(1_120);
    assert_eq!(difference(&text(&old, "\n"), &text(&new, "\n")), None);
    let half = text(&old[..10], "\n");
    assert_eq!(difference(&text(&old, "\n"), &half), None);
}

#[test]
fn with_more_than_a_quarter_of_the_lines_changed_the_text_is_sent_whole() {
    // Ten of forty lines may change, and a line that another took the place of is one.
    for (changed, told) in [(9, true), (10, false), (11, false)] {
        let old = twenty();
        let mut new = old.clone();
        for line in new.iter_mut().take(changed) {
            line.replace_range(0..1, "y");
        }
        let told_so = difference(&text(&old, "\n"), &text(&new, "\n"));
        assert_eq!(
            told_so.is_some(),
            told,
            "{changed}: both sides are sent, and must be the shorter"
        );
    }
    let old: Vec<String> = twenty().iter().map(|line| line[90..].repeat(2)).collect();
    let old = [old.clone(), old.iter().map(|line| line.repeat(5)).collect()].concat();
    for (changed, told) in [(20, true), (21, false)] {
        let mut new = old.clone();
        for line in new.iter_mut().take(changed) {
            line.replace_range(0..1, "y");
        }
        let told_so = difference(&text(&old, "\n"), &text(&new, "\n"));
        assert_eq!(told_so.is_some(), told, "{changed} of 80 lines");
    }
}

#[test]
fn a_diff_that_a_reader_could_not_apply_is_sent_whole() {
    let old = text(&twenty(), "\n");
    let new = old.replacen('1', "7", 1);
    assert!(difference(&old, &new).is_some());
    assert_eq!(difference(&old, &new.replacen('\n', "\r\n", 1)), None);
    assert_eq!(difference(&old, &new.replace('\n', "\r")), None);
    assert_eq!(difference(&old, &format!("{new}\n")), None);
    let (old, new) = (old.replace('\n', "\r"), new.replace('\n', "\r"));
    assert!(difference(&old, &new).is_some());
}

#[test]
fn a_difference_of_another_text_leads_nowhere() {
    let old = text(&twenty(), "\n");
    let new = old.replacen('1', "7", 1);
    let told = difference(&old, &new).expect("a difference");
    assert_eq!(rebuilt(&old, &told).as_deref(), Some(new.as_str()));
    assert_eq!(rebuilt(&new, &told), None);
    assert_eq!(rebuilt(&old.replacen("019", "020", 1), &told), None);
    for damaged in [
        "",
        "---",
        "--- \n+++",
        "--- \n+++ 00",
        "--- \n+++ 00\n@@ -99999999999999999999,1 +1,1 @@",
        "--- \n+++ 00\n@@ -9,1 +9,1 @@\n@@ -1,1 +1,1 @@",
        "--- \n+++ 00\n context",
    ] {
        assert_eq!(rebuilt(&old, damaged), None, "{damaged}");
    }
}

#[test]
fn the_longest_texts_are_compared_in_bounded_time() {
    // Every line one character: the worst there is.
    let line = |number: u32, by: u32| char::from_digit(number / by % 36, 36).unwrap_or('-');
    let lines = |by: u32| -> String {
        let letters = (0..65_000_u32).map(|number| line(number * 7_919, by));
        letters.flat_map(|letter| [letter, '\n']).collect()
    };
    let (old, new) = (lines(3), lines(5));
    assert_eq!(difference(old.trim(), new.trim()), None);
}

proptest! {
    #[test]
    fn a_difference_leads_from_the_old_text_to_the_new_one(
        lines in prop::collection::vec("[ab]{0,60}", 20..60),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[abc+@ -]{0,40}"), 0..8),
        ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let mut new = lines.clone();
        for (place, kind, line) in changes {
            let place = place.index(new.len().max(1));
            match kind {
                0 => new.insert(place, line),
                1 => new[place] = line,
                _ => drop(new.remove(place)),
            }
        }
        let (old, new) = (text(&lines, ending), text(&new, ending));
        if let Some(told) = difference(&old, &new) {
            prop_assert!(told.chars().count() <= new.chars().count());
            prop_assert_eq!(rebuilt(&old, &told), Some(new));
        }
    }

    #[test]
    fn no_text_is_too_strange(old in any::<String>(), new in any::<String>()) {
        let _ = difference(&old, &new);
        let _ = rebuilt(&old, &new);
        let _ = rebuilt(&old, &format!("--- \n+++ 00\n{new}"));
    }
}
