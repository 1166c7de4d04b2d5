//! Colours: who wants them; and hints.

use crate::{Org, code, landfall, stderr};

const UNKNOWN: &[&str] = &["explain", "NO_SUCH_ERROR"];

#[test]
fn a_pipe_has_colours_only_if_somebody_wants_them() {
    for (options, variables, has_colours) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("LANDFALL_COLOR", "always")], true),
    ] {
        let mut command = landfall(&[UNKNOWN, options].concat());
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = command.output().expect("the binary runs");
        assert_eq!(code(&output), 6);
        let said = stderr(&output);
        let begin = if has_colours {
            "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "
        } else {
            "error: "
        };
        assert!(said.starts_with(begin), "{options:?} {variables:?}: {said}");
    }
}

#[test]
fn a_wrong_name_leads_to_the_nearest_one_or_to_the_list() {
    let org = Org::start(&["--ephemeral"]);
    let unknown = org.run(&["snapshot", "load", "nope"], "");
    assert_eq!(code(&unknown), 6);
    assert!(stderr(&unknown).contains("hint: landfall snapshot list"));
    let misspelt = org.run(&["fault", "arm", "gapp"], "");
    assert_eq!(code(&misspelt), 2);
    assert_eq!(
        stderr(&misspelt),
        "error: \"fault\" cannot be \"gapp\"\nhint: did you mean \"gap\"?\n"
    );
}
