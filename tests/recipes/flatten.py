"""Reads TOML or YAML from stdin and writes its scalars: a path, NUL, a value, NUL, in order.

usage: flatten.py toml|yaml

A path is like runners[0].docker.volumes[1]; a dot in a key is written as it is. An empty table or list
has the value {} or []. A document of YAML that isn't the first has its number before the path: 1:kind.
A key that is there twice is an error.
"""

import sys

if len(sys.argv) != 2 or sys.argv[1] not in ("toml", "yaml"):
    sys.exit(__doc__)
text = sys.stdin.buffer.read().decode()
if sys.argv[1] == "toml":
    import tomllib

    documents = [tomllib.loads(text)]
else:
    try:
        import yaml
    except ImportError:
        sys.exit("flatten.py: no module yaml: apt-get install python3-yaml, or make recipes")

    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for key in keys:
                if keys.count(key) > 1:
                    raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is there twice", node.start_mark)
            return super().construct_mapping(node, deep)

    documents = list(yaml.load_all(text, Strict))


def write(path, value):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            write(f"{path}.{key}" if path and not path.endswith(":") else f"{path}{key}", inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            write(f"{path}[{number}]", inner)
    else:
        words = {"True": "true", "False": "false", "None": "null"}
        shown = value if isinstance(value, str) else words.get(str(value), str(value))
        sys.stdout.write(f"{path}\0{shown}\0")


for number, document in enumerate(documents):
    write(f"{number}:" if number else "", document)
