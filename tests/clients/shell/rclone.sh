#!/bin/sh
# rclone against `egress-sim serve`, as people type it. Wants the command as $1, an empty folder as $2 and S3's address as $3.
set -eu
rclone=$1 dir=$2
export RCLONE_CONFIG=$dir/rclone.conf RCLONE_CONFIG_SIM_TYPE=s3 RCLONE_CONFIG_SIM_PROVIDER=Other \
    RCLONE_CONFIG_SIM_ENDPOINT=$3 RCLONE_CONFIG_SIM_ACCESS_KEY_ID=minioadmin \
    RCLONE_CONFIG_SIM_SECRET_ACCESS_KEY=minioadmin RCLONE_CONFIG_SIM_REGION=us-east-1 RCLONE_RETRIES=1
: > "$RCLONE_CONFIG"
fail() { echo "$*" >&2; exit 1; }

"$rclone" mkdir sim:films
mkdir -p "$dir/up/deep"
head -c 12582912 /dev/urandom > "$dir/up/large.mp4"
for n in 1 2 3; do echo "segment $n" > "$dir/up/deep/$n ü.ts"; done
"$rclone" copy "$dir/up" sim:films --s3-upload-cutoff 5M --s3-chunk-size 5M
"$rclone" check "$dir/up" sim:films 2> /dev/null || fail "sizes and digests"
"$rclone" copy sim:films "$dir/down"
diff -r "$dir/up" "$dir/down"
rm "$dir/up/deep/2 ü.ts"
"$rclone" sync "$dir/up" sim:films
[ "$("$rclone" lsf -R --files-only sim:films | wc -l)" -eq 3 ] || fail "what was deleted here is deleted there"
"$rclone" moveto sim:films/large.mp4 sim:films/moved.mp4
"$rclone" cat "sim:films/deep/1 ü.ts" | grep -q "segment 1"
printf piped | "$rclone" rcat sim:films/piped
"$rclone" touch sim:films/piped
[ "$("$rclone" size --json sim:films | tr -d '{}' | cut -d, -f1)" = '"count":4' ] || fail "four"
"$rclone" backend versioning sim:films Enabled > /dev/null
"$rclone" delete sim:films
[ -z "$("$rclone" lsf -R --files-only sim:films)" ] || fail "nothing is to be seen"
[ "$("$rclone" lsf -R --files-only --s3-versions sim:films | wc -l)" -eq 4 ] || fail "versions are there"
"$rclone" backend cleanup-hidden sim:films 2> /dev/null
"$rclone" cleanup sim:films
"$rclone" rmdir sim:films
echo "all held"
