#!/bin/sh
# s3cmd against `egress-sim serve`, as people type it. Wants the command as $1, an empty folder as $2 and S3's address as $3.
set -eu
dir=$2 host=${3#http://}
cli() { "$command" --config="$dir/config" --host="$host" --host-bucket="$host" --no-ssl --access_key=minioadmin \
    --secret_key=minioadmin --no-progress "$@"; }
command=$1
fail() { echo "$*" >&2; exit 1; }
: > "$dir/config"

cli mb s3://films > /dev/null
mkdir -p "$dir/up/deep"
head -c 18874368 /dev/urandom > "$dir/up/large.mp4"
for n in 1 2; do echo "segment $n" > "$dir/up/deep/$n.ts"; done
cli put "$dir/up/large.mp4" s3://films/one.mp4 > /dev/null
cli get s3://films/one.mp4 "$dir/back.mp4" > /dev/null
cmp "$dir/up/large.mp4" "$dir/back.mp4"
cli sync "$dir/up/" s3://films/sync/ > /dev/null
[ "$(cli ls --recursive s3://films | wc -l)" -eq 4 ] || fail "all of it"
cli ls s3://films/ | grep -q "DIR.*s3://films/sync/" || fail "a folder"
cli cp s3://films/one.mp4 s3://films/copied.mp4 > /dev/null
cli mv s3://films/sync/deep/1.ts s3://films/moved.ts > /dev/null
cli info s3://films/moved.ts | grep -q "File size: 10" || fail "its size"
cli setacl s3://films/moved.ts --acl-public > /dev/null
python3 -c 'import sys, urllib.request; assert urllib.request.urlopen(sys.argv[1]).read() == b"segment 1\n"' \
    "http://$host/films/moved.ts"
cli modify --add-header=Cache-Control:max-age=60 s3://films/moved.ts > /dev/null
cli expire s3://films --expiry-days=3 > /dev/null
cli getlifecycle s3://films | grep -q "<Days>3</Days>" || fail "a rule"
cli multipart s3://films > /dev/null
cli del --recursive --force s3://films > /dev/null
[ -z "$(cli ls --recursive s3://films)" ] || fail "nothing is left"
cli rb s3://films > /dev/null
cli ls | grep -q s3://recordings || fail "the other one is there"
echo "all held"
