# Makes what the clients ask for: sh site.sh DIR
#
# A page, a git repository for git's dumb protocol, and a package named `tiny` in the format of each
# package manager's index. Nothing in it names a server, whose port and path differ.
set -eu
site=$1
mkdir -p "$site"
cd "$site"
echo hello >hello

# git
git init -q --initial-branch=main work
git -C work -c user.name=matrix -c user.email=matrix@localhost commit -q --allow-empty -m 'A commit'
git clone -q --bare work repository.git
git -C repository.git update-server-info
rm -rf work

# PyPI: pip, uv
mkdir -p simple/tiny
python3 - <<'END'
import zipfile
with zipfile.ZipFile("tiny-1.0.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "")
    information = "tiny-1.0.0.dist-info/"
    wheel.writestr(information + "METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\n")
    wheel.writestr(information + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    names = ["tiny.py", information + "METADATA", information + "WHEEL"]
    wheel.writestr(information + "RECORD", "".join(f"{name},,\n" for name in names) + information + "RECORD,,\n")
END
echo '<a href="../../tiny-1.0.0-py3-none-any.whl">tiny-1.0.0-py3-none-any.whl</a>' >simple/tiny/index.html

# npm: npm, both yarns
cat >tiny <<'END'
{"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "tiny", "version": "1.0.0",
"dist": {"tarball": "https://localhost/tiny-1.0.0.tgz", "shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}}}
END

# RubyGems: gem has an index of its own, Bundler the compact one
ruby -rzlib -e '
    specs = Marshal.dump([["tiny", Gem::Version.new("1.0.0"), "ruby"]])
    %w[specs latest_specs prerelease_specs].each { |name|
        Zlib::GzipWriter.open("#{name}.4.8.gz") { |file| file.write(specs) } }'
mkdir info
echo '---
1.0.0 |checksum:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' >info/tiny
printf -- '---\ntiny\n' >names
echo "created_at: 2026-01-01T00:00:00Z
---
tiny 1.0.0 $(md5sum info/tiny | cut -d ' ' -f 1)" >versions

# cargo's sparse registry
mkdir -p index/ti/ny
echo '{"dl": "https://localhost/crates"}' >index/config.json
echo '{"name": "tiny", "vers": "1.0.0", "deps": [], "features": {}, "yanked": false,' \
    '"cksum": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}' >index/ti/ny/tiny

# Amazon S3's list of buckets, at the root
echo '<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets/></ListAllMyBucketsResult>' >index.html
