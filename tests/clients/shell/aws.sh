#!/bin/sh
# The AWS CLI against `egress-sim serve`, as people type it. Wants the command as $1, an empty folder as $2 and S3's address as $3.
set -eu
cli=$1 dir=$2
export AWS_ENDPOINT_URL_S3=$3 AWS_ACCESS_KEY_ID=minioadmin AWS_SECRET_ACCESS_KEY=minioadmin AWS_REGION=us-east-1
export AWS_CONFIG_FILE=$dir/config AWS_EC2_METADATA_DISABLED=true AWS_PAGER= AWS_MAX_ATTEMPTS=1
fail() { echo "$*" >&2; exit 1; }
same() { [ "$1" = "$2" ] || fail "$3: $1, not $2"; }

"$cli" s3 mb s3://films
mkdir -p "$dir/up/deep"
head -c 12582912 /dev/urandom > "$dir/up/large.mp4"
for n in 1 2 3; do echo "segment $n" > "$dir/up/deep/$n.ts"; done
"$cli" s3 cp "$dir/up/large.mp4" s3://films/one.mp4 --no-progress
"$cli" s3api head-object --bucket films --key one.mp4 --query ETag --output text | grep -q -- '-2"$' || fail "two parts"
"$cli" s3 cp s3://films/one.mp4 "$dir/back.mp4" --no-progress
cmp "$dir/up/large.mp4" "$dir/back.mp4"
"$cli" s3 sync "$dir/up" s3://films/sync --no-progress
same "$("$cli" s3 sync "$dir/up" s3://films/sync --no-progress)" "" "what is there is not sent again"
rm "$dir/up/deep/2.ts"
"$cli" s3 sync "$dir/up" s3://films/sync --delete --no-progress | grep -q "delete: s3://films/sync/deep/2.ts"
"$cli" s3 ls s3://films/sync/ > "$dir/listed"
grep -q " PRE deep/" "$dir/listed" || fail "a folder"
grep -q " 12582912 large.mp4" "$dir/listed" || fail "a file"
same "$("$cli" s3 ls --recursive s3://films | wc -l | tr -d ' ')" 4 "all of it"
"$cli" s3 cp s3://films/one.mp4 s3://films/copied.mp4 --no-progress
"$cli" s3 mv s3://films/sync/deep/1.ts s3://films/moved.ts --no-progress
printf piped | "$cli" s3 cp - s3://films/piped --no-progress
same "$("$cli" s3 cp s3://films/piped - --no-progress)" piped "by a pipe"
url=$("$cli" s3 presign s3://films/piped)
same "$(python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$url")" piped "signed"

"$cli" s3api put-bucket-versioning --bucket films --versioning-configuration Status=Enabled
echo two | "$cli" s3 cp - s3://films/piped --no-progress
"$cli" s3 rm --recursive s3://films > /dev/null
same "$("$cli" s3 ls --recursive s3://films)" "" "nothing is to be seen"
"$cli" s3 rb s3://films 2> "$dir/why" && fail "markers and versions are there"
grep -q BucketNotEmpty "$dir/why"
same "$("$cli" s3api list-object-versions --bucket films --prefix piped --query 'length(Versions)')" 2 "versions"
for what in Versions DeleteMarkers; do
    "$cli" s3api list-object-versions --bucket films --query "{Objects: $what[].{Key: Key, VersionId: VersionId}}" > "$dir/all"
    "$cli" s3api delete-objects --bucket films --delete "file://$dir/all" > /dev/null
done
"$cli" s3 rb s3://films

"$cli" s3api create-bucket --bucket vault --object-lock-enabled-for-bucket > /dev/null
version=$("$cli" s3api put-object --bucket vault --key k --object-lock-mode COMPLIANCE \
    --object-lock-retain-until-date 2100-01-01T00:00:00Z --query VersionId --output text)
"$cli" s3api delete-object --bucket vault --key k --version-id "$version" --bypass-governance-retention 2> "$dir/why" &&
    fail "it is locked"
grep -q "protected by object lock" "$dir/why"
echo "all held"
