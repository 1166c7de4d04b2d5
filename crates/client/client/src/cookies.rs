//! The cookies of one target: what it sets is sent back.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header};

/// Cookies kept; more are ignored.
const COOKIES_MAX: usize = 50;

/// Bytes of all cookies together; what does not fit is ignored.
const BYTES_MAX: usize = 8 * 1024;

/// Names and values, without paths and lifetimes: one target, one session.
#[derive(Debug, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes what an answer sets or removes.
    pub(crate) fn take(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let Ok(cookie) = cookie.to_str() else {
                continue;
            };
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            let removed = attributes
                .split(';')
                .any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
            if removed {
                self.0.remove(name);
            } else if self.fits(name, value) {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn fits(&self, name: &str, value: &str) -> bool {
        let bytes: usize = self
            .0
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.0.len() < COOKIES_MAX && bytes + name.len() + value.len() <= BYTES_MAX
    }

    /// The `Cookie` header.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        HeaderValue::from_str(&pairs.join("; ")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_sent_back_until_it_is_removed() {
        let mut cookies = Cookies::default();
        let mut take = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(header::SET_COOKIE, HeaderValue::from_static(text));
            cookies.take(&headers);
            cookies
                .header()
                .map(|header| header.to_str().expect("text").to_owned())
        };
        assert_eq!(take("b=2; Path=/; HttpOnly").as_deref(), Some("b=2"));
        assert_eq!(take("a=1").as_deref(), Some("a=1; b=2"));
        assert_eq!(take("b=; Max-Age=0").as_deref(), Some("a=1"));
        assert_eq!(take("a=; max-age=0"), None);
    }
}
