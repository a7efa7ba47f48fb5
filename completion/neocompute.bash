# Completion of neocompute for bash. Made by `neocompute completion bash`.
# shellcheck shell=bash
_neocompute() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} words=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="serve run exec jobs secret verify keygen open bench completion --help --version"
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    case $command in
    jobs) words="list show cancel --help" ;;
    secret) words="set list show allow revoke remove audit rotate --help" ;;
    bench) words="engine --help" ;;
    esac
    if [[ $words ]] && ((COMP_CWORD > 2)); then
        command+=" ${COMP_WORDS[2]}"
        words=""
    fi
    [[ $words ]] || case "$command" in
    "serve") words="--listen --listen-insecure --data-dir --database-url --strict --log-level --log-format --receipts --isolation --require-isolation --run-as --body-bytes --script-bytes --input-bytes --secret-refs --timeout --gas-limit --memory-limit --output-bytes --output-depth --error-bytes --log-entries --log-entry-bytes --timers --user-running --user-queued --user-results --user-result-bytes --workers --warm-workers --jobs-per-worker --memory-total --queued --queue-timeout --shutdown-timeout --result-ttl --results --result-bytes --key-lifetime --key-overlap --envelopes --sealed-contexts --secret-cache --secret-cache-count --secret-cache-bytes --audit-checkpoint --transfer-bytes --connections --connection-idle --help" ;;
    "run") words="--input --input-file --entry --json --timeout --gas-limit --memory-limit --secret-file --allow-secret-output --isolation --help" ;;
    "exec") words="--input --input-file --entry --json --timeout --gas-limit --memory-limit --secret --allow-secret-output --app-id --script-name --nonce --encrypt-to --server --user --sealed --identity-key --claims-sha256 --allow-simulation --help" ;;
    "jobs list") words="--limit --status --json --server --user --help" ;;
    "jobs show") words="--json --server --user --help" ;;
    "jobs cancel") words="--json --server --user --help" ;;
    "secret set") words="--file --raw --new --json --server --user --data-dir --database-url --help" ;;
    "secret list") words="--json --server --user --data-dir --database-url --help" ;;
    "secret show") words="--json --server --user --data-dir --database-url --help" ;;
    "secret allow") words="--script --entry --expires --output --guard --service --json --server --user --data-dir --database-url --help" ;;
    "secret revoke") words="--script --entry --service --json --server --user --data-dir --database-url --help" ;;
    "secret remove") words="--server --user --data-dir --database-url --help" ;;
    "secret audit") words="--verify --json --server --user --data-dir --database-url --help" ;;
    "secret rotate") words="--format --server --user --data-dir --database-url --help" ;;
    "verify") words="--identity-key --claims-sha256 --allow-simulation --bundle --jwks --key --script --input --output --job --nonce --user --salt --entry --max-age --replay --secret-file --allow-secret-output --isolation --json --help" ;;
    "keygen") words="FILE --help" ;;
    "open") words="--key --help" ;;
    "bench engine") words="--json --bounds --help" ;;
    "completion") words="bash --help" ;;
    esac
    case "$command $before" in
    "serve --log-level") words="debug info warn error" ;;
    "serve --log-format") words="auto json text" ;;
    "serve --receipts") words="batch single none" ;;
    "serve --isolation") words="auto process thread" ;;
    "serve --require-isolation") words="reduced full" ;;
    "run --isolation") words="auto process thread" ;;
    "secret allow --output") words="keep on off" ;;
    "secret allow --guard") words="keep on off" ;;
    "secret rotate --format") words="keep v1 v2" ;;
    "verify --isolation") words="auto process thread" ;;
    "bench engine --bounds") words="guard checked" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
# Where nothing fits, file names do.
complete -o default -F _neocompute neocompute
