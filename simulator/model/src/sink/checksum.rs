//! Checksums of uploads in parts, from the checksums of the parts.
//!
//! A composite checksum is one of the parts' checksums, one after another; that of the full object follows from the parts' and
//! their lengths, without reading them again. Bodies themselves are summed up where they come in.

use sha2::{Digest as _, Sha256};

use crate::call::s3::configuration::{Checksum, ChecksumAlgorithm};

/// A reflected CRC: its polynomial, and how many bytes it has.
#[derive(Clone, Copy)]
struct Crc {
    polynomial: u64,
    bytes: usize,
}

const CRC32: Crc = Crc { polynomial: 0xEDB8_8320, bytes: 4 };
const CRC32C: Crc = Crc { polynomial: 0x82F6_3B78, bytes: 4 };
const CRC64_NVME: Crc = Crc { polynomial: 0x9A6C_9329_AC4B_C9B5, bytes: 8 };

const fn crc(algorithm: ChecksumAlgorithm) -> Option<Crc> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(CRC32),
        ChecksumAlgorithm::Crc32c => Some(CRC32C),
        ChecksumAlgorithm::Crc64Nvme => Some(CRC64_NVME),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => None,
    }
}

/// The checksum of the parts' checksums; none: this algorithm has no such, or it is not known here (SHA-1).
pub fn composite(algorithm: ChecksumAlgorithm, parts: &[&Checksum]) -> Option<Checksum> {
    let all: Vec<u8> = parts.iter().flat_map(|part| part.value.iter().copied()).collect();
    let value = match algorithm {
        ChecksumAlgorithm::Crc64Nvme | ChecksumAlgorithm::Sha1 => return None,
        ChecksumAlgorithm::Sha256 => Sha256::digest(&all).to_vec(),
        ChecksumAlgorithm::Crc32 => CRC32.of(&all),
        ChecksumAlgorithm::Crc32c => CRC32C.of(&all),
    };
    Some(Checksum { algorithm, value, parts: u32::try_from(parts.len()).ok() })
}

/// The checksum of the whole, from those of its parts with their lengths; none: this algorithm has no such.
pub fn whole(algorithm: ChecksumAlgorithm, parts: &[(&Checksum, u64)]) -> Option<Checksum> {
    let crc = crc(algorithm)?;
    let number = |sum: &Checksum| sum.value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let value = parts.iter().fold(0, |before, (sum, length)| crc.shifted(before, *length) ^ number(sum));
    Some(Checksum { algorithm, value: crc.spelt(value), parts: None })
}

impl Crc {
    fn of(self, data: &[u8]) -> Vec<u8> {
        let ones = u64::MAX >> (64 - 8 * self.bytes);
        let sum = data.iter().fold(ones, |sum, byte| (0..8).fold(sum ^ u64::from(*byte), |sum, _| self.step(sum)));
        self.spelt(sum ^ ones)
    }

    /// One bit further.
    const fn step(self, sum: u64) -> u64 {
        if sum & 1 == 1 { sum >> 1 ^ self.polynomial } else { sum >> 1 }
    }

    fn spelt(self, sum: u64) -> Vec<u8> {
        sum.to_be_bytes()[8 - self.bytes..].to_vec()
    }

    /// What becomes of a checksum when so many zero bytes follow: a linear map, applied by repeated squaring.
    fn shifted(self, sum: u64, zeros: u64) -> u64 {
        let bits = 8 * self.bytes;
        // The image of each single bit after one zero byte.
        let mut map: Vec<u64> = (0..bits).map(|bit| (0..8).fold(1_u64 << bit, |image, _| self.step(image))).collect();
        let apply =
            |map: &[u64], sum: u64| (0..bits).filter(|bit| sum >> bit & 1 == 1).fold(0, |image, bit| image ^ map[bit]);
        let (mut sum, mut left) = (sum, zeros);
        while left > 0 {
            if left & 1 == 1 {
                sum = apply(&map, sum);
            }
            map = map.iter().map(|image| apply(&map, *image)).collect();
            left >>= 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: ChecksumAlgorithm, data: &[u8]) -> Checksum {
        Checksum { algorithm, value: crc(algorithm).expect("a CRC").of(data), parts: None }
    }

    #[test]
    fn each_crc_has_its_check_value() {
        for (algorithm, value) in [
            (ChecksumAlgorithm::Crc32, vec![0xCB, 0xF4, 0x39, 0x26]),
            (ChecksumAlgorithm::Crc32c, vec![0xE3, 0x06, 0x92, 0x83]),
            (ChecksumAlgorithm::Crc64Nvme, vec![0xAE, 0x8B, 0x14, 0x86, 0x0A, 0x79, 0x98, 0x88]),
        ] {
            assert_eq!(sum(algorithm, b"123456789").value, value, "{algorithm:?}");
        }
    }

    #[test]
    fn the_checksum_of_the_whole_follows_from_those_of_its_parts() {
        let data: Vec<u8> = (0..70_000_u32).map(|at| ((at * 31) >> 3) as u8).collect();
        for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64Nvme] {
            let parts: Vec<(Checksum, u64)> =
                data.chunks(30_001).map(|part| (sum(algorithm, part), part.len() as u64)).collect();
            let parts: Vec<(&Checksum, u64)> = parts.iter().map(|(sum, length)| (sum, *length)).collect();
            assert_eq!(whole(algorithm, &parts), Some(sum(algorithm, &data)), "{algorithm:?}");
        }
    }
}
