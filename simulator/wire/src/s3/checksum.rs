//! `x-amz-checksum-*`, before a body or after it: which one is meant, what it comes to, and how a response tells it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use egress_sim_model::call::s3::configuration::{Checksum, ChecksumAlgorithm, ChecksumType};
use http::{HeaderMap, HeaderName};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;
use s3s::{S3Result, s3_error};

const ALL: [ChecksumAlgorithm; 5] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32c,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha1,
    ChecksumAlgorithm::Sha256,
];

/// By its name, in large or small letters.
pub(super) fn algorithm(name: &str) -> S3Result<ChecksumAlgorithm> {
    ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
    })
}

/// How the names of all their headers begin.
const HEADERS: &str = "x-amz-checksum-";

/// What is announced for the end of a body.
pub(super) const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

const fn header(algorithm: ChecksumAlgorithm) -> HeaderName {
    HeaderName::from_static(match algorithm {
        ChecksumAlgorithm::Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm::Crc32c => "x-amz-checksum-crc32c",
        ChecksumAlgorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm::Sha1 => "x-amz-checksum-sha1",
        ChecksumAlgorithm::Sha256 => "x-amz-checksum-sha256",
    })
}

const ASKED_BY_SDK: HeaderName = HeaderName::from_static("x-amz-sdk-checksum-algorithm");
const ASKED: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");

/// Bytes of such a checksum.
const fn length(algorithm: ChecksumAlgorithm) -> usize {
    match algorithm {
        ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => 4,
        ChecksumAlgorithm::Crc64Nvme => 8,
        ChecksumAlgorithm::Sha1 => 20,
        ChecksumAlgorithm::Sha256 => 32,
    }
}

/// What headers, or trailers, say. Of two checksums nobody knows which one counts.
pub(super) fn said(headers: &HeaderMap) -> S3Result<Option<Checksum>> {
    let mut found = None;
    // Most requests have none, and are not searched for five.
    if !headers.keys().any(|name| name.as_str().starts_with(HEADERS)) {
        return Ok(None);
    }
    for algorithm in ALL {
        let name = header(algorithm);
        let Some(value) = headers.get(&name) else { continue };
        if found.is_some() {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
            ));
        }
        let value = BASE64_STANDARD.decode(value).ok().filter(|value| value.len() == length(algorithm));
        let value = value.ok_or_else(|| s3_error!(InvalidRequest, "Value for {name} header is invalid."))?;
        found = Some(Checksum { algorithm, value, parts: None });
    }
    Ok(found)
}

/// What a body is to be summed up by: what is said before it, announced for its end, or asked for.
pub(super) fn wanted(headers: &HeaderMap, said: Option<&Checksum>) -> S3Result<Option<ChecksumAlgorithm>> {
    if let Some(said) = said {
        return Ok(Some(said.algorithm));
    }
    if let Some(trailer) = headers.get(TRAILER).and_then(|value| value.to_str().ok()) {
        let name = trailer.trim().to_ascii_lowercase();
        if let Some(name) = name.strip_prefix(HEADERS) {
            return algorithm(name).map(Some);
        }
    }
    let asked = [ASKED_BY_SDK, ASKED].into_iter().find_map(|name| headers.get(name)?.to_str().ok());
    asked.map(algorithm).transpose()
}

/// A checksum under way.
pub(super) enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Box<Crc64Nvme>),
    Sha1(Sha1),
    Sha256(Box<Sha256>),
}

impl Hasher {
    pub(super) fn new(algorithm: ChecksumAlgorithm) -> Hasher {
        match algorithm {
            ChecksumAlgorithm::Crc32 => Hasher::Crc32(Crc32::new()),
            ChecksumAlgorithm::Crc32c => Hasher::Crc32c(Crc32c::new()),
            ChecksumAlgorithm::Crc64Nvme => Hasher::Crc64Nvme(Box::new(Crc64Nvme::new())),
            ChecksumAlgorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => Hasher::Sha256(Box::new(Sha256::new())),
        }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Hasher::Crc32(sum) => sum.update(data),
            Hasher::Crc32c(sum) => sum.update(data),
            Hasher::Crc64Nvme(sum) => sum.update(data),
            Hasher::Sha1(sum) => sum.update(data),
            Hasher::Sha256(sum) => sum.update(data),
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Hasher::Crc32(sum) => (ChecksumAlgorithm::Crc32, sum.finalize().to_vec()),
            Hasher::Crc32c(sum) => (ChecksumAlgorithm::Crc32c, sum.finalize().to_vec()),
            Hasher::Crc64Nvme(sum) => (ChecksumAlgorithm::Crc64Nvme, sum.finalize().to_vec()),
            Hasher::Sha1(sum) => (ChecksumAlgorithm::Sha1, sum.finalize().as_ref().to_vec()),
            Hasher::Sha256(sum) => (ChecksumAlgorithm::Sha256, sum.finalize().as_ref().to_vec()),
        };
        Checksum { algorithm, value, parts: None }
    }
}

/// # Errors
/// `BadDigest`.
pub(super) fn compare(said: &Checksum, sum: &Checksum) -> S3Result<()> {
    if said.value == sum.value {
        return Ok(());
    }
    let name = said.algorithm.name();
    Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."))
}

/// As a response spells it.
pub(super) fn spelt(checksum: &Checksum) -> String {
    let value = BASE64_STANDARD.encode(&checksum.value);
    checksum.parts.map_or_else(|| value.clone(), |parts| format!("{value}-{parts}"))
}

pub(super) fn kind(kind: ChecksumType) -> dto::ChecksumType {
    dto::ChecksumType::from_static(match kind {
        ChecksumType::Composite => dto::ChecksumType::COMPOSITE,
        ChecksumType::FullObject => dto::ChecksumType::FULL_OBJECT,
    })
}

pub(super) fn kind_of(checksum: &Checksum) -> dto::ChecksumType {
    kind(if checksum.parts.is_some() { ChecksumType::Composite } else { ChecksumType::FullObject })
}

pub(super) fn kind_named(name: Option<&str>) -> S3Result<Option<ChecksumType>> {
    match name {
        None => Ok(None),
        Some(dto::ChecksumType::COMPOSITE) => Ok(Some(ChecksumType::Composite)),
        Some(dto::ChecksumType::FULL_OBJECT) => Ok(Some(ChecksumType::FullObject)),
        Some(_) => Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid.")),
    }
}

/// Puts a checksum into the fields that so many of S3's structs have for it.
macro_rules! tell {
    ($checksum:expr => $output:expr) => {
        if let Some(checksum) = $checksum {
            let value = Some($crate::s3::checksum::spelt(checksum));
            match checksum.algorithm {
                ChecksumAlgorithm::Crc32 => $output.checksum_crc32 = value,
                ChecksumAlgorithm::Crc32c => $output.checksum_crc32c = value,
                ChecksumAlgorithm::Crc64Nvme => $output.checksum_crc64nvme = value,
                ChecksumAlgorithm::Sha1 => $output.checksum_sha1 = value,
                ChecksumAlgorithm::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}

/// The checksum in such fields.
macro_rules! told {
    ($input:expr) => {
        $crate::s3::checksum::of_fields([
            $input.checksum_crc32.as_deref(),
            $input.checksum_crc32c.as_deref(),
            $input.checksum_crc64nvme.as_deref(),
            $input.checksum_sha1.as_deref(),
            $input.checksum_sha256.as_deref(),
        ])
    };
}
pub(super) use {tell, told};

/// See `told`: in the order of the algorithms. A number of parts behind it says nothing that is not known.
pub(super) fn of_fields(fields: [Option<&str>; 5]) -> S3Result<Option<Checksum>> {
    let mut found = ALL.into_iter().zip(fields).filter_map(|(algorithm, value)| Some((algorithm, value?)));
    let Some((algorithm, value)) = found.next() else { return Ok(None) };
    let value = value.split('-').next().unwrap_or_default();
    let value = BASE64_STANDARD.decode(value).ok().filter(|value| value.len() == length(algorithm));
    let value = value.ok_or_else(|| s3_error!(InvalidRequest, "Value for {} header is invalid.", header(algorithm)))?;
    Ok(Some(Checksum { algorithm, value, parts: None }))
}
