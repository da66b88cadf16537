//! The fields of a form or a query: texts by name, several of one name where a form has boxes, and files.

use std::convert::Infallible;

use axum::body::Bytes;

/// Fields of one form.
const MOST: usize = 1_000;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    texts: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let texts = url::form_urlencoded::parse(bytes).into_owned().take(MOST).collect();
        Self { texts, files: Vec::new() }
    }

    /// Reads `multipart/form-data` (RFC 7578). `None`: it is none. A file that nobody chose has a part without a byte.
    pub(crate) async fn read_parts(bytes: Bytes, boundary: String) -> Option<Self> {
        let once = futures_util::stream::iter([Ok::<_, Infallible>(bytes)]);
        let mut form = multer::Multipart::new(once, boundary);
        let mut fields = Self::default();
        while let Some(field) = form.next_field().await.ok()? {
            let name = field.name()?.to_owned();
            if fields.texts.len() + fields.files.len() >= MOST {
                return None;
            }
            match field.file_name() {
                Some(_) => fields.files.push((name, field.bytes().await.ok()?)),
                None => fields.texts.push((name, String::from_utf8(field.bytes().await.ok()?.into()).ok()?)),
            }
        }
        Some(fields)
    }

    /// The first text of that name; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// All texts of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.texts.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The first file of that name, where one was chosen.
    pub(crate) fn file(&self, name: &str) -> Option<&[u8]> {
        let (_, bytes) = self.files.iter().find(|(known, _)| known == name)?;
        Some(&bytes[..]).filter(|bytes| !bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(text: &'static str) -> Option<Fields> {
        Fields::read_parts(Bytes::from_static(text.as_bytes()), "x".into()).await
    }

    #[tokio::test]
    async fn a_form_with_a_file_is_read_and_a_broken_one_is_none() {
        let whole = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nÅda\r\n\
            --x\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\r\n--y\r\n--x\r\n\
            Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--x--\r\n";
        let fields = parts(whole).await.expect("a form");
        assert_eq!(fields.text("name"), "Åda");
        assert_eq!(fields.file("logo"), Some(&b"\r\n--y"[..]));
        assert_eq!((fields.file("none"), fields.file("name"), fields.text("logo")), (None, None, ""));
        for at in 1..whole.len() - 4 {
            if let Some(cut) = whole.get(..at) {
                assert!(parts(cut).await.is_none(), "{cut:?}");
            }
        }
    }
}
