# Made of the option table, src/option_table.rs: UPDATE_GOLDEN=1 cargo test --lib

_ca_entrypoint() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i
    COMPREPLY=()
    if [ "$current" = = ]; then
        current=
    elif [ "$previous" = = ]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    # What follows the options is a command with arguments of its own.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --ca | --placement | --on-error | --format | --root | --copy-to) [ "${COMP_WORDS[i + 1]}" = = ] || ((i++)) ;;
        --) ((i++)) && break ;;
        =) ((i++)) ;;
        -*) ;;
        *) break ;;
        esac
    done
    if ((i < COMP_CWORD)) || [ "${COMP_WORDS[i - 1]}" = -- ]; then
        if declare -F _command_offset >/dev/null; then
            _command_offset "$i"
        elif ((i == COMP_CWORD)); then
            mapfile -t COMPREPLY < <(compgen -c -- "$current")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
        return
    fi
    case $previous in
        --ca) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        --placement) mapfile -t COMPREPLY < <(compgen -W 'auto system private' -- "$current") ;;
        --on-error) mapfile -t COMPREPLY < <(compgen -W 'warn fail' -- "$current") ;;
        --print-env) mapfile -t COMPREPLY < <(compgen -W 'sh fish powershell cmd dotenv json' -- "$current") ;;
        --format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current") ;;
        --root) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        --copy-to) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        *)
            if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '--ca --placement --on-error --print-env --print-env= --dry-run --format --remove --root --copy-to -v --verbose -q --quiet -h --help -V --version' -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -c -- "$current")
            fi
            ;;
    esac
}
complete -o filenames -F _ca_entrypoint ca-entrypoint
