# Makes the list of scripts/sbom.sh out of cargo's unit graph, its metadata and the lock files.

($build[0]) as $graph
| ($build[1].rustc) as $rustc
| ($rustc | split(" ")[0]) as $rust
| ($metadata | map(.packages[]) | map({key: .id, value: .}) | from_entries) as $packages
| ($locked | add) as $checksums
| ($c_library | split(" ") | {name: .[0], version: .[1]}) as $c

# The units that end up in the program: code for its system that it reaches. A macro or a build script is code for
# the builder, even where it is made because of code that is reached.
| def linked: .mode == "build" and .platform == $target and .target.kind != ["custom-build"];
def reached:
    {seen: {}, next: $graph.roots}
    | until(.next == [];
        .next[0] as $index
        | .next |= .[1:]
        | if .seen["\($index)"] then .
          else .seen["\($index)"] = true
            | .next += [$graph.units[$index].dependencies[].index | select($graph.units[.] | linked)]
          end)
    | .seen | keys | map(tonumber);
def of_rust: .source == null and .name != "ca-entrypoint";
# The standard library's own crates have no version but the compiler's.
def version: if of_rust then $rust else .version end;
def reference: if of_rust then "rust:\(.name)@\(version)" else "pkg:cargo/\(.name)@\(version | @uri)" end;
def component($scope):
    (if of_rust then null else $checksums["\(.name)@\(.version)"] end) as $checksum
    | {type: "library", "bom-ref": reference, name, version: version, scope: $scope}
    + (if $checksum then {hashes: [{alg: "SHA-256", content: $checksum}]} else {} end)
    # The form with a slash is an old one of crates.io's. Rust's own crates that don't tell have Rust's licence.
    + {licenses: [{expression: ((.license // "MIT OR Apache-2.0") | gsub(" */ *"; " OR "))}]}
    + (if of_rust then {description: "part of the standard library of rustc \($rustc)"} else {purl: reference} end);

([reached[] | $graph.units[.].pkg_id] | unique) as $required
| ([$graph.units[] | select(.platform == null and .mode == "build") | .pkg_id] | unique - $required) as $excluded
| ($packages[$graph.units[$graph.roots[0]].pkg_id]) as $program
| ("c:\($c.name)@\($c.version)") as $c_reference
| [reached[] | $graph.units[.] | {key: .pkg_id, value: [.dependencies[].index | $graph.units[.] | select(linked) | .pkg_id]}]
| (group_by(.key) | map({key: .[0].key, value: (map(.value[]) | unique)}) | from_entries) as $edges
| {
    "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
        component: ($program | {
            type: "application",
            "bom-ref": reference,
            name,
            version,
            description,
            hashes: [{alg: "SHA-256", content: $sha256}],
            licenses: [{expression: .license}],
            properties: [
                {name: "ca-entrypoint:file", value: $file},
                {name: "ca-entrypoint:target", value: $target},
                {name: "ca-entrypoint:rustc", value: $rustc},
                {name: "ca-entrypoint:build", value: $build[1].way}
            ]
        })
    },
    components: (
        [$required[] | select(. != $program.id) | $packages[.] | component("required")]
        + [$excluded[] | $packages[.] | component("excluded")]
        + [{type: "library", "bom-ref": $c_reference, name: $c.name, version: $c.version, scope: "required",
            licenses: [{expression: {musl: "MIT", "mingw-w64": "ZPL-2.1"}[$c.name]}],
            description: "the C library, linked in"}]
        # One that isn't built here comes with the compiler, and which crates are in it is that one's to say.
        + (if any($graph.units[]; .is_std) then [] else
            [{type: "library", "bom-ref": "rust:std@\($rust)", name: "std", version: $rust, scope: "required",
              licenses: [{expression: "MIT OR Apache-2.0"}],
              description: "the ready-made standard library of rustc \($rustc)"}] end)
        | sort_by(."bom-ref")
    ),
    dependencies: (
        [$edges | to_entries[] | .key as $from
            | {ref: ($packages[$from] | reference),
               dependsOn: ([.value[] | select(. != $from) | $packages[.] | reference]
                   + (if $packages[$from].name == "ca-entrypoint" then [$c_reference] else [] end) | unique)}]
        | sort_by(.ref)
    )
}
