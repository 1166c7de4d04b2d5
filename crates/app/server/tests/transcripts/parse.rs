//! Transcripts as written: cases, exchanges, and where each stands in its file.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::grpc::METHODS as METHODS_OF_GRPC;

/// A file.
pub(crate) struct Document {
    pub(crate) cases: Vec<Case>,
}

/// What stands under one heading.
pub(crate) struct Case {
    pub(crate) title: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) steps: Vec<Step>,
    /// Whether it must not share its server.
    pub(crate) fresh: bool,
    /// What its server is set to, in TOML.
    pub(crate) settings: String,
}

pub(crate) enum Step {
    Exchange(Exchange),
    /// Moves the clock.
    Clock(Duration),
    /// Waits for everything that is held.
    Answered,
    /// A step of a call of the Pub/Sub API, and its line.
    Grpc(usize, Grpc),
}

/// What happens in a block `grpc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grpc {
    /// A call begins: its method, and the name that later steps know it by.
    Call {
        method: String,
        name: String,
        headers: Vec<(String, String)>,
    },
    /// The steps after this are about the call of this name.
    On(String),
    /// A message is sent.
    Send(String),
    /// A message is expected.
    Receive(String),
    /// The client has no further messages.
    Finish,
    /// The call ends with this status.
    Ends(String),
}

/// One request and what is expected of its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) status: u16,
    pub(crate) held: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) expected_headers: Vec<(String, String)>,
    pub(crate) expected_body: Option<String>,
    /// Lines of the expected body, from 1, the second exclusive.
    pub(crate) body_lines: (usize, usize),
}

/// What an exchange should have said.
pub(crate) struct Correction {
    /// The line of the exchange.
    pub(crate) line: usize,
    pub(crate) status: u16,
    pub(crate) body: Option<String>,
}

const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut cases: Vec<Case> = Vec::new();
        let mut sourced = true;
        let mut block: Option<Vec<(usize, &str)>> = None;
        let mut is_grpc = false;
        let mut other_block = false;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some(lines) = &mut block {
                if line.trim_end() == "```" {
                    let lines = block.take().unwrap_or_default();
                    let case = cases
                        .last_mut()
                        .ok_or_else(|| format!("{number}: a block before any case"))?;
                    if is_grpc {
                        grpc_steps(&lines, case)?;
                    } else {
                        steps(&lines, case)?;
                    }
                } else {
                    lines.push((number, line));
                }
            } else if other_block {
                other_block = line.trim_end() != "```";
            } else if matches!(line.trim_end(), "```http" | "```grpc") {
                is_grpc = line.trim_end() == "```grpc";
                block = Some(Vec::new());
            } else if line.starts_with("```") {
                other_block = true;
            } else if let Some(title) = line.strip_prefix("## ") {
                if !sourced {
                    return Err(format!(
                        "{number}: the case before this has no line `Source:`"
                    ));
                }
                sourced = false;
                cases.push(Case {
                    title: title.trim().to_owned(),
                    line: number,
                    steps: Vec::new(),
                    fresh: false,
                    settings: String::new(),
                });
            } else if line.starts_with("Source:") {
                sourced = true;
            }
        }
        if block.is_some() || other_block {
            return Err("the last block does not end".to_owned());
        }
        if !sourced {
            return Err("the last case has no line `Source:`".to_owned());
        }
        Ok(Self { cases })
    }

    /// The text with the corrections in it.
    pub(crate) fn updated(&self, text: &str, corrections: &[Correction]) -> String {
        let exchanges: BTreeMap<usize, &Exchange> = self
            .cases
            .iter()
            .flat_map(|case| &case.steps)
            .filter_map(|step| match step {
                Step::Exchange(exchange) => Some((exchange.line, exchange)),
                Step::Clock(_) | Step::Answered | Step::Grpc(..) => None,
            })
            .collect();
        let mut replaced: BTreeMap<usize, (usize, Vec<String>)> = BTreeMap::new();
        for correction in corrections {
            let Some(exchange) = exchanges.get(&correction.line) else {
                continue;
            };
            let held = if exchange.held { " held" } else { "" };
            let line = format!(
                "{} {} {}{held}",
                exchange.method, exchange.target, correction.status
            );
            replaced.insert(exchange.line, (exchange.line + 1, vec![line]));
            if let Some(body) = &correction.body {
                let (first, end) = exchange.body_lines;
                let body = body.lines().map(|line| format!("< {line}")).collect();
                replaced.insert(first, (end, body));
            }
        }
        let mut out = String::new();
        let mut skipped_until = 0;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some((end, lines)) = replaced.get(&number) {
                for line in lines {
                    out.push_str(line);
                    out.push('\n');
                }
                skipped_until = *end;
            }
            if number >= skipped_until {
                out.push_str(line);
                out.push('\n');
            }
        }
        out
    }
}

fn steps(lines: &[(usize, &str)], case: &mut Case) -> Result<(), String> {
    let mut open: Option<Exchange> = None;
    for &(number, line) in lines {
        let line = line.trim_end();
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with('#') {
            continue;
        }
        if let Some(exchange) = begin(number, plain) {
            case.steps
                .extend(open.replace(exchange).map(Step::Exchange));
        } else if let Some(span) = plain.strip_prefix("clock +") {
            case.steps.extend(open.take().map(Step::Exchange));
            let span =
                duration(span).ok_or_else(|| format!("{number}: `{span}` is no duration"))?;
            case.steps.push(Step::Clock(span));
            case.fresh = true;
        } else if plain == "answered" {
            case.steps.extend(open.take().map(Step::Exchange));
            case.steps.push(Step::Answered);
        } else if let Some(setting) = plain.strip_prefix("server ") {
            case.fresh = true;
            if setting != "fresh" {
                case.settings.push_str(setting);
                case.settings.push('\n');
            }
        } else {
            let exchange = open
                .as_mut()
                .ok_or_else(|| format!("{number}: `{plain}` belongs to no request"))?;
            continue_exchange(exchange, number, line)?;
        }
    }
    case.steps.extend(open.map(Step::Exchange));
    case.steps.push(Step::Answered);
    Ok(())
}

fn grpc_steps(lines: &[(usize, &str)], case: &mut Case) -> Result<(), String> {
    // A message goes on over further lines until its braces are closed.
    let mut open: Option<(usize, char, String)> = None;
    for &(number, line) in lines {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let message = ['>', '<']
            .into_iter()
            .find_map(|sign| Some((sign, line.strip_prefix(sign)?.trim())));
        if let Some((sign, text)) = message {
            let (start, before) = match open.take() {
                Some((start, known, before)) if known == sign => (start, before + "\n"),
                Some((start, ..)) => return Err(format!("{start}: the message does not end")),
                None => (number, String::new()),
            };
            let text = before + text;
            if text.matches('{').count() > text.matches('}').count() {
                open = Some((start, sign, text));
            } else {
                let step = match sign {
                    '>' => Grpc::Send(text),
                    _ => Grpc::Receive(text),
                };
                case.steps.push(Step::Grpc(start, step));
            }
            continue;
        }
        if let Some((start, ..)) = open {
            return Err(format!("{start}: the message does not end"));
        }
        grpc_step(number, line, case)?;
    }
    open.map_or(Ok(()), |(start, ..)| {
        Err(format!("{start}: the message does not end"))
    })
}

fn grpc_step(number: usize, line: &str, case: &mut Case) -> Result<(), String> {
    if let Some(span) = line.strip_prefix("clock +") {
        let span = duration(span).ok_or_else(|| format!("{number}: `{span}` is no duration"))?;
        case.steps.push(Step::Clock(span));
        case.fresh = true;
        return Ok(());
    }
    if let (Some((name, value)), Some(Step::Grpc(_, Grpc::Call { headers, .. }))) =
        (header(line), case.steps.last_mut())
    {
        headers.push((name, value));
        return Ok(());
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let step = match word {
        "finish" if rest.is_empty() => Grpc::Finish,
        "ends" => Grpc::Ends(rest.to_owned()),
        "on" => Grpc::On(rest.to_owned()),
        "server" => {
            case.fresh = true;
            if rest != "fresh" {
                case.settings.push_str(rest);
                case.settings.push('\n');
            }
            return Ok(());
        }
        method if METHODS_OF_GRPC.contains(&method) => Grpc::Call {
            method: method.to_owned(),
            name: rest.to_owned(),
            headers: Vec::new(),
        },
        _ => return Err(format!("{number}: `{line}` is no step of a call")),
    };
    case.steps.push(Step::Grpc(number, step));
    Ok(())
}

fn begin(line: usize, text: &str) -> Option<Exchange> {
    let mut words = text.split(' ');
    let method = words.next().filter(|word| METHODS.contains(word))?;
    let words: Vec<&str> = words.collect();
    let (words, held) = match words.split_last() {
        Some((&"held", words)) => (words, true),
        _ => (words.as_slice(), false),
    };
    let (status, target) = words.split_last()?;
    Some(Exchange {
        line,
        method: method.to_owned(),
        target: target.join(" "),
        status: status.parse().ok()?,
        held,
        ..Exchange::default()
    })
}

fn continue_exchange(exchange: &mut Exchange, number: usize, line: &str) -> Result<(), String> {
    let after = |sign: char| {
        let rest = line.strip_prefix(sign)?;
        Some(rest.strip_prefix(' ').unwrap_or(rest))
    };
    if let Some(text) = after('>') {
        append(&mut exchange.body, text);
    } else if let Some(text) = after('<') {
        let header = header(text).filter(|_| exchange.expected_body.is_none());
        if let Some(header) = header {
            exchange.expected_headers.push(header);
        } else {
            if exchange.expected_body.is_none() {
                exchange.body_lines.0 = number;
            }
            exchange.body_lines.1 = number + 1;
            append(&mut exchange.expected_body, text);
        }
    } else if let Some(header) = header(line) {
        exchange.headers.push(header);
    } else {
        return Err(format!("{number}: `{line}` is neither header nor body"));
    }
    Ok(())
}

fn append(body: &mut Option<String>, line: &str) {
    match body {
        Some(body) => {
            body.push('\n');
            body.push_str(line);
        }
        None => *body = Some(line.to_owned()),
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && (value.is_empty() || value.starts_with(' '));
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_mins(number),
        "h" => Duration::from_hours(number),
        "d" => Duration::from_hours(24 * number),
        _ => return None,
    })
}
