//! Places in a list, opaque to who carries them: clients that look inside would keep us from ever changing them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Some entries, and where the next ones begin.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The entries.
    pub(crate) data: Vec<T>,
    /// Ask with this for the next ones; absent: these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that has no other pages.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        Self { data, cursor: None }
    }

    /// The first `limit` of a list that was asked for one more; `place` tells where an entry stands.
    pub(crate) fn of<S>(
        mut found: Vec<S>,
        limit: u32,
        place: impl Fn(&S) -> String,
        view: impl Fn(S) -> T,
    ) -> Self {
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let cursor = found.last().filter(|_| more).map(|last| write(&place(last)));
        Self { data: found.into_iter().map(view).collect(), cursor }
    }
}

/// A cursor for a place.
pub(crate) fn write(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place in a cursor, if there is one, read by `parse`.
pub(crate) fn read<T>(cursor: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let place = std::str::from_utf8(&bytes).ok().and_then(parse);
    place
        .map(Some)
        .ok_or_else(|| Problem::validation("cursor: take it from the page before, of the same list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<i64> {
        text.parse().ok()
    }

    #[test]
    fn a_cursor_is_read_back_and_anything_else_refused() {
        assert_eq!(read(Some(&write("42")), number).expect("our own"), Some(42));
        assert_eq!(read(None, number).expect("none"), None);
        for bad in ["", "42", "!", "MTI=", &write("ibx_1"), &URL_SAFE_NO_PAD.encode([0xff, 0xfe])] {
            assert!(read(Some(bad), number).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_names_its_last_entry_only_when_there_are_more() {
        let page = |count: i64| Page::of((0..count).collect(), 2, i64::to_string, |n| n);
        assert_eq!((page(2).data, page(2).cursor), (vec![0, 1], None));
        assert_eq!((page(3).data, page(3).cursor), (vec![0, 1], Some(write("1"))));
        assert_eq!(page(0).cursor, None);
    }
}
