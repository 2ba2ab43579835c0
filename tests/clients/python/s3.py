"""boto3 against `egress-sim serve`, in depth: nothing in here knows that it is a fake, but for the clock that is moved.

It reads the addresses as a line of JSON. Every check is an assertion; the last line is "all held".
"""

import base64
import hashlib
import io
import json
import sys
import urllib.error
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

MIB = 1024 * 1024

at: dict[str, str] = json.loads(sys.stdin.readline())


def client(**more):
    config = boto3.session.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **more)
    return boto3.client("s3", endpoint_url=at["s3"], region_name="us-east-1", aws_access_key_id="minioadmin",
                        aws_secret_access_key="minioadmin", config=config)


s3 = client()
# Presigned URLs are of version 2 unless one asks for this.
v4 = client(signature_version="s3v4")


def refused(code: str, call, **arguments) -> dict:
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, (code, error.response)
        return error.response
    raise AssertionError(f"{code} was expected of {call.__name__}({arguments})")


def control(method: str, path: str, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(at["control"] + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def plain(method: str, path: str, body: bytes | None = None, **headers) -> tuple[int, dict, bytes]:
    """A request by somebody who does not sign, or whose URL is signed. Names of headers come in small letters."""
    url = path if path.startswith("http") else at["s3"] + path
    # Of itself urllib would say that it is a form, and signatures of version 2 count that.
    request = urllib.request.Request(url, body, {"Content-Type": ""} | headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def now() -> datetime:
    return datetime.fromisoformat(control("GET", "/clock")["now"].replace("Z", "+00:00"))


def bucket(name: str, **more) -> str:
    s3.create_bucket(Bucket=name, **more)
    return name


def put(name: str, key: str, body: bytes | str = b"x", **more) -> dict:
    return s3.put_object(Bucket=name, Key=key, Body=body, **more)


def text(name: str, key: str, **more) -> str:
    return s3.get_object(Bucket=name, Key=key, **more)["Body"].read().decode()


def buckets() -> None:
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["recordings"]
    bucket("made", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="made")
    refused("InvalidLocationConstraint", s3.create_bucket, Bucket="mars",
            CreateBucketConfiguration={"LocationConstraint": "mars"})
    refused("InvalidBucketName", s3.create_bucket, Bucket="Not.A_Name")
    assert s3.get_bucket_location(Bucket="made")["LocationConstraint"] == "eu-central-1"
    assert s3.get_bucket_location(Bucket="recordings")["LocationConstraint"] is None
    head = s3.head_bucket(Bucket="made")["ResponseMetadata"]["HTTPHeaders"]
    assert head["x-amz-bucket-region"] == "eu-central-1" and head["x-amz-request-id"] and head["x-amz-id-2"]
    refused("404", s3.head_bucket, Bucket="nowhere")
    page = s3.list_buckets(MaxBuckets=1)
    assert [one["Name"] for one in page["Buckets"]] == ["made"]
    page = s3.list_buckets(ContinuationToken=page["ContinuationToken"])
    assert [one["Name"] for one in page["Buckets"]] == ["recordings"] and "ContinuationToken" not in page
    put("made", "a")
    answer = refused("BucketNotEmpty", s3.delete_bucket, Bucket="made")
    assert answer["ResponseMetadata"]["RequestId"], answer
    s3.delete_object(Bucket="made", Key="a")
    s3.delete_bucket(Bucket="made")
    refused("NoSuchBucket", s3.delete_bucket, Bucket="made")


def versions() -> None:
    name = bucket("versions")
    assert "Status" not in s3.get_bucket_versioning(Bucket=name)
    put(name, "old", "null")
    status = lambda status: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
    status("Enabled")
    ids = [put(name, "k", body)["VersionId"] for body in ("one", "two")]
    assert text(name, "k") == "two" and text(name, "k", VersionId=ids[0]) == "one"
    gone = s3.delete_object(Bucket=name, Key="k")
    assert gone["DeleteMarker"] and gone["VersionId"] not in ids
    refused("NoSuchKey", s3.get_object, Bucket=name, Key="k")
    hidden = refused("404", s3.head_object, Bucket=name, Key="k")["ResponseMetadata"]["HTTPHeaders"]
    assert hidden["x-amz-delete-marker"] == "true" and hidden["x-amz-version-id"] == gone["VersionId"]
    named = refused("405", s3.head_object, Bucket=name, Key="k", VersionId=gone["VersionId"])
    assert named["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert "last-modified" in named["ResponseMetadata"]["HTTPHeaders"]
    refused("NoSuchVersion", s3.get_object, Bucket=name, Key="k", VersionId="none")

    listed = s3.list_object_versions(Bucket=name)
    assert [(one["Key"], one["IsLatest"]) for one in listed["Versions"]] == [("k", False), ("k", False), ("old", True)]
    assert [one["VersionId"] for one in listed["Versions"]] == [ids[1], ids[0], "null"]
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == [gone["VersionId"]]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=name, PaginationConfig={"PageSize": 1})
    rows = [row["VersionId"] for page in pages for row in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    assert rows == [gone["VersionId"], ids[1], ids[0], "null"], rows

    back = s3.delete_object(Bucket=name, Key="k", VersionId=gone["VersionId"])
    assert back["DeleteMarker"] and text(name, "k") == "two", "without its marker it is back"
    status("Suspended")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert put(name, "k", "three")["VersionId"] == "null"
    marker = s3.delete_object(Bucket=name, Key="k")
    assert marker["DeleteMarker"] and marker["VersionId"] == "null"
    refused("NoSuchVersion", s3.get_object, Bucket=name, Key="k", VersionId="none")
    assert text(name, "k", VersionId=ids[0]) == "one", "older versions stay"
    s3.delete_object(Bucket=name, Key="old", VersionId="null")
    put(name, "a/1"), put(name, "a/2"), put(name, "b")
    rolled = s3.list_object_versions(Bucket=name, Delimiter="/")
    assert [one["Prefix"] for one in rolled["CommonPrefixes"]] == ["a/"]
    assert {one["Key"] for one in rolled["Versions"]} == {"k", "b"}
    refused("InvalidArgument", s3.list_object_versions, Bucket=name, VersionIdMarker=ids[0])
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=name)
    empty(name)
    s3.delete_bucket(Bucket=name)


def empty(name: str) -> None:
    """As clean-up helpers do it: every version and marker, by pages, in batches, with the bypass header."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        rows = page.get("Versions", []) + page.get("DeleteMarkers", [])
        objects = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
        if objects:
            done = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True},
                                     BypassGovernanceRetention=True)
            assert "Errors" not in done, done["Errors"]


def batches() -> None:
    name = bucket("batch")
    keys = [f"rec/{number:04}.ts" for number in range(1000)]
    for key in keys[:30]:
        put(name, key)
    objects = [{"Key": key} for key in keys]
    done = s3.delete_objects(Bucket=name, Delete={"Objects": objects})
    assert len(done["Deleted"]) == 1000 and "Errors" not in done, "what is not there is deleted, too"
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0
    refused("MalformedXML", s3.delete_objects, Bucket=name, Delete={"Objects": objects + [{"Key": "one too many"}]})
    assert "Deleted" not in s3.delete_objects(Bucket=name, Delete={"Objects": objects[:3], "Quiet": True})
    refused("NoSuchBucket", s3.delete_objects, Bucket="nowhere", Delete={"Objects": objects[:1]})

    control("POST", "/faults", {"do": "s3.batch_partial", "on": "s3.delete_objects", "code": "SlowDown", "keys": 2})
    put(name, "a"), put(name, "b"), put(name, "c")
    objects = [{"Key": key} for key in "abc"]
    done = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
    assert [(error["Key"], error["Code"]) for error in done["Errors"]] == [("a", "SlowDown"), ("b", "SlowDown")]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]] == ["a", "b"]
    answer = plain("POST", f"/{name}?delete", b"<Delete/>")
    assert answer[0] == 400 or answer[0] == 403, answer
    empty(name)
    s3.delete_bucket(Bucket=name)


def object_lock() -> None:
    refused("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, Bucket="recordings")
    name = bucket("vault", ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    refused("InvalidBucketState", s3.put_bucket_versioning, Bucket=name,
            VersioningConfiguration={"Status": "Suspended"})
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    free = put(name, "free")["VersionId"]
    refused("NoSuchObjectLockConfiguration", s3.get_object_retention, Bucket=name, Key="free")
    refused("InvalidRequest", s3.put_object_legal_hold, Bucket="recordings", Key="x", LegalHold={"Status": "ON"})

    until = now() + timedelta(days=1)
    retention = lambda mode, until: {"Mode": mode, "RetainUntilDate": until}
    governed = put(name, "g", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    strict = put(name, "c", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    held = put(name, "h", ObjectLockLegalHoldStatus="ON")["VersionId"]
    head = s3.head_object(Bucket=name, Key="c")
    assert head["ObjectLockMode"] == "COMPLIANCE" and head["ObjectLockRetainUntilDate"] >= until - timedelta(seconds=1)
    assert s3.head_object(Bucket=name, Key="h")["ObjectLockLegalHoldStatus"] == "ON"
    for key, version in (("g", governed), ("c", strict), ("h", held)):
        refused("AccessDenied", s3.delete_object, Bucket=name, Key=key, VersionId=version)
    refused("AccessDenied", s3.delete_object, Bucket=name, Key="c", VersionId=strict, BypassGovernanceRetention=True)
    refused("AccessDenied", s3.delete_object, Bucket=name, Key="h", VersionId=held, BypassGovernanceRetention=True)
    done = s3.delete_objects(Bucket=name, Delete={"Objects": [
        {"Key": "free", "VersionId": free}, {"Key": "g", "VersionId": governed}, {"Key": "c", "VersionId": strict}]})
    assert [error["Code"] for error in done["Errors"]] == ["AccessDenied"] * 2 and len(done["Deleted"]) == 1
    s3.delete_object(Bucket=name, Key="g", VersionId=governed, BypassGovernanceRetention=True)

    later, sooner = until + timedelta(days=1), until - timedelta(hours=1)
    refused("AccessDenied", s3.put_object_retention, Bucket=name, Key="c", Retention=retention("COMPLIANCE", sooner))
    refused("AccessDenied", s3.put_object_retention, Bucket=name, Key="c", Retention=retention("GOVERNANCE", later),
            BypassGovernanceRetention=True)
    s3.put_object_retention(Bucket=name, Key="c", Retention=retention("COMPLIANCE", later))
    got = s3.get_object_retention(Bucket=name, Key="c", VersionId=strict)["Retention"]
    assert got["Mode"] == "COMPLIANCE" and abs(got["RetainUntilDate"] - later) < timedelta(seconds=1)
    refused("InvalidArgument", put, name=name, key="p", ObjectLockMode="GOVERNANCE",
            ObjectLockRetainUntilDate=now() - timedelta(days=1))
    assert s3.delete_object(Bucket=name, Key="c")["DeleteMarker"], "a marker may go on top of a locked version"
    s3.put_object_legal_hold(Bucket=name, Key="h", LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(Bucket=name, Key="h")["LegalHold"] == {"Status": "OFF"}

    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2}}}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=rule)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == rule
    put(name, "d")
    assert s3.get_object_retention(Bucket=name, Key="d")["Retention"]["Mode"] == "GOVERNANCE"
    refused("InvalidBucketState", s3.put_object_lock_configuration, Bucket="recordings", ObjectLockConfiguration=rule)
    control("POST", "/clock/advance", {"by": "3d"})
    empty(name)
    s3.delete_bucket(Bucket=name)


def multipart() -> None:
    name = bucket("parts")
    whole = bytes(range(256)) * (12 * MIB // 256)
    s3.upload_fileobj(io.BytesIO(whole), name, "by-manager", ExtraArgs={"Metadata": {"who": "me"}})
    head = s3.head_object(Bucket=name, Key="by-manager", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-2"') and head["ContentLength"] == len(whole) and head["Metadata"] == {"who": "me"}
    assert head["ChecksumType"] in ("COMPOSITE", "FULL_OBJECT") and "ChecksumCRC32" in head, head
    target = io.BytesIO()
    s3.download_fileobj(name, "by-manager", target)
    assert target.getvalue() == whole, "ranges across parts"

    refused("NoSuchUpload", s3.upload_part, Bucket=name, Key="k", UploadId="none", PartNumber=1, Body=b"x")
    upload = s3.create_multipart_upload(Bucket=name, Key="k", ContentType="video/mp4", Metadata={"a": "b"},
                                        Tagging="t=1", StorageClass="STANDARD_IA")["UploadId"]
    of = {"Bucket": name, "Key": "k", "UploadId": upload}
    tags = [s3.upload_part(**of, PartNumber=number, Body=body)["ETag"]
            for number, body in ((1, whole[:5 * MIB]), (2, whole[5 * MIB:10 * MIB]), (7, b"end"), (9, b"unused"))]
    listed = s3.list_parts(**of)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [
        (1, 5 * MIB), (2, 5 * MIB), (7, 3), (9, 6)] and listed["StorageClass"] == "STANDARD_IA"
    page = s3.list_parts(**of, MaxParts=2)
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 2
    assert [part["PartNumber"] for part in s3.list_parts(**of, PartNumberMarker=2)["Parts"]] == [7, 9]
    named = lambda *numbers: {"Parts": [{"PartNumber": n, "ETag": tags[[1, 2, 7, 9].index(n)]} for n in numbers]}
    refused("InvalidPartOrder", s3.complete_multipart_upload, **of, MultipartUpload=named(2, 1))
    refused("EntityTooSmall", s3.complete_multipart_upload, **of, MultipartUpload=named(7, 9))
    refused("InvalidPart", s3.complete_multipart_upload, **of,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"0"'}]})
    refused("MalformedXML", s3.complete_multipart_upload, **of, MultipartUpload={"Parts": []})
    assert s3.list_objects_v2(Bucket=name, Prefix="k")["KeyCount"] == 0, "nothing is there yet"
    done = s3.complete_multipart_upload(**of, MultipartUpload=named(1, 2, 7))
    digests = b"".join(hashlib.md5(part).digest() for part in (whole[:5 * MIB], whole[5 * MIB:10 * MIB], b"end"))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert s3.complete_multipart_upload(**of, MultipartUpload=named(1, 2, 7))["ETag"] == done["ETag"], "said twice"
    got = s3.get_object(Bucket=name, Key="k")
    assert got["Body"].read() == whole[:10 * MIB] + b"end" and got["ContentType"] == "video/mp4"
    assert got["TagCount"] == 1 and got["StorageClass"] == "STANDARD_IA"
    part = s3.get_object(Bucket=name, Key="k", PartNumber=3)
    assert part["Body"].read() == b"end" and part["PartsCount"] == 3
    refused("InvalidPartNumber", s3.get_object, Bucket=name, Key="k", PartNumber=4)
    facts = s3.get_object_attributes(Bucket=name, Key="k", ObjectAttributes=["ETag", "ObjectParts", "ObjectSize"])
    assert facts["ObjectSize"] == 10 * MIB + 3 and facts["ObjectParts"]["TotalPartsCount"] == 3

    left = [s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"] for key in ("l/1", "l/1", "l/2", "m")]
    listed = s3.list_multipart_uploads(Bucket=name)["Uploads"]
    assert sorted((one["Key"], one["UploadId"]) for one in listed) == sorted(zip(["l/1", "l/1", "l/2", "m"], left))
    pages, marker = [], {}
    while True:
        page = s3.list_multipart_uploads(Bucket=name, MaxUploads=1, **marker)
        pages += [one["UploadId"] for one in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert sorted(pages) == sorted(left)
    rolled = s3.list_multipart_uploads(Bucket=name, Delimiter="/")
    assert [one["Prefix"] for one in rolled["CommonPrefixes"]] == ["l/"] and len(rolled["Uploads"]) == 1
    for one in listed:
        s3.abort_multipart_upload(Bucket=name, Key=one["Key"], UploadId=one["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=name)
    refused("NoSuchUpload", s3.abort_multipart_upload, Bucket=name, Key="m", UploadId=left[3])

    upload = s3.create_multipart_upload(Bucket=name, Key="copied")["UploadId"]
    of = {"Bucket": name, "Key": "copied", "UploadId": upload}
    source = {"Bucket": name, "Key": "by-manager"}
    parts = [s3.upload_part_copy(**of, PartNumber=number, CopySource=source, CopySourceRange=cut)["CopyPartResult"]
             for number, cut in ((1, f"bytes=0-{6 * MIB - 1}"), (2, f"bytes={6 * MIB}-{12 * MIB - 1}"))]
    refused("InvalidRange", s3.upload_part_copy, **of, PartNumber=3, CopySource=source,
            CopySourceRange=f"bytes=0-{12 * MIB}")
    named = [{"PartNumber": number + 1, "ETag": part["ETag"]} for number, part in enumerate(parts)]
    s3.complete_multipart_upload(**of, MultipartUpload={"Parts": named})
    assert s3.get_object(Bucket=name, Key="copied")["Body"].read() == whole

    for algorithm, kind, cut in (("SHA256", "COMPOSITE", 5 * MIB), ("CRC32", "COMPOSITE", 5 * MIB),
                                 ("CRC32", "FULL_OBJECT", 6 * MIB)):
        upload = s3.create_multipart_upload(Bucket=name, Key=algorithm, ChecksumAlgorithm=algorithm, ChecksumType=kind)
        of = {"Bucket": name, "Key": algorithm, "UploadId": upload["UploadId"]}
        field = f"Checksum{algorithm}"
        parts = [s3.upload_part(**of, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
                 for number, body in ((1, whole[:cut]), (2, b"end"))]
        named = [{"PartNumber": number + 1, "ETag": part["ETag"], field: part[field]}
                 for number, part in enumerate(parts)]
        done = s3.complete_multipart_upload(**of, MultipartUpload={"Parts": named})
        assert done["ChecksumType"] == kind and done[field].endswith("-2") == (kind == "COMPOSITE"), done
        if kind == "FULL_OBJECT":
            expected = base64.b64encode(zlib.crc32(whole[:cut] + b"end").to_bytes(4)).decode()
            assert done[field] == expected, "the sum of the whole from those of its parts"
    # botocore does not make these sums by itself; they are the check values of their catalogue.
    for algorithm, sum_of_digits in (("CRC64NVME", "rosUhgp5mIg="), ("CRC32C", "4waSgw==")):
        upload = s3.create_multipart_upload(Bucket=name, Key=algorithm, ChecksumAlgorithm=algorithm,
                                            ChecksumType="FULL_OBJECT")
        of, field = {"Bucket": name, "Key": algorithm, "UploadId": upload["UploadId"]}, f"Checksum{algorithm}"
        part = s3.upload_part(**of, PartNumber=1, Body=b"123456789", **{field: sum_of_digits})
        named = [{"PartNumber": 1, "ETag": part["ETag"], field: sum_of_digits}]
        assert s3.complete_multipart_upload(**of, MultipartUpload={"Parts": named})[field] == sum_of_digits
    empty(name)
    s3.delete_bucket(Bucket=name)


def listings() -> None:
    name = bucket("lists")
    keys = ["a", "b/1", "b/2", "b/c/3", "d", "e f/ü+", "z"]
    for key in keys:
        put(name, key)
    names = lambda page: [one["Key"] for one in page.get("Contents", [])]
    prefixes = lambda page: [one["Prefix"] for one in page.get("CommonPrefixes", [])]
    assert names(s3.list_objects_v2(Bucket=name)) == keys == names(s3.list_objects(Bucket=name))
    rolled = s3.list_objects_v2(Bucket=name, Delimiter="/")
    assert names(rolled) == ["a", "d", "z"] and prefixes(rolled) == ["b/", "e f/"] and rolled["KeyCount"] == 5
    deeper = s3.list_objects_v2(Bucket=name, Delimiter="/", Prefix="b/")
    assert names(deeper) == ["b/1", "b/2"] and prefixes(deeper) == ["b/c/"]
    for listing, token in (("list_objects_v2", None), ("list_objects", None)):
        pages = s3.get_paginator(listing).paginate(Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 2})
        rows = [(sorted(names(page) + prefixes(page))) for page in pages]
        assert sum(rows, []) == ["a", "b/", "d", "e f/", "z"] and [len(row) for row in rows] == [2, 2, 1], rows
    assert names(s3.list_objects_v2(Bucket=name, StartAfter="b/2")) == ["b/c/3", "d", "e f/ü+", "z"]
    assert names(s3.list_objects(Bucket=name, Marker="d")) == ["e f/ü+", "z"]
    owned = s3.list_objects_v2(Bucket=name, FetchOwner=True)["Contents"][0]
    assert owned["Owner"]["ID"] and owned["StorageClass"] == "STANDARD"
    assert "Owner" not in s3.list_objects_v2(Bucket=name)["Contents"][0]
    none = s3.list_objects_v2(Bucket=name, MaxKeys=0)
    assert none["KeyCount"] == 0 and not none["IsTruncated"]
    refused("InvalidArgument", s3.list_objects_v2, Bucket=name, ContinuationToken="no token")
    # boto3 decodes of itself: what was sent stands in the bytes.
    status, _, raw = plain("GET", v4.generate_presigned_url(
        "list_objects_v2", {"Bucket": name, "Prefix": "e", "EncodingType": "url"}))
    assert status == 200 and b"<Key>e%20f/%C3%BC%2B</Key>" in raw, raw
    empty(name)
    s3.delete_bucket(Bucket=name)


def conditions() -> None:
    name = bucket("conditions")
    first = put(name, "k", "one", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", put, name=name, key="k", body="two", IfNoneMatch="*")
    refused("PreconditionFailed", put, name=name, key="k", body="two", IfMatch='"other"')
    refused("NoSuchKey", put, name=name, key="none", body="two", IfMatch=first)
    refused("NotImplemented", put, name=name, key="k", body="two", IfNoneMatch=first)
    second = put(name, "k", "two", IfMatch=first)["ETag"]
    read = {"Bucket": name, "Key": "k"}
    long_ago, soon = datetime(2001, 1, 1, tzinfo=timezone.utc), now() + timedelta(days=9)
    for call in (s3.get_object, s3.head_object):
        call(**read, IfMatch=second)
        code = lambda code, status: code if call == s3.get_object else status
        refused(code("PreconditionFailed", "412"), call, **read, IfMatch=first)
        answer = refused("304", call, **read, IfNoneMatch=second)["ResponseMetadata"]
        assert answer["HTTPStatusCode"] == 304 and answer["HTTPHeaders"]["etag"] == second
        call(**read, IfNoneMatch=first)
        call(**read, IfModifiedSince=long_ago)
        refused("304", call, **read, IfModifiedSince=soon)
        call(**read, IfUnmodifiedSince=soon)
        refused(code("PreconditionFailed", "412"), call, **read, IfUnmodifiedSince=long_ago)
        call(**read, IfMatch=second, IfUnmodifiedSince=long_ago)
        refused("304", call, **read, IfNoneMatch=second, IfModifiedSince=long_ago)
    source = {"Bucket": name, "Key": "k"}
    refused("PreconditionFailed", s3.copy_object, Bucket=name, Key="c", CopySource=source, CopySourceIfMatch=first)
    s3.copy_object(Bucket=name, Key="c", CopySource=source, CopySourceIfMatch=second)
    refused("PreconditionFailed", s3.copy_object, Bucket=name, Key="c", CopySource=source,
            CopySourceIfNoneMatch=second)
    refused("PreconditionFailed", s3.copy_object, Bucket=name, Key="c", CopySource=source, IfNoneMatch="*")
    upload = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    tag = s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=1, Body=b"three")["ETag"]
    complete = {"Bucket": name, "Key": "k", "UploadId": upload,
                "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]}}
    refused("PreconditionFailed", s3.complete_multipart_upload, **complete, IfNoneMatch="*")
    third = s3.complete_multipart_upload(**complete, IfMatch=second)["ETag"]
    refused("PreconditionFailed", s3.delete_object, Bucket=name, Key="k", IfMatch=second)
    s3.delete_object(Bucket=name, Key="k", IfMatch=third)
    empty(name)
    s3.delete_bucket(Bucket=name)


def objects() -> None:
    name = bucket("objects")
    expires = datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    told = {"CacheControl": "max-age=60", "ContentDisposition": 'attachment; filename="a.mp4"',
            "ContentEncoding": "gzip", "ContentLanguage": "de", "ContentType": "video/mp4",
            "WebsiteRedirectLocation": "/b", "ServerSideEncryption": "AES256"}
    metadata = {"room": "standup-7"}
    put(name, "k", b"0123456789", Expires=expires, Metadata=metadata, StorageClass="GLACIER_IR", Tagging="a=b&c=d%20e",
        **told)
    for head in (s3.head_object(Bucket=name, Key="k"), s3.get_object(Bucket=name, Key="k")):
        for field, value in told.items():
            assert head[field] == value, (field, head[field])
        assert head["ExpiresString"] == "Tue, 06 May 2031 07:08:09 GMT" and head["StorageClass"] == "GLACIER_IR"
        assert head["Metadata"] == metadata and head["AcceptRanges"] == "bytes"
    assert s3.list_objects_v2(Bucket=name)["Contents"][0]["StorageClass"] == "GLACIER_IR"
    refused("InvalidStorageClass", put, name=name, key="x", StorageClass="CELLAR")
    refused("MetadataTooLarge", put, name=name, key="x", Metadata={"m": "x" * 2048})
    assert s3.get_object(Bucket=name, Key="k", ResponseContentType="text/plain")["ContentType"] == "text/plain"

    for cut, body, said in (("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"),
                            ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=8-99", b"89", "bytes 8-9/10")):
        got = s3.get_object(Bucket=name, Key="k", Range=cut)
        assert got["Body"].read() == body and got["ContentRange"] == said
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=name, Key="k", Range="bytes=2-4")["ContentLength"] == 3
    refused("InvalidRange", s3.get_object, Bucket=name, Key="k", Range="bytes=10-")
    put(name, "nothing", b"")
    assert s3.get_object(Bucket=name, Key="nothing")["Body"].read() == b""

    tags = lambda key: {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=name, Key=key)["TagSet"]}
    assert tags("k") == {"a": "b", "c": "d e"}
    s3.put_object_tagging(Bucket=name, Key="k", Tagging={"TagSet": [{"Key": "e", "Value": "ü"}]})
    assert tags("k") == {"e": "ü"} and s3.get_object(Bucket=name, Key="k")["TagCount"] == 1
    refused("InvalidTag", s3.put_object_tagging, Bucket=name, Key="k",
            Tagging={"TagSet": [{"Key": "e", "Value": ""}] * 2})
    eleven = [{"Key": str(number), "Value": ""} for number in range(11)]
    refused("BadRequest", s3.put_object_tagging, Bucket=name, Key="k", Tagging={"TagSet": eleven})
    s3.delete_object_tagging(Bucket=name, Key="k")
    assert tags("k") == {}
    refused("NoSuchKey", s3.get_object_tagging, Bucket=name, Key="none")

    source = {"Bucket": name, "Key": "k"}
    refused("InvalidRequest", s3.copy_object, Bucket=name, Key="k", CopySource=source)
    copied = s3.copy_object(Bucket=name, Key="copy ü+", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == s3.head_object(Bucket=name, Key="k")["ETag"]
    assert s3.head_object(Bucket=name, Key="copy ü+")["Metadata"] == metadata
    assert s3.copy_object(Bucket=name, Key="again", CopySource={"Bucket": name, "Key": "copy ü+"})
    s3.copy_object(Bucket=name, Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"},
                   ContentType="text/plain")
    head = s3.head_object(Bucket=name, Key="k")
    assert head["Metadata"] == {"new": "1"} and head["ContentType"] == "text/plain" and "CacheControl" not in head
    refused("NoSuchKey", s3.copy_object, Bucket=name, Key="x", CopySource={"Bucket": name, "Key": "none"})
    refused("NoSuchBucket", s3.copy_object, Bucket=name, Key="x", CopySource={"Bucket": "nowhere", "Key": "k"})
    s3.copy_object(Bucket=name, Key="t", CopySource=source, TaggingDirective="REPLACE", Tagging="x=y")
    assert tags("t") == {"x": "y"}

    for algorithm in ("CRC32", "SHA1", "SHA256"):
        field = f"Checksum{algorithm}"
        stored = put(name, algorithm, b"123456789", ChecksumAlgorithm=algorithm)
        head = s3.head_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
        assert stored[field] == head[field] and head["ChecksumType"] == "FULL_OBJECT"
        assert s3.get_object(Bucket=name, Key=algorithm)["Body"].read() == b"123456789"
    assert put(name, "c", b"123456789", ChecksumCRC32C="4waSgw==")["ChecksumCRC32C"] == "4waSgw=="
    assert put(name, "c", b"123456789", ChecksumCRC64NVME="rosUhgp5mIg=")["ChecksumCRC64NVME"] == "rosUhgp5mIg="
    refused("BadDigest", put, name=name, key="c", body=b"123456780", ChecksumCRC32C="4waSgw==")
    digest = lambda body: base64.b64encode(hashlib.md5(body).digest()).decode()
    put(name, "md5", b"right", ContentMD5=digest(b"right"))
    refused("BadDigest", put, name=name, key="md5", body=b"wrong", ContentMD5=digest(b"right"))
    for _ in range(20):
        # Refused before its body is read: the next request must not go into a connection that is about to end.
        refused("InvalidDigest", put, name=name, key="md5", body=b"wrong", ContentMD5="xyz")
        assert text(name, "md5") == "right", "what was refused changed nothing"
    for call, arguments in (
        (s3.put_bucket_website, {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}}}),
        (s3.get_bucket_replication, {}),
        (s3.get_bucket_notification_configuration, {}),
        (s3.get_object_torrent, {"Key": "k"}),
        (put, {"key": "x", "ServerSideEncryption": "aws:kms"}),
        (put, {"key": "x", "GrantRead": "id=1"}),
    ):
        named = {"name": name} if call == put else {"Bucket": name}
        refused("NotImplemented", call, **named, **arguments)
    refused("AccessDenied", put, name=name, key="x", ExpectedBucketOwner="111122223333")
    put(name, "x", ExpectedBucketOwner="000000000000")
    empty(name)
    s3.delete_bucket(Bucket=name)


def trailers() -> None:
    """A body in chunks with its checksum behind it: what SDKs send over TLS, so here it is made by hand."""
    name = bucket("chunked")

    class Unsigned(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return request.headers["x-amz-content-sha256"] or "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    def send(key: str, chunks: bytes, length: int, trailer: str = "x-amz-checksum-crc32") -> tuple[int, bytes]:
        headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": trailer,
                   "x-amz-decoded-content-length": str(length), "Content-Encoding": "aws-chunked"}
        request = AWSRequest("PUT", f"{at['s3']}/{name}/{key}", headers, chunks)
        Unsigned(Credentials("minioadmin", "minioadmin"), "s3", "us-east-1").add_auth(request)
        answer = plain("PUT", f"/{name}/{key}", chunks, **dict(request.headers.items()))
        return answer[0], answer[2]

    sum_of = lambda body: base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()
    chunks = lambda trailer: b"6\r\nhello \r\n5\r\nworld\r\n0\r\n" + trailer + b"\r\n"
    right = f"x-amz-checksum-crc32:{sum_of(b'hello world')}\r\n".encode()
    status, answer = send("k", chunks(right), 11)
    assert status == 200, answer
    head = s3.get_object(Bucket=name, Key="k", ChecksumMode="ENABLED")
    body = head["Body"].read()
    assert body == b"hello world" and head["ChecksumCRC32"] == sum_of(body), (body, head)
    assert "ContentEncoding" not in head, "that was of the request only"
    wrong = f"x-amz-checksum-crc32:{sum_of(b'else')}\r\n".encode()
    for body, length, code in ((chunks(wrong), 11, b"BadDigest"), (chunks(b""), 11, b"MalformedTrailerError"),
                               (chunks(right)[:12], 11, b"IncompleteBody")):
        status, answer = send("wrong", body, length)
        assert status == 400 and code in answer, (status, answer, code)
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 1, "what was refused was not stored"
    empty(name)
    s3.delete_bucket(Bucket=name)


def presigned() -> None:
    name = bucket("signed")
    for signer in (s3, v4):
        url = signer.generate_presigned_url("put_object", {"Bucket": name, "Key": "p/ü x"}, ExpiresIn=60)
        assert plain("PUT", url, b"by url")[0] == 200
        get = signer.generate_presigned_url("get_object", {"Bucket": name, "Key": "p/ü x"}, ExpiresIn=60)
        assert plain("GET", get)[2] == b"by url"
        assert plain("PUT", get, b"other")[0] == 403, "another method was signed"
        broken = plain("GET", get.replace("/p/", "/q/"))
        assert broken[0] == 403 and b"SignatureDoesNotMatch" in broken[2] and b"<RequestId>" in broken[2], broken
    week = v4.generate_presigned_url("get_object", {"Bucket": name, "Key": "p/ü x"}, ExpiresIn=604801)
    assert plain("GET", week)[0] == 400
    old = boto3.client("s3", endpoint_url=at["s3"], region_name="us-east-1", aws_access_key_id="minioadmin",
                       aws_secret_access_key="wrong")
    refused("SignatureDoesNotMatch", old.list_objects_v2, Bucket=name)
    post = v4.generate_presigned_post(name, "form/k", Conditions=[["content-length-range", 1, 9]])
    for body, expected in ((b"by form", 204), (b"by a form that is too long", 400)):
        parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
                        for field, value in post["fields"].items())
        parts += '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        form = parts.encode() + body + b"\r\n--x--\r\n"
        answer = plain("POST", post["url"], form, **{"Content-Type": "multipart/form-data; boundary=x"})
        assert answer[0] == expected, answer
    assert text(name, "form/k") == "by form"
    s3.delete_object(Bucket=name, Key="form/k")
    s3.delete_object(Bucket=name, Key="p/ü x")
    assert plain("GET", get)[0] == 404, "the link outlives the object"
    s3.delete_bucket(Bucket=name)


def permissions() -> None:
    name = bucket("shared")
    put(name, "public/a", "everybody's"), put(name, "private/a", "mine")
    assert plain("GET", f"/{name}/public/a")[0] == 403
    allow = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/public/*"}]}
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=name)
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=name, Policy="{}")
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(allow))
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == allow
    assert s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"]
    status, headers, body = plain("GET", f"/{name}/public/a")
    assert (status, body) == (200, b"everybody's") and headers["x-amz-request-id"]
    assert plain("GET", f"/{name}/private/a")[0] == 403
    assert plain("GET", f"/{name}/public/none")[0] == 403, "whoever may not list is not told"
    assert plain("GET", f"/{name}")[0] == 403 and plain("PUT", f"/{name}/public/b", b"x")[0] == 403
    assert plain("DELETE", f"/{name}/public/a")[0] == 403
    assert plain("GET", "/nowhere/a")[0] == 404
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    refused("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    assert plain("GET", f"/{name}/public/a")[0] == 403
    refused("AccessDenied", s3.put_bucket_policy, Bucket=name, Policy=json.dumps(allow))
    refused("AccessDenied", s3.put_object_acl, Bucket=name, Key="private/a", ACL="public-read")
    s3.delete_public_access_block(Bucket=name)
    s3.delete_bucket_policy(Bucket=name)

    s3.put_object_acl(Bucket=name, Key="private/a", ACL="public-read")
    assert plain("GET", f"/{name}/private/a")[0] == 200
    grants = s3.get_object_acl(Bucket=name, Key="private/a")["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL", "READ"]
    put(name, "acl", ACL="public-read")
    assert plain("HEAD", f"/{name}/acl")[0] == 200
    s3.put_bucket_acl(Bucket=name, ACL="public-read")
    assert b"<Key>acl</Key>" in plain("GET", f"/{name}?list-type=2")[2]
    assert plain("GET", f"/{name}/none")[0] == 404, "whoever may list is told"
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [
        {"ObjectOwnership": "BucketOwnerEnforced"}]})
    refused("AccessControlListNotSupported", put, name=name, key="acl", ACL="public-read")

    # A role that may delete objects, but no versions, can make markers and never erase.
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    version = put(name, "kept")["VersionId"]
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": "*"},
            "Action": ["s3:DeleteObjectVersion"], "Resource": f"arn:aws:s3:::{name}/*"}}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(deny))
    assert s3.delete_object(Bucket=name, Key="kept")["DeleteMarker"]
    refused("AccessDenied", s3.delete_object, Bucket=name, Key="kept", VersionId=version)
    done = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "kept", "VersionId": version}, {"Key": "acl"}]})
    assert [error["Code"] for error in done["Errors"]] == ["AccessDenied"] and len(done["Deleted"]) == 1
    deny["Statement"]["Condition"] = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    refused("NotImplemented", s3.put_bucket_policy, Bucket=name, Policy=json.dumps(deny))
    deny["Statement"] |= {"Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
    del deny["Statement"]["Condition"]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(deny))
    refused("AccessDenied", s3.list_objects_v2, Bucket=name)
    s3.delete_bucket_policy(Bucket=name)
    empty(name)
    s3.delete_bucket(Bucket=name)


def cross_origin() -> None:
    name = bucket("pages")
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=name)
    rules = [{"AllowedOrigins": ["https://*.acme.example"], "AllowedMethods": ["GET", "PUT"],
              "AllowedHeaders": ["x-amz-*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600}]
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"] == rules
    ask = {"Origin": "https://app.acme.example", "Access-Control-Request-Method": "PUT"}
    status, headers, _ = plain("OPTIONS", f"/{name}/k", **ask, **{"Access-Control-Request-Headers": "X-Amz-Date"})
    assert status == 200 and headers["access-control-allow-origin"] == "https://app.acme.example", headers
    assert headers["access-control-max-age"] == "600" and headers["access-control-allow-headers"] == "X-Amz-Date"
    assert plain("OPTIONS", f"/{name}/k", **ask, **{"Access-Control-Request-Headers": "authorization"})[0] == 403
    assert plain("OPTIONS", f"/{name}/k", **ask | {"Origin": "https://evil.example"})[0] == 403
    assert plain("OPTIONS", "/recordings/k", **ask)[0] == 403, "nothing was allowed there"
    status, headers, _ = plain("GET", f"/{name}/k", Origin="https://app.acme.example")
    assert status == 403 and headers["access-control-expose-headers"] == "ETag", headers
    assert "access-control-allow-origin" not in plain("GET", f"/{name}/k", Origin="https://evil.example")[1]
    refused("InvalidRequest", s3.put_bucket_cors, Bucket=name,
            CORSConfiguration={"CORSRules": [rules[0] | {"AllowedMethods": ["PATCH"]}]})
    s3.delete_bucket_cors(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "a", "Value": "b"}]
    s3.delete_bucket_tagging(Bucket=name)
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=name)
    s3.delete_bucket(Bucket=name)


def lifecycle() -> None:
    name = bucket("ageing")
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=name)
    rules = [
        {"ID": "thumbs", "Status": "Enabled", "Filter": {"Prefix": "thumbs/"}, "Expiration": {"Days": 2}},
        {"ID": "tagged", "Status": "Enabled", "Filter": {"Tag": {"Key": "keep", "Value": "no"}},
         "Expiration": {"Days": 1}},
        {"ID": "old", "Status": "Enabled", "Filter": {},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == rules
    put(name, "thumbs/1"), put(name, "kept"), put(name, "tagged", Tagging="keep=no")
    s3.create_multipart_upload(Bucket=name, Key="begun")
    told = s3.head_object(Bucket=name, Key="thumbs/1")["Expiration"]
    assert 'rule-id="thumbs"' in told and "00:00:00 GMT" in told, told
    keys = lambda: [one["Key"] for one in s3.list_objects_v2(Bucket=name).get("Contents", [])]
    control("POST", "/clock/advance", {"by": "1d"})
    assert len(keys()) == 3, "midnight behind the day has not come"
    control("POST", "/clock/advance", {"by": "1d"})
    assert keys() == ["kept", "thumbs/1"] and "Uploads" not in s3.list_multipart_uploads(Bucket=name)
    control("POST", "/clock/advance", {"by": "1d"})
    assert keys() == ["kept"]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    put(name, "thumbs/2"), put(name, "thumbs/2")
    control("POST", "/clock/advance", {"by": "3d"})
    left = s3.list_object_versions(Bucket=name, Prefix="thumbs/2")
    assert len(left["Versions"]) == 1 and left["DeleteMarkers"][0]["IsLatest"], "a marker, and the newest below it"
    control("POST", "/clock/advance", {"by": "3d"})
    left = s3.list_object_versions(Bucket=name, Prefix="thumbs/2")
    assert "Versions" not in left, "nothing is left below the marker"
    refused("InvalidArgument", s3.put_bucket_lifecycle_configuration, Bucket=name,
            LifecycleConfiguration={"Rules": [rules[0] | {"Expiration": {"Days": 0}}]})
    refused("NotImplemented", s3.put_bucket_lifecycle_configuration, Bucket=name, LifecycleConfiguration={"Rules": [
        rules[0] | {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]})
    s3.delete_bucket_lifecycle(Bucket=name)
    empty(name)
    s3.delete_bucket(Bucket=name)


def faults() -> None:
    name = bucket("faulty")
    inject = lambda **fault: control("POST", "/faults", fault)
    put(name, "a")
    inject(do="s3.slow_down", on="s3.copy_object")
    refused("SlowDown", s3.copy_object, Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    inject(do="s3.internal_error", on="s3.put_object_tagging", effect="after")
    refused("InternalError", s3.put_object_tagging, Bucket=name, Key="a",
            Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert len(s3.get_object_tagging(Bucket=name, Key="a")["TagSet"]) == 1, "it was applied all the same"
    inject(do="s3.broken_reply", on="s3.copy_object", what="error_in_200")
    refused("InternalError", s3.copy_object, Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    s3.head_object(Bucket=name, Key="b")
    inject(do="s3.delete_ignored", on="s3.delete_object")
    s3.delete_object(Bucket=name, Key="b")
    s3.head_object(Bucket=name, Key="b")
    inject(do="s3.refused", on="s3.head_object", code="AccessDenied")
    refused("403", s3.head_object, Bucket=name, Key="b")
    empty(name)
    s3.delete_bucket(Bucket=name)


def virtual_hosted() -> None:
    port = at["s3"].rsplit(":", 1)[1]
    status, _, body = plain("GET", "/", Host=f"recordings.localhost:{port}")
    assert status == 403 and b"AccessDenied" in body
    s3.put_bucket_acl(Bucket="recordings", ACL="public-read")
    put("recordings", "v/k", "by host", ACL="public-read")
    assert plain("GET", "/v/k", Host=f"recordings.s3.localhost:{port}")[2] == b"by host"
    assert b"<Name>recordings</Name>" in plain("GET", "/?list-type=2", Host=f"recordings.localhost:{port}")[2]
    s3.put_bucket_acl(Bucket="recordings", ACL="private")
    s3.delete_object(Bucket="recordings", Key="v/k")


for part in (buckets, versions, batches, object_lock, multipart, listings, conditions, objects, trailers, presigned,
             permissions, cross_origin, lifecycle, faults, virtual_hosted):
    part()
    print(part.__name__, flush=True)
assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["recordings"]
print("all held")
