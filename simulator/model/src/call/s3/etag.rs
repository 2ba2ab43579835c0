//! Entity tags, as numbers: text is made of them when somebody asks.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer};

/// An entity tag: the MD5 of a body, or of the MD5s of its parts, and then with their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityTag {
    digest: [u8; 16],
    /// 0: it came in one piece.
    parts: u32,
}

/// Bytes of the longest: two quotes, 32 digits, a hyphen, and a number of parts.
const LONGEST: usize = 48;

/// An entity tag spelt out, with quotes.
struct Spelt {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Spelt {
    fn text(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).expect("digits, quotes and a hyphen")
    }

    fn bare(&self) -> &str {
        self.text().trim_matches('"')
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}

impl EntityTag {
    /// Of a body in one piece: its MD5.
    pub const fn of(md5: [u8; 16]) -> EntityTag {
        EntityTag { digest: md5, parts: 0 }
    }

    /// Of an upload in parts: the MD5 of their MD5s.
    pub const fn of_parts(digest: [u8; 16], parts: u32) -> EntityTag {
        EntityTag { digest, parts }
    }

    /// The MD5 that it is.
    pub const fn digest(self) -> [u8; 16] {
        self.digest
    }

    /// In how many parts the body came; none: in one piece.
    pub const fn parts(self) -> Option<u32> {
        if self.parts == 0 { None } else { Some(self.parts) }
    }

    /// Without quotes.
    pub fn bare(self) -> String {
        self.spelt().bare().to_owned()
    }

    /// Whether this is how it is spelt, with quotes or without.
    pub fn is(self, text: &str) -> bool {
        self.spelt().bare() == text.trim_matches('"')
    }

    fn spelt(self) -> Spelt {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut spelt = Spelt { bytes: [0; LONGEST], length: 0 };
        spelt.push(b'"');
        for byte in self.digest {
            spelt.push(HEX[usize::from(byte >> 4)]);
            spelt.push(HEX[usize::from(byte & 15)]);
        }
        if self.parts > 0 {
            spelt.push(b'-');
            let mut scale = 10_u32.pow(self.parts.ilog10());
            while scale > 0 {
                spelt.push(HEX[(self.parts / scale % 10) as usize]);
                scale /= 10;
            }
        }
        spelt.push(b'"');
        spelt
    }
}

/// With quotes, as S3 sends it.
impl Display for EntityTag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.spelt().text())
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// As its text.
impl Serialize for EntityTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.spelt().text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spelt_as_s3_does() {
        let digest = *b"\x00\x01\x0f\xf0\xff\x10\xab\xcd\xef\0\0\0\0\0\0\x09";
        let plain = EntityTag::of(digest);
        assert_eq!(plain.to_string(), "\"00010ff0ff10abcdef00000000000009\"");
        assert_eq!(plain.bare(), "00010ff0ff10abcdef00000000000009");
        assert_eq!(postcard::to_stdvec(&plain), postcard::to_stdvec("\"00010ff0ff10abcdef00000000000009\""));
        for (parts, end) in
            [(1, "-1\""), (10, "-10\""), (907, "-907\""), (10_000, "-10000\""), (u32::MAX, "-4294967295\"")]
        {
            let tag = EntityTag::of_parts(digest, parts);
            assert!(tag.to_string().ends_with(end), "{tag}");
            assert!(tag.is(&tag.to_string()) && tag.is(&tag.bare()) && !tag.is(&plain.bare()));
            assert_eq!(tag.parts(), Some(parts));
        }
    }
}
