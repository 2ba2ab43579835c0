//! What a bucket or an object can be told beside its data: permissions, tags, rules, headers, checksums. S3's own names.

use serde::Serialize;

use crate::time::Time;

/// Tags, in the order in which they came.
pub type Tags = Vec<(String, String)>;

/// A canned ACL, as far as they differ for whoever is not the owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Acl {
    /// `private`, and those that speak of the owner only.
    #[default]
    Private,
    /// `public-read`
    PublicRead,
    /// `public-read-write`
    PublicReadWrite,
    /// `authenticated-read`
    AuthenticatedRead,
}

/// `ObjectOwnership`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ObjectOwnership {
    /// `BucketOwnerPreferred`
    BucketOwnerPreferred,
    /// `ObjectWriter`
    ObjectWriter,
    /// `BucketOwnerEnforced`: there are no ACLs.
    BucketOwnerEnforced,
}

/// `PublicAccessBlockConfiguration`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublicAccessBlock {
    /// Public ACLs are refused from now on.
    pub block_public_acls: bool,
    /// Public ACLs count for nothing.
    pub ignore_public_acls: bool,
    /// A public policy is refused from now on.
    pub block_public_policy: bool,
    /// A public policy counts for nobody but the owner.
    pub restrict_public_buckets: bool,
}

/// `CORSRule`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CorsRule {
    /// `ID`
    pub id: Option<String>,
    /// `AllowedOrigin`, with at most one `*` each.
    pub origins: Vec<String>,
    /// `AllowedMethod`
    pub methods: Vec<String>,
    /// `AllowedHeader`, with at most one `*` each.
    pub headers: Vec<String>,
    /// `ExposeHeader`
    pub expose: Vec<String>,
    /// `MaxAgeSeconds`
    pub max_age: Option<i32>,
}

/// A rule of a bucket's lifecycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleRule {
    /// `ID`
    pub id: String,
    /// `Status: Enabled`
    pub enabled: bool,
    /// What it is about.
    pub filter: LifecycleFilter,
    /// `Expiration`
    pub expiration: Option<Expiration>,
    /// `NoncurrentVersionExpiration`
    pub noncurrent: Option<NoncurrentExpiration>,
    /// `AbortIncompleteMultipartUpload`, in days from its beginning.
    pub abort_uploads_after: Option<u32>,
}

/// What a lifecycle rule is about: all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleFilter {
    /// The rule has its `Prefix` outside of a `Filter`, as it was before there were filters.
    pub outside: bool,
    /// The parts stand in an `And`.
    pub and: bool,
    /// `Prefix`; none: any key.
    pub prefix: Option<String>,
    /// `Tag`
    pub tags: Tags,
    /// `ObjectSizeGreaterThan`
    pub larger_than: Option<u64>,
    /// `ObjectSizeLessThan`
    pub smaller_than: Option<u64>,
}

/// When current versions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Expiration {
    /// So many days after they came.
    Days(u32),
    /// From this day on.
    Date(Time),
    /// They do not, but a delete marker that is alone does.
    ExpiredObjectDeleteMarker(bool),
}

/// When noncurrent versions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoncurrentExpiration {
    /// `NoncurrentDays`
    pub days: u32,
    /// `NewerNoncurrentVersions`, which stay.
    pub keep: Option<u32>,
}

/// What an object is told beside its data, type, metadata and tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attributes {
    /// `Cache-Control`
    pub cache_control: Option<String>,
    /// `Content-Disposition`
    pub content_disposition: Option<String>,
    /// `Content-Encoding`
    pub content_encoding: Option<String>,
    /// `Content-Language`
    pub content_language: Option<String>,
    /// `Expires`
    pub expires: Option<Time>,
    /// `x-amz-website-redirect-location`
    pub website_redirect_location: Option<String>,
    /// `x-amz-storage-class`, unless it is STANDARD. It is told again, and changes nothing.
    pub storage_class: Option<String>,
    /// `x-amz-server-side-encryption: AES256`, which S3 does in any case. It is told again, and changes nothing.
    pub encrypted: bool,
    /// `x-amz-checksum-*`
    pub checksum: Option<Checksum>,
    /// `x-amz-acl`
    pub acl: Acl,
}

/// `x-amz-checksum-*`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// Of which kind.
    pub algorithm: ChecksumAlgorithm,
    /// Its bytes; empty where only the algorithm is said.
    pub value: Vec<u8>,
    /// How many parts' checksums it sums up; none: it is that of the whole object.
    pub parts: Option<u32>,
}

/// `ChecksumAlgorithm`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ChecksumAlgorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// `ChecksumType`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChecksumType {
    /// A checksum of the parts' checksums.
    Composite,
    /// That of the whole.
    FullObject,
}

impl ChecksumAlgorithm {
    /// As S3 writes it.
    pub const fn name(self) -> &'static str {
        match self {
            ChecksumAlgorithm::Crc32 => "CRC32",
            ChecksumAlgorithm::Crc32c => "CRC32C",
            ChecksumAlgorithm::Crc64Nvme => "CRC64NVME",
            ChecksumAlgorithm::Sha1 => "SHA1",
            ChecksumAlgorithm::Sha256 => "SHA256",
        }
    }
}
