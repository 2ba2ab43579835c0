//! Recorded media that nobody recorded: the head of a real container, then noise, both looked up by position.
//!
//! Any range is made without the bytes before it. No player shows a picture from it; every tool that looks at the first
//! bytes recognises the container.

use std::ops::Range;

use bytes::Bytes;

use super::MediaKind;

/// Length of an MPEG transport stream packet.
const TS_PACKET: u64 = 188;

/// The bytes of a range that lies within `length`.
pub(super) fn read(kind: MediaKind, seed: u64, length: u64, range: Range<u64>) -> Bytes {
    let mut bytes = Vec::with_capacity((range.end - range.start) as usize + 8);
    for word in range.start / 8..range.end.div_ceil(8) {
        bytes.extend_from_slice(&mix(seed.wrapping_add(word.wrapping_mul(GOLDEN))).to_le_bytes());
    }
    bytes.drain(..(range.start % 8) as usize);
    bytes.truncate((range.end - range.start) as usize);
    let mut put = |at: u64, piece: &[u8]| overlay(&mut bytes, range.start, at, piece);
    match kind {
        MediaKind::Mp4 => {
            put(0, b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41");
            // The size of `mdat` counts its own sixteen bytes of header; 1 says that 64 bits of it follow.
            put(32, b"\0\0\0\x01mdat");
            put(40, &length.saturating_sub(32).to_be_bytes());
        }
        MediaKind::Ogg => {
            put(0, b"OggS\0\x02\0\0\0\0\0\0\0\0LVKT\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0");
        }
        MediaKind::Webm => {
            put(
                0,
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\
              \x42\x82\x84webm\x42\x87\x81\x04\x42\x85\x81\x02\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff",
            );
        }
        MediaKind::Ts => {
            for packet in range.start / TS_PACKET..range.end.div_ceil(TS_PACKET) {
                // Null packets, with a continuity counter.
                put(packet * TS_PACKET, &[0x47, 0x1f, 0xff, 0x10 | (packet & 15) as u8]);
            }
        }
        MediaKind::Jpeg => {
            put(0, b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
            put(length.saturating_sub(2), b"\xff\xd9");
        }
        MediaKind::Noise => {}
    }
    Bytes::from(bytes)
}

/// What stands in for the MD5 of the whole.
pub(super) fn digest(kind: MediaKind, seed: u64, length: u64) -> [u8; 16] {
    let first = mix(seed ^ mix(length.wrapping_add((kind as u64).wrapping_mul(GOLDEN))));
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&first.to_le_bytes());
    digest[8..].copy_from_slice(&mix(first ^ seed).to_le_bytes());
    digest
}

/// Writes the part of `piece` that falls into `bytes`, which begin at position `start` of the body.
fn overlay(bytes: &mut [u8], start: u64, at: u64, piece: &[u8]) {
    let from = at.max(start);
    let to = (at + piece.len() as u64).min(start + bytes.len() as u64);
    if from < to {
        bytes[(from - start) as usize..(to - start) as usize]
            .copy_from_slice(&piece[(from - at) as usize..(to - at) as usize]);
    }
}

/// The step of `SplitMix64`.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s output function: spreads 64 bits over 64 bits.
pub(super) const fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(GOLDEN);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [MediaKind; 5] = [MediaKind::Mp4, MediaKind::Ogg, MediaKind::Webm, MediaKind::Ts, MediaKind::Jpeg];

    #[test]
    fn a_range_is_a_slice_of_the_whole() {
        for kind in KINDS {
            for length in [0, 1, 7, 40, 2000] {
                let whole = read(kind, 7, length, 0..length);
                assert_eq!(whole.len() as u64, length);
                for (start, end) in [(0, 1), (1, 9), (3, 45), (187, 190), (500, 2000), (1998, 2000)] {
                    let (start, end) = (start.min(length), end.min(length));
                    let part = read(kind, 7, length, start..end);
                    assert_eq!(part, whole.slice(start as usize..end as usize), "{kind:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn the_container_is_recognised_and_the_rest_differs_by_seed() {
        let head = |kind| read(kind, 1, 10_000, 0..12);
        assert_eq!(&head(MediaKind::Mp4)[4..12], b"ftypisom");
        assert!(head(MediaKind::Ogg).starts_with(b"OggS"));
        assert!(head(MediaKind::Webm).starts_with(b"\x1a\x45\xdf\xa3"));
        assert!(head(MediaKind::Jpeg).starts_with(b"\xff\xd8\xff"));
        let segment = read(MediaKind::Ts, 1, 1880, 0..1880);
        assert!(segment.chunks(188).all(|packet| packet[0] == 0x47));
        for kind in KINDS {
            assert_ne!(read(kind, 1, 10_000, 5000..5100), read(kind, 2, 10_000, 5000..5100));
            assert_ne!(digest(kind, 1, 10_000), digest(kind, 2, 10_000));
            assert_ne!(digest(kind, 1, 10_000), digest(kind, 1, 10_001));
        }
    }

    #[test]
    fn the_end_of_half_a_gigabyte_costs_nothing() {
        let end = read(MediaKind::Mp4, 3, 500_000_000, 499_999_990..500_000_000);
        assert_eq!(end.len(), 10);
    }
}
