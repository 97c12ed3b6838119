import type { CommandName } from './flags.ts'

const TRACKER = `A BitTorrent tracker for HTTP and UDP.

Usage: chihaya [--config FILE] [--debug] [--json] [--nocolors]
       chihaya check [FILE] [--json]
       chihaya print-config [FILE]
       chihaya e2e [--httpaddr URL] [--udpaddr URL] [--delay 1s]
       chihaya health [FILE] [--ready] [--timeout 2s]

Without a command, chihaya runs the tracker. check validates a configuration,
print-config shows the effective one, e2e tests a running tracker, and health
asks whether it serves. See chihaya COMMAND --help.

  --config FILE  configuration file; $VAR and \${VAR} are expanded in its path
                 default: /etc/chihaya.yaml if it exists, otherwise HTTP and UDP
                 on port 6969 of every address, and swarms in memory
  --debug        log more
  --json         log JSON, one object per line
  --nocolors     log without colors
  --help, -h     show this help
  --version      show the version

Environment variables such as CHIHAYA_HTTP_ADDR override the configuration.
`

const CHECK = `Check a configuration file: report all errors and warnings.

Usage: chihaya check [FILE] [--json]

Reads the file, the environment, certificates and secret files, and loads the
plugins it names. Opens no sockets. Exits with 0 if the configuration is valid,
even with warnings, and with 1 otherwise.

  FILE        configuration file, also as --config FILE
              default: as for the tracker
  --json      print one JSON object: valid, config, errors, warnings
  --help, -h  show this help
`

const PRINT_CONFIG = `Print the effective configuration as YAML.

Usage: chihaya print-config [FILE]

Fills in defaults, masks secrets, and names in comments the environment
variables that values come from. Exits with 1 if the configuration is invalid.

  FILE        configuration file, also as --config FILE
              default: as for the tracker
  --help, -h  show this help
`

const E2E = `Test a running tracker: announce twice, and fail unless the second peer is given
the first.

Usage: chihaya e2e [--httpaddr URL] [--udpaddr URL] [--delay 1s]

The torrent is random, and both peers leave it at the end. URLs may have IPv6
addresses in brackets, paths and queries. Exits with 1 if a tracker fails.

  --httpaddr URL  default: http://127.0.0.1:6969/announce; "" for none
  --udpaddr URL   default: udp://127.0.0.1:6969; "" for none
  --delay 1s      time between the announces
  --help, -h      show this help
`

const HEALTH = `Ask a running tracker whether it serves.

Usage: chihaya health [FILE] [--ready] [--timeout 2s]

Asks /healthz at the metrics address of the configuration and environment.
Without metrics, every HTTP address has to answer, or every UDP address if
there is no HTTP. Announces nothing. Exits with 0 if the tracker serves, and
with 1 otherwise.

  FILE          configuration file, also as --config FILE
                default: as for the tracker
  --ready       ask /readyz: whether the tracker and its store can work
  --timeout 2s  time to wait for an answer
  --help, -h    show this help
`

const HELP: Readonly<Record<CommandName, string>> = {
  check: CHECK,
  'print-config': PRINT_CONFIG,
  e2e: E2E,
  health: HEALTH,
}

/** The text for `--help`. */
export function helpOf(command: CommandName | undefined): string {
  return command === undefined ? TRACKER : HELP[command]
}
