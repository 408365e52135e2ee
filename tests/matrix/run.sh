# Runs clients in a container, one after the other: sh run.sh WHO NAME...
#
# Each runs twice, for the private server and for the public one, in an empty HOME of its own, with
# nothing in the environment that the container doesn't have. The result is a line on stdout,
# `NAME SERVER CODE`; lines that begin with `|` are the last ones that a failing client printed.
set -u
who=$1
shift
for name; do
    for server in private public; do
        case $server in
        private) port=4431 ;;
        public) port=4432 ;;
        esac
        path=/$who.$name
        rm -rf /tmp/home
        mkdir -p /tmp/home
        code=0
        (cd /tmp/home && HOME=/tmp/home exec timeout 60 sh "/matrix/commands/$name" "https://localhost:$port$path" "$port" "$path") \
            </dev/null >/tmp/log 2>&1 || code=$?
        echo "$name $server $code"
        [ "$code" = 0 ] || tail -n 4 /tmp/log | cut -c 1-300 | sed 's/^/| /'
    done
done
