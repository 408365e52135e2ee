# Made of the option table, src/option_table.rs: UPDATE_GOLDEN=1 cargo test --lib

function __ca_entrypoint_needs_command
    set -l words (commandline -opc)[2..-1]
    while set -q words[1]
        switch $words[1]
            case --ca --placement --on-error --format --root --copy-to
                set -e words[1]
            case --
                return 1
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
    return 0
end

complete -c ca-entrypoint -n 'not __ca_entrypoint_needs_command' -xa '(__fish_complete_subcommand)'
complete -c ca-entrypoint -n '__ca_entrypoint_needs_command; and not string match -q -- "-*" (commandline -ct)' \
    -xa '(__fish_complete_command)'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l ca -rF -d 'CA file, or directory of *.crt, *.pem and *.cer files; may be given more than once'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l placement -xa 'auto system private' -d 'where the CA goes: the system\'s trust store, or files of the user\'s own that variables name'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l on-error -xa 'warn fail' -d 'what an error leads to: go on with COMMAND, or exit with 125'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l print-env -fa 'sh fish powershell cmd dotenv json' -d 'print the variables as a shell\'s commands, or in a format that programs read, instead of running a COMMAND'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l dry-run -d 'print what would be done, and do nothing'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l format -xa 'text json' -d 'how --dry-run prints it'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l remove -d 'take out what this program put in'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l root -xa '(__fish_complete_directories)' -d 'work on the image that is unpacked at DIR; the paths of --ca too are in it'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l copy-to -xa '(__fish_complete_directories)' -d 'copy this program to DIR, for containers that share it, and do nothing else'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l verbose -s v -d 'say more'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l quiet -s q -d 'say errors alone'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l help -s h -d 'print this help'
complete -c ca-entrypoint -n __ca_entrypoint_needs_command -l version -s V -d 'print the version'
