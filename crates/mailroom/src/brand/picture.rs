//! A logo: PNG or WebP and nothing around it. Looked at far enough to say how large it is and that nothing else is hidden in
//! it; what a browser then makes of its pixels is the browser's own affair.
//!
//! No SVG: that is a document with scripts, links and styles, of which a picture needs none.

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 64 * 1024;
/// The longest side, in pixels.
const MOST_PIXELS: u32 = 2_048;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a picture is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// Portable Network Graphics.
    Png,
    /// WebP.
    WebP,
}

/// A picture that was looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    kind: PictureKind,
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

/// Why a picture will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPicture {
    /// Too many bytes.
    #[error("must have at most 65536 bytes")]
    TooLarge,
    /// No picture, or none of a kind that is taken.
    #[error("must be a PNG or WebP picture; SVG and others are not taken")]
    Kind,
    /// It begins as one and does not go on as one.
    #[error("is a damaged picture, or holds something else besides")]
    Damaged,
    /// It moves.
    #[error("must not move")]
    Moves,
    /// Too many pixels, or none.
    #[error("must have 1 to 2048 pixels on each side")]
    Size,
}

impl PictureKind {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    /// How its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }
}

impl Picture {
    /// Looks at a file.
    ///
    /// # Errors
    /// When it is too large, of another kind, damaged, moving, or more than a picture.
    pub fn read(bytes: Vec<u8>) -> Result<Self, BadPicture> {
        if bytes.len() > MOST_BYTES {
            return Err(BadPicture::TooLarge);
        }
        let (kind, (width, height)) = if let Some(chunks) = bytes.strip_prefix(PNG) {
            (PictureKind::Png, png(chunks)?)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            (PictureKind::WebP, webp(&bytes)?)
        } else {
            return Err(BadPicture::Kind);
        };
        let fits = 1..=MOST_PIXELS;
        if !fits.contains(&width) || !fits.contains(&height) {
            return Err(BadPicture::Size);
        }
        Ok(Self { kind, width, height, bytes })
    }

    /// What it is written in.
    pub fn kind(&self) -> PictureKind {
        self.kind
    }

    /// Its width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, width, height, bytes } = self;
        write!(f, "{kind:?}({width}x{height}, {} bytes)", bytes.len())
    }
}

/// Walks the chunks of a PNG (PNG third edition, 5.3): the header first, the end last, nothing behind it.
fn png(mut rest: &[u8]) -> Result<(u32, u32), BadPicture> {
    let mut size = None;
    let mut has_data = false;
    loop {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(BadPicture::Damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| BadPicture::Damaged)?;
        let (name, after) = after.split_first_chunk::<4>().ok_or(BadPicture::Damaged)?;
        let data = after.get(..length).ok_or(BadPicture::Damaged)?;
        // Behind its data each has a check of four bytes, which is for a decoder to compare.
        rest = after.get(length.saturating_add(4)..).ok_or(BadPicture::Damaged)?;
        match (name, size) {
            (b"IHDR", None) if length == 13 => {
                let number = |at: usize| {
                    data.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes)
                };
                size = number(0).zip(number(4));
            }
            (_, None) | (b"IHDR", _) => return Err(BadPicture::Damaged),
            (b"acTL" | b"fcTL" | b"fdAT", _) => return Err(BadPicture::Moves),
            (b"IDAT", _) => has_data = true,
            (b"IEND", Some(size)) if has_data && length == 0 && rest.is_empty() => return Ok(size),
            (b"IEND", _) => return Err(BadPicture::Damaged),
            _ => {}
        }
    }
}

/// Reads the size of a WebP picture from its first chunk and walks the rest (RFC 9649 2.3 to 2.7).
fn webp(bytes: &[u8]) -> Result<(u32, u32), BadPicture> {
    let little = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
    let told = bytes.get(4..8).map(little).ok_or(BadPicture::Damaged)?;
    if usize::try_from(told).ok() != bytes.len().checked_sub(8) {
        return Err(BadPicture::Damaged);
    }
    let mut rest = bytes.get(12..).ok_or(BadPicture::Damaged)?;
    let mut size = None;
    while !rest.is_empty() {
        let (name, after) = rest.split_first_chunk::<4>().ok_or(BadPicture::Damaged)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or(BadPicture::Damaged)?;
        let length = usize::try_from(little(length)).map_err(|_| BadPicture::Damaged)?;
        let data = after.get(..length).ok_or(BadPicture::Damaged)?;
        rest = after.get(length + length % 2..).ok_or(BadPicture::Damaged)?;
        match (name, size) {
            (b"ANIM" | b"ANMF", _) => return Err(BadPicture::Moves),
            (b"VP8X", None) if length == 10 => {
                size = Some((little(&data[4..7]) + 1, little(&data[7..10]) + 1));
            }
            (b"VP8L", None) if length >= 5 && data[0] == 0x2f => {
                let bits = little(&data[1..5]);
                size = Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
            }
            // RFC 6386 9.1: a key frame, its start code, then 14 bits each.
            (b"VP8 ", None) if length >= 10 && data[0] & 1 == 0 && data[3..6] == [0x9d, 0x01, 0x2a] => {
                size = Some((little(&data[6..8]) & 0x3fff, little(&data[8..10]) & 0x3fff));
            }
            (_, None) => return Err(BadPicture::Damaged),
            _ => {}
        }
    }
    size.ok_or(BadPicture::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).expect("short").to_be_bytes();
        [&length[..], name, data, &[0; 4]].concat()
    }

    fn a_png(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        [PNG, &chunk(b"IHDR", &header), more, &chunk(b"IDAT", b"x"), &chunk(b"IEND", b"")].concat()
    }

    fn a_webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        for (name, data) in chunks {
            body.extend_from_slice(*name);
            body.extend_from_slice(&u32::try_from(data.len()).expect("short").to_le_bytes());
            body.extend_from_slice(data);
            body.resize(body.len() + data.len() % 2, 0);
        }
        [b"RIFF", &u32::try_from(body.len()).expect("short").to_le_bytes()[..], &body].concat()
    }

    fn size(bytes: Vec<u8>) -> Result<(u32, u32), BadPicture> {
        Picture::read(bytes).map(|picture| (picture.width(), picture.height()))
    }

    #[test]
    fn a_picture_says_how_large_it_is() {
        assert_eq!(size(a_png(120, 40, b"")), Ok((120, 40)));
        let lossy = [0, 0, 0, 0x9d, 0x01, 0x2a, 120, 0, 40, 0];
        assert_eq!(size(a_webp(&[(b"VP8 ", &lossy)])), Ok((120, 40)));
        let bits = (119u32 | 39 << 14).to_le_bytes();
        assert_eq!(size(a_webp(&[(b"VP8L", &[&[0x2f][..], &bits].concat())])), Ok((120, 40)));
        let extended = [0x10, 0, 0, 0, 119, 0, 0, 39, 0, 0];
        assert_eq!(size(a_webp(&[(b"VP8X", &extended), (b"VP8 ", &lossy)])), Ok((120, 40)));
    }

    #[test]
    fn what_only_calls_itself_a_picture_is_refused() {
        let page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        assert_eq!(size(page.to_vec()), Err(BadPicture::Kind));
        assert_eq!(size(b"GIF89a".to_vec()), Err(BadPicture::Kind));
        assert_eq!(size(Vec::new()), Err(BadPicture::Kind));
        assert_eq!(size([PNG, page].concat()), Err(BadPicture::Damaged));
        assert_eq!(
            size([&a_png(9, 9, b""), &page[..]].concat()),
            Err(BadPicture::Damaged),
            "a page behind its end"
        );
        assert_eq!(
            size([a_webp(&[(b"VP8L", &[0x2f, 0, 0, 0, 0])]), page.to_vec()].concat()),
            Err(BadPicture::Damaged)
        );
        assert_eq!(size(a_webp(&[(b"EXIF", page)])), Err(BadPicture::Damaged));
        assert_eq!(size(a_png(9, 9, &chunk(b"acTL", b"12345678"))), Err(BadPicture::Moves));
        assert_eq!(
            size(a_webp(&[(b"VP8X", &[2, 0, 0, 0, 1, 0, 0, 1, 0, 0]), (b"ANIM", b"123456")])),
            Err(BadPicture::Moves)
        );
        assert_eq!(size(a_png(0, 9, b"")), Err(BadPicture::Size));
        assert_eq!(size(a_png(9, 2_049, b"")), Err(BadPicture::Size));
        assert_eq!(size(a_png(9, 9, &chunk(b"tEXt", &vec![0; MOST_BYTES]))), Err(BadPicture::TooLarge));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for whole in [a_png(120, 40, b""), a_webp(&[(b"VP8X", &[0; 10]), (b"VP8 ", &[0; 10])])] {
            for at in 0..whole.len() {
                let _ = Picture::read(whole[..at].to_vec());
                for byte in [0, 1, 0x7f, 0xff] {
                    let mut changed = whole.clone();
                    changed[at] = byte;
                    let _ = Picture::read(changed);
                }
            }
        }
    }
}
