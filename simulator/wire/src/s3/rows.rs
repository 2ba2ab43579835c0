//! The rows of a listing of objects, written as XML here and put into the answer that s3s has written: a page has a thousand of
//! them, for each of whose elements s3s makes three events, which takes longer than all else that becomes of the request.

use std::fmt::Write as _;

use egress_sim_model::call::s3::answer::ListedObject;
use egress_sim_model::sink::policy::ACCOUNT;
use egress_sim_model::time::Time;
use http::Response;
use http::header::CONTENT_LENGTH;
use s3s::Body;
use s3s::dto::{ObjectStorageClass, TimestampFormat};

use super::checksum;
use super::lists::Encoder;
use super::values::{DISPLAY_NAME, timestamp};

/// Bytes of a usual row.
const ROW: usize = 256;
const NANOS: u64 = 1_000_000_000;

/// Rows that are to go into an answer.
#[derive(Clone, Debug)]
pub(super) struct Rows(String);

impl Rows {
    /// `Contents`
    pub(super) fn of_objects(contents: &[ListedObject], encoder: &Encoder, with_owner: bool) -> Rows {
        let mut xml = String::with_capacity(contents.len() * ROW);
        let mut dates = Dates::default();
        for ListedObject { summary, storage_class, checksum } in contents {
            xml.push_str("<Contents><Key>");
            escape(&mut xml, &encoder.text(&summary.key));
            xml.push_str("</Key><LastModified>");
            dates.write(&mut xml, summary.last_modified);
            // Writing to a string does not fail.
            let _ = write!(xml, "</LastModified><ETag>&quot;{}&quot;</ETag>", summary.etag.bare());
            if let Some((algorithm, kind)) = *checksum {
                let kind = checksum::kind(kind);
                let _ = write!(xml, "<ChecksumAlgorithm>{}</ChecksumAlgorithm>", algorithm.name());
                let _ = write!(xml, "<ChecksumType>{}</ChecksumType>", kind.as_str());
            }
            let _ = write!(xml, "<Size>{}</Size>", summary.size);
            if with_owner {
                let _ = write!(xml, "<Owner><DisplayName>{DISPLAY_NAME}</DisplayName><ID>{ACCOUNT}</ID></Owner>");
            }
            let class = storage_class.as_deref().unwrap_or(ObjectStorageClass::STANDARD);
            let _ = write!(xml, "<StorageClass>{class}</StorageClass></Contents>");
        }
        Rows(xml)
    }

    /// Puts them at the end of an answer's outermost element.
    pub(super) fn put_into(self, response: &mut Response<Body>) {
        let Some(whole) = response.body().bytes() else { return };
        let Some(end) = whole.windows(2).rposition(|window| window == b"</") else { return };
        let with_rows = [&whole[..end], self.0.as_bytes(), &whole[end..]].concat();
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(with_rows);
    }
}

/// Dates as listings have them, to a thousandth of a second. Rows that were stored in the same second share the rest.
#[derive(Default)]
struct Dates {
    second: Option<u64>,
    /// Up to and with the point.
    text: String,
}

impl Dates {
    fn write(&mut self, xml: &mut String, at: Time) {
        let second = at.0 / NANOS;
        if self.second != Some(second) {
            let mut text = Vec::new();
            let whole = timestamp(Time(second * NANOS)).format(TimestampFormat::DateTime, &mut text);
            whole.expect("every moment of ours has a date");
            self.text = String::from_utf8(text).expect("dates are ASCII");
            self.text.truncate(self.text.rfind('.').map_or(0, |point| point + 1));
            self.second = Some(second);
        }
        xml.push_str(&self.text);
        let _ = write!(xml, "{:03}Z", at.0 % NANOS / 1_000_000);
    }
}

/// What XML cannot have as it is, and what a reader would take for something else.
fn escape(xml: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            control if control.is_control() => drop(write!(xml, "&#x{:X};", u32::from(control))),
            letter => xml.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egress_sim_model::call::s3::configuration::{ChecksumAlgorithm, ChecksumType};
    use egress_sim_model::call::{EntityTag, ObjectSummary};

    use super::*;

    fn listed(key: &str, at: u64) -> ListedObject {
        let summary = ObjectSummary {
            key: Arc::from(key),
            size: 7,
            etag: EntityTag::of_parts([0xab; 16], 2),
            last_modified: Time(at),
        };
        ListedObject { summary, storage_class: None, checksum: None }
    }

    #[test]
    fn rows_stand_at_the_end_of_the_answer_as_s3_has_them() {
        let plain = listed("a<&>\"'b\r", 1_800_000_000_007_999_999);
        let told = ListedObject {
            storage_class: Some("GLACIER".into()),
            checksum: Some((ChecksumAlgorithm::Crc32, ChecksumType::Composite)),
            ..listed("ü c", 1_800_000_001_000_000_000)
        };
        let encoder = Encoder { url: false };
        let mut response = Response::new(Body::from("<L><Name>b</Name></L>".to_owned()));
        Rows::of_objects(&[plain], &encoder, false).put_into(&mut response);
        let etag = format!("<ETag>&quot;{}-2&quot;</ETag>", "ab".repeat(16));
        let expected = format!(
            "<L><Name>b</Name><Contents><Key>a&lt;&amp;&gt;&quot;&apos;b&#xD;</Key>\
             <LastModified>2027-01-15T08:00:00.007Z</LastModified>{etag}<Size>7</Size>\
             <StorageClass>STANDARD</StorageClass></Contents></L>"
        );
        assert_eq!(response.body().bytes().as_deref(), Some(expected.as_bytes()));
        let url = Encoder { url: true };
        let expected = format!(
            "<Contents><Key>%C3%BC%20c</Key><LastModified>2027-01-15T08:00:01.000Z</LastModified>{etag}\
             <ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType><Size>7</Size>\
             <Owner><DisplayName>egress-sim</DisplayName><ID>000000000000</ID></Owner>\
             <StorageClass>GLACIER</StorageClass></Contents>"
        );
        assert_eq!(Rows::of_objects(&[told], &url, true).0, expected);
    }
}
